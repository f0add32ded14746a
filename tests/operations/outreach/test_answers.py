"""What comes back: news of the message service, clicks and openings, and the ways out."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from litestar import Litestar

from steelyard.kernel.db import Database, Read
from steelyard.kernel.text import text
from steelyard.operations import behaviour, outreach
from steelyard.operations.outreach.answering import take_news
from steelyard.operations.outreach.gateways.interface import Letter, News, Refused, Taken
from steelyard.operations.outreach.jobs import CODES_KEPT, forget_codes
from steelyard.operations.outreach.model import Channel, NewTemplate, Outgoing, State, Why, Words
from steelyard.parties import customers
from steelyard.surfaces.web.footfall import Footfall
from tests.operations.outreach.conftest import (
    Outside,
    due_now,
    go_out,
    known_to_the_shop,
    outgoing,
    ready_template,
    state_of,
    wants,
)
from tests.support.browser import browsing, words
from tests.support.consoles import signed_in
from tests.support.world import World


async def sent(db: Database, world: World, outside: Outside, channel: Channel = Channel.EMAIL, **more: Any) -> Outgoing:
    await known_to_the_shop(db, world, world.buyer.buyer_id)
    await wants(db, world.buyer.buyer_id, customers.Channel(str(channel)))
    message = outgoing(world, await ready_template(db, world, "abandoned_cart", channel), channel, **more)
    await db.transact(outreach.send, message)
    await go_out(db, outside)
    return message


async def phone(db: Database, world: World, number: str) -> None:
    await db.transact(_phone, world.buyer.buyer_id, number)


async def _phone(tx: Any, buyer_id: UUID, number: str) -> None:
    await tx.execute("UPDATE buyers SET phone = $2 WHERE buyer_id = $1", buyer_id, number)


async def test_a_text_message_arrives_says_whose_it_is_and_how_to_end_it(
    db: Database, world: World, outside: Outside
) -> None:
    await phone(db, world, "13912345678")
    message = await sent(db, world, outside, Channel.SMS)

    [caught] = await outside.texts()
    assert caught["recipient"] == "13912345678"
    assert re.fullmatch(
        r"Tea on the Cloud: Longjing is still in .* http://shop\.test/s/\w{10} Reply R to stop", caught["said"]
    )
    await outside.simulated.run_due()
    [webhook] = outside.simulated.shop.got
    for _ in range(2):
        await db.transact(take_news, News(event_id="1", message_id=UUID(webhook.data["reference"]), what="delivered"))
    assert await state_of(db, message) == (State.DELIVERED, "")
    await db.transact(take_news, News(event_id="2", message_id=message.message_id, what="stopped", why="R"))
    assert (await db.ask(customers.wants, world.buyer.buyer_id))[customers.Channel.SMS] is False
    [said, *_] = await db.ask(customers.consents_of, world.buyer.buyer_id)
    assert (said.agreed, said.how) == (False, "answer")


async def test_a_short_address_leads_for_half_a_year_and_that_it_was_followed_stays_counted(
    db: Database, world: World, outside: Outside
) -> None:
    await phone(db, world, "13912345678")
    old = await sent(db, world, outside, Channel.SMS)
    [caught] = await outside.texts()
    found = re.search(r"/s/(\w{10})", caught["said"])
    assert found is not None
    code, now = found[1], datetime.now(UTC)
    led = await db.ask(outreach.short, code)
    assert led is not None
    await db.transact(outreach.note_click, led[0])
    before = await db.ask(outreach.message, old.merchant_id, old.message_id)

    assert await db.transact(forget_codes, now + CODES_KEPT - timedelta(minutes=1)) == 0
    assert await db.ask(outreach.short, code) == led, "its time is not over"
    young = await sent(db, world, outside, Channel.SMS)
    await db.transact(_older, old.message_id)

    for left in (1, 0):
        assert await db.transact(forget_codes, now) == left
    assert await db.ask(outreach.short, code) is None
    assert await db.ask(_codes_of, young.message_id) == 1, "what is younger leads on"
    after = await db.ask(outreach.message, old.merchant_id, old.message_id)
    assert after == before
    assert after.clicked_at is not None


async def _older(tx: Any, message_id: UUID) -> None:
    await tx.execute("UPDATE message_codes SET at = at - $2::interval WHERE message_id = $1", message_id, CODES_KEPT)


async def _codes_of(read: Any, message_id: UUID) -> int:
    return await read.value("SELECT count(*)::integer FROM message_codes WHERE message_id = $1", message_id)


async def test_what_comes_back_for_good_ends_the_address_and_for_a_while_is_tried_three_times(
    db: Database, world: World, outside: Outside
) -> None:
    message = await sent(db, world, outside)
    for n in range(2):
        await db.transact(take_news, News(event_id=str(n), message_id=message.message_id, what="bounced", why="full"))
        assert await state_of(db, message) == (State.QUEUED, Why.REFUSED)
        await db.transact(due_now)
        await go_out(db, outside)
        assert (await state_of(db, message))[0] is State.SENT
    await db.transact(take_news, News(event_id="3", message_id=message.message_id, what="bounced", why="full"))
    assert await state_of(db, message) == (State.FAILED, Why.REFUSED)
    again = await sent(db, world, outside)
    await db.transact(
        take_news, News(event_id="4", message_id=again.message_id, what="bounced", hard=True, why="550 5.1.1")
    )
    assert await state_of(db, again) == (State.BOUNCED, Why.REFUSED)
    assert await state_of(db, await sent(db, world, outside)) == (State.DROPPED, Why.SUPPRESSED)


async def test_who_complains_has_withdrawn(db: Database, world: World, outside: Outside) -> None:
    message = await sent(db, world, outside)
    await db.transact(take_news, News(event_id="1", message_id=message.message_id, what="complained"))
    assert not await db.ask(customers.wants_mails, world.buyer.buyer_id)
    found = await db.ask(outreach.message, message.merchant_id, message.message_id)
    assert found.complained_at is not None


async def test_a_lost_answer_of_the_message_service_is_asked_about(
    db: Database, world: World, outside: Outside
) -> None:
    await phone(db, world, "13912345678")
    await outside.simulated.http.post("/v1/faults", json={"answers": "lost"})
    message = await sent(db, world, outside, Channel.SMS)
    assert await state_of(db, message) == (State.SENDING, "")
    await outside.simulated.http.post("/v1/faults", json={"answers": "prompt"})
    await db.transact(due_now)
    await go_out(db, outside)
    assert (await state_of(db, message))[0] in (State.SENT, State.DELIVERED)
    assert len(await outside.texts()) == 1


async def test_a_mail_that_came_back_is_known_to_have_when_it_is_asked_about(
    db: Database, world: World, outside: Outside
) -> None:
    message = await sent(db, world, outside)
    [mail] = await outside.mails()
    letter = Letter(
        message_id=message.message_id, channel=Channel.EMAIL, address="", locale="en", shop="", created_at=datetime.now(UTC)
    )  # fmt: skip
    service = outside.carriers[Channel.EMAIL]
    assert await service.ask(letter) == Taken(delivered=True)
    for what, known in (
        ("complained", Taken(delivered=True)),
        ("bounced", Refused(why="550 5.1.1 No such user", hard=True)),
    ):
        await outside.simulated.browser.post(f"/mails/{mail['id']}/back", data={"what": what})
        assert await service.ask(letter) == known


async def test_a_message_of_wechat_fills_in_the_fields(db: Database, world: World, outside: Outside) -> None:
    buyer = world.buyer.buyer_id
    await db.transact(customers.know_wechat, buyer, "openid-1")
    await known_to_the_shop(db, world, buyer)
    await wants(db, buyer, customers.Channel.WECHAT)
    new = NewTemplate(
        merchant_id=world.tea.merchant_id, template_id=UUID(int=7), channel=Channel.WECHAT, name="Cart",
        words=Words(body=text("thing1: {{cart.items}}", "thing1: {{cart.items}}"), code="T1", link="/cart"),
    )  # fmt: skip
    await db.transact(outreach.make_template, new, "test")
    message = outgoing(world, new.template_id, Channel.WECHAT)
    await db.transact(outreach.send, message)
    await go_out(db, outside)
    [caught] = await outside.texts()
    assert (caught["recipient"], caught["said"]) == ("openid-1", "thing1: Longjing")
    assert caught["link"].startswith("http://shop.test/m/c/")


async def test_a_link_comes_back_to_the_right_page_and_is_known_to_have_brought_somebody(
    app: Litestar, db: Database, world: World, outside: Outside
) -> None:
    here = msgspec.structs.replace(outside.here, home=app.state.settings.home)
    message = await sent(db, world, msgspec.structs.replace(outside, here=here), origin="journey:1:cart")
    [mail] = await outside.mails()
    link = next(each for each in re.findall(r"http://shop\.test(/m/c/\S+)", mail["text"]))
    picture = re.search(r'src="http://shop\.test(/m/o/[^"]+)"', mail["html"])
    assert picture is not None

    app.state.footfall = Footfall(db)
    browser = await signed_in(app, world.buyer)
    browser.http.headers["user-agent"] = "Mozilla/5.0 (X11; Linux x86_64)"
    assert (await browser.get(picture[1])).headers["content-type"] == "image/gif"
    for _ in range(2):
        answer = await browser.get(link)
        assert answer.status_code == 302
        target = urlsplit(answer.headers["location"])
        assert target.path == "/cart" and "utm_source=steelyard" in target.query and "utm_medium=email" in target.query
    assert (await browser.get(link.replace("to=%2Fcart", "to=%2Forders"))).status_code == 404
    found = await db.ask(outreach.message, message.merchant_id, message.message_id)
    assert found.opened_at is not None and found.clicked_at is not None
    assert await db.ask(_deeds) == [("message_open", "journey:1:cart"), ("message_click", "journey:1:cart")]

    await db.transact(behaviour.choose, world.buyer.buyer_id, analysed=False)
    quiet = await sent(db, world, msgspec.structs.replace(outside, here=here))
    [mail, *_] = await outside.mails()
    assert "/m/c/" not in mail["text"] and "/m/o/" not in mail["html"]
    assert (await db.ask(outreach.message, quiet.merchant_id, quiet.message_id)).clicked_at is None


async def _deeds(read: Read) -> list[tuple[str, str]]:
    rows = await read.fetch(
        "SELECT kind, properties->>'origin' AS origin FROM behaviour_events WHERE surface = 'mail' ORDER BY at"
    )
    return [(row["kind"], row["origin"]) for row in rows]


async def test_the_ways_out_by_one_click_by_the_page_and_in_the_account(
    app: Litestar, db: Database, world: World, outside: Outside
) -> None:
    buyer = world.buyer.buyer_id
    assert buyer is not None
    here = msgspec.structs.replace(outside.here, home=app.state.settings.home)
    message = await sent(db, world, msgspec.structs.replace(outside, here=here))
    [mail] = await outside.mails()
    raw = outside.box.raw(mail["id"]).decode()
    at_once = re.search(r"List-Unsubscribe: <http://shop\.test(/m/s/[^>]+)>", raw)
    page = re.search(r"http://shop\.test(/m/p/\S+)", mail["text"])
    assert at_once and page

    async with browsing(app) as anybody:
        assert (await anybody.http.post(at_once[1], data={"List-Unsubscribe": "One-Click"})).status_code == 200
        assert await db.ask(outreach.stops, buyer) == [(message.merchant_id, Channel.EMAIL)]
        assert "Get them again" in words(await anybody.get(page[1]))
        for _ in range(2):
            await anybody.post(page[1], {"what": "again"})
        assert await db.ask(outreach.stops, buyer) == []
        await anybody.post(page[1], {"what": "none"})
        assert not await db.ask(customers.wants_mails, buyer)
        ended = words(await anybody.get(page[1]))
        assert "no news and offers of any shop" in ended and "No more from this shop" not in ended
        assert (await anybody.get(page[1][:-3] + "abc")).status_code == 404
    account = await signed_in(app, world.buyer)
    shown = words(await account.get("/account/news"))
    assert "Tea on the Cloud" in shown and "on the page that a message led to" in shown
    await account.post("/account/news", {"email": "yes", "wechat": "yes"})
    wanted = await db.ask(customers.wants, buyer)
    assert wanted[customers.Channel.EMAIL] and not wanted[customers.Channel.WECHAT], "nobody knows them there"
    await account.post(f"/account/news/{message.merchant_id}/email", {})
    assert await db.ask(outreach.may_reach, message.merchant_id, [buyer], Channel.EMAIL) == frozenset()
