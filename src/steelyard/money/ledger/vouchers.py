"""Entries that people write by hand: one proposes, another agrees. A correction names the transfer that it reverses; it is
dated when it is posted, whatever it corrects."""

from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel import paging
from steelyard.kernel.db import CheckViolation, Read, Tx, UniqueViolation
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.money.ledger.counterparties import counterparties
from steelyard.money.ledger.model import (
    VOUCHER_MACHINE,
    WORDS_MAX,
    AccountKind,
    AlreadyReversed,
    NotByHand,
    PostedTransfer,
    SecondPerson,
    Transfer,
    TransferId,
    Voucher,
    VoucherId,
    VoucherState,
    WouldOverdraw,
)
from steelyard.money.ledger.service import post

REVERSED = "reversed_by_hand"
BY_HAND = "by_hand"
AMOUNT_MAX = 10**15
# What a statement has booked is booked back when that is withdrawn or its difference taken back: not by hand as well.
OF_STATEMENTS = ("channel_fees", "difference_")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` minor units onto `debit` and out of `credit`."""

    debit: AccountKind
    credit: AccountKind
    amount: int


async def propose_voucher(
    tx: Tx,
    voucher_id: VoucherId,
    owner_id: UUID,
    currency: str,
    *,
    reverses: TransferId | None,
    entry: Entry | None,
    words: str,
    by: str,
) -> Voucher:
    """Propose an entry by hand: to reverse a transfer, to post an entry, or to post it instead of the transfer.

    Twice under one id is once. Raises `NotFound`, `Invalid`, `NotByHand` (an account on which nobody writes by hand, or
    of somebody who is no channel and no bank) and `AlreadyReversed`.
    """
    words = words.strip()
    _check(entry, reverses, words)
    if owner_id not in await counterparties(tx):
        raise NotByHand()
    hands = await kinds_by_hand(tx)
    if reverses is not None:
        transfer = await posted(tx, owner_id, reverses)
        if transfer.currency != currency:
            raise NotFound(transfer_id=reverses)
        if not correctable(transfer, hands):
            raise NotByHand()
    if entry is not None and not {entry.debit, entry.credit} <= hands:
        raise NotByHand()
    try:
        async with tx.savepoint():
            fresh = await tx.execute(
                """
                INSERT INTO ledger_vouchers (owner_id, voucher_id, state, reverses, currency, debit, credit, amount, words
                                           , proposed_by)
                VALUES ($1, $2, 'proposed', $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (owner_id, voucher_id) DO NOTHING
                """,
                owner_id,
                voucher_id,
                reverses,
                currency,
                str(entry.debit) if entry else None,
                str(entry.credit) if entry else None,
                entry.amount if entry else None,
                words,
                by,
            )
    except UniqueViolation as violation:
        raise AlreadyReversed() from violation
    if fresh:
        await _step(tx, owner_id, voucher_id, VoucherState.PROPOSED, by, words)
    return await voucher(tx, owner_id, voucher_id)


def _check(entry: Entry | None, reverses: TransferId | None, words: str) -> None:
    wrong: dict[str, str] = {}
    if not words:
        wrong["words"] = N_("Please say why.")
    if len(words) > WORDS_MAX:
        wrong["words"] = N_("Please use 500 characters at most.")
    if entry is None and reverses is None:
        wrong["amount"] = N_("Please enter an amount such as 12.50")
    if entry is not None and entry.debit == entry.credit:
        wrong["credit"] = N_("Please choose two different accounts.")
    if entry is not None and not 0 < entry.amount <= AMOUNT_MAX:
        wrong["amount"] = N_("Please enter an amount such as 12.50")
    if wrong:
        raise Invalid(wrong)


async def agree_voucher(tx: Tx, owner_id: UUID, voucher_id: UUID, by: str) -> Voucher:
    """The second person's yes: it is posted, dated now. Raises `NotFound`, `TransitionRefused`, `SecondPerson`, and
    `WouldOverdraw` when an account would be taken below zero that may not be."""
    found = await _held(tx, owner_id, voucher_id)
    VOUCHER_MACHINE.check(found.state, VoucherState.POSTED)
    if found.proposed_by == by:
        raise SecondPerson()
    try:
        async with tx.savepoint():
            await post(tx, await _transfers(tx, found))
    except CheckViolation as violation:
        raise WouldOverdraw() from violation
    await _decide(tx, found, VoucherState.POSTED, by)
    return await voucher(tx, owner_id, voucher_id)


async def decline_voucher(tx: Tx, owner_id: UUID, voucher_id: UUID, words: str, by: str) -> None:
    """Let it be: by who proposed it, or by somebody else. Raises `NotFound` and `TransitionRefused`."""
    found = await _held(tx, owner_id, voucher_id)
    VOUCHER_MACHINE.check(found.state, VoucherState.DECLINED)
    await _decide(tx, found, VoucherState.DECLINED, by, words.strip()[:WORDS_MAX])


async def _transfers(tx: Tx, found: Voucher) -> list[Transfer]:
    made: list[Transfer] = []
    if found.reverses is not None:
        wrong = await posted(tx, found.owner_id, found.reverses)
        made.append(_made(found, wrong.credit, wrong.debit, wrong.amount, REVERSED))
    if found.debit is not None and found.credit is not None and found.amount is not None:
        made.append(_made(found, found.debit, found.credit, found.amount, BY_HAND))
    return made


def _made(found: Voucher, debit: AccountKind, credit: AccountKind, amount: int, reason: str) -> Transfer:
    return Transfer(
        owner_id=found.owner_id,
        debit=debit,
        credit=credit,
        amount=amount,
        currency=found.currency,
        reason=reason,
        document=found.voucher_id,
    )


async def _held(tx: Tx, owner_id: UUID, voucher_id: UUID) -> Voucher:
    await tx.fetch(
        "SELECT FROM ledger_vouchers WHERE owner_id = $1 AND voucher_id = $2 FOR UPDATE", owner_id, voucher_id
    )
    return await voucher(tx, owner_id, voucher_id)


async def _decide(tx: Tx, found: Voucher, to: VoucherState, by: str, words: str = "") -> None:
    await tx.execute(
        """
        UPDATE ledger_vouchers SET state = $3, decided_by = $4, decided_at = now()
        WHERE owner_id = $1 AND voucher_id = $2
        """,
        found.owner_id,
        found.voucher_id,
        str(to),
        by,
    )
    await _step(tx, found.owner_id, found.voucher_id, to, by, words)


async def _step(tx: Tx, owner_id: UUID, voucher_id: UUID, to: VoucherState, by: str, words: str) -> None:
    await tx.execute(
        """
        INSERT INTO ledger_voucher_history (owner_id, voucher_id, step, from_state, to_state, by, words)
        SELECT $1, $2, count(*) + 1, coalesce((array_agg(to_state ORDER BY step DESC))[1], 'nowhere'), $3, $4, $5
        FROM ledger_voucher_history WHERE owner_id = $1 AND voucher_id = $2
        """,
        owner_id,
        voucher_id,
        str(to),
        by,
        words,
    )


async def voucher(read: Read, owner_id: UUID, voucher_id: UUID) -> Voucher:
    """Raises `NotFound`."""
    found = await read.one(
        Voucher,
        """
        SELECT owner_id, voucher_id, state, reverses, currency, debit, credit, amount, words, proposed_by, proposed_at
             , decided_by, decided_at
        FROM ledger_vouchers WHERE owner_id = $1 AND voucher_id = $2
        """,
        owner_id,
        voucher_id,
    )
    if found is None:
        raise NotFound(voucher_id=voucher_id)
    return found


async def vouchers(read: Read, cursor: str | None = None, limit: int | None = None) -> Page[Voucher]:
    """Entries by hand, the newest first."""
    size, after = paging.limit(limit), paging.read_cursor(cursor, datetime, UUID)
    found = await read.all(
        Voucher,
        """
        SELECT owner_id, voucher_id, state, reverses, currency, debit, credit, amount, words, proposed_by, proposed_at
             , decided_by, decided_at
        FROM ledger_vouchers WHERE $1::timestamptz IS NULL OR (proposed_at, voucher_id) < ($1, $2::uuid)
        ORDER BY proposed_at DESC, voucher_id DESC LIMIT $3
        """,
        after[0] if after else None,
        after[1] if after else None,
        size + 1,
    )
    return paging.cut(found, size, lambda last: (last.proposed_at, last.voucher_id))


async def vouchers_waiting(read: Read) -> int:
    """How many entries by hand wait for the second person."""
    return await read.value("SELECT count(*) FROM ledger_vouchers WHERE state = 'proposed'")


async def posted(read: Read, owner_id: UUID, transfer_id: UUID) -> PostedTransfer:
    """A transfer as it stands in the books. Raises `NotFound`."""
    found = await read.one(
        PostedTransfer,
        """
        SELECT owner_id, transfer_id, debit, credit, amount, currency, reason, document, at
        FROM ledger_transfers WHERE owner_id = $1 AND transfer_id = $2
        """,
        owner_id,
        transfer_id,
    )
    if found is None:
        raise NotFound(transfer_id=transfer_id)
    return found


def correctable(transfer: PostedTransfer, hands: set[AccountKind]) -> bool:
    """Whether people may reverse it by hand: `hands` are the accounts on which they may write."""
    return {transfer.debit, transfer.credit} <= hands and not transfer.reason.startswith(OF_STATEMENTS)


async def kinds_by_hand(read: Read) -> set[AccountKind]:
    """The accounts on which people may write."""
    rows = await read.fetch("SELECT kind FROM ledger_chart WHERE by_hand")
    return {AccountKind(row["kind"]) for row in rows}
