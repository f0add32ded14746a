"""Prices that stand on the shelf, on a product's page: what its variants cost now by what their shop has lowered."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from steelyard.goods import promotions
from steelyard.goods.catalog.model import ProductView
from steelyard.goods.pricing.model import Price
from steelyard.goods.promotions import Article, Lowered
from steelyard.goods.promotions.model import Offer
from steelyard.kernel.db import Read
from steelyard.surfaces.storefront.choosing import Choice, Variant


async def of_choice(read: Read, choice: Choice, offers: Sequence[Offer]) -> Mapping[UUID, Lowered]:
    """By SKU what is lowered of a product; of the chosen variant, which has a price struck out, with the lowest that it cost
    before. Where nothing of it is lowered, nothing is asked."""
    at = datetime.now(UTC)
    found = {
        article.sku_id: (article, low)
        for article in (_article(choice.product, each) for each in choice.variants if each.price is not None)
        if (low := promotions.lowered(article, offers, at)) is not None
    }
    chosen = found.get(choice.variant.sku.sku_id) if choice.variant else None
    known = await promotions.with_lowest(read, [chosen] if chosen else [])
    return {sku_id: known.get(sku_id, low) for sku_id, (_, low) in found.items()}


def _article(product: ProductView, variant: Variant) -> Article:
    assert variant.price is not None
    return Article(
        merchant_id=product.merchant_id,
        sku_id=variant.sku.sku_id,
        product_id=product.product_id,
        categories=product.category_path,
        currency=variant.price.currency,
        usual=variant.price.amount,
    )


def price_now(price: Price, low: Lowered | None) -> Price:
    """The price that stands on the shelf."""
    return price if low is None else msgspec.structs.replace(price, amount=low.price, compare_at=low.was)
