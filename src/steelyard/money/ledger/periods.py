"""Months of the books are closed by two people, one after the other, and so they are opened again, for a reason that is said.

Closing a month writes down what every account and every kind came to at its end: from there on the past is summed. Nothing
is posted into a closed month: who posts shares a lock of the month, who closes it has that lock alone.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.kernel.i18n import N_
from steelyard.money.ledger.model import (
    PERIOD_MACHINE,
    WORDS_MAX,
    NotTheLastClosed,
    Period,
    PeriodInUse,
    PeriodNotOver,
    PeriodState,
    SecondPerson,
    month_after,
    month_number,
    month_of,
)
from steelyard.money.ledger.service import MONTH_LOCKS

# A large month is summed for some seconds; a request has no more than ten.
PATIENCE = "120s"

# What every account that moved in the month came to at its end, and every kind. $1: the month; $2 and $3: from when until
# when; $4: the month before.
_SNAPSHOT = """
WITH moved AS (
    SELECT owner_id, kind, currency, sum(debits)::bigint AS debits, sum(credits)::bigint AS credits FROM (
        SELECT owner_id, debit AS kind, currency, amount AS debits, 0::bigint AS credits FROM ledger_transfers
        WHERE at >= $2 AND at < $3
        UNION ALL
        SELECT owner_id, credit, currency, 0, amount FROM ledger_transfers WHERE at >= $2 AND at < $3
    ) AS sides GROUP BY owner_id, kind, currency
), accounts AS (
    INSERT INTO ledger_snapshots (owner_id, kind, currency, period, debits, credits)
    SELECT m.owner_id, m.kind, m.currency, $1::date, m.debits + coalesce(p.debits, 0), m.credits + coalesce(p.credits, 0)
    FROM moved m LEFT JOIN LATERAL (
        SELECT s.debits, s.credits FROM ledger_snapshots s
        WHERE (s.owner_id, s.kind, s.currency) = (m.owner_id, m.kind, m.currency) AND s.period < $1::date
        ORDER BY s.period DESC LIMIT 1
    ) AS p ON true
)
INSERT INTO ledger_period_totals (period, kind, currency, debits, credits)
SELECT $1::date, kind, currency, sum(debits), sum(credits)
FROM (SELECT kind, currency, debits, credits FROM moved
      UNION ALL
      SELECT kind, currency, debits, credits FROM ledger_period_totals WHERE period = $4::date) AS each
