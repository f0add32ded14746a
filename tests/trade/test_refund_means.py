"""A purchase that a card, a gift card's balance and points paid goes back in parts, by pieces, by amount, of the freight, either
way, with failures between: never beyond what was captured, and nothing is left anywhere when all of it is back."""

import random
from contextlib import suppress

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Refusal
from steelyard.money import ledger, payments, wallets
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments.model import RefundAnswer, RefundId, RefundRoute, RefundState
from steelyard.money.wallets import Purse
from steelyard.trade import aftersales, checkout, orders
from steelyard.trade.aftersales.model import Less, RefundRequest, Returned, paid_for
from steelyard.trade.orders.model import Order
from tests.support import deal
from tests.support.purses import filled, issued, left, ready, switched_on
from tests.support.world import World

CARD, POINTS = 5_000, 300
PIECES = 4


async def sold(db: Database, world: World) -> Order:
    """An order that was sent, paid with a gift card's balance, some points, and a card."""
    await switched_on(db)
    buyer_id = await filled(db, POINTS, Purse.POINTS)
    _, [code] = await issued(db, CARD, sold=True)
    await db.transact(wallets.redeem, buyer_id, code)
    checkout_id = await ready(db, [(world.items["nuts"].sku_id, PIECES)], buyer_id, (Purse.BALANCE, Purse.POINTS))
    purchase_id = await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
    await deal.captured(db, await deal.instructed(db, purchase_id))
    [order] = await deal.orders_of(db, purchase_id)
    await deal.shipped(db, order)
    return await deal.again(db, order)


async def answered(db: Database, chance: random.Random) -> None:
    """The channel says something of what is due; what it gives up goes another way."""
    for due in await db.transact(payments.to_refund, 100):
        purse = due.route is RefundRoute.BALANCE or payments.is_purse(due.channel)
        state = RefundState.SUCCEEDED if purse or chance.random() < 0.6 else RefundState.FAILED
        answer = RefundAnswer(reference="re", state=state, failure=None if state is RefundState.SUCCEEDED else "closed")
        await db.transact(payments.record_refund, due.refund_id, due.attempt, answer, "channel")
        if state is RefundState.FAILED:
            way = chance.choice([RefundRoute.ORIGIN, RefundRoute.BALANCE])
            await db.transact(payments.send_again, due.merchant_id, due.refund_id, "staff:1", way)


@pytest.mark.parametrize("seed", range(4))
async def test_all_of_it_comes_out_to_zero_however_it_goes_back(shop: Database, world: World, seed: int) -> None:
    chance = random.Random(seed)  # a test's dice
    order = await sold(shop, world)
    splits = await shop.ask(payments.splits_of_order, order.merchant_id, order.order_id)
    assert {split.channel for split in splits} == {"simpay", "balance", "points"}
    for step in range(40):
        now = await deal.again(shop, order)
        if now.refunded == now.total:
            break
        [line] = (await shop.ask(orders.lines_of, [order.order_id]))[order.order_id]
        ending = step >= 20
        pieces = line.quantity - line.refunded_quantity
        money = paid_for(line) - line.refunded
        what = {
            "lines": [Returned(1, chance.randint(1, pieces))] if pieces and (ending or chance.random() < 0.3) else [],
            "less": [Less(1, chance.randint(1, max(1, money // 2)))] if not ending and chance.random() < 0.5 else [],
            "freight": chance.randint(0, order.freight) if not ending else _freight_left(order, now, line),
        }
        if ending and not pieces and money:
            what["less"] = [Less(1, money)]
        wanted = RefundRequest(
            refund_id=RefundId(ids.mint()), merchant_id=order.merchant_id, order_id=order.order_id,
            route=chance.choice([RefundRoute.ORIGIN, RefundRoute.BALANCE]), **what,
        )  # fmt: skip
        with suppress(Refusal):
            await shop.transact(aftersales.refund, wanted, "staff:1")
        await answered(shop, chance)
        for split in await shop.ask(payments.splits_of_order, order.merchant_id, order.order_id):
            assert split.refunding + split.refunded <= split.captured
    for _ in range(20):
        await shop.transact(_due_now)
        await answered(shop, chance)

    now = await deal.again(shop, order)
    assert (now.refunded, now.commission_returned) == (now.total, now.commission)
    books = {line.kind: line.balance for line in await shop.ask(ledger.balances, order.merchant_id)}
    assert not any(books.get(kind) for kind in (AccountKind.HELD, AccountKind.PAYABLE, AccountKind.REFUND_DUE))
    card = next(split for split in splits if split.channel == "simpay")
    at_channel = {line.kind: line.balance for line in await shop.ask(ledger.balances, order.buyer_id)}
    balance = await left(shop, order.buyer_id)
    assert await left(shop, order.buyer_id, Purse.POINTS) == POINTS
    # What the card paid is at the card again, or in the balance: nowhere else.
    assert balance - CARD == at_channel.get(AccountKind.CHANNEL_CASH, 0) <= card.amount


def _freight_left(order: Order, now: Order, line) -> int:
    return now.total - now.refunded - (paid_for(line) - line.refunded)


async def _due_now(tx) -> None:
    await tx.execute("UPDATE refunds SET attempt_at = now() WHERE attempt_at IS NOT NULL")
