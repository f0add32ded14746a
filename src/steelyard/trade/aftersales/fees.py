"""What goes back beside the buyer's money: fees to the merchant, subsidies to the platform. See docs/algorithms/fees.md."""

from collections.abc import Sequence

import msgspec

from steelyard.kernel.db import Read
from steelyard.trade.aftersales.model import cumulative
from steelyard.trade.commission.model import FeePart, added
from steelyard.trade.orders.model import Order, OrderLine


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What goes back beside the buyer's money: fees to the merchant, and to the platform its part of what promotions took off."""

    fees: Sequence[FeePart]
    subsidy: int

    @property
    def commission(self) -> int:
        return sum(part.amount + part.tax for part in self.fees)

    @property
    def fee_tax(self) -> int:
        return sum(part.tax for part in self.fees)


async def all_fees_left(read: Read, order: Order, lines: Sequence[OrderLine]) -> list[FeePart]:
    """All that an order that is called off was charged and has not had back: nothing was sold, so no fee is kept."""
    rows = await read.fetch(
        """
        SELECT (f ->> 'fee_id')::uuid AS fee_id, sum((f ->> 'amount')::bigint)::bigint AS amount
             , coalesce(sum((f ->> 'tax')::bigint), 0)::bigint AS tax
        FROM order_refunds, jsonb_array_elements(fees) AS f WHERE merchant_id = $1 AND order_id = $2 GROUP BY 1
        """,
        order.merchant_id,
        order.order_id,
    )
    taken = [FeePart(fee_id=fee.fee_id, amount=fee.amount, tax=fee.tax)
             for fees in [*(line.fees for line in lines), order.freight_fees] for fee in fees]  # fmt: skip
    returned = [FeePart(fee_id=row["fee_id"], amount=-row["amount"], tax=-row["tax"]) for row in rows]
    return added([*taken, *returned])


def freight_subsidy_of(order: Order, whole: int, before: int, freight: int) -> int:
    """Of the platform's part of what was taken off an order's freight, what is taken back with `freight` more of the
    `whole` that the buyer paid for it, after `before`; in proportion, as of a line."""
    subsidy = sum(offer.platform for offer in order.freight_offers)
    if not subsidy or not whole:
        return 0
    return cumulative(subsidy, before + freight, whole) - cumulative(subsidy, before, whole)


def freight_fees_of(order: Order, whole: int, before: int, freight: int) -> list[FeePart]:
    """Of the fees on an order's freight, what goes back with `freight` more of the `whole` that the buyer paid for it, after
    `before`. What the buyer had for nothing never goes back, and nor do the fees on it."""
    if not whole:
        return []
    return [
        FeePart(
            fee_id=fee.fee_id,
            amount=cumulative(fee.amount, before + freight, whole) - cumulative(fee.amount, before, whole),
            tax=cumulative(fee.tax, before + freight, whole) - cumulative(fee.tax, before, whole),
        )
        for fee in order.freight_fees
        if not fee.kept
    ]
