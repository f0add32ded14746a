"""Orders: their lists, their history, what time brings about, and whose they are."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from steelyard.goods import inventory
from steelyard.kernel import ids, paging
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.logistics import parcels
from steelyard.logistics.fulfilment.model import Dispatch, Packed
from steelyard.logistics.parcels.model import ParcelId, Scan
from steelyard.money.payments.model import RefundId
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.orders.model import (
    UNTRACKED_DELIVERY_DAYS,
    Order,
    OrderId,
    OrderState,
    PurchaseId,
    PurchaseState,
)
from tests.support import deal
from tests.support.rivals import meet
from tests.support.world import STOCK, World

RECEIPT_DAYS = 7
PER_PAGE = 3


async def all_pages(ask: Any) -> list[Any]:
    """Every item of a list, page by page."""
    found: list[Any] = []
    cursor = None
    while True:
        page = await ask(cursor=cursor, limit=PER_PAGE)
        assert len(page.items) <= PER_PAGE
        found += page.items
        if page.next is None:
            return found
        cursor = page.next


async def bought(db: Database, world: World, times: int, buyer: BuyerId | None = None) -> list[PurchaseId]:
    wanted = [(world.items["nuts"].sku_id, 1), (world.items["ruler"].sku_id, 1)]
    return [await deal.placed(db, wanted, buyer) for _ in range(times)]


async def in_the_same_instant(tx: Tx) -> None:
    """Half of them were placed at one moment: the id decides."""
    await tx.execute("UPDATE purchases SET placed_at = date_trunc('day', placed_at)")
    await tx.execute("UPDATE orders SET placed_at = date_trunc('day', placed_at)")


async def test_a_buyers_purchases_come_page_by_page(shop: Database, world: World):
    buyer, visitor = BuyerId(ids.mint()), BuyerId(ids.mint())
    mine = await bought(shop, world, 4, buyer)
    await shop.transact(in_the_same_instant)
    mine += await bought(shop, world, 3, visitor)
    await bought(shop, world, 1)
    await shop.transact(orders.cancel_purchase, mine[1], "buyer", "buyer")

    listed = await all_pages(partial(shop.ask, orders.purchases_of_buyer, [buyer, visitor]))
    cancelled = await shop.ask(orders.purchases_of_buyer, [buyer, visitor], states=[OrderState.CANCELLED])

    assert sorted(one.purchase_id for one in listed) == sorted(mine)
    assert [(one.placed_at, one.purchase_id) for one in listed] == sorted(
        ((one.placed_at, one.purchase_id) for one in listed), reverse=True
    )
    assert [one.purchase_id for one in cancelled.items] == [mine[1]]
    assert (await shop.ask(orders.purchases_of_buyer, [BuyerId(ids.mint())])).items == []


async def test_a_merchants_orders_come_page_by_page_and_by_state(shop: Database, world: World):
    tea = world.tea.merchant_id
    purchases = await bought(shop, world, 5)
    await shop.transact(in_the_same_instant)
    purchases += await bought(shop, world, 3)
    await deal.captured(shop, await deal.instructed(shop, purchases[0]))
    await deal.captured(shop, await deal.instructed(shop, purchases[6]))

    listed = await all_pages(partial(shop.ask, orders.orders_of_merchant, tea))
    paid = await all_pages(partial(shop.ask, orders.orders_of_merchant, tea, states=[OrderState.PAID]))
    open_ = [OrderState.PLACED, OrderState.PAID, OrderState.PAID]
    both = await all_pages(partial(shop.ask, orders.orders_of_merchant, tea, states=open_))
    everybodys = await all_pages(partial(shop.ask, orders.all_orders))

    assert {one.purchase_id for one in listed} == set(purchases)
    assert len(listed) == len(both) == 8
    assert [one.order_id for one in both] == [one.order_id for one in listed]
    assert [(one.placed_at, one.order_id) for one in listed] == sorted(
        ((one.placed_at, one.order_id) for one in listed), reverse=True
    )
    assert [one.purchase_id for one in paid] == [purchases[6], purchases[0]]
    assert {one.merchant_id for one in listed} == {tea}
    assert len(everybodys) == len({one.order_id for one in everybodys}) == 16
    assert await shop.ask(orders.counts_of_merchant, tea) == {OrderState.PLACED: 6, OrderState.PAID: 2}


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "💥",
        "a" * 5_000,
        "%00",
        paging.write_cursor("yesterday", "one"),
        paging.write_cursor(1),
    ],
)
async def test_a_page_that_we_never_offered_does_not_exist(shop: Database, world: World, cursor: str):
    for ask in (
        partial(orders.purchases_of_buyer, buyer_ids=[]),
        partial(orders.orders_of_merchant, merchant_id=world.tea.merchant_id),
        partial(orders.all_orders),
    ):
        with pytest.raises(Invalid):
            await shop.ask(ask, cursor=cursor)


async def test_every_change_of_state_is_remembered(shop: Database, world: World):
    part, *_ = await deal.paid(shop, [(world.items["nuts"].sku_id, 2)])
    await deal.shipped(shop, part, [Packed(1, 1)])
    await deal.shipped(shop, part)
    await deal.received(shop, part)

    steps = await shop.ask(orders.history, part.merchant_id, part.order_id)

    assert [(step.from_state, step.to_state, step.by) for step in steps] == [
        ("nowhere", "placed", "buyer"),
        ("placed", "paid", "channel"),
        ("paid", "partly_shipped", "staff:test"),
        ("partly_shipped", "shipped", "staff:test"),
        ("shipped", "completed", "buyer"),
    ]
    now = await deal.again(shop, part)
    assert now.paid_at
    assert now.shipped_at
    assert now.completed_at


async def announced(read: Read, kind: str) -> int:
    return await read.value("SELECT count(*) FROM events WHERE kind = $1", kind)


async def test_each_parcel_is_announced_once(shop: Database, world: World):
    part, *_ = await deal.paid(shop, [(world.items["nuts"].sku_id, 3)])
    parcel_id = await deal.shipped(shop, part, [Packed(1, 1)])
    await deal.shipped(shop, part, [Packed(1, 1)])
    again = Dispatch(
        merchant_id=part.merchant_id, order_id=part.order_id, parcel_id=parcel_id, carrier="simex", number="ANY"
    )
    await shop.transact(orders.ship, again, "staff:test")
    assert await shop.ask(announced, "orders.shipped") == 2
    await deal.shipped(shop, part)
    await deal.received(shop, part)

    await shop.transact(orders.ship, again, "staff:test")

    assert await shop.ask(announced, "orders.shipped") == 3
    assert (await deal.again(shop, part)).state is OrderState.COMPLETED


@pytest.mark.parametrize("paid", [False, True])
async def test_only_what_is_paid_and_not_called_off_is_sent(shop: Database, world: World, paid: bool):
    purchase_id = await deal.placed(shop, [(world.items["nuts"].sku_id, 1)])
    if paid:
        await deal.captured(shop, await deal.instructed(shop, purchase_id))
    (part,) = await deal.orders_of(shop, purchase_id)
    if paid:
        await shop.transact(aftersales.cancel, part.merchant_id, part.order_id, RefundId(ids.mint()), "no", "buyer")

    with pytest.raises(TransitionRefused):
        await deal.shipped(shop, part)
    with pytest.raises(TransitionRefused):
        await deal.received(shop, part)


async def overdue(tx: Tx) -> None:
    await tx.execute("UPDATE purchases SET pay_by = now() - interval '1 second'")
    await tx.execute("UPDATE orders SET receive_by = now() - interval '1 second' WHERE receive_by IS NOT NULL")


async def test_two_sweeps_at_once_drop_each_unpaid_purchase_once(shop: Database, world: World):
    wanted = [(item.sku_id, 1) for item in world.items.values() if item.slug != "rare"]
    placed = [await deal.placed(shop, wanted if number % 2 else wanted[::-1]) for number in range(12)]
    paid = placed[3]
    await deal.captured(shop, await deal.instructed(shop, paid))
    await shop.transact(overdue)

    first, second = await meet(shop, orders.cancel_unpaid, orders.cancel_unpaid)

    assert first + second == 11
    assert await shop.ask(announced, "orders.purchase_cancelled") == 11
    states = [await shop.ask(orders.purchase, one) for one in placed]
    assert [one.state for one in states if one] == [
        PurchaseState.PAID if one == paid else PurchaseState.CANCELLED for one in placed
    ]
    assert set((await shop.ask(inventory.available, [sku_id for sku_id, _ in wanted])).values()) == {STOCK - 1}


async def test_two_sweeps_at_once_complete_each_order_once(shop: Database, world: World):
    parts: list[Order] = []
    for _ in range(5):
        parts += await deal.paid(shop, [(world.items["nuts"].sku_id, 1), (world.items["ruler"].sku_id, 1)])
    for part in parts:
        await deal.shipped(shop, part)
    await shop.transact(overdue)

    first, second = await meet(shop, orders.complete_received, orders.complete_received)

    assert first + second == len(parts)
    assert await shop.ask(announced, "orders.completed") == len(parts)
    assert {(await deal.again(shop, part)).state for part in parts} == {OrderState.COMPLETED}


async def test_the_buyer_and_the_sweep_confirm_once(shop: Database, world: World):
    part, *_ = await deal.paid(shop, [(world.items["nuts"].sku_id, 1)])
    await deal.shipped(shop, part)
    await shop.transact(overdue)
    confirm = partial(orders.confirm_receipt, merchant_id=part.merchant_id, order_id=part.order_id, by="buyer")

    assert await meet(shop, confirm, orders.complete_received) == (None, 0)

    assert await shop.ask(announced, "orders.completed") == 1


async def tell(db: Database, order: Order, scans: Sequence[Scan], which: int = 0) -> None:
    """The carrier tells something about one of an order's parcels, and everybody hears it."""
    sent = (await db.ask(parcels.of_orders, [order.order_id]))[order.order_id]

    async def record(tx: Tx) -> None:
        await parcels.record_scans(tx, carrier=sent[which].carrier, number=sent[which].number, scans=scans)

    await db.transact(record)
    await deal.at_rest(db)


