"""Giving money back: to the last cent, once, and never beside a parcel that leaves."""

import asyncio
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.goods import inventory
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal, TransitionRefused
from steelyard.kernel.text import text
from steelyard.logistics import freight, fulfilment, parcels
from steelyard.logistics.freight.model import Method, Template, TemplateId, Zone
from steelyard.logistics.fulfilment.model import Dispatch, NothingLeft, Packed
from steelyard.logistics.parcels.model import ParcelId, Scan
from steelyard.money import ledger, payments
from steelyard.money.payments.model import RefundId
from steelyard.trade import aftersales, checkout, orders
from steelyard.trade.aftersales.model import (
    FreightTooHigh,
    NotRefundable,
    NotThatMany,
    Reason,
    RefundRequest,
    Returned,
    share_of,
)
from steelyard.trade.orders.model import Order, OrderLine, OrderState, UseCancel
from tests.support import deal
from tests.support.fees import charged
from tests.support.rivals import meet
from tests.support.world import CURRENCY, STOCK, World
from tests.trade.test_quote import CALIFORNIA

STAFF = 10


def sold(quantity: int, amount: int, tax: int, commission: int, *, inclusive: bool, given_back: int = 0) -> OrderLine:
    return OrderLine(
        order_id=ids.mint(), line=1, product_id=ids.mint(), sku_id=ids.mint(), kind="goods", title=text("茶", "Tea"),
        options=[], picture=None, sku_code="T", quantity=quantity, unit_price=0, amount=amount, tax=tax,
        tax_millionths=0, tax_inclusive=inclusive, commission=commission, fees=charged(commission),
        refunded_quantity=given_back, refunded=0,
    )  # fmt: skip


@st.composite
def lines_in_parts(draw: st.DrawFn) -> tuple[OrderLine, list[int]]:
    quantity, amount = draw(st.integers(1, 60)), draw(st.integers(0, 10**9))
    line = sold(
        quantity, amount, draw(st.integers(0, amount)), draw(st.integers(0, amount)), inclusive=draw(st.booleans())
    )
    parts: list[int] = []
    while sum(parts) < quantity:
        parts.append(draw(st.integers(1, quantity - sum(parts))))
    return line, parts


@given(lines_in_parts())
def test_in_whichever_parts_pieces_come_back_they_add_up_to_the_line(given_back: tuple[OrderLine, list[int]]):
    line, parts = given_back
    before, amount, commission = 0, 0, 0
    for part in parts:
        share = share_of(sold(
            line.quantity, line.amount, line.tax, line.commission, inclusive=line.tax_inclusive, given_back=before
        ), part)  # fmt: skip
        assert share.amount >= 0
        assert share.commission >= 0
        before, amount, commission = before + part, amount + share.amount, commission + share.commission
        rest = line.amount + (0 if line.tax_inclusive else line.tax) - amount
        assert line.commission - commission <= rest, "what is left of the line pays what is left of its commission"
    assert amount == line.amount + (0 if line.tax_inclusive else line.tax)
    assert commission == line.commission


async def bought(db: Database, world: World, quantity: int = 3) -> Order:
    (part,) = await deal.paid(db, [(world.items["nuts"].sku_id, quantity)])
    return part


def request(part: Order, *lines: Returned, **more: Any) -> RefundRequest:
    given = {"refund_id": RefundId(ids.mint()), **more}
    return RefundRequest(merchant_id=part.merchant_id, order_id=part.order_id, lines=lines, **given)


def refunding(part: Order, *lines: Returned, **more: Any):
    return partial(aftersales.refund, request=request(part, *lines, **more), by="staff:1")


def cancelling(part: Order):
    return partial(
        aftersales.cancel, merchant_id=part.merchant_id, order_id=part.order_id, refund_id=RefundId(ids.mint()),
        reason="changed_mind", by="buyer",
    )  # fmt: skip


def sending(part: Order, *lines: Packed):
    dispatch = Dispatch(
        merchant_id=part.merchant_id, order_id=part.order_id, parcel_id=ParcelId(ids.mint()), carrier="simex",
        number=f"N{ids.mint().hex}", lines=list(lines) or None,
    )  # fmt: skip
    return partial(orders.ship, dispatch=dispatch, by="staff:1")


async def balances(db: Database, part: Order) -> dict[str, int]:
    return {found.kind: found.balance for found in await db.ask(ledger.balances, part.merchant_id)}


