"""Purchases of presales, which are paid in two parts: the deposit kept by itself in the books, then used, given up or given
back. See docs/decisions/0090."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from steelyard.kernel import events
from steelyard.kernel.db import Read, Row, Tx
from steelyard.kernel.paging import Page, cut, read_cursor
from steelyard.kernel.paging import limit as most_of
from steelyard.money import ledger, payments
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.payments.model import PaymentId
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.orders.events import BalanceDue, DepositForfeited, DepositPaid, DepositReturned
from steelyard.trade.orders.model import Booking, NewPurchase, Outcome, Purchase, PurchaseId, order_id_of

BOOKINGS_SHOWN_MAX = 200
BOOKINGS_PER_SWEEP = 200
# What a purchase is dropped for that is its buyer's own doing: they give up the deposit, where the presale says so.
OWN_DOING = ("unpaid", "buyer")
REASON_CHARACTERS_MAX = 200
_LAST = UUID(int=2**128 - 1)

_BOOKING: LiteralString = """
SELECT b.merchant_id, b.order_id, b.purchase_id, b.buyer_id, b.session_id, b.quantity, b.deposit, b.counts_for
     , b.deposit_until, b.balance_from, b.balance_until, b.ships_by, b.forfeits, b.created_at, b.deposit_payment
     , b.deposit_paid_at, b.called_off_at, b.reason, b.ended_at, b.outcome
     , o.code, o.currency, o.total, o.state AS standing
