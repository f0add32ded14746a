"""Answers that are said again: made once, dropped by news of what they speak of, never kept beyond their age."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from steelyard.kernel import answers, events
from steelyard.kernel.answers import LOOK_SECONDS, Answers, Made
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.events import Event

AGE = 30.0


class Moved(Event, frozen=True, kw_only=True):
    """These things are elsewhere now."""

    KIND = "test.moved"

    things: list[str]


class Clock:
    """Time passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Shelf:
    """Says how often it was asked, and of which things it spoke."""

    def __init__(self, *things: str, seconds: float = AGE) -> None:
        self.asked = 0
        self.things = frozenset(things)
        self.seconds = seconds

    async def __call__(self) -> Made[bytes]:
        self.asked += 1
        said = f"answer {self.asked}".encode()
        return Made(said, len(said), self.things, self.seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(db: Database, clock: Clock) -> Answers[bytes]:
    return Answers(db, {Moved: lambda moved: moved.things}, clock)


async def moved(db: Database, *things: str) -> None:
    await db.transact(events.publish, Moved(things=list(things)))


async def test_the_same_question_is_answered_once_and_said_again(kept: Answers[bytes]) -> None:
    shelf, other = Shelf("tea"), Shelf("tea")

    first = await asyncio.gather(*(kept.answer("shelf", shelf) for _ in range(5)))
    again = await kept.answer("shelf", shelf)
    elsewhere = await kept.answer("another question", other)

    assert {*first, again} == {b"answer 1"}
    assert (shelf.asked, other.asked, elsewhere) == (1, 1, b"answer 1")


async def test_news_of_what_it_speaks_of_drops_an_answer_and_no_other(
    db: Database, kept: Answers[bytes], clock: Clock
) -> None:
    tea, tools = Shelf("tea", "cups"), Shelf("hammer")
    await asyncio.gather(kept.answer("tea", tea), kept.answer("tools", tools))

    await moved(db, "cups")
    clock.now += LOOK_SECONDS + 0.1

    assert await kept.answer("tea", tea) == b"answer 2"
    assert await kept.answer("tools", tools) == b"answer 1"


async def test_what_is_said_was_true_a_moment_ago_and_no_longer_ago(
    db: Database, kept: Answers[bytes], clock: Clock
) -> None:
    shelf = Shelf("tea")
    await kept.answer("tea", shelf)
    await moved(db, "tea")

    clock.now += LOOK_SECONDS
    within = await kept.answer("tea", shelf)
    clock.now += 0.1
    after = await kept.answer("tea", shelf)

    assert (within, after) == (b"answer 1", b"answer 2")


async def test_news_of_a_transaction_that_was_open_for_long_is_not_missed(
    db: Database, kept: Answers[bytes], clock: Clock
) -> None:
    shelf, announced, finish = Shelf("tea"), asyncio.Event(), asyncio.Event()

    async def slowly(tx: Tx) -> None:
        await events.publish(tx, Moved(things=["tea"]))
        announced.set()
        await finish.wait()

    slow = asyncio.create_task(db.transact(slowly))
    await announced.wait()
    await kept.answer("tea", shelf)
    await moved(db, "something else")  # of a later transaction, seen earlier
    clock.now += LOOK_SECONDS + 0.1
    before = await kept.answer("tea", shelf)
    finish.set()
    await slow
    clock.now += LOOK_SECONDS + 0.1
    after = await kept.answer("tea", shelf)
    clock.now += LOOK_SECONDS + 0.1
    later = await kept.answer("tea", shelf)

    assert (before, after, later) == (b"answer 1", b"answer 2", b"answer 2")


async def test_what_changes_while_it_is_being_made_is_not_kept(
    db: Database, kept: Answers[bytes], clock: Clock
) -> None:
    shelf = Shelf("tea")

    async def meanwhile() -> Made[bytes]:
        made = await shelf()
        await moved(db, "tea")
        clock.now += LOOK_SECONDS + 0.1
        await kept.answer("something else", Shelf())
        return made

    await kept.answer("tea", meanwhile)

    assert await kept.answer("tea", shelf) == b"answer 2"


async def test_an_answer_has_an_age(kept: Answers[bytes], clock: Clock) -> None:
    shelf = Shelf("tea")
    await kept.answer("tea", shelf)

    clock.now += AGE + 0.1

    assert await kept.answer("tea", shelf) == b"answer 2"


async def test_what_may_not_be_kept_is_made_for_each(kept: Answers[bytes]) -> None:
    shelf = Shelf("tea", seconds=0)

    said = await asyncio.gather(*(kept.answer("tea", shelf) for _ in range(3)))

    assert sorted(said) == [b"answer 1", b"answer 2", b"answer 3"]


async def test_a_refusal_is_told_to_who_was_refused(kept: Answers[bytes]) -> None:
    tries = 0

    async def refuse() -> Made[bytes]:
        nonlocal tries
        tries += 1
        raise NotFound()

    refused = await asyncio.gather(*(kept.answer("tea", refuse) for _ in range(3)), return_exceptions=True)

    assert [type(each) for each in refused] == [NotFound] * 3
    assert tries == len({id(each) for each in refused}) == 3
    assert await kept.answer("tea", Shelf("tea")) == b"answer 1"


async def test_who_goes_away_takes_nobodys_answer_along(kept: Answers[bytes]) -> None:
    begun, finish, shelf = asyncio.Event(), asyncio.Event(), Shelf("tea")

    async def slowly() -> Made[bytes]:
        begun.set()
        await finish.wait()
        return await shelf()

    leaving = asyncio.create_task(kept.answer("tea", slowly))
    await begun.wait()
    staying = asyncio.create_task(kept.answer("tea", shelf))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    finish.set()

    assert await staying == b"answer 1"
    assert shelf.asked == 1


@pytest.mark.parametrize(
    ("limit", "value"),
    [("ANSWERS_MAX", 2), ("BYTES_MAX", (len(b"answer 1") + answers.OVERHEAD_BYTES + answers.ID_BYTES) * 2)],
    ids=["answers", "bytes"],
)
async def test_only_so_much_is_kept(
    kept: Answers[bytes], monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(answers, limit, value)
    shelves: dict[str, Callable[[], Awaitable[Made[bytes]]]] = {name: Shelf(name) for name in "abc"}
    for name, shelf in shelves.items():
        await kept.answer(name, shelf)

    said = {name: await kept.answer(name, shelf) for name, shelf in reversed(shelves.items())}

    assert said == {"c": b"answer 1", "b": b"answer 1", "a": b"answer 2"}


async def test_of_too_much_news_everything_is_dropped(
    db: Database, kept: Answers[bytes], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "NEWS_MAX", 2)
    shelf = Shelf("tea")
    await kept.answer("tea", shelf)
    for thing in ("a", "b", "tea"):
        await moved(db, thing)

    clock.now += LOOK_SECONDS + 0.1

    assert await kept.answer("tea", shelf) == b"answer 2"