async def test_tax_on_top_goes_back_with_its_line_and_its_freight(shop: Database, world: World):
    template = Template(
        merchant_id=world.tea.merchant_id, template_id=TemplateId(ids.mint()), name=text("环球", "World"),
        method=Method.PIECE, currency=CURRENCY, days_from=9, days_to=20, zones=[Zone(countries=["*"], first_fee=1_000)],
    )  # fmt: skip
    await shop.transact(freight.save_template, template)
    checkout_id = await deal.opened(shop, [])
    draft = deal.draft([(world.items["nuts"].sku_id, 3)], address=CALIFORNIA)
    await shop.transact(checkout.change, checkout_id, draft)
    purchase_id = await shop.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
    await deal.captured(shop, await deal.instructed(shop, purchase_id))
    (part,) = await deal.orders_of(shop, purchase_id)
    assert part.tax_added == 868 + 73  # 11970 × 7.25 %, and of the freight
    await deal.shipped(shop, part)

    for _ in range(3):
        await deal.refunded(shop, part, Returned(1, 1))
    assert (await deal.again(shop, part)).refunded == 11_970 + 868
    with pytest.raises(FreightTooHigh) as refused:
        await deal.refunded(shop, part, freight=1_074)
    assert refused.value.left == 1_073
    await deal.refunded(shop, part, freight=1_073)

    now = await deal.again(shop, part)
    assert (now.refunded, now.commission_returned) == (part.total, part.commission)
    assert (await balances(shop, part))["held"] == 0


async def test_a_refund_said_twice_is_given_once(shop: Database, world: World):
    part = await bought(shop, world)
    command = refunding(part, Returned(1, 1), restock=True)

    for _ in range(2):
        await shop.transact(command)

    (given,) = (await shop.ask(aftersales.of_orders, [part.order_id]))[part.order_id]
    assert (given.goods, given.freight, given.commission, given.released) == (3_990, 0, 200, False)
    assert (await shop.ask(inventory.available, [world.items["nuts"].sku_id])).popitem()[1] == STOCK - 3 + 1


async def test_what_cannot_be_given_back_is_refused(shop: Database, world: World):
    part = await bought(shop, world)
    unpaid = await deal.placed(shop, [(world.items["nuts"].sku_id, 1)])
    (waiting,) = await deal.orders_of(shop, unpaid)
    refusals: list[tuple[RefundRequest, type[Refusal]]] = [
        (request(part), Invalid),
        (request(part, Returned(1, 0)), Invalid),
        (request(part, Returned(1, -1)), Invalid),
        (request(part, Returned(1, 1), freight=-1), Invalid),
        (request(part, Returned(1, 1), Returned(1, 1)), Invalid),
        (request(part, Returned(1, 1), note="x" * 501), Invalid),
        (request(part, Returned(1, 4)), NotThatMany),
        (request(part, Returned(2, 1)), NotThatMany),
        (request(part, freight=part.freight + 1), FreightTooHigh),
        (request(waiting, Returned(1, 1)), NotRefundable),
        (RefundRequest(
            refund_id=RefundId(ids.mint()), merchant_id=world.tools.merchant_id, order_id=part.order_id, freight=1
        ), NotFound),
    ]  # fmt: skip

    for asked, refusal in refusals:
        with pytest.raises(refusal):
            await shop.transact(aftersales.refund, asked, "staff:1")

    assert (await deal.again(shop, part)).refunded == 0


async def test_after_receipt_commission_comes_back_with_its_share(shop: Database, world: World):
    part = await bought(shop, world)
    await deal.shipped(shop, part)
    await deal.refunded(shop, part, Returned(1, 1))
    await deal.received(shop, part)

    for _ in range(2):
        await deal.refunded(shop, part, Returned(1, 1))
    await deal.refunded(shop, part, freight=part.freight)

    now = await deal.again(shop, part)
    assert (now.refunded, now.commission_returned) == (part.total, part.commission)
    found = await balances(shop, part)
    assert (found["held"], found["payable"], found["commission"]) == (0, 0, 0)
    given = (await shop.ask(aftersales.of_orders, [part.order_id]))[part.order_id]
    assert [one.released for one in given] == [False, True, True, True]


async def test_ten_at_the_desk_give_back_three_pieces_once(shop: Database, world: World):
    part = await bought(shop, world)
    await deal.shipped(shop, part)

    answers = await asyncio.gather(
        *(shop.transact(refunding(part, Returned(1, 1))) for _ in range(STAFF)), return_exceptions=True
    )

    assert answers.count(None) == 3
    assert sum(isinstance(answer, NotThatMany) for answer in answers) == STAFF - 3
    now = await deal.again(shop, part)
    assert now.refunded == now.goods


async def test_control_without_the_lock_more_is_decided_than_was_sold(shop: Database, world: World):
    """Look first, decide then, nobody holding the order: if all ten did not pass, the test above proves nothing."""
    part = await bought(shop, world)
    everybody_has_looked = asyncio.Barrier(STAFF)

    async def careless(tx: Tx) -> bool:
        (line,) = (await orders.lines_of(tx, [part.order_id]))[part.order_id]
        await everybody_has_looked.wait()
        return line.quantity - line.refunded_quantity >= 1

    assert sum(await asyncio.gather(*(shop.transact(careless) for _ in range(STAFF)))) > 3


