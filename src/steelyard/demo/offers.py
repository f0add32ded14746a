"""What the shops of the demo offer, and the platform over all of them: reductions, coupons that lie open, one with a code; some
are the buyer's."""

from datetime import UTC, datetime, timedelta

import msgspec

from steelyard.demo.catalogue import Maker, makers
from steelyard.demo.circles import draw
from steelyard.demo.favours import favour, offered
from steelyard.demo.products import made
from steelyard.goods import catalog, pricing, promotions
from steelyard.goods.catalog.model import ProductState
from steelyard.goods.pricing.model import NewPrice
from steelyard.goods.promotions.model import (
    PLATFORM,
    AmountOff,
    BuyGet,
    Counted,
    CouponGift,
    FreeShipping,
    GiftAudience,
    Ladder,
    Offer,
    PiecesFor,
    PromotionId,
    RateOff,
    Rule,
    Step,
)
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.money import share
from steelyard.kernel.text import Text, text
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId

DAYS = 30
REDUCED = 8
# Of each of these shops in turn one is offered, beside its coupon.
OFFERED: tuple[tuple[Text, Rule], ...] = (
    (text("满额立减", "Spend and save"), AmountOff(steps=(Step(200_000, 10_000), Step(400_000, 30_000)))),
    (text("买多优惠", "More for less"), RateOff(steps=(Step(5, 50_000), Step(10, 100_000)), counted=Counted.PIECES)),
    (text("买四送一", "One of five for nothing"), BuyGet(buy=4, get=1)),
    (text("每满减", "Again and again"), AmountOff(steps=(Step(50_000, 4_000),), again=True, at_most=20_000)),
    (text("大单包邮", "Large orders go free"), FreeShipping(over=80_000)),
    (text("五件一口价", "Five at one price"), PiecesFor(pieces=5, price=99_900)),
)
# Over all shops, by the platform, which pays half of a reduction and seven tenths of a coupon.
ACROSS: tuple[tuple[str, Text, Rule, bool], ...] = (
    (
        "across",
        text("跨店满减", "Across shops"),
        AmountOff(steps=(Step(200_000, 20_000),), again=True, at_most=60_000),
        False,
    ),
    ("coupon", text("平台红包", "Coupon of the marketplace"), AmountOff(steps=(Step(10_000, 1_000),)), True),
)


async def offer(db: Database, buyer_id: BuyerId) -> None:
    """Each shop's offers, as its staff would make them."""
    await db.transact(_save, list(enumerate(maker for maker in makers() if maker.currency == "CNY")))
    await db.transact(_reduce, next(maker for maker in makers() if maker.currency == "CNY"))
    await db.transact(_give, buyer_id)
    await db.transact(_claim, buyer_id, [maker for maker in makers() if maker.currency == "CNY"][:2])


async def _reduce(tx: Tx, maker: Maker) -> None:
    """Some goods of a shop are cheaper since today: what they cost before stands beside the price."""
    merchant_id = MerchantId(made("merchant", maker.slug))
    page = await catalog.products_page(tx, merchant_id, ProductState.ON_SHELF, limit=REDUCED)
    by_product = await catalog.sku_ids_of(tx, merchant_id, [row.product_id for row in page.items])
    prices = await pricing.current(tx, [sku_id for some in by_product.values() for sku_id in some], maker.currency)
    await pricing.set_prices(
        tx,
        merchant_id,
        [
            NewPrice(
                sku_id=sku_id,
                currency=maker.currency,
                amount=price.amount - share(price.amount, 100_000),
                compare_at=max(price.amount, price.compare_at or 0),
            )
            for sku_id, price in prices.items()
            if price.amount >= (price.compare_at or 0)  # and not reduced already
        ],
    )


