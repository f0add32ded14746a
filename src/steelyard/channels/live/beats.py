"""The log of a session: everything that happens in it and is shown to somebody, numbered without gaps.

`append` is the only way into it. It locks the sessions' rows, takes the numbers, inserts, and tells those who listen. Readers
go by the number: what is after the last that they have is new to them.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Tx

CHANNEL: LiteralString = "live_beats"
BEATS_SHOWN_MAX = 500


class BeatKind(StrEnum):
    """What a beat tells; its body is as docs/decisions/0166 says."""

    STATE = "state"
    CHAT = "chat"
    REMOVED = "removed"
    MUTED = "muted"
    NOTE = "note"
    PIN = "pin"
    UNPIN = "unpin"
    SHELF = "shelf"
    PRICE = "price"
    STOCK = "stock"
    COUPON = "coupon"
    DRAW = "draw"
    DRAWN = "drawn"
    LIKES = "likes"
    VIEWERS = "viewers"
    SOLD = "sold"
    QUESTION = "question"
    SCRIPT = "script"


class NewBeat(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    session_id: UUID
    kind: BeatKind
    body: Mapping[str, Any] = {}


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    seq: int
    at: datetime
    kind: BeatKind
    body: dict[str, Any]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A beat on its way to those who watch: its body as JSON."""

    seq: int
    at: datetime
    kind: str
    body: msgspec.Raw


async def lock(tx: Tx, sessions: Collection[tuple[UUID, UUID]]) -> None:
    """Hold the rows of these `(merchant_id, session_id)`, in the order of their keys: nobody else writes into their logs."""
    await tx.execute(
        """
        SELECT FROM live_sessions l JOIN unnest($1::uuid[], $2::uuid[]) AS s (merchant_id, session_id)
            USING (merchant_id, session_id)
        ORDER BY l.merchant_id, l.session_id FOR NO KEY UPDATE OF l
        """,
        [merchant_id for merchant_id, _ in sessions],
        [session_id for _, session_id in sessions],
    )


async def append(tx: Tx, *beats: NewBeat) -> list[int]:
    """Write these into the logs of their sessions, in this order; returns their numbers. The sessions' rows are held from here
    until commit, so that a number that is seen has all those before it."""
    if not beats:
        return []
    sessions = sorted({(beat.merchant_id, beat.session_id) for beat in beats})
    await lock(tx, sessions)
    rows = await tx.fetch(
        """
        WITH wanted AS (
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[]) WITH ORDINALITY
                AS w (merchant_id, session_id, kind, body, place)
        ), numbered AS (
            UPDATE live_sessions l SET last_seq = l.last_seq + c.beats
            FROM (SELECT merchant_id, session_id, count(*) AS beats FROM wanted GROUP BY 1, 2) AS c
            WHERE l.merchant_id = c.merchant_id AND l.session_id = c.session_id
            RETURNING l.merchant_id, l.session_id, l.last_seq - c.beats AS before
        ), placed AS (
            SELECT w.merchant_id, w.session_id, w.kind, w.body, w.place
                 , n.before + row_number() OVER (PARTITION BY w.merchant_id, w.session_id ORDER BY w.place) AS seq
            FROM wanted w JOIN numbered n USING (merchant_id, session_id)
        ), put AS (
            INSERT INTO live_beats (merchant_id, session_id, seq, at, kind, body)
            SELECT merchant_id, session_id, seq, clock_timestamp(), kind, body FROM placed
        ), unsealed AS (
            INSERT INTO live_unsealed (merchant_id, session_id) SELECT merchant_id, session_id FROM numbered
            ON CONFLICT (merchant_id, session_id) DO NOTHING
        )
        SELECT session_id, seq FROM placed ORDER BY place
        """,
        [beat.merchant_id for beat in beats],
        [beat.session_id for beat in beats],
        [beat.kind for beat in beats],
        [beat.body for beat in beats],
    )
    assert len(rows) == len(beats), "a beat is of a session that is there"
    last = {row["session_id"]: row["seq"] for row in rows}
    await tx.execute(
        "SELECT pg_notify($1, session_id || ':' || seq) FROM unnest($2::uuid[], $3::bigint[]) AS l (session_id, seq)",
        CHANNEL,
        list(last),
        list(last.values()),
    )
    return [row["seq"] for row in rows]


