"""Events from elsewhere: imported files as sets of their own beside the house's events, each a folder with its Parquet file and
what is to be known of it. Importing again under a name replaces what was there, whole."""

import os
import re
import shutil
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from steelyard.kernel.money import minor_digits
from steelyard.operations.lake.model import Dataset, DatasetNameInvalid, DatasetUnknown

if TYPE_CHECKING:
    from steelyard.channels import feeds

FOLDER = "lake/datasets"
EVENTS_FILE = "events.parquet"
_FACTS_FILE = "dataset.json"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


def import_events(
    home: Path,
    files: Sequence[Path],
    *,
    mapping: str | None = None,
    name: str | None = None,
    rejects: Path | None = None,
    progress: Callable[[int, int | None], None] = lambda done, of: None,
) -> Dataset:
    """Read files of events into the set `name` (else that of the first file). Rejected rows are told in `rejects`, or in a file
    beside the events. Raises `MapInvalid`, `FeedUnreadable`, `DatasetNameInvalid`."""
    from steelyard.channels import feeds

    chosen = feeds.load_map(mapping, "events") if mapping else feeds.EventMapping(of="events")
    assert isinstance(chosen, feeds.EventMapping)
    known_as = name or re.sub(r"[^a-z0-9]+", "-", files[0].name.split(".")[0].lower()).strip("-")
    if not _NAME.fullmatch(known_as):
        raise DatasetNameInvalid(name=known_as)
    folder = home.absolute() / FOLDER
    fresh = folder / f".{known_as}-{os.getpid()}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        with feeds.open_events(files, chosen, folder=fresh / "scratch", progress=progress) as feed:
            feed.write(fresh / EVENTS_FILE)
            told = rejects or folder / known_as / "rejects.csv"
            feed.write_rejects(rejects or fresh / "rejects.csv")
            dataset = _facts(feed, known_as, str(told))
        shutil.rmtree(fresh / "scratch", ignore_errors=True)
        (fresh / _FACTS_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(dataset)))
        _replace(fresh, folder / known_as)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return dataset


def _facts(feed: "feeds.EventFeed", name: str, rejects: str) -> Dataset:
    from steelyard.channels import feeds

    rules, currencies, times = feed.mapping.events, feed.currencies(), feed.times()
    currency = currencies[0][0] if currencies else ""
    digits = rules.digits if rules.digits is not None else minor_digits(currency) if currency else 2
    if times is None:
        raise feeds.FeedUnreadable(file=str(feed.files[0].path), problem="no row of it can be taken")
    shift = timedelta(minutes=rules.utc_offset_minutes)
    return Dataset(
        name=name,
        read=feed.summary.read,
        rows=feed.summary.accepted,
        rejected=feed.summary.rejected,
        left_out=feed.left_out,
        users=feed.users(),
        since=(times[0] + shift).date(),
        until=(times[1] + shift).date(),
        currency=currency,
        digits=digits,
        utc_offset_minutes=rules.utc_offset_minutes,
        files={file.path.name: file.sha256 for file in feed.files},
        map=feed.mapping.name,
        reasons=feed.summary.reasons,
        rejects=rejects if feed.summary.rejected else None,
    )


def _replace(fresh: Path, place: Path) -> None:
    """Put the new folder where the old one is; who is reading the old one goes on with the file that it has open."""
    old = fresh.with_name(f"{fresh.name}-old")
    if place.exists():
        place.rename(old)
    fresh.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def datasets(home: Path) -> list[Dataset]:
    """Everything that was imported here, by name."""
    found = sorted((home.absolute() / FOLDER).glob(f"[a-z0-9]*/{_FACTS_FILE}"))
    return [msgspec.json.decode(path.read_bytes(), type=Dataset) for path in found]


def dataset(home: Path, name: str) -> tuple[Dataset, Path]:
    """A set and its file. Raises `DatasetUnknown`."""
    folder = home.absolute() / FOLDER / name
    if not _NAME.fullmatch(name) or not (folder / _FACTS_FILE).is_file():
        known = ", ".join(each.name for each in datasets(home)) or "–"
        raise DatasetUnknown(name=name, known=known)
    return msgspec.json.decode((folder / _FACTS_FILE).read_bytes(), type=Dataset), folder / EVENTS_FILE
