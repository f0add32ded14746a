"""A channel that mostly does not answer is rested, tried again, and rested longer: counted across processes."""

import asyncio

import pytest

from steelyard.kernel.db import Database, Tx
from steelyard.money import payments
from steelyard.money.payments import Unknown, health
from steelyard.money.payments.health import RestState, rest_seconds

GONE = Unknown(why="ReadTimeout")


async def fail(db: Database, times: int) -> RestState:
    state = RestState.WORKING
    for _ in range(times):
        state = await db.transact(health.tell, "one", 0, 1, "ReadTimeout")
    return state


async def over(tx: Tx) -> None:
    """The rest is over."""
    await tx.execute("UPDATE channel_rests SET rested_until = now() - interval '1 millisecond' WHERE channel = 'one'")


async def test_five_calls_without_an_answer_rest_it(db: Database) -> None:
    assert await fail(db, 4) is RestState.WORKING
    assert await db.ask(payments.rests) == {}

    assert await fail(db, 1) is RestState.RESTING

    rest = (await db.ask(payments.rests))["one"]
    assert rest.rests and (rest.times, rest.why) == (1, "ReadTimeout")
    assert (rest.rested_until - rest.since).total_seconds() == 30


async def test_few_among_many_that_answer_do_not(db: Database) -> None:
    await db.transact(health.tell, "one", 100, 0, "")

    assert await fail(db, 20) is RestState.WORKING


async def test_after_its_rest_the_next_call_decides(db: Database) -> None:
    await fail(db, 5)
    assert await db.transact(health.tell, "one", 1, 0, "") is RestState.RESTING  # what was under way
    await db.transact(over)
    assert (await db.ask(payments.rests))["one"].is_tried

    assert await fail(db, 1) is RestState.RESTING
    again = (await db.ask(payments.rests))["one"]
    assert (again.times, (again.rested_until - again.since).total_seconds()) == (2, 60)

    await db.transact(over)
    assert await db.transact(health.tell, "one", 1, 0, "") is RestState.WORKING
    assert await fail(db, 4) is RestState.WORKING  # what was before does not count any more
    assert [each.to_state for each in await db.ask(payments.rest_changes)] == ["working", "resting", "resting"]


async def test_staff_end_a_rest(db: Database) -> None:
    await fail(db, 5)

    assert await db.transact(payments.try_now, "one")
    assert not await db.transact(payments.try_now, "one")
    assert (await db.ask(payments.rests))["one"].is_tried


def test_rests_grow_and_end_at_ten_minutes() -> None:
    assert [rest_seconds(times) for times in (1, 2, 3, 4, 5, 6, 60)] == [30, 60, 120, 240, 480, 600, 600]


async def test_many_at_once_rest_it_once(db: Database) -> None:
    await asyncio.gather(*(db.transact(health.tell, "one", 0, 1, "ConnectError") for _ in range(20)))

    assert [each.to_state for each in await db.ask(payments.rest_changes)] == ["resting"]
    assert (await db.ask(payments.rests))["one"].times == 1


async def test_what_goes_well_is_gathered_and_what_does_not_is_told_at_once(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[object, ...]] = []

    async def listen(_tx: Tx, *facts: object) -> None:
        told.append(facts)

    monkeypatch.setattr(health, "tell", listen)
    db.kept.pop(health.KEPT, None)
    for _ in range(3):
        await payments.note(db, "one", None)
    assert told == []

    await payments.note(db, "one", GONE)

    assert told == [("one", 3, 1, "ReadTimeout")]
