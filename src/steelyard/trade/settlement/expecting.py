"""What will be paid out, and when: computed from what is earned and from the deadlines of what is on its way. And what the
merchant says of the statements that come of it."""

from datetime import datetime
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.trade.settlement.model import PAID_ELSEWHERE, AwaitedOrder, Check, Expected, Held, Objected

DAYS_MAX = 200
CHECK_CHARACTERS_MAX = 500
CHECKS_MAX = 20
# Where a first page begins: after every statement of the same instant.
_LAST = UUID(int=2**128 - 1)


async def expected(read: Read, merchant_id: UUID) -> list[Expected]:
    """By day and currency, what statements may pay: nobody confirms earlier than the deadlines, everybody by then."""
    return await read.all(
        Expected,
        """
        WITH coming AS (
            SELECT e.due_on AS day, e.currency, e.amount AS earned, 0::bigint AS awaited, e.order_id
            FROM settlement_entries e
            WHERE e.merchant_id = $1 AND e.statement_id IS NULL AND e.due_on < $2
            UNION ALL
            SELECT (o.receive_by AT TIME ZONE 'Asia/Shanghai')::date + m.settlement_days, o.currency, 0::bigint
                 , o.total - o.refunded - o.commission + o.commission_returned + o.subsidy - o.subsidy_returned
                 , o.order_id
            FROM orders o JOIN merchants m USING (merchant_id)
            WHERE o.merchant_id = $1 AND o.state = 'shipped' AND o.receive_by IS NOT NULL
        )
        SELECT day, currency, sum(earned)::bigint AS earned, sum(awaited)::bigint AS awaited
             , count(DISTINCT order_id)::integer AS orders
        FROM coming GROUP BY day, currency ORDER BY day, currency LIMIT $3
        """,
        merchant_id,
        PAID_ELSEWHERE,
        DAYS_MAX,
    )


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


async def check_statement(tx: Tx, merchant_id: UUID, statement_id: UUID, *, agreed: bool, words: str, by: str) -> None:
    """The merchant agrees with a statement, or says what is wrong with it. Raises `NotFound`, `Invalid`."""
    words = words.strip()
    if not agreed and not words:
        raise Invalid({"words": N_("Please say what is wrong")})
    if len(words) > CHECK_CHARACTERS_MAX:
        raise Invalid({"words": N_("Please be brief: 500 characters at most")})
    if not await tx.value(
        "SELECT true FROM statements WHERE merchant_id = $1 AND statement_id = $2 FOR UPDATE", merchant_id, statement_id
    ):
        raise NotFound()
    said = await checks_of(tx, merchant_id, statement_id)
    if said and said[-1].agreed == agreed and said[-1].words == words:
        return
    if len(said) >= CHECKS_MAX:
        raise Invalid({"words": N_("Enough has been said of this statement. Please write to the marketplace.")})
    await tx.execute(
        """
        INSERT INTO statement_checks (merchant_id, statement_id, check_no, agreed, words, by)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        merchant_id,
        statement_id,
        len(said) + 1,
        agreed,
        words,
        by,
    )


async def checks_of(read: Read, merchant_id: UUID, statement_id: UUID) -> list[Check]:
    """What the merchant said of a statement, the first first."""
    return await read.all(
        Check,
        """
        SELECT agreed, words, by, at FROM statement_checks WHERE merchant_id = $1 AND statement_id = $2 ORDER BY check_no
        """,
        merchant_id,
        statement_id,
    )


async def objected(read: Read, *, cursor: str | None = None, limit: int | None = None) -> Page[Objected]:
    """Everybody's statements that the merchant objects to, the one objected to last first: for the operator. What was
    agreed to afterwards is no objection any more."""
    size = paging.limit(limit)
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    found = await read.all(
        Objected,
        """
        SELECT c.at AS objected_at, c.words AS objection, s.merchant_id, s.statement_id, s.code, s.day, s.currency, s.sales
             , s.commission, s.refunds, s.commission_returned, s.adjustments, s.payout, s.state, s.issued_at, s.paid_at, s.failure
             , s.bank_reference, s.subsidy, s.subsidy_returned
        FROM statement_checks c JOIN statements s USING (merchant_id, statement_id)
        WHERE NOT c.agreed AND (c.at, c.statement_id) < (coalesce($1::timestamptz, 'infinity'), coalesce($2::uuid, $4))
          AND NOT EXISTS (SELECT FROM statement_checks l
                          WHERE (l.merchant_id, l.statement_id) = (c.merchant_id, c.statement_id)
                            AND l.check_no > c.check_no)
        ORDER BY c.at DESC, c.statement_id DESC LIMIT $3
        """,
        *key,
        size + 1,
        _LAST,
    )
    return paging.cut(found, size, lambda last: (last.objected_at, last.statement_id))


async def unchecked(read: Read, merchant_id: UUID, most: int) -> int:
    """How many of the latest statements nobody has looked at, counted up to `most`."""
    return await read.value(
        """
        SELECT count(*) FROM (
            SELECT FROM statements s
            WHERE s.merchant_id = $1 AND s.issued_at > now() - interval '30 days'
              AND NOT EXISTS (SELECT FROM statement_checks c
                              WHERE c.merchant_id = s.merchant_id AND c.statement_id = s.statement_id)
            LIMIT $2) AS latest
        """,
        merchant_id,
        most,
    )
