"""Orders and refunds taken over in bulk are what the real commands would have left behind."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pyarrow as pa
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import CheckViolation, Database, UniqueViolation
from steelyard.money import ledger, payments
from steelyard.money.payments import PaymentId, RecordedPayment, RefundId, Split
from steelyard.trade import aftersales, orders, settlement
from steelyard.trade.aftersales import RecordedReturn
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.commission.model import SALES_COMMISSION, FeePart
from steelyard.trade.orders import LINE_COLUMNS, PastOrder
from steelyard.trade.orders.model import Order, OrderId, OrderLine, PurchaseId
from steelyard.trade.settlement import EntryKind, NewEntry
from tests.support import deal
from tests.support.world import World, seeded

WHEN = datetime(2010, 12, 1, 8, 26, tzinfo=UTC)


@pytest.fixture
async def world(db: Database) -> World:
    return await seeded(db)


async def lived(db: Database, world: World) -> tuple[Order, UUID]:
    """An order by the real commands: placed, paid, sent, received, and one piece of it refunded after that."""
    items = world.items.values()
    item = next(one for one in items if one.merchant_id == world.tea.merchant_id and one.slug != "rare")
    [order] = await deal.paid(db, [(item.sku_id, 3)], world.buyer.buyer_id)
    await deal.shipped(db, order)
    await deal.received(db, order)
    refund_id = await deal.refunded(db, order, Returned(1, 1))
    await deal.channel_refunds(db)
    await deal.at_rest(db)
    return await deal.again(db, order), refund_id


def past(order: Order, goods: int) -> PastOrder:
    return PastOrder(
        merchant_id=order.merchant_id,
        order_id=OrderId(ids.mint()),
        purchase_id=PurchaseId(ids.mint()),
        buyer_id=order.buyer_id,
        currency=order.currency,
        goods=goods,
        commission=order.commission,
        at=WHEN,
        source=f"import:test:{ids.mint()}",
        contact=order.contact,
        address=order.address,
    )


def batch(order: PastOrder, lines: list[OrderLine]) -> pa.Table:
    rows = [
        {
            "merchant_id": str(order.merchant_id),
            "order_id": str(order.order_id),
            "line": line.line,
            "product_id": str(line.product_id),
            "sku_id": str(line.sku_id),
            "kind": line.kind,
            "title": '{"en": "Tea"}',
            "sku_code": line.sku_code,
            "quantity": line.quantity,
            "unit_price": line.unit_price,
            "unit_price_micros": None,
            "amount": line.amount,
            "commission": line.commission,
            "fees": msgspec.json.encode(line.fees).decode(),
            "source_line": str(line.line),
        }
        for line in lines
    ]
    return pa.Table.from_pylist(rows).select(LINE_COLUMNS)


async def taken_over(
    db: Database, order: Order, lines: list[OrderLine], refunded: int
) -> tuple[PastOrder, RecordedReturn]:
    """The same order in bulk. What the real one cost to send is not part of it: a past order is its lines."""
    mine = past(order, order.goods)
    payment = RecordedPayment(
        payment_id=PaymentId(ids.mint()), purchase_id=mine.purchase_id, buyer_id=mine.buyer_id, channel="import:test",
        amount=mine.goods, currency=mine.currency, at=WHEN,
        splits=[Split(merchant_id=mine.merchant_id, order_id=mine.order_id, amount=mine.goods)],
    )  # fmt: skip
    share = sum(line.commission for line in lines) - order.commission + order.commission_returned
    back = RecordedReturn(
        refund_id=RefundId(ids.mint()), merchant_id=mine.merchant_id, order_id=mine.order_id,
        payment_id=payment.payment_id, buyer_id=mine.buyer_id, channel=payment.channel, currency=mine.currency,
        note="C1", at=WHEN, lines=[(1, 1, refunded)], fees=[FeePart(fee_id=SALES_COMMISSION, amount=share)],
    )  # fmt: skip
    await db.transact(payments.bulk_record, [payment])
    await db.transact(orders.bulk_write, [mine], batch(mine, lines))
    await db.transact(aftersales.bulk_refund, [back])
    entries = [
        (EntryKind.SALE, mine.goods, mine.order_id),
        (EntryKind.COMMISSION, -mine.commission, mine.order_id),
        (EntryKind.REFUND, -refunded, back.refund_id),
        (EntryKind.COMMISSION_RETURNED, share, back.refund_id),
    ]
    await db.transact(settlement.bulk_enter, [
        NewEntry(merchant_id=mine.merchant_id, order_id=mine.order_id, document=document, kind=kind, amount=amount,
                 currency=mine.currency, earned_at=WHEN)
        for kind, amount, document in entries
    ])  # fmt: skip
    return mine, back


async def moves(db: Database, documents: list[UUID], less: int = 0) -> list[tuple[str, str, str, int]]:
    """Transfers by what they are; `less` (the freight, which a past order has none of) is taken off the order's."""
    off = {"captured", "allotted", "released"}
    return sorted(
        (t.debit, t.credit, t.reason, t.amount - (less if t.reason in off else 0))
        for t in await db.ask(ledger.transfers_of, documents)
    )


