"""Paying by several means: what purses pay is frozen when the purchase is placed, and comes back the way it came."""

import asyncio
import random
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.money import payments, wallets
from steelyard.money.payments.model import Instruction, PaymentState
from steelyard.money.wallets import Purse, TenderMoved
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import aftersales, checkout, orders
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.orders.model import NotCancellable, Order, OrderState, PurchaseId, PurchaseState
from tests.support import deal
from tests.support.purses import filled, left, placed, ready
from tests.support.world import World

BOTH = (Purse.BALANCE, Purse.POINTS)


def wanted(world: World):
    """Goods of two shops."""
    return [(world.items["nuts"].sku_id, 2), (world.items["hammer"].sku_id, 1)]


async def purchase_of(db: Database, purchase_id: PurchaseId):
    found = await db.ask(orders.purchase, purchase_id)
    assert found is not None
    return found


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


async def test_what_the_balance_does_not_pay_is_collected_by_the_channel(shop: Database, world: World):
    buyer_id = await filled(shop, 3_000)

    purchase_id = await placed(shop, wanted(world), buyer_id)

    purchase = await purchase_of(shop, purchase_id)
    assert (purchase.state, purchase.tendered, await left(shop, buyer_id)) == (PurchaseState.PLACED, 3_000, 0)
    instruction = await deal.begun(shop, purchase_id)
    assert isinstance(instruction, Instruction)
    assert instruction.amount == purchase.total - 3_000
    await deal.captured(shop, instruction.payment_id)

    parts = await deal.orders_of(shop, purchase_id)
    assert {part.state for part in parts} == {OrderState.PAID}
    for part in parts:
        splits = await shop.ask(payments.splits_of_order, part.merchant_id, part.order_id)
        assert sum(split.captured for split in splits) == part.total, "the merchant has the whole"
    assert await shop.ask(means, purchase_id) == {"balance": (3_000, 0), "simpay": (purchase.total - 3_000, 0)}


async def test_what_the_balance_pays_whole_asks_no_channel(shop: Database, world: World):
    buyer_id = await filled(shop, 10_000_000)

    purchase_id = await placed(shop, wanted(world), buyer_id)

    purchase = await purchase_of(shop, purchase_id)
    assert (purchase.state, purchase.tendered) == (PurchaseState.PAID, purchase.total)
    assert await left(shop, buyer_id) == 10_000_000 - purchase.total
    assert await shop.ask(means, purchase_id) == {"balance": (purchase.total, 0)}
    assert await deal.begun(shop, purchase_id) == checkout.Collection(state="nothing_to_pay")


async def test_points_pay_up_to_their_share_before_the_balance(shop: Database, world: World):
    buyer_id = await filled(shop, 100)
    await filled(shop, 10_000_000, Purse.POINTS, buyer_id)

    purchase_id = await placed(shop, wanted(world), buyer_id, BOTH)

    purchase = await purchase_of(shop, purchase_id)
    assert purchase.tendered == wallets.cap_of_points(purchase.total, 50) + 100


async def test_a_purchase_that_is_not_paid_gives_back_what_was_kept_once(shop: Database, world: World):
    buyer_id = await filled(shop, 3_000)
    await filled(shop, 200, Purse.POINTS, buyer_id)
    purchase_id = await placed(shop, wanted(world), buyer_id, BOTH)
    payment_id = await deal.instructed(shop, purchase_id)

    for _ in range(2):
        await shop.transact(orders.cancel_purchase, purchase_id, "unpaid", "system")
    await deal.captured(shop, payment_id)

    assert (await left(shop, buyer_id), await left(shop, buyer_id, Purse.POINTS)) == (3_000, 200)
    await deal.channel_refunds(shop)
    purchase = await purchase_of(shop, purchase_id)
    assert await shop.ask(means, purchase_id) == {
        "balance": (0, 0), "points": (0, 0), "simpay": (purchase.total - 3_200, purchase.total - 3_200),
    }  # fmt: skip


async def test_a_purchase_past_its_time_gives_back_what_was_kept(shop: Database, world: World):
    buyer_id = await filled(shop, 3_000)
    await placed(shop, wanted(world), buyer_id)
    await shop.transact(_time_is_over)

    assert await shop.transact(orders.cancel_unpaid) == 1

    assert await left(shop, buyer_id) == 3_000


async def test_a_changed_checkout_gives_back_and_asks_anew(shop: Database, world: World):
    buyer_id = await filled(shop, 3_000)
    checkout_id = await ready(shop, wanted(world), buyer_id)
    await shop.transact(checkout.place, checkout_id, expected_total=None, by="buyer")

    draft = msgspec.structs.replace(deal.draft(wanted(world)), purses=[Purse.BALANCE])
    await shop.transact(checkout.change, checkout_id, draft)
    assert await left(shop, buyer_id) == 3_000
    again = await shop.transact(checkout.place, checkout_id, expected_total=None, by="buyer")

    assert (await purchase_of(shop, again)).tendered == 3_000
    assert await left(shop, buyer_id) == 0


