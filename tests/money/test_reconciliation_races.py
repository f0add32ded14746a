"""Two at once: people who decide, a run that goes on meanwhile, statements that come and are withdrawn."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from steelyard.kernel.db import Database, Tx
from steelyard.money import payments, reconciliation
from steelyard.money.ledger.model import AccountKind
from steelyard.money.reconciliation import turning_up
from steelyard.money.reconciliation.model import DayBooked, Difference, DifferenceState, Source
from tests.money.deals import CAPTURED, Deal, record
from tests.money.statements import Row, Sale, listed, noon, received, reconciled, sold, written

DAY = date(2026, 3, 5)
NEXT = DAY + timedelta(days=1)
ADA, BEN = "staff:ada", "staff:ben"
SUSPENSE = AccountKind.SUSPENSE


async def beside(db: Database, first: Callable[[Tx], Awaitable[Any]], second: Awaitable[Any]) -> Any:
    """The first is done and not committed when the second begins; returns what the second answers."""
    done, go_on = asyncio.Event(), asyncio.Event()

    async def held(tx: Tx) -> None:
        await first(tx)
        done.set()
        await go_on.wait()

    one = asyncio.create_task(db.transact(held))
    await done.wait()
    two = asyncio.ensure_future(second)
    await asyncio.wait({two}, timeout=0.5)
    go_on.set()
    await one
    return await two


async def two_of_one_day(db: Database) -> list[Difference]:
    rows = await sold(db, [Sale(10_000, noon(DAY)), Sale(5_000, noon(DAY))])
    await reconciled(db, DAY, [row.but(amount=row.amount - 100) for row in rows])
    return await listed(db)


async def closed(db: Database, day: date = DAY) -> bool:
    return any(each.closed_at for each in (await db.ask(reconciliation.days)).items if each.day == day)


async def test_two_people_who_explain_the_last_two_differences_at_once_close_the_day(db: Database) -> None:
    one, two = await two_of_one_day(db)

    await beside(
        db,
        lambda tx: reconciliation.settle(tx, "simpay", one.item_id, None, "known", ADA),
        db.transact(reconciliation.settle, "simpay", two.item_id, None, "known", BEN),
    )

    assert await closed(db)


async def test_a_day_is_not_closed_while_somebody_opens_it_again(db: Database) -> None:
    one, two = await two_of_one_day(db)
    await db.transact(reconciliation.settle, "simpay", one.item_id, None, "known", ADA)

    await beside(
        db,
        lambda tx: reconciliation.take_back(tx, "simpay", one.item_id, "", ADA),
        db.transact(reconciliation.settle, "simpay", two.item_id, None, "known", BEN),
    )

    assert not await closed(db)


async def test_what_is_booked_while_a_run_finds_its_other_side_is_reversed(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal = Deal((7_000,))
    await db.transact(payments.instruct, deal.instruction())
    today, at = datetime.now(UTC).date(), datetime.now(UTC)
    await reconciled(db, today, [Row(at, "capture", "pay_1", "pay_1", str(deal.payment_id), "CNY", 7_000, 42)])
    await reconciled(db, today + timedelta(days=1))
    [item] = await listed(db)
    await record(db, deal, CAPTURED)
    found = turning_up.found_of
    booking: list[asyncio.Task[DifferenceState]] = []

    async def and_somebody_books(tx: Tx, source: Source, day: date, pairs: Any) -> Any:
        rows = await found(tx, source, day, pairs)
        books = db.transact(reconciliation.settle, "simpay", item.item_id, SUSPENSE, "", ADA)
        booking.append(asyncio.create_task(books))
        await asyncio.wait(booking, timeout=0.5)
        return rows

    monkeypatch.setattr(turning_up, "found_of", and_somebody_books)
    await reconciliation.run(db, "simpay", today)

    [refused] = await asyncio.gather(*booking, return_exceptions=True)
    assert isinstance(refused, Exception), "it is closed by then"
    [item] = await listed(db)
    assert (item.state, item.booking) == (DifferenceState.CLOSED, None)


async def test_a_statement_on_which_somebody_just_decides_is_not_withdrawn(db: Database) -> None:
    one, _ = await two_of_one_day(db)

    with pytest.raises(DayBooked):
        await beside(
            db,
            lambda tx: reconciliation.settle(tx, "simpay", one.item_id, SUSPENSE, "", ADA),
            db.transact(reconciliation.withdraw, "simpay", DAY, BEN),
        )


async def test_a_statement_is_taken_in_while_another_of_its_source_is_run(db: Database) -> None:
    rows = await sold(db, [Sale(10_000, noon(DAY))])
    await received(db, "simpay", DAY, written(rows))
    running, go_on = asyncio.Event(), asyncio.Event()

    async def run(tx: Tx) -> None:
        await reconciliation.run_within(tx, "simpay", DAY)
        running.set()
        await go_on.wait()

    task = asyncio.create_task(db.transact(run))
    await running.wait()
    try:
        await asyncio.wait_for(received(db, "simpay", NEXT, written([])), timeout=3)
    finally:
        go_on.set()
        await task


async def test_what_turned_up_on_a_statement_is_missing_again_when_that_is_withdrawn(db: Database) -> None:
    late, *_ = rows = await sold(db, [Sale(10_000, noon(DAY) + timedelta(hours=11)), Sale(2_000, noon(DAY))])
    await reconciled(db, DAY, rows[1:])
    await reconciled(db, NEXT, [late.but(at=noon(NEXT) - timedelta(hours=11))])
    assert await closed(db)

    await db.transact(reconciliation.withdraw, "simpay", NEXT, ADA)

    [missing] = await listed(db, kind="missing_there")
    assert (missing.state, missing.day) == (DifferenceState.WAITING, DAY)
    assert not await closed(db)
    await reconciled(db, NEXT)
    [missing] = await listed(db, kind="missing_there")
    assert missing.state is DifferenceState.OPEN


async def test_a_statement_that_comes_anew_is_the_first_again_for_what_a_later_one_repeats(db: Database) -> None:
    rows = await sold(db, [Sale(10_000, noon(DAY)), Sale(2_000, noon(DAY))])
    await reconciled(db, DAY, rows)
    await reconciled(db, NEXT, rows[:1])
    await db.transact(reconciliation.withdraw, "simpay", DAY, ADA)

    again = await reconciled(db, DAY, [*rows, Row(noon(DAY), "payout", "po_1", "", "po_1", "CNY", -100)])

    assert again.matched == 2
    assert [(each.kind, each.day) for each in await listed(db, states=["open", "waiting"])] == [("duplicate", NEXT)]
