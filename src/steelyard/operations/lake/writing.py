"""How the lake grows: what people did, hour by hour after a cursor; what was ordered, paid and given back, day by day.

Behaviour is copied once. A day of trade is written whole whenever something of it has changed, and its file replaced: so orders
that were imported or made nobody's are what the database says. Payments and refunds are taken from trade alone.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from steelyard.kernel.db import Database, Read, Row, Tx
from steelyard.operations import behaviour
from steelyard.operations.behaviour import Cursor, Recorded
from steelyard.operations.lake import manifest
from steelyard.trade.settlement.model import SETTLEMENT_ZONE

EVENTS_PER_FILE = 200_000
DAYS_PER_ROUND = 20
_CURSOR = "behaviour"
# How the lake is called among those who keep copies of behaviour.
_ARCHIVE = "lake"
_OF_TRADE = frozenset({behaviour.Kind.PAY, behaviour.Kind.REFUND})


async def cursor(read: Read) -> Cursor:
    """Up to where behaviour is copied."""
    row = await read.row("SELECT xid, position FROM lake_cursors WHERE name = $1", _CURSOR)
    return Cursor(row["xid"], row["position"]) if row else Cursor()


async def copy_behaviour(db: Database, home: Path) -> int:
    """Copy what people did since the last time into one file; returns how many events were looked at.

    The file is there before its record, and the cursor moves with the record: after a kill the same is copied again, under a
    name of its own range, and what lies there unrecorded is nobody's.
    """
    begin = await db.ask(cursor)
    at, found = begin, list[Recorded]()
    while len(found) < EVENTS_PER_FILE:
        more = await db.ask(behaviour.since, at)
        found += more
        if len(more) < behaviour.BEHAVIOURS_PER_READ_MAX:
            break
        at = more[-1].cursor
    if not found:
        return 0
    end = found[-1].cursor
    rows = await db.ask(_rows_of, found)
    paid = [each for each in found if each.kind is behaviour.Kind.PAY]
    name = f"hour-{begin.xid}-{begin.position}-{end.xid}-{end.position}.parquet"
    written = manifest.write(home, name, rows) if rows else None
    await db.transact(_move_on, begin, end, written, sorted({each.person for each in found}), paid)
    return len(found)


async def _move_on(
    tx: Tx,
    begin: Cursor,
    end: Cursor,
    written: manifest.Written | None,
    people: Sequence[UUID],
    paid: Sequence[Recorded],
) -> None:
    """Record the file and move the cursor, unless another has moved it meanwhile. Who was forgotten after the file was read is
    taken out of it again. The days of what was paid are written anew: by what it came may not have been known before."""
    moved = await tx.execute(
        """
        INSERT INTO lake_cursors AS c (name, xid, position) VALUES ($1, $4, $5)
        ON CONFLICT (name) DO UPDATE SET xid = excluded.xid, position = excluded.position WHERE (c.xid, c.position) = ($2, $3)
        """,
        _CURSOR,
        begin.xid,
        begin.position,
        end.xid,
        end.position,
    )
    if moved:
        await behaviour.archived(tx, _ARCHIVE, end)
        await _mark_orders(tx, paid)
    if moved and written is not None:
        await manifest.record(tx, "hour", datetime.now(SETTLEMENT_ZONE).date(), written)
        await tx.execute(
            """
            INSERT INTO lake_renamings (person, becomes) SELECT person, NULL FROM lake_forgotten WHERE person = ANY($1)
            ON CONFLICT (person) DO UPDATE SET becomes = NULL
            """,
            list(people),
        )


async def _mark_orders(tx: Tx, paid: Sequence[Recorded]) -> None:
    rows = await tx.fetch(
        """
        SELECT o.placed_at, o.paid_at FROM orders o
        JOIN unnest($1::uuid[], $2::uuid[]) AS p (merchant_id, order_id) USING (merchant_id, order_id)
        """,
        [each.merchant_id for each in paid],
        [each.order_id for each in paid],
    )
    await mark(tx, [at for row in rows for at in row if at is not None])


async def _rows_of(read: Read, found: Sequence[Recorded]) -> list[dict[str, Any]]:
    robots = await behaviour.robots(read, {each.visitor_id for each in found})
    kept = [each for each in found if each.kind not in _OF_TRADE and each.visitor_id not in robots]
    categories = await categories_of(read, {each.product_id for each in kept if each.product_id is not None})
    return [
        {
            "user": str(each.person),
            "at": each.at,
            "kind": str(each.kind),
            "item": str(each.product_id or ""),
            "category": categories.get(each.product_id, "") if each.product_id else "",
            "amount": None,
            "currency": "",
            "merchant": str(each.merchant_id),
            "order_id": str(each.order_id or ""),
            "channel": str(each.channel),
            "source": each.source,
            "medium": each.medium,
            "campaign": each.campaign,
            "device": each.device,
        }
        for each in kept
    ]


async def categories_of(read: Read, product_ids: set[UUID]) -> dict[UUID, str]:
    """The slugs of the categories that these products are in."""
    rows = await read.fetch(
        """
        SELECT p.product_id, c.slug FROM products p JOIN categories c USING (category_id) WHERE p.product_id = ANY($1)
        """,
        sorted(product_ids),
    )
    return {row["product_id"]: row["slug"] for row in rows}


async def mark(tx: Tx, moments: Sequence[datetime]) -> None:
    """The files of these days are to be written anew."""
    days = sorted({at.astimezone(SETTLEMENT_ZONE).date() for at in moments})
    await tx.execute(
        """
        INSERT INTO lake_stale_days (day) SELECT * FROM unnest($1::date[])
        ON CONFLICT (day) DO UPDATE SET xid = pg_current_xact_id()
        """,
        days,
    )


async def mark_history(tx: Tx) -> int:
    """Every day on which anything was bought or given back: at the beginning, and after a bulk path has written history."""
    return await tx.execute(
        """
        INSERT INTO lake_stale_days (day)
        SELECT (placed_at AT TIME ZONE $1)::date FROM orders
        UNION SELECT (paid_at AT TIME ZONE $1)::date FROM orders WHERE paid_at IS NOT NULL
        UNION SELECT (at AT TIME ZONE $1)::date FROM order_refunds
        ON CONFLICT (day) DO UPDATE SET xid = pg_current_xact_id()
        """,
        SETTLEMENT_ZONE.key,
    )


async def copy_trade(db: Database, home: Path) -> int:
    """Write the oldest stale days anew; returns how many. A day that changes while it is written stays stale."""
    marks = await db.ask(_stale)
    for day, marked in marks:
        rows = await db.ask(_trade_of, day)
        written = None
        if rows:
            said = hashlib.sha256(repr(rows).encode()).hexdigest()[:16]
            written = manifest.write(home, f"trade-{day:%Y%m%d}-{said}.parquet", rows)
        await db.transact(_replace_day, day, marked, written)
    return len(marks)


async def _stale(read: Read) -> list[tuple[date, int]]:
    rows = await read.fetch("SELECT day, xid FROM lake_stale_days ORDER BY day LIMIT $1", DAYS_PER_ROUND)
    return [(row["day"], row["xid"]) for row in rows]


async def _replace_day(tx: Tx, day: date, marked: int, written: manifest.Written | None) -> None:
    """Another worker that wrote an older state of the day at the same time has found the mark gone, and changes nothing."""
    if not await tx.execute("DELETE FROM lake_stale_days WHERE day = $1 AND xid = $2", day, marked):
        return
    old = await tx.fetch("SELECT name FROM lake_files WHERE part = 'trade' AND day = $1 AND gone_at IS NULL", day)
    await manifest.retire(tx, [row["name"] for row in old])
    if written is not None:
        await manifest.record(tx, "trade", day, written)


async def _trade_of(read: Read, day: date) -> list[dict[str, Any]]:
    """`order`: an order placed, with its total. `pay`: its lines when its money came in, and what it cost beside them (freight,
    tax) without an article. `refund`: what was given back. Amounts are minor units; those of an order add up to its total. By
    what and on what it was bought is as the payment's event among what people do has it, if there is one."""
    begin = datetime.combine(day, time(), SETTLEMENT_ZONE).astimezone(UTC)
    end = begin + timedelta(days=1)
    rows = await read.fetch(
        """
        WITH paid AS (SELECT * FROM orders WHERE paid_at >= $1 AND paid_at < $2)
           , lines AS (
            SELECT p.merchant_id, p.order_id, l.product_id, c.slug, l.amount - l.discount AS amount
            FROM paid p JOIN order_lines l USING (merchant_id, order_id)
            LEFT JOIN products g ON (g.merchant_id, g.product_id) = (l.merchant_id, l.product_id)
            LEFT JOIN categories c ON c.category_id = g.category_id
        ), facts AS (
            SELECT 'order' AS kind, placed_at AS at, merchant_id, order_id, buyer_id, source, paid_at, currency
                 , NULL::uuid AS item, '' AS category, total AS amount
            FROM orders WHERE placed_at >= $1 AND placed_at < $2
            UNION ALL
            SELECT 'pay', p.paid_at, p.merchant_id, p.order_id, p.buyer_id, p.source, p.paid_at, p.currency, l.product_id
                 , coalesce(l.slug, ''), l.amount
            FROM paid p JOIN lines l USING (merchant_id, order_id)
            UNION ALL
            SELECT 'pay', p.paid_at, p.merchant_id, p.order_id, p.buyer_id, p.source, p.paid_at, p.currency, NULL, ''
                 , p.total - s.amount
            FROM paid p JOIN (SELECT merchant_id, order_id, sum(amount)::bigint AS amount FROM lines GROUP BY 1, 2) AS s
                 USING (merchant_id, order_id)
            WHERE p.total <> s.amount
            UNION ALL
            SELECT 'refund', r.at, r.merchant_id, r.order_id, o.buyer_id, o.source, o.paid_at, r.currency, NULL, ''
                 , r.goods + r.freight
            FROM order_refunds r JOIN orders o USING (merchant_id, order_id) WHERE r.at >= $1 AND r.at < $2
        )
        SELECT f.*, n.person IS NOT NULL AS forgotten, b.channel AS came_by, b.source AS came_from, b.medium, b.campaign
             , b.device
        FROM facts f LEFT JOIN lake_forgotten n ON n.person = f.buyer_id
        LEFT JOIN behaviour_events b ON b.merchant_id = f.merchant_id AND b.kind = 'pay' AND b.at = f.paid_at
                                    AND b.order_id = f.order_id
        ORDER BY f.merchant_id, f.buyer_id, f.at, f.kind, f.order_id, f.item NULLS LAST, f.amount
        """,
        begin,
        end,
    )
    return [_fact(row) for row in rows]


def _fact(row: Row) -> dict[str, Any]:
    way = (row["source"] or "shop").partition(":")[0]
    # Of a door of its own (shopping agents, imports) that is told unless a link led to it.
    unknown = "direct" if way == "shop" else way
    channel = row["came_by"] if row["came_by"] and row["came_by"] != "direct" else unknown
    return {
        "user": str(row["order_id"] if row["forgotten"] else row["buyer_id"]),
        "at": row["at"],
        "kind": row["kind"],
        "item": str(row["item"] or ""),
        "category": row["category"],
        "amount": row["amount"],
        "currency": row["currency"],
        "merchant": str(row["merchant_id"]),
        "order_id": str(row["order_id"]),
        "channel": channel,
        "source": row["came_from"] or "",
        "medium": row["medium"] or "",
        "campaign": row["campaign"] or "",
        "device": row["device"] or "",
    }
