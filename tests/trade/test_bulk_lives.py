"""Lives of orders written in bulk are, row by row, what the real commands would have left behind."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pyarrow as pa
import pytest

from steelyard.goods import inventory
from steelyard.goods.inventory import PastMove
from steelyard.goods.inventory.model import Reason as MoveReason
from steelyard.kernel import ids
from steelyard.kernel.db import CheckViolation, Database, Read
from steelyard.logistics import fulfilment, parcels
from steelyard.logistics.fulfilment import PastInstruction
from steelyard.logistics.parcels import PastParcel
from steelyard.logistics.parcels.model import ParcelId, Scan
from steelyard.money import payments
from steelyard.money.payments import PaymentId, RecordedPayment, RefundId, Split
from steelyard.trade import aftersales, orders, settlement
from steelyard.trade.aftersales import RecordedReturn
from steelyard.trade.aftersales.model import Reason
from steelyard.trade.commission.model import SALES_COMMISSION, FeePart
from steelyard.trade.orders import DRESSED_LINE_COLUMNS, Life, PastOrder
from steelyard.trade.orders.model import Order, OrderId, OrderLine, PurchaseId
from steelyard.trade.settlement import EntryKind, NewEntry
from tests.support import deal
from tests.support.world import World, seeded

PLACED = datetime(2025, 3, 1, 8, 26, tzinfo=UTC)
PAID, SHIPPED, DELIVERED, RECEIVED = (PLACED + timedelta(hours=hours) for hours in (1, 20, 60, 80))


@pytest.fixture
async def world(db: Database) -> World:
    return await seeded(db)


async def an_order(db: Database, world: World) -> Order:
    items = world.items.values()
    item = next(one for one in items if one.merchant_id == world.tea.merchant_id and one.slug != "rare")
    purchase_id = await deal.placed(db, [(item.sku_id, 3)], world.buyer.buyer_id)
    [order] = await deal.orders_of(db, purchase_id)
    return order


async def traces(read: Read, order: Order | PastOrder) -> dict[str, list[tuple[object, ...]]]:
    """All rows that belong to an order, without ids, codes, times and who did it."""
    one, purchase = order.order_id, order.purchase_id
    payment_ids = "SELECT payment_id FROM payments WHERE purchase_id = $2"
    refund_ids = "SELECT refund_id FROM order_refunds WHERE order_id = $1"
    parcel_ids = "SELECT parcel_id FROM parcels WHERE order_id = $1"
    asked = {
        "order": """SELECT state, currency, goods, freight, total, commission, refunded, commission_returned, note
                         , paid_at IS NULL, shipped_at IS NULL, delivered_at IS NULL, completed_at IS NULL
                         , cancelled_at IS NULL, cancel_reason FROM orders WHERE order_id = $1""",
        "history": "SELECT step, from_state, to_state FROM order_history WHERE order_id = $1",
        "purchase": "SELECT state, total, currency FROM purchases WHERE purchase_id = $2",
        "purchase history": "SELECT step, from_state, to_state FROM purchase_history WHERE purchase_id = $2",
        "lines": """SELECT line, product_id, sku_id, kind, title::text, options::text, picture, sku_code, quantity
                         , unit_price, amount, fees::text, commission, refunded_quantity, refunded
                    FROM order_lines WHERE order_id = $1""",
        "fulfilment": "SELECT line, sku_id, quantity, shipped, withdrawn FROM fulfilment_lines WHERE order_id = $1",
        "parcels": "SELECT carrier, state, delivered_at IS NULL FROM parcels WHERE order_id = $1",
        "parcel history": f"SELECT step, from_state, to_state FROM parcel_history WHERE parcel_id IN ({parcel_ids})",
        "scans": f"SELECT code FROM parcel_scans WHERE parcel_id IN ({parcel_ids})",
        "packed": "SELECT line, quantity FROM parcel_lines WHERE order_id = $1",
        "payments": "SELECT state, amount, currency FROM payments WHERE purchase_id = $2 AND state = 'captured'",
        "splits": "SELECT amount, captured, refunding, refunded FROM payment_splits WHERE order_id = $1 AND captured > 0",
        "decided": "SELECT goods, freight, commission, fees::text, reason, released FROM order_refunds WHERE order_id = $1",
        "decided lines": "SELECT line, quantity, amount FROM order_refund_lines WHERE order_id = $1",
        "refunds": "SELECT amount, reason, state FROM refunds WHERE order_id = $1",
        "money": f"""SELECT debit, credit, amount, reason FROM ledger_transfers
                     WHERE document = $1 OR document IN ({payment_ids}) OR document IN ({refund_ids})""",
        "earned": "SELECT kind, amount, currency FROM settlement_entries WHERE order_id = $1",
        "moved": f"""SELECT sku_id, warehouse_id, quantity, reason FROM stock_movements
                     WHERE document IN ({parcel_ids}) OR document IN ({refund_ids})""",
        "kept": "SELECT quantity FROM reservations WHERE order_id = $1",
    }
    both = "WITH said (a, b) AS (SELECT $1::uuid, $2::uuid) "
    return {
        name: sorted((tuple(row) for row in await read.fetch(both + question, one, purchase)), key=repr)  # pyright: ignore[reportArgumentType]  # literals of this file
        for name, question in asked.items()
    }


def past(order: Order, life: Life) -> PastOrder:
    return PastOrder(
        merchant_id=order.merchant_id,
        order_id=OrderId(ids.mint()),
        purchase_id=PurchaseId(ids.mint()),
        buyer_id=order.buyer_id,
        currency=order.currency,
        goods=order.goods,
        freight=order.freight,
        commission=order.commission,
        at=PLACED,
        life=life,
        source="shop",
        contact=order.contact,
        address=order.address,
    )


async def written(db: Database, mine: PastOrder, lines: Sequence[OrderLine]) -> None:
    rows = [
        {
            "merchant_id": str(mine.merchant_id),
            "order_id": str(mine.order_id),
            "line": line.line,
            "product_id": str(line.product_id),
            "sku_id": str(line.sku_id),
            "kind": line.kind,
            "title": msgspec.json.encode(line.title).decode(),
            "sku_code": line.sku_code,
            "quantity": line.quantity,
            "unit_price": line.unit_price,
            "unit_price_micros": None,
            "amount": line.amount,
            "commission": line.commission,
            "fees": msgspec.json.encode(line.fees).decode(),
            "source_line": None,
            "options": msgspec.json.encode(line.options).decode(),
            "picture": line.picture,
        }
        for line in lines
    ]
    batch = pa.Table.from_pylist(rows).select(DRESSED_LINE_COLUMNS)
    await db.transact(orders.bulk_write, [mine], batch, "system", DRESSED_LINE_COLUMNS)


async def paid_for(db: Database, mine: PastOrder) -> PaymentId:
    payment_id = PaymentId(ids.mint())
    split = Split(merchant_id=mine.merchant_id, order_id=mine.order_id, amount=mine.total)
    payment = RecordedPayment(
        payment_id=payment_id, purchase_id=mine.purchase_id, buyer_id=mine.buyer_id, channel="archive",
        amount=mine.total, currency=mine.currency, splits=[split], at=PAID,
    )  # fmt: skip
    await db.transact(payments.bulk_record, [payment])
    return payment_id


async def instructed(
    db: Database, mine: PastOrder, lines: Sequence[OrderLine], warehouse: UUID, parcel: PastParcel | None
) -> None:
    wanted = [(line.line, line.sku_id, warehouse, line.quantity) for line in lines]
    instruction = PastInstruction(
        merchant_id=mine.merchant_id, order_id=mine.order_id, at=PAID, lines=wanted, parcel=parcel
    )
    await db.transact(fulfilment.bulk_fulfil, [instruction], "system")


async def lines_of(db: Database, order: Order) -> list[OrderLine]:
    return (await db.ask(orders.lines_of, [order.order_id]))[order.order_id]


async def test_an_order_that_was_sent_and_received(db: Database, world: World):
    order = await an_order(db, world)
    await deal.captured(db, await deal.instructed(db, order.purchase_id))
    parcel_id = await deal.shipped(db, order)
    scans = [Scan(at=SHIPPED, code="picked_up"), Scan(at=DELIVERED, code="delivered")]
    for scan in scans:
        await db.transact(parcels.record_scans, carrier="simex", number=f"SX{parcel_id.hex[-12:]}", scans=[scan])
    await deal.at_rest(db)
    await deal.received(db, order)
    await deal.at_rest(db)
    order, lines = await deal.again(db, order), await lines_of(db, order)

    life = Life(paid_at=PAID, shipped_at=SHIPPED, delivered_at=DELIVERED, receive_by=RECEIVED, completed_at=RECEIVED)
    mine = past(order, life)
    await paid_for(db, mine)
    await written(db, mine, lines)
    parcel = PastParcel(
        merchant_id=mine.merchant_id, parcel_id=ParcelId(ids.mint()), order_id=mine.order_id, carrier="simex",
        number="SX000000000001", sent_at=SHIPPED, scans=scans,
    )  # fmt: skip
    [left] = {row["warehouse_id"] for row in await db.ask(moved_in, parcel_id)}
    await instructed(db, mine, lines, left, parcel)
    earned = ((EntryKind.SALE, mine.total), (EntryKind.COMMISSION, -mine.commission))
    await db.transact(settlement.bulk_enter, [entry(mine, mine.order_id, kind, amount) for kind, amount in earned])

    assert await db.ask(traces, mine) == await db.ask(traces, order)
    again = await db.ask(orders.order, mine.merchant_id, mine.order_id)
    assert again is not None
    assert [again.paid_at, again.shipped_at, again.delivered_at, again.completed_at] == [
        PAID, SHIPPED, DELIVERED, RECEIVED
    ]  # fmt: skip


async def moved_in(read: Read, parcel_id: ParcelId) -> list[dict[str, UUID]]:
    rows = await read.fetch("SELECT warehouse_id FROM stock_movements WHERE document = $1", parcel_id)
    return [{"warehouse_id": row["warehouse_id"]} for row in rows]


def entry(mine: PastOrder, document: UUID, kind: EntryKind, amount: int) -> NewEntry:
    return NewEntry(
        merchant_id=mine.merchant_id, order_id=mine.order_id, document=document, kind=kind, amount=amount,
        currency=mine.currency, earned_at=RECEIVED,
    )  # fmt: skip


async def test_an_order_that_nobody_paid(db: Database, world: World):
    order = await an_order(db, world)
    await db.transact(orders.cancel_purchase, order.purchase_id, "unpaid", "system")
    await deal.at_rest(db)
    order = await deal.again(db, order)

    mine = past(order, Life(cancelled_at=PAID, cancel_reason="unpaid"))
    await written(db, mine, await lines_of(db, order))

    assert await db.ask(traces, mine) == await db.ask(traces, order)


async def test_an_order_that_was_called_off_after_it_was_paid(db: Database, world: World):
    order = await an_order(db, world)
    await deal.captured(db, await deal.instructed(db, order.purchase_id))
    await db.transact(aftersales.cancel, order.merchant_id, order.order_id, RefundId(ids.mint()), "buyer", "buyer")
    await deal.channel_refunds(db)
    await deal.at_rest(db)
    order, lines = await deal.again(db, order), await lines_of(db, order)

    mine = past(order, Life(paid_at=PAID, cancelled_at=SHIPPED, cancel_reason="buyer"))
    payment_id = await paid_for(db, mine)
    await written(db, mine, lines)
    await instructed(db, mine, lines, ids.mint(), None)
    back = RecordedReturn(
        refund_id=RefundId(ids.mint()), merchant_id=mine.merchant_id, order_id=mine.order_id, payment_id=payment_id,
        buyer_id=mine.buyer_id, channel="archive", currency=mine.currency, note="", at=SHIPPED, freight=mine.freight,
        lines=[(line.line, line.quantity, line.amount) for line in lines],
        fees=[FeePart(fee_id=SALES_COMMISSION, amount=mine.commission)],
        reason=Reason.CANCELLED, released=False,
    )  # fmt: skip
    await db.transact(aftersales.bulk_refund, [back], "system")

    assert await db.ask(traces, mine) == await db.ask(traces, order)


async def test_what_comes_and_goes_in_bulk_is_booked_and_stands_on_the_shelf(db: Database, world: World):
    item = next(iter(world.items.values()))
    before = (await db.ask(inventory.available, [item.sku_id]))[item.sku_id]
    warehouse = await db.ask(where, item.merchant_id, item.sku_id)

    def move(quantity: int, reason: MoveReason) -> PastMove:
        return PastMove(
            merchant_id=item.merchant_id, sku_id=item.sku_id, warehouse_id=warehouse, quantity=quantity, reason=reason,
            document=ids.mint(), at=PLACED,
        )  # fmt: skip

    await db.transact(inventory.bulk_move, [move(7, MoveReason.RECEIVED), move(-4, MoveReason.SHIPPED)], "system")

    assert (await db.ask(inventory.available, [item.sku_id]))[item.sku_id] == before + 3
    with pytest.raises(CheckViolation, match="never_promise_twice"):
        await db.transact(inventory.bulk_move, [move(-before - 4, MoveReason.SHIPPED)], "system")


async def where(read: Read, merchant_id: UUID, sku_id: UUID) -> UUID:
    return await read.value(
        "SELECT warehouse_id FROM stock WHERE merchant_id = $1 AND sku_id = $2 LIMIT 1", merchant_id, sku_id
    )
