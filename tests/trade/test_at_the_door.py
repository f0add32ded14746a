"""Cash on delivery: promised at the checkout, asked for at each door, paid on by the carrier or kept by the shop, or refused."""

import asyncio
from datetime import date, datetime
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import Refusal
from steelyard.kernel.settings import Settings
from steelyard.logistics import parcels
from steelyard.logistics.fulfilment.model import Dispatch, Packed
from steelyard.logistics.parcels.model import ParcelId, Scan
from steelyard.money import payments
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments import (
    DoesNotAddUp,
    DoorState,
    NotAtTheDoor,
    NotWithTheCarrier,
    RemittanceKnown,
    UnknownChannel,
    choosing,
)
from steelyard.money.payments.jobs import send_refunds
from steelyard.money.payments.model import Instruction, RefundId, RefundRoute, RefundState
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import aftersales, checkout, orders, settlement
from steelyard.trade.aftersales.model import RefundRequest, Returned
from steelyard.trade.checkout import collection
from steelyard.trade.orders import door
from steelyard.trade.orders.model import Order, OrderState, PurchaseState
from steelyard.trade.orders.refusals import CarrierCollects, NotPaidAtTheDoor, OneParcelAtTheDoor
from steelyard.trade.settlement import EntryKind
from tests.money.deals import balance
from tests.support import deal
from tests.support.database import assert_checks
from tests.support.seeded import SeededServer
from tests.support.world import World
from tests.trade.till import make_due

SETTINGS = Settings(cod_currencies="CNY")
DAY = date(2026, 3, 5)


async def offered(db: Database, *merchants: UUID) -> None:
    """These shops can be paid at the door."""
    for merchant_id in merchants:
        await db.transact(payments.offer, merchant_id, True, "staff:test")
    db.kept.pop(choosing.KEPT, None)


async def bought(db: Database, world: World, *, buyer_id: BuyerId | None = None, quantity: int = 2) -> list[Order]:
    """A purchase of two merchants that is to be paid at the door."""
    wanted = [(world.items["nuts"].sku_id, quantity), (world.items["hammer"].sku_id, 1)]
    await offered(db, world.items["nuts"].merchant_id, world.items["hammer"].merchant_id)
    purchase_id = await deal.placed(db, wanted, buyer_id)
    how = await checkout.collect(db, SETTINGS, purchase_id, channel="cod", return_url="http://shop.test")
    assert how.state == "captured"
    return await deal.orders_of(db, purchase_id)


async def sent(db: Database, order: Order, carrier: str = "simex", lines: list[Packed] | None = None) -> str:
    """The order leaves; returns the number of its parcel."""
    parcel_id = ParcelId(ids.mint())
    number = f"SX{parcel_id.hex[-12:]}".upper()
    dispatch = Dispatch(
        merchant_id=order.merchant_id, order_id=order.order_id, parcel_id=parcel_id, carrier=carrier, number=number, lines=lines
    )  # fmt: skip
    await db.transact(orders.ship, dispatch, "staff:test")
    return number


async def told(db: Database, number: str, code: str, collected: int | None = None) -> None:
    """The carrier tells, and everybody reads it."""
    now = await db.ask(_now)
    await db.transact(
        parcels.record_scans, carrier="simex", number=number, scans=[Scan(at=now, code=code)], collected=collected
    )
    await deal.at_rest(db)


async def _now(read: Read) -> datetime:
    return await read.value("SELECT now()")


async def at(db: Database, order: Order) -> payments.DoorCollection:
    return (await db.ask(payments.doors_of, order.merchant_id, [order.order_id]))[order.order_id]


async def refunds_sent(db: Database) -> None:
    await db.transact(make_due)
    await send_refunds(db, payments.channels(SETTINGS), SETTINGS)
    await deal.at_rest(db)


async def test_a_purchase_of_two_merchants_is_paid_at_each_door(shop: Database, world: World) -> None:
    first, second = await bought(shop, world)
    assert first.state is OrderState.PAID
    assert await balance(shop, first.buyer_id, AccountKind.CHANNEL_CASH) == 0
    assert await balance(shop, first.merchant_id, AccountKind.DOOR_CLAIMS) == first.total
    number = await sent(shop, first)
    with pytest.raises(NotPaidAtTheDoor):
        await deal.received(shop, first)

    await told(shop, number, "delivered", first.total)

    assert (await at(shop, first)).state is DoorState.COLLECTED
    assert (await at(shop, second)).state is DoorState.DUE
    assert await balance(shop, first.merchant_id, AccountKind.CARRIER_CASH) == first.total
    await deal.received(shop, first)


