"""What will be paid out, and when: computed from what is earned and from the deadlines of what is on its way."""

from datetime import date, datetime, timedelta
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.trade.settlement.model import PAID_ELSEWHERE, AwaitedOrder, Expected, Held
from steelyard.trade.settlement.terms import agreed

DAYS_MAX = 200


async def expected(read: Read, merchant_id: UUID) -> list[Expected]:
    """By day and currency, what statements may pay: nobody confirms earlier than the deadlines, everybody by then. What the shop
    has agreed of a minimum and of a reserve is not taken off."""
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
    found: dict[tuple[date, str], tuple[int, int, int]] = {}
    for row in rows:
        day = row["day"]
        if row["awaits"]:
            its = terms.on(merchant_id, day)
            day = its.first_day(day + timedelta(days=its.days))
        earned, awaits, orders = found.get((day, row["currency"]), (0, 0, 0))
        amount = row["amount"]
        more = (0, amount) if row["awaits"] else (amount, 0)
        found[day, row["currency"]] = (earned + more[0], awaits + more[1], orders + row["orders"])
    return [
        Expected(day=day, currency=currency, earned=earned, awaited=awaits, orders=orders)
        for (day, currency), (earned, awaits, orders) in sorted(found.items())[:DAYS_MAX]
    ]


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
