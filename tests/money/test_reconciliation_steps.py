"""A day is run in many short transactions: whatever they are cut into and wherever they break off, it is as if it were one."""

import random
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.money import reconciliation
from steelyard.money.ledger.model import AccountKind
from steelyard.money.reconciliation import counting, matching
from steelyard.money.reconciliation.model import DifferenceState
from tests.money.statements import Row, Sale, listed, noon, received, sold, written
from tests.support.database import violations

DAY = date(2026, 3, 5)
ADA = "staff:ada"


class Killed(Exception):
    """The process ended here."""


class Undone(Exception):
    """What was found before it was rolled back."""


class Broken:
    """A database whose process ends at its `at`th step: before it commits, or right after."""

    def __init__(self, db: Database, at: int, *, after: bool) -> None:
        self._db, self._left, self._after = db, at, after

    async def transact(self, command: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        self._left -= 1

        async def ends(tx: Tx) -> Any:
            answer = await command(tx, *args, **kwargs)
            if self._left == 0 and not self._after:
                raise Killed
            return answer

        answer = await self._db.transact(ends)
        if self._left == 0:
            raise Killed
        return answer

    async def ask(self, query: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        return await self._db.ask(query, *args, **kwargs)


async def found(read: Read) -> list[tuple[Any, ...]]:
    """All that runs of simpay have left behind, in an order of its own."""
    rows = await read.fetch(
        """
        SELECT 'difference', concat_ws('|', item_id, day, kind, state, line_no, transfer_id, theirs, ours, ended_on, booking)
        FROM reconciliation_differences WHERE source = 'simpay'
        UNION ALL SELECT 'history', concat_ws('|', item_id, step, from_state, to_state, by)
        FROM reconciliation_difference_history WHERE source = 'simpay'
        UNION ALL SELECT 'match', concat_ws('|', file_id, line_no, transfer_id, way)
        FROM reconciliation_matches WHERE source = 'simpay'
        UNION ALL SELECT 'day', concat_ws('|', day, file_id, lines, matched, closed_at IS NOT NULL)
        FROM reconciliation_days WHERE source = 'simpay'
        UNION ALL SELECT 'total', concat_ws('|', day, currency, theirs, ours, fees, paid_on)
        FROM reconciliation_totals WHERE source = 'simpay'
        UNION ALL SELECT 'account', concat_ws('|', owner_id, kind, currency, debits, credits) FROM ledger_accounts
        ORDER BY 1, 2
        """
    )
    return [tuple(row) for row in rows]


async def as_one(db: Database, day: date) -> list[tuple[Any, ...]]:
    """What one long transaction would have come to; nothing of it stays."""

    async def tried(tx: Tx) -> None:
        await reconciliation.run_within(tx, "simpay", day)
        raise Undone(await found(tx))

    with pytest.raises(Undone) as undone:
        await db.transact(tried)
    return undone.value.args[0]


def spoilt(rows: list[Row], chance: random.Random) -> list[Row]:
    """What a channel may say of a day: each line as it is, or wrong in one of the ways there are."""
    said: list[Row] = []
    for row in rows:
        nameless = row.but(reference="", id=f"x_{ids.mint().hex}", payment=f"x_{ids.mint().hex}")
        match chance.randrange(9):
            case 0:
                said.append(row.but(amount=row.amount + (7 if row.amount > 0 else -7)))
            case 1:
                said.append(row.but(fee=row.fee + 3))
            case 2:
                said += [row, row]
            case 3:
                said += [row, row.but(id=f"y_{ids.mint().hex}")]
            case 4:
                said.append(row.but(reference="", id=f"z_{ids.mint().hex}"))
            case 5:
                said.append(nameless)
            case 6:
                said += [
                    row,
                    nameless.but(amount=row.amount + (11 if row.amount > 0 else -11), reference=str(ids.mint())),
                ]
            case _:
                said.append(row)
    chance.shuffle(said)
    return said


async def statement(db: Database, day: date, late: list[Row], chance: random.Random) -> list[Row]:
    """A day's statement, with what the one before did not have; returns what it has not itself."""
    sales = [
        Sale(chance.choice((1_000, 1_000, 2_500, 4_000 + n)), noon(day) + timedelta(minutes=n), refund=n % 3 * 100)
        for n in range(8)
    ]
    rows = await sold(db, sales)
    kept = chance.sample(range(len(rows)), 3)
    said = spoilt([row for n, row in enumerate(rows) if n not in kept], chance)
    payout = Row(noon(day), "payout", f"po_{day}", "", f"po_{day}", "CNY", -500)
    await received(db, "simpay", day, written([*said, *late, payout, payout]))
    return [rows[n] for n in kept]


async def somebody_books(db: Database) -> None:
    items = await listed(db, states=["open"])
    for item in items[:2]:
        into = AccountKind.SUSPENSE if item.theirs != item.ours and item.kind != "day" else None
        await db.transact(reconciliation.settle, "simpay", item.item_id, into, "known", ADA)


@pytest.mark.parametrize("seed", [11, 12, 13])
async def test_however_a_run_is_cut_and_broken_off_it_comes_to_what_one_transaction_does(
    db: Database, database_url: str, seed: int
) -> None:
    chance = random.Random(seed)
    late: list[Row] = []
    broken = 0
    for n in range(3):
        day = DAY + timedelta(days=n)
        late = await statement(db, day, [row.but(amount=row.amount + 1) if n == 1 else row for row in late], chance)
        wanted = await as_one(db, day)
        at = 1
        while True:  # each time it comes one to three steps further than before it ended, or ends sooner
            ending = Broken(db, at, after=chance.random() < 0.5)
            try:
                await reconciliation.run(ending, "simpay", day, at_once=chance.randint(1, 3))
                break
            except Killed:
                broken += 1
                at += chance.randint(1, 3)
                assert not await violations(database_url), "what was done so far is true"
        assert await db.ask(found) == wanted
        await reconciliation.run(db, "simpay", day)
        assert await db.ask(found) == wanted, "said again it counts nothing twice"
        await somebody_books(db)
    assert broken > 15
    kinds = {(each.kind, each.state) for each in await listed(db)}
    assert {"amount", "duplicate", "missing_here", "missing_there"} <= {kind for kind, _ in kinds}
    assert {DifferenceState.CLOSED, DifferenceState.BOOKED} <= {state for _, state in kinds}


async def test_what_breaks_off_between_matching_and_listing_would_be_seen(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a step that commits its pairs and lists later what differs loses that when it is broken off."""
    rows = await sold(db, [Sale(10_000, noon(DAY)), Sale(5_000, noon(DAY))])
    await received(db, "simpay", DAY, written([row.but(amount=row.amount - 100) for row in rows]))
    wanted = await as_one(db, DAY)

    async def later(*_: object) -> None:
        return None

    with monkeypatch.context() as patch:
        patch.setattr(matching, "list_different", later)
        with pytest.raises(Killed):
            await reconciliation.run(Broken(db, 2, after=True), "simpay", DAY, at_once=1)
    await reconciliation.run(db, "simpay", DAY, at_once=1)

    assert await db.ask(found) != wanted
    # (What tests leave behind is checked.)
    await db.transact(reconciliation.withdraw, "simpay", DAY, ADA)


async def test_no_step_is_for_more_lines_than_it_is_told(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = await sold(db, [Sale(1_000 + n, noon(DAY)) for n in range(11)])
    await received(db, "simpay", DAY, written(rows))
    steps: list[int] = []
    add = counting.add

    async def noted(tx: Tx, source: Any, pairs: Any) -> None:
        steps.append(len(pairs))
        await add(tx, source, pairs)

    monkeypatch.setattr(counting, "add", noted)
    run = await reconciliation.run(db, "simpay", DAY, at_once=4)

    assert (run.matched, sum(steps)) == (11, 11)
    assert max(steps) <= 4
    assert len(steps) > 2
