"""Who watches, and what they do beside writing and buying: counted by each process, summed once a second, told as one beat."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.channels.live import beats
from steelyard.channels.live.beats import BeatKind, NewBeat
from steelyard.channels.live.stage_model import Crowd, GoodFigures, Minute
from steelyard.kernel.db import Read, Row, Tx

# A process that has said nothing for so long is gone, and its viewers with it.
PRESENT_FOR = timedelta(seconds=15)
FORGOTTEN_PER_SWEEP = 1_000
MINUTES_SHOWN_MAX = 24 * 60


async def count(tx: Tx, process_id: UUID, crowds: Sequence[Crowd]) -> None:
    """Add what this process has counted to the sessions, and tell those who watch. What is not on air is counted, not told."""
    crowds = sorted(crowds, key=lambda each: (each.merchant_id, each.session_id))
    await beats.lock(tx, [(each.merchant_id, each.session_id) for each in crowds])
    standing = await _counted(tx, process_id, crowds)
    told: list[NewBeat] = []
    minutes: list[tuple[Crowd, Minute]] = []
    for each in crowds:
        row = standing.get((each.merchant_id, each.session_id))
        if row is None or not row["on_air"]:
            continue
        whose = {"merchant_id": each.merchant_id, "session_id": each.session_id}
        if row["viewers"] != row["before"] or each.entries:
            body = {"viewers": row["viewers"], "entered": row["entered"]}
            told.append(NewBeat(**whose, kind=BeatKind.VIEWERS, body=body))
        if each.likes:
            body = {"likes": row["likes"], "more": each.likes}
            told.append(NewBeat(**whose, kind=BeatKind.LIKES, body=body))
        minutes.append((each, _minute(each, row["minute"], row["viewers"])))
    await beats.append(tx, *told)
    await add(tx, [(each.merchant_id, each.session_id, minute) for each, minute in minutes])


def _minute(each: Crowd, minute: int, viewers: int) -> Minute:
    goods = {
        product_id: GoodFigures(clicks=each.clicks.get(product_id, 0), carts=each.carts.get(product_id, 0))
        for product_id in {*each.clicks, *each.carts}
    }
    return Minute(
        minute=minute, viewers=viewers, peak=viewers, entries=dict(each.entries), likes=each.likes, goods=goods
    )


async def _counted(tx: Tx, process_id: UUID, crowds: Sequence[Crowd]) -> dict[tuple[UUID, UUID], Row]:
    """Writes down who is there by way of this process, and sums over all processes."""
    await tx.execute(
        """
        INSERT INTO live_presence AS p (merchant_id, session_id, process_id, viewers, at)
        SELECT merchant_id, session_id, $1, viewers, now()
        FROM unnest($2::uuid[], $3::uuid[], $4::integer[]) AS c (merchant_id, session_id, viewers)
        ON CONFLICT (merchant_id, session_id, process_id) DO UPDATE SET viewers = excluded.viewers, at = excluded.at
        """,
        process_id,
        [each.merchant_id for each in crowds],
        [each.session_id for each in crowds],
        [each.viewers for each in crowds],
    )
    rows = await tx.fetch(
        """
        WITH counted AS (
            SELECT c.merchant_id, c.session_id, c.likes, c.entered
                 , (SELECT coalesce(sum(p.viewers), 0) FROM live_presence p
                    WHERE p.merchant_id = c.merchant_id AND p.session_id = c.session_id AND p.at > now() - $5::interval
                   )::integer AS viewers
            FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[]) AS c (merchant_id, session_id, likes, entered)
        ), before AS (
            SELECT c.merchant_id, c.session_id, coalesce(g.viewers, 0) AS viewers
            FROM counted c LEFT JOIN live_stages g USING (merchant_id, session_id)
        ), stages AS (
            INSERT INTO live_stages AS g (merchant_id, session_id, likes, viewers, peak, entered)
            SELECT merchant_id, session_id, likes, viewers, viewers, entered FROM counted
            ON CONFLICT (merchant_id, session_id) DO UPDATE
            SET likes = g.likes + excluded.likes, viewers = excluded.viewers, peak = greatest(g.peak, excluded.viewers)
              , entered = g.entered + excluded.entered
            RETURNING merchant_id, session_id, likes, viewers, entered
        )
        SELECT s.merchant_id, s.session_id, s.likes, s.viewers, s.entered, b.viewers AS before
             , l.state = 'on_air' AS on_air
             , greatest(0, floor(extract(epoch FROM now() - l.started_at) / 60))::integer AS minute
        FROM stages s JOIN before b USING (merchant_id, session_id) JOIN live_sessions l USING (merchant_id, session_id)
        """,
        [each.merchant_id for each in crowds],
        [each.session_id for each in crowds],
        [each.likes for each in crowds],
        [sum(each.entries.values()) for each in crowds],
        PRESENT_FOR,
    )
    return {(row["merchant_id"], row["session_id"]): row for row in rows}


async def add(tx: Tx, wanted: Sequence[tuple[UUID, UUID, Minute]]) -> None:
    """Add to the figures of these sessions' minutes: `viewers` are what they are now, all else is more. The sessions are held."""
    if not wanted:
        return
    keys = [(merchant_id, session_id, minute.minute) for merchant_id, session_id, minute in wanted]
    assert len(set(keys)) == len(keys), "each minute is named once"
    rows = await tx.fetch(
        """
        SELECT m.merchant_id, m.session_id, m.minute, m.entries, m.goods
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS k (merchant_id, session_id, minute)
        JOIN live_minutes m USING (merchant_id, session_id, minute)
        """,
        [merchant_id for merchant_id, _, _ in keys],
        [session_id for _, session_id, _ in keys],
        [minute for _, _, minute in keys],
    )
    before = {(row["merchant_id"], row["session_id"], row["minute"]): row for row in rows}
    await tx.execute(
        """
        INSERT INTO live_minutes AS m (merchant_id, session_id, minute, viewers, peak, entries, chats, likes, goods)
        SELECT merchant_id, session_id, minute, viewers, peak, entries, chats, likes, goods
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::integer[], $6::jsonb[], $7::integer[]
                  , $8::bigint[], $9::jsonb[])
            AS n (merchant_id, session_id, minute, viewers, peak, entries, chats, likes, goods)
        ON CONFLICT (merchant_id, session_id, minute) DO UPDATE
        SET viewers = CASE WHEN excluded.peak > 0 OR excluded.entries <> '{}' THEN excluded.viewers ELSE m.viewers END
          , peak = greatest(m.peak, excluded.peak), entries = excluded.entries, chats = m.chats + excluded.chats
          , likes = m.likes + excluded.likes, goods = excluded.goods
        """,
        [merchant_id for merchant_id, _, _ in wanted],
        [session_id for _, session_id, _ in wanted],
        [minute.minute for _, _, minute in wanted],
        [minute.viewers for _, _, minute in wanted],
        [minute.peak for _, _, minute in wanted],
        [_entries(before.get(key), minute) for key, (_, _, minute) in zip(keys, wanted, strict=True)],
        [minute.chats for _, _, minute in wanted],
        [minute.likes for _, _, minute in wanted],
        [_goods(before.get(key), minute) for key, (_, _, minute) in zip(keys, wanted, strict=True)],
    )