class Current(msgspec.Struct, frozen=True, kw_only=True):
    """The session of a room that is on air, or was last, and the number of its last beat."""

    merchant_id: UUID
    session_id: UUID
    last_seq: int


async def current(read: Read, slugs: Sequence[str]) -> dict[str, Current]:
    """What is watched at these addresses of rooms: what is on air, else what was last."""
    rows = await read.fetch(
        """
        SELECT s.slug, l.merchant_id, l.session_id, l.last_seq
        FROM room_slugs s CROSS JOIN LATERAL (
            SELECT merchant_id, session_id, last_seq FROM live_sessions l
            WHERE l.merchant_id = s.merchant_id AND l.room_id = s.room_id AND l.started_at IS NOT NULL
            ORDER BY l.state = 'on_air' DESC, l.starts_at DESC LIMIT 1) AS l
        WHERE s.slug = ANY($1)
        """,
        list(slugs),
    )
    return {
        row["slug"]: Current(merchant_id=row["merchant_id"], session_id=row["session_id"], last_seq=row["last_seq"])
        for row in rows
    }


async def told(read: Read, merchant_id: UUID, session_id: UUID, after: int, most: int) -> list[Told]:
    """The beats after this number, so many at most, as they are sent on."""
    rows = await read.fetch(
        """
        SELECT seq, at, kind, body::text AS body FROM live_beats
        WHERE merchant_id = $1 AND session_id = $2 AND seq > $3 ORDER BY seq LIMIT $4
        """,
        merchant_id,
        session_id,
        after,
        most,
    )
    return [
        Told(seq=row["seq"], at=row["at"], kind=row["kind"], body=msgspec.Raw(row["body"].encode())) for row in rows
    ]


async def beats_after(
    read: Read, merchant_id: UUID, session_id: UUID, after: int = 0, limit: int = BEATS_SHOWN_MAX
) -> list[Beat]:
    """The beats after this number."""
    return await read.all(
        Beat,
        """
        SELECT seq, at, kind, body FROM live_beats
        WHERE merchant_id = $1 AND session_id = $2 AND seq > $3 ORDER BY seq LIMIT $4
        """,
        merchant_id,
        session_id,
        after,
        min(limit, BEATS_SHOWN_MAX),
    )


async def latest(
    read: Read, merchant_id: UUID, session_id: UUID, kinds: Collection[BeatKind], limit: int = 50
) -> list[Beat]:
    """The last beats of these kinds, the oldest of them first: what a page begins with. Looked for among the last
    `BEATS_SHOWN_MAX` times four, so that a page costs the same however long a session is."""
    found = await read.all(
        Beat,
        """
        SELECT seq, at, kind, body FROM (
            SELECT seq, at, kind, body FROM live_beats
            WHERE merchant_id = $1 AND session_id = $2 ORDER BY seq DESC LIMIT $5) AS last
        WHERE kind = ANY($3) ORDER BY seq DESC LIMIT $4
        """,
        merchant_id,
        session_id,
        [str(kind) for kind in kinds],
        min(limit, BEATS_SHOWN_MAX),
        BEATS_SHOWN_MAX * 4,
    )
    return found[::-1]


async def chat_shown(read: Read, merchant_id: UUID, session_id: UUID, limit: int = 50) -> list[Beat]:
    """The last messages of the chat that nobody took off, the oldest of them first: what a page begins with."""
    found = await latest(read, merchant_id, session_id, [BeatKind.CHAT, BeatKind.REMOVED], BEATS_SHOWN_MAX)
    gone = {beat.body.get("seq") for beat in found if beat.kind is BeatKind.REMOVED}
    return [beat for beat in found if beat.kind is BeatKind.CHAT and beat.seq not in gone][-limit:]
