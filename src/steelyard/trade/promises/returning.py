"""What sending goods back cost the buyer: paid when the shop has taken them back, by receipt, up to the rule's most.

Where the shop is to blame it bears it by the rule for that; where it promised free returns with the goods, whatever the reason.
Where both count, the rule that pays more does.
"""

from datetime import datetime
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import discipline, rights
from steelyard.trade.aftersales import REASONS
from steelyard.trade.orders.model import OrderId
from steelyard.trade.promises.model import Cause, Owed
from steelyard.trade.promises.paying import pay
from steelyard.trade.rights.model import Rule, RuleKind, Rules

BY = "system"


def freight_rule(known: Rules, reason: str, *, promised: bool, placed: datetime, currency: str) -> Rule | None:
    """The rule by which the shop bears what sending back costs, for a case with this reason about an order placed then;
    `promised`: with one of the goods that go back it promised free returns. None: the buyer bears it."""
    kinds = [
        *([RuleKind.RETURN_FREIGHT] if REASONS[reason].shops_fault else []),
        *([RuleKind.FREE_RETURNS] if promised else []),
    ]
    fitting = [rule for kind in kinds if (rule := known.promise(kind, placed, currency)) is not None]
    # Of equals the first: who is to blame bears it for that.
    return max(fitting, key=lambda rule: (rule.amount_most is None, rule.amount_most or 0), default=None)


async def pay_return_freight(tx: Tx, merchant_id: MerchantId, case_id: UUID, now: datetime) -> None:
    """Pay what the buyer said that sending back had cost, once the shop has taken the goods back: the money for them has gone
    back, or others are sent instead. Said twice, it is paid once."""
    row = await tx.row(
        """
        SELECT c.order_id, o.buyer_id, o.currency, o.placed_at, c.reason, c.return_freight, l.line, l.promised
        FROM aftersales_cases c
        JOIN orders o USING (merchant_id, order_id)
        JOIN (SELECT w.merchant_id, w.case_id, min(w.line) AS line, bool_or(s.free_returns) AS promised
              FROM aftersales_case_lines w JOIN order_lines s USING (merchant_id, order_id, line)
              WHERE w.merchant_id = $1 AND w.case_id = $2 GROUP BY 1, 2) AS l USING (merchant_id, case_id)
        WHERE c.merchant_id = $1 AND c.case_id = $2 AND c.number IS NOT NULL AND c.return_freight > 0
          AND c.state IN ('refunded', 'accepted', 'resent', 'exchanged')
        """,
        merchant_id,
        case_id,
    )
    if row is None:
        return
    rule = freight_rule(
        await rights.rules(tx),
        row["reason"],
        promised=row["promised"],
        placed=row["placed_at"],
        currency=row["currency"],
    )
    if rule is None:
        return
    await discipline.lock(tx, merchant_id)
    claimed = row["return_freight"]
    owed = Owed(
        merchant_id=merchant_id,
        order_id=OrderId(row["order_id"]),
        line=row["line"],
        cause=Cause.RETURN_FREIGHT,
        buyer_id=BuyerId(row["buyer_id"]),
        rule_id=rule.rule_id,
        basis=claimed,
        amount=claimed if rule.amount_most is None else min(claimed, rule.amount_most),
        currency=row["currency"],
        due_at=now,
        case_id=case_id,
    )
    await pay(tx, [owed], BY, now)
