"""What shops offer, on the buyer's way: seen on the pages, claimed, entered as a code, and told where the price stands."""

from datetime import UTC, datetime, timedelta

import msgspec
from litestar import Litestar

from steelyard.goods import inventory, promotions
from steelyard.goods.promotions.model import PLATFORM, AmountOff, Bundle, Gift, Offer, PromotionId, Rule, Scope, Step
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.consoles import signed_in
from tests.support.world import World
from tests.surfaces.storefront.buying import open_checkout, put

OVER, OFF = 10_000, 1_000


async def offered(
    db: Database,
    world: World,
    rule: Rule | None = None,
    *,
    coupon: bool = False,
    code: str | None = None,
    scope: Scope = Scope(),  # noqa: B008  # it is frozen
) -> Offer:
    now = datetime.now(UTC)
    made = Offer(
        merchant_id=world.tea.merchant_id,
        promotion_id=PromotionId(ids.mint()),
        name=text("春茶", "Spring tea"),
        rule=rule or AmountOff(steps=(Step(OVER, OFF),)),
        scope=scope,
        currency="CNY",
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=1),
        coupon=coupon,
        per_buyer=1 if coupon else None,
        code=code,
    )
    await db.transact(promotions.save, made)
    return made


async def test_a_price_says_why_it_is_lower_and_what_is_missing(db: Database, world: World, guest: Browser) -> None:
    await offered(db, world)
    nuts = world.items["nuts"]
    assert "CN¥10 off over CN¥100" in words(await guest.get(f"/products/{nuts.product_id}"))
    assert "CN¥10 off over CN¥100" in words(await guest.get("/shops/tea"))

    await put(guest, nuts, 2)
    assert "Spring tea: CN¥20.20 more for CN¥10 off" in words(await guest.get("/cart"))
    await put(guest, nuts, 1)
    assert "CN¥109.70" in words(await guest.get("/cart"))
    page = words(await guest.get(await open_checkout(guest)))

    assert "Spring tea: CN¥10 off over CN¥100" in page
    assert "−CN¥10.00" in page


async def test_a_gift_is_seen_before_it_is_paid_for_and_on_the_order(
    db: Database, world: World, guest: Browser
) -> None:
    black = world.items["black"]
    await offered(db, world, Gift(over=OVER, sku_id=black.sku_id, worth=3_000))
    nuts = world.items["nuts"]
    page = words(await guest.get(f"/products/{nuts.product_id}"))
    assert "A gift worth CN¥30 over CN¥100" in page and "Yunnan black tea" in page

    await put(guest, nuts, 2)
    assert "CN¥20.20 more for a gift" in words(await guest.get("/cart"))
    await put(guest, nuts, 1)
    assert "Spring tea: A gift worth CN¥30 over CN¥100" in words(await guest.get("/cart"))
    at = await open_checkout(guest)
    page = words(await guest.get(at))
    assert "Yunnan black tea Gift × 1" in page and "CN¥119.70" in page

    gone = [(black.sku_id, world.tea.warehouse_id, 0)]
    await db.transact(inventory.count, world.tea.merchant_id, gone, document=ids.mint(), by="staff:test")
    page = words(await guest.get(at))
    assert "The gift is gone" in page and "Yunnan black tea" not in page


async def test_a_set_is_put_into_the_cart_at_once(db: Database, world: World, guest: Browser) -> None:
    nuts, black = world.items["nuts"], world.items["black"]
    scope = Scope(products=frozenset([nuts.product_id, black.product_id]))
    made = await offered(db, world, Bundle(parts={nuts.sku_id: 2, black.sku_id: 1}, price=9_900), scope=scope)
    page = await guest.get(f"/products/{nuts.product_id}")
    assert "Together for CN¥99 (3 pieces)" in words(page) and "Put the set into the cart" in words(page)

    typed = {"merchant_id": str(made.merchant_id), "promotion_id": str(made.promotion_id)}
    assert (await guest.post("/cart/set", typed)).status_code == 303
    assert "CN¥99.00" in words(await guest.get("/cart"))

    await db.transact(promotions.stop, made.merchant_id, made.promotion_id)
    for wrong in (typed, {**typed, "promotion_id": "x"}):
        assert (await guest.post("/cart/set", wrong)).status_code == 404


