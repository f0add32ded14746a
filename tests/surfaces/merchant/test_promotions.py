"""A shop makes a promotion, tries it out and stops it; what cannot be is said beside its field."""

from uuid import UUID

from litestar import Litestar

from steelyard.goods import catalog, promotions
from steelyard.goods.promotions.model import AmountOff, Gift, Offer, SpecialPrice, Step
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from tests.support import deal
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
        answer = await owner.post(NEW, {**TYPED, "kind": kind, "anyway": "1", **typed})
        assert answer.status_code == 303, (kind, words(answer))

    made = await db.ask(promotions.offers, world.tea.merchant_id, None, 10)
    assert len(made) == len(kinds)
    assert [offer.code for offer in made if offer.coupon] == ["SPRING26"]
    assert (await owner.get("/merchant/promotions")).status_code == 200


async def test_gifts_and_sets_name_articles_of_the_shop(db: Database, world: World, owner: Browser) -> None:
    gift = {"kind": "gift", "over_0": "100", "gift": "black-0", "worth": "30", "starts_at": "2198-01-01T00:00"}
    together = {
        "kind": "bundle",
        "part_0": "NUTS-0",
        "count_0": "2",
        "part_1": "BLACK-0",
        "count_1": "1",
        "price": "99",
    }
    for typed in (gift, together):
        assert 'id="articles"' in (await owner.get(NEW, kind=typed["kind"])).text
        assert (await owner.post(NEW, {**TYPED, "anyway": "1", **typed})).status_code == 303
    set_, given = await db.ask(promotions.offers, world.tea.merchant_id, None, 10)
    assert given.rule == Gift(over=10_000, sku_id=world.items["black"].sku_id, worth=3_000)
    assert set_.scope.products == {world.items["nuts"].product_id, world.items["black"].product_id}
    here = f"/merchant/promotions/{set_.promotion_id}"
    tried = {f"n-{world.items['nuts'].sku_id}": "2", f"n-{world.items['black'].sku_id}": "1"}
    assert "−CN¥32.80" in words(await owner.get(here, **tried))
    assert "Yunnan black tea × 1" in words(await owner.get(here))
    again = await owner.get(f"/merchant/promotions/{given.promotion_id}/edit")
    assert 'value="BLACK-0"' in again.text and 'value="30.00"' in again.text

    for typed, field in (
        ({**gift, "gift": "HAMMER-0"}, "gift"), ({**gift, "worth": "999"}, "worth"), ({**together, "part_1": ""}, "part_1"),
    ):  # fmt: skip
        refused = await owner.post(NEW, {**TYPED, "anyway": "1", **typed})
        assert refused.status_code == 422 and f'id="{field}-error"' in refused.text, field


async def test_another_shop_cannot_see_or_stop_it(app: Litestar, db: Database, world: World, owner: Browser) -> None:
    await owner.post(NEW, TYPED)
    [offer] = await db.ask(promotions.offers, world.tea.merchant_id, None, 10)
    stranger = await signed_in(app, world.tools.owner)

    assert (await stranger.get(f"/merchant/promotions/{offer.promotion_id}")).status_code == 404
    assert (await stranger.post(f"/merchant/promotions/{offer.promotion_id}/stop")).status_code == 404
    assert "Spring tea" not in words(await stranger.get("/merchant/promotions"))
    await stranger.close()


async def made(db: Database, owner: Browser, world: World, **typed: str) -> Offer:
    form = await owner.get(NEW, kind="amount_off")
    answer = await owner.post(NEW, {**TYPED, "promotion_id": hidden(form, "promotion_id"), **typed})
    assert answer.status_code == 303, words(answer)
    return (await db.ask(promotions.offers, world.tea.merchant_id, None, 1))[0]


