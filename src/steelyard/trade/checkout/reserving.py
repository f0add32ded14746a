"""Keeping the pieces of what is being placed."""

from collections.abc import Sequence
from itertools import chain
from uuid import UUID

from steelyard.goods import inventory
from steelyard.goods.inventory.model import Wanted
from steelyard.kernel.db import Tx
from steelyard.trade.checkout.model import Checkout, CheckoutId, Quote, SoldOut
from steelyard.trade.orders.model import order_id_of


async def reserve(tx: Tx, ready: Sequence[tuple[Checkout, Quote]]) -> dict[CheckoutId, SoldOut]:
    """Keep the pieces of each checkout, all or none; returns who was refused. Those of flash sales are kept already, and
    are held."""
    wanted = [
        Wanted(
            merchant_id=group.shop.merchant_id,
            order_id=order_id_of(checkout.purchase_id, group.shop.merchant_id),
            sku_id=line.card.sku_id,
            quantity=line.quantity,
            request=checkout.purchase_id,
        )
        for checkout, costs in ready
        for group in costs.groups
        for line in group.sent
        if not line.flash
    ]
    if not wanted:
        return {}
    free: dict[UUID, dict[UUID, int]] = {}
    for shortage in await inventory.reserve(tx, wanted):
        free.setdefault(shortage.request, {})[shortage.sku_id] = shortage.free
    return {
        checkout.checkout_id: SoldOut(
            shortages=[
                {"line_id": line.line_id, "free": free[checkout.purchase_id][line.card.sku_id]}
                for line in chain.from_iterable(group.sent for group in costs.groups)
                if line.card.sku_id in free[checkout.purchase_id] and not line.flash
            ]
        )
        for checkout, costs in ready
        if checkout.purchase_id in free
    }