async def test_what_the_carrier_says_otherwise_is_noted_and_it_owes_what_it_was_told(
    shop: Database, world: World
) -> None:
    order, _ = await bought(shop, world)
    await told(shop, await sent(shop, order), "delivered", 1)

    stands = await at(shop, order)

    assert (stands.reported, stands.told) == (1, order.total)
    assert [owed.amount for owed in await shop.ask(payments.owed, 7)] == [order.total]


async def test_a_carrier_pays_on_what_it_collected_less_its_fee(shop: Database, world: World) -> None:
    first, second = await bought(shop, world)
    for order in (first, second):
        await told(shop, await sent(shop, order), "delivered")
    due = first.total + second.total
    named = [(first.merchant_id, first.order_id), (second.merchant_id, second.order_id)]

    async def remit(amount: int, fee: int, number: str = "B1") -> bool:
        return await shop.transact(
            payments.remit, "simex", bank_number=number, amount=amount, fee=fee, currency="CNY", on_day=DAY, orders=named,
            by="staff:test",
        )  # fmt: skip

    with pytest.raises(DoesNotAddUp):
        await remit(due - 100, 99)
    assert await remit(due - 100, 100)
    assert not await remit(due - 100, 100)
    with pytest.raises(RemittanceKnown):
        await remit(due, 0)
    with pytest.raises(NotWithTheCarrier):
        await remit(due, 0, "B2")

    assert await balance(shop, first.merchant_id, AccountKind.CARRIER_CASH) == 0
    assert await balance(shop, first.merchant_id, AccountKind.BANK_CASH) == first.total
    assert await shop.ask(payments.owed, 7) == []


async def test_two_remittances_at_once_do_not_pay_the_same_cash(shop: Database, world: World) -> None:
    order, _ = await bought(shop, world)
    await told(shop, await sent(shop, order), "delivered")

    async def remit(number: str) -> bool | Refusal:
        try:
            return await shop.transact(
                payments.remit, "simex", bank_number=number, amount=order.total, fee=0, currency="CNY", on_day=DAY,
                orders=[(order.merchant_id, order.order_id)], by="staff:test",
            )  # fmt: skip
        except Refusal as refusal:
            return refusal

    answers = await asyncio.gather(*(remit(f"B{n}") for n in range(4)))

    assert answers.count(True) == 1
    assert sum(isinstance(answer, NotWithTheCarrier) for answer in answers) == 3


async def test_a_shop_that_keeps_the_cash_owes_its_commission(shop: Database, world: World) -> None:
    order, other = await bought(shop, world)
    await sent(shop, order, carrier="other")
    await sent(shop, other)
    with pytest.raises(CarrierCollects):
        await shop.transact(orders.keep_at_the_door, other.merchant_id, other.order_id, "staff:test")

    await shop.transact(orders.keep_at_the_door, order.merchant_id, order.order_id, "staff:test")
    with pytest.raises(NotAtTheDoor):
        await shop.transact(orders.keep_at_the_door, order.merchant_id, order.order_id, "staff:test")
    await deal.received(shop, order)
    await deal.at_rest(shop)

    assert await balance(shop, order.merchant_id, AccountKind.PAYABLE) == -order.commission
    entries = await shop.ask(settlement.entries_about, order.merchant_id, [order.order_id])
    assert {entry.kind: entry.amount for entry in entries}[EntryKind.CASH_KEPT] == -order.total
    assert sum(entry.amount for entry in entries) == -order.commission
    assert await shop.transact(settlement.run, date(9999, 1, 1)) == [], "what it owes waits for what it earns"


async def test_refused_at_the_door_nothing_is_owed_and_the_goods_come_back(shop: Database, world: World) -> None:
    buyer_id = BuyerId(ids.mint())
    order, _ = await bought(shop, world, buyer_id=buyer_id)
    await told(shop, await sent(shop, order), "refused")
    await refunds_sent(shop)

    found = await deal.again(shop, order)

    assert (found.state, found.cancel_reason, found.refunded) == (OrderState.CANCELLED, door.REFUSED, order.total)
    assert await balance(shop, order.merchant_id, AccountKind.DOOR_CLAIMS) == 0
    assert await balance(shop, order.merchant_id, AccountKind.HELD) == 0
    assert await shop.ask(payments.refusals_of, buyer_id, 180) == 1
    before = await shop.ask(on_hand, world.items["nuts"].sku_id)
    for _ in range(2):
        await shop.transact(aftersales.back_on_the_shelf, order.merchant_id, order.order_id, "staff:test")
    assert await shop.ask(on_hand, world.items["nuts"].sku_id) == before + 2