FROM presale_bookings b JOIN orders o USING (merchant_id, order_id)
"""


async def write(tx: Tx, purchases: Sequence[NewPurchase]) -> None:
    """Write down what new purchases are of a presale; each has one order."""
    booked = [(purchase, purchase.booking) for purchase in purchases if purchase.booking is not None]
    await tx.execute(
        """
        INSERT INTO presale_bookings (merchant_id, order_id, purchase_id, buyer_id, session_id, quantity, deposit, counts_for
                                    , deposit_until, balance_from, balance_until, ships_by, forfeits)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::integer[], $7::bigint[]
                           , $8::bigint[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[]
                           , $13::boolean[])
        """,
        [purchase.orders[0].merchant_id for purchase, _ in booked],
        [order_id_of(purchase.purchase_id, purchase.orders[0].merchant_id) for purchase, _ in booked],
        [purchase.purchase_id for purchase, _ in booked],
        [purchase.buyer_id for purchase, _ in booked],
        [booking.session_id for _, booking in booked],
        [booking.quantity for _, booking in booked],
        [booking.deposit for _, booking in booked],
        [booking.counts_for for _, booking in booked],
        [booking.deposit_until for _, booking in booked],
        [booking.balance_from for _, booking in booked],
        [booking.balance_until for _, booking in booked],
        [booking.ships_by for _, booking in booked],
        [booking.forfeits for _, booking in booked],
    )


async def lock_bookings(tx: Tx, purchase_ids: Sequence[PurchaseId]) -> dict[PurchaseId, Booking]:
    """What these purchases are of presales, held until the transaction ends; the purchases are held already."""
    found = await tx.all(
        Booking,
        _BOOKING + "WHERE b.purchase_id = ANY($1) ORDER BY b.merchant_id, b.order_id FOR UPDATE OF b",
        list(purchase_ids),
    )
    return {PurchaseId(each.purchase_id): each for each in found}


async def keep_deposit(tx: Tx, purchase: Purchase, booking: Booking, payment_id: PaymentId) -> Booking:
    """The deposit of a locked purchase is there: it is kept by itself, and the purchase waits for its balance. Returns the
    booking as it is now."""
    assert booking.deposit_paid_at is None, "a deposit is paid once"
    # By the wall clock, not by when this transaction began: whatever is asked for later is asked for the balance.
    paid_at = await tx.value(
        """
        UPDATE presale_bookings SET deposit_payment = $3, deposit_paid_at = clock_timestamp()
        WHERE merchant_id = $1 AND order_id = $2 RETURNING deposit_paid_at
        """,
        booking.merchant_id,
        booking.order_id,
        payment_id,
    )
    await tx.execute(
        "UPDATE purchases SET pay_by = $3 WHERE buyer_id = $1 AND purchase_id = $2",
        purchase.buyer_id,
        purchase.purchase_id,
        booking.balance_until,
    )
    await ledger.post(tx, [_moved(booking, AccountKind.HELD, AccountKind.PRESALE_DEPOSITS, "deposit_kept")])
    await events.publish(
        tx,
        DepositPaid(
            merchant_id=booking.merchant_id,
            order_id=booking.order_id,
            buyer_id=booking.buyer_id,
            amount=booking.deposit,
            currency=booking.currency,
        ),
    )
    return msgspec.structs.replace(booking, deposit_payment=payment_id, deposit_paid_at=paid_at)


async def use_deposits(tx: Tx, bookings: Sequence[Booking]) -> None:
    """The balances of these are there: their deposits are held for the orders like any other money."""
    paid = [each for each in bookings if each.deposit]
    await ledger.post(
        tx, [_moved(each, AccountKind.PRESALE_DEPOSITS, AccountKind.HELD, "deposit_used") for each in paid]
    )


async def end(tx: Tx, purchases: Sequence[Purchase], reason: str) -> None:
    """These purchases are dropped: what was paid for them is given up or goes back. The purchases and their orders are held.

    Given up is what the presale says is given up, and only when it is the buyer's own doing.
    """
    rows = await tx.fetch(
        """
        UPDATE presale_bookings
        SET ended_at = now()
          , outcome = CASE WHEN deposit_paid_at IS NULL THEN 'dropped'
                           WHEN forfeits AND called_off_at IS NULL AND $2 = ANY($3) THEN 'forfeited'
                           ELSE 'returned' END
        WHERE purchase_id = ANY($1) AND ended_at IS NULL
        RETURNING merchant_id, order_id, buyer_id, deposit, deposit_payment, outcome, purchase_id, called_off_at
        """,
        [purchase.purchase_id for purchase in purchases],
        reason,
        list(OWN_DOING),
    )
    currency = {purchase.purchase_id: purchase.currency for purchase in purchases}
    moves = [(row, currency[row["purchase_id"]]) for row in rows if row["outcome"] != Outcome.DROPPED]
    await ledger.post(tx, [_ended(row, money) for row, money in moves])
    for row, _ in moves:
        if row["outcome"] == Outcome.RETURNED:
            await payments.refund_surplus(tx, row["deposit_payment"], "deposit_returned")
    at = datetime.now(UTC)
    await events.publish(
        tx,
        *(
            DepositReturned(
                merchant_id=row["merchant_id"],
                order_id=row["order_id"],
                buyer_id=row["buyer_id"],
                amount=row["deposit"],
                currency=money,
                reason="shop" if row["called_off_at"] else reason,
            )
            for row, money in moves
            if row["outcome"] == Outcome.RETURNED
        ),
        *(
            DepositForfeited(
                merchant_id=row["merchant_id"],
                order_id=row["order_id"],
                buyer_id=row["buyer_id"],
                amount=row["deposit"],
                currency=money,
                at=at,
            )
            for row, money in moves
            if row["outcome"] == Outcome.FORFEITED
        ),
    )


def _ended(row: Row, currency: str) -> Transfer:
    """A deposit that is given up is the shop's; one that goes back is held again until it has gone."""
    up = row["outcome"] == Outcome.FORFEITED
    return Transfer(
        owner_id=row["merchant_id"],
        debit=AccountKind.PRESALE_DEPOSITS,
        credit=AccountKind.PAYABLE if up else AccountKind.HELD,
        amount=row["deposit"],
        currency=currency,
        reason="deposit_forfeited" if up else "deposit_returned",
        document=row["order_id"],
    )


def _moved(booking: Booking, debit: AccountKind, credit: AccountKind, reason: str) -> Transfer:
    return Transfer(
        owner_id=booking.merchant_id,
        debit=debit,
        credit=credit,
        amount=booking.deposit,
        currency=booking.currency,
        reason=reason,
        document=booking.order_id,
    )


async def open_balances(tx: Tx, now: datetime | None = None) -> int:
    """Announce, once each, the bookings whose balance can be paid from now on; returns how many. It can be paid by the clock,
    whether this is done or not; of what was paid meanwhile nothing is said."""
    rows = await tx.fetch(
        """
        UPDATE presale_bookings b SET opened_at = $1
        FROM (SELECT merchant_id, order_id FROM presale_bookings
              WHERE opened_at IS NULL AND deposit_paid_at IS NOT NULL AND ended_at IS NULL AND balance_from <= $1
              ORDER BY balance_from LIMIT $2 FOR UPDATE SKIP LOCKED) due
        JOIN orders o USING (merchant_id, order_id)
        WHERE b.merchant_id = due.merchant_id AND b.order_id = due.order_id
        RETURNING b.merchant_id, b.order_id, b.buyer_id, o.state = 'placed' AND b.called_off_at IS NULL AS waits
        """,
        now or datetime.now(UTC),
        BOOKINGS_PER_SWEEP,
    )
    return await _announce(tx, rows, ends=False)


