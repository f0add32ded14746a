"""Payouts that go to the bank in a file: one person makes a batch, another approves it, and its file is fetched, sent and
answered payment by payment. A payout is in one batch at a time; a batch that was fetched is not taken back, since money may move.
"""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from steelyard.kernel import codes, paging
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal, TransitionRefused
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties.merchants.model import MerchantId, Payout
from steelyard.trade.settlement.model import StatementId, StatementState, is_complete, settlement_day
from steelyard.trade.settlement.moving import move_all
from steelyard.trade.settlement.payers import NoPayerAccount, Payer

PAYMENTS_PER_BATCH_MAX = 1_000
PAY_DAYS_AHEAD_MAX = 30
CODE_PREFIX = "PB"
_LAST = UUID(int=2**128 - 1)


class BatchState(StrEnum):
    """How far a batch is: made, approved by another, its file fetched, sent to the bank; or dropped before it was fetched."""

    MADE = "made"
    APPROVED = "approved"
    FETCHED = "fetched"
    SENT = "sent"
    DROPPED = "dropped"


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Payouts of one currency that go to the bank in one file. `open` of its `payments` are not answered."""

    batch_id: UUID
    code: str
    currency: str
    pay_on: date
    payer: Payer
    payments: int
    total: int
    made_by: str
    made_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    fetched_at: datetime | None
    sent_at: datetime | None
    dropped_at: datetime | None
    open: int

    @property
    def state(self) -> BatchState:
        if self.dropped_at is not None:
            return BatchState.DROPPED
        if self.sent_at is not None:
            return BatchState.SENT
        if self.fetched_at is not None:
            return BatchState.FETCHED
        return BatchState.MADE if self.approved_at is None else BatchState.APPROVED


class PayoutOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One payment of a batch. `changed`: the shop's account is another now than the one in the file."""

    merchant_id: MerchantId
    statement_id: StatementId
    batch_id: UUID
    code: str
    attempt: int
    reference: str
    amount: int
    currency: str
    payee: Payout
    state: str
    failure: str
    changed: bool


