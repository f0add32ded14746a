"""What the shop's pages show of live sessions: those that are on air now, and those that were last."""

from uuid import UUID

import msgspec

from steelyard.channels.live.model import Session
from steelyard.kernel import keeping, paging
from steelyard.kernel.db import Read
from steelyard.kernel.text import Text

KEPT = "channels.live.on_air"
ON_AIR_SHOWN_MAX = 50


class OnAir(msgspec.Struct, frozen=True, kw_only=True):
    """A session that is on air, and where it is watched."""

    merchant_id: UUID
    session_id: UUID
    slug: str
    title: Text
    cover: str | None
    viewers: int


async def on_air_now(read: Read) -> list[OnAir]:
    """What is on air in all shops, what most people watch first. Known for two seconds: every reader of the front page asks."""

    async def ask() -> list[OnAir]:
        return await read.all(
            OnAir,
            """
            SELECT l.merchant_id, l.session_id, r.slug, l.title, l.cover, coalesce(g.viewers, 0) AS viewers
            FROM live_sessions l JOIN rooms r USING (merchant_id, room_id) LEFT JOIN live_stages g USING (merchant_id, session_id)
            WHERE l.state = 'on_air' AND r.state = 'open' ORDER BY viewers DESC, l.started_at LIMIT $1
            """,
            ON_AIR_SHOWN_MAX,
        )

    return await keeping.kept(read, KEPT, ask)


async def ended_lately(read: Read, limit: int = 24) -> list[Session]:
    """The sessions of all shops that were on last and whose replay is shown, the last first."""
    return await read.all(
        Session,
        """
        SELECT merchant_id, session_id, room_id, host_id, title, cover, starts_at, ends_at, portrait, trailer, trailer_file
             , trailer_video, script, state, started_at, ended_at, last_seq, key_made_at, playback, media, published_at
             , unpublished_at
        FROM live_sessions WHERE state = 'ended' AND replay_shown ORDER BY ended_at DESC, session_id DESC LIMIT $1
        """,
        paging.limit(limit),
    )