async def test_what_has_not_begun_is_changed_and_a_second_window_is_told(
    db: Database, world: World, owner: Browser
) -> None:
    offer = await made(db, owner, world, starts_at="2198-01-01T00:00")
    here = f"/merchant/promotions/{offer.promotion_id}/edit"
    mine, other = await owner.get(here), await owner.get(here)
    typed = {**TYPED, "promotion_id": str(offer.promotion_id), "starts_at": "2198-01-01T00:00"}

    first = await owner.post(NEW, {**typed, "seen": hidden(mine, "seen"), "off_0": "15"})
    again = await owner.post(NEW, {**typed, "seen": hidden(mine, "seen"), "off_0": "15"})
    late = await owner.post(NEW, {**typed, "seen": hidden(other, "seen"), "off_0": "20"})
    insisted = await owner.post(NEW, {**typed, "seen": hidden(late, "seen"), "off_0": "20"})

    assert (first.status_code, again.status_code, late.status_code, insisted.status_code) == (303, 303, 422, 303)
    assert "changed this meanwhile" in words(late)
    found = await db.ask(promotions.get, offer.merchant_id, offer.promotion_id)
    assert found is not None and found.rule == AmountOff(steps=(Step(10_000, 2_000),))
    assert await db.ask(changes_of, "promotions.save") == [[], ["rule.steps"], ["rule.steps"]]


async def changes_of(read: Read, action: str) -> list[list[str]]:
    rows = await read.fetch("SELECT changes FROM audit_log WHERE action = $1 ORDER BY audit_id", action)
    return [[each["field"] for each in row["changes"]] for row in rows]


async def test_what_runs_runs_longer_and_with_more_and_never_with_less(
    db: Database, world: World, owner: Browser
) -> None:
    offer = await made(db, owner, world, budget="100")
    here = f"/merchant/promotions/{offer.promotion_id}"
    seen = hidden(await owner.get(here), "seen")

    shorter = await owner.post(f"{here}/extend", {"seen": seen, "ends_at": "2100-01-01T00:00", "budget": "100"})
    less = await owner.post(f"{here}/extend", {"seen": seen, "ends_at": TYPED["ends_at"], "budget": "99"})
    more = await owner.post(f"{here}/extend", {"seen": seen, "ends_at": "2199-02-01T00:00", "budget": "250"})
    late = await owner.post(f"{here}/extend", {"seen": seen, "ends_at": "2199-03-01T00:00", "budget": "300"})

    assert (shorter.status_code, less.status_code, more.status_code, late.status_code) == (422, 422, 303, 422)
    assert "can only be put off" in words(shorter)
    assert "can only be raised" in words(less)
    assert "changed this meanwhile" in words(late)
    found = await db.ask(promotions.get, offer.merchant_id, offer.promotion_id)
    assert found is not None and found.budget == 25_000
    assert await db.ask(changes_of, "promotions.extend") == [["ends_at", "budget"]]
    assert (await owner.get(f"{here}/edit")).status_code == 303


async def test_a_shop_gives_a_coupon_to_a_list_and_sees_what_came_of_it(
    app: Litestar, db: Database, world: World, owner: Browser
) -> None:
    await deal.paid(db, [(world.items["nuts"].sku_id, 1)], world.buyer.buyer_id)
    offer = await made(db, owner, world, coupon="yes", given="yes", new_buyers="yes")
    assert (offer.given, offer.new_buyers) == (True, True)
    here = f"/merchant/promotions/{offer.promotion_id}"
    gift_id = hidden(await owner.get(here), "gift_id")
    typed = {"gift_id": gift_id, "audience": "named", "emails": f'Name,Mail\n"Na",<{world.buyer.email}>\nx,a@b.example'}

    nobody = await owner.post(f"{here}/give", {**typed, "emails": "nobody"})
    for _ in range(2):
        assert (await owner.post(f"{here}/give", typed)).status_code == 303
    await deal.at_rest(db)

    assert nobody.status_code == 422
    assert "1 given, 1 left out" in words(await owner.get(here))
    buyer = await signed_in(app, world.buyer)
    assert "CN¥10 off over CN¥100" in words(await buyer.get("/account/coupons"))
    assert "CN¥10 off over CN¥100" not in words(await buyer.get("/coupons")).partition("To claim")[2]
    await buyer.close()


