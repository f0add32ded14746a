"""Balance, points and gift cards beside a real channel: each means pays its part, fails by itself, and has its own back."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.kernel.settings import Settings
from steelyard.money import payments, wallets
from steelyard.money.payments import gateways
from steelyard.money.payments.model import ChannelAnswer, PaymentState
from steelyard.money.wallets import Purse
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import aftersales, checkout, orders
from steelyard.trade.orders.model import OrderState, PurchaseId, PurchaseState
from tests.money.deals import Deal
from tests.money.test_channel_contract import Play, play
from tests.money.wallets import wallet
from tests.support import deal
from tests.support.purses import filled, issued, left, placed, switched_on
from tests.support.world import World
from tests.trade.till import Till, make_due, till

__all__ = ["play", "till"]

SETTINGS = Settings()
BACK = "https://shop.test/back"


@dataclass
class Counter:
    """A shop with one real channel behind it: what pays there, and how time goes on there."""

    db: Database
    world: World
    gateway: Any
    pay: Callable[[ChannelAnswer | None, Deal], Awaitable[None]]
    after: Callable[[float], Awaitable[None]]

    def wanted(self) -> list[tuple[Any, int]]:
        return [(self.world.items["nuts"].sku_id, 2), (self.world.items["hammer"].sku_id, 1)]

    async def collect(self, purchase_id: PurchaseId, token: str | None = None) -> checkout.Collection:
        return await checkout.collect(
            self.db, SETTINGS, purchase_id, channel=self.gateway.name, return_url=BACK, token=token
        )

    async def told(self, payment_id: Any) -> None:
        """The sweep, or the page, asks."""
        found = await self.db.ask(payments.get, payment_id)
        assert found is not None
        await checkout.ask_about(self.db, SETTINGS, found.sought)

    async def refunds(self) -> None:
        for _ in range(3):
            await self.db.transact(make_due)
            await payments.send_refunds(self.db, {self.gateway.name: self.gateway}, SETTINGS)
            await self.after(5)


@pytest.fixture(params=["stripe", "alipay", "wechatpay"])
async def counter(
    request: pytest.FixtureRequest, shop: Database, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Counter]:
    if request.param == "stripe":
        async for each in play.__wrapped__(request, tmp_path):  # type: ignore[attr-defined]

            async def at_page(answer: ChannelAnswer | None, _: Deal, on: Play = each) -> None:
                assert answer is not None
                await on.paid_on_page(answer)

            monkeypatch.setitem(gateways._offered, SETTINGS, {"stripe": each.gateway})  # pyright: ignore[reportPrivateUsage]
            yield Counter(shop, world, each.gateway, at_page, each.after)
        return
    async with wallet(request.param, tmp_path) as (outside, gateway):

        async def with_phone(_: ChannelAnswer | None, scanned: Deal) -> None:
            await outside.pay(scanned)

        monkeypatch.setitem(gateways._offered, SETTINGS, {gateway.name: gateway})  # pyright: ignore[reportPrivateUsage]
        yield Counter(shop, world, gateway, with_phone, outside.after)


async def means(read: Read, purchase_id: PurchaseId) -> dict[str, tuple[int, int]]:
    """By channel: what was captured, and what of it came back."""
    rows = await read.fetch(
        """
        SELECT s.channel, sum(s.captured)::bigint AS captured, sum(s.refunded)::bigint AS refunded
        FROM payments p JOIN payment_splits s USING (payment_id) WHERE p.purchase_id = $1 GROUP BY s.channel
        """,
        purchase_id,
    )
    return {row["channel"]: (row["captured"], row["refunded"]) for row in rows}


async def purchase_of(db: Database, purchase_id: PurchaseId):
    found = await db.ask(orders.purchase, purchase_id)
    assert found is not None
    return found


async def redeemed(db: Database, amount: int) -> BuyerId:
    """A buyer who has redeemed a gift card."""
    buyer_id = BuyerId(ids.mint())
    await switched_on(db)
    _, (code,) = await issued(db, amount)
    await db.transact(wallets.redeem, buyer_id, code)
    return buyer_id


@pytest.mark.parametrize("own", ["balance", "points", "gift_card"])
async def test_a_purse_and_a_real_channel_pay_together_and_each_has_its_own_back(counter: Counter, own: str):
    purse = Purse.POINTS if own == "points" else Purse.BALANCE
    buyer_id = await redeemed(counter.db, 3_000) if own == "gift_card" else await filled(counter.db, 3_000, purse)
    purchase_id = await placed(counter.db, counter.wanted(), buyer_id, [purse])
    purchase = await purchase_of(counter.db, purchase_id)
    rest = purchase.total - 3_000
    assert (purchase.tendered, await left(counter.db, buyer_id, purse)) == (3_000, 0)

    begun = await counter.collect(purchase_id)
    assert begun.state == "pending" and begun.payment_id is not None
    found = await counter.db.ask(payments.get, begun.payment_id)
    assert found is not None and found.amount == rest
    page = ChannelAnswer(reference=None, state=PaymentState.PENDING, cashier_url=found.cashier_url)
    await counter.pay(page, Deal((rest,), payment_id=begun.payment_id))
    await counter.told(begun.payment_id)

    assert {part.state for part in await deal.orders_of(counter.db, purchase_id)} == {OrderState.PAID}
    assert await counter.db.ask(means, purchase_id) == {purse: (3_000, 0), counter.gateway.name: (rest, 0)}
    for part in await deal.orders_of(counter.db, purchase_id):
        refund_id = payments.RefundId(ids.mint())
        await counter.db.transact(aftersales.cancel, part.merchant_id, part.order_id, refund_id, "buyer", "buyer")
    await counter.refunds()
    assert await counter.db.ask(means, purchase_id) == {purse: (3_000, 3_000), counter.gateway.name: (rest, rest)}
    assert await left(counter.db, buyer_id, purse) == 3_000


async def declined(till: Till, buyer_id: BuyerId) -> tuple[PurchaseId, payments.PaymentId]:
    """A purchase of balance and card, whose card was declined."""
    wanted = [(till.world.items["nuts"].sku_id, 2), (till.world.items["hammer"].sku_id, 1)]
    purchase_id = await placed(till.db, wanted, buyer_id)
    collection = await till.collect(purchase_id, token="tok_decline")
    assert collection.state == "declined" and collection.payment_id is not None
    return purchase_id, collection.payment_id


async def test_a_declined_card_gives_the_balance_back_at_once_and_all_is_still_to_pay(till: Till):
    buyer_id = await filled(till.db, 3_000)

    purchase_id, _ = await declined(till, buyer_id)

    purchase = await purchase_of(till.db, purchase_id)
    assert (purchase.state, purchase.tendered, await left(till.db, buyer_id)) == (PurchaseState.PLACED, 0, 3_000)
    assert (await till.collect(purchase_id, token="tok_approve")).state == "captured"
    assert await till.db.ask(means, purchase_id) == {"balance": (0, 0), "simpay": (purchase.total, 0)}


async def test_the_balance_can_pay_again_beside_another_card(till: Till):
    buyer_id = await filled(till.db, 3_000)
    purchase_id, _ = await declined(till, buyer_id)
    tries = await till.db.ask(payments.of_purchase, purchase_id)
    assert checkout.given_back(tries, await purchase_of(till.db, purchase_id)) == {Purse.BALANCE: 3_000}

    for _ in range(2):  # a second click keeps nothing twice
        purchase = await till.db.transact(checkout.tender_again, purchase_id, [Purse.BALANCE], "buyer")
    assert (purchase.tendered, await left(till.db, buyer_id)) == (3_000, 0)
    assert (await till.collect(purchase_id, token="tok_approve")).state == "captured"

    assert await till.db.ask(means, purchase_id) == {"balance": (3_000, 0), "simpay": (purchase.total - 3_000, 0)}
    assert await till.purchase(purchase_id) is PurchaseState.PAID


async def test_a_balance_that_pays_all_of_it_again_asks_no_channel(till: Till):
    buyer_id = await filled(till.db, 3_000)
    purchase_id, _ = await declined(till, buyer_id)
    await filled(till.db, 10_000_000, buyer_id=buyer_id)

    purchase = await till.db.transact(checkout.tender_again, purchase_id, [Purse.BALANCE], "buyer")

    assert purchase.tendered == purchase.total
    assert await till.purchase(purchase_id) is PurchaseState.PAID
    assert await till.db.ask(means, purchase_id) == {"balance": (purchase.total, 0), "simpay": (0, 0)}


@pytest.mark.parametrize("again", [False, True])
async def test_a_card_that_comes_in_after_its_balance_went_back_is_refunded(till: Till, again: bool):
    """It was declined, and captured all the same: it does not pay what is due now, unless the very balance stands beside it."""
    buyer_id = await filled(till.db, 3_000)
    purchase_id, payment_id = await declined(till, buyer_id)
    if again:
        await till.db.transact(checkout.tender_again, purchase_id, [Purse.BALANCE], "buyer")

    late = ChannelAnswer(reference=None, state=PaymentState.CAPTURED)
    await till.db.transact(checkout.apply_payment, payment_id, late, "channel")

    purchase = await purchase_of(till.db, purchase_id)
    rest = purchase.total - 3_000
    if again:
        assert purchase.state is PurchaseState.PAID
        assert await till.db.ask(means, purchase_id) == {"balance": (3_000, 0), "simpay": (rest, 0)}
        return
    assert (purchase.state, await left(till.db, buyer_id)) == (PurchaseState.PLACED, 3_000)
    (payment,) = [each for each in await till.db.ask(payments.of_purchase, purchase_id) if each.channel == "simpay"]
    assert payment.surplus
    assert (await till.collect(purchase_id, token="tok_approve")).state == "captured"
    await deal.channel_refunds(till.db)
    assert await till.db.ask(means, purchase_id) == {
        "balance": (0, 0),
        "simpay": (rest + purchase.total, rest),
    }


async def test_while_another_card_may_come_in_the_balance_stays_with_it(till: Till):
    buyer_id = await filled(till.db, 3_000)
    wanted = [(till.world.items["nuts"].sku_id, 2), (till.world.items["hammer"].sku_id, 1)]
    purchase_id = await placed(till.db, wanted, buyer_id)
    waits = await till.collect(purchase_id)
    await till.collect(purchase_id, token="tok_decline")

    assert (await purchase_of(till.db, purchase_id)).tendered == 3_000
    await till.outside.end(str(waits.payment_id), "captured")
    for post in await till.posts():
        await till.deliver(post)

    assert await till.purchase(purchase_id) is PurchaseState.PAID
    assert (await till.db.ask(means, purchase_id))["balance"] == (3_000, 0)
