"""A live room before viewers: what they see, write and grab, and how they buy without leaving it."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from litestar import Litestar

from steelyard.channels import live
from steelyard.channels.rooms.model import StopId
from steelyard.goods import promotions
from steelyard.goods.promotions.model import AmountOff, Offer, PromotionId, Step
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.text import text
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import checkout
from steelyard.trade.checkout.model import CheckoutId
from tests.support.browser import browsing, hidden, words
from tests.support.live import OnAir
from tests.support.live_plans import chief
from tests.support.world import World
from tests.surfaces.storefront.test_posters import code_on, needs_letters, watched

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


@needs_letters
async def test_a_session_is_passed_on_as_a_poster_until_it_is_stopped(
    app: Litestar, world: World, session: OnAir, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = watched(monkeypatch)
    here = f"/live/{session.slug}"
    async with browsing(app) as guest:
        assert f"{here}/poster.png" in (await guest.get(f"{here}/share")).text
        poster = await guest.get(f"{here}/poster.png")
        await db.transact(live.take_down, chief(world), *session.key, StopId(ids.mint()), "Against the rules")
        stopped = await guest.get(f"{here}/poster.png")

    assert code_on(poster.content, f"http://shop.test{here}?qr=poster")
    assert (made[0].title, made[0].remark) == ("Spring tea", "On air now")
    assert stopped.status_code == 404


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
    assert again.headers["location"] == answer.headers["location"]
    found = await db.ask(checkout.view, checkout_of(answer))
    assert found is not None
    assert found.checkout.client == f"live:{session.session_id}:42"
    assert [(line.sku_id, line.quantity) for line in found.checkout.lines] == [(world.items["green"].sku_ids[1], 2)]


def checkout_of(answer: httpx.Response) -> CheckoutId:
    assert answer.status_code == 303, words(answer)
    return CheckoutId(UUID(answer.headers["location"].rpartition("/")[2]))


async def test_double_clicks_other_choices_and_nonsense_leave_nothing_half_done(
    app: Litestar, world: World, session: OnAir, db: Database
) -> None:
    green = world.items["green"].sku_ids
    async with browsing(app) as guest:
        address = f"/live/{session.slug}/buy/{session.products['green']}"
        form = {"checkout_id": hidden(await guest.get(address), "checkout_id"), "o0": "0", "o1": "0", "quantity": "1"}

        # Two at once are one; back in the sheet another choice is another checkout, and not the first once more.
        twice = await asyncio.gather(*(guest.post(address, form) for _ in range(2)))
        other, more = await guest.post(address, form | {"o1": "1"}), await guest.post(address, form | {"quantity": "2"})
        opened = [checkout_of(answer) for answer in (*twice, other, more)]
        assert opened[0] == opened[1]
        assert len(set(opened)) == 3
        lines = [(await db.ask(checkout.get, each)).lines[0] for each in (opened[0], opened[2], opened[3])]  # pyright: ignore[reportOptionalMemberAccess]
        assert [(line.sku_id, line.quantity) for line in lines] == [(green[0], 1), (green[1], 1), (green[0], 2)]

        nonsense = [
            {"checkout_id": "' OR 1=1", "quantity": "-5", "second": "NaN"}, {"quantity": "9" * 40, "second": "-1"},
            {"quantity": "二", "second": "1e9"}, {"quantity": "", "checkout_id": "\x00"},
        ]  # fmt: skip
        answers = [await guest.post(address, form | each) for each in nonsense]
        assert {answer.status_code for answer in answers} == {303}
        for answer, pieces in zip(answers, (1, 1, 1, 1), strict=True):
            found = await db.ask(checkout.get, checkout_of(answer))
            assert found is not None
            assert found.lines[0].quantity == pieces
        for wrong in ({"o0": "99"}, {"o0": "x", "o1": "-1"}, {"o1": "\x00"}):
            answer = await guest.post(address, form | wrong)
            assert answer.status_code in (303, 422), wrong
            if answer.status_code == 422:
                assert "This combination cannot be had" in words(answer)


async def test_a_coupon_that_is_thrown_in_is_grabbed_once_and_the_second_click_is_no_mistake(
    app: Litestar, world: World, session: OnAir, db: Database
) -> None:
    now, promotion_id, drop_id = datetime.now(UTC), PromotionId(ids.mint()), ids.mint()
    offer = Offer(
        merchant_id=MerchantId(session.merchant_id), promotion_id=promotion_id, name=text("直播间券", "Live coupon"),
        rule=AmountOff(steps=(Step(1_000, 100),)), currency="CNY", starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=1), coupon=True, copies=5, per_buyer=1,
    )  # fmt: skip
    await db.transact(promotions.save, offer)
    await db.transact(
        live.throw, session.merchant_id, session.session_id, drop_id, promotion_id, "staff:1", red_packet=False
    )
    async with browsing(app) as guest:
        at = f"/live/{session.slug}/grab"
        await guest.get(f"/live/{session.slug}")
        guest.http.headers.update(JSON)
        answers = await asyncio.gather(*(guest.post(f"{at}/{drop_id}") for _ in range(3)))
        assert [answer.status_code for answer in answers] == [200] * 3
        # Nothing of that name, or not even a name: said in words, and the room is still there.
        gone = await guest.post(f"{at}/{ids.mint()}")
        assert (gone.status_code, bool(gone.json()["said"])) == (409, True)
        assert (await guest.post(f"{at}/nonsense")).status_code == 404

    async def claimed(read: Read) -> int:
        return await read.value("SELECT count(*)::integer FROM coupon_claims WHERE promotion_id = $1", promotion_id)

    assert await db.ask(claimed) == 1


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
