"""A shop makes a group of customers, takes people in by their orders, and sells to them at their own price."""

from litestar import Litestar

from steelyard.goods import promotions
from steelyard.goods.promotions.model import SpecialPrice
from steelyard.kernel.db import Database
from tests.support import deal
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import signed_in
from tests.support.world import CONTACT, World
from tests.surfaces.merchant.test_promotions import NEW, TYPED

HERE = "/merchant/groups"
MADE = {"name_zh": "茶友", "name_en": "Tea friends", "orders": "3", "days": "90"}


async def test_a_group_is_made_filled_by_hand_and_has_its_price(
    app: Litestar, db: Database, world: World, owner: Browser
) -> None:
    buyer_id = world.buyer.buyer_id
    assert buyer_id is not None
    await deal.paid(db, [(world.items["nuts"].sku_id, 1)], buyer_id)
    form = await owner.get(HERE)
    for _ in range(2):
        assert (await owner.post(HERE, {**MADE, "group_id": hidden(form, "group_id")})).status_code == 303
    [group] = await db.ask(promotions.customer_groups, world.tea.merchant_id)
    assert (group.orders, group.days) == (3, 90)
    here = f"{HERE}/{group.group_id}"

    said = words(
        await owner.follow(await owner.post(f"{here}/add", {"emails": f"{CONTACT.email}\nnobody@example.com"}))
    )
    assert "1 customers came in" in said and CONTACT.name in said
    assert (await owner.post(f"{here}/add", {"emails": "nobody"})).status_code == 422

    typed = {**TYPED, "kind": "special", "percent_0": "10"}
    assert 'id="group-error"' in (await owner.post(NEW, typed)).text
    assert (await owner.post(NEW, {**typed, "group": str(group.group_id)})).status_code == 303
    [offer] = await db.ask(promotions.offers, world.tea.merchant_id, None, 10)
    assert (offer.rule, offer.group_id) == (SpecialPrice(millionths=100_000), group.group_id)
    assert "Tea friends" in words(await owner.get(f"/merchant/promotions/{offer.promotion_id}"))

    path = f"/products/{world.items['nuts'].product_id}"
    member, stranger = await signed_in(app, world.buyer), await signed_in(app, world.other_buyer)
    assert "Your price CN¥35.91" in words(await member.get(path))
    assert "35.91" not in words(await stranger.get(path))
    nobody = Browser(app)
    assert "35.91" not in words(await nobody.get(path))
    assert "Spring tea" not in words(await nobody.get("/shops/tea"))
    for browser in (member, stranger, nobody):
        await browser.close()

    await owner.post(f"{here}/remove", {"buyer_id": str(buyer_id)})
    assert await db.ask(promotions.members, world.tea.merchant_id, group.group_id) == []
    await owner.post(f"{here}/close")
    assert (await owner.get(here)).status_code == 404


async def test_another_shop_can_neither_see_nor_fill_it(
    app: Litestar, db: Database, world: World, owner: Browser
) -> None:
    await owner.post(HERE, MADE)
    [group] = await db.ask(promotions.customer_groups, world.tea.merchant_id)
    here = f"{HERE}/{group.group_id}"
    stranger = await signed_in(app, world.tools.owner)

    assert (await stranger.get(here)).status_code == 404
    assert (await stranger.post(here, MADE)).status_code == 404
    assert (await stranger.post(f"{here}/add", {"emails": CONTACT.email})).status_code == 404
    await stranger.post(f"{here}/close")
    assert "Tea friends" not in words(await stranger.get(HERE))
    assert len(await db.ask(promotions.customer_groups, world.tea.merchant_id)) == 1
    await stranger.close()


async def test_what_is_wrong_is_said_beside_its_field(owner: Browser) -> None:
    for name, typed in {
        "name_zh": {"name_zh": "", "name_en": ""},
        "orders": {"orders": "x"},
        "days": {"days": "-1"},
    }.items():
        answer = await owner.post(HERE, {**MADE, **typed})
        assert answer.status_code == 422 and f'id="{name}-error"' in answer.text, name
