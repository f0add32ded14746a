"""Those who carry messages out: what their answers mean for the message, and for the address."""

import httpx
import msgspec
import pytest

from steelyard.kernel.db import Database, Read
from steelyard.operations import outreach
from steelyard.operations.outreach import delivery
from steelyard.operations.outreach.gateways.interface import Carrier, Letter, Outcome, Refused, Unsure
from steelyard.operations.outreach.gateways.service import MessageService
from steelyard.operations.outreach.gateways.smtp import Smtp
from steelyard.operations.outreach.model import Channel, Message, Outgoing, State, Why
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


class Answering(Carrier):
    """A carrier that always says the same, and counts how often it was handed something."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.handed = 0

    async def hand_over(self, letter: Letter) -> Outcome:
        self.handed += 1
        return self.outcome

    async def ask(self, letter: Letter) -> Outcome:
        raise AssertionError("nobody was asked")


async def welcomed(db: Database, world: World, channel: Channel = Channel.EMAIL, *, marketing: bool = True) -> Outgoing:
    await known_to_the_shop(db, world, world.buyer.buyer_id)
    await wants(db, world.buyer.buyer_id)
    message = outgoing(world, await ready_template(db, world, "welcome", channel), channel, marketing=marketing)
    await db.transact(outreach.send, message)
    return message


async def letter_of(db: Database, world: World, outside: Outside) -> Letter:
    await welcomed(db, world)
    [taken] = await db.transact(delivery.take)
    letter = await db.transact(delivery.claim, taken, outside.here)
    assert letter is not None
    return letter


@pytest.mark.parametrize(
    ("status", "hard", "again"), [(422, True, False), (400, False, False), (401, False, True), (429, False, True)]
)
async def test_only_a_word_about_the_address_gives_the_address_up(
    db: Database, world: World, outside: Outside, status: int, hard: bool, again: bool
) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, json={"detail": "no"})

    client = httpx.AsyncClient(transport=httpx.MockTransport(refuse), base_url="http://simulated.test")
    service = MessageService("", "", "", "http://shop.test/hook", client=client)
    assert await service.hand_over(await letter_of(db, world, outside)) == Refused(why="no", hard=hard, again=again)


async def test_a_mail_that_the_house_cannot_write_gives_no_address_up(
    db: Database, world: World, outside: Outside
) -> None:
    letter = await letter_of(db, world, outside)
    nobody = msgspec.structs.replace(outside.here, mail_from="Steelyard")
    wrong = await Smtp(nobody, None).hand_over(letter)
    assert isinstance(wrong, Refused) and not wrong.hard
    away = await Smtp(outside.here, None).hand_over(msgspec.structs.replace(letter, address="lina@"))
    assert isinstance(away, Refused) and away.hard


async def test_what_the_other_side_says_is_kept_without_the_address(
    db: Database, world: World, outside: Outside
) -> None:
    message = await welcomed(db, world)
    said = Refused(why=f"550 5.1.1 <{world.buyer.email}>: no such user, call +86 139 1234 5678", hard=True)
    await delivery.hand_over(db, {Channel.EMAIL: Answering(said)}, outside.here)
    kept = await db.ask(_whys)
    assert await state_of(db, message) == (State.BOUNCED, Why.REFUSED)
    assert kept == {"refused: 550 5.1.1 <***>: no such user, call ***", "550 5.1.1 <***>: no such user, call ***"}


async def _whys(read: Read) -> set[str]:
    rows = await read.fetch(
        """
        SELECT why FROM messages UNION SELECT why FROM message_steps WHERE why <> '' UNION SELECT why FROM suppressed_addresses
        """
    )
    return {row["why"] for row in rows}


async def test_what_belongs_to_an_order_is_said_again_and_not_for_ever(
    db: Database, world: World, outside: Outside
) -> None:
    message = await welcomed(db, world, marketing=False)
    server = Answering(Unsure(why="closed in the middle", asks=False))
    for _ in range(delivery.SAID_AGAIN_MAX + 3):
        await delivery.hand_over(db, {Channel.EMAIL: server}, outside.here)
        await db.transact(due_now)
    assert server.handed == 1 + delivery.SAID_AGAIN_MAX
    assert await state_of(db, message) == (State.UNSURE, Why.NOT_ASKED)


async def test_what_is_odd_about_one_shop_holds_up_no_other(
    db: Database, world: World, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = await welcomed(db, world, Channel.INBOX)
    mail = await welcomed(db, world)
    put_in = delivery.put_in

    async def stumble(tx: object, some: list[Message], here: object) -> None:
        raise RuntimeError(len(some))

    monkeypatch.setattr(delivery, "put_in", stumble)
    await go_out(db, outside)
    assert (await state_of(db, odd), await state_of(db, mail)) == ((State.QUEUED, ""), (State.SENT, ""))
    monkeypatch.setattr(delivery, "put_in", put_in)
    await db.transact(due_now)
    await go_out(db, outside)
    assert await state_of(db, odd) == (State.DELIVERED, "")


async def test_who_leaves_is_forgotten_also_where_a_message_is_on_its_way(
    db: Database, world: World, outside: Outside
) -> None:
    letter = await letter_of(db, world, outside)
    assert world.buyer.buyer_id is not None
    await db.transact(outreach.forget, [world.buyer.buyer_id])
    kept = await db.ask(outreach.message, world.tea.merchant_id, letter.message_id)
    assert (kept.state, kept.address, kept.variables) == (State.SENDING, "", {})