async def on_hand(read: Read, sku_id: object) -> int:
    return await read.value("SELECT sum(on_hand)::integer FROM stock WHERE sku_id = $1", sku_id)


async def test_who_refuses_too_often_is_not_offered_it_any_more(shop: Database, world: World) -> None:
    buyer_id = BuyerId(ids.mint())
    for _ in range(2):
        order, _ = await bought(shop, world, buyer_id=buyer_id, quantity=1)
        await told(shop, await sent(shop, order), "refused")

    with pytest.raises(UnknownChannel):
        await bought(shop, world, buyer_id=buyer_id, quantity=1)


async def test_it_is_not_offered_unless_every_shop_does(shop: Database, world: World) -> None:
    await offered(shop, world.items["nuts"].merchant_id)
    wanted = [(world.items["nuts"].sku_id, 1), (world.items["hammer"].sku_id, 1)]
    purchase_id = await deal.placed(shop, wanted)

    with pytest.raises(UnknownChannel):
        await checkout.collect(shop, SETTINGS, purchase_id, channel="cod", return_url="http://shop.test")

    found = await shop.ask(orders.purchase, purchase_id)
    assert found is not None
    assert found.state is PurchaseState.PLACED


async def test_what_is_paid_at_the_door_leaves_in_one_parcel(shop: Database, world: World) -> None:
    order, _ = await bought(shop, world)

    with pytest.raises(OneParcelAtTheDoor):
        await sent(shop, order, lines=[Packed(1, 1)])

    assert (await deal.again(shop, order)).state is OrderState.PAID


async def test_a_refund_before_it_leaves_is_not_collected_and_one_after_goes_by_hand(
    shop: Database, world: World
) -> None:
    order, _ = await bought(shop, world)
    await deal.refunded(shop, order, Returned(1, 1))
    number = await sent(shop, order)
    asked = (await at(shop, order)).told
    left = (await deal.again(shop, order)).kept
    assert asked == left

    later = await deal.refunded(shop, order, freight=100)
    await refunds_sent(shop)
    assert await balance(shop, order.merchant_id, AccountKind.REFUND_DUE) == 100, "the parcel asks for what it was told"
    await told(shop, number, "delivered", asked)
    await refunds_sent(shop)
    owed = await shop.ask(payments.refund_of, later)
    assert owed is not None
    assert (owed.state, owed.failure) == (RefundState.FAILED, "paid_at_the_door")
    line = payments.ByHand(bank_number="B9", party="A buyer", on_day=DAY)
    await shop.transact(payments.made_by_hand, order.merchant_id, later, line, "staff:test")

    assert await balance(shop, order.merchant_id, AccountKind.REFUND_DUE) == 0
    assert await balance(shop, order.buyer_id, AccountKind.BANK_CASH) == -100


async def test_cash_that_was_collected_can_go_back_into_the_balance(shop: Database, world: World) -> None:
    order, _ = await bought(shop, world)
    await told(shop, await sent(shop, order), "delivered")
    refund_id = await deal.refunded(shop, order, freight=100)
    await refunds_sent(shop)

    await shop.transact(payments.send_again, order.merchant_id, refund_id, "staff:test", RefundRoute.BALANCE)
    await refunds_sent(shop)

    assert await balance(shop, order.buyer_id, AccountKind.BALANCE) == 100


async def test_called_off_before_it_leaves_nothing_is_collected(shop: Database, world: World) -> None:
    order, _ = await bought(shop, world)
    await shop.transact(
        aftersales.cancel, order.merchant_id, order.order_id, RefundId(ids.mint()), "changed_mind", "buyer"
    )
    await refunds_sent(shop)

    assert (await at(shop, order)).state is DoorState.VOID
    assert await balance(shop, order.merchant_id, AccountKind.DOOR_CLAIMS) == 0


