"""The shop's messages in its console: written, looked at, tried out, and followed on their way."""

import re
from datetime import time

import pytest
from litestar import Litestar

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.operations import outreach
from steelyard.operations.outreach import writing
from steelyard.operations.outreach.delivery import hand_over
from steelyard.operations.outreach.model import Channel, Outgoing
from tests.support.browser import words
from tests.support.consoles import signed_in
from tests.support.world import World

HOME = "/merchant/messages"


async def test_a_ready_template_becomes_the_shops_own_and_is_changed_in_both_languages(
    app: Litestar, db: Database, world: World
) -> None:
    browser = await signed_in(app, world.tea.owner)
    assert "No templates yet" in words(await browser.get(HOME))
    for _ in range(2):
        made = await browser.post(f"{HOME}/ready", {"key": "abandoned_cart", "channel": "email"})
    here = made.headers["location"]
    page = await browser.get(here)
    assert "AD: Your cart is still here" in page.text and "【广告】您的购物车还在等您" in page.text
    form = {
        "channel": "email", "version": "1", "name": "Cart", "subject_zh": "购物车", "subject_en": "Cart {{buyer.nmae}}",
        "body_zh": "话", "body_en": "Words", "link": "https://elsewhere.test",
    }  # fmt: skip
    refused = await browser.post(here, form)
    assert refused.status_code == 422
    assert "There is no variable buyer.nmae" in refused.text and "A page of this marketplace" in refused.text
    good = {**form, "subject_en": "Cart, {{buyer.name|friend}}", "link": "{{cart.url}}"}
    shown = await browser.post(f"{HOME}/preview", {**good, "message_template_id": here.rpartition("/")[2]})
    assert shown.status_code == 200 and "AD: Cart, Li Na" in words(shown)
    assert (await browser.post(here, good)).status_code == 303
    late = await browser.post(here, {**good, "body_en": "Other words"})
    assert late.status_code == 409 and "Somebody has changed this template since" in late.text
    [template] = await db.ask(outreach.templates, world.tea.merchant_id)
    assert (template.name, template.version) == ("Cart", 2)
    away = await browser.post(f"{here}/archive", {})
    assert "No templates yet" in words(await browser.follow(away))
    await browser.post(f"{here}/archive", {"to": "back"})
    new = await browser.get(f"{HOME}/new?channel=inbox")
    form = {"channel": "inbox", "template_id": str(ids.mint()), "name": "", "subject_zh": "新", "body_zh": "话"}
    assert new.status_code == 200 and (await browser.post(f"{HOME}/new", form)).status_code == 422
    for _ in range(2):
        assert (await browser.post(f"{HOME}/new", {**form, "name": "News"})).status_code == 303
    assert len(await db.ask(outreach.templates, world.tea.merchant_id)) == 2


async def test_a_shop_with_too_many_templates_is_told_so_where_it_wants_another(
    app: Litestar, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await signed_in(app, world.tea.owner)
    made = await browser.post(f"{HOME}/ready", {"key": "welcome", "channel": "email"})
    away = made.headers["location"].removeprefix(f"{HOME}/")
    await browser.post(f"{HOME}/{away}/archive")
    await browser.post(f"{HOME}/ready", {"key": "birthday", "channel": "email"})
    monkeypatch.setattr(writing, "TEMPLATES_PER_MERCHANT_MAX", 1)

    form = {"channel": "inbox", "template_id": str(ids.mint()), "name": "News", "subject_zh": "新", "body_zh": "话"}
    full = await browser.post(f"{HOME}/new", form)
    assert full.status_code == 409 and "A shop can have 1 templates" in words(full) and 'value="News"' in full.text
    for path, typed in (("ready", {"key": "win_back", "channel": "email"}), (f"{away}/archive", {"to": "back"})):
        answer = await browser.follow(await browser.post(f"{HOME}/{path}", typed))
        assert "A shop can have 1 templates" in words(answer)


async def test_what_was_sent_is_listed_with_what_became_of_it(app: Litestar, db: Database, world: World) -> None:
    browser = await signed_in(app, world.tea.owner)
    assert "No messages here" in words(await browser.get(f"{HOME}/sent"))
    shop = world.tea.merchant_id
    template = await db.transact(outreach.use_ready, shop, "welcome", Channel.INBOX, "test")
    mail = await db.transact(outreach.use_ready, shop, "welcome", Channel.EMAIL, "test")
    assert world.buyer.buyer_id is not None
    message = Outgoing(
        merchant_id=shop,
        message_id=ids.mint(),
        buyer_id=world.buyer.buyer_id,
        channel=Channel.INBOX,
        template_id=template,
        quiet_from=time(22),
        quiet_to=time(8, 30),
    )
    await db.transact(outreach.send, message)
    for _ in range(2):
        await browser.post(f"{HOME}/templates/{mail}/try", {"message_id": str(ids.mint())})
    await hand_over(db, {}, app.state.settings)

    page = words(await browser.get(f"{HOME}/sent"))
    assert "Trial" in page and "This channel is not set up here" in page
    waiting = words(await browser.get(f"{HOME}/sent?state=queued"))
    assert "Trial" not in waiting and "Without an order" in waiting
    of_the_mail = words(await browser.get(f"{HOME}/sent?template={mail}"))
    assert of_the_mail.count("Trial") == 2 and "Without an order" not in of_the_mail
    name = (await db.ask(outreach.template, shop, mail)).name
    assert of_the_mail.count(name) == 3  # of the two, and of which they are
    record = await browser.get(f"{HOME}/sent/{message.message_id}")
    assert "Welcome" in words(record) and "Advertisement" in words(record)
    assert "Quiet hours 22:00 to 08:30, where the customer is" in words(record)
    file = await browser.get(f"{HOME}/sent?format=csv")
    assert len(file.text.strip().splitlines()) == 4 and re.search("This channel is not set up", file.text)