async def test_who_cancels_first_keeps_the_parcel_in_the_house(shop: Database, world: World):
    part = await bought(shop, world)

    cancelled, sent = await meet(shop, cancelling(part), sending(part))

    assert cancelled is None
    assert isinstance(sent, TransitionRefused)
    now = await deal.again(shop, part)
    assert (now.state, now.refunded) == (OrderState.CANCELLED, part.total)
    assert (await shop.ask(inventory.available, [world.items["nuts"].sku_id])).popitem()[1] == STOCK


@pytest.mark.parametrize("whole", [True, False])
async def test_who_sends_first_is_paid(shop: Database, world: World, whole: bool):
    part = await bought(shop, world)

    sent, cancelled = await meet(shop, sending(part) if whole else sending(part, Packed(1, 1)), cancelling(part))

    assert isinstance(sent, Order)
    assert isinstance(cancelled, TransitionRefused)
    assert (await deal.again(shop, part)).refunded == 0


@pytest.mark.parametrize("round_", range(6))
async def test_however_it_falls_out_exactly_one_of_them_wins(shop: Database, world: World, round_: int):
    part = await bought(shop, world)
    works = [shop.transact(cancelling(part)), shop.transact(sending(part)), shop.transact(cancelling(part))]

    answers = await asyncio.gather(*(works if round_ % 2 else works[::-1]), return_exceptions=True)

    assert all(answer is None or isinstance(answer, Order | Refusal) for answer in answers), answers
    now = await deal.again(shop, part)
    sent = any(isinstance(answer, Order) for answer in answers)
    assert (now.state, now.refunded) == ((OrderState.SHIPPED, 0) if sent else (OrderState.CANCELLED, part.total))


async def test_cancelling_gives_back_what_was_not_given_back_before(shop: Database, world: World):
    part = await bought(shop, world)
    await deal.refunded(shop, part, Returned(1, 2), freight=300)

    for _ in range(2):
        await shop.transact(cancelling(part))

    now = await deal.again(shop, part)
    assert (now.state, now.refunded, now.commission_returned) == (OrderState.CANCELLED, part.total, part.commission)
    given = (await shop.ask(aftersales.of_orders, [part.order_id]))[part.order_id]
    assert [(one.reason, one.goods, one.freight) for one in given] == [
        (Reason.GOODWILL, 7_980, 300), (Reason.CANCELLED, 3_990, part.freight - 300),
    ]  # fmt: skip
    assert await deal.channel_refunds(shop) == 2
    assert (await balances(shop, part))["refund_due"] == 0


@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize("with_freight", [True, False])
async def test_an_order_of_which_nothing_would_be_sent_is_cancelled_not_refunded(
    shop: Database, world: World, before: int, with_freight: bool
):
    part = await bought(shop, world)
    if before:
        await deal.refunded(shop, part, Returned(1, before))

    with pytest.raises(UseCancel):
        await deal.refunded(shop, part, Returned(1, 3 - before), freight=part.freight if with_freight else 0)

    assert (await deal.again(shop, part)).refunded == 3_990 * before
    assert await left_to_send(shop, part) == 3 - before
    await shop.transact(cancelling(part))
    assert (await deal.again(shop, part)).refunded == part.total
    assert await free(shop, world) == STOCK


async def left_to_send(db: Database, part: Order) -> int:
    lines = (await db.ask(fulfilment.status, [part.order_id]))[part.order_id]
    return sum(line.left for line in lines.values())


async def free(db: Database, world: World, item: str = "nuts") -> int:
    return (await db.ask(inventory.available, [world.items[item].sku_id])).popitem()[1]


async def test_what_is_given_back_before_it_left_is_not_sent_and_can_be_sold_again(shop: Database, world: World):
    part = await bought(shop, world)

    await deal.refunded(shop, part, Returned(1, 1))

    assert (await left_to_send(shop, part), await free(shop, world)) == (2, STOCK - 2)
    with pytest.raises(NothingLeft):
        await deal.shipped(shop, part, [Packed(1, 3)])
    await deal.shipped(shop, part)
    assert (await deal.again(shop, part)).state is OrderState.SHIPPED
    assert await free(shop, world) == STOCK - 2


