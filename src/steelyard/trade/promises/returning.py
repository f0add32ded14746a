"""What sending goods back cost the buyer, where the shop is to blame: paid with the refund, by receipt, up to the rule's most."""

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
from steelyard.trade.rights.model import RuleKind

BY = "system"
FAULTS = [name for name, why in REASONS.items() if why.shops_fault]


async def pay_return_freight(tx: Tx, merchant_id: MerchantId, case_id: UUID, now: datetime) -> None:
    """Pay what the buyer said that sending back had cost, once the shop has taken the goods back: the money for them has gone
    back, or others are sent instead. Who changed their mind bears it. Said twice, it is paid once."""
    row = await tx.row(
        """
        SELECT c.order_id, o.buyer_id, o.currency, o.placed_at, c.return_freight
             , (SELECT min(l.line) FROM aftersales_case_lines l
                WHERE l.merchant_id = c.merchant_id AND l.case_id = c.case_id) AS line
        FROM aftersales_cases c JOIN orders o USING (merchant_id, order_id)
        WHERE c.merchant_id = $1 AND c.case_id = $2 AND c.number IS NOT NULL AND c.return_freight > 0
          AND c.state IN ('refunded', 'accepted', 'resent', 'exchanged') AND c.reason = ANY($3)
        """,
        merchant_id,
        case_id,
        FAULTS,
    )
    if row is None:
        return
    rule = (await rights.rules(tx)).promise(RuleKind.RETURN_FREIGHT, row["placed_at"], row["currency"])
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