GROUP BY kind, currency
"""


async def periods(read: Read) -> list[Period]:
    """Every month from the first transfer to this one, the newest first."""
    known = {each.period: each for each in await _known(read)}
    first: datetime | None = await read.value("SELECT min(at) FROM ledger_transfers")
    starts = [*known, *([month_of(first)] if first else [])]
    begins = min(starts) if starts else None
    found: list[Period] = []
    while begins is not None and begins <= month_of(datetime.now(UTC)):
        found.append(known.get(begins) or Period.of(begins))
        begins = month_after(begins)
    return found[::-1]


async def _known(read: Read) -> list[Period]:
    return await read.all(
        Period,
        """
        SELECT period, begins, ends, state, proposed_by, closed_by, closed_at, reopening_by, reopening_words
        FROM ledger_periods ORDER BY period
        """,
    )


async def period(read: Read, first: date) -> Period:
    """Raises `NotFound` for what is no month of the books."""
    found = next((each for each in await periods(read) if each.period == first), None)
    if found is None:
        raise NotFound(period=first)
    return found


async def propose_closing(tx: Tx, first: date, by: str) -> list[Period]:
    """Want a month closed, with all before it that are still open; returns which. Another person confirms.

    Raises `NotFound`, `PeriodNotOver` and `TransitionRefused` (it is closed already). Twice is once.
    """
    await _alone(tx)
    wanted = await period(tx, first)
    if wanted.ends > datetime.now(UTC):
        raise PeriodNotOver()
    if wanted.state is PeriodState.PROPOSED:
        return []
    PERIOD_MACHINE.check(wanted.state, PeriodState.PROPOSED)
    proposed = [each for each in (await periods(tx))[::-1] if each.period <= first and each.state is PeriodState.OPEN]
    await tx.execute(
        """
        INSERT INTO ledger_periods (period, begins, ends, state, proposed_by)
        SELECT period, begins, ends, 'proposed', $4
        FROM unnest($1::date[], $2::timestamptz[], $3::timestamptz[]) AS p (period, begins, ends)
        ON CONFLICT (period) DO UPDATE SET state = 'proposed', proposed_by = excluded.proposed_by
        """,
        [each.period for each in proposed],
        [each.begins for each in proposed],
        [each.ends for each in proposed],
        by,
    )
    await _step(tx, [each.period for each in proposed], PeriodState.PROPOSED, by)
    return proposed


async def withdraw_closing(tx: Tx, first: date, by: str) -> None:
    """A month is not to be closed after all, and none after it that is proposed. Raises `TransitionRefused`."""
    await _alone(tx)
    proposed = [each.period for each in await _known(tx) if each.state is PeriodState.PROPOSED]
    if first not in proposed:
        raise TransitionRefused(machine=PERIOD_MACHINE.name, state=str(PeriodState.OPEN), wanted=str(PeriodState.OPEN))
    dropped = [each for each in proposed if each >= first]
    await tx.execute(
        "UPDATE ledger_periods SET state = 'open', proposed_by = NULL WHERE period = ANY ($1::date[])", dropped
    )
    await _step(tx, dropped, PeriodState.OPEN, by)


async def confirm_closing(tx: Tx, first: date, by: str) -> list[Period]:
    """The second person's yes: the month is closed, with all before it that were proposed with it; returns which.

    Raises `TransitionRefused` (nobody has proposed it), `SecondPerson`, and `PeriodInUse` while a transaction that began
    in one of the months has not ended.
    """
    await _alone(tx)
    await tx.fetch("SELECT set_config('statement_timeout', $1, true)", PATIENCE)
    known = await _known(tx)
    closing = [each for each in known if each.state is PeriodState.PROPOSED and each.period <= first]
    if not closing or closing[-1].period != first:
        raise TransitionRefused(
            machine=PERIOD_MACHINE.name, state=str(PeriodState.OPEN), wanted=str(PeriodState.CLOSED)
        )
    if any(each.proposed_by == by for each in closing):
        raise SecondPerson()
    await _have_alone(tx, [each.period for each in closing])
    before = max((each.period for each in known if each.state is PeriodState.CLOSED), default=None)
    for each in closing:
        await tx.execute(_SNAPSHOT, each.period, each.begins, each.ends, before)
        before = each.period
    months = [each.period for each in closing]
    await tx.execute(
        """
        UPDATE ledger_periods SET state = 'closed', closed_by = $2, closed_at = now() WHERE period = ANY ($1::date[])
        """,
        months,
        by,
    )
    await _step(tx, months, PeriodState.CLOSED, by)
    return closing


async def _have_alone(tx: Tx, months: Sequence[date]) -> None:
    """The months' locks, and that of the month before: what began in it and was closed out counts in the next. Who posts
    there meanwhile is not waited for, since a sale of today must not wait behind us. Raises `PeriodInUse`."""
    numbers = [month_number(month) for month in months]
    rows = await tx.fetch(
        "SELECT pg_try_advisory_xact_lock($1::integer, month) AS had FROM unnest($2::integer[]) AS month",
        MONTH_LOCKS,
        [numbers[0] - 1, *numbers],
    )
    if not all(row["had"] for row in rows):
        raise PeriodInUse()


async def ask_to_reopen(tx: Tx, first: date, words: str, by: str) -> None:
    """Want the last closed month opened again, for a reason. Another person agrees. Twice is once: the first asks.

    Raises `TransitionRefused`, `NotTheLastClosed` and `Invalid` without a reason.
    """
    words = words.strip()
    if not words:
        raise Invalid({"words": N_("Please say why.")})
    if len(words) > WORDS_MAX:
        raise Invalid({"words": N_("Please use 500 characters at most.")})
    await _alone(tx)
    _last_closed(await _known(tx), first)
    await tx.execute(
        """
        UPDATE ledger_periods SET reopening_by = $2, reopening_words = $3 WHERE period = $1 AND reopening_by IS NULL
        """,
        first,
        by,
        words,
    )


async def leave_closed(tx: Tx, first: date) -> None:
    """It is not to be opened again after all. Raises `TransitionRefused` when nobody has asked."""
    await _alone(tx)
    if not await tx.execute(
        "UPDATE ledger_periods SET reopening_by = NULL, reopening_words = '' WHERE period = $1 AND reopening_by IS NOT NULL",
        first,
    ):
        raise TransitionRefused(
            machine=PERIOD_MACHINE.name, state=str(PeriodState.CLOSED), wanted=str(PeriodState.OPEN)
        )


async def reopen(tx: Tx, first: date, by: str) -> str:
    """The second person's yes: the last closed month is open again; returns why. What was written down of its end goes, and is
    summed anew when it is closed again. Raises `TransitionRefused` (nobody has asked), `NotTheLastClosed`, `SecondPerson`."""
    await _alone(tx)
    known = await _known(tx)
    wanted = _last_closed(known, first)
    if wanted.reopening_by is None:
        raise TransitionRefused(machine=PERIOD_MACHINE.name, state=str(wanted.state), wanted=str(PeriodState.OPEN))
    if wanted.reopening_by == by:
        raise SecondPerson()
    await tx.execute("DELETE FROM ledger_snapshots WHERE period = $1", first)
    await tx.execute("DELETE FROM ledger_period_totals WHERE period = $1", first)
    # Who wanted later months closed did so after this one.
    reopened = [each.period for each in known if each.period > first and each.state is PeriodState.PROPOSED]
    await tx.execute(
        """
        UPDATE ledger_periods
        SET state = 'open', proposed_by = NULL, closed_by = NULL, closed_at = NULL, reopening_by = NULL, reopening_words = ''
        WHERE period = ANY ($1::date[])
        """,
        [first, *reopened],
    )
    await _step(tx, [first, *reopened], PeriodState.OPEN, by, wanted.reopening_words)
    return wanted.reopening_words


def _last_closed(known: Sequence[Period], first: date) -> Period:
    closed = [each for each in known if each.state is PeriodState.CLOSED]
    found = next((each for each in closed if each.period == first), None)
    if found is None:
        state = next((each.state for each in known if each.period == first), PeriodState.OPEN)
        raise TransitionRefused(machine=PERIOD_MACHINE.name, state=str(state), wanted=str(PeriodState.OPEN))
    if found is not closed[-1]:
        raise NotTheLastClosed()
    return found


async def _alone(tx: Tx) -> None:
    """One person after the other: a lock that nobody who posts has anything to do with."""
    await tx.fetch("SELECT pg_advisory_xact_lock($1::integer, 0)", MONTH_LOCKS)


async def _step(tx: Tx, months: Sequence[date], to: PeriodState, by: str, words: str = "") -> None:
    await tx.execute(
        """
        INSERT INTO ledger_period_history (period, step, from_state, to_state, by, words)
        SELECT m.period, coalesce(h.step, 0) + 1, coalesce(h.to_state, 'nowhere'), $2, $3, $4
        FROM unnest($1::date[]) AS m (period) LEFT JOIN LATERAL (
            SELECT step, to_state FROM ledger_period_history h WHERE h.period = m.period ORDER BY step DESC LIMIT 1
        ) AS h ON true
        """,
        list(months),
        str(to),
        by,
        words,
    )
