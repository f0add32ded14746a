"""What is posted for differences, and how it is taken back: by the opposite entry, never by changing one."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from steelyard.kernel.db import Tx
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.reconciliation.model import Difference, DifferenceState, Kind, Source

REVERSED = "_reversed"


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that would explain a difference: `amount` minor units, onto `debit` and out of `credit`."""

    debit: AccountKind
    credit: AccountKind
    amount: int
    currency: str


def suggested(source: Source, difference: Difference, into: AccountKind) -> list[Suggestion]:
    """The entries that bring our books to what the statement says, the other side being `into`. None for what moves no
    money: another day.

    A fee was booked as it was kept: what is above the agreed one is claimed back, from the cost into `into`.
    """
    if difference.kind is Kind.DAY:
        return []
    cash = AccountKind.CHANNEL_FEES if difference.kind is Kind.FEE else source.cash
    if difference.kind is Kind.FEE:
        moved = [] if into is cash else [(-difference.difference, difference.currency)]
    else:
        moved = [(difference.difference, difference.currency)]
        if difference.currency != difference.our_currency:
            moved.append((-difference.ours, difference.our_currency))
    return [
        Suggestion(
            debit=cash if amount > 0 else into,
            credit=into if amount > 0 else cash,
            amount=abs(amount),
            currency=currency,
        )
        for amount, currency in moved
        if amount
    ]


async def post(tx: Tx, source: Source, difference: Difference, into: AccountKind, booking: UUID) -> None:
    """Post what is suggested, as the document `booking`."""
    owner_id = await ledger.counterparty(tx, source.source)
    await ledger.post(
        tx,
        [
            Transfer(
                owner_id=owner_id,
                debit=each.debit,
                credit=each.credit,
                amount=each.amount,
                currency=each.currency,
                reason=f"difference_{difference.kind}",
                document=booking,
            )
            for each in suggested(source, difference, into)
        ],
    )


async def reverse(tx: Tx, document: UUID) -> None:
    """Post the opposite of all that a document has moved, as the same document. Twice is once."""
    posted = await ledger.transfers_of(tx, [document])
    await ledger.post(
        tx,
        [
            Transfer(
                owner_id=each.owner_id,
                debit=each.credit,
                credit=each.debit,
                amount=each.amount,
                currency=each.currency,
                reason=f"{each.reason}{REVERSED}",
                document=document,
            )
            for each in posted
            if not each.reason.endswith(REVERSED)
        ],
    )


async def move(
    tx: Tx,
    source: str,
    items: Sequence[UUID],
    to: DifferenceState,
    by: str,
    *,
    words: str = "",
    ended_on: date | None = None,
    booking: UUID | None = None,
) -> None:
    """Bring differences into another state, and write the step down. `ended_on`: the day from which it is explained;
    `booking`: the document that was posted for it."""
    if not items:
        return
    ended = to in (DifferenceState.BOOKED, DifferenceState.ACCEPTED, DifferenceState.CLOSED)
    assert ended == (ended_on is not None)
    moved = await tx.execute(
        """
        WITH before AS (
            SELECT source, item_id, state FROM reconciliation_differences
            WHERE source = $1 AND item_id = ANY ($2::uuid[]) ORDER BY item_id FOR UPDATE
        ), changed AS (
            UPDATE reconciliation_differences d
            SET state = $3, ended_on = $6, ended_at = CASE WHEN $7::boolean THEN now() END
              , booking = $8::uuid, undo_asked_by = NULL, undo_words = ''
              , into_kind = CASE WHEN $3::text IN ('booked', 'proposed') THEN d.into_kind END
              , proposed_by = CASE WHEN $3::text IN ('booked', 'proposed', 'accepted') THEN d.proposed_by END
              , words = CASE WHEN $3::text IN ('booked', 'proposed', 'accepted') THEN d.words ELSE '' END
            FROM before b WHERE (d.source, d.item_id) = (b.source, b.item_id)
            RETURNING d.source, d.item_id, b.state
        )
        INSERT INTO reconciliation_difference_history (source, item_id, step, from_state, to_state, by, words)
        SELECT c.source, c.item_id, (SELECT max(h.step) + 1 FROM reconciliation_difference_history h
                                     WHERE (h.source, h.item_id) = (c.source, c.item_id)), c.state, $3, $4, $5
        FROM changed c
        """,
        source,
        list(items),
        str(to),
        by,
        words,
        ended_on,
        ended,
        booking,
    )
    assert moved == len(set(items))
