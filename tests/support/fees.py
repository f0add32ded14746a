"""Fees as an order line keeps them."""

from steelyard.kernel import ids
from steelyard.kernel.text import text
from steelyard.trade.commission.model import SALES_COMMISSION, FeeId, LineFee


def charged(amount: int, tax: int = 0, *, kept: bool = False, fee_id: FeeId = SALES_COMMISSION) -> list[LineFee]:
    """One fee of so much; none where it is nothing."""
    fee = LineFee(fee_id=fee_id, name=text("佣金", "Commission"), amount=amount, tax=tax, kept=kept)
    return [fee] if fee.whole else []


def another() -> FeeId:
    return FeeId(ids.mint())
