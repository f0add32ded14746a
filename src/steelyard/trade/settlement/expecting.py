"""What will be paid out, and when: computed from what is earned and from the deadlines of what is on its way."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.trade.settlement.model import (
    PAID_ELSEWHERE,
    AwaitedOrder,
    Expected,
    Held,
    Less,
    OrderPayout,
    settlement_day,
)
from steelyard.trade.settlement.terms import agreed

DAYS_MAX = 200


async def expected(read: Read, merchant_id: UUID, less: Sequence[Less] = ()) -> list[Expected]:
    """By day and currency, what statements may pay: nobody confirms earlier than the deadlines, everybody by then. What the shop
    has agreed of a minimum and of a reserve is not taken off; `less` is, which those know who take it."""
    rows = await read.fetch(
        """
        SELECT e.due_on AS day, false AS awaits, e.currency, sum(e.amount)::bigint AS amount, count(DISTINCT e.order_id) AS orders
        FROM settlement_entries e
        WHERE e.merchant_id = $1 AND e.statement_id IS NULL AND e.due_on < $2
        GROUP BY e.due_on, e.currency
        UNION ALL
        SELECT (o.receive_by AT TIME ZONE 'Asia/Shanghai')::date, true, o.currency
             , sum(o.total - o.refunded - o.commission + o.commission_returned + o.subsidy - o.subsidy_returned)::bigint, count(*)
        FROM orders o
        WHERE o.merchant_id = $1 AND o.state = 'shipped' AND o.receive_by IS NOT NULL
        GROUP BY 1, o.currency
        """,
        merchant_id,
        PAID_ELSEWHERE,
    )
    terms = await agreed(read, [merchant_id])
    parts = [(row["day"], row["awaits"], row["currency"], row["amount"], row["orders"]) for row in rows]
    parts += [(each.day, True, each.currency, -each.amount, 0) for each in less if each.day is not None]
    found: dict[tuple[date, str], tuple[int, int, int]] = {}
    for day, awaits, currency, amount, orders in parts:
        due = day
        if awaits:
            its = terms.on(merchant_id, day)
            due = its.first_day(day + timedelta(days=its.days))
        was = found.get((due, currency), (0, 0, 0))
        more = (0, amount) if awaits else (amount, 0)
        found[due, currency] = (was[0] + more[0], was[1] + more[1], was[2] + orders)
    return [
        Expected(day=day, currency=currency, earned=earned, awaited=waits, orders=orders)
        for (day, currency), (earned, waits, orders) in sorted(found.items())[:DAYS_MAX]
    ]


async def payouts_of(read: Read, merchant_id: UUID, order_ids: Sequence[UUID]) -> dict[UUID, OrderPayout]:
    """When these orders of a shop are paid out: at the latest while they are on their way, from which day on once they are
    received, and by which statement. Of what is not sent, cancelled or settled elsewhere nothing is known."""
    rows = await read.fetch(
        """
        SELECT o.order_id, o.receive_by, e.due_on, s.statement_id, s.code, s.day, s.paid_at
        FROM orders o
        LEFT JOIN settlement_entries e ON (e.merchant_id, e.document) = (o.merchant_id, o.order_id) AND e.kind = 'sale'
        LEFT JOIN statements s ON (s.merchant_id, s.statement_id) = (e.merchant_id, e.statement_id)
        WHERE o.merchant_id = $1 AND o.order_id = ANY($2) AND o.state IN ('shipped', 'completed')
          AND (e.due_on IS NULL OR e.due_on < $3)
        """,
        merchant_id,
        list(order_ids),
        PAID_ELSEWHERE,
    )
    if not rows:
        return {}
    terms = await agreed(read, [merchant_id])
    found: dict[UUID, OrderPayout] = {}
    for row in rows:
        if row["day"] is not None:
            day = settlement_day(row["paid_at"]) if row["paid_at"] else row["day"]
            stands = "paid" if row["paid_at"] else "issued"
        elif row["due_on"] is not None:
            day, stands = row["due_on"], "earned"
        elif row["receive_by"] is not None:
            day, stands = terms.due_on(merchant_id, row["receive_by"]), "awaited"
        else:
            continue
        found[row["order_id"]] = OrderPayout(
            day=day, stands=stands, statement_id=row["statement_id"], statement=row["code"] or ""
        )
    return found


async def due_by(read: Read, merchant_id: UUID, day: date) -> dict[str, int]:
    """What of a shop is due by a day and on no statement, by currency; below zero where it owes."""
    rows = await read.fetch(
        """
        SELECT currency, sum(amount)::bigint AS amount FROM settlement_entries
        WHERE merchant_id = $1 AND statement_id IS NULL AND due_on <= $2 GROUP BY currency ORDER BY currency
        """,
        merchant_id,
        day,
    )
    return {row["currency"]: row["amount"] for row in rows}


async def held(read: Read, merchant_id: UUID) -> list[Held]:
    """What is held for orders that are still to be sent."""
    return await read.all(
        Held,
        """
        SELECT currency, sum(total - refunded - commission + commission_returned + subsidy - subsidy_returned)::bigint
                   AS income
             , count(*)::integer AS orders
        FROM orders WHERE merchant_id = $1 AND state = ANY('{paid,partly_shipped}') GROUP BY currency ORDER BY currency
        """,
        merchant_id,
    )


async def awaited(
    read: Read, merchant_id: UUID, cursor: str | None = None, limit: int | None = None
) -> Page[AwaitedOrder]:
    """The orders on their way, the earliest deadline of receipt first."""
    at, order_id = paging.read_cursor(cursor, datetime, UUID) or (None, UUID(int=0))
    most = paging.limit(limit)
    found = await read.all(
        AwaitedOrder,
        """
        SELECT order_id, code, currency
             , total - refunded - commission + commission_returned + subsidy - subsidy_returned AS income, receive_by
             , delivered_at
        FROM orders
        WHERE merchant_id = $1 AND state = 'shipped'
          AND (receive_by, order_id) > (coalesce($2::timestamptz, '-infinity'), $3)
        ORDER BY receive_by, order_id LIMIT $4
        """,
        merchant_id,
        at,
        order_id,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.receive_by, last.order_id))


async def paid_out(read: Read, merchant_id: UUID) -> dict[str, int]:
    """By currency, what has been paid out in all."""
    rows = await read.fetch(
        """
        SELECT currency, sum(payout)::bigint AS payout FROM statements
        WHERE merchant_id = $1 AND state = 'paid' GROUP BY currency ORDER BY currency
        """,
        merchant_id,
    )
    return {row["currency"]: row["payout"] for row in rows}
