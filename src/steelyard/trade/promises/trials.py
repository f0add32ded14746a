"""A draft of a promise tried on past orders: what it would have cost shops, had it always been the newest version."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Row
from steelyard.trade import rights
from steelyard.trade.orders.model import OrderId
from steelyard.trade.promises.model import Cause, compensation
from steelyard.trade.rights.model import CountedFrom, Rule, RuleKind, Rules

LINES_PER_TRIAL_MAX = 5_000
EXAMPLES_MAX = 20
CAUSES = {
    RuleKind.SHIP_PROMISE: Cause.LATE,
    RuleKind.AUTHENTICITY: Cause.COUNTERFEIT,
    RuleKind.RETURN_FREIGHT: Cause.RETURN_FREIGHT,
}


class Differing(msgspec.Struct, frozen=True, kw_only=True):
    """A line that would have cost its shop something else."""

    order_id: OrderId
    code: str
    currency: str
    before: int
    after: int


class PromiseTrial(msgspec.Struct, frozen=True, kw_only=True):
    """So many `lines` were looked at, the newest first, `cut` when there were more; what they cost by currency, by the rules of
    today and with the draft. Of a price protection: as if every buyer had claimed at the price of today."""

    lines: int
    otherwise: int
    before: Mapping[str, int]
    after: Mapping[str, int]
    cut: bool
    examples: Sequence[Differing]


async def trial(read: Read, draft: Rule, days: int, now: datetime | None = None) -> PromiseTrial:
    """Reckon every line of the last days that this kind of promise is about twice."""
    now = now or datetime.now(UTC)
    since, known = now - timedelta(days=days), await rights.rules(read)
    tried = known.tried(draft)
    asked = _fallen if draft.kind is RuleKind.PRICE_PROTECTION else _broken
    rows = await asked(read, draft.kind, since)
    found = [
        Differing(
            order_id=row["order_id"],
            code=row["code"],
            currency=row["currency"],
            before=_costs(row, draft.kind, known, now),
            after=_costs(row, draft.kind, tried, now),
        )
        for row in rows
    ]
    before, after = Counter[str](), Counter[str]()
    for each in found:
        before[each.currency] += each.before
        after[each.currency] += each.after
    differing = [each for each in found if each.before != each.after]
    return PromiseTrial(
        lines=len(found),
        otherwise=len(differing),
        before=before,
        after=after,
        cut=len(rows) == LINES_PER_TRIAL_MAX,
        examples=differing[:EXAMPLES_MAX],
    )


async def _broken(read: Read, kind: RuleKind, since: datetime) -> list[Row]:
    """Broken promises of this kind that nothing but a missing rule excused."""
    return await read.fetch(
        """
        SELECT c.order_id, o.code, c.currency, o.placed_at, c.basis, l.authentic_times AS times, '{}'::uuid[] AS path
        FROM compensations c
        JOIN orders o USING (merchant_id, order_id)
        JOIN order_lines l ON l.merchant_id = c.merchant_id AND l.order_id = c.order_id AND l.line = c.line
        WHERE c.at >= $1 AND c.cause = $2 AND coalesce(c.excuse, 'no_rule') = 'no_rule'
        ORDER BY c.at DESC, c.document DESC LIMIT $3
        """,
        since,
        CAUSES[kind],
        LINES_PER_TRIAL_MAX,
    )


async def _fallen(read: Read, _kind: RuleKind, since: datetime) -> list[Row]:
    """Lines that cost less today than was paid for what is kept of them."""
    return await read.fetch(
        """
        SELECT o.order_id, o.code, o.currency, o.placed_at, c.path
             , coalesce(o.delivered_at, o.completed_at) AS received_at
             , l.amount - l.refunded - p.amount * (l.quantity - l.refunded_quantity) AS basis
        FROM orders o
        JOIN order_lines l USING (merchant_id, order_id)
        JOIN prices p ON p.merchant_id = l.merchant_id AND p.sku_id = l.sku_id AND p.currency = o.currency
        JOIN products g ON g.merchant_id = l.merchant_id AND g.product_id = l.product_id
        JOIN categories c USING (category_id)
        WHERE o.placed_at >= $1 AND o.state IN ('paid', 'partly_shipped', 'shipped', 'completed')
          AND coalesce(o.source, '') NOT LIKE 'import:%'
          AND l.amount - l.refunded > p.amount * (l.quantity - l.refunded_quantity)
        ORDER BY o.placed_at DESC, o.order_id DESC, l.line LIMIT $2
        """,
        since,
        LINES_PER_TRIAL_MAX,
    )


def _costs(row: Row, kind: RuleKind, known: Rules, now: datetime) -> int:
    path: list[UUID] = row["path"]
    rule = known.promise(kind, row["placed_at"], row["currency"], path)
    if rule is None:
        return 0
    if kind is RuleKind.SHIP_PROMISE:
        return compensation(rule, row["basis"])
    if kind is RuleKind.AUTHENTICITY:
        amount = row["basis"] * min(row["times"], rule.times_most)
    elif kind is RuleKind.RETURN_FREIGHT:
        amount = row["basis"]
    else:
        begun = row["placed_at"] if rule.counted_from is CountedFrom.PLACED else row["received_at"]
        amount = row["basis"] if begun is None or now < begun + timedelta(days=rule.days) else 0
    return amount if rule.amount_most is None else min(amount, rule.amount_most)
