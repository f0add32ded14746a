"""Purchase limits of the demo: a shop that wants everybody to have some, and asks for two of the small things."""

from steelyard.demo.catalogue import Maker, makers
from steelyard.demo.products import made
from steelyard.goods import catalog
from steelyard.goods.catalog import Limited
from steelyard.goods.catalog.model import Limits, Period, ProductState
from steelyard.kernel.db import Database, Tx
from steelyard.parties.merchants.model import MerchantId

LIMITING = "qingxu"
# Of its goods that lie on the shelf for longest, one after the other.
LIMITS = (
    Limits(per_buyer=5, period=Period.MONTH),
    Limits(per_order=3),
    Limits(least=2),
    Limits(per_buyer=2, period=Period.EVER, per_order=1),
)


async def limit(db: Database) -> None:
    """As its staff would set them."""
    await db.transact(_limit, next(each for each in makers() if each.slug == LIMITING))


async def _limit(tx: Tx, maker: Maker) -> None:
    merchant_id = MerchantId(made("merchant", maker.slug))
    page = await catalog.products_page(tx, merchant_id, ProductState.ON_SHELF, limit=60)
    chosen = sorted(row.product_id for row in page.items)[: len(LIMITS)]
    for product_id, limits in zip(chosen, LIMITS, strict=False):
        await catalog.limit(tx, merchant_id, product_id, Limited(product=limits))