async def test_pieces_that_left_are_given_back_last_and_only_they_are_put_back(shop: Database, world: World):
    part = await bought(shop, world)
    await deal.shipped(shop, part, [Packed(1, 1)])
    command = refunding(part, Returned(1, 3), restock=True)

    for _ in range(2):
        await shop.transact(command)

    assert (await left_to_send(shop, part), await free(shop, world)) == (0, STOCK)
    sku_id = world.items["nuts"].sku_id
    returned = [move.quantity for move in await shop.ask(moves_back, part.merchant_id, sku_id)]
    assert returned == [1]


async def moves_back(read: Read, merchant_id: UUID, sku_id: UUID) -> list[Any]:
    page = await inventory.movements(read, merchant_id, sku_id)
    return [move for move in page.items if move.reason == "returned"]


async def test_an_order_whose_rest_is_given_back_is_sent_and_will_be_received(shop: Database, world: World):
    part = await bought(shop, world)
    parcel_id = await deal.shipped(shop, part, [Packed(1, 2)])
    await shop.transact(arriving(parcel_id, datetime.now(UTC)))
    await deal.at_rest(shop)
    assert (await deal.again(shop, part)).receive_by is None

    await deal.refunded(shop, part, Returned(1, 1))

    now = await deal.again(shop, part)
    assert now.state is OrderState.SHIPPED
    assert now.delivered_at is not None
    assert now.shipped_at is not None
    assert now.receive_by is not None
    assert now.receive_by > now.shipped_at, "nothing is received the moment that it is complete"
    assert await shop.transact(orders.complete_received) == 0
    await deal.received(shop, part)
    assert (await deal.again(shop, part)).state is OrderState.COMPLETED


def arriving(parcel_id: ParcelId, at: datetime):
    number = f"SX{parcel_id.hex[-12:]}"
    return partial(parcels.record_scans, carrier="simex", number=number, scans=[Scan(at=at, code="delivered")])


@pytest.mark.parametrize("refund_first", [True, False])
async def test_a_refund_meets_the_parcel(shop: Database, world: World, refund_first: bool):
    """Whoever is first: a piece is sent or stays, and never both."""
    part = await bought(shop, world)
    refund, send = refunding(part, Returned(1, 1)), sending(part)

    answers = await meet(shop, refund, send) if refund_first else await meet(shop, send, refund)

    assert not any(isinstance(answer, Refusal) for answer in answers)
    now = await deal.again(shop, part)
    assert (now.state, now.refunded) == (OrderState.SHIPPED, 3_990)
    assert await free(shop, world) == (STOCK - 2 if refund_first else STOCK - 3)


async def test_an_order_that_is_not_paid_is_not_cancelled_beside_its_purchase(shop: Database, world: World):
    purchase_id = await deal.placed(shop, [(world.items["nuts"].sku_id, 1), (world.items["ruler"].sku_id, 1)])
    (part, _) = await deal.orders_of(shop, purchase_id)

    with pytest.raises(TransitionRefused):
        await shop.transact(cancelling(part))


async def test_the_one_who_cancels_and_the_one_who_refunds_give_back_each_cent_once(shop: Database, world: World):
    part = await bought(shop, world)

    answers = await meet(shop, refunding(part, Returned(1, 1)), cancelling(part))

    assert answers == (None, None)
    assert (await deal.again(shop, part)).refunded == part.total
    other = await bought(shop, world)
    first, second = await meet(shop, cancelling(other), refunding(other, Returned(1, 1)))
    assert first is None
    assert isinstance(second, NotRefundable)
    assert (await deal.again(shop, other)).refunded == other.total


async def test_a_refund_meets_receipt(shop: Database, world: World):
    """Whoever is first: what is released is what is left, and the books agree (all checks run after the test)."""
    for refund_first in (True, False):
        part = await bought(shop, world)
        await deal.shipped(shop, part)
        confirm = partial(orders.confirm_receipt, merchant_id=part.merchant_id, order_id=part.order_id, by="buyer")
        refund = refunding(part, Returned(1, 1))

        await meet(shop, refund, confirm) if refund_first else await meet(shop, confirm, refund)

        now = await deal.again(shop, part)
        assert (now.state, now.refunded) == (OrderState.COMPLETED, 3_990)
        assert await shop.ask(released, part) == part.total - (3_990 if refund_first else 0)


async def released(read: Read, part: Order) -> int:
    return await read.value(
        "SELECT sum(amount)::bigint FROM ledger_transfers WHERE document = $1 AND reason = 'released'", part.order_id
    )


async def test_a_refund_the_channel_refuses_can_be_seen(shop: Database, world: World):
    part = await bought(shop, world)
    refund_id = await deal.refunded(shop, part, Returned(1, 1))

    (made,) = await shop.ask(payments.refunds_of_order, part.merchant_id, part.order_id)

    assert (made.refund_id, made.amount, made.state) == (refund_id, 3_990, "instructed")
