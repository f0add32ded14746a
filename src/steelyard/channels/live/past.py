"""A session that was held before this house could see it, written down as it would have been: for those who move in, and the
demo."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import msgspec

from steelyard.channels.live.beats import BeatKind
from steelyard.channels.live.explanations import tell
from steelyard.channels.live.model import Entry, NewSession
from steelyard.channels.live.record import seal
from steelyard.channels.live.stage_model import Minute
from steelyard.channels.live.streaming import Segment, stream_of
from steelyard.kernel.db import Tx

STEPS = ("nowhere", "planned", "ready", "on_air", "ended")


class PastBeat(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened at a second of the session. `by` is who of the shop's people did it (staff:<account_id>), as the
    act of this name; `buyer_id` who wrote, of a message; `until` the second until which a product was pinned."""

    second: int
    kind: BeatKind
    body: dict[str, object]
    by: str = ""
    act: str = ""
    buyer_id: UUID | None = None
    until: int | None = None


class PastSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session that has ended, with its bag, rundown, log, figures, recording, and the orders that came out of it. `peak`: most
    who watched at once."""

    session: NewSession
    started_at: datetime
    ended_at: datetime
    goods: Sequence[UUID]
    rundown: Sequence[Entry]
    beats: Sequence[PastBeat]
    minutes: Sequence[Minute]
    segments: Sequence[Segment]
    order_ids: Sequence[UUID]
    peak: int
    likes: int


async def remember(tx: Tx, past: PastSession) -> bool:
    """Write a session down, and seal its record; False where it is known already. Nobody is reminded of it."""
    session = past.session
    key = session.merchant_id, session.session_id
    log = sorted(past.beats, key=lambda each: each.second)
    fresh = await tx.execute(
        """
        INSERT INTO live_sessions (merchant_id, session_id, room_id, host_id, title, cover, starts_at, ends_at, portrait, trailer
                                 , script, state, started_at, ended_at, last_seq, published_at, unpublished_at, reminded_at
                                 , begun_told_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'ended', $12, $13, $14, $12, $13, $12, $12)
        ON CONFLICT (merchant_id, session_id) DO NOTHING
        """,
        *key,
        session.room_id,
        session.host_id,
        session.title,
        session.cover,
        session.starts_at,
        session.ends_at,
        session.portrait,
        session.trailer,
        session.script,
        past.started_at,
        past.ended_at,
        len(log),
    )
    if not fresh:
        return False
    await _plan(tx, past)
    await _log(tx, past, log)
    await _figures(tx, past)
    await tx.execute(
        "INSERT INTO live_unsealed (merchant_id, session_id) VALUES ($1, $2) ON CONFLICT (merchant_id, session_id) DO NOTHING",
        *key,
    )
    await seal(tx, *key)
    await tell(tx, *key)
    return True


async def _plan(tx: Tx, past: PastSession) -> None:
    """Its history, what lay in the bag, and what was to happen when."""
    session = past.session
    key = session.merchant_id, session.session_id
    days = [past.started_at - timedelta(days=2), past.started_at - timedelta(days=1), past.started_at, past.ended_at]
    await tx.execute(
        """
        INSERT INTO live_session_history (merchant_id, session_id, step, from_state, to_state, at, by)
        SELECT $1, $2, s.step, s.a, s.b, s.at, 'staff:import'
        FROM unnest($3::text[], $4::text[], $5::timestamptz[]) WITH ORDINALITY AS s (a, b, at, step)
        """,
        *key,
        STEPS[:-1],
        STEPS[1:],
        days,
    )
    await tx.execute(
        """
        INSERT INTO live_goods (merchant_id, session_id, product_id, position)
        SELECT $1, $2, g.product_id, g.place FROM unnest($3::uuid[]) WITH ORDINALITY AS g (product_id, place)
        """,
        *key,
        list(past.goods),
    )
    await tx.execute(
        """
        INSERT INTO live_rundown (merchant_id, session_id, entry_id, minute, minutes, product_id, what, offer, owner, price,
        pieces) SELECT $1, $2, e.* FROM unnest($3::uuid[], $4::integer[], $5::integer[], $6::uuid[], $7::text[], $8::text[],
        $9::text[] , $10::bigint[], $11::integer[]) AS e
        """,
        *key,
        [each.entry_id for each in past.rundown],
        [each.minute for each in past.rundown],
        [each.minutes for each in past.rundown],
        [each.product_id for each in past.rundown],
        [each.what for each in past.rundown],
        [each.offer for each in past.rundown],
        [str(each.owner) for each in past.rundown],
        [each.price for each in past.rundown],
        [each.pieces for each in past.rundown],
    )


async def _log(tx: Tx, past: PastSession, log: Sequence[PastBeat]) -> None:
    """The beats, numbered, and what stands beside them: who wrote, who did what, what was explained from when to when."""
    key = past.session.merchant_id, past.session.session_id
    at = [past.started_at + timedelta(seconds=each.second) for each in log]
    await tx.execute(
        """
        INSERT INTO live_beats (merchant_id, session_id, seq, at, kind, body)
        SELECT $1, $2, b.seq, b.at, b.kind, b.body::jsonb
        FROM unnest($3::timestamptz[], $4::text[], $5::text[]) WITH ORDINALITY AS b (at, kind, body, seq)
        """,
        *key,
        at,
        [each.kind for each in log],
        [json.dumps(each.body, default=str, ensure_ascii=False) for each in log],
    )
    await _chat(tx, key, log, at)
    await _acts(tx, key, log, at)
    pins = [(n, each) for n, each in enumerate(log, 1) if each.kind is BeatKind.PIN]
    await tx.execute(
        """
        INSERT INTO live_explained (merchant_id, session_id, from_seq, product_id, from_at, to_at)
        SELECT $1, $2, e.* FROM unnest($3::bigint[], $4::uuid[], $5::timestamptz[], $6::timestamptz[]) AS e
        """,
        *key,
        [n for n, _ in pins],
        [each.body["product_id"] for _, each in pins],
        [at[n - 1] for n, _ in pins],
        [past.ended_at if each.until is None else past.started_at + timedelta(seconds=each.until) for _, each in pins],
    )


async def _chat(tx: Tx, key: tuple[UUID, UUID], log: Sequence[PastBeat], at: Sequence[datetime]) -> None:
    said = [(n, each) for n, each in enumerate(log, 1) if each.kind is BeatKind.CHAT]
    await tx.execute(
        """
        INSERT INTO live_chats (merchant_id, session_id, seq, chat_id, buyer_id, by, at)
        SELECT $1, $2, c.* FROM unnest($3::bigint[], $4::uuid[], $5::uuid[], $6::text[], $7::timestamptz[]) AS c
        """,
        *key,
        [n for n, _ in said],
        [uuid5(key[1], str(n)) for n, _ in said],
        [each.buyer_id for _, each in said],
        [each.by or "buyer" for _, each in said],
        [at[n - 1] for n, _ in said],
    )
    await tx.execute(
        """
        INSERT INTO live_speakers (merchant_id, session_id, buyer_id, last_at, chats)
        SELECT $1, $2, c.buyer_id, max(c.at), count(*)
        FROM unnest($3::uuid[], $4::timestamptz[]) AS c (buyer_id, at) WHERE c.buyer_id IS NOT NULL GROUP BY c.buyer_id
        """,
        *key,
        [each.buyer_id for _, each in said],
        [at[n - 1] for n, _ in said],
    )


async def _acts(tx: Tx, key: tuple[UUID, UUID], log: Sequence[PastBeat], at: Sequence[datetime]) -> None:
    did = [(n, each) for n, each in enumerate(log, 1) if each.by and each.act]
    await tx.execute(
        """
        INSERT INTO live_acts (merchant_id, session_id, seq, at, by, act)
        SELECT $1, $2, a.* FROM unnest($3::bigint[], $4::timestamptz[], $5::text[], $6::text[]) AS a
        """,
        *key,
        [n for n, _ in did],
        [at[n - 1] for n, _ in did],
        [each.by for _, each in did],
        [each.act for _, each in did],
    )


async def _figures(tx: Tx, past: PastSession) -> None:
    """Who watched, what was looked at, what was recorded, and the orders with the second and what was explained then."""
    key = past.session.merchant_id, past.session.session_id
    entered = sum(sum(minute.entries.values()) for minute in past.minutes)
    await tx.execute(
        "INSERT INTO live_stages (merchant_id, session_id, likes, peak, entered) VALUES ($1, $2, $3, $4, $5)",
        *key,
        past.likes,
        past.peak,
        entered,
    )
    await tx.execute(
        """
        INSERT INTO live_minutes (merchant_id, session_id, minute, viewers, peak, entries, chats, likes, goods)
        SELECT $1, $2, m.minute, m.viewers, m.peak, m.entries::jsonb, m.chats, m.likes, m.goods::jsonb
        FROM unnest($3::integer[], $4::integer[], $5::integer[], $6::text[], $7::integer[], $8::bigint[], $9::text[])
            AS m (minute, viewers, peak, entries, chats, likes, goods)
        """,
        *key,
        [minute.minute for minute in past.minutes],
        [minute.viewers for minute in past.minutes],
        [minute.peak for minute in past.minutes],
        [json.dumps(minute.entries) for minute in past.minutes],
        [minute.chats for minute in past.minutes],
        [minute.likes for minute in past.minutes],
        [json.dumps(msgspec.to_builtins(minute.goods, str_keys=True)) for minute in past.minutes],
    )
    await _recording(tx, key, past)
    await tx.execute(
        """
        INSERT INTO live_orders (merchant_id, session_id, order_id, second, product_id, paid_at)
        SELECT o.merchant_id, $2, o.order_id, greatest(0, extract(epoch FROM o.placed_at - $4))::integer
             , (SELECT e.product_id FROM live_explained e WHERE e.merchant_id = $1 AND e.session_id = $2
                  AND e.from_at <= o.placed_at AND e.to_at > o.placed_at ORDER BY e.from_seq DESC LIMIT 1)
             , o.paid_at
        FROM orders o WHERE o.merchant_id = $1 AND o.order_id = ANY($3)
        ON CONFLICT (merchant_id, order_id) DO NOTHING
        """,
        *key,
        list(past.order_ids),
        past.started_at,
    )


async def _recording(tx: Tx, key: tuple[UUID, UUID], past: PastSession) -> None:
    await tx.execute(
        """
        INSERT INTO live_segments (merchant_id, session_id, number, at, seconds, bytes, file, sha256)
        SELECT $1, $2, v.* FROM unnest($3::integer[], $4::timestamptz[], $5::double precision[], $6::bigint[], $7::text[]
                                     , $8::text[]) AS v
        """,
        *key,
        [each.number for each in past.segments],
        [each.started_at for each in past.segments],
        [each.seconds for each in past.segments],
        [each.size for each in past.segments],
        [each.file for each in past.segments],
        [each.sha256 for each in past.segments],
    )
    await tx.execute(
        "INSERT INTO live_streams (stream, merchant_id, session_id) VALUES ($3, $1, $2) ON CONFLICT (stream) DO NOTHING",
        *key,
        stream_of(past.session.session_id),
    )