async def test_what_shop_and_platform_take_off_is_told_apart(db: Database, world: World, guest: Browser) -> None:
    shops = await offered(db, world)
    across = msgspec.structs.replace(
        shops, merchant_id=PLATFORM, promotion_id=PromotionId(ids.mint()), name=text("跨店满减", "Across shops"),
        rule=AmountOff(steps=(Step(5_000, 700),)), platform_millionths=500_000,
    )  # fmt: skip
    coupon = msgspec.structs.replace(across, promotion_id=PromotionId(ids.mint()), coupon=True, per_buyer=1)
    await db.transact(promotions.save, across)
    await db.transact(promotions.save, coupon)
    assert "CN¥7 off over CN¥50 The platform" in words(
        await guest.get(f"/products/{world.items['nuts'].product_id}")
    ).replace("  ", " ")
    assert "The platform" in words(await guest.get("/coupons"))

    await put(guest, world.items["nuts"], 3)
    page = words(await guest.get(await open_checkout(guest)))

    assert "Discount of the shops −CN¥10.00" in page
    assert "Discount of the platform −CN¥7.00" in page


async def test_who_claims_a_coupon_signs_in_first_and_has_it_once(
    app: Litestar, db: Database, world: World, guest: Browser
) -> None:
    coupon = await offered(db, world, coupon=True)
    wish = {"merchant_id": str(coupon.merchant_id), "promotion_id": str(coupon.promotion_id)}
    assert "To claim" in words(await guest.get("/coupons"))
    assert (await guest.post("/coupons/claim", wish)).status_code == 401
    buyer = await signed_in(app, world.buyer)

    first = await buyer.follow(await buyer.post("/coupons/claim", wish))
    again = await buyer.follow(await buyer.post("/coupons/claim", wish))

    assert "The coupon is yours" in words(first)
    assert "You have this coupon already" in words(again)
    assert "Claimed" in words(await buyer.get("/coupons"))
    await put(buyer, world.items["nuts"], 3)
    assert "CN¥109.70" in words(await buyer.get("/cart"))
    await buyer.close()


async def test_a_code_is_entered_at_the_checkout(db: Database, world: World, guest: Browser) -> None:
    await offered(db, world, coupon=True, code="LEAF")
    await put(guest, world.items["nuts"], 3)
    here = await open_checkout(guest)
    assert "LEAF" not in words(await guest.get("/coupons"))

    unknown = await guest.post(here, {"then": "code", "code": "LOAF"})
    known = await guest.follow(await guest.post(here, {"then": "code", "code": "leaf"}))

    assert unknown.status_code == 422
    assert "This code is not known" in words(unknown)
    assert "Spring tea: CN¥10 off over CN¥100" in words(known)


async def test_a_buyer_sees_their_coupons_and_nobody_elses(
    app: Litestar, db: Database, world: World, guest: Browser
) -> None:
    coupon = await offered(db, world, coupon=True)
    gone = await offered(db, world, coupon=True)
    buyer, buyer_id = await signed_in(app, world.buyer), world.buyer.buyer_id
    assert buyer_id is not None
    assert "No coupon to be used" in words(await buyer.get("/account/coupons"))
    for each in (coupon, gone):
        await db.transact(promotions.claim, buyer_id, each.merchant_id, each.promotion_id)
    await db.transact(promotions.stop, gone.merchant_id, gone.promotion_id)

    usable = words(await buyer.get("/account/coupons"))
    assert usable.count("CN¥10 off over CN¥100") == 1
    assert "Ends soon" in usable
    assert "Stopped" in words(await buyer.get("/account/coupons?state=expired"))
    assert "Nothing here" in words(await buyer.get("/account/coupons?state=used"))
    await put(buyer, world.items["nuts"], 3)
    assert "Your coupon “CN¥10 off over CN¥100” ends on" in words(await buyer.get("/cart"))
    await deal.paid(db, [(world.items["nuts"].sku_id, 3)], buyer_id)
    assert "CN¥10 off over CN¥100" in words(await buyer.get("/account/coupons?state=used"))

    for other in (guest, await signed_in(app, world.other_buyer)):
        for state in ("usable", "used", "expired"):
            assert "CN¥10 off" not in words(await other.get(f"/account/coupons?state={state}"))
    await buyer.close()
