"""A live room before viewers: what they see, write and grab, and how they buy without leaving it."""

import re
from uuid import UUID

from litestar import Litestar

from steelyard.channels import live
from steelyard.kernel.db import Database, Tx
from steelyard.trade import checkout
from steelyard.trade.checkout.model import CheckoutId
from tests.support.browser import browsing, hidden, words
from tests.support.live import OnAir
from tests.support.world import World

JSON = {"accept": "application/json"}


async def test_a_guest_sees_who_is_on_air_and_what_is_sold(app: Litestar, world: World, session: OnAir) -> None:
    async with browsing(app) as guest:
        listed = await guest.get("/live")
        page = await guest.get(f"/live/{session.slug}")
        bag = await guest.get(f"/live/{session.slug}/goods")

    assert "Spring tea" in words(listed) and f"/live/{session.slug}" in listed.text
    assert "Sign in to chat" in words(page)
    assert words(bag).index(world.items["green"].title["en"]) < words(bag).index(world.items["nuts"].title["en"])
    assert f"/live/{session.slug}/buy/{session.products['green']}" in bag.text


async def test_what_is_pinned_is_drawn_for_all_and_never_older_than_asked_for(
    app: Litestar, world: World, session: OnAir, db: Database
) -> None:
    async with browsing(app) as guest:
        before = await guest.get(f"/live/{session.slug}/parts", at="1")
        await db.transact(live.pin, *session.key, session.products["green"])
        after = await guest.get(f"/live/{session.slug}/parts", at="1")

        assert "Being explained now" not in before.text
        assert "Being explained now" in after.text
        assert "_csrf_token" not in after.text, "it is shown to others, too"


async def test_buyers_write_once_however_often_they_click(
    app: Litestar, world: World, session: OnAir, db: Database
) -> None:
    async with browsing(app) as buyer, browsing(app) as guest:
        await buyer.sign_in(world.buyer)
        page = await buyer.get(f"/live/{session.slug}")
        said = {"text": "How is it brewed?", "message_id": hidden(page, "message_id")}

        refused = await guest.post(f"/live/{session.slug}/chat", said)
        first = await buyer.post(f"/live/{session.slug}/chat", said)
        second = await buyer.post(f"/live/{session.slug}/chat", said)
        seen = await guest.get(f"/live/{session.slug}")

    assert refused.status_code == 401
    assert (first.status_code, second.status_code) == (303, 303)
    assert words(seen).count("How is it brewed?") == 1


async def test_what_is_refused_is_told_to_scripts_in_the_viewers_words(
    app: Litestar, world: World, session: OnAir
) -> None:
    async with browsing(app) as buyer:
        await buyer.sign_in(world.buyer)
        buyer.http.headers.update(JSON)
        answer = await buyer.post(f"/live/{session.slug}/chat", {"text": " "})

    assert answer.status_code == 422
    assert answer.json()["said"] == "Please fill this in"


async def test_an_order_says_from_which_session_and_second_it_came(
    app: Litestar, world: World, session: OnAir, db: Database
) -> None:
    async with browsing(app) as guest:
        address = f"/live/{session.slug}/buy/{session.products['green']}"
        page = await guest.get(address, second="42")
        wish = {"checkout_id": hidden(page, "checkout_id"), "second": "42", "o0": "0", "o1": "1", "quantity": "2"}

        answer = await guest.post(address, wish)
        again = await guest.post(address, wish)

    assert answer.status_code == 303, words(answer)
    assert again.headers["location"] == answer.headers["location"] == f"/checkout/{wish['checkout_id']}"
    found = await db.ask(checkout.view, CheckoutId(UUID(wish["checkout_id"])))
    assert found is not None
    assert found.checkout.client == f"live:{session.session_id}:42"
    assert [(line.sku_id, line.quantity) for line in found.checkout.lines] == [(world.items["green"].sku_ids[1], 2)]


async def test_a_second_that_cannot_be_is_the_one_that_it_is(app: Litestar, session: OnAir, db: Database) -> None:
    async with browsing(app) as guest:
        page = await guest.get(f"/live/{session.slug}/buy/{session.products['nuts']}", second="999999")
    assert 300 <= int(hidden(page, "second")) < 400, "five minutes after it began"


async def test_what_is_not_in_the_bag_is_not_sold_here(app: Litestar, world: World, session: OnAir) -> None:
    async with browsing(app) as guest:
        other = await guest.get(f"/live/{session.slug}/buy/{world.items['ruler'].product_id}")
        nowhere = await guest.get("/live/no-such-room")
    assert (other.status_code, nowhere.status_code) == (404, 404)


async def test_only_pages_that_play_a_stream_may_fetch_from_its_origin(
    app: Litestar, session: OnAir, db: Database
) -> None:
    await db.transact(_playback, session)
    async with browsing(app) as guest:
        room = await guest.get(f"/live/{session.slug}")
        listed = await guest.get("/live")
    policy = room.headers["content-security-policy"]
    assert (
        "connect-src 'self' http://media.test:8111" in policy
        and "media-src 'self' blob: http://media.test:8111" in policy
    )
    assert "media.test" not in listed.headers["content-security-policy"]
    assert re.search(r'data-play="http://media.test:8111/live/x/index.m3u8"', room.text)


async def _playback(tx: Tx, session: OnAir) -> None:
    await tx.execute(
        "UPDATE live_sessions SET playback = $2 WHERE session_id = $1",
        session.session_id,
        {"hls": "http://media.test:8111/live/x/index.m3u8"},
    )