async def test_a_cancelled_order_gives_back_each_means_its_part(shop: Database, world: World):
    buyer_id = await filled(shop, 3_000)
    purchase_id = await placed(shop, wanted(world), buyer_id)
    await deal.captured(shop, await deal.instructed(shop, purchase_id))
    rest = (await purchase_of(shop, purchase_id)).total - 3_000

    for part in await deal.orders_of(shop, purchase_id):
        refund_id = payments.RefundId(ids.mint())
        for _ in range(2):
            await shop.transact(aftersales.cancel, part.merchant_id, part.order_id, refund_id, "buyer", "buyer")
    await deal.channel_refunds(shop)
    await deal.channel_refunds(shop)

    assert await shop.ask(means, purchase_id) == {"balance": (3_000, 3_000), "simpay": (rest, rest)}
    assert await left(shop, buyer_id) == 3_000


async def test_who_sees_another_rest_than_it_is_is_told_and_nothing_is_placed(shop: Database, world: World):
    buyer_id = await filled(shop, 3_000)
    checkout_id = await ready(shop, wanted(world), buyer_id)
    view = await shop.ask(checkout.view, checkout_id)
    assert view is not None
    await filled(shop, 1, buyer_id=buyer_id)

    wish = checkout.Placement(
        checkout_id=checkout_id, expected_total=view.quote.total, expected_rest=view.rest, by="buyer"
    )
    (answer,) = await shop.transact(checkout.place_all, [wish])

    assert isinstance(answer, TenderMoved)
    assert await left(shop, buyer_id) == 3_001


async def test_an_agents_checkout_spends_nobodys_balance(shop: Database, world: World):
    buyer_id = await filled(shop, 3_000)
    checkout_id = await ready(shop, wanted(world), buyer_id)
    await shop.transact(_opened_by_an_agent, checkout_id)

    purchase_id = await shop.transact(checkout.place, checkout_id, expected_total=None, by="buyer")

    assert (await purchase_of(shop, purchase_id)).tendered == 0


async def test_a_balance_pays_only_its_own_buyers_purchases(shop: Database, world: World):
    rich, poor = await filled(shop, 3_000), BuyerId(ids.mint())

    purchase_id = await placed(shop, wanted(world), poor)

    assert (await purchase_of(shop, purchase_id)).tendered == 0
    assert await left(shop, rich) == 3_000


async def test_purchases_placed_together_share_one_balance(shop: Database, world: World):
    buyer_id = await filled(shop, 3_000)
    one = [(world.items["nuts"].sku_id, 1)]
    wishes = [
        checkout.Placement(checkout_id=await ready(shop, one, buyer_id), expected_total=None, by="buyer")
        for _ in range(3)
    ]

    answers = await shop.transact(checkout.place_all, wishes)

    tendered = [
        (await purchase_of(shop, PurchaseId(answer))).tendered
        for answer in answers
        if not isinstance(answer, Exception)
    ]
    assert len(tendered) == 3
    assert sum(tendered) == 3_000 - await left(shop, buyer_id)
    assert await left(shop, buyer_id) >= 0


async def test_ten_orders_at_once_spend_one_balance_once(shop: Database, world: World):
    buyer_id = await filled(shop, 3_000)
    one = [(world.items["nuts"].sku_id, 1)]
    checkouts = [await ready(shop, one, buyer_id) for _ in range(10)]

    await asyncio.gather(*(shop.transact(checkout.place, each, expected_total=None, by="buyer") for each in checkouts))

    kept = await shop.ask(_kept, buyer_id)
    assert (kept, await left(shop, buyer_id)) == (3_000, 0)


async def test_pieces_given_back_one_by_one_give_back_what_each_means_paid(shop: Database, world: World):
    buyer_id = await filled(shop, 1_001)
    await filled(shop, 333, Purse.POINTS, buyer_id)
    purchase_id = await placed(shop, [(world.items["nuts"].sku_id, 7)], buyer_id, BOTH)
    await deal.captured(shop, await deal.instructed(shop, purchase_id))
    (order,) = await deal.orders_of(shop, purchase_id)
    await deal.shipped(shop, order)

    paid = {channel: captured for channel, (captured, _) in (await shop.ask(means, purchase_id)).items()}
    for _ in range(7):
        await deal.refunded(shop, order, Returned(1, 1))
        await deal.channel_refunds(shop)
        for captured, refunded in (await shop.ask(means, purchase_id)).values():
            assert refunded <= captured
    if order.total > order.goods:
        await deal.refunded(shop, order, freight=order.total - order.goods)
    await deal.channel_refunds(shop)

    assert {channel: back for channel, (_, back) in (await shop.ask(means, purchase_id)).items()} == paid
    assert (await left(shop, buyer_id), await left(shop, buyer_id, Purse.POINTS)) == (1_001, 333)


