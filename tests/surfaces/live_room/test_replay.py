"""A replay before viewers: chapters with goods, each with an address of its own, the chat of the time, and buying at the price of
now."""

from uuid import UUID

import pytest
from litestar import Litestar

from steelyard.channels import live
from steelyard.channels.rooms.model import StopId
from steelyard.kernel import answers, ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.trade import checkout
from steelyard.trade.checkout.model import CheckoutId
from tests.support import live_plans
from tests.support.browser import Browser, browsing, hidden, words
from tests.support.live import OnAir
from tests.support.world import World

PLAY = "http://media.test:8111/live/x/index.m3u8"


async def over(db: Database, session: OnAir) -> int:
    """Tea was explained, then nuts; somebody asked a question, and it ended. The number of the chapter about nuts."""
    await db.transact(live.pin, *session.key, session.products["green"])
    await db.transact(
        live.say_as_shop, *session.key, UUID(int=1), "Good evening from us", name="Tea", account_id=UUID(int=2)
    )
    await db.transact(live.pin, *session.key, session.products["nuts"])
    await db.transact(_streamed, session)
    await db.transact(live.end, *session.key, "staff:1")
    return (await db.ask(live.explained, *session.key))[-1].from_seq


async def _streamed(tx: Tx, session: OnAir) -> None:
    await tx.execute("UPDATE live_sessions SET playback = $2 WHERE session_id = $1", session.session_id, {"hls": PLAY})


def replay_of(session: OnAir) -> str:
    return f"/live/{session.slug}/replay/{session.session_id}"


async def test_a_replay_has_chapters_goods_and_the_chat_of_the_time(
    app: Litestar, world: World, session: OnAir, db: Database
) -> None:
    async with browsing(app) as guest:
        early = await guest.get(replay_of(session))
        await over(db, session)
        page = await guest.get(replay_of(session), t="290")
        listed, room = await guest.get(f"/live/{session.slug}/replays"), await guest.get(f"/live/{session.slug}")
        every, chat = await guest.get("/live"), await guest.get(f"{replay_of(session)}/chat", **{"from": "290"})

    assert early.status_code == 404
    said = words(page)
    assert said.index(world.items["green"].title["en"]) < said.index(world.items["nuts"].title["en"])
    assert "Good evening from us" in said and "5:00" in said
    assert 'data-play="http://media.test:8111/live/x/recording.m3u8"' in page.text
    assert "media-src 'self' blob: http://media.test:8111" in page.headers["content-security-policy"]
    assert f"{replay_of(session)}/buy/{session.products['nuts']}" in page.text
    assert all(replay_of(session) in each.text for each in (listed, room, every))
    assert [line["text"] for line in chat.json()["lines"]] == ["Good evening from us"]


async def test_a_chapter_is_sent_on_with_its_title_and_picture(
    app: Litestar, world: World, session: OnAir, db: Database
) -> None:
    number = await over(db, session)
    async with browsing(app) as guest:
        page = await guest.get(f"{replay_of(session)}/chapters/{number}")
        none = await guest.get(f"{replay_of(session)}/chapters/999")

    assert f'property="og:title" content="{world.items["nuts"].title["en"]} · Spring tea"' in page.text
    assert f'{replay_of(session)}/chapters/{number}"' in page.text.partition('property="og:url"')[2].partition(">")[0]
    assert page.text.count('aria-current="true"') == 1
    assert none.status_code == 404


async def test_what_is_bought_from_a_replay_says_so_and_is_a_purchase_in_the_shop(
    app: Litestar, world: World, session: OnAir, db: Database
) -> None:
    await over(db, session)
    address = f"{replay_of(session)}/buy/{session.products['nuts']}"
    async with browsing(app) as guest:
        page = await guest.get(address, second="42")
        wish = {"checkout_id": hidden(page, "checkout_id"), "second": "42", "quantity": "1"}
        first, second = await guest.post(address, wish), await guest.post(address, wish)
        other = await guest.get(f"{replay_of(session)}/buy/{world.items['ruler'].product_id}")
        opened = await guest.get(first.headers["location"])

    assert first.headers["location"] == second.headers["location"]
    found = await db.ask(checkout.view, CheckoutId(UUID(first.headers["location"].removeprefix("/checkout/"))))
    assert found is not None and found.checkout.client == f"shop:replay:{session.session_id}:42"
    assert (opened.status_code, other.status_code) == (200, 404)


async def test_the_shop_hides_a_replay_and_shows_it_again(
    app: Litestar, owner: Browser, session: OnAir, db: Database
) -> None:
    await over(db, session)
    here = f"/merchant/live/{session.session_id}"
    async with browsing(app) as guest:
        assert "Hide the replay" in words(await owner.get(here))
        hidden_now = await owner.post(f"{here}/replay", {"shown": ""})
        gone = [await guest.get(replay_of(session)), await guest.get(f"{replay_of(session)}/chat")]
        assert "Show the replay" in words(await owner.get(here))
        await owner.post(f"{here}/replay", {"shown": "yes"})
        back = await guest.get(replay_of(session))

    assert hidden_now.headers["location"] == f"{here}#replay"
    assert [each.status_code for each in gone] == [404, 404] and back.status_code == 200


async def test_what_the_platform_takes_down_has_no_replay(
    app: Litestar, world: World, session: OnAir, db: Database
) -> None:
    await over(db, session)
    await db.transact(live.take_down, live_plans.chief(world), *session.key, StopId(ids.mint()), "A claim")
    async with browsing(app) as guest:
        page = await guest.get(replay_of(session))
    assert page.status_code == 404
    assert await db.ask(_shown, session), "the shop would show it"


async def _shown(read: Read, session: OnAir) -> bool:
    return await live.replay_is_shown(read, *session.key)


async def test_the_page_of_a_product_leads_to_where_it_is_explained(
    app: Litestar, session: OnAir, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever brings no cookie is shown the page that another stranger was shown, until there is news of it.
    monkeypatch.setattr(answers, "LOOK_SECONDS", -1.0)
    nuts = f"/products/{session.products['nuts']}"
    async with browsing(app) as guest:
        before = await guest.get(nuts)
        guest.http.cookies.clear()
        assert (await guest.get(nuts)).text.count("explained") == 0
        await db.transact(live.pin, *session.key, session.products["nuts"])
        guest.http.cookies.clear()
        now = await guest.get(nuts)
        await db.transact(_a_minute_ago, session)
        await over(db, session)
        number = (await db.ask(live.explained, *session.key))[0].from_seq
        after = await guest.get(nuts)

    assert "explained" not in words(before)
    assert f"/live/{session.slug}?from=product" in now.text and "Live now" in words(now)
    assert f"{replay_of(session)}/chapters/{number}" in after.text and "Watch the explanation" in words(after)


async def _a_minute_ago(tx: Tx, session: OnAir) -> None:
    await tx.execute(
        "UPDATE live_explained SET from_at = from_at - interval '1 minute' WHERE session_id = $1", session.session_id
    )
