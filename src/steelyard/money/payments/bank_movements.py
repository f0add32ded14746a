"""What came to, and left, the bank account that buyers transfer to: written down by staff, once for each bank number.

Money that has come stands in the books as received and not allotted; when a payment's transfers add up to it, it is
captured out of them. What is too much, or came for nothing, is given back by a transfer that is written down, too.
"""

from datetime import date, datetime
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.payments.model import BY_TRANSFER, PaymentId, PaymentState, RefundId, RefundState
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId

SHOWN_MAX = 200


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the bank statement: `amount` in minor units, below zero for money given back. `party`: whose account."""

    bank_number: str
    payment_id: UUID
    amount: int
    currency: str
    party: str
    on_day: date
    recorded_at: datetime
    by: str


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer that is waited for, or for which money has come. `left`: what came and is not used for it."""

    payment_id: PaymentId
    buyer_id: BuyerId
    purchase_id: UUID
    reference: str | None
    amount: int
    currency: str
    state: PaymentState
    created_at: datetime
    expires_at: datetime
    received: int

    @property
    def missing(self) -> int:
        waits = self.state in (PaymentState.INSTRUCTED, PaymentState.PENDING)
        return max(self.amount - self.received, 0) if waits else 0

    @property
    def left(self) -> int:
        if self.state in (PaymentState.INSTRUCTED, PaymentState.PENDING):
            return 0
        return self.received - (self.amount if self.state is PaymentState.CAPTURED else 0)


class OwedBack(msgspec.Struct, frozen=True, kw_only=True):
    """A refund that staff have to transfer, and whose account the money came from."""

    merchant_id: MerchantId
    refund_id: RefundId
    payment_id: PaymentId
    reference: str | None
    amount: int
    currency: str
    reason: str
    state: RefundState
    created_at: datetime
    party: str
    attempt: int


class MovementKnown(Refusal):
    """A line of the bank statement is written down once."""

    code = "movement_known"
    title = N_("This bank number was written down before")
    detail = N_("It belongs to another transfer, or to another amount.")


class NotLeftOver(Refusal):
    """Given back is what came and is not used, and not more."""

    code = "not_left_over"
    title = N_("So much is not left over")
    detail = N_("Only what came and is not used for the purchase can be given back here.")


async def book_movement(
    tx: Tx, payment_id: UUID, *, bank_number: str, amount: int, currency: str, party: str, on_day: date, by: str
) -> Expected:
    """Write down money that came for a payment (`amount` above zero) or was given back of it (below); returns how the
    payment stands now. The same line twice is one.

    Raises `NotFound`, `MovementKnown`, and `NotLeftOver` when more is given back than came and is not used.
    """
    assert amount != 0
    before = await _locked(tx, payment_id)
    if before is None or before.currency != currency:
        raise NotFound(payment_id=payment_id)
    fresh = await tx.execute(
        """
        INSERT INTO bank_movements (bank_number, payment_id, buyer_id, amount, currency, party, on_day, by, document)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (bank_number) DO NOTHING
        """,
        bank_number,
        payment_id,
        before.buyer_id,
        amount,
        currency,
        party,
        on_day,
        by,
        ids.derived(payment_id, bank_number),
    )
    if not fresh:
        same = await tx.value(
            "SELECT payment_id = $2 AND amount = $3 FROM bank_movements WHERE bank_number = $1",
            bank_number,
            payment_id,
            amount,
        )
        if not same:
            raise MovementKnown(bank_number=bank_number)
        return before
    if await tx.value("SELECT EXISTS (SELECT FROM refunds_by_hand WHERE bank_number = $1)", bank_number):
        raise MovementKnown(bank_number=bank_number)
    if amount < 0 and -amount > before.left:
        raise NotLeftOver(left=before.left, currency=currency)
    await ledger.post(tx, [_moved(before, bank_number, amount)])
    return msgspec.structs.replace(before, received=before.received + amount)


