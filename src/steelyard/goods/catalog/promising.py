"""What a shop promises with a product: how soon it is sent, what a counterfeit would cost it, and who bears return freight."""

from collections.abc import Mapping
from uuid import UUID

from steelyard.goods.catalog.events import ProductChanged
from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.parties.merchants.model import MerchantId


async def set_promises(
    tx: Tx,
    merchant_id: MerchantId,
    product_id: UUID,
    ship_hours: int | None,
    of_variants: Mapping[UUID, int | None],
    authentic_times: int,
    free_returns: bool = False,
) -> None:
    """These are the promises of a product from now on: hours after payment in which it leaves the house (none: no promise),
    of some variants other hours, how many times its price a counterfeit costs (0: no promise), and whether the
    shop bears what sending back costs, whatever the reason. Whether the platform's
    rules allow it is the caller's to know. Said twice, nothing changes. Raises `NotFound`."""
    touched = await tx.execute(
        """
        UPDATE products SET ship_hours = $3, authentic_times = $4, free_returns = $5, changed_at = now()
        WHERE merchant_id = $1 AND product_id = $2
        """,
        merchant_id,
        product_id,
        ship_hours,
        authentic_times,
        free_returns,
    )
    if not touched:
        raise NotFound()
    await tx.execute(
        """
        UPDATE skus s SET ship_hours = w.hours FROM unnest($3::uuid[], $4::integer[]) AS w (sku_id, hours)
        WHERE s.merchant_id = $1 AND s.product_id = $2 AND s.sku_id = w.sku_id
        """,
        merchant_id,
        product_id,
        list(of_variants),
        list(of_variants.values()),
    )
    await events.publish(tx, ProductChanged(merchant_id=merchant_id, product_id=product_id))