async def test_who_promises_to_pay_what_is_paid_already_owes_nothing_at_the_door(shop: Database, world: World) -> None:
    await offered(shop, world.items["nuts"].merchant_id)
    purchase_id = await deal.placed(shop, [(world.items["nuts"].sku_id, 1)])
    channels = payments.channels(SETTINGS)
    begun = await shop.transact(
        collection.begin, purchase_id, channel="cod", return_url="/", token=None, payment_id=None, channels=channels
    )
    assert isinstance(begun, Instruction)
    await deal.captured(shop, await deal.instructed(shop, purchase_id))

    await shop.transact(checkout.apply_payment, begun.payment_id, deal.capture(begun.payment_id), "channel")
    [order] = await deal.orders_of(shop, purchase_id)
    await sent(shop, order)

    assert (await at(shop, order)).state is DoorState.VOID
    assert not await shop.ask(parcels.collected_by, order.merchant_id, [order.order_id]), "nothing is asked for"
    await deal.received(shop, order)


async def test_goods_on_their_way_to_the_door_are_not_put_back_on_the_shelf(shop: Database, world: World) -> None:
    order, _ = await bought(shop, world)
    await sent(shop, order)
    request = RefundRequest(
        refund_id=RefundId(ids.mint()), merchant_id=order.merchant_id, order_id=order.order_id, lines=[Returned(1, 1)],
        restock=True,
    )  # fmt: skip

    with pytest.raises(NotPaidAtTheDoor):
        await shop.transact(aftersales.refund, request, "staff:test")

    assert (await deal.again(shop, order)).refunded == 0


HAPPENINGS = (
    "send", "send_own", "arrive", "refuse", "keep", "refund", "cancel", "receive", "sweep", "by_hand", "to_balance", "remit",
    "read",
)  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(HAPPENINGS), st.integers(0, 3)), max_size=16)


class Door:
    """Two purchases of two merchants, and what can happen to each of their orders."""

    def __init__(self, db: Database, found: list[Order]) -> None:
        self.db, self.orders, self.numbers = db, found, dict[int, str]()

    async def step(self, name: str, which: int) -> None:
        order, db = self.orders[which], self.db
        match name:
            case "send" | "send_own":
                self.numbers[which] = await sent(db, order, "simex" if name == "send" else "other")
            case "arrive" | "refuse":
                if number := self.numbers.get(which):
                    now = await db.ask(_now)
                    code = "delivered" if name == "arrive" else "refused"
                    scans = [Scan(at=now, code=code)]
                    await db.transact(parcels.record_scans, carrier="simex", number=number, scans=scans)
            case "keep":
                await db.transact(orders.keep_at_the_door, order.merchant_id, order.order_id, "staff:test")
            case "refund":
                await deal.refunded(db, order, Returned(1, 1))
            case "cancel":
                await db.transact(
                    aftersales.cancel, order.merchant_id, order.order_id, RefundId(ids.mint()), "other", "buyer"
                )
            case "receive":
                await deal.received(db, order)
            case "sweep":
                await db.transact(make_due)
                await send_refunds(db, payments.channels(SETTINGS), SETTINGS)
            case "by_hand" | "to_balance":
                for owed in (await db.ask(payments.refunds_page, state=RefundState.FAILED)).items:
                    if name == "by_hand":
                        line = payments.ByHand(bank_number=ids.mint().hex, party="A buyer", on_day=DAY)
                        await db.transact(payments.made_by_hand, owed.merchant_id, owed.refund_id, line, "staff:test")
                    else:
                        again = (owed.merchant_id, owed.refund_id, "staff:test", RefundRoute.BALANCE)
                        await db.transact(payments.send_again, *again)
            case "remit":
                held = await db.ask(payments.with_carrier, "simex", "CNY")
                if held:
                    await db.transact(
                        payments.remit, "simex", bank_number=ids.mint().hex, amount=sum(each.told or 0 for each in held),
                        fee=0, currency="CNY", on_day=DAY, orders=[(each.merchant_id, each.order_id) for each in held],
                        by="staff:test",
                    )  # fmt: skip
            case _:
                await deal.at_rest(db)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_happens_at_the_door_the_books_agree(
    seeded_server: SeededServer, steps: list[tuple[str, int]]
) -> None:
    with seeded_server.database() as url:
        asyncio.run(lived(url, seeded_server.world, steps))


async def lived(url: str, world: World, steps: list[tuple[str, int]]) -> None:
    db = await Database.connect(url, size=2)
    try:
        one = Door(db, [*await bought(db, world), *await bought(db, world)])
        for name, which in steps:
            try:
                await one.step(name, which)
            except Refusal:
                continue
        await assert_checks(url)
        await deal.at_rest(db)
        await assert_checks(url)
    finally:
        await db.close()
