"""A shop with customers and templates, and the outside that takes its messages: the simulated mail server and message service."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.settings import Settings
from steelyard.kernel.text import Text
from steelyard.operations import lifecycle, outreach
from steelyard.operations.outreach.delivery import hand_over
from steelyard.operations.outreach.gateways.interface import Carrier
from steelyard.operations.outreach.gateways.service import MessageService
from steelyard.operations.outreach.gateways.smtp import Smtp
from steelyard.operations.outreach.model import Channel, Outgoing, State
from steelyard.parties import customers
from steelyard.simulators import mail
from steelyard.simulators.mail.box import MailBox
from steelyard.simulators.mail.smtp import listening
from steelyard.simulators.settings import WEBHOOK_SECRET_DEMO
from steelyard.simulators.web import foundation
from tests.simulators.world import Simulated, settings_in, simulate
from tests.support.consoles import app, database_url, world
from tests.support.world import World

__all__ = ["app", "database_url", "world"]

HOOK = "http://shop.test/webhooks/messages"


class Outside(msgspec.Struct, frozen=True):
    """What is outside: its pages, its ways in, and what it has told the house so far."""

    simulated: Simulated
    box: MailBox
    here: Settings
    carriers: Mapping[Channel, Carrier]

    async def mails(self) -> list[dict[str, Any]]:
        return (await self.simulated.browser.get("/v1/mails")).json()["mails"]

    async def texts(self) -> list[dict[str, Any]]:
        return (await self.simulated.browser.get("/v1/texts")).json()["texts"]


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    async with opened(tmp_path) as found:
        yield found


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[Outside]:
    simulated = simulate(mail, settings_in(home, messages_webhook_url=HOOK))
    ground = foundation(simulated.app)
    texts = mail.Texts(ground.store, ground.clock, ground.outbox, HOOK)
    box = MailBox(ground.store, ground.clock, texts.kept)
    async with listening(box, "127.0.0.1", 0) as port:
        here = Settings(
            home=home, smtp_port=port, base_url="http://shop.test", messages_url="http://simulated.test",
            messages_webhook_secret=WEBHOOK_SECRET_DEMO,
        )  # fmt: skip
        service = MessageService("", "", WEBHOOK_SECRET_DEMO, HOOK, client=simulated.http)
        carriers = {Channel.EMAIL: Smtp(here, service), Channel.SMS: service, Channel.WECHAT: service}
        yield Outside(simulated, box, here, carriers)
    await simulated.close()


async def known_to_the_shop(db: Database, world: World, *people: UUID) -> None:
    now = await db.ask(_now)
    some = [lifecycle.Sight(merchant_id=world.tea.merchant_id, buyer_id=each, at=now) for each in people]
    await db.transact(lifecycle.seen, some)


async def _now(read: Read) -> Any:
    return await read.value("SELECT now()")


async def wants(db: Database, buyer_id: UUID, *channels: customers.Channel) -> None:
    for channel in channels or (customers.Channel.EMAIL,):
        await db.transact(customers.want, buyer_id, channel, agreed=True)


async def ready_template(db: Database, world: World, key: str, channel: Channel) -> UUID:
    return await db.transact(outreach.use_ready, world.tea.merchant_id, key, channel, "test")


def outgoing(world: World, template_id: UUID, channel: Channel = Channel.EMAIL, **more: Any) -> Outgoing:
    facts: dict[str, Any] = {
        "merchant_id": world.tea.merchant_id,
        "message_id": ids.mint(),
        "buyer_id": world.buyer.buyer_id,
        "channel": channel,
        "template_id": template_id,
        "variables": {"cart.items": Text({"zh-Hans": "龙井", "en": "Longjing"}), "cart.url": "/cart"},
    }
    return Outgoing(**{**facts, **more})


async def go_out(db: Database, outside: Outside) -> int:
    """What is due has been handed over."""
    return await hand_over(db, outside.carriers, outside.here)


async def due_now(tx: Tx) -> None:
    await tx.execute("UPDATE messages SET due_at = now() WHERE due_at IS NOT NULL")


async def state_of(db: Database, message: Outgoing) -> tuple[State, str]:
    found = await db.ask(outreach.message, message.merchant_id, message.message_id)
    return found.state, found.reason
