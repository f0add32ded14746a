"""How much of a purchase that waits for its payment the buyer's own purses pay."""

import msgspec

from steelyard.kernel.db import Tx
from steelyard.trade.orders.model import Purchase, PurchaseState


async def set_tendered(tx: Tx, purchase: Purchase, tendered: int) -> Purchase:
    """A locked purchase is paid so far (minor units) out of purses, from now on; a channel collects the rest."""
    assert purchase.state is PurchaseState.PLACED and 0 <= tendered <= purchase.total
    await tx.execute(
        "UPDATE purchases SET tendered = $3 WHERE buyer_id = $1 AND purchase_id = $2",
        purchase.buyer_id,
        purchase.purchase_id,
        tendered,
    )
    return msgspec.structs.replace(purchase, tendered=tendered)
