"""What some shops of the demo do for those who buy more of them: a gift, a set at one price, a price for regulars; and what one
has lowered for everybody."""

from uuid import UUID

import msgspec

from steelyard.demo.products import made
from steelyard.goods import catalog, pricing, promotions
from steelyard.goods.catalog.model import ProductState, SkuId
from steelyard.goods.promotions.model import Bundle, Gift, Group, GroupId, Offer, PromotionId, Scope, SpecialPrice
from steelyard.kernel.db import Tx
from steelyard.kernel.money import share
from steelyard.kernel.text import Text, text
from steelyard.parties.merchants.model import MerchantId

# Not of the shops in whose baskets journeys count every cent.
GIVING, TOGETHER, FOR_REGULARS, LOWERING = "tongqu", "mingmu", "kouzi", "qingxu"
# And one of the shop whose console is looked at; nothing is offered to it.
OWN = "zoufang"
LOOKED_AT = 8
OVER = 30_000


async def favour(tx: Tx, usual: Offer) -> None:
    """`usual`: whose days, name and currency these have, too."""
    await _group(tx, OWN, text("老客", "Regulars"), orders=2)
    regulars = await _group(tx, FOR_REGULARS, text("会员", "Members"), orders=2)
    for slug, name, which in (
        (GIVING, text("满 300 送好礼", "A gift over 300"), "gift"),
        (TOGETHER, text("一起买更划算", "Better together"), "bundle"),
        (FOR_REGULARS, text("会员专享价", "Members' price"), "members"),
        (LOWERING, text("年末直降", "Year-end sale"), "lower"),
    ):
        merchant_id = MerchantId(made("merchant", slug))
        offer = msgspec.structs.replace(
            usual, merchant_id=merchant_id, promotion_id=PromotionId(made("promotion", slug, which)), name=name
        )
        goods = await _goods(tx, merchant_id, usual.currency)
        await offered(tx, _with_rule(offer, which, goods, regulars))


async def offered(tx: Tx, offer: Offer) -> None:
    """Offer it, if it is not there yet: a demo that was broken off while it was made goes on at another hour, and what has begun
    is not offered otherwise."""
    if await promotions.get(tx, offer.merchant_id, offer.promotion_id) is None:
        await promotions.save(tx, offer)


async def _group(tx: Tx, slug: str, name: Text, *, orders: int) -> GroupId:
    group_id = GroupId(made("group", slug))
    group = Group(merchant_id=MerchantId(made("merchant", slug)), group_id=group_id, name=name, orders=orders, days=365)
    await promotions.set_group(tx, group)
    return group_id


async def _goods(tx: Tx, merchant_id: MerchantId, currency: str) -> list[tuple[int, SkuId, UUID]]:
    """Price, variant and product of some of its goods, the cheapest first: one variant of each."""
    page = await catalog.products_page(tx, merchant_id, ProductState.ON_SHELF, limit=LOOKED_AT)
    by_product = await catalog.sku_ids_of(tx, merchant_id, [row.product_id for row in page.items])
    first = {SkuId(some[0]): product_id for product_id, some in by_product.items() if some}
    prices = await pricing.current(tx, first, currency)
    return sorted((price.amount, sku_id, first[sku_id]) for sku_id, price in prices.items())


def _with_rule(offer: Offer, which: str, goods: list[tuple[int, SkuId, UUID]], group_id: GroupId) -> Offer:
    (price, sku_id, product_id), (other_price, other, other_product) = goods[:2]
    match which:
        case "gift":
            return msgspec.structs.replace(offer, rule=Gift(over=OVER, sku_id=sku_id, worth=price))
        case "bundle":
            together = price + other_price
            rule = Bundle(parts={sku_id: 1, other: 1}, price=together - share(together, 150_000))
            return msgspec.structs.replace(
                offer, rule=rule, scope=Scope(products=frozenset([product_id, other_product]))
            )
        case "lower":
            some = frozenset(product_id for _, _, product_id in goods[::2])
            return msgspec.structs.replace(
                offer, rule=SpecialPrice(millionths=150_000), shelf=True, scope=Scope(products=some)
            )
        case _:
            return msgspec.structs.replace(offer, rule=SpecialPrice(millionths=100_000), group_id=group_id)
