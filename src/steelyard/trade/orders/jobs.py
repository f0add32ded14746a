"""What time brings about: unpaid purchases lapse, sent orders count as received."""

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep
from steelyard.trade.orders.bookings import open_balances, warn_of_ends
from steelyard.trade.orders.model import Order, Purchase
from steelyard.trade.orders.service import complete, drop

PURCHASES_PER_SWEEP = 50
ORDERS_PER_SWEEP = 50


async def cancel_unpaid(tx: Tx) -> int:
    """Drop purchases past their payment window; what another transaction holds is left to the next round."""
    lapsed = await tx.all(
        Purchase,
        """
        SELECT buyer_id, purchase_id, code, state, currency, total, contact, address, locale, source, placed_at, pay_by
             , tendered, deposit, team_id
        FROM purchases WHERE state = 'placed' AND pay_by <= now()
        ORDER BY pay_by LIMIT $1 FOR UPDATE SKIP LOCKED
        """,
        PURCHASES_PER_SWEEP,
    )
    if lapsed:
        await drop(tx, lapsed, reason="unpaid", by="system")
    return len(lapsed)


async def drop_called_off(tx: Tx) -> int:
    """Drop what shops do not deliver of their presales: deposits go back. What another transaction holds is left to the next
    round."""
    called_off = await tx.all(
        Purchase,
        """
        SELECT p.buyer_id, p.purchase_id, p.code, p.state, p.currency, p.total, p.contact, p.address, p.locale, p.source
             , p.placed_at, p.pay_by, p.tendered, p.deposit, p.team_id
        FROM presale_bookings b JOIN purchases p USING (buyer_id, purchase_id)
        WHERE b.called_off_at IS NOT NULL AND b.ended_at IS NULL AND p.state = 'placed'
        ORDER BY b.called_off_at LIMIT $1 FOR UPDATE OF p SKIP LOCKED
        """,
        PURCHASES_PER_SWEEP,
    )
    if called_off:
        await drop(tx, called_off, reason="shop", by="system")
    return len(called_off)


async def complete_received(tx: Tx) -> int:
    """Confirm receipt where the buyer has not done so in time. An order with a lost parcel waits, for the buyer to confirm
    by hand, for a refund, or for the parcel to be found; one that is not paid at the door yet for its cash; one with an open
    after-sales case waits for the case to end; one whose money is only
    authorised waits for it to come."""
    arrived = await tx.all(
        Order,
        """
        SELECT merchant_id, order_id, purchase_id, buyer_id, code, state, currency, goods, freight, tax_added, tax_included
             , total, commission, refunded, commission_returned, delivery, contact, address, note, source, placed_at
             , paid_at, shipped_at, delivered_at, receive_by, completed_at, cancelled_at, cancel_reason, packing_at, reminded_at
             , extended_at, hidden_at, subsidy, subsidy_returned, freight_offers, freight_fees, fee_tax
             , fee_tax_returned, ship_hours, ship_by, freight_tax, freight_tax_millionths, freight_tax_inclusive
        FROM orders o
        WHERE state = 'shipped' AND open_cases = 0 AND receive_by <= now()
          AND NOT EXISTS (SELECT FROM parcels p
                          WHERE p.merchant_id = o.merchant_id AND p.order_id = o.order_id AND p.state = 'lost')
          AND NOT EXISTS (SELECT FROM door_collections d
                          WHERE d.merchant_id = o.merchant_id AND d.order_id = o.order_id AND d.state IN ('due', 'carried'))
          AND NOT EXISTS (SELECT FROM payment_splits s
                          WHERE s.merchant_id = o.merchant_id AND s.order_id = o.order_id
                            AND s.captured + s.released < s.authorised)
        ORDER BY receive_by LIMIT $1 FOR UPDATE OF o SKIP LOCKED
        """,
        ORDERS_PER_SWEEP,
    )
    if arrived:
        await complete(tx, arrived, by="system")
    return len(arrived)


async def _cancel_unpaid(db: Database) -> int:
    return await db.transact(cancel_unpaid)


async def _drop_called_off(db: Database) -> int:
    return await db.transact(drop_called_off)


async def _open_balances(db: Database) -> int:
    return await db.transact(open_balances) + await db.transact(warn_of_ends)


async def _complete_received(db: Database) -> int:
    return await db.transact(complete_received)


SWEEPS = [
    Sweep("orders.cancel_unpaid", 2.0, _cancel_unpaid),
    Sweep("orders.drop_called_off", 2.0, _drop_called_off),
    Sweep("orders.open_balances", 10.0, _open_balances),
    Sweep("orders.complete_received", 10.0, _complete_received),
]
