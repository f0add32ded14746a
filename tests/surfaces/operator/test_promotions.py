"""The operator makes a promotion over several shops, says who pays which part, changes it before it begins, and ends it."""

from datetime import UTC, datetime, timedelta

from steelyard.goods import promotions
from steelyard.goods.promotions.model import PLATFORM, AmountOff, Scope, Step
from steelyard.kernel.db import Database
from steelyard.surfaces.web.moments import local_time
from tests.support import deal
from tests.support.browser import Browser, hidden, words
from tests.support.world import World

NEW, WHY = "/operator/promotions/new", "/operator/promotions/why"
SOON = local_time(datetime.now(UTC) + timedelta(days=2))
TYPED = {
    "kind": "amount_off",
    "name_zh": "跨店满减",
    "name_en": "Across shops",
    "over_0": "100",
    "off_0": "20",
    "platform": "70",
    "starts_at": "2026-01-01T00:00",
    "ends_at": "2199-01-01T00:00",
}


async def test_a_promotion_over_shops_says_who_pays_and_what_came_of_it(
    db: Database, world: World, chief: Browser
) -> None:
    form = await chief.get(NEW, kind="amount_off")
    made = {**TYPED, "promotion_id": hidden(form, "promotion_id"), "shops": str(world.tea.merchant_id)}
    for _ in range(2):
        assert (await chief.post(NEW, made)).status_code == 303

    (offer,) = await db.ask(promotions.offers, PLATFORM, None, 10)
    assert (offer.platform_millionths, offer.scope) == (700_000, Scope(shops=frozenset([world.tea.merchant_id])))
    (order,) = await deal.paid(db, [(world.items["nuts"].sku_id, 3)])
    assert (order.goods, order.subsidy) == (9_970, 1_400)
    page = words(await chief.get(f"/operator/promotions/{offer.promotion_id}"))
    assert "Paid by the platform CN¥14.00" in page
    assert "Paid by the shops CN¥6.00" in page
    assert "CN¥14.00 (70%)" in words(await chief.get("/operator/promotions"))
    assert "the platform pays CN¥14.00" in words(
        await chief.get(f"/operator/orders/{order.merchant_id}/{order.order_id}")
    )
    await chief.post(f"/operator/promotions/{offer.promotion_id}/stop")
    assert "Stopped" in words(await chief.get(f"/operator/promotions/{offer.promotion_id}"))


async def test_what_has_not_begun_is_changed_and_what_has_begun_is_not(db: Database, chief: Browser) -> None:
    to_come = {
        **TYPED,
        "starts_at": SOON,
        "promotion_id": hidden(await chief.get(NEW, kind="amount_off"), "promotion_id"),
    }
    await chief.post(NEW, to_come)
    (offer,) = await db.ask(promotions.offers, PLATFORM, None, 10)
    here = f"/operator/promotions/{offer.promotion_id}"

    form = await chief.get(f"{here}/edit")
    assert 'value="100.00"' in form.text
    assert hidden(form, "promotion_id") == str(offer.promotion_id)
    assert (
        await chief.post(NEW, {**to_come, "off_0": "25", "platform": "0", "starts_at": "2026-01-01T00:00"})
    ).status_code == 303

    (changed,) = await db.ask(promotions.offers, PLATFORM, None, 10)
    assert (changed.rule, changed.platform_millionths) == (AmountOff(steps=(Step(10_000, 2_500),)), 0)
    assert (await chief.get(f"{here}/edit")).status_code == 303
    assert (await chief.post(NEW, {**to_come, "off_0": "30"})).status_code == 422


async def test_what_runs_is_prolonged_and_a_coupon_is_given_to_chosen_accounts(
    db: Database, world: World, chief: Browser
) -> None:
    typed = {**TYPED, "coupon": "1", "given": "1", "new_buyers": "1", "per_buyer": "1", "budget": "50"}
    typed["promotion_id"] = hidden(await chief.get(NEW, kind="amount_off"), "promotion_id")
    assert (await chief.post(NEW, typed)).status_code == 303
    (offer,) = await db.ask(promotions.offers, PLATFORM, None, 10)
    assert offer.given and offer.new_buyers
    here = f"/operator/promotions/{offer.promotion_id}"
    page = await chief.get(here)
    assert "New buyers of the marketplace" in words(page)

    more = {"ends_at": "2199-02-01T00:00", "budget": "80", "seen": hidden(page, "seen")}
    answer = await chief.post(f"{here}/extend", {**more, "budget": "40"})
    assert answer.status_code == 422 and 'id="budget-error"' in answer.text and "2199-02-01T00:00" in answer.text
    assert (await chief.post(f"{here}/extend", more)).status_code in (303, 409)
    assert (await chief.post(f"{here}/extend", {**more, "anyway": "1"})).status_code == 303
    now = await db.ask(promotions.get, PLATFORM, offer.promotion_id)
    assert now is not None and now.budget == 8_000 and now.ends_at > offer.ends_at

    wish = {"audience": "named", "gift_id": hidden(page, "gift_id"), "emails": f"x,{world.buyer.email}\nno@x.test"}
    assert (await chief.post(f"{here}/give", {**wish, "emails": ""})).status_code == 422
    for _ in range(2):
        assert (await chief.post(f"{here}/give", wish)).status_code == 303
    await deal.at_rest(db)
    assert "1 given, 1 left out" in words(await chief.get(here))


async def test_the_share_is_a_percentage(chief: Browser) -> None:
    for share in ("101", "-1", "much", ""):
        answer = await chief.post(NEW, {**TYPED, "platform": share})
        assert answer.status_code == 422, share
        assert 'value="20"' in answer.text


async def test_staff_see_why_a_price_is_what_it_is(db: Database, world: World, chief: Browser) -> None:
    await chief.post(NEW, {**TYPED, "anyway": "1"})
    await chief.post(NEW, {**TYPED, "anyway": "1", "name_en": "Much more", "over_0": "500"})
    asked = {"shop_0": "tea", "code_0": "NUTS-0", "pieces_0": "3", "buyer": world.buyer.email}
    page = words(await chief.get(WHY, **asked))
    assert "Across shops The platform CN¥20 off over CN¥100 It counts −CN¥20.00 CN¥14.00" in page
    assert "Much more" in page and "more for CN¥20 off" in page and "CN¥99.70" in page

    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, 3)], world.buyer.buyer_id)
    again = words(await chief.get(WHY, order=order.code))
    assert order.code in again and "It counts −CN¥20.00" in again

    for field, typed in {
        "buyer": {"buyer": "nobody@x.test"},
        "code_0": {"code_0": "NO"},
        "pieces_0": {"pieces_0": "0"},
    }.items():
        answer = await chief.get(WHY, **{**asked, **typed})
        assert answer.status_code == 422 and f'id="{field}-error"' in answer.text, field
    assert (await chief.get(WHY, order="S-NONE")).status_code == 200
