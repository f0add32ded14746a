"""What is taken back through Stripe of what was paid out there: of what a shop owes, or a whole payout.

A shop's refunds are set off against its sales first, as everywhere; what all that it has earned does not cover is taken back
from its account at Stripe, once a day and as far as the account has it. What Stripe refuses goes on being set off. What is
taken back at the same time as it is set off is the shop's again, and on its next statement.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.payments import StripeCalls
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.settlement.connect_model import (
    DueReversal,
    NothingToTakeBack,
    Purpose,
    Reversal,
    ReversalAnswer,
)
from steelyard.trade.settlement.earnings import enter
from steelyard.trade.settlement.model import SETTLEMENT_ZONE, EntryKind, NewEntry
from steelyard.trade.settlement.payouts import FIRST_PAUSE_SECONDS, PAUSE_SECONDS_MAX, bring_back, checked_reason

BY = "stripe"
REASON_OWED = "owed after refunds"
SHOPS_PER_ROUND_MAX = 50
TRANSFERS_PER_SHOP_MAX = 20
REVERSALS_SHOWN_MAX = 50


class _Sent(msgspec.Struct, frozen=True):
    statement_id: UUID
    attempt: int
    amount: int
    currency: str
    reversed: int
    state: str
    last: bool

    @property
    def left(self) -> int:
        return self.amount - self.reversed


class _Owing(msgspec.Struct, frozen=True):
    merchant_id: UUID
    currency: str


async def take_back_payout(
    tx: Tx, merchant_id: MerchantId, statement_id: UUID, reversal_id: UUID, reason: str, by: str
) -> bool:
    """Take a payout back whole: when Stripe has done it, it has failed, and can be paid anew. False: it was said already.
    Raises `NotFound`, `Invalid` and `NothingToTakeBack`."""
    reason = checked_reason(reason)
    if not await tx.value(
        "SELECT true FROM statements WHERE merchant_id = $1 AND statement_id = $2", merchant_id, statement_id
    ):
        raise NotFound(statement_id=statement_id)
    sent = [each for each in await _hold_sent(tx, merchant_id, None) if each.statement_id == statement_id]
    if await tx.value(
        "SELECT true FROM payout_reversals WHERE merchant_id = $1 AND reversal_id = $2", merchant_id, reversal_id
    ):
        return False
    whole = next((each for each in sent if each.last and each.state == "paid" and not each.reversed), None)
    if whole is None:
        raise NothingToTakeBack()
    await _send(tx, merchant_id, reversal_id, whole, Purpose.PAYOUT, whole.amount, reason, by)
    return True


async def take_back_owed(tx: Tx, merchant_id: MerchantId, currency: str, by: str) -> int:
    """Take back what a shop owes of what it was paid last, and no more than it owes; returns how much is asked for, in minor
    units. Said again while Stripe has not answered it is nothing more."""
    sent = await _hold_sent(tx, merchant_id, currency)
    owed = await _owed(tx, merchant_id, currency)
    taken = 0
    for each in sent:
        amount = min(owed - taken, each.left)
        if amount > 0:
            await _send(tx, merchant_id, ids.mint(), each, Purpose.OWED, amount, REASON_OWED, by)
            taken += amount
    return taken


async def take_back_all_owed(tx: Tx, now: datetime, limit: int = SHOPS_PER_ROUND_MAX) -> int:
    """Take back what shops owe, each once a day, whatever has become of it; returns of how many shops."""
    begun = datetime.combine(now.astimezone(SETTLEMENT_ZONE).date(), datetime.min.time(), SETTLEMENT_ZONE)
    owing = await tx.all(
        _Owing,
        """
        SELECT c.merchant_id, e.currency
        FROM stripe_accounts c CROSS JOIN LATERAL (
            SELECT currency FROM settlement_entries WHERE merchant_id = c.merchant_id AND statement_id IS NULL
            GROUP BY currency HAVING sum(amount) < 0
        ) AS e
        WHERE EXISTS (SELECT FROM payout_transfers t WHERE (t.merchant_id, t.currency) = (c.merchant_id, e.currency)
                                                       AND t.transfer_id IS NOT NULL AND t.reversed < t.amount)
          AND NOT EXISTS (SELECT FROM payout_reversals r WHERE (r.merchant_id, r.currency) = (c.merchant_id, e.currency)
                                                           AND r.purpose = 'owed' AND r.at >= $1)
        ORDER BY c.merchant_id, e.currency LIMIT $2
        """,
        begun.astimezone(UTC),
        limit,
    )
    taken = [await take_back_owed(tx, MerchantId(each.merchant_id), each.currency, "system") for each in owing]
    return sum(amount > 0 for amount in taken)


async def owed(read: Read, merchant_id: UUID, currency: str) -> int:
    """What a shop owes of which nothing is being taken back yet, in minor units."""
    return await _owed(read, merchant_id, currency)


async def _owed(read: Read, merchant_id: UUID, currency: str) -> int:
    """By its entries, and no more than by the books: of a statement that is being gathered some are on it already."""
    waiting: int = await read.value(
        """
        SELECT greatest(coalesce(sum(e.amount), 0), coalesce((SELECT a.credits - a.debits FROM ledger_accounts a
                   WHERE (a.owner_id, a.kind, a.currency) = ($1, 'payable', $2)), 0))::bigint
        FROM settlement_entries e WHERE e.merchant_id = $1 AND e.currency = $2 AND e.statement_id IS NULL
        """,
        merchant_id,
        currency,
    )
    coming: int = await read.value(
        """
        SELECT coalesce(sum(amount), 0)::bigint FROM payout_reversals
        WHERE merchant_id = $1 AND currency = $2 AND state = 'sent' AND purpose = 'owed'
        """,
        merchant_id,
        currency,
    )
    return max(0, -waiting - coming)


async def _hold_sent(tx: Tx, merchant_id: UUID, currency: str | None) -> Sequence[_Sent]:
    """The shop's latest transfers of which something is left, held: of two that take back at once, the second sees what the
    first has asked for. They are held in the order of their keys, and given the latest first."""
    await tx.fetch(
        """
        SELECT FROM payout_transfers WHERE merchant_id = $1 AND ($2::text IS NULL OR currency = $2) AND transfer_id IS NOT NULL
          AND reversed < amount
        ORDER BY merchant_id, statement_id, attempt FOR UPDATE
        """,
        merchant_id,
        currency,
    )
    return await tx.all(
        _Sent,
        """
        SELECT t.statement_id, t.attempt, t.amount, t.currency, t.reversed, s.state
             , t.attempt = (SELECT count(*) FROM statement_history h
                   WHERE (h.merchant_id, h.statement_id) = (t.merchant_id, t.statement_id) AND h.to_state = 'paying') AS last
        FROM payout_transfers t JOIN statements s USING (merchant_id, statement_id)
        WHERE t.merchant_id = $1 AND ($2::text IS NULL OR t.currency = $2) AND t.transfer_id IS NOT NULL AND t.reversed < t.amount
        ORDER BY t.at DESC, t.statement_id LIMIT $3
        """,
        merchant_id,
        currency,
        TRANSFERS_PER_SHOP_MAX,
    )


async def _send(
    tx: Tx, merchant_id: UUID, reversal_id: UUID, sent: _Sent, purpose: Purpose, amount: int, reason: str, by: str
) -> None:
    assert 0 < amount <= sent.left
    await tx.execute(
        """
        UPDATE payout_transfers SET reversed = reversed + $4 WHERE merchant_id = $1 AND statement_id = $2 AND attempt = $3
        """,
        merchant_id,
        sent.statement_id,
        sent.attempt,
        amount,
    )
    await tx.execute(
        """
        INSERT INTO payout_reversals
            (merchant_id, reversal_id, statement_id, attempt, purpose, amount, currency, reason, state, by, attempt_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'sent', $9, now())
        """,
        merchant_id,
        reversal_id,
        sent.statement_id,
        sent.attempt,
        purpose,
        amount,
        sent.currency,
        reason,
        by,
    )


async def to_reverse(tx: Tx, limit: int) -> list[DueReversal]:
    """Take up to `limit` reversals that are to be asked for now; their next attempt is pushed ahead first, as in `to_pay`."""
    return await tx.all(
        DueReversal,
        """
        WITH due AS (
            SELECT merchant_id, reversal_id FROM payout_reversals WHERE attempt_at <= now()
            ORDER BY attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED
        )
        UPDATE payout_reversals r
        SET attempts = r.attempts + 1
          , attempt_at = now() + least($2 * 2 ^ least(r.attempts, 20), $3) * interval '1 second'
        FROM due JOIN payout_reversals o USING (merchant_id, reversal_id)
        JOIN payout_transfers t USING (merchant_id, statement_id, attempt)
        WHERE (r.merchant_id, r.reversal_id) = (due.merchant_id, due.reversal_id)
        RETURNING r.merchant_id, r.reversal_id, t.transfer_id, r.amount, r.attempts > 1 AS asked_before
        """,
        limit,
        FIRST_PAUSE_SECONDS,
        PAUSE_SECONDS_MAX,
    )


async def record_reversal(tx: Tx, due: DueReversal, answer: ReversalAnswer) -> None:
    """Write down what Stripe says of a reversal; twice is once.

    Of what was owed it counts as given back by the shop; a whole payout is on its way anew. What failed leaves everything as it
    was, and the transfer can be tried again.
    """
    row = await tx.row(
        """
        UPDATE payout_reversals SET state = $3, stripe_id = $4, failure = $5, ended_at = now(), attempt_at = NULL
        WHERE merchant_id = $1 AND reversal_id = $2 AND state = 'sent'
        RETURNING statement_id, attempt, purpose, amount, currency, reason, by
        """,
        due.merchant_id,
        due.reversal_id,
        answer.state,
        answer.stripe_id,
        "" if answer.state == "succeeded" else answer.failure or "refused",
    )
    if row is None:
        return
    if answer.state == "failed":
        await tx.execute(
            """
            UPDATE payout_transfers SET reversed = reversed - $4 WHERE merchant_id = $1 AND statement_id = $2 AND attempt = $3
            """,
            due.merchant_id,
            row["statement_id"],
            row["attempt"],
            row["amount"],
        )
        return
    assert answer.stripe_id is not None
    document = StripeCalls.document_of(answer.stripe_id)
    if row["purpose"] == Purpose.PAYOUT:
        await bring_back(tx, due.merchant_id, row["statement_id"], due.reversal_id, row["reason"], row["by"], document)
        return
    await ledger.post(tx, [_given_back(due.merchant_id, document, row["amount"], row["currency"])])
    now: datetime = await tx.value("SELECT now()")
    given = NewEntry(
        merchant_id=due.merchant_id, order_id=None, document=document, kind=EntryKind.TAKEN_BACK, amount=row["amount"],
        currency=row["currency"], earned_at=now.astimezone(UTC),
    )  # fmt: skip
    await enter(tx, [given], waits=False)


def _given_back(merchant_id: UUID, document: UUID, amount: int, currency: str) -> Transfer:
    return Transfer(
        owner_id=merchant_id,
        debit=AccountKind.CHANNEL_CASH,
        credit=AccountKind.PAYABLE,
        amount=amount,
        currency=currency,
        reason="transfer_reversed",
        document=document,
    )


async def reversals_of(read: Read, merchant_id: UUID, statement_id: UUID) -> list[Reversal]:
    """What was taken back of a statement's payout, or is being, the latest first."""
    return await read.all(
        Reversal,
        """
        SELECT reversal_id, purpose, amount, currency, reason, state, stripe_id, failure, by, at FROM payout_reversals
        WHERE merchant_id = $1 AND statement_id = $2 ORDER BY at DESC LIMIT $3
        """,
        merchant_id,
        statement_id,
        REVERSALS_SHOWN_MAX,
    )
