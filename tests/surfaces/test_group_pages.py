"""Group buying as its people see it: the shop offers it, buyers open, share and join a team, the operator stops it."""

from datetime import UTC, datetime, timedelta

from litestar import Litestar

from steelyard.goods import inventory
from steelyard.kernel.db import Database
from steelyard.trade import groups
from steelyard.trade.groups.model import Offer
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import app, database_url, signed_in, world
from tests.support.groups import PRICE, group, joined, offered, over, team_of
from tests.support.world import World

__all__ = ["app", "database_url", "world"]

NEW = "/merchant/group-buying/new"


async def typed(db: Database, world: World, **more: str) -> dict[str, str]:
    now = datetime.now(UTC) + timedelta(hours=8)
    page = await db.ask(inventory.stocked, world.tea.merchant_id)
    code = next(each.code for each in page.items if each.sku_id == world.items["nuts"].sku_id)
    return {
        "what_0": code, "price_0": "29.9", "size": "2", "hours": "24", "pieces": "10", "per_buyer": "2", "enough": "",
        "starts_at": now.strftime("%Y-%m-%dT%H:%M"), "ends_at": (now + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M"),
        **more,
    }  # fmt: skip


async def test_a_shop_offers_changes_and_stops(app: Litestar, db: Database, world: World) -> None:
    owner = await signed_in(app, world.tea.owner)
    assert "No group offers yet" in words(await owner.get("/merchant/group-buying"))
    fields = await typed(db, world, offer_id=hidden(await owner.get(NEW), "offer_id"))
    for _ in range(2):
        page = words(await owner.follow(await owner.post(NEW, fields)))
        assert "It is offered." in page and "0 / 10" in page and "Only a whole team" in page
    here = f"/merchant/group-buying/{fields['offer_id']}"
    order = await joined(db, (await offers(db, world))[0])
    team = await team_of(db, order)

    page = words(await owner.get(here))
    assert team.code in page and "1 of 2" in page and "Waits for more" in page
    assert "0 / 0 / 0" not in page and "1 / 0 / 0" in words(await owner.get("/merchant/group-buying"))
    assert "Waits for its group: 1 of 2" in words(await owner.get(f"/merchant/orders/{order.order_id}"))
    assert order.code in words(await owner.get("/merchant/orders", state="held"))
    refused = await owner.post(f"{here}/edit", fields | {"price_0": "28"})
    assert refused.status_code == 422 and "A team was opened already" in words(refused)
    await owner.post(f"{here}/edit", fields | {"pieces": "12"})
    assert "1 / 12" in words(await owner.get(here))
    for _ in range(2):
        await owner.post(f"{here}/stop", {"reason": "sold elsewhere"})
    assert "sold elsewhere" in words(await owner.get(here))
    await owner.close()


async def offers(db: Database, world: World) -> list[Offer]:
    return await db.ask(groups.offers, world.tea.merchant_id, None, 10)


async def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(
    app: Litestar, db: Database, world: World
) -> None:
    owner = await signed_in(app, world.tea.owner)
    wrong = {
        "what_0": "no such", "price_0": "99", "size": "1", "hours": "100", "pieces": "0", "enough": "5",
        "ends_at": "2020-01-01T00:00",
    }  # fmt: skip
    for name, value in wrong.items():
        answer = await owner.post(NEW, await typed(db, world, **{name: value}))
        assert answer.status_code == 422, name
        assert f'href="#{name}"' in answer.text, name
        assert f'value="{value}"' in answer.text, name
    assert await offers(db, world) == []
    await owner.close()


async def test_the_price_may_be_for_all_variants(app: Litestar, db: Database, world: World) -> None:
    owner = await signed_in(app, world.tea.owner)
    green = world.items["green"]
    page = await db.ask(inventory.stocked, world.tea.merchant_id)
    code = next(each.code for each in page.items if each.sku_id == green.sku_id)
    answer = await owner.post(NEW, await typed(db, world, what_0=code, price_0="1", all="yes"))
    assert answer.status_code == 303, words(answer)
    [offer] = await offers(db, world)
    assert dict(offer.prices) == dict.fromkeys(green.sku_ids, 100)
    await owner.close()


async def test_another_shop_neither_sees_nor_changes_it(app: Litestar, db: Database, world: World) -> None:
    offer = await offered(db, group(world))
    tools = await signed_in(app, world.tools.owner)
    here = f"/merchant/group-buying/{offer.offer_id}"
    assert "No group offers yet" in words(await tools.get("/merchant/group-buying"))
    assert (await tools.get(here)).status_code == (await tools.get(f"{here}/edit")).status_code == 404
    assert (await tools.post(f"{here}/edit", await typed(db, world))).status_code == 404
    await tools.post(f"{here}/stop", {"reason": "mine"})
    known = await db.ask(groups.offer, offer.merchant_id, offer.offer_id)
    assert known is not None and known.stopped_at is None
    await tools.close()


async def test_the_operator_stops_one_with_a_reason_and_the_money_goes_back(
    app: Litestar, db: Database, world: World
) -> None:
    offer = await offered(db, group(world))
    order = await joined(db, offer)
    chief = await signed_in(app, world.operator)
    stop = f"/operator/group-buying/{offer.merchant_id}/{offer.offer_id}/stop"
    assert "1 / 0 / 0" in words(await chief.get("/operator/group-buying"))
    await chief.post(stop, {"reason": ""})
    assert "1 / 0 / 0" in words(await chief.get("/operator/group-buying"))
    for _ in range(2):
        await chief.post(stop, {"reason": "A price by mistake"})

    assert "None runs, and none is planned" in words(await chief.get("/operator/group-buying"))
    await over(db)
    found = (await db.ask(groups.of_orders, [order.order_id]))[order.order_id]
    assert found.failed_at is not None and found.gone_at is not None
    await chief.close()


async def test_a_team_is_opened_from_the_goods_shared_and_joined(app: Litestar, db: Database, world: World) -> None:
    nuts = world.items["nuts"]
    goods = f"/products/{nuts.product_id}"
    guest, friend = Browser(app), Browser(app)
    assert "Together with others" not in words(await guest.get(goods))
    offer = await offered(db, group(world))
    page = await guest.get(goods)
    assert "Together with others CN¥29.90" in words(page) and "2 buyers within 24 hours" in words(page)
    fields = {"merchant_id": str(offer.merchant_id), "offer_id": str(offer.offer_id), "sku_id": str(nuts.sku_id)}
    till = await guest.follow(await guest.post("/group/open", fields))
    assert "Group price: Special price CN¥29.90" in words(till)

    team = await team_of(db, await joined(db, offer))
    here = f"/group/{team.code}"
    page = await friend.get(goods)
    assert "1 more is needed" in words(page) and f'href="{here}"' in page.text
    shared = words(await friend.get(here))
    assert "1 of 2" in shared and "Join and pay" in shared
    till = await friend.follow(await friend.post(f"{here}/join", {"sku_id": str(nuts.sku_id), "quantity": "1"}))
    assert f"CN¥{PRICE / 100:.2f}" in words(till)
    refused = await friend.follow(await friend.post(f"{here}/join", {"sku_id": str(nuts.sku_id), "quantity": "9"}))
    assert "you can have 2 more" in words(refused)
    await joined(db, offer, team.team_id)
    late = await friend.follow(await friend.post(f"{here}/join", {"sku_id": str(nuts.sku_id), "quantity": "1"}))
    assert "This team is not open any more" in words(late) and "The group is whole" in words(late)
    assert (await friend.get("/group/G-00000-00000")).status_code == 404
    assert (await friend.post("/group/open", fields | {"offer_id": str(nuts.sku_id)})).status_code == 404
    await guest.close()
    await friend.close()


async def test_a_buyer_sees_that_an_order_waits_and_that_it_failed(app: Litestar, db: Database, world: World) -> None:
    offer = await offered(db, group(world))
    order = await joined(db, offer, buyer_id=world.buyer.buyer_id)
    team = await team_of(db, order)
    buyer = await signed_in(app, world.buyer)
    for path in (f"/orders/{order.code}", "/orders"):
        page = words(await buyer.get(path))
        assert "Paid, not sent yet" in page and "Waits for the group: 1 of 2" in page, path
    mine = words(await buyer.get(f"/group/{team.code}"))
    assert "You are in this team" in mine and "Join and pay" not in mine

    await over(db)

    page = words(await buyer.get(f"/orders/{order.code}"))
    assert "The group did not come together in time. All of your money goes back." in page
    assert "It did not come together" in words(await buyer.get(f"/group/{team.code}"))
    await buyer.close()
