"""The video that tells of a session before it begins, for browsers: whole, or the part that they ask for."""

import asyncio
import re
from pathlib import Path
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from steelyard.channels import live, rooms
from steelyard.channels.live.model import OPEN, Session
from steelyard.channels.rooms.model import RoomState
from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.files import Videos
from steelyard.surfaces.live_room.frame import LIVE
from steelyard.surfaces.web.videos import CONTENT_TYPE
from steelyard.surfaces.web.visit import Visit, WebRequest

# A takedown counts from the next time somebody asks.
KEPT = "private, max-age=300"
# Opened by itself, a browser shows it in a page of its own making.
POLICY = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'"
_RANGE = re.compile(r"bytes=([0-9]{1,12})-([0-9]{0,12})|bytes=-([0-9]{1,12})")


def address(slug: str, session: Session) -> str:
    """Where it lies; empty where there is none. Another video has another address."""
    if session.trailer_video is None or session.state not in OPEN:
        return ""
    return f"{LIVE}/{slug}/trailer/{session.session_id}?v={session.trailer_video[:12]}"


async def trailer_of(read: Read, slug: str, session_id: UUID) -> str:
    """The video of a session that is planned in a room that is open. Raises `NotFound`."""
    room = await rooms.by_slug(read, slug)
    session = await live.session(read, room.merchant_id, session_id) if room is not None else None
    if room is None or session is None or room.state is not RoomState.OPEN or session.room_id != room.room_id:
        raise NotFound()
    if session.trailer_video is None or session.state not in OPEN:
        raise NotFound()
    return session.trailer_video


@get(LIVE + "/{slug:str}/trailer/{session_id:uuid}")
async def trailer(
    visit: NamedDependency[Visit], request: WebRequest, slug: FromPath[str], session_id: FromPath[UUID]
) -> Response[bytes]:
    """The whole of it, or one range of bytes: some browsers play nothing that cannot be asked for in parts (RFC 9110, 14)."""
    name = await visit.db.ask(trailer_of, slug, session_id)
    try:
        path = Videos(visit.settings.home).path(name)
        size = (await asyncio.to_thread(path.stat)).st_size
    except (Invalid, FileNotFoundError):
        raise NotFound() from None
    headers = {"accept-ranges": "bytes", "cache-control": KEPT, "content-security-policy": POLICY}
    part = part_of(request.headers.get("range", ""), size)
    if part is None:
        content = await asyncio.to_thread(_read, path, 0, size)
        return Response(content, media_type=CONTENT_TYPE, headers=headers)
    first, last = part
    if first > last:
        told = {**headers, "content-range": f"bytes */{size}"}
        return Response(b"", status_code=416, media_type=CONTENT_TYPE, headers=told)
    content = await asyncio.to_thread(_read, path, first, last - first + 1)
    told = {**headers, "content-range": f"bytes {first}-{last}/{size}"}
    return Response(content, status_code=206, media_type=CONTENT_TYPE, headers=told)


def part_of(asked: str, size: int) -> tuple[int, int] | None:
    """The first and the last byte that are asked for, the first after the last where there are none; None: all of it, which
    is also the answer to what is not understood."""
    found = _RANGE.fullmatch(asked.strip())
    if found is None:
        return None
    begin, end, tail = found.groups()
    if tail is not None:
        return (max(0, size - int(tail)), size - 1) if int(tail) else (size, size - 1)
    if end and int(end) < int(begin):
        return None
    return int(begin), min(int(end), size - 1) if end else size - 1


def _read(path: Path, first: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(first)
        return file.read(length)


HANDLERS = [trailer]
