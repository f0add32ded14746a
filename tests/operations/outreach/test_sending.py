"""Messages of shops go out once, to who may be reached, and to nobody after they have said no."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.text import text
from steelyard.operations import outreach
from steelyard.operations.outreach import delivery
from steelyard.operations.outreach.gateways.interface import Taken
from steelyard.operations.outreach.gateways.smtp import Smtp
from steelyard.operations.outreach.model import (
    Channel,
    Message,
    NewTemplate,
    State,
    TemplateChanged,
    UnknownTemplate,
    Why,
    Words,
)
from steelyard.parties import customers, merchants, notifications
from steelyard.parties.merchants.model import MerchantState
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
from tests.support.world import World


async def test_a_message_goes_out_once_however_often_it_is_wanted(db: Database, world: World, outside: Outside) -> None:
    await known_to_the_shop(db, world, world.buyer.buyer_id)
    await wants(db, world.buyer.buyer_id)
    message = outgoing(world, await ready_template(db, world, "abandoned_cart", Channel.EMAIL), origin="journey:1:cart")
    assert await db.transact(outreach.send, message) is True
    assert await db.transact(outreach.send, message) is False

    assert await go_out(db, outside) == 1
    assert await go_out(db, outside) == 0

    [mail] = await outside.mails()
    assert mail["recipients"] == [world.buyer.email]
    assert mail["subject"].startswith("AD: ") and "Longjing" in mail["text"]
    assert "http://shop.test/m/c/" in mail["text"] and "http://shop.test/m/p/" in mail["text"]
    raw = outside.box.raw(mail["id"]).decode()
    assert re.search(r"List-Unsubscribe: <http://shop\.test/m/s/[\w=-]+>", raw)
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in raw
    assert await state_of(db, message) == (State.SENT, "")


async def test_quiet_hours_end_before_anything_leaves(db: Database, world: World, outside: Outside) -> None:
    await known_to_the_shop(db, world, world.buyer.buyer_id)
    await wants(db, world.buyer.buyer_id)
    morning = datetime.now(UTC) + timedelta(hours=3)
    message = outgoing(world, await ready_template(db, world, "welcome", Channel.EMAIL), not_before=morning)
    await db.transact(outreach.send, message)

    assert await go_out(db, outside) == 0 and await outside.mails() == []
    found = await db.ask(outreach.message, message.merchant_id, message.message_id)
    assert (found.state, found.not_before, found.due_at) == (State.QUEUED, morning, morning)


@pytest.mark.parametrize(
    "how", ["withdrawn", "this shop", "came back", "nobody's customer", "no consent", "shop closed"]
)
async def test_nothing_reaches_who_may_not_be_reached_when_it_would_leave(
    db: Database, world: World, outside: Outside, how: str
) -> None:
    buyer = world.buyer.buyer_id
    assert buyer is not None
    if how != "nobody's customer":
        await known_to_the_shop(db, world, buyer)
    if how != "no consent":
        await wants(db, buyer)
    message = outgoing(world, await ready_template(db, world, "welcome", Channel.EMAIL))
    await db.transact(outreach.send, message)
    [taken] = await db.transact(delivery.take)
    if how == "withdrawn":
        await db.transact(customers.want, buyer, customers.Channel.EMAIL, agreed=False, how="preferences")
    elif how == "this shop":
        await db.transact(outreach.stop, buyer, message.merchant_id, Channel.EMAIL, stopped=True, how="one_click")
    elif how == "came back":
        await db.transact(outreach.suppress, Channel.EMAIL, [world.buyer.email.upper()], "550 5.1.1")
    elif how == "shop closed":
        await db.transact(merchants.set_state, world.tea.merchant_id, MerchantState.SUSPENDED)
    elif how == "nobody's customer":
        taken = _an_hour_old(taken)

    assert await db.transact(delivery.claim, taken, outside.here) is None

    why = {
        "withdrawn": Why.NO_CONSENT, "this shop": Why.STOPPED, "came back": Why.SUPPRESSED, "no consent": Why.NO_CONSENT,
        "nobody's customer": Why.STRANGER, "shop closed": Why.SHOP_CLOSED,
    }[how]  # fmt: skip
    assert await state_of(db, message) == (State.DROPPED, why)
    assert await db.ask(outreach.may_reach, message.merchant_id, [buyer], Channel.EMAIL) == frozenset()
    assert await db.ask(outreach.hindrances, message.merchant_id, [buyer], Channel.EMAIL) == {buyer: why}
    assert await go_out(db, outside) == 0 and await outside.mails() == []


def _an_hour_old(message: Message) -> Message:
    return msgspec.structs.replace(message, created_at=datetime.now(UTC) - timedelta(hours=1))


async def test_what_belongs_to_an_order_needs_no_consent_and_says_no_advertisement(
    db: Database, world: World, outside: Outside
) -> None:
    await known_to_the_shop(db, world, world.buyer.buyer_id)
    template = await ready_template(db, world, "unpaid_order", Channel.EMAIL)
    message = outgoing(world, template, marketing=False, variables={"order.code": "P-1", "order.url": "/orders"})
    await db.transact(outreach.send, message)
    await go_out(db, outside)

    [mail] = await outside.mails()
    assert mail["subject"] == "Your order P-1 is not paid yet"
    assert "List-Unsubscribe" not in outside.box.raw(mail["id"]).decode()


@pytest.mark.parametrize(("killed", "marketing"), [("after", True), ("before", True), ("after", False)])
async def test_who_was_killed_between_hand_over_and_note_is_asked_about_and_nothing_is_said_twice(
    db: Database, world: World, outside: Outside, killed: str, marketing: bool
) -> None:
    await known_to_the_shop(db, world, world.buyer.buyer_id)
    await wants(db, world.buyer.buyer_id)
    message = outgoing(world, await ready_template(db, world, "welcome", Channel.EMAIL), marketing=marketing)
    await db.transact(outreach.send, message)
    [taken] = await db.transact(delivery.take)
    letter = await db.transact(delivery.claim, taken, outside.here)
    assert letter is not None
    if killed == "after":
        assert await outside.carriers[Channel.EMAIL].hand_over(letter) == Taken()
    assert await go_out(db, outside) == 0, "it is being handed over, as far as anybody knows"

    for _ in range(3):
        await db.transact(due_now)
        await go_out(db, outside)

    assert len(await outside.mails()) == 1
    state, _ = await state_of(db, message)
    assert state in (State.SENT, State.DELIVERED)


async def test_where_nobody_can_be_asked_an_advertisement_is_not_said_twice(
    db: Database, world: World, outside: Outside
) -> None:
    await known_to_the_shop(db, world, world.buyer.buyer_id)
    await wants(db, world.buyer.buyer_id)
    message = outgoing(world, await ready_template(db, world, "welcome", Channel.EMAIL))
    await db.transact(outreach.send, message)
    [taken] = await db.transact(delivery.take)
    letter = await db.transact(delivery.claim, taken, outside.here)
    alone = Smtp(outside.here, None)
    assert letter is not None and await alone.hand_over(letter) == Taken()
    await db.transact(due_now)

    await delivery.hand_over(db, {Channel.EMAIL: alone}, outside.here)

    assert await state_of(db, message) == (State.UNSURE, Why.NOT_ASKED)
    assert len(await outside.mails()) == 1


async def test_a_mail_server_that_is_down_is_waited_for(db: Database, world: World, outside: Outside) -> None:
    await known_to_the_shop(db, world, world.buyer.buyer_id)
    await wants(db, world.buyer.buyer_id)
    message = outgoing(world, await ready_template(db, world, "welcome", Channel.EMAIL))
    await db.transact(outreach.send, message)
    down = msgspec.structs.replace(outside.here, smtp_port=1)

    await delivery.hand_over(db, {Channel.EMAIL: Smtp(down, None)}, down)

    assert await state_of(db, message) == (State.QUEUED, Why.REFUSED)
    await db.transact(due_now)
    await go_out(db, outside)
    assert len(await outside.mails()) == 1


async def test_an_address_that_is_nobodys_is_written_to_once(db: Database, world: World, outside: Outside) -> None:
    await known_to_the_shop(db, world, world.buyer.buyer_id)
    await wants(db, world.buyer.buyer_id)
    await db.transact(_move_to, world.buyer.buyer_id, "gone@example.com")
    template = await ready_template(db, world, "welcome", Channel.EMAIL)
    first, second = outgoing(world, template), outgoing(world, template)
    await db.transact(outreach.send, first)
    await go_out(db, outside)
    await db.transact(outreach.send, second)
    await go_out(db, outside)

    assert await state_of(db, first) == (State.BOUNCED, Why.REFUSED)
    assert await state_of(db, second) == (State.DROPPED, Why.SUPPRESSED)
    await db.transact(_move_to, world.buyer.buyer_id, "full@example.com")
    third = outgoing(world, template)
    await db.transact(outreach.send, third)
    await go_out(db, outside)
    assert await state_of(db, third) == (State.QUEUED, Why.REFUSED), "full today is not gone"


async def _move_to(tx: Tx, buyer_id: UUID, email: str) -> None:
    await tx.execute("UPDATE buyers SET email = $2 WHERE buyer_id = $1", buyer_id, email)


async def test_the_inbox_is_the_houses_own_and_reads_in_both_languages(
    db: Database, world: World, outside: Outside
) -> None:
    buyer = world.buyer.buyer_id
    assert buyer is not None
    await known_to_the_shop(db, world, buyer)
    message = outgoing(world, await ready_template(db, world, "abandoned_cart", Channel.INBOX), Channel.INBOX)
    await db.transact(outreach.send, message)
    await go_out(db, outside)
    await go_out(db, outside)

    [notice] = await db.ask(notifications.notices_of, buyer, None, 10)
    assert notice.notice_id == message.message_id and notice.link.startswith("/m/c/")
    assert notice.facts.name == text("您的购物车还在等您", "Your cart is still here")
    assert notice.facts.words is not None and "Longjing" in notice.facts.words["en"]
    assert await state_of(db, message) == (State.DELIVERED, "")
    await db.transact(outreach.stop, buyer, message.merchant_id, Channel.INBOX, stopped=True, how="account")
    again = outgoing(world, message.template_id, Channel.INBOX)
    await db.transact(outreach.send, again)
    await go_out(db, outside)
    assert await state_of(db, again) == (State.DROPPED, Why.STOPPED)


async def test_a_variable_that_nobody_gave_fails_the_message_and_says_which(
    db: Database, world: World, outside: Outside
) -> None:
    await known_to_the_shop(db, world, world.buyer.buyer_id)
    await wants(db, world.buyer.buyer_id)
    message = outgoing(world, await ready_template(db, world, "price_drop", Channel.EMAIL))
    await db.transact(outreach.send, message)
    await go_out(db, outside)

    found = await db.ask(outreach.message, message.merchant_id, message.message_id)
    assert (found.state, found.why) == (State.FAILED, "missing: product.url")


async def test_one_shop_neither_reads_nor_uses_anothers(db: Database, world: World, outside: Outside) -> None:
    template = await ready_template(db, world, "welcome", Channel.EMAIL)
    buyer = world.buyer.buyer_id
    assert buyer is not None
    await known_to_the_shop(db, world, buyer)
    await wants(db, buyer)
    other = world.tools.merchant_id
    with pytest.raises(UnknownTemplate):
        await db.transact(outreach.send, outgoing(world, template, merchant_id=other))
    with pytest.raises(NotFound):
        await db.ask(outreach.template, other, template)
    tools = db.as_merchant(other)
    assert await tools.ask(_templates_seen) == 0 and await db.ask(_templates_seen) == 1
    assert await db.ask(outreach.may_reach, other, [buyer], Channel.EMAIL) == frozenset()
    assert await db.ask(outreach.may_reach, world.tea.merchant_id, [buyer], Channel.EMAIL) == {buyer}


async def _templates_seen(read: Read) -> int:
    return await read.value("SELECT count(*) FROM message_templates")


async def test_a_changed_template_speaks_anew_and_what_is_queued_as_it_was(
    db: Database, world: World, outside: Outside
) -> None:
    await known_to_the_shop(db, world, world.buyer.buyer_id)
    await wants(db, world.buyer.buyer_id)
    shop = world.tea.merchant_id
    new = NewTemplate(
        merchant_id=shop, template_id=ids.mint(), channel=Channel.EMAIL, name="News",
        words=Words(subject=text("旧", "Old"), body=text("旧话", "Old words")),
    )  # fmt: skip
    for _ in range(2):
        await db.transact(outreach.make_template, new, "test")
    message = outgoing(world, new.template_id)
    await db.transact(outreach.send, message)
    words = Words(subject=text("新", "New"), body=text("新话", "New words"))
    for _ in range(2):
        assert await db.transact(
            outreach.change_template, shop, new.template_id, "News", words, version=1, by="test"
        ) == 2  # fmt: skip
    with pytest.raises(TemplateChanged):
        later = Words(subject=text("更新", "Newer"), body=text("更新", "Newer"))
        await db.transact(outreach.change_template, shop, new.template_id, "News", later, version=1, by="test")
    with pytest.raises(Invalid) as refused:
        bad = Words(body=text("{{buyer.nam}}", ""), button=text("去", "Go"), link="https://elsewhere.example")
        await db.transact(outreach.change_template, shop, new.template_id, "News", bad, version=2, by="test")
    assert set(refused.value.facts["fields"]) == {"subject_zh", "body_zh", "link"}
    await go_out(db, outside)

    [mail] = await outside.mails()
    assert "Old words" in mail["text"]
