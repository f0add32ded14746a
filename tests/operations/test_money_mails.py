"""Who is told of money that a bank takes back, and of refunds that wait for a second person."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.operations.service import money_mails
from steelyard.trade import aftersales, chargebacks
from steelyard.trade.orders.model import Order
from tests.support import deal
from tests.support.world import World, seeded


@pytest.fixture
async def world(db: Database) -> World:
    return await seeded(db)


@pytest.fixture
async def order(db: Database, world: World) -> Order:
    (order,) = await deal.paid(db, [(world.items["green"].sku_id, 1)])
    return order


async def _mails(read: Read) -> list[tuple[str, str]]:
    rows = await read.fetch(
        "SELECT recipient, facts ->> 'what' AS what FROM mails WHERE template = 'money_news' ORDER BY 1, 2"
    )
    return [(row["recipient"], row["what"]) for row in rows]


def _ended(order: Order, state: str, bearer: str | None) -> chargebacks.ChargebackEnded:
    return chargebacks.ChargebackEnded(
        merchant_id=order.merchant_id, chargeback_id=ids.mint(), order_id=order.order_id, buyer_id=order.buyer_id,
        amount=500, currency="CNY", state=state, bearer=bearer,
    )  # fmt: skip


async def test_owners_hear_of_a_chargeback_and_how_it_ended(db: Database, world: World, order: Order) -> None:
    opened = chargebacks.ChargebackOpened(
        merchant_id=order.merchant_id, chargeback_id=ids.mint(), order_id=order.order_id, buyer_id=order.buyer_id,
        amount=500, currency="CNY", inquiry=False, shop_due_at=datetime(2026, 12, 31, tzinfo=UTC),
    )  # fmt: skip
    ended = [_ended(order, "won", None), _ended(order, "expired", "merchant"), _ended(order, "lost", "platform")]

    await db.transact(money_mails.tell_charged_back, [opened])
    await db.transact(money_mails.tell_chargeback_ended, ended)

    owner = world.tea.owner.email
    told = ("chargeback_borne", "chargeback_expired", "chargeback_opened", "chargeback_won")
    assert await db.ask(_mails) == [(owner, what) for what in told]


def _waits(order: Order, side: str, asked_by: UUID) -> aftersales.RefundAwaits:
    return aftersales.RefundAwaits(
        merchant_id=order.merchant_id, request_id=ids.mint(), order_id=order.order_id, side=side, amount=500,
        currency="CNY", asked_by=asked_by,
    )  # fmt: skip


async def test_those_who_may_agree_hear_of_a_refund_that_waits_but_for_who_asked(
    db: Database, world: World, order: Order
) -> None:
    clerk, owner = world.tea.staff["merchant_clerk"], world.tea.owner

    await db.transact(money_mails.tell_refund_awaits, [_waits(order, "merchant", clerk.account_id)])
    first = await db.ask(_mails)
    assert (owner.email, "refund_awaits") in first
    assert clerk.email not in {recipient for recipient, _ in first}

    await db.transact(money_mails.tell_refund_awaits, [_waits(order, "merchant", owner.account_id)])
    assert (await db.ask(_mails)).count((owner.email, "refund_awaits")) == 1, "who asked cannot agree"

    await db.transact(money_mails.tell_refund_awaits, [_waits(order, "operator", ids.mint())])
    assert (world.operator.email, "refund_awaits") in await db.ask(_mails)

    for state in ("approved", "withdrawn"):
        answered = aftersales.RefundAnswered(
            merchant_id=order.merchant_id, request_id=ids.mint(), order_id=order.order_id, side="merchant", state=state,
            asked_by=clerk.account_id,
        )  # fmt: skip
        await db.transact(money_mails.tell_refund_answered, [answered])
    assert [what for recipient, what in await db.ask(_mails) if recipient == clerk.email] == ["refund_approved"]
