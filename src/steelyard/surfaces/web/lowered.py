"""Prices that stand on the shelf, on a product's page and in the cart: what variants cost now by what their shop has lowered."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from steelyard.goods import promotions
from steelyard.goods.catalog.model import SkuId
from steelyard.goods.pricing.model import Price
from steelyard.goods.promotions import Article, Lowered
from steelyard.goods.promotions.model import Offer
from steelyard.kernel.db import Read
from steelyard.surfaces.web.choosing import Choice
from steelyard.trade.cart.model import CartView


async def of_choice(read: Read, choice: Choice, offers: Sequence[Offer]) -> Mapping[UUID, Lowered]:
    """By SKU what is lowered of a product; of the chosen variant, which has a price struck out, with the lowest that it cost
    before. Where nothing of it is lowered, nothing is asked."""
    at = datetime.now(UTC)
    prices = {SkuId(each.sku.sku_id): each.price for each in choice.variants if each.price is not None}
    found = {
        article.sku_id: (article, low)
        for article in promotions.articles_of(choice.product, prices)
        if (low := promotions.lowered(article, offers, at)) is not None
    }
    chosen = found.get(choice.variant.sku.sku_id) if choice.variant else None
    known = await promotions.with_lowest(read, [chosen] if chosen else [])
    return {sku_id: known.get(sku_id, low) for sku_id, (_, low) in found.items()}


async def of_cart(read: Read, view: CartView, running: Mapping[UUID, Sequence[Offer]]) -> Mapping[UUID, Lowered]:
    """By SKU what is lowered of what lies in a cart, with what it cost least before. Where nothing is, nothing is asked. What is
    in a flash sale is told at the line's price when its pieces are enough for all that is wanted."""
    at = datetime.now(UTC)
    found: list[tuple[Article, Lowered]] = []
    for line in view.lines:
        if line.card is None or line.price is None:
            continue
        article = Article(
            merchant_id=line.merchant_id,
            sku_id=line.sku_id,
            product_id=line.card.product_id,
            categories=line.card.category_path,
            currency=line.currency,
            usual=line.price,
        )
        offers = [
            each for each in running.get(line.merchant_id, ()) if each.flash is None or each.flash.left >= line.quantity
        ]
        low = promotions.lowered(article, offers, at)
        if low is not None:
            found.append((article, low))
    return await promotions.with_lowest(read, found)


def price_now(price: Price, low: Lowered | None) -> Price:
    """The price that stands on the shelf."""
    return price if low is None else msgspec.structs.replace(price, amount=low.price, compare_at=low.was)