async def warn_of_ends(tx: Tx, now: datetime | None = None) -> int:
    """Announce, once each, the bookings whose balance can soon not be paid any more: the last day is running, and half of the
    time at least is over; returns how many."""
    rows = await tx.fetch(
        """
        UPDATE presale_bookings b SET warned_at = $1
        FROM (SELECT merchant_id, order_id FROM presale_bookings
              WHERE warned_at IS NULL AND deposit_paid_at IS NOT NULL AND ended_at IS NULL
                AND balance_until <= $1::timestamptz + interval '1 day' AND $1 - balance_from >= balance_until - $1
              ORDER BY balance_until LIMIT $2 FOR UPDATE SKIP LOCKED) due
        JOIN orders o USING (merchant_id, order_id)
        WHERE b.merchant_id = due.merchant_id AND b.order_id = due.order_id
        RETURNING b.merchant_id, b.order_id, b.buyer_id
                , o.state = 'placed' AND b.called_off_at IS NULL AND b.balance_until > $1 AS waits
        """,
        now or datetime.now(UTC),
        BOOKINGS_PER_SWEEP,
    )
    return await _announce(tx, rows, ends=True)


async def _announce(tx: Tx, rows: Sequence[Row], *, ends: bool) -> int:
    await events.publish(
        tx,
        *(
            BalanceDue(merchant_id=row["merchant_id"], order_id=row["order_id"], buyer_id=row["buyer_id"], ends=ends)
            for row in rows
            if row["waits"]
        ),
    )
    return len(rows)


async def call_off(
    tx: Tx, merchant_id: MerchantId, *, session_id: UUID | None = None, order_id: UUID | None = None, reason: str = ""
) -> int:
    """The shop, or the platform, does not deliver these bookings, one or all of a presale, of which the balance is not paid;
    returns how many. Nothing more is taken for them from now on, and a sweep drops them: their deposits go back."""
    assert (session_id is None) != (order_id is None)
    return await tx.execute(
        """
        UPDATE presale_bookings b SET called_off_at = now(), reason = $4
        FROM orders o
        WHERE b.merchant_id = $1 AND (b.session_id = $2 OR b.order_id = $3) AND b.called_off_at IS NULL AND b.ended_at IS NULL
          AND (o.merchant_id, o.order_id) = (b.merchant_id, b.order_id) AND o.state = 'placed'
        """,
        merchant_id,
        session_id,
        order_id,
        reason[:REASON_CHARACTERS_MAX],
    )


async def booking_of(read: Read, purchase_id: PurchaseId) -> Booking | None:
    """What a purchase is of a presale, if it is of one."""
    return await read.one(Booking, _BOOKING + "WHERE b.purchase_id = $1", purchase_id)


async def bookings_of_buyer(
    read: Read, buyer_ids: Sequence[BuyerId], cursor: str | None = None, limit: int | None = None
) -> Page[Booking]:
    """What a buyer has booked in presales, the last first."""
    key = read_cursor(cursor, datetime, UUID) or (None, None)
    most = most_of(limit)
    found = await read.all(
        Booking,
        _BOOKING
        + """
        WHERE b.buyer_id = ANY($1)
          AND (b.created_at, b.order_id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, $5))
        ORDER BY b.created_at DESC, b.order_id DESC LIMIT $4
        """,
        list(buyer_ids),
        *key,
        most + 1,
        _LAST,
    )
    return cut(found, most, lambda last: (last.created_at, last.order_id))


async def bookings_of_presale(
    read: Read, merchant_id: MerchantId, session_id: UUID, after: UUID | None = None, limit: int = BOOKINGS_SHOWN_MAX
) -> list[Booking]:
    """What was booked in a presale, in the order of its orders' ids; `after` is the last of the page before."""
    return await read.all(
        Booking,
        _BOOKING
        + """
        WHERE b.merchant_id = $1 AND b.session_id = $2 AND ($3::uuid IS NULL OR b.order_id > $3)
        ORDER BY b.order_id LIMIT $4
        """,
        merchant_id,
        session_id,
        after,
        limit,
    )