def about(left: datetime | None, right: datetime) -> bool:
    return left is not None and abs(left - right) < timedelta(minutes=1)


async def test_an_order_is_delivered_when_all_its_parcels_are(shop: Database, world: World):
    part, *_ = await deal.paid(shop, [(world.items["nuts"].sku_id, 2)])
    now = datetime.now(UTC)
    await deal.shipped(shop, part, [Packed(1, 1)])
    await tell(shop, part, [Scan(at=now + timedelta(hours=1), code="delivered")])
    assert (await deal.again(shop, part)).delivered_at is None, "a part of it is still in the house"
    await deal.shipped(shop, part)
    assert (await deal.again(shop, part)).delivered_at is None

    await tell(shop, part, [Scan(at=now + timedelta(hours=5), code="delivered")], which=1)

    found = await deal.again(shop, part)
    assert found.delivered_at == now + timedelta(hours=5)
    assert found.receive_by == now + timedelta(hours=5, days=RECEIPT_DAYS)


async def test_without_word_from_the_carrier_receipt_counts_after_a_while(shop: Database, world: World):
    part, *_ = await deal.paid(shop, [(world.items["nuts"].sku_id, 1)])
    await deal.shipped(shop, part)

    found = await deal.again(shop, part)

    assert found.delivered_at is None
    assert about(found.receive_by, datetime.now(UTC) + timedelta(days=UNTRACKED_DELIVERY_DAYS + RECEIPT_DAYS))
    assert await shop.transact(orders.complete_received) == 0


