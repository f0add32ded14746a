"""The studio of a session: what the shop's own people see and do, and nobody else's."""

from litestar import Litestar

from steelyard.channels import live
from steelyard.kernel.db import Database
from tests.support.browser import Browser, browsing, hidden, words
from tests.support.consoles import signed_in
from tests.support.live import OnAir
from tests.support.world import World


def desk_of(session: OnAir) -> str:
    return f"/merchant/live/{session.session_id}/desk"


async def test_what_the_desk_pins_stands_in_the_room(
    app: Litestar, owner: Browser, session: OnAir, world: World
) -> None:
    desk = desk_of(session)
    pinned = await owner.post(f"{desk}/pin", {"product_id": str(session.products["nuts"])})
    noted = await owner.post(f"{desk}/note", {"note": "Two for one until nine"})
    async with browsing(app) as guest:
        room = words(await guest.get(f"/live/{session.slug}"))
    ended = await owner.post(f"{desk}/pin", {"product_id": ""})
    here = words(await owner.get(desk))

    assert [each.headers["location"] for each in (pinned, noted, ended)] == [desk] * 3
    assert "Being explained now" in room and "Two for one until nine" in room
    assert "Being explained now Nothing" in here


async def test_a_live_price_counts_in_this_session_alone(
    app: Litestar, owner: Browser, session: OnAir, world: World
) -> None:
    nuts = session.products["nuts"]
    address = f"{desk_of(session)}/price/{nuts}"
    form = await owner.get(address)
    wish = {
        "offer_id": hidden(form, "offer_id"),
        "sku_id": str(world.items["nuts"].sku_ids[0]),
        "price": "19.90",
        "pieces": "3",
        "per_buyer": "1",
        "seconds": "600",
        "in_seconds": "0",
    }
    wrong = await owner.post(address, {**wish, "pieces": "none"})
    first, second = await owner.post(address, wish), await owner.post(address, wish)
    async with browsing(app) as guest:
        sheet = words(await guest.get(f"/live/{session.slug}/buy/{nuts}"))
        shop = words(await guest.get(f"/products/{nuts}"))
    desk = words(await owner.get(desk_of(session)))

    assert wrong.status_code == 422 and 'value="19.90"' in wrong.text
    assert (first.status_code, second.status_code) == (303, 303)
    assert "¥19.90" in sheet and "3 left" in sheet
    assert "¥19.90" not in shop
    assert "3 of 3 left" in desk and "End the price" in desk


async def test_the_bag_is_arranged_and_goods_are_taken_off_it(
    app: Litestar, owner: Browser, session: OnAir, db: Database
) -> None:
    nuts = str(session.products["nuts"])
    await owner.post(f"{desk_of(session)}/move", {"product_id": nuts, "to": "up"})
    await owner.post(f"{desk_of(session)}/shelf", {"product_id": str(session.products["green"]), "shown": ""})
    async with browsing(app) as guest:
        bag = (await guest.get(f"/live/{session.slug}/goods")).text
        hidden_one = await guest.get(f"/live/{session.slug}/buy/{session.products['green']}")

    order = [str(each.product_id) for each in await db.ask(live.goods, *session.key)]
    assert order[0] == nuts
    assert nuts in bag and str(session.products["green"]) not in bag
    assert hidden_one.status_code == 404


async def test_messages_are_taken_off_and_their_writers_muted(
    app: Litestar, owner: Browser, session: OnAir, world: World, db: Database
) -> None:
    assert world.buyer.buyer_id is not None
    (seq,) = await db.transact(live.say, [session.say(world.buyer.buyer_id, "Is this fresh?")])
    question = await owner.post(f"{desk_of(session)}/question", {"seq": str(seq)})
    here = words(await owner.get(desk_of(session)))
    prompter = words(await owner.get(f"/merchant/live/{session.session_id}/prompter"))
    await owner.post(f"{desk_of(session)}/mute", {"seq": str(seq)})
    async with browsing(app) as buyer:
        await buyer.sign_in(world.buyer)
        page = await buyer.get(f"/live/{session.slug}")
        buyer.http.headers["accept"] = "application/json"
        refused = await buyer.post(
            f"/live/{session.slug}/chat", {"text": "Again", "message_id": hidden(page, "message_id")}
        )

    assert question.status_code == 303
    assert "Questions before the host" in here and "Is this fresh?" in prompter
    assert "Is this fresh?" not in words(page)
    assert refused.status_code == 403 and "muted" in refused.json()["said"]


async def test_the_big_screen_counts_what_is_clicked_and_explained(
    app: Litestar, owner: Browser, session: OnAir
) -> None:
    await owner.post(f"{desk_of(session)}/pin", {"product_id": str(session.products["nuts"])})
    screen = await owner.get(f"/merchant/live/{session.session_id}/screen")
    assert screen.status_code == 200
    assert "Paid by minute" in words(screen) and 'class="timeline-bars"' in screen.text


async def test_the_studio_is_open_to_the_shops_own_people_only(app: Litestar, session: OnAir, world: World) -> None:
    stranger = await signed_in(app, world.tools.owner)
    try:
        seen = await stranger.get(desk_of(session))
        done = await stranger.post(f"{desk_of(session)}/pin", {"product_id": str(session.products["nuts"])})
    finally:
        await stranger.close()
    async with browsing(app) as guest:
        nobody = await guest.get(desk_of(session))

    assert seen.status_code == 404
    assert done.status_code in (303, 404)
    assert "/sign-in" in nobody.headers["location"]
