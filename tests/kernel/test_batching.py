"""Adaptive batching: one batch in flight, each request with its own answer, whatever happens to its neighbours."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.kernel.batching import Batcher, Busy, drain, join
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import NotFound, Refusal


class Wish(msgspec.Struct, frozen=True):
    """`what` it is about, and what becomes of it."""

    what: int
    how: str = "done"


class Poisoned(Exception):
    """Nobody's fault but the request's."""


class Workshop:
    """Work that goes on when the test says so, and remembers what it was given."""

    def __init__(self) -> None:
        self.batches: list[list[Wish]] = []
        self.at_work = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, wishes: Sequence[Wish]) -> list[str | Refusal]:
        self.at_work += 1
        assert self.at_work == 1, "one batch is in flight"
        self.batches.append(list(wishes))
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
            if any(wish.how == "away" for wish in wishes):
                raise ConnectionResetError
            if any(wish.how == "poison" for wish in wishes):
                raise Poisoned
            return [NotFound(what=wish.what) if wish.how == "refused" else said(wish) for wish in wishes]
        finally:
            self.at_work -= 1


def said(wish: Wish) -> str:
    return f"{wish.what} {wish.how}"


def batcher(work: Workshop, batch_most: int = 256, waiting_most: int = 1_000) -> Batcher[Wish, str]:
    return Batcher("test", work, lambda wish: wish.what, batch_most=batch_most, waiting_most=waiting_most)


async def settle() -> None:
    """Everybody who can go on without the gate has done so."""
    for _ in range(20):
        await asyncio.sleep(0)


async def asked(door: Batcher[Wish, str], *wishes: Wish) -> list[asyncio.Task[str]]:
    tasks = [asyncio.create_task(door.ask(wish)) for wish in wishes]
    await settle()
    return tasks


async def test_who_is_alone_waits_for_nobody() -> None:
    work = Workshop()

    assert await batcher(work).ask(Wish(1)) == "1 done"
    assert work.batches == [[Wish(1)]]


async def test_what_arrives_while_a_batch_is_in_flight_is_the_next() -> None:
    work = Workshop()
    door = batcher(work)
    work.gate.clear()

    first = await asked(door, Wish(1))
    others = await asked(door, Wish(2), Wish(3), Wish(4))
    work.gate.set()

    assert await asyncio.gather(*first, *others) == ["1 done", "2 done", "3 done", "4 done"]
    assert work.batches == [[Wish(1)], [Wish(2), Wish(3), Wish(4)]]
    assert (door.figures.batches, door.figures.requests, door.figures.largest) == (2, 4, 3)


async def test_a_batch_is_no_larger_than_it_may_be_and_takes_the_longest_waiting_first() -> None:
    work = Workshop()

    await asyncio.gather(*(await asked(batcher(work, batch_most=2), *(Wish(what) for what in range(5)))))

    assert work.batches == [[Wish(0), Wish(1)], [Wish(2), Wish(3)], [Wish(4)]]


async def test_the_same_request_twice_is_one_request_with_two_who_are_answered() -> None:
    work = Workshop()
    door = batcher(work)

    answers = await asyncio.gather(*(await asked(door, Wish(1), Wish(1, "done"), Wish(2))))

    assert answers == ["1 done", "1 done", "2 done"]
    assert work.batches == [[Wish(1), Wish(2)]]
    assert door.figures.merged == 1


async def test_two_wishes_about_one_thing_never_share_a_batch() -> None:
    work = Workshop()

    answers = await asyncio.gather(*(await asked(batcher(work), Wish(1), Wish(1, "otherwise"), Wish(2))))

    assert answers == ["1 done", "1 otherwise", "2 done"]
    assert work.batches == [[Wish(1), Wish(2)], [Wish(1, "otherwise")]]


async def test_a_refusal_is_the_answer_of_its_own_request() -> None:
    work = Workshop()
    door = batcher(work)

    answers = await asyncio.gather(*(await asked(door, Wish(1), Wish(2, "refused"), Wish(3))), return_exceptions=True)

    assert (answers[0], answers[2]) == ("1 done", "3 done")
    assert isinstance(answers[1], NotFound)
    assert answers[1].what == 2
    assert len(work.batches) == 1
    assert (door.figures.refused, door.figures.failed, door.figures.split) == (1, 0, 0)


async def test_a_batch_that_fails_is_said_again_one_by_one() -> None:
    work = Workshop()
    door = batcher(work)

    answers = await asyncio.gather(*(await asked(door, Wish(1), Wish(2, "poison"), Wish(3))), return_exceptions=True)

    assert (answers[0], answers[2]) == ("1 done", "3 done")
    assert isinstance(answers[1], Poisoned)
    assert work.batches == [[Wish(1), Wish(2, "poison"), Wish(3)], [Wish(1)], [Wish(2, "poison")], [Wish(3)]]
    assert (door.figures.split, door.figures.failed) == (1, 1)
    assert await door.ask(Wish(4)) == "4 done"


async def test_when_the_database_is_away_everybody_is_told_at_once() -> None:
    work = Workshop()

    answers = await asyncio.gather(*(await asked(batcher(work), Wish(1), Wish(2, "away"))), return_exceptions=True)

    assert [type(answer) for answer in answers] == [ConnectionResetError, ConnectionResetError]
    assert len(work.batches) == 1, "those who wait behind would only wait longer"


async def test_work_that_forgets_an_answer_is_found_out() -> None:
    async def careless(wishes: Sequence[Wish]) -> list[str | Refusal]:
        return [said(wish) for wish in wishes if wish.what != 2]

    door = Batcher[Wish, str]("test", careless, lambda wish: wish.what)

    answers = await asyncio.gather(*(await asked(door, Wish(1), Wish(2), Wish(3))), return_exceptions=True)

    assert (answers[0], answers[2]) == ("1 done", "3 done")
    assert isinstance(answers[1], AssertionError)


async def test_who_goes_away_takes_nobody_along() -> None:
    work = Workshop()
    door = batcher(work)
    work.gate.clear()

    in_flight = await asked(door, Wish(1), Wish(2))
    waiting = await asked(door, Wish(3), Wish(4), Wish(4))
    for impatient in (in_flight[0], waiting[0], waiting[1]):
        impatient.cancel()
    await settle()
    work.gate.set()

    assert await asyncio.gather(in_flight[1], waiting[2]) == ["2 done", "4 done"]
    assert [task.cancelled() for task in (in_flight[0], waiting[0], waiting[1])] == [True, True, True]
    assert work.batches == [[Wish(1), Wish(2)], [Wish(3), Wish(4)]], "what was asked for is done"


async def test_too_many_are_sent_away_and_told_when_to_come_back() -> None:
    work = Workshop()
    door = batcher(work, waiting_most=2)
    work.gate.clear()

    served = await asked(door, Wish(1))
    waiting = await asked(door, Wish(2), Wish(3))
    with pytest.raises(Busy) as refused:
        await door.ask(Wish(4))
    again = await asked(door, Wish(3))  # whoever asks for what waits already takes no place
    work.gate.set()

    assert (refused.value.status, refused.value.retry_after) == (503, 1)
    assert await asyncio.gather(*served, *waiting, *again) == ["1 done", "2 done", "3 done", "3 done"]
    assert door.figures.turned_away == 1
    assert await door.ask(Wish(4)) == "4 done"


async def test_the_end_of_the_process_waits_for_all_that_was_asked() -> None:
    work = Workshop()
    door = batcher(work, batch_most=2)
    work.gate.clear()

    tasks = await asked(door, *(Wish(what) for what in range(5)))
    ending = asyncio.create_task(door.drain())
    await settle()
    with pytest.raises(Busy):
        await door.ask(Wish(9))
    work.gate.set()
    await ending

    assert all(task.done() for task in tasks)
    assert [task.result() for task in tasks] == [f"{what} done" for what in range(5)]
    await door.drain()  # nothing left: said twice, nothing happens


def gathering(
    work: Workshop, batch_most: int = 256, waiting_most: int = 1_000, seconds: float = 3_600.0
) -> Batcher[Wish, str]:
    return Batcher(
        "test", work, lambda wish: wish.what, batch_most=batch_most, waiting_most=waiting_most, gather_seconds=seconds
    )


async def test_what_nobody_waits_for_is_gathered_until_it_is_wanted() -> None:
    work = Workshop()
    door = gathering(work)

    taken = [door.leave(Wish(what)) for what in range(3)]
    await settle()
    before = list(work.batches)
    await door.flush()
    taken.append(door.leave(Wish(3)))
    await settle()

    assert all(taken)
    assert before == []
    assert work.batches == [[Wish(0), Wish(1), Wish(2)]], "what comes after a flush is gathered again"
    await door.drain()
    assert work.batches[1:] == [[Wish(3)]]


async def test_what_is_gathered_is_done_when_its_time_is_up() -> None:
    work = Workshop()
    door = gathering(work, seconds=0.001)

    door.leave(Wish(1))

    assert await door.ask(Wish(2)) == "2 done"
    assert work.batches == [[Wish(1), Wish(2)]]


async def test_a_full_batch_is_not_gathered_any_longer() -> None:
    work = Workshop()
    door = gathering(work, batch_most=2)

    for what in range(5):
        door.leave(Wish(what))
    await settle()

    assert work.batches == [[Wish(0), Wish(1)], [Wish(2), Wish(3)]]
    await door.drain()
    assert work.batches[2:] == [[Wish(4)]]


async def test_what_is_too_much_or_too_late_is_let_go_and_counted() -> None:
    work = Workshop()
    door = gathering(work, waiting_most=2)

    taken = [door.leave(Wish(what)) for what in range(3)]
    await door.drain()
    taken.append(door.leave(Wish(4)))

    assert taken == [True, True, False, False]
    assert work.batches == [[Wish(0), Wish(1)]]
    assert (door.figures.requests, door.figures.turned_away) == (2, 2)


async def test_what_was_left_and_failed_is_counted_and_takes_nothing_along() -> None:
    work = Workshop()
    door = gathering(work)

    for wish in (Wish(1), Wish(2, "poison"), Wish(3, "refused")):
        door.leave(wish)
    await door.flush()

    assert (door.figures.requests, door.figures.failed, door.figures.refused) == (3, 1, 1)
    assert door.leave(Wish(1))
    await door.drain()


async def add_up(tx: Tx, numbers: Sequence[int]) -> list[int | Refusal]:
    """Each number in a row of its own, and how many transactions wrote so far."""
    written = "INSERT INTO events (kind, payload) SELECT 'test.number', to_jsonb(n) FROM unnest($1::integer[]) AS n"
    await tx.execute(written, list(numbers))
    return [NotFound() if number == 0 else 10 * number for number in numbers]


async def transactions(read: Read) -> int:
    return await read.value("SELECT count(DISTINCT xid) FROM events WHERE kind = 'test.number'")


async def test_who_wants_the_same_command_now_shares_a_transaction(db: Database) -> None:
    answers = await asyncio.gather(
        *(join(db, add_up, number, lambda number: number) for number in (3, 0, 5)), return_exceptions=True
    )

    assert (answers[0], answers[2]) == (30, 50)
    assert isinstance(answers[1], NotFound)
    assert await db.ask(transactions) == 1


async def test_after_the_last_call_nobody_is_let_in(db: Database) -> None:
    await join(db, add_up, 1, lambda number: number)
    await drain(db)

    with pytest.raises(Busy):
        await join(db, add_up, 2, lambda number: number)


STEPS = st.lists(
    st.one_of(
        st.builds(Wish, st.integers(0, 6), st.sampled_from(["done", "done", "otherwise", "refused", "poison"])),
        st.sampled_from(["go away", "let go", "hold"]),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, batch_most=st.integers(1, 5), gathers=st.booleans())
def test_whoever_stays_gets_the_answer_to_their_own_request(
    steps: list[Wish | str], batch_most: int, gathers: bool
) -> None:
    asyncio.run(_lived(steps, batch_most, gathers))


async def _lived(steps: list[Wish | str], batch_most: int, gathers: bool) -> None:
    work = Workshop()
    door = gathering(work, batch_most) if gathers else batcher(work, batch_most)
    tasks: list[tuple[Wish, asyncio.Task[str]]] = []
    gone: set[asyncio.Task[str]] = set()
    for step in steps:
        if isinstance(step, Wish):
            tasks.append((step, asyncio.create_task(door.ask(step))))
        elif step == "go away" and tasks:
            impatient = tasks[len(tasks) // 2][1]
            gone |= {impatient} if impatient.cancel() else set()
        elif step == "let go":
            work.gate.set()
        else:
            work.gate.clear()
        await asyncio.sleep(0)
    work.gate.set()
    await settle()
    await door.drain()
    for wish, task in tasks:
        if task in gone:
            continue
        (answer,) = await asyncio.gather(task, return_exceptions=True)
        expected = {"poison": Poisoned, "refused": NotFound}.get(wish.how)
        assert isinstance(answer, expected) if expected else answer == said(wish)
    asked_for = Counter(wish for wish, task in tasks if task not in gone)
    worked = Counter(wish for batch in work.batches for wish in batch)
    assert all(worked[wish] for wish in asked_for), "nothing that was asked for is left out"
    for batch in work.batches:
        assert len(batch) <= batch_most
        assert len({wish.what for wish in batch}) == len(batch), "one wish about each thing"
