"""A shop makes a promotion, tries it out and stops it; what cannot be is said beside its field."""

from litestar import Litestar

from steelyard.goods import promotions
from steelyard.kernel.db import Database
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import signed_in
from tests.support.world import World

NEW = "/merchant/promotions/new"
TYPED = {
    "kind": "amount_off",
    "name_zh": "春茶满减",
    "name_en": "Spring tea",
    "over_0": "100",
    "off_0": "10",
    "starts_at": "2026-01-01T00:00",
    "ends_at": "2199-01-01T00:00",
}


async def test_a_promotion_is_made_tried_and_stopped(db: Database, world: World, owner: Browser) -> None:
    nuts = world.items["nuts"]
    form = await owner.get(NEW, kind="amount_off")
    made = {**TYPED, "promotion_id": hidden(form, "promotion_id"), "products": str(nuts.product_id)}

    for _ in range(2):
        assert (await owner.post(NEW, made)).status_code == 303
    [offer] = await db.ask(promotions.offers, world.tea.merchant_id, None, 10)
    page = words(await owner.get("/merchant/promotions"))
    assert "Spring tea" in page
    assert "CN¥10 off over CN¥100" in page
    here = f"/merchant/promotions/{offer.promotion_id}"
    tried = words(await owner.get(here, **{f"n-{nuts.sku_id}": "3"}))
    assert "CN¥119.70" in tried
    assert "CN¥109.70" in tried
    near = words(await owner.get(here, **{f"n-{nuts.sku_id}": "2"}))
    assert "CN¥20.20 more for CN¥10 off" in near

    await owner.post(f"{here}/stop")
    assert "Stopped" in words(await owner.get(here))


async def test_what_cannot_be_offered_is_said_and_nothing_is_lost(db: Database, world: World, owner: Browser) -> None:
    wrong = {
        "off_0": {"off_0": "200"},
        "ends_at": {"ends_at": "2020-01-01T00:00"},
        "name_zh": {"name_zh": "", "name_en": ""},
        "budget": {"budget": "much"},
        "copies": {"coupon": "yes", "copies": "some"},
    }
    for name, typed in wrong.items():
        answer = await owner.post(NEW, {**TYPED, **typed})
        assert answer.status_code == 422, name
        assert 'value="100"' in answer.text, name
    assert await db.ask(promotions.offers, world.tea.merchant_id, None, 10) == []


async def test_every_kind_can_be_offered(db: Database, world: World, owner: Browser) -> None:
    kinds: dict[str, dict[str, str]] = {
        "rate_off": {"over_0": "2", "percent_0": "10", "counted": "pieces"},
        "ladder": {"over_0": "10", "percent_0": "5", "over_1": "50", "percent_1": "10"},
        "buy_get": {"buy": "2", "get": "1"},
        "pieces_for": {"pieces": "3", "price": "99"},
        "free_shipping": {"over_0": ""},
        "amount_off": {"coupon": "yes", "copies": "100", "per_buyer": "2", "code": "spring 26"},
    }
    for kind, typed in kinds.items():
        assert (await owner.get(NEW, kind=kind)).status_code == 200
        answer = await owner.post(NEW, {**TYPED, "kind": kind, **typed})
        assert answer.status_code == 303, (kind, words(answer))

    made = await db.ask(promotions.offers, world.tea.merchant_id, None, 10)
    assert len(made) == len(kinds)
    assert [offer.code for offer in made if offer.coupon] == ["SPRING26"]
    assert (await owner.get("/merchant/promotions")).status_code == 200


async def test_another_shop_cannot_see_or_stop_it(app: Litestar, db: Database, world: World, owner: Browser) -> None:
    await owner.post(NEW, TYPED)
    [offer] = await db.ask(promotions.offers, world.tea.merchant_id, None, 10)
    stranger = await signed_in(app, world.tools.owner)

    assert (await stranger.get(f"/merchant/promotions/{offer.promotion_id}")).status_code == 404
    assert (await stranger.post(f"/merchant/promotions/{offer.promotion_id}/stop")).status_code == 404
    assert "Spring tea" not in words(await stranger.get("/merchant/promotions"))
    await stranger.close()
