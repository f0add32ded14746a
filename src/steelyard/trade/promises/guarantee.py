"""Guaranteed genuine: what a counterfeit costs the shop that promised, once the platform has found that it is one.

The buyer opens an after-sales case with that reason; when the platform decides it for the buyer, and the money for the goods
goes back, the shop also pays so many times what went back of each piece as it promised when the order was placed, at most as
many times as the rule in force that day allows.
"""

from datetime import datetime
from uuid import UUID

from steelyard.kernel.db import Row, Tx
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import discipline, rights
from steelyard.trade.aftersales import COUNTERFEIT, Verdict
from steelyard.trade.orders.model import OrderId
from steelyard.trade.promises.model import Cause, Owed
from steelyard.trade.promises.paying import pay
from steelyard.trade.rights.model import RuleKind, Rules

BY = "system"


async def pay_for_counterfeit(tx: Tx, merchant_id: MerchantId, case_id: UUID, now: datetime) -> None:
    """Pay what a shop promised for goods that the platform found not to be genuine. A case that is about something else, or
    that the platform did not decide so, costs nothing more. Said twice, it is paid once."""
    rows = await tx.fetch(
        """
        SELECT c.order_id, c.case_id, l.line, o.buyer_id, o.currency, o.placed_at, l.authentic_times, r.amount AS basis
        FROM aftersales_cases c
        JOIN orders o USING (merchant_id, order_id)
        JOIN order_refund_lines r ON r.merchant_id = c.merchant_id AND r.refund_id = c.refund_id
        JOIN order_lines l ON l.merchant_id = r.merchant_id AND l.order_id = r.order_id AND l.line = r.line
        WHERE c.merchant_id = $1 AND c.case_id = $2 AND c.state = 'refunded' AND c.reason = $3 AND c.verdict = ANY($4)
          AND l.authentic_times > 0 AND r.amount > 0
        ORDER BY l.line
        """,
        merchant_id,
        case_id,
        COUNTERFEIT,
        [Verdict.REFUND, Verdict.RETURN],
    )
    known = await rights.rules(tx)
    owed = [each for each in (_owed(merchant_id, row, known, now) for row in rows) if each is not None]
    if owed:
        await discipline.lock(tx, merchant_id)
        await pay(tx, owed, BY, now)


def _owed(merchant_id: MerchantId, row: Row, known: Rules, now: datetime) -> Owed | None:
    rule = known.promise(RuleKind.AUTHENTICITY, row["placed_at"], row["currency"])
    if rule is None:
        return None
    amount = row["basis"] * min(row["authentic_times"], rule.times_most)
    return Owed(
        merchant_id=merchant_id,
        order_id=OrderId(row["order_id"]),
        line=row["line"],
        cause=Cause.COUNTERFEIT,
        buyer_id=BuyerId(row["buyer_id"]),
        rule_id=rule.rule_id,
        basis=row["basis"],
        amount=amount if rule.amount_most is None else min(amount, rule.amount_most),
        currency=row["currency"],
        due_at=now,
        case_id=row["case_id"],
    )