async def test_bulk_leaves_what_the_commands_leave(db: Database, world: World):
    order, refund_id = await lived(db, world)
    lines = (await db.ask(orders.lines_of, [order.order_id]))[order.order_id]
    freight = order.total - order.goods

    mine, back = await taken_over(db, order, lines, order.refunded)

    again = await db.ask(orders.order, mine.merchant_id, mine.order_id)
    assert again is not None
    assert (again.state, again.goods, again.commission, again.refunded, again.commission_returned) == (
        order.state, order.goods, order.commission, order.refunded, order.commission_returned
    )  # fmt: skip
    assert (again.placed_at, again.paid_at, again.completed_at) == (WHEN, WHEN, WHEN)
    assert [step.to_state for step in await db.ask(orders.history, mine.merchant_id, mine.order_id)] == ["completed"]

    def facts(found: list[OrderLine]) -> list[tuple[object, ...]]:
        return [
            (x.line, x.product_id, x.sku_id, x.kind, x.sku_code, x.quantity, x.unit_price, x.amount, x.fees,
             x.commission, x.refunded_quantity, x.refunded)
            for x in found
        ]  # fmt: skip

    assert facts((await db.ask(orders.lines_of, [mine.order_id]))[mine.order_id]) == facts(lines)
    [theirs], [ours] = [
        (await db.ask(aftersales.of_orders, [of]))[of] for of in (order.order_id, mine.order_id)
    ]  # fmt: skip
    assert (ours.goods, ours.freight, ours.commission, ours.released) == (theirs.goods, 0, theirs.commission, True)
    [paid] = await db.ask(payments.of_purchase, order.purchase_id)
    [paid_before] = await db.ask(payments.of_purchase, mine.purchase_id)
    assert (paid_before.state, paid_before.amount) == (paid.state, paid.amount - freight)
    assert await moves(db, [mine.order_id, paid_before.payment_id, back.refund_id]) == await moves(
        db, [order.order_id, paid.payment_id, refund_id], freight
    )
    for code in (mine.order_code, mine.purchase_code):
        assert await db.ask(orders.by_code, code) is not None


async def test_an_order_is_taken_over_once(db: Database, world: World):
    order, _ = await lived(db, world)
    lines = (await db.ask(orders.lines_of, [order.order_id]))[order.order_id]
    mine, _ = await taken_over(db, order, lines, order.refunded)
    twice = msgspec.structs.replace(past(order, 0), source=mine.source, commission=0)

    with pytest.raises(UniqueViolation, match="an_order_is_imported_once"):
        await db.transact(orders.bulk_write, [twice], batch(twice, lines).slice(0, 0))


async def test_never_more_is_taken_back_than_was_sold(db: Database, world: World):
    order, _ = await lived(db, world)
    lines = (await db.ask(orders.lines_of, [order.order_id]))[order.order_id]

    with pytest.raises(CheckViolation, match="never_refund_more"):
        await taken_over(db, order, lines, order.goods + 1)


async def test_a_refund_of_nothing_needs_no_writing(db: Database):
    await db.transact(aftersales.bulk_refund, [])
