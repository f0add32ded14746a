"""Questions about carts."""

from steelyard.goods import catalog, inventory, pricing, promotions
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.goods.pricing.model import Price
from steelyard.kernel.db import Read, Row
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.cart.model import LINES_PER_CART_MAX, SOURCE_COUNTS, CartGroup, CartLine, CartView, LineProblem


async def count(read: Read, buyer_id: BuyerId) -> int:
    """How many pieces lie in the cart."""
    return await read.value("SELECT coalesce(sum(quantity), 0)::integer FROM cart_lines WHERE buyer_id = $1", buyer_id)


async def view(read: Read, buyer_id: BuyerId) -> CartView:
    """The cart as it stands now, by shop, what was put in last first: prices and stock are of this moment.

    Prices are in the currency of each merchant, the one in which a checkout would ask for them.
    """
    rows = await read.fetch(
        """
        SELECT sku_id, merchant_id, quantity, selected, seen_price, currency
             , CASE WHEN added_at > now() - $3::interval THEN coalesce(source, '') ELSE '' END AS source
        FROM cart_lines WHERE buyer_id = $1 ORDER BY added_at DESC, sku_id LIMIT $2
        """,
        buyer_id,
        LINES_PER_CART_MAX,
        SOURCE_COUNTS,
    )
    sku_ids = [SkuId(row["sku_id"]) for row in rows]
    cards = await catalog.cards(read, sku_ids)
    free = await inventory.available(read, sku_ids)
    # While a flash sale runs, its pieces can be had, though nothing else may be left.
    left = await promotions.flash_left(read, {row["merchant_id"] for row in rows}, sku_ids)
    prices = await pricing.current_at_home(read, sku_ids)
    shops = await merchants.cards(read, {MerchantId(row["merchant_id"]) for row in rows})
    lines = [
        _line(
            row,
            cards.get(row["sku_id"]),
            prices.get(row["sku_id"]),
            max(free[row["sku_id"]], left.get(row["sku_id"], 0)),
            away=shops[row["merchant_id"]].resting,
        )
        for row in rows
    ]
    totals: dict[str, int] = {}
    for line in lines:
        if line.selected and line.buyable:
            totals[line.currency] = totals.get(line.currency, 0) + line.amount
    return CartView(
        groups=[
            CartGroup(shop=shops[merchant_id], lines=[line for line in lines if line.merchant_id == merchant_id])
            for merchant_id in dict.fromkeys(line.merchant_id for line in lines)
        ],
        totals=totals,
    )


def _line(row: Row, card: SkuCard | None, price: Price | None, free: int, *, away: bool) -> CartLine:
    problem = None
    if card is None or not card.on_sale or price is None:
        problem = LineProblem.OFF_SHELF
    elif away:
        problem = LineProblem.SHOP_AWAY
    elif free == 0:
        problem = LineProblem.SOLD_OUT
    elif free < row["quantity"]:
        problem = LineProblem.NOT_ENOUGH
    elif (price.amount, price.currency) != (row["seen_price"], row["currency"]):
        problem = LineProblem.PRICE_MOVED
    return CartLine(
        sku_id=row["sku_id"],
        merchant_id=MerchantId(row["merchant_id"]),
        card=card,
        quantity=row["quantity"],
        selected=row["selected"],
        price=price.amount if price else None,
        seen_price=row["seen_price"],
        currency=price.currency if price else row["currency"],
        free=free,
        problem=problem,
        source=row["source"],
    )
