"""People decide on differences: what is booked for one, or why nothing is. Above an amount two of them."""

from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.money.ledger.model import AccountKind
from steelyard.money.reconciliation.booking import move, post, reverse, suggested
from steelyard.money.reconciliation.counting import close_days
from steelyard.money.reconciliation.model import (
    DIFFERENCE_MACHINE,
    INTO,
    WORDS_MAX,
    AnotherPerson,
    Difference,
    DifferenceState,
    File,
    NothingToBook,
)
from steelyard.money.reconciliation.queries import difference, file
from steelyard.money.reconciliation.running import withdraw
from steelyard.money.reconciliation.taking import source_called
from steelyard.parties import policies
from steelyard.parties.policies.model import RECONCILIATION_ALONE


async def settle(tx: Tx, source: str, item_id: UUID, into: AccountKind | None, words: str, by: str) -> DifferenceState:
    """Say how a difference is explained: booked against `into`, or accepted as it stands (None), for which `words` say why.

    Up to the limit (`RECONCILIATION_ALONE`) it is done at once; above it is proposed, and another person must agree.
    Raises `NotFound`, `TransitionRefused`, `Invalid` and `NothingToBook`.
    """
    found = await _held(tx, source, item_id)
    words = words.strip()
    _check(into, words)
    DIFFERENCE_MACHINE.check(found.state, DifferenceState.PROPOSED)
    if into is not None and not suggested(await source_called(tx, source), found, into):
        raise NothingToBook()
    await tx.execute(
        """
        UPDATE reconciliation_differences SET into_kind = $3, words = $4, proposed_by = $5
        WHERE source = $1 AND item_id = $2
        """,
        source,
        item_id,
        None if into is None else str(into),
        words,
        by,
    )
    if not await alone(tx, found):
        await move(tx, source, [item_id], DifferenceState.PROPOSED, by, words=words)
        return DifferenceState.PROPOSED
    return await _finish(tx, found, into, words, by)


def _check(into: AccountKind | None, words: str) -> None:
    if into is not None and into not in INTO:
        raise Invalid({"into": N_("Please choose one of the accounts.")})
    if into is None and not words:
        raise Invalid({"words": N_("Please say why nothing is to be booked.")})
    if len(words) > WORDS_MAX:
        raise Invalid({"words": N_("Please use 500 characters at most.")})


async def limit(read: Read, currency: str) -> int:
    """What one person may explain alone, in minor units of a currency."""
    return Money.of(str(await policies.number(read, RECONCILIATION_ALONE)), currency).amount


async def alone(read: Read, found: Difference) -> bool:
    """Whether one person may explain it: each currency has its own limit, since a yen is no yuan."""
    return all([amount <= await limit(read, currency) for currency, amount in found.weights])


async def agree(tx: Tx, source: str, item_id: UUID, by: str) -> DifferenceState:
    """The second person's yes. Raises `NotFound`, `TransitionRefused` (nothing is proposed) and `AnotherPerson`."""
    found = await _held(tx, source, item_id)
    if found.state is not DifferenceState.PROPOSED:
        raise TransitionRefused(machine=DIFFERENCE_MACHINE.name, state=str(found.state), wanted="booked")
    if found.proposed_by == by:
        raise AnotherPerson()
    return await _finish(tx, found, found.into_kind, found.words, by)


async def take_back(tx: Tx, source: str, item_id: UUID, words: str, by: str) -> DifferenceState:
    """Open again what was proposed, booked or accepted; what was posted is posted back. What one person could not decide alone
    one does not undo alone: the first asks (and the state stays), another agrees. Raises `NotFound`, `TransitionRefused`, and
    `AnotherPerson` when who asked agrees."""
    found = await _held(tx, source, item_id)
    if found.state not in (DifferenceState.PROPOSED, DifferenceState.BOOKED, DifferenceState.ACCEPTED):
        raise TransitionRefused(machine=DIFFERENCE_MACHINE.name, state=str(found.state), wanted="open")
    words = words.strip()[:WORDS_MAX]
    if found.state is not DifferenceState.PROPOSED and not await alone(tx, found):
        if found.undo_asked_by is None:
            await tx.execute(
                """
                UPDATE reconciliation_differences SET undo_asked_by = $3, undo_words = $4
                WHERE source = $1 AND item_id = $2
                """,
                source,
                item_id,
                by,
                words,
            )
            return found.state
        if found.undo_asked_by == by:
            raise AnotherPerson()
        words = words or found.undo_words
    if found.booking is not None:
        await reverse(tx, found.booking)
    await move(tx, source, [item_id], DifferenceState.OPEN, by, words=words)
    await close_days(tx, source, found.day)
    return DifferenceState.OPEN


async def leave_be(tx: Tx, source: str, item_id: UUID) -> None:
    """What somebody wanted taken back stays as it is."""
    await _held(tx, source, item_id)
    await tx.execute(
        """
        UPDATE reconciliation_differences SET undo_asked_by = NULL, undo_words = '' WHERE source = $1 AND item_id = $2
        """,
        source,
        item_id,
    )


async def ask_to_withdraw(tx: Tx, source: str, file_id: UUID, by: str | None) -> File:
    """Want a statement withdrawn, or (`by` nobody) not after all. Raises `NotFound` for one that does not count."""
    found = await _counted(tx, source, file_id)
    await tx.execute(
        "UPDATE reconciliation_files SET withdrawal_asked_by = $3 WHERE source = $1 AND file_id = $2",
        source,
        file_id,
        by,
    )
    return found


async def agree_to_withdraw(tx: Tx, source: str, file_id: UUID, by: str) -> File:
    """The second person's yes: the statement does not count any more. Raises `NotFound`, `AnotherPerson` (nobody else has asked)
    and `DayBooked`."""
    found = await _counted(tx, source, file_id)
    if found.withdrawal_asked_by in (None, by):
        raise AnotherPerson()
    return await withdraw(tx, source, found.day, by)


async def _counted(tx: Tx, source: str, file_id: UUID) -> File:
    await tx.fetch(
        "SELECT FROM reconciliation_files WHERE source = $1 AND file_id = $2 FOR NO KEY UPDATE", source, file_id
    )
    found = await file(tx, source, file_id)
    if found.state != "read":
        raise NotFound()
    return found


async def _finish(tx: Tx, found: Difference, into: AccountKind | None, words: str, by: str) -> DifferenceState:
    known = await source_called(tx, found.source)
    booking = ids.mint() if into is not None else None
    if into is not None and booking is not None:
        await post(tx, known, found, into, booking)
    to = DifferenceState.BOOKED if into is not None else DifferenceState.ACCEPTED
    today = known.day_of(await tx.value("SELECT now()"))
    await move(tx, found.source, [found.item_id], to, by, words=words, ended_on=today, booking=booking)
    await close_days(tx, found.source, found.day)
    return to


async def _held(tx: Tx, source: str, item_id: UUID) -> Difference:
    """The difference, held until the transaction ends: of two people who decide at once the second sees what the first did."""
    await tx.fetch(
        "SELECT FROM reconciliation_differences WHERE source = $1 AND item_id = $2 FOR UPDATE", source, item_id
    )
    return await difference(tx, source, item_id)