class ToBatch(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that can go into a bank file. `failure` is why it failed before, `failed_account` where it went then."""

    merchant_id: MerchantId
    statement_id: StatementId
    code: str
    day: date
    currency: str
    payout: int
    state: StatementState
    failure: str | None
    payee: Payout

    @property
    def complete(self) -> bool:
        return is_complete(self.payee)


class SamePerson(Refusal):
    """What one person has made another approves."""

    code = "same_person"
    title = N_("Somebody else has to approve this")
    detail = N_("You have made this batch yourself. Please ask a colleague.")


async def to_batch(read: Read, currency: str, limit: int = PAYMENTS_PER_BATCH_MAX) -> list[ToBatch]:
    """What can go into a bank file of a currency, the oldest first: issued and not waiting for a check, checked, failed, or
    held at Stripe."""
    return await read.all(
        ToBatch,
        """
        SELECT s.merchant_id, s.statement_id, s.code, s.day, s.currency, s.payout, s.state, s.failure
             , coalesce(m.payout, '{}') AS payee
        FROM statements s LEFT JOIN merchants m USING (merchant_id)
        WHERE s.currency = $1 AND s.state IN ('issued', 'checked', 'failed', 'held')
          AND (s.state <> 'issued' OR s.check_by IS NULL)
        ORDER BY s.issued_at, s.statement_id LIMIT $2
        """,
        currency,
        limit,
    )


async def waiting_for_file(read: Read) -> dict[str, int]:
    """How many statements of each currency can go into a bank file."""
    rows = await read.fetch(
        """
        SELECT currency, count(*)::integer AS statements FROM statements
        WHERE state IN ('issued', 'checked', 'failed', 'held') AND (state <> 'issued' OR check_by IS NULL)
        GROUP BY currency ORDER BY currency
        """
    )
    return {row["currency"]: row["statements"] for row in rows}


async def make_batch(tx: Tx, batch_id: UUID, currency: str, pay_on: date, chosen: Collection[UUID], by: str) -> Batch:
    """Put the chosen statements into a batch that pays on a day; what cannot go any more, or has no complete account, stays
    out. Said again under the same id it is the batch that is there. Raises `Invalid`, `NoPayerAccount`."""
    today = settlement_day(datetime.now(UTC))
    there = await _batch(tx, batch_id)
    if there is not None:
        return there
    if not today <= pay_on <= today + timedelta(days=PAY_DAYS_AHEAD_MAX):
        raise Invalid({"pay_on": N_("Please choose today or one of the next 30 days.")})
    if len(chosen) > PAYMENTS_PER_BATCH_MAX:
        raise Invalid({"statements": N_("A file takes 1,000 payouts at most.")})
    payer = await tx.one(Payer, "SELECT holder, bank, bic, account FROM payer_accounts WHERE currency = $1", currency)
    if payer is None:
        raise NoPayerAccount(currency=currency)
    held = [each for each in await _hold(tx, currency, chosen) if each.complete]
    if not held and (there := await _batch(tx, batch_id)) is not None:
        return there  # the other click was first
    if not held:
        raise Invalid({"statements": N_("Please choose payouts whose shops have a complete account.")})
    await tx.execute(
        """
        INSERT INTO payout_batches (batch_id, code, currency, pay_on, payer, payments, total, made_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        batch_id,
        codes.mint(CODE_PREFIX),
        currency,
        pay_on,
        payer,
        len(held),
        sum(each.payout for each in held),
        by,
    )
    await tx.execute(
        """
        INSERT INTO payout_orders (merchant_id, statement_id, batch_id, attempt, reference, amount, currency, payee, state)
        SELECT s.merchant_id, s.statement_id, $3, n.attempt, s.code || '-' || n.attempt, s.payout, s.currency, m.payout, 'drafted'
        FROM statements s JOIN merchants m USING (merchant_id)
        JOIN unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, statement_id) USING (merchant_id, statement_id)
        CROSS JOIN LATERAL (
            SELECT count(*)::integer + 1 AS attempt FROM statement_history h
            WHERE (h.merchant_id, h.statement_id) = (s.merchant_id, s.statement_id) AND h.to_state = 'paying'
        ) AS n
        """,
        [each.merchant_id for each in held],
        [each.statement_id for each in held],
        batch_id,
    )
    await move_all(
        tx, [each.merchant_id for each in held], [each.statement_id for each in held], StatementState.BATCHED, by=by
    )
    made = await _batch(tx, batch_id)
    assert made is not None
    return made


async def _hold(tx: Tx, currency: str, chosen: Collection[UUID]) -> list[ToBatch]:
    """The chosen statements that can still go, held."""
    return await tx.all(
        ToBatch,
        """
        SELECT s.merchant_id, s.statement_id, s.code, s.day, s.currency, s.payout, s.state, s.failure, m.payout AS payee
        FROM statements s JOIN merchants m USING (merchant_id)
        WHERE s.statement_id = ANY($2) AND s.currency = $1 AND s.state IN ('issued', 'checked', 'failed', 'held')
          AND (s.state <> 'issued' OR s.check_by IS NULL)
        ORDER BY s.merchant_id, s.statement_id
        FOR UPDATE OF s
        """,
        currency,
        list(chosen),
    )


async def approve_batch(tx: Tx, batch_id: UUID, by: str) -> None:
    """Another person than who made it has looked at a batch. Raises `NotFound`, `SamePerson`, `TransitionRefused`."""
    batch = await _held(tx, batch_id)
    if batch.state is BatchState.APPROVED:
        return
    _only(batch, BatchState.MADE, BatchState.APPROVED)
    if batch.made_by == by:
        raise SamePerson()
    await tx.execute(
        "UPDATE payout_batches SET approved_by = $2, approved_at = now() WHERE batch_id = $1", batch_id, by
    )


async def drop_batch(tx: Tx, batch_id: UUID, by: str) -> None:
    """Take back a batch whose file nobody has fetched: its payouts can go elsewhere. Raises `NotFound`, `TransitionRefused`."""
    batch = await _held(tx, batch_id)
    if batch.state is BatchState.DROPPED:
        return
    _only(batch, (BatchState.MADE, BatchState.APPROVED), BatchState.DROPPED)
    await tx.execute("UPDATE payout_batches SET dropped_by = $2, dropped_at = now() WHERE batch_id = $1", batch_id, by)
    await _orders_to(tx, batch_id, "dropped", StatementState.CHECKED, by)


async def drop_batch_of(tx: Tx, merchant_id: UUID, statement_id: UUID, by: str) -> None:
    """Take back the batch that a statement lies in."""
    batch_id: UUID = await tx.value(
        "SELECT batch_id FROM payout_orders WHERE merchant_id = $1 AND statement_id = $2 AND state = 'drafted'",
        merchant_id,
        statement_id,
    )
    await drop_batch(tx, batch_id, by)


async def fetch_batch(tx: Tx, batch_id: UUID, by: str) -> tuple[Batch, list[PayoutOrder]]:
    """The batch and what its file says, the same each time. The first time its payouts are on their way from then on.

    Raises `NotFound`, `TransitionRefused` (it is not approved, or dropped)."""
    batch = await _held(tx, batch_id)
    if batch.state is BatchState.APPROVED:
        await tx.execute(
            "UPDATE payout_batches SET fetched_by = $2, fetched_at = now() WHERE batch_id = $1", batch_id, by
        )
        await _orders_to(tx, batch_id, "instructed", StatementState.PAYING, by)
    else:
        _only(batch, (BatchState.FETCHED, BatchState.SENT), BatchState.FETCHED)
    return batch, await orders_of_batch(tx, batch_id)


async def mark_sent(tx: Tx, batch_id: UUID, by: str) -> None:
    """The file was handed to the bank. Raises `NotFound`, `TransitionRefused`."""
    batch = await _held(tx, batch_id)
    if batch.state is BatchState.SENT:
        return
    _only(batch, BatchState.FETCHED, BatchState.SENT)
    await tx.execute("UPDATE payout_batches SET sent_by = $2, sent_at = now() WHERE batch_id = $1", batch_id, by)


async def _orders_to(tx: Tx, batch_id: UUID, state: str, to: StatementState, by: str) -> None:
    rows = await tx.fetch(
        """
        SELECT s.merchant_id, s.statement_id FROM statements s JOIN payout_orders o USING (merchant_id, statement_id)
        WHERE o.batch_id = $1 AND o.state = 'drafted' ORDER BY s.merchant_id, s.statement_id FOR UPDATE
        """,
        batch_id,
    )
    keys = [row["merchant_id"] for row in rows], [row["statement_id"] for row in rows]
    await tx.execute(
        """
        UPDATE payout_orders o SET state = $4
        FROM unnest($2::uuid[], $3::uuid[]) AS w (merchant_id, statement_id)
        WHERE (o.merchant_id, o.statement_id) = (w.merchant_id, w.statement_id) AND o.batch_id = $1
        """,
        batch_id,
        *keys,
        state,
    )
    await move_all(tx, *keys, to, by=by)


def _only(batch: Batch, states: BatchState | tuple[BatchState, ...], wanted: BatchState) -> None:
    if batch.state not in (states if isinstance(states, tuple) else (states,)):
        raise TransitionRefused(machine="batch", state=str(batch.state), wanted=str(wanted))


async def _held(tx: Tx, batch_id: UUID) -> Batch:
    """The batch, held. Raises `NotFound`."""
    await tx.execute("SELECT FROM payout_batches WHERE batch_id = $1 FOR UPDATE", batch_id)
    batch = await _batch(tx, batch_id)
    if batch is None:
        raise NotFound(batch_id=batch_id)
    return batch


async def _batch(read: Read, batch_id: UUID) -> Batch | None:
    return await read.one(
        Batch,
        """
        SELECT batch_id, code, currency, pay_on, payer, payments, total, made_by, made_at, approved_by, approved_at, fetched_at
             , sent_at, dropped_at
             , (SELECT count(*) FROM payout_orders o WHERE o.batch_id = b.batch_id AND o.state = 'instructed')::integer AS open
        FROM payout_batches b WHERE batch_id = $1
        """,
        batch_id,
    )


async def batch(read: Read, batch_id: UUID) -> Batch:
    """Raises `NotFound`."""
    found = await _batch(read, batch_id)
    if found is None:
        raise NotFound(batch_id=batch_id)
    return found


async def batches(read: Read, cursor: str | None = None, limit: int | None = None) -> Page[Batch]:
    """All batches, the latest first."""
    at, last = paging.read_cursor(cursor, datetime, UUID) or (None, _LAST)
    most = paging.limit(limit)
    found = await read.all(
        Batch,
        """
        SELECT batch_id, code, currency, pay_on, payer, payments, total, made_by, made_at, approved_by, approved_at, fetched_at
             , sent_at, dropped_at
             , (SELECT count(*) FROM payout_orders o WHERE o.batch_id = b.batch_id AND o.state = 'instructed')::integer AS open
        FROM payout_batches b
        WHERE (made_at, batch_id) < (coalesce($1::timestamptz, 'infinity'), $2)
        ORDER BY made_at DESC, batch_id DESC LIMIT $3
        """,
        at,
        last,
        most + 1,
    )
    return paging.cut(found, most, lambda each: (each.made_at, each.batch_id))


async def orders_of_batch(read: Read, batch_id: UUID) -> list[PayoutOrder]:
    """The payments of a batch, in the order of the file."""
    return await read.all(
        PayoutOrder,
        """
        SELECT o.merchant_id, o.statement_id, o.batch_id, s.code, o.attempt, o.reference, o.amount, o.currency, o.payee, o.state
             , o.failure, o.payee <> coalesce(m.payout, '{}') AS changed
        FROM payout_orders o JOIN statements s USING (merchant_id, statement_id) LEFT JOIN merchants m USING (merchant_id)
        WHERE o.batch_id = $1 ORDER BY o.reference LIMIT $2
        """,
        batch_id,
        PAYMENTS_PER_BATCH_MAX,
    )
