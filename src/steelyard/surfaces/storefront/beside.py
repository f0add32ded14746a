"""What stands beside a product: other goods, and how its shop is rated.

Most of it is of a category or of a shop, and many pages show it: it is read once for all of them every few seconds. What a
page says of its own product is never taken from here.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from steelyard.goods import search
from steelyard.goods.catalog.model import ProductView
from steelyard.goods.search.model import Hit, Query, Sort
from steelyard.kernel.db import Read
from steelyard.kernel.keeping import kept_by_key
from steelyard.operations import recommendations
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.trade import favourites, reviews
from steelyard.trade.reviews.model import ShopScore

# As long as lists may be said again: see decision 0056.
SECONDS = 10.0
GOODS_MAX = 10
SIMILAR_KEPT = "surfaces.storefront.beside.similar"
OF_SHOP_KEPT = "surfaces.storefront.beside.of_shop"
SCORE_KEPT = "surfaces.storefront.beside.score"


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """Other goods beside this one, and the shops they are from."""

    bought: Sequence[Hit]
    similar: Sequence[Hit]
    of_shop: Sequence[Hit]
    seen: Sequence[Hit]
    shops: Mapping[MerchantId, ShopCard]

    @property
    def about(self) -> set[UUID]:
        """The products and shops that are shown."""
        hits = [*self.bought, *self.similar, *self.of_shop, *self.seen]
        return {each for hit in hits for each in (hit.product_id, hit.merchant_id)}


async def goods(
    read: Read, buyer_id: BuyerId | None, product: ProductView, seconds: float
) -> tuple[Hit | None, Beside]:
    """The product's own card, if it is on the shelf, and what goes with it: what others bought too, what sells best in its
    category and in its shop, what this buyer has looked at."""
    own: tuple[UUID, UUID] = (product.merchant_id, product.product_id)
    partners = await recommendations.partners(read, product.product_id)
    steps = (await favourites.footprints(read, buyer_id, limit=GOODS_MAX + 1)).items if buyer_id else []
    walked = [(each.merchant_id, each.product_id) for each in steps if each.product_id != product.product_id]
    cards = await search.cards(read, [own, *partners, *walked])
    found: dict[tuple[UUID, UUID], Hit] = {(hit.merchant_id, hit.product_id): hit for hit in cards}
    bought = [found[each] for each in partners if each in found and found[each].in_stock]
    seen = [found[each] for each in walked if each in found]
    alike = await similar(read, product, seconds)
    return found.get(own), Beside(
        bought=bought[:GOODS_MAX],
        similar=alike,
        of_shop=await _of_shop(read, product, seconds),
        seen=seen[:GOODS_MAX],
        shops=await shops(read, [*bought, *alike, *seen]),
    )


async def similar(read: Read, product: ProductView, seconds: float) -> list[Hit]:
    """What sells best in the same category, but the product itself."""

    async def ask() -> Sequence[Hit]:
        return await search.best_selling(read, product.category_id, limit=GOODS_MAX + 1)

    return _others(await kept_by_key(read, SIMILAR_KEPT, product.category_id, ask, seconds=seconds), product)


async def _of_shop(read: Read, product: ProductView, seconds: float) -> list[Hit]:
    async def ask() -> Sequence[Hit]:
        query = Query(merchant_id=product.merchant_id, sort=Sort.SALES, limit=GOODS_MAX + 1, facets=False)
        return (await search.find(read, query)).hits

    return _others(await kept_by_key(read, OF_SHOP_KEPT, product.merchant_id, ask, seconds=seconds), product)


def _others(hits: Sequence[Hit], product: ProductView) -> list[Hit]:
    return [hit for hit in hits if hit.product_id != product.product_id][:GOODS_MAX]


async def shops(read: Read, hits: Sequence[Hit]) -> dict[MerchantId, ShopCard]:
    """The shops of these goods."""
    return await merchants.cards(read, {hit.merchant_id for hit in hits})


async def score(read: Read, merchant_id: MerchantId, seconds: float) -> ShopScore | None:
    """How buyers find this shop; it is worked out once a day."""

    async def ask() -> ShopScore | None:
        return (await reviews.scores(read, [merchant_id])).get(merchant_id)

    return await kept_by_key(read, SCORE_KEPT, merchant_id, ask, seconds=seconds)
