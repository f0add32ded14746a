"""What stays on disk of a stream: its segments as files, their digests, and an index that grows by a line each.

A folder a stream: `index.jsonl`, `init-N.mp4`, `N.m4s`, and `recording.m3u8` when it is closed: any player that reads
playlists plays it from there. `open` is there while somebody publishes or may come back; `hidden` when it may not be played.
"""

import hashlib
import shutil
from pathlib import Path

import msgspec

from steelyard.media import playlists
from steelyard.media.playlists import SegmentLine

FREE_BYTES_MIN = 500 * 1024 * 1024
SEGMENTS_MAX = 24 * 3600
"""Of one recording's playlist: a day of segments of a second."""


class Kept(msgspec.Struct, frozen=True):
    """A line of the index: one segment. `ends_ms` is where the stream's time stood, `part` the number of its last part."""

    seq_no: int
    duration_ms: int
    at: float
    initialisation: int
    discontinuity: bool
    size: int
    sha256: str
    init_sha256: str
    ends_ms: int
    part: int

    def line(self) -> SegmentLine:
        return SegmentLine(self.seq_no, self.duration_ms, self.at, self.initialisation, self.discontinuity, whole=True)


class Closed(msgspec.Struct, frozen=True):
    """A recording that is whole: what is told of it."""

    file: str = ""
    segments: int = 0
    duration_ms: int = 0
    size: int = 0
    sha256: str = ""
    first_seq_no: int | None = None
    last_seq_no: int | None = None


class Recording:
    """One stream's folder. Its methods wait for the disk: they are called in a thread of their own, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def there(self) -> bool:
        return self.folder.is_dir()

    @property
    def hidden(self) -> bool:
        return (self.folder / "hidden").exists()

    @property
    def open(self) -> bool:
        return (self.folder / "open").exists()

    def last(self) -> Kept | None:
        kept = self.kept()
        return kept[-1] if kept else None

    def kept(self) -> list[Kept]:
        """The lines of the index. One that was cut off by a crash is none: its segment counts as not kept."""
        try:
            lines = (self.folder / "index.jsonl").read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        return [msgspec.json.decode(line, type=Kept) for line in lines[-SEGMENTS_MAX:] if line.endswith(b"}")]

    def begin(self, client: str, now: float) -> None:
        """Somebody publishes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "hidden").unlink(missing_ok=True)
        (self.folder / "open").write_bytes(msgspec.json.encode({"client_id": client, "at": now}))
        index = self.folder / "index.jsonl"
        if index.exists() and not index.read_bytes().endswith(b"\n"):
            with index.open("ab") as file:
                file.write(b"\n")

    def publisher(self) -> str:
        """Who published last, of a recording that is open."""
        return str(msgspec.json.decode((self.folder / "open").read_bytes())["client_id"])

    def put_initialisation(self, number: int, data: bytes) -> str:
        """Keeps an init file; its digest."""
        (self.folder / f"init-{number}.mp4").write_bytes(data)
        return hashlib.sha256(data).hexdigest()

    def put(self, data: list[bytes], kept: Kept) -> Kept:
        """Keeps a segment, and then its line: a line is only of what is whole on disk."""
        digest = hashlib.sha256()
        with (self.folder / f"{kept.seq_no}.m4s").open("wb") as file:
            for part in data:
                digest.update(part)
                file.write(part)
        kept = msgspec.structs.replace(kept, sha256=digest.hexdigest(), size=sum(map(len, data)))
        with (self.folder / "index.jsonl").open("ab") as index:
            index.write(msgspec.json.encode(kept) + b"\n")
        return kept

    def close(self) -> Closed:
        """Nobody comes back: the playlist is written beside the segments, if there are any."""
        kept = self.kept()
        (self.folder / "open").unlink(missing_ok=True)
        if not kept:
            return Closed()
        text = playlists.recording([line.line() for line in kept], whole=True).encode()
        (self.folder / "recording.m3u8").write_bytes(text)
        return Closed(
            file=str(self.folder / "recording.m3u8"),
            segments=len(kept),
            duration_ms=sum(line.duration_ms for line in kept),
            size=sum(line.size for line in kept),
            sha256=hashlib.sha256(text).hexdigest(),
            first_seq_no=kept[0].seq_no,
            last_seq_no=kept[-1].seq_no,
        )

    def hide(self) -> None:
        if self.there:
            (self.folder / "hidden").touch()

    def show(self) -> None:
        (self.folder / "hidden").unlink(missing_ok=True)

    def playlist(self) -> str | None:
        """What is kept until now; None when that is nothing."""
        kept = self.kept()
        return playlists.recording([line.line() for line in kept], whole=not self.open) if kept else None

    def read(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None


def left_open(home: Path) -> list[str]:
    """The streams whose publishers were there when the program ended."""
    return sorted(path.parent.name for path in home.glob("*/open"))


def room_for_more(home: Path) -> bool:
    """Whether the disk takes another recording."""
    return shutil.disk_usage(home).free >= FREE_BYTES_MIN