def _entries(before: Row | None, minute: Minute) -> dict[str, int]:
    return dict(Counter(before["entries"] if before else {}) + Counter(minute.entries))


def _goods(before: Row | None, minute: Minute) -> dict[str, object]:
    had = msgspec.convert(before["goods"] if before else {}, dict[UUID, GoodFigures])
    none = GoodFigures()
    return {
        str(product_id): msgspec.to_builtins(had.get(product_id, none).plus(minute.goods.get(product_id, none)))
        for product_id in {*had, *minute.goods}
    }


async def minutes(read: Read, merchant_id: UUID, session_id: UUID, since: int = 0) -> list[Minute]:
    """The figures of a session by minute, from a minute on."""
    return await read.all(
        Minute,
        """
        SELECT minute, viewers, peak, entries, chats, likes, goods FROM live_minutes
        WHERE merchant_id = $1 AND session_id = $2 AND minute >= $3 ORDER BY minute LIMIT $4
        """,
        merchant_id,
        session_id,
        since,
        MINUTES_SHOWN_MAX,
    )


async def viewers_of(read: Read, sessions: Sequence[tuple[UUID, UUID]]) -> Mapping[UUID, int]:
    """How many watch each of these `(merchant_id, session_id)` now, by session."""
    rows = await read.fetch(
        """
        SELECT session_id, viewers FROM unnest($1::uuid[], $2::uuid[]) AS s (merchant_id, session_id)
        JOIN live_stages USING (merchant_id, session_id)
        """,
        [merchant_id for merchant_id, _ in sessions],
        [session_id for _, session_id in sessions],
    )
    return {row["session_id"]: row["viewers"] for row in rows}


async def forget_processes(tx: Tx, before: datetime) -> int:
    """Delete what processes said that are gone since; returns how many."""
    return await tx.execute(
        """
        DELETE FROM live_presence WHERE (merchant_id, session_id, process_id) IN (
            SELECT merchant_id, session_id, process_id FROM live_presence WHERE at < $1 ORDER BY at LIMIT $2
            FOR UPDATE SKIP LOCKED)
        """,
        before,
        FORGOTTEN_PER_SWEEP,
    )
