"""Paid while it is placed, where the channel needs to ask nobody: what is left is what placing and paying would have left."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from bench.door import CHANNEL, Signed, token
from steelyard.goods import inventory
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Refusal
from steelyard.kernel.settings import Settings
from steelyard.money import payments
from steelyard.money.payments import gateways
from steelyard.money.payments.model import PaymentId, PaymentState
from steelyard.trade import checkout, orders
from steelyard.trade.checkout import Paying, Placement
from steelyard.trade.checkout.model import CheckoutId, CheckoutState, SoldOut
from steelyard.trade.orders.model import PurchaseId, PurchaseState
from tests.support import deal
from tests.support.world import STOCK, World
from tests.trade.test_placement import free_of_charge, state_of

SECRET = b"a secret of this test"
BACK = "https://shop.test/back"
SETTINGS = Settings()

# What placing and paying leaves, told without ids and times.
LEFT = {
    "purchase": "SELECT state, currency, total, source FROM purchases WHERE purchase_id = $1",
    "its history": "SELECT step, from_state, to_state, by FROM purchase_history WHERE purchase_id = $1 ORDER BY step",
    "orders": """
        SELECT merchant_id, state, goods, freight, tax_added, tax_included, total, commission, paid_at IS NOT NULL
        FROM orders WHERE purchase_id = $1 ORDER BY merchant_id
    """,
    "their history": """
        SELECT o.merchant_id, h.step, h.from_state, h.to_state, h.by FROM order_history h
        JOIN orders o USING (merchant_id, order_id) WHERE o.purchase_id = $1 ORDER BY o.merchant_id, h.step
    """,
    "to be sent": """
        SELECT f.merchant_id, f.line, f.sku_id, f.quantity, f.shipped, f.withdrawn FROM fulfilment_lines f
        JOIN orders o USING (merchant_id, order_id) WHERE o.purchase_id = $1 ORDER BY f.merchant_id, f.line
    """,
    "kept": """
        SELECT r.sku_id, r.quantity FROM reservations r
        JOIN orders o USING (merchant_id, order_id) WHERE o.purchase_id = $1 ORDER BY r.sku_id
    """,
    "payment": """
        SELECT channel, amount, currency, state, channel_reference IS NOT NULL, cashier_url, failure, surplus
             , captured_at IS NOT NULL, query_at IS NULL, queries
        FROM payments WHERE purchase_id = $1
    """,
    "how it went": """
        SELECT h.step, h.from_state, h.to_state, h.by FROM payment_history h
        JOIN payments p USING (buyer_id, payment_id) WHERE p.purchase_id = $1 ORDER BY h.step
    """,
    "splits": """
        SELECT s.merchant_id, s.channel, s.amount, s.currency, s.captured, s.refunding, s.refunded FROM payment_splits s
        JOIN payments p USING (payment_id) WHERE p.purchase_id = $1 ORDER BY s.merchant_id
    """,
    "books": """
        SELECT CASE t.owner_id WHEN p.buyer_id THEN NULL ELSE t.owner_id END AS owner, t.debit, t.credit, t.amount
             , t.currency, t.reason
        FROM ledger_transfers t JOIN payments p ON t.document = p.payment_id WHERE p.purchase_id = $1
        ORDER BY t.reason, owner
    """,
    "news": """
        SELECT kind, payload - 'purchase_id' - 'buyer_id' FROM events
        WHERE payload ->> 'purchase_id' = $1::uuid::text ORDER BY xid, position
    """,
    "checkout": "SELECT state FROM checkouts WHERE purchase_id = $1",
}


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch) -> Signed:
    """A channel of tokens that are worth their money by themselves."""
    found = Signed(SECRET)
    monkeypatch.setitem(gateways._offered, SETTINGS, {CHANNEL: found})  # pyright: ignore[reportPrivateUsage]
    return found


def paying(channel: Signed, said: str | None = None) -> Paying:
    return Paying(payment_id=PaymentId(ids.mint()), channel=channel, token=said or token(SECRET, "n"), return_url=BACK)


def wish(checkout_id: CheckoutId, how: Paying | None) -> Placement:
    return Placement(checkout_id=checkout_id, expected_total=None, by="buyer", paying=how)


async def left(read: Read, purchase_id: PurchaseId) -> dict[str, list[tuple[Any, ...]]]:
    return {
        name: [tuple(row) for row in await read.fetch(sql, purchase_id)]  # pyright: ignore[reportArgumentType]  # ours
        for name, sql in LEFT.items()
    }


async def collected(db: Database, purchase_id: PurchaseId, how: Paying) -> checkout.Collection:
    return await checkout.collect(
        db, SETTINGS, purchase_id, channel=CHANNEL, return_url=BACK, token=how.token, payment_id=how.payment_id
    )


@pytest.mark.parametrize("said", [None, "n.forged"], ids=["captured", "declined"])
async def test_it_leaves_what_placing_and_paying_leaves(
    shop: Database, world: World, channel: Signed, said: str | None
):
    wanted = [(world.items[slug].sku_id, quantity) for slug, quantity in (("nuts", 2), ("hammer", 1), ("ruler", 3))]
    first, second = [await deal.opened(shop, wanted) for _ in range(2)]
    how = paying(channel, said)

    (at_once,) = await shop.transact(checkout.place_all, [wish(first, how)])
    in_steps = await shop.transact(checkout.place, second, expected_total=None, by="buyer")
    await collected(shop, in_steps, paying(channel, said))

    found = await shop.ask(left, at_once)
    assert found == await shop.ask(left, in_steps)
    assert found["purchase"][0][0] == ("placed" if said else "paid")
    assert len(found["orders"]) == 2
    assert bool(found["books"]) is (said is None)


async def test_in_a_batch_each_is_paid_or_not_by_its_own_token(shop: Database, world: World, channel: Signed):
    await free_of_charge(shop, world, "black")
    nuts, ruler, black = (world.items[slug].sku_id for slug in ("nuts", "ruler", "black"))
    good, forged, greedy, later, gift = [
        await deal.opened(shop, [wanted]) for wanted in ((nuts, 1), (nuts, 1), (nuts, STOCK), (ruler, 1), (black, 1))
    ]
    hows = [paying(channel), paying(channel, "n.forged"), paying(channel), None, paying(channel)]

    answers = await shop.transact(
        checkout.place_all,
        [wish(each, how) for each, how in zip((good, forged, greedy, later, gift), hows, strict=True)],
    )

    assert [type(answer) for answer in answers if isinstance(answer, Refusal)] == [SoldOut]
    assert isinstance(answers[2], SoldOut)
    assert [await purchase_state(shop, answers[place]) for place in (0, 1, 3, 4)] == [
        PurchaseState.PAID, PurchaseState.PLACED, PurchaseState.PLACED, PurchaseState.PAID,
    ]  # fmt: skip
    assert [await state_of(shop, each) for each in (good, forged, greedy, later, gift)] == [
        CheckoutState.COMPLETED, CheckoutState.PLACED, CheckoutState.OPEN, CheckoutState.PLACED, CheckoutState.COMPLETED,
    ]  # fmt: skip
    tries = await shop.ask(payments.get_all, [how.payment_id for how in hows if how])
    assert {each.purchase_id: each.state for each in tries.values()} == {
        answers[0]: PaymentState.CAPTURED, answers[1]: PaymentState.DECLINED,
    }  # fmt: skip
    assert (await shop.ask(inventory.available, [nuts])).popitem()[1] == STOCK - 2
    # What was declined waits for another token.
    assert (await collected(shop, answers[1], paying(channel))).state == "captured"
    assert await purchase_state(shop, answers[1]) is PurchaseState.PAID


async def purchase_state(db: Database, purchase_id: PurchaseId) -> PurchaseState | None:
    found = await db.ask(orders.purchase, purchase_id)
    return found and found.state


async def test_saying_it_again_pays_nothing_twice(shop: Database, world: World, channel: Signed):
    checkout_id = await deal.opened(shop, [(world.items["nuts"].sku_id, 1)])
    how = paying(channel)
    (first,) = await shop.transact(checkout.place_all, [wish(checkout_id, how)])

    (second,) = await shop.transact(checkout.place_all, [wish(checkout_id, how)])
    (third,) = await shop.transact(checkout.place_all, [wish(checkout_id, paying(channel))])

    assert first == second == third
    assert len(await shop.ask(payments.of_purchase, first)) == 1
    assert len((await shop.ask(left, first))["books"]) == 2


async def test_a_payment_that_is_there_already_is_not_taken_for_a_new_one(
    shop: Database, world: World, channel: Signed
):
    nuts = world.items["nuts"].sku_id
    how = paying(channel)
    first, second = [await deal.opened(shop, [(nuts, 1)]) for _ in range(2)]
    (before,) = await shop.transact(checkout.place_all, [wish(first, how)])

    (placed,) = await shop.transact(checkout.place_all, [wish(second, how)])

    assert await purchase_state(shop, placed) is PurchaseState.PLACED
    assert await shop.ask(payments.of_purchase, placed) == []
    assert [each.payment_id for each in await shop.ask(payments.of_purchase, before)] == [how.payment_id]


async def test_what_the_channel_cannot_say_fails_alone_and_leaves_nothing(
    shop: Database, world: World, channel: Signed, monkeypatch: pytest.MonkeyPatch
):
    """The channel's own fault, in the middle of a batch: all of it is rolled back."""
    monkeypatch.setattr(Signed, "verify", failing)
    checkout_id = await deal.opened(shop, [(world.items["nuts"].sku_id, 1)])

    with pytest.raises(ArithmeticError):
        await shop.transact(checkout.place_all, [wish(checkout_id, paying(channel))])

    assert await state_of(shop, checkout_id) is CheckoutState.OPEN
    assert await shop.transact(counted, ["purchases", "payments", "reservations"]) == [0, 0, 0]


def failing(_channel: Signed, _instruction: object) -> None:
    raise ArithmeticError


async def counted(tx: Tx, tables: Sequence[str]) -> list[int]:
    return [
        await tx.value(f"SELECT count(*) FROM {table}")  # pyright: ignore[reportArgumentType]  # ours
        for table in tables
    ]


def test_a_channel_that_has_to_ask_is_no_verifier() -> None:
    settings = Settings(simpay_url="http://simpay.test")
    assert payments.verifier(settings, CHANNEL) is None
    assert payments.verifier(settings, str(UUID(int=0))) is None
