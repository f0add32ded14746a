"""Purchases paid by bank transfer: what came is written down line by line, and too little, too much and too late end well."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.settings import Settings
from steelyard.money import payments
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments import ExpectedTransfer, MovementKnown, NotLeftOver, PaymentState
from steelyard.money.payments.gateways.bank_transfer import reference_of
from steelyard.money.payments.jobs import send_refunds
from steelyard.money.payments.model import RefundAnswer, RefundState
from steelyard.trade import checkout, orders
from steelyard.trade.orders.jobs import cancel_unpaid
from steelyard.trade.orders.model import PurchaseId, PurchaseState
from tests.money.deals import balance
from tests.support import deal
from tests.support.world import World

SETTINGS = Settings(transfer_account="6200 0000", transfer_bank="Bank", transfer_holder="House")
DAY = date(2026, 3, 5)


async def begun(db: Database, world: World) -> tuple[PurchaseId, ExpectedTransfer]:
    purchase_id = await deal.placed(db, [(world.items["nuts"].sku_id, 2), (world.items["hammer"].sku_id, 1)])
    how = await checkout.collect(
        db, SETTINGS, purchase_id, channel="bank_transfer", return_url="http://shop.test/return"
    )
    assert how.state == "pending" and how.payment_id is not None
    found = await db.ask(payments.expected_transfer, how.payment_id)
    assert found is not None
    return purchase_id, found


async def came(db: Database, stands: ExpectedTransfer, number: str, amount: int) -> ExpectedTransfer:
    return await db.transact(
        checkout.receive_transfer, stands.payment_id, bank_number=number, amount=amount, currency=stands.currency,
        party="A buyer 6222", on_day=DAY, by="staff",
    )  # fmt: skip


async def went(db: Database, stands: ExpectedTransfer, number: str, amount: int) -> ExpectedTransfer:
    return await db.transact(
        checkout.return_transfer, stands.payment_id, bank_number=number, amount=amount, currency=stands.currency,
        party="A buyer 6222", on_day=DAY, by="staff",
    )  # fmt: skip


async def state(db: Database, purchase_id: PurchaseId) -> PurchaseState:
    found = await db.ask(orders.purchase, purchase_id)
    assert found is not None
    return found.state


async def test_the_buyer_is_told_where_to_and_the_purchase_waits(shop: Database, world: World) -> None:
    purchase_id, stands = await begun(shop, world)

    payment = await shop.ask(payments.get, stands.payment_id)
    purchase = await shop.ask(orders.purchase, purchase_id)

    assert payment is not None and payment.handed is not None and purchase is not None
    told = {"bank": "Bank", "holder": "House", "account": "6200 0000", "reference": reference_of(payment.payment_id)}
    assert payment.handed.told == told and payment.channel_reference == told["reference"]
    assert timedelta(hours=71) < purchase.pay_by - datetime.now(UTC) <= timedelta(hours=72)
    again = await checkout.collect(shop, SETTINGS, purchase_id, channel="bank_transfer", return_url="http://x.test")
    assert again.payment_id == payment.payment_id
    await checkout.ask_about(shop, SETTINGS, payment.sought)
    assert await state(shop, purchase_id) is PurchaseState.PLACED


async def test_goods_are_not_kept_longer_by_trying_anew(shop: Database, world: World) -> None:
    purchase_id, stands = await begun(shop, world)
    later = "UPDATE purchases SET placed_at = placed_at - interval '50 hours', pay_by = pay_by - interval '50 hours'"
    await shop.transact(lambda tx: tx.execute(later))
    before = await shop.ask(orders.purchase, purchase_id)

    again = await checkout.renew(
        shop, SETTINGS, purchase_id, channel="bank_transfer", return_url="http://x.test", payer=checkout.Payer()
    )

    after = await shop.ask(orders.purchase, purchase_id)
    assert before is not None and after is not None and again.payment_id != stands.payment_id
    assert after.pay_by == before.pay_by


async def test_what_comes_in_parts_pays_when_it_is_whole(shop: Database, world: World) -> None:
    purchase_id, stands = await begun(shop, world)

    stands = await came(shop, stands, "B1", 1)
    assert (stands.state, stands.missing, stands.left) == (PaymentState.PENDING, stands.amount - 1, 0)
    assert await state(shop, purchase_id) is PurchaseState.PLACED
    for _ in range(2):  # the same line twice is one
        stands = await came(shop, stands, "B2", stands.amount - 1)

    assert (stands.state, stands.missing, stands.left, stands.received) == (PaymentState.CAPTURED, 0, 0, stands.amount)
    assert await state(shop, purchase_id) is PurchaseState.PAID
    assert await balance(shop, stands.buyer_id, AccountKind.BANK_CASH) == stands.amount
    assert await balance(shop, stands.buyer_id, AccountKind.TRANSFERS_RECEIVED) == 0


async def test_what_is_too_much_is_left_over_and_given_back(shop: Database, world: World) -> None:
    purchase_id, stands = await begun(shop, world)

    stands = await came(shop, stands, "B1", stands.amount + 500)
    assert await state(shop, purchase_id) is PurchaseState.PAID and stands.left == 500
    assert [each.payment_id for each in await shop.ask(payments.expected_transfers)] == [stands.payment_id]
    with pytest.raises(NotLeftOver):
        await went(shop, stands, "B2", 501)
    with pytest.raises(MovementKnown):
        await went(shop, stands, "B1", 500)
    for _ in range(2):
        stands = await went(shop, stands, "B3", 500)

    assert stands.left == 0 and await shop.ask(payments.expected_transfers) == []
    assert await balance(shop, stands.buyer_id, AccountKind.BANK_CASH) == stands.amount


async def lapse(tx: Tx, payment_id: object) -> None:
    await tx.execute(
        "UPDATE payments SET expires_at = now() - interval '1 hour', created_at = now() - interval '2 hours',"
        " query_at = now() WHERE payment_id = $1",
        payment_id,
    )
    await tx.execute("UPDATE purchases SET pay_by = now() - interval '1 hour'")


async def test_what_comes_too_late_goes_back(shop: Database, world: World) -> None:
    purchase_id, stands = await begun(shop, world)
    stands = await came(shop, stands, "B1", 1_00)
    await shop.transact(lapse, stands.payment_id)
    payment = await shop.ask(payments.get, stands.payment_id)
    assert payment is not None
    await checkout.ask_about(shop, SETTINGS, payment.sought, overdue=True)
    await shop.transact(cancel_unpaid)
    assert await state(shop, purchase_id) is PurchaseState.CANCELLED
    short = await shop.ask(payments.expected_transfer, stands.payment_id)
    assert short is not None and (short.state, short.left) == (PaymentState.CANCELLED, 1_00)

    stands = await came(shop, stands, "B2", stands.amount - 1_00)

    assert stands.state is PaymentState.CAPTURED and stands.left == 0
    assert await state(shop, purchase_id) is PurchaseState.CANCELLED
    owed = await shop.ask(payments.owed_back)
    assert (sum(each.amount for each in owed), {each.party for each in owed}) == (stands.amount, {"A buyer 6222"})
    await send_refunds(shop, payments.channels(SETTINGS), SETTINGS)
    owed = await shop.ask(payments.owed_back)
    assert {each.state for each in owed} == {RefundState.SENT}
    made = RefundAnswer(reference="B9", state=RefundState.SUCCEEDED)
    for each in owed:
        await shop.transact(payments.record_refund, each.refund_id, each.attempt, made, "staff")
    assert await shop.ask(payments.owed_back) == []
    assert await balance(shop, stands.buyer_id, AccountKind.BANK_CASH) == 0


async def test_two_who_write_down_at_once_pay_once(shop: Database, world: World) -> None:
    purchase_id, stands = await begun(shop, world)
    half = stands.amount // 2

    await asyncio.gather(
        *(came(shop, stands, f"B{number}", half) for number in (1, 1, 2)),
        came(shop, stands, "B3", stands.amount - 2 * half + 7),
    )

    found = await shop.ask(payments.expected_transfer, stands.payment_id)
    assert found is not None and (found.state, found.left) == (PaymentState.CAPTURED, 7)
    assert await state(shop, purchase_id) is PurchaseState.PAID
    steps = await shop.ask(payments.timeline, stands.payment_id)
    assert [step.to_state for step in steps].count("captured") == 1


def test_references_are_short_and_differ() -> None:
    made = {reference_of(ids.mint()) for _ in range(200)}

    assert len(made) == 200 and all(len(each) == 13 and each.startswith("T-") for each in made)