async def test_an_old_number_does_not_release_money_at_once(shop: Database, world: World):
    part, *_ = await deal.paid(shop, [(world.items["nuts"].sku_id, 1)])
    await deal.shipped(shop, part)

    await tell(shop, part, [Scan(at=datetime.now(UTC) - timedelta(days=90), code="delivered")])

    found = await deal.again(shop, part)
    assert about(found.receive_by, datetime.now(UTC) + timedelta(days=RECEIPT_DAYS))
    assert await shop.transact(orders.complete_received) == 0


async def test_an_order_with_a_lost_parcel_waits_until_somebody_decides(shop: Database, world: World):
    parts = [(await deal.paid(shop, [(world.items["nuts"].sku_id, 2)]))[0] for _ in range(4)]
    found, confirmed, given_back, untouched = parts
    for part in parts:
        await deal.shipped(shop, part, [Packed(1, 1)])
        await deal.shipped(shop, part)
    for part in (found, confirmed, given_back):
        await tell(shop, part, [Scan(at=datetime.now(UTC), code="exception")])
    await shop.transact(overdue)
    held = (await deal.again(shop, found)).receive_by

    assert await shop.transact(orders.complete_received) == 1, "only the one whose parcels are not lost"

    assert (await deal.again(shop, untouched)).state is OrderState.COMPLETED
    assert (await deal.again(shop, found)).receive_by == held
    waiting = {order.order_id for order in (await shop.ask(orders.with_lost_parcels)).items}
    assert waiting == {part.order_id for part in (found, confirmed, given_back)}
    await deal.received(shop, confirmed)
    await deal.refunded(shop, given_back, Returned(1, 2), freight=given_back.freight)
    assert [order.order_id for order in (await shop.ask(orders.with_lost_parcels)).items] == [found.order_id]
    await tell(shop, found, [Scan(at=datetime.now(UTC) + timedelta(hours=1), code="arrived")])
    assert (await shop.ask(orders.with_lost_parcels)).items == []
    assert await shop.transact(orders.complete_received) == 1
    assert (await deal.again(shop, found)).state is OrderState.COMPLETED


