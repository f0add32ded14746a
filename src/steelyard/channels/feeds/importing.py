"""`steelyard import`: files in, whole and once. Reading, writing and what follows, with bars that tell how far it is."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

import msgspec
from rich.progress import Progress

from steelyard.channels.feeds import orders, records, runs
from steelyard.channels.feeds.mapping import Mapping, load_map
from steelyard.channels.feeds.model import CHUNK_LINES, Subject, Summary
from steelyard.channels.feeds.runs import Result, Run
from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")

FOLDER = "imports"
CONNECTIONS = 2
RECORDS_PER_CHUNK = 1_000


class Import:
    """One import under way: the database, the run, the map, and a thread in which files are read."""

    def __init__(
        self, db: Database, run: Run, mapping: Mapping, folder: Path, chunk: int, progress: Progress | None
    ) -> None:
        self.db = db
        self.run = run
        self.mapping = mapping
        self.folder = folder
        self.chunk = chunk
        self._progress = progress
        self._bars: dict[str, int] = {}
        # DuckDB's results are read by one thread, one after the other.
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="feed")

    async def read(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something with the files while the database works."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, partial(work, *args, **kwargs))

    def tell(self, what: str, done: int, of: int | None) -> None:
        """Move a bar."""
        if self._progress is None:
            return
        if what not in self._bars:
            self._bars[what] = self._progress.add_task(what, total=of)
        self._progress.update(self._bars[what], completed=done, total=of)  # pyright: ignore[reportArgumentType]  # rich's TaskID

    def telling(self, what: str) -> Callable[[int, int | None], None]:
        """A bar as those who read files know it."""
        return lambda done, of: self.tell(what, done, of)

    def close(self) -> None:
        self._reader.shutdown()


def import_files(
    settings: Settings,
    what: str,
    files: Sequence[Path],
    *,
    mapping: str | None = None,
    rejects: Path | None = None,
    progress: Progress | None = None,
    chunk_lines: int = CHUNK_LINES,
) -> Result:
    """Import products, customers or orders. Rows that are there already change nothing; a run that was killed goes on
    after its last chunk. Rejected rows are reported in the file `rejects`, or else in one beside the scratch files.

    Raises `MapInvalid`, `FeedUnreadable`, `CurrencyUnknown`, `ImportedElsewhere`, `MonthsClosed`.
    """
    assert what in ("products", "customers", "orders")
    chosen = load_map(mapping, what) if mapping else Mapping(of=what)
    way = _Way(chosen, mapping or chosen.name, chunk_lines if what == "orders" else RECORDS_PER_CHUNK)
    return asyncio.run(_import(settings, way, list(files), rejects, progress))


class _Way(msgspec.Struct, frozen=True):
    """How files are read: the map, the name it was asked for by, and the size of a chunk."""

    mapping: Mapping
    name: str
    chunk: int


async def _import(
    settings: Settings, way: _Way, files: list[Path], rejects: Path | None, progress: Progress | None
) -> Result:
    # Both know this module's `Import`.
    from steelyard.channels.feeds import importing_orders, importing_records  # noqa: PLC0415  # loaded when it is needed

    assert settings.database_url is not None
    began, of = time.monotonic(), way.mapping.of
    fingerprint = (orders if of == "orders" else records).fingerprint_of(files, way.mapping, way.chunk)
    db = await Database.connect_as_owner(settings.database_url, size=CONNECTIONS)
    try:
        run = await db.transact(runs.begin, fingerprint, of, [file.name for file in files], way.name)
        if run.result is not None:
            return msgspec.structs.replace(run.result, finished_before=True, seconds=_since(began))
        folder = settings.home.absolute() / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        under_way = Import(db, run, way.mapping, folder, way.chunk, progress)
        try:
            bring = importing_orders.bring if of == "orders" else importing_records.bring
            result = await bring(under_way, files, rejects or folder / f"rejects-{run.run_id.hex}.csv")
        finally:
            under_way.close()
        result = msgspec.structs.replace(result, seconds=_since(began))
        await db.transact(runs.finish, run, result)
        return result
    finally:
        await db.close()


def _since(began: float) -> float:
    return round(time.monotonic() - began, 1)


def told(summary: Summary, what: Subject, rejects: Path) -> Result:
    """What the feed says of its rows."""
    return Result(
        what=what,
        read=summary.read,
        rejected=summary.rejected,
        overlapping=summary.overlapping,
        already_imported=summary.already_imported,
        accepted=summary.accepted,
        reasons=summary.reasons,
        rejects=str(rejects) if summary.rejected else None,
    )
