"""Advertisements keep quiet hours by their readers' clocks whenever they leave: late, once more, or after they came back."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest
from asyncpg import CheckViolationError

from steelyard.kernel.db import Database, Tx
from steelyard.operations import outreach
from steelyard.operations.outreach import delivery
from steelyard.operations.outreach.answering import take_news
from steelyard.operations.outreach.gateways.interface import News
from steelyard.operations.outreach.gateways.service import MessageService
from steelyard.operations.outreach.gateways.smtp import Smtp
from steelyard.operations.outreach.model import Channel, Outgoing, State, Why
from steelyard.parties import customers, notifications
from steelyard.simulators.settings import WEBHOOK_SECRET_DEMO
from tests.operations.outreach.conftest import (
    HOOK,
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

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)


def around_now(zone: ZoneInfo = SHANGHAI) -> tuple[dict[str, Any], datetime]:
    """Quiet hours in which it is quiet there from half an hour ago, for an hour; and when they end."""
    until = datetime.now(zone).replace(second=0, microsecond=0) + HOUR / 2
    return {"quiet_from": (until - HOUR).time(), "quiet_to": until.time()}, until.astimezone(UTC)


def in_two_hours() -> dict[str, Any]:
    """Quiet hours in Shanghai that have not begun."""
    then = datetime.now(SHANGHAI) + 2 * HOUR
    return {"quiet_from": then.time(), "quiet_to": (then + HOUR).time()}


async def reader(db: Database, world: World) -> UUID:
    """Somebody in Shanghai who wants mails of the shop."""
    buyer_id = world.buyer.buyer_id
    assert buyer_id is not None
    await known_to_the_shop(db, world, buyer_id)
    await wants(db, buyer_id, customers.Channel.EMAIL, customers.Channel.SMS)
    return buyer_id


async def night_falls(db: Database, message: Outgoing) -> datetime:
    """It is quiet now where its reader is; returns until when."""
    hours, until = around_now()
    await db.transact(_quiet_at, message.message_id, hours)
    return until


async def _quiet_at(tx: Tx, message_id: UUID, hours: dict[str, Any]) -> None:
    await tx.execute(
        "UPDATE messages SET quiet_from = $2, quiet_to = $3 WHERE message_id = $1",
        message_id,
        hours["quiet_from"],
        hours["quiet_to"],
    )


async def due_at(db: Database, message: Outgoing) -> datetime | None:
    return (await db.ask(outreach.message, message.merchant_id, message.message_id)).due_at


async def test_what_a_worker_is_late_with_waits_for_the_end_of_the_night(
    db: Database, world: World, outside: Outside
) -> None:
    await reader(db, world)
    hours, until = around_now()
    message = outgoing(world, await ready_template(db, world, "welcome", Channel.EMAIL), **hours)
    await db.transact(outreach.send, message)

    await go_out(db, outside)

    assert await outside.mails() == []
    assert await state_of(db, message) == (State.QUEUED, "")
    assert await due_at(db, message) == until
    assert (await db.ask(outreach.message, message.merchant_id, message.message_id)).tries == 0, "it was not tried"
    await db.transact(_quiet_at, message.message_id, in_two_hours())
    await db.transact(due_now)
    await go_out(db, outside)
    assert len(await outside.mails()) == 1


async def test_it_is_night_where_the_reader_is(db: Database, world: World, outside: Outside) -> None:
    buyer_id = await reader(db, world)
    hours, _ = around_now()
    message = outgoing(world, await ready_template(db, world, "welcome", Channel.EMAIL), **hours)
    await db.transact(outreach.send, message)
    await db.transact(_moves_to, buyer_id, "JP")

    await go_out(db, outside)

    assert len(await outside.mails()) == 1, "the clocks of Tokyo are an hour ahead: there it is not quiet any more"


async def _moves_to(tx: Tx, buyer_id: UUID, country: str) -> None:
    await tx.execute("DELETE FROM addresses WHERE buyer_id = $1", buyer_id)
    await tx.execute("UPDATE buyers SET country = $2 WHERE buyer_id = $1", buyer_id, country)


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS])
async def test_what_was_not_taken_is_tried_again_when_the_night_is_over(
    db: Database, world: World, outside: Outside, channel: Channel
) -> None:
    buyer_id = await reader(db, world)
    await db.transact(_has_phone, buyer_id)
    message = outgoing(world, await ready_template(db, world, "abandoned_cart", channel), channel, **in_two_hours())
    await db.transact(outreach.send, message)
    here = msgspec.structs.replace(outside.here, smtp_port=1)
    async with httpx.AsyncClient(base_url="http://127.0.0.1:1") as nobody:
        texts = MessageService("", "", WEBHOOK_SECRET_DEMO, HOOK, client=nobody)
        await delivery.hand_over(db, {Channel.EMAIL: Smtp(here, None), Channel.SMS: texts}, here)
    assert await state_of(db, message) == (State.QUEUED, Why.REFUSED)
    until = await night_falls(db, message)

    await db.transact(due_now)
    await go_out(db, outside)

    assert (await outside.mails(), await outside.texts()) == ([], [])
    assert await due_at(db, message) == until


async def _has_phone(tx: Tx, buyer_id: UUID) -> None:
    await tx.execute("UPDATE buyers SET phone = '13912345678' WHERE buyer_id = $1", buyer_id)


async def test_what_came_back_for_a_while_goes_out_again_by_day(db: Database, world: World, outside: Outside) -> None:
    await reader(db, world)
    message = outgoing(world, await ready_template(db, world, "welcome", Channel.EMAIL), **in_two_hours())
    await db.transact(outreach.send, message)
    await go_out(db, outside)
    await db.transact(take_news, News(event_id="1", message_id=message.message_id, what="bounced", why="full"))
    until = await night_falls(db, message)

    await db.transact(due_now)
    await go_out(db, outside)

    assert len(await outside.mails()) == 1, "the first time"
    assert await due_at(db, message) == until


async def test_what_stands_in_the_account_waits_for_the_morning_too(
    db: Database, world: World, outside: Outside
) -> None:
    buyer_id = await reader(db, world)
    template = await ready_template(db, world, "abandoned_cart", Channel.INBOX)
    hours, until = around_now()
    asleep, awake = outgoing(world, template, Channel.INBOX, **hours), outgoing(world, template, Channel.INBOX)
    await db.transact(outreach.send_many, [asleep, awake])

    await go_out(db, outside)

    [notice] = await db.ask(notifications.notices_of, buyer_id, None, 10)
    assert notice.notice_id == awake.message_id
    assert (await state_of(db, asleep), await due_at(db, asleep)) == ((State.QUEUED, ""), until)


async def test_what_belongs_to_an_order_keeps_no_quiet_hours(db: Database, world: World, outside: Outside) -> None:
    await reader(db, world)
    template = await ready_template(db, world, "unpaid_order", Channel.EMAIL)
    order = outgoing(world, template, marketing=False, variables={"order.code": "P-1", "order.url": "/orders"})
    hours, _ = around_now()

    with pytest.raises(CheckViolationError, match="only_advertising_keeps_quiet"):
        await db.transact(outreach.send, msgspec.structs.replace(order, **hours))

    await db.transact(outreach.send, order)
    await go_out(db, outside)
    assert len(await outside.mails()) == 1