async def test_one_merchant_does_not_find_anothers_order(shop: Database, world: World):
    parts = await deal.paid(shop, [(world.items["nuts"].sku_id, 1), (world.items["ruler"].sku_id, 1)])
    teas = next(part for part in parts if part.merchant_id == world.tea.merchant_id)
    stranger = world.tools.merchant_id

    assert await shop.ask(orders.order, stranger, teas.order_id) is None
    assert await shop.ask(orders.order_by_code, stranger, teas.code) is None
    assert await shop.ask(orders.history, stranger, teas.order_id) == []
    assert await shop.ask(orders.codes_of, stranger, [teas.order_id]) == {}
    for command in (
        partial(orders.confirm_receipt, merchant_id=stranger, order_id=teas.order_id, by="buyer"),
        partial(
            aftersales.cancel, merchant_id=stranger, order_id=teas.order_id, refund_id=RefundId(ids.mint()),
            reason="no", by="staff:1",
        ),
        partial(orders.lock_order, merchant_id=stranger, order_id=OrderId(ids.mint())),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            await shop.transact(command)
    dispatch = Dispatch(
        merchant_id=stranger, order_id=teas.order_id, parcel_id=ParcelId(ids.mint()), carrier="simex", number="1"
    )
    with pytest.raises(NotFound):
        await shop.transact(orders.ship, dispatch, "staff:1")


async def test_short_codes_are_found_however_they_are_typed(shop: Database, world: World):
    (purchase_id,) = await bought(shop, world, 1)
    purchase = await shop.ask(orders.purchase, purchase_id)
    assert purchase is not None
    (part, _) = await deal.orders_of(shop, purchase_id)

    found = await shop.ask(orders.by_code, purchase.code.lower().replace("-", " "))
    of_order = await shop.ask(orders.by_code, part.code)

    assert found is not None
    assert (found.purchase_id, found.order_id) == (purchase_id, None)
    assert of_order is not None
    assert (of_order.merchant_id, of_order.order_id) == (part.merchant_id, part.order_id)
    assert await shop.ask(orders.by_code, "nonsense") is None
    assert await shop.ask(orders.order_by_code, part.merchant_id, part.code.lower()) == part


async def test_many_buyers_and_the_sweep_never_meet_head_on(
    shop: Database, world: World, monkeypatch: pytest.MonkeyPatch
):
    """Placements and lapses over the same goods in every order: nobody has to try again."""
    wanted = [(item.sku_id, 1) for item in world.items.values() if item.slug != "rare"]
    placed = [await deal.placed(shop, wanted[n:] + wanted[:n]) for n in range(5)]
    await shop.transact(overdue)
    monkeypatch.setattr("steelyard.kernel.db.TRIES_MAX", 1)

    answers = await asyncio.gather(
        *(deal.placed(shop, wanted[n:] + wanted[:n]) for n in range(5)),
        *(shop.transact(orders.cancel_unpaid) for _ in range(3)),
    )

    assert sum(answer for answer in answers if isinstance(answer, int)) == len(placed)
