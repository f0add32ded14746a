"""What an entry shows of a product's prices: those that stand on the shelf, with what is lowered for everybody."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.goods import promotions
from steelyard.goods.promotions import Article, Lowered
from steelyard.kernel.db import Row, Tx


class ShownPrice(msgspec.Struct, frozen=True):
    """Of the cheapest SKU what it costs and what is struck out beside it, what the dearest costs, and what the cheapest would
    cost if nothing were lowered (none: nothing is). `flash`: pieces of a flash sale are left."""

    price: int
    price_to: int
    compare_at: int | None
    usual: int | None
    flash: bool


async def shown_prices(tx: Tx, facts: Sequence[Row]) -> list[ShownPrice]:
    """Of each of these products, by `prices`: its SKUs, the cheapest first, as `(sku_id, amount, compare_at)`."""
    prices = [[(UUID(sku_id), amount, compare) for sku_id, amount, compare in row["prices"]] for row in facts]
    found = await promotions.lowered_now(
        tx,
        [
            Article(
                merchant_id=row["merchant_id"],
                sku_id=sku_id,
                product_id=row["product_id"],
                categories=row["category_path"],
                currency=row["currency"],
                usual=amount,
            )
            for row, some in zip(facts, prices, strict=True)
            for sku_id, amount, _ in some
        ],
    )
    return [_shown(some, found) for some in prices]


def _shown(prices: Sequence[tuple[UUID, int, int | None]], found: dict[UUID, Lowered]) -> ShownPrice:
    if found.keys().isdisjoint(sku_id for sku_id, _, _ in prices):
        return ShownPrice(prices[0][1], prices[-1][1], prices[0][2], None, False)
    now: list[tuple[int, int | None, Lowered | None]] = [
        (low.price, low.was, low) if (low := found.get(sku_id)) else (amount, compare, None)
        for sku_id, amount, compare in prices
    ]
    price, compare_at, _ = min(now, key=lambda each: each[0])
    flash = any(low is not None and low.offer.flash is not None for _, _, low in now)
    return ShownPrice(price, max(each[0] for each in now), compare_at, prices[0][1], flash)
