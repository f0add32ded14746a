"""A day is run: its statement is laid beside the books, what differs is listed, and what the statement alone knows (fees,
and what the channel has paid to our bank) is booked. Said again it finds what has changed since, and books nothing twice.

A statement may have a million lines: it is gone through by so many at once, each step a short transaction that leaves everything
true. Broken off, the same run said again goes on: what is matched or listed is passed by. The day counts when all of it is done.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.money.reconciliation import counting, matching, movements, turning_up
from steelyard.money.reconciliation.booking import move, reverse
from steelyard.money.reconciliation.matching import Pair, Place
from steelyard.money.reconciliation.model import DayBooked, DayRun, DifferenceState, File, NoStatement, Source
from steelyard.money.reconciliation.movements import Movement
from steelyard.money.reconciliation.queries import standing
from steelyard.money.reconciliation.taking import be_patient, source_called

# Matching so many takes some tenths of a second.
LINES_PER_STEP = 3_000
# Of a whole day, so many are held in memory between the steps that write them down.
PLANNED_MAX = 100_000

P = ParamSpec("P")
T = TypeVar("T")


class Steps(Protocol):
    """Where the steps of a run are done: in a transaction each (`Database`), or all in one."""

    async def transact(
        self, command: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T: ...

    async def ask(
        self, query: Callable[Concatenate[Read, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T: ...


class _Within:
    """All steps in one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    async def transact(
        self, command: Callable[Concatenate[Tx, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await command(self._tx, *args, **kwargs)

    async def ask(self, query: Callable[Concatenate[Read, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        return await query(self._tx, *args, **kwargs)


class _Of(msgspec.Struct, frozen=True, kw_only=True):
    """The run of a day: its statement, the number of its last line, and how many lines a step is for."""

    source: Source
    file: File
    last: int
    at_once: int


# What was missing on the statement of another day and turned up on this one, which does not count any more.
_TURNED_UP_ON = """
SELECT d.item_id
FROM reconciliation_matches m
JOIN reconciliation_differences d ON (d.source, d.owner_id, d.transfer_id) = (m.source, m.owner_id, m.transfer_id)
JOIN reconciliation_days r ON (r.source, r.day) = (d.source, d.day)
WHERE m.source = $1 AND m.file_id = $2 AND d.kind = 'missing_there' AND d.state = 'closed' AND d.day <> $3::date
"""

_DECIDED = (DifferenceState.PROPOSED, DifferenceState.BOOKED, DifferenceState.ACCEPTED)


async def run(db: Steps, source: str, day: date, *, at_once: int = LINES_PER_STEP) -> DayRun:
    """Reconcile a day of a source, `at_once` lines in a transaction. Raises `NoSuchSource`, and `NoStatement` while there is none
    of the day, or when it is withdrawn meanwhile.

    What stands on one side only waits until the next day is run, for it may be a matter of time; then it is open. What is
    turned up by this day's lines closes, and what was booked for it meanwhile is reversed.
    """
    of = await db.ask(_begun, source, day, at_once)
    others = await _by_our_id_elsewhere(db, of)
    left: list[Place] = []
    for after in range(0, of.last, at_once):
        left += await db.transact(_by_our_id, of, after)
    left = await _by_their_id(db, of, [*others, *left])
    while pairs := await db.ask(_of_one_amount, of):
        for some in _by(at_once, pairs):
            await db.transact(_by_amount, of, some)
    lines = [each.line_no for each in left if each.file_id == of.file.file_id]
    for some in _by(at_once, lines):
        await db.transact(_missing_here, of, some)
    await _missing_there(db, of)
    while await db.transact(_open_aged, of):
        pass
    while not await db.transact(_written_down, of, await db.ask(_summed, of)):
        pass
    return await db.ask(counting.told, source, day)


async def run_within(tx: Tx, source: str, day: date) -> DayRun:
    """Reconcile a day in the transaction that is open."""
    await be_patient(tx)
    return await run(_Within(tx), source, day)


_E = TypeVar("_E")


def _by(at_once: int, them: Sequence[_E]) -> list[Sequence[_E]]:
    return [them[begins : begins + at_once] for begins in range(0, len(them), at_once)]


async def _begun(read: Read, source: str, day: date, at_once: int) -> _Of:
    known = await source_called(read, source)
    file = await standing(read, source, day)
    if file is None:
        raise NoStatement(source=source, day=day)
    last = await read.value(
        """
        SELECT coalesce((SELECT line_no FROM reconciliation_lines WHERE source = $1 AND file_id = $2
                         ORDER BY line_no DESC LIMIT 1), 0)
        """,
        source,
        file.file_id,
    )
    return _Of(source=known, file=file, last=last, at_once=at_once)


async def _hold(tx: Tx, of: _Of) -> None:
    """The source is held, so that steps of two runs of it go one after the other; statements of other days are taken in
    meanwhile. Raises `NoStatement` when the statement does not count any more."""
    file = await _file_of(tx, of.source.source, of.file.day)
    if file is None or file.file_id != of.file.file_id:
        raise NoStatement(source=of.source.source, day=of.file.day)


async def _file_of(tx: Tx, source: str, day: date) -> File | None:
    await tx.fetch("SELECT FROM reconciliation_sources WHERE source = $1 FOR NO KEY UPDATE", source)
    return await standing(tx, source, day)


async def _paired(tx: Tx, of: _Of, pairs: Sequence[Pair]) -> None:
    """All that follows from pairs that were found: what differs is listed, what was missing closes, days are counted anew."""
    if not pairs:
        return
    await matching.list_different(tx, of.source, of.file, pairs)
    turned_up = await turning_up.turn_up(tx, of.source, of.file.day, pairs)
    await counting.add(tx, of.source, pairs)
    await counting.close_days(tx, of.source.source, None if turned_up else of.file.day)


def _without(places: Sequence[Place], pairs: Sequence[Pair]) -> list[Place]:
    found = {(each.file_id, each.line_no) for each in pairs}
    return [each for each in places if (each.file_id, each.line_no) not in found]


async def _by_our_id(tx: Tx, of: _Of, after: int) -> list[Place]:
    """The file's next lines; returns those that are left."""
    await _hold(tx, of)
    await matching.list_duplicates(tx, of.source, of.file, after, after + of.at_once)
    await counting.book_payouts(tx, of.source, of.file, after, after + of.at_once)
    places = await matching.unmatched(tx, of.source, of.file, after, after + of.at_once)
    pairs = await matching.by_our_id(tx, of.source, places)
    await _paired(tx, of, pairs)
    return _without(places, pairs)


async def _by_our_id_elsewhere(db: Steps, of: _Of) -> list[Place]:
    """Lines of other days that are missing here still; returns those that are left."""
    left: list[Place] = []
    after: Place | None = None
    while places := await db.ask(matching.left_over, of.source, of.file, after, of.at_once):
        left += await db.transact(_these_by_our_id, of, places)
        after = places[-1]
    return left


async def _these_by_our_id(tx: Tx, of: _Of, places: Sequence[Place]) -> list[Place]:
    await _hold(tx, of)
    pairs = await matching.by_our_id(tx, of.source, places)
    await _paired(tx, of, pairs)
    return _without(places, pairs)


async def _by_their_id(db: Steps, of: _Of, places: Sequence[Place]) -> list[Place]:
    left: list[Place] = []
    for some in _by(of.at_once, places):
        left += await db.transact(_these_by_their_id, of, some)
    return left


async def _these_by_their_id(tx: Tx, of: _Of, places: Sequence[Place]) -> list[Place]:
    await _hold(tx, of)
    pairs = await matching.by_their_id(tx, of.source, of.file, places)
    await _paired(tx, of, pairs)
    return _without(places, pairs)


async def _of_one_amount(read: Read, of: _Of) -> list[Pair]:
    await be_patient(read)
    await matching.hash_many(read, of.file, on=True)
    found = await movements.of_one_amount(read, of.source, of.file, PLANNED_MAX)
    await matching.hash_many(read, of.file, on=False)
    return found


async def _by_amount(tx: Tx, of: _Of, pairs: Sequence[Pair]) -> None:
    await _hold(tx, of)
    await _paired(tx, of, await matching.by_amount(tx, of.source, pairs))


async def _missing_here(tx: Tx, of: _Of, lines: Sequence[int]) -> None:
    await _hold(tx, of)
    await matching.list_missing_here(tx, of.source, of.file, lines)
    await counting.close_days(tx, of.source.source, of.file.day)


async def _missing_there(db: Steps, of: _Of) -> None:
    after: Movement | None = None
    while them := await db.ask(_of_no_line, of, after):
        for some in _by(of.at_once, them):
            await db.transact(_these_missing_there, of, some)
        after = them[-1]


async def _of_no_line(read: Read, of: _Of, after: Movement | None) -> list[Movement]:
    await be_patient(read)
    await matching.hash_many(read, of.file, on=True)
    found = await movements.of_no_line(read, of.source, of.file, after, PLANNED_MAX)
    await matching.hash_many(read, of.file, on=False)
    return found


async def _these_missing_there(tx: Tx, of: _Of, them: Sequence[Movement]) -> None:
    await _hold(tx, of)
    await movements.list_missing_there(tx, of.source, of.file, them)
    await counting.close_days(tx, of.source.source, of.file.day)


async def _open_aged(tx: Tx, of: _Of) -> int:
    await _hold(tx, of)
    return await turning_up.open_aged(tx, of.source, of.file.day, of.at_once)


async def _summed(read: Read, of: _Of) -> counting.Sums:
    await be_patient(read)
    await matching.hash_many(read, of.file, on=True)
    found = await counting.summed(read, of.source, of.file)
    await matching.hash_many(read, of.file, on=False)
    return found


async def _written_down(tx: Tx, of: _Of, sums: counting.Sums) -> bool:
    await _hold(tx, of)
    done = await counting.written_down(tx, of.source, of.file, sums)
    await counting.close_days(tx, of.source.source)
    return done


async def withdraw(tx: Tx, source: str, day: date, by: str) -> File:
    """A statement that should not have been read does not count any more; another one of the day may be.

    Its matches go, its differences close, what turned up on it is missing again, its fees are posted back. What it says the
    channel has paid to our bank stays: the same payout on the next statement is the same. Raises `NoStatement`, and
    `DayBooked` when differences of it are booked or accepted.
    """
    await source_called(tx, source)
    file = await _file_of(tx, source, day)
    if file is None:
        raise NoStatement(source=source, day=day)
    held = await tx.fetch(
        """
        SELECT item_id, state FROM reconciliation_differences
        WHERE source = $1 AND (day = $3 OR file_id = $2) ORDER BY item_id FOR UPDATE
        """,
        source,
        file.file_id,
        day,
    )
    if any(row["state"] in _DECIDED for row in held):
        raise DayBooked()
    unfinished = [row["item_id"] for row in held if row["state"] != DifferenceState.CLOSED]
    await move(tx, source, unfinished, DifferenceState.CLOSED, by, ended_on=day)
    again = await tx.fetch(_TURNED_UP_ON, source, file.file_id, day)
    await move(tx, source, [row["item_id"] for row in again], DifferenceState.WAITING, by)
    await tx.execute("DELETE FROM reconciliation_matches WHERE source = $1 AND file_id = $2", source, file.file_id)
    await tx.execute("DELETE FROM reconciliation_totals WHERE source = $1 AND day = $2", source, day)
    await tx.execute("DELETE FROM reconciliation_days WHERE source = $1 AND day = $2", source, day)
    currencies = await tx.fetch(
        "SELECT DISTINCT currency FROM reconciliation_lines WHERE source = $1 AND file_id = $2", source, file.file_id
    )
    for row in currencies:
        await reverse(tx, ids.derived(file.file_id, row["currency"]))
    await tx.execute(
        "UPDATE reconciliation_files SET state = 'withdrawn' WHERE source = $1 AND file_id = $2", source, file.file_id
    )
    await counting.close_days(tx, source)
    return msgspec.structs.replace(file, state="withdrawn")