async def _save(tx: Tx, shops: list[tuple[int, Maker]]) -> None:
    for place, maker in shops:
        name, rule = OFFERED[place % len(OFFERED)]
        await offered(tx, _offer(maker, "offer", name, rule))
        coupon = AmountOff(steps=(Step(19_900, 2_000),))
        await offered(tx, _offer(maker, "coupon", text("店铺优惠券", "Coupon of the shop"), coupon, copies=500))
    first = shops[0][1]
    code = AmountOff(steps=(Step(9_900, 1_000),))
    await offered(tx, _offer(first, "code", text("老客专享", "For our regulars"), code, code="LAOKE", copies=100))
    own = shops[-1][1]
    welcome = AmountOff(steps=(Step(2_000, 200),))
    await offered(tx, _offer(own, "welcome", text("进店有礼", "Welcome"), welcome, code="HUANYING", copies=1_000))
    each = Ladder(steps=(Step(1, 50_000),))
    await offered(
        tx, _offer(own, "each", text("每件九五折", "Each piece a little less"), each, code="MEIJIAN", copies=1_000)
    )
    sale = RateOff(steps=(Step(1, 120_000),), counted=Counted.PIECES, at_most=100_000)
    await offered(tx, _offer(first, "sale", text("双十二预热", "Twelve Twelve"), sale, in_days=10, budget=5_000_000))

    await favour(tx, _offer(first, "usual", Text(), FreeShipping()))
    await draw(tx)
    for which, name, rule, coupon in ACROSS:
        await offered(tx, _of_platform(which, name, rule, coupon=coupon))


def _of_platform(which: str, name: Text, rule: Rule, *, coupon: bool) -> Offer:
    begins = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return Offer(
        merchant_id=PLATFORM,
        promotion_id=PromotionId(made("promotion", "platform", which)),
        name=name,
        rule=rule,
        currency="CNY",
        starts_at=begins,
        ends_at=begins + timedelta(days=DAYS),
        coupon=coupon,
        copies=2_000 if coupon else None,
        per_buyer=1 if coupon else None,
        budget=5_000_000,
        platform_millionths=700_000 if coupon else 500_000,
    )


def _offer(
    maker: Maker,
    which: str,
    name: Text,
    rule: Rule,
    *,
    copies: int | None = None,
    code: str | None = None,
    in_days: int = 0,
    budget: int | None = None,
) -> Offer:
    begins = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=in_days)
    return Offer(
        merchant_id=MerchantId(made("merchant", maker.slug)),
        promotion_id=PromotionId(made("promotion", maker.slug, which)),
        name=name,
        rule=rule,
        currency=maker.currency,
        starts_at=begins,
        ends_at=begins + timedelta(days=DAYS),
        coupon=copies is not None,
        copies=copies,
        per_buyer=None if copies is None else 1,
        code=code,
        budget=budget,
    )


async def _give(tx: Tx, buyer_id: BuyerId) -> None:
    """The platform gives the buyer a coupon, of which they read under "Messages"; for more than anybody spends by the way."""
    buyer = await customers.get(tx, buyer_id)
    assert buyer is not None and buyer.email is not None, "the demo's buyer signs in"
    thanks = AmountOff(steps=(Step(500_000, 30_000),))
    coupon = _of_platform("given", text("会员回馈券", "A thank-you of the marketplace"), thanks, coupon=True)
    await offered(tx, msgspec.structs.replace(coupon, given=True))
    wish = CouponGift(
        merchant_id=PLATFORM,
        gift_id=made("gift", "platform"),
        promotion_id=coupon.promotion_id,
        audience=GiftAudience.NAMED,
        emails=[buyer.email],
    )
    await promotions.ask_gift(tx, wish, "staff:demo")


async def _claim(tx: Tx, buyer_id: BuyerId, shops: list[Maker]) -> None:
    for maker in shops[1:]:
        merchant_id, promotion_id = made("merchant", maker.slug), made("promotion", maker.slug, "coupon")
        if not await promotions.coupons_of(tx, buyer_id):
            await promotions.claim(tx, buyer_id, merchant_id, promotion_id)