async def test_another_shops_promotion_is_neither_extended_nor_given(
    app: Litestar, db: Database, world: World, owner: Browser
) -> None:
    offer = await made(db, owner, world, coupon="yes", given="yes")
    here = f"/merchant/promotions/{offer.promotion_id}"
    seen = promotions.version_of(offer)
    stranger = await signed_in(app, world.tools.owner)

    extended = await stranger.post(f"{here}/extend", {"seen": seen, "ends_at": "2199-02-01T00:00"})
    given = await stranger.post(f"{here}/give", {"audience": "bought", "days": "30", "gift_id": str(ids.mint())})

    assert (extended.status_code, given.status_code) == (404, 404)
    assert await db.ask(promotions.get, offer.merchant_id, offer.promotion_id) == offer
    assert await db.ask(promotions.gifts_of, offer.merchant_id, offer.promotion_id) == []
    await stranger.close()


async def test_a_lower_price_is_made_stands_everywhere_and_is_stopped(
    db: Database, world: World, owner: Browser, app: Litestar
) -> None:
    nuts, green = world.items["nuts"], world.items["green"]
    form = await owner.get(NEW, kind="sale")
    assert "Or all of these categories" in words(form)
    sale = {key: value for key, value in TYPED.items() if not key.startswith(("over", "off"))}
    made = {**sale, "kind": "sale", "promotion_id": hidden(form, "promotion_id"), "how": "price", "less": "29.90"}
    for less in ("", "0", "much"):
        wrong = await owner.post(NEW, {**made, "less": less})
        assert wrong.status_code == 422, less
        assert "Spring tea" in wrong.text

    answer = await owner.post(NEW, {**made, "products": str(nuts.product_id)})
    for _ in range(2):
        assert answer.status_code == 303, words(answer)
        answer = await owner.post(NEW, {**made, "products": str(nuts.product_id)})

    [offer] = await db.ask(promotions.offers, world.tea.merchant_id, None, 10)
    assert (offer.shelf, offer.rule) == (True, SpecialPrice(price=2_990))
    assert "On cards Each for CN¥29.90" in words(await owner.get("/merchant/promotions"))
    here = f"/merchant/promotions/{offer.promotion_id}"
    assert "CN¥59.80" in words(await owner.get(here, **{f"n-{nuts.sku_id}": "2"}))

    page = words(await Browser(app).get(f"/products/{nuts.product_id}"))
    assert "CN¥29.90 before CN¥39.90" in page and "Spring tea" in page
    assert "lowest price of the 30 days" in page
    assert "Spring tea" not in words(await Browser(app).get(f"/products/{green.product_id}"))
    await owner.post(f"{here}/stop")
    assert "CN¥29.90" not in words(await Browser(app).get(f"/products/{nuts.product_id}"))


async def test_a_lower_price_to_come_is_changed_as_it_was_typed(db: Database, world: World, owner: Browser) -> None:
    typed = {
        "percent": ("15", SpecialPrice(millionths=150_000)),
        "off": ("5.50", SpecialPrice(off=550)),
        "price": ("9.90", SpecialPrice(price=990)),
    }
    for how, (less, rule) in typed.items():
        form = await owner.get(NEW, kind="sale")
        made = {
            **TYPED, "kind": "sale", "promotion_id": hidden(form, "promotion_id"), "how": how, "less": less,
            "starts_at": "2198-01-01T00:00", "anyway": "1", "categories": str(await category_of(db, world)),
        }  # fmt: skip
        assert (await owner.post(NEW, made)).status_code == 303
        offer = await db.ask(promotions.get, world.tea.merchant_id, UUID(made["promotion_id"]))
        assert offer is not None and offer.rule == rule and offer.scope.categories

        edit = await owner.get(f"/merchant/promotions/{made['promotion_id']}/edit")
        assert f'value="{less}"' in edit.text and "checked" in edit.text


async def category_of(db: Database, world: World) -> UUID:
    return next(iter(await db.ask(catalog.sold_in, world.tea.merchant_id)))