def _moved(expected: Expected, bank_number: str, amount: int) -> Transfer:
    came = amount > 0
    return Transfer(
        owner_id=expected.buyer_id,
        debit=AccountKind.BANK_CASH if came else AccountKind.TRANSFERS_RECEIVED,
        credit=AccountKind.TRANSFERS_RECEIVED if came else AccountKind.BANK_CASH,
        amount=abs(amount),
        currency=expected.currency,
        reason="transfer_received" if came else "transfer_returned",
        document=ids.derived(expected.payment_id, bank_number),
    )


async def _locked(tx: Tx, payment_id: UUID) -> Expected | None:
    locked = await tx.execute(
        "SELECT 1 FROM payments WHERE payment_id = $1 AND channel = $2 FOR UPDATE", payment_id, BY_TRANSFER
    )
    return await expected(tx, payment_id) if locked else None


async def expected(read: Read, payment_id: UUID) -> Expected | None:
    """One transfer, as it stands."""
    return await read.one(
        Expected,
        """
        SELECT p.payment_id, p.buyer_id, p.purchase_id, p.channel_reference AS reference, p.amount, p.currency, p.state
             , p.created_at, p.expires_at
             , coalesce((SELECT sum(m.amount) FROM bank_movements m WHERE m.payment_id = p.payment_id), 0)::bigint AS received
        FROM payments p WHERE p.payment_id = $1 AND p.channel = $2
        """,
        payment_id,
        BY_TRANSFER,
    )


async def expected_all(read: Read, reference: str = "") -> list[Expected]:
    """Transfers that are waited for or of which something is left over, the oldest first; with a `reference`, that one,
    however it stands."""
    return await read.all(
        Expected,
        """
        SELECT * FROM (
            SELECT p.payment_id, p.buyer_id, p.purchase_id, p.channel_reference AS reference, p.amount, p.currency, p.state
                 , p.created_at, p.expires_at
                 , coalesce((SELECT sum(m.amount) FROM bank_movements m
                             WHERE m.payment_id = p.payment_id), 0)::bigint AS received
            FROM payments p
            WHERE p.channel = $1 AND CASE WHEN $2 <> '' THEN p.channel_reference = $2 ELSE
                  p.state IN ('instructed', 'pending') OR p.payment_id IN (SELECT payment_id FROM bank_movements) END
        ) AS each
        WHERE $2 <> '' OR state IN ('instructed', 'pending')
           OR received > CASE state WHEN 'captured' THEN amount ELSE 0 END
        ORDER BY created_at, payment_id LIMIT $3
        """,
        BY_TRANSFER,
        reference,
        SHOWN_MAX,
    )


async def movements(read: Read) -> list[Movement]:
    """What was written down, the latest first."""
    return await read.all(
        Movement,
        """
        SELECT bank_number, payment_id, amount, currency, party, on_day, recorded_at, by
        FROM bank_movements ORDER BY recorded_at DESC, bank_number LIMIT $1
        """,
        SHOWN_MAX,
    )


async def owed_back(read: Read) -> list[OwedBack]:
    """Refunds of transfers that staff have not made yet, the oldest first."""
    return await read.all(
        OwedBack,
        """
        SELECT r.merchant_id, r.refund_id, r.payment_id, r.amount, r.currency, r.reason, r.state, r.created_at
             , (SELECT p.channel_reference FROM payments p
                WHERE (p.buyer_id, p.payment_id) = (r.buyer_id, r.payment_id)) AS reference
             , coalesce((SELECT m.party FROM bank_movements m WHERE m.payment_id = r.payment_id AND m.amount > 0
                         ORDER BY m.recorded_at DESC LIMIT 1), '') AS party
             , (SELECT count(*) FROM refund_history h
                WHERE (h.merchant_id, h.refund_id) = (r.merchant_id, r.refund_id) AND h.to_state = 'instructed') AS attempt
        FROM refunds r WHERE r.channel = $1 AND r.state IN ('instructed', 'sent') AND r.route = 'origin'
        ORDER BY r.created_at, r.refund_id LIMIT $2
        """,
        BY_TRANSFER,
        SHOWN_MAX,
    )
