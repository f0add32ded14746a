"""Questions about live sessions as they are planned."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from steelyard.channels.live.model import ENTRIES_MAX, GOODS_MAX, Entry, Good, Session, SessionState, Step, digest_of
from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page

STEPS_SHOWN_MAX = 100


async def session(read: Read, merchant_id: UUID, session_id: UUID) -> Session | None:
    return await read.one(
        Session,
        """
        SELECT merchant_id, session_id, room_id, host_id, title, cover, starts_at, ends_at, portrait, trailer, trailer_file
             , trailer_video, script, state, started_at, ended_at, last_seq, key_made_at, playback, media, published_at
             , unpublished_at
        FROM live_sessions WHERE merchant_id = $1 AND session_id = $2
        """,
        merchant_id,
        session_id,
    )


async def by_key(read: Read, key: str) -> Session | None:
    """The session that may be streamed to with this key, whatever its state; none: nobody's key."""
    return await read.one(
        Session,
        """
        SELECT merchant_id, session_id, room_id, host_id, title, cover, starts_at, ends_at, portrait, trailer, trailer_file
             , trailer_video, script, state, started_at, ended_at, last_seq, key_made_at, playback, media, published_at
             , unpublished_at
        FROM live_sessions WHERE key_digest = $1
        """,
        digest_of(key),
    )


async def sessions(
    read: Read,
    merchant_id: UUID,
    states: Collection[SessionState] = (),
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Session]:
    """A shop's sessions, the latest first; no states: all."""
    at, session_id = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Session,
        """
        SELECT merchant_id, session_id, room_id, host_id, title, cover, starts_at, ends_at, portrait, trailer, trailer_file
             , trailer_video, script, state, started_at, ended_at, last_seq, key_made_at, playback, media, published_at
             , unpublished_at
        FROM live_sessions
        WHERE merchant_id = $1 AND (cardinality($2::text[]) = 0 OR state = ANY($2))
          AND ($3::timestamptz IS NULL OR (starts_at, session_id) < ($3, $4::uuid))
        ORDER BY starts_at DESC, session_id DESC LIMIT $5
        """,
        merchant_id,
        [str(state) for state in states],
        at,
        session_id,
        most + 1,
    )
    return paging.cut(found, most, lambda each: (each.starts_at, each.session_id))


async def sessions_of_room(read: Read, merchant_id: UUID, room_id: UUID, limit: int = 20) -> list[Session]:
    """A room's sessions, the latest first."""
    return await read.all(
        Session,
        """
        SELECT merchant_id, session_id, room_id, host_id, title, cover, starts_at, ends_at, portrait, trailer, trailer_file
             , trailer_video, script, state, started_at, ended_at, last_seq, key_made_at, playback, media, published_at
             , unpublished_at
        FROM live_sessions WHERE merchant_id = $1 AND room_id = $2
        ORDER BY starts_at DESC, session_id DESC LIMIT $3
        """,
        merchant_id,
        room_id,
        paging.limit(limit),
    )


async def on_air(read: Read, limit: int = 100) -> list[Session]:
    """The sessions of all shops that are on air now, who began first first."""
    return await read.all(
        Session,
        """
        SELECT merchant_id, session_id, room_id, host_id, title, cover, starts_at, ends_at, portrait, trailer, trailer_file
             , trailer_video, script, state, started_at, ended_at, last_seq, key_made_at, playback, media, published_at
             , unpublished_at
        FROM live_sessions WHERE state = 'on_air' ORDER BY started_at, session_id LIMIT $1
        """,
        paging.limit(limit),
    )


async def coming(read: Read, until: datetime, limit: int = 100) -> list[Session]:
    """The sessions of all shops that begin before this moment and have not begun yet, the next first."""
    return await read.all(
        Session,
        """
        SELECT merchant_id, session_id, room_id, host_id, title, cover, starts_at, ends_at, portrait, trailer, trailer_file
             , trailer_video, script, state, started_at, ended_at, last_seq, key_made_at, playback, media, published_at
             , unpublished_at
        FROM live_sessions
        WHERE state IN ('planned', 'ready') AND ends_at > now() AND starts_at < $1
        ORDER BY starts_at, session_id LIMIT $2
        """,
        until,
        paging.limit(limit),
    )


async def goods(read: Read, merchant_id: UUID, session_id: UUID) -> list[Good]:
    """The goods bag of a session, in its order."""
    return await read.all(
        Good,
        """
        SELECT product_id, position, shown, points, added_at FROM live_goods
        WHERE merchant_id = $1 AND session_id = $2 ORDER BY position, product_id LIMIT $3
        """,
        merchant_id,
        session_id,
        GOODS_MAX,
    )


async def rundown(read: Read, merchant_id: UUID, session_id: UUID) -> list[Entry]:
    """What happens in a session, in the order of time."""
    return await read.all(
        Entry,
        """
        SELECT entry_id, minute, minutes, product_id, what, points, offer, owner, price, pieces FROM live_rundown
        WHERE merchant_id = $1 AND session_id = $2 ORDER BY minute, entry_id LIMIT $3
        """,
        merchant_id,
        session_id,
        ENTRIES_MAX,
    )


async def history(read: Read, merchant_id: UUID, session_id: UUID) -> list[Step]:
    """What became of a session, the newest first."""
    return await read.all(
        Step,
        """
        SELECT step, from_state, to_state, at, by, reason FROM live_session_history
        WHERE merchant_id = $1 AND session_id = $2 ORDER BY step DESC LIMIT $3
        """,
        merchant_id,
        session_id,
        STEPS_SHOWN_MAX,
    )