@pytest.mark.parametrize("seed", range(2))
async def test_any_sequence_leaves_in_the_purses_what_was_not_paid_for_good(shop: Database, world: World, seed: int):
    """Purchases paid by any means, dropped, paid late, called off, given back in parts: nothing is lost or made."""
    chance = random.Random(seed)
    buyer_id = await filled(shop, 20_000)
    await filled(shop, 3_000, Purse.POINTS, buyer_id)
    skus = [world.items[name].sku_id for name in ("nuts", "hammer", "ruler")]
    bought: list[PurchaseId] = []
    for _ in range(5):
        wanted = [(sku_id, chance.randint(1, 3)) for sku_id in chance.sample(skus, chance.randint(1, 2))]
        purchase_id = await placed(shop, wanted, buyer_id, chance.choice([BOTH, (Purse.BALANCE,), (Purse.POINTS,), ()]))
        bought.append(purchase_id)
        begun = await deal.begun(shop, purchase_id)
        if chance.random() < 0.3:
            with suppress(NotCancellable):
                await shop.transact(orders.cancel_purchase, purchase_id, "buyer", "buyer")
        if isinstance(begun, Instruction) and chance.random() < 0.8:
            await deal.captured(shop, begun.payment_id)
        for order in await deal.orders_of(shop, purchase_id):
            await _something_back(shop, order, chance)
    while await deal.channel_refunds(shop):
        pass

    spent = dict.fromkeys(BOTH, 0)
    for purchase_id in bought:
        open_yet = (await purchase_of(shop, purchase_id)).state is PurchaseState.PLACED
        for purse in BOTH:
            captured, back = (await shop.ask(means, purchase_id)).get(purse, (0, 0))
            assert back <= captured
            spent[purse] += captured - back
            spent[purse] += await shop.ask(_pending, purchase_id, purse) if open_yet else 0
    assert (await left(shop, buyer_id), await left(shop, buyer_id, Purse.POINTS)) == (
        20_000 - spent[Purse.BALANCE], 3_000 - spent[Purse.POINTS],
    )  # fmt: skip


async def _something_back(shop: Database, order: Order, chance: random.Random) -> None:
    if order.state is not OrderState.PAID:
        return
    if chance.random() < 0.3:
        refund_id = payments.RefundId(ids.mint())
        await shop.transact(aftersales.cancel, order.merchant_id, order.order_id, refund_id, "buyer", "buyer")
        return
    await deal.shipped(shop, order)
    if chance.random() < 0.5:
        await deal.received(shop, order)
    if chance.random() < 0.7:
        await deal.refunded(shop, order, Returned(1, 1))
    if chance.random() < 0.5:
        await deal.channel_refunds(shop)


async def _pending(read: Read, purchase_id: PurchaseId, purse: Purse) -> int:
    return await read.value(
        """
        SELECT coalesce(sum(amount), 0)::bigint FROM payments
        WHERE purchase_id = $1 AND channel = $2 AND state = 'pending'
        """,
        purchase_id,
        purse,
    )


@given(
    totals=st.lists(st.integers(0, 10**7), min_size=1, max_size=6),
    balance=st.integers(0, 10**7),
    points=st.integers(0, 10**7),
    percent=st.integers(0, 100),
)
def test_no_order_is_paid_more_than_its_total_and_parts_add_up(
    totals: list[int], balance: int, points: int, percent: int
):
    found = wallets.tenders(totals, {Purse.BALANCE: balance, Purse.POINTS: points}, BOTH, percent)

    for tender in found:
        assert sum(tender.parts) == tender.amount > 0
        assert tender.amount <= {Purse.BALANCE: balance, Purse.POINTS: points}[tender.purse]
    for total, parts in zip(totals, zip(*(tender.parts for tender in found), strict=True), strict=False):
        assert 0 <= sum(parts) <= total
    by_points = sum(tender.amount for tender in found if tender.purse is Purse.POINTS)
    assert by_points <= wallets.cap_of_points(sum(totals), percent)
    if sum(tender.amount for tender in found) < sum(totals):
        used = sum(tender.amount for tender in found if tender.purse is Purse.BALANCE)
        assert used == balance, "the balance pays what it can"


async def _time_is_over(tx: Tx) -> None:
    await tx.execute("UPDATE purchases SET pay_by = now() - interval '1 minute'")


async def _opened_by_an_agent(tx: Tx, checkout_id: object) -> None:
    await tx.execute("UPDATE checkouts SET client = 'https://agent.test' WHERE checkout_id = $1", checkout_id)


async def _kept(read: Read, buyer_id: BuyerId) -> int:
    return await read.value(
        "SELECT coalesce(sum(amount), 0)::bigint FROM payments WHERE buyer_id = $1 AND channel = 'balance' AND state = $2",
        buyer_id,
        PaymentState.PENDING,
    )
