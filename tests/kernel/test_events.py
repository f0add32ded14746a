"""The event log: in order, exactly once, however transactions interleave and processes die."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import ClassVar
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from steelyard.kernel import events, ids
from steelyard.kernel.db import Database, Read, Tx, Unreachable, administer
from steelyard.kernel.events import Event, Subscriber, publish, pump


class Weighed(Event, frozen=True):
    KIND: ClassVar[str] = "scale.weighed"

    number: int
    parcel_id: UUID | None = None


class Cleaned(Event, frozen=True):
    KIND: ClassVar[str] = "scale.cleaned"


class Notebook:
    """A subscriber whose effect is a row a number, in the database, so that twice would be seen."""

    def __init__(self, name: str = "notebook") -> None:
        self.poison: int | None = None
        self.batches: list[int] = []
        self.subscriber = Subscriber(name, {Weighed: self.note})
        self.name = name

    async def note(self, tx: Tx, weighed: Sequence[Weighed]) -> None:
        self.batches.append(len(weighed))
        for event in weighed:
            assert event.number != self.poison, "poison"
            await tx.execute("INSERT INTO notes (reader, number) VALUES ($1, $2)", self.name, event.number)

    async def read(self, db: Database) -> list[int]:
        return await db.ask(self._read)

    async def _read(self, read: Read) -> list[int]:
        rows = await read.fetch("SELECT number FROM notes WHERE reader = $1 ORDER BY line", self.name)
        return [row["number"] for row in rows]


@pytest_asyncio.fixture
async def house(database_url: str) -> AsyncIterator[Database]:
    async with administer(database_url) as connection:
        await connection.execute(
            "CREATE TABLE notes (line bigint GENERATED ALWAYS AS IDENTITY, reader text, number integer);"
            "GRANT ALL ON notes TO steelyard_app"
        )
    database = await Database.connect(database_url, size=6)
    yield database
    await database.close()


async def announce(tx: Tx, *numbers: int) -> None:
    await publish(tx, *(Weighed(number=number) for number in numbers))


async def patiently(db: Database, subscriber: Subscriber) -> int:
    """Pump until there is something: other databases of the cluster may hold readers back for a moment."""
    for _ in range(6_000):
        if moved := await pump(db, subscriber):
            return moved
        await asyncio.sleep(0.01)
    return 0


async def test_events_are_read_in_the_order_in_which_they_were_published(house: Database) -> None:
    notebook = Notebook()
    await house.transact(announce, 3, 1, 2)
    await house.transact(announce, 5, 4)

    assert await events.drain(house, [notebook.subscriber]) == 5

    assert await notebook.read(house) == [3, 1, 2, 5, 4]
    assert await events.drain(house, [notebook.subscriber]) == 0


async def test_ids_and_amounts_arrive_as_they_were(house: Database) -> None:
    got: list[Weighed] = []

    async def keep(_tx: Tx, weighed: Sequence[Weighed]) -> None:
        got.extend(weighed)

    event = Weighed(number=1, parcel_id=ids.mint())
    await house.transact(publish, event, Cleaned())

    await events.drain(house, [Subscriber("keeper", {Weighed: keep})])

    assert got == [event]


async def test_what_is_rolled_back_was_never_announced(house: Database) -> None:
    notebook = Notebook()

    async def fail(tx: Tx) -> None:
        await announce(tx, 1)
        raise LookupError

    with pytest.raises(LookupError):
        await house.transact(fail)
    await house.transact(announce, 2)
    await events.drain(house, [notebook.subscriber])

    assert await notebook.read(house) == [2]


async def test_readers_wait_for_a_transaction_that_is_still_open(house: Database) -> None:
    notebook = Notebook()
    published, finish = asyncio.Event(), asyncio.Event()

    async def slow(tx: Tx) -> None:
        await announce(tx, 1)
        published.set()
        await finish.wait()

    slowly = asyncio.create_task(house.transact(slow))
    await published.wait()
    await house.transact(announce, 2)

    # 2 is committed, but 1 stands before it and may still come: stepping over it would lose it.
    assert await pump(house, notebook.subscriber) == 0
    finish.set()
    await slowly
    await events.drain(house, [notebook.subscriber])

    assert await notebook.read(house) == [1, 2]


async def test_control_a_reader_that_goes_by_position_alone_loses_the_slow_one(house: Database) -> None:
    published, finish = asyncio.Event(), asyncio.Event()

    async def slow(tx: Tx) -> None:
        await announce(tx, 1)
        published.set()
        await finish.wait()

    async def after(read: Read, position: int) -> list[int]:
        rows = await read.fetch("SELECT position FROM events WHERE position > $1 ORDER BY position", position)
        return [row["position"] for row in rows]

    slowly = asyncio.create_task(house.transact(slow))
    await published.wait()
    await house.transact(announce, 2)
    seen = await house.ask(after, 0)
    finish.set()
    await slowly

    assert len(seen) == 1
    assert await house.ask(after, seen[-1]) == [], "the slow one is behind the cursor for ever"


async def test_killed_between_effect_and_commit_each_event_still_has_its_effect_once(
    house: Database, database_url: str
) -> None:
    notebook = Notebook()
    await house.transact(announce, 1, 2, 3)
    killed = False

    async def note_and_die(tx: Tx, weighed: Sequence[Weighed]) -> None:
        nonlocal killed
        await notebook.note(tx, weighed)
        if not killed:
            killed = True
            pid = await tx.value("SELECT pg_backend_pid()")
            async with administer(database_url) as connection:
                await connection.execute("SELECT pg_terminate_backend($1)", pid)

    dying = Subscriber(notebook.name, {Weighed: note_and_die})
    while not killed:
        with suppress(*Unreachable):
            await pump(house, dying)
        await asyncio.sleep(0.01)
    assert notebook.batches, "it had had its effect when it was killed"
    await events.drain(house, [notebook.subscriber])

    assert await notebook.read(house) == [1, 2, 3]


async def test_two_workers_at_once_do_nothing_twice(house: Database) -> None:
    notebook = Notebook()
    for number in range(40):
        await house.transact(announce, number)

    async def worker() -> None:
        for _ in range(20):
            await pump(house, notebook.subscriber)

    await asyncio.gather(worker(), worker(), worker())
    await events.drain(house, [notebook.subscriber])

    assert await notebook.read(house) == list(range(40))


async def test_a_thousand_are_read_in_one_batch(house: Database) -> None:
    notebook = Notebook()
    await house.transact(announce, *range(1_200))

    assert await patiently(house, notebook.subscriber) == 1_000
    assert await patiently(house, notebook.subscriber) == 200


async def test_a_bad_event_stops_its_subscriber_there_and_nobody_else(house: Database) -> None:
    stuck, other = Notebook("stuck"), Notebook("other")
    stuck.poison = 3
    await house.transact(announce, 1, 2, 3, 4)

    assert await patiently(house, stuck.subscriber) == 2
    await events.drain(house, [other.subscriber])

    assert await stuck.read(house) == [1, 2]
    assert await other.read(house) == [1, 2, 3, 4]
    lag = {lag.subscriber: lag for lag in await house.ask(events.lags)}
    assert (lag["stuck"].events, lag["other"].events) == (2, 0)
    assert "poison" in (lag["stuck"].error or "")
    assert await pump(house, stuck.subscriber) == 0, "not before its pause is over"


async def test_a_bad_event_is_tried_again_after_growing_pauses_and_never_skipped(house: Database) -> None:
    notebook = Notebook()
    notebook.poison = 1
    await house.transact(announce, 1, 2)

    async def pause(read: Read) -> float:
        return await read.value("SELECT extract(epoch FROM retry_at - now())::float8 FROM event_failures") or 0.0

    async def be_due(tx: Tx) -> None:
        await tx.execute("UPDATE event_failures SET retry_at = now()")

    pauses: list[float] = []
    for _ in range(4):
        await house.transact(be_due)
        assert await patiently_fail(house, notebook, len(pauses)) == 0
        pauses.append(await house.ask(pause))
    notebook.poison = None
    await house.transact(be_due)
    await events.drain(house, [notebook.subscriber])

    assert pauses == sorted(pauses)
    assert pauses[-1] > 4
    assert await notebook.read(house) == [1, 2]
    assert [lag.error for lag in await house.ask(events.lags)] == [None]


async def patiently_fail(db: Database, notebook: Notebook, times: int) -> int:
    while len(notebook.batches) < 2 * (times + 1):
        if moved := await pump(db, notebook.subscriber):
            return moved
        await asyncio.sleep(0.01)
    return 0


async def test_draining_says_so_when_a_subscriber_cannot_get_to_the_end(house: Database) -> None:
    notebook = Notebook()
    notebook.poison = 1
    await house.transact(announce, 1)

    with pytest.raises(AssertionError, match="cannot get past an event"):
        await events.drain(house, [notebook.subscriber])


async def test_a_new_subscriber_reads_the_whole_history(house: Database) -> None:
    early, late = Notebook("early"), Notebook("late")
    await house.transact(announce, 1, 2)
    await events.drain(house, [early.subscriber])

    await events.drain(house, [late.subscriber])

    assert await late.read(house) == [1, 2]


async def test_a_house_at_rest_writes_nothing_however_often_it_is_asked(house: Database) -> None:
    notebook = Notebook()
    await house.transact(announce, 1)
    await events.drain(house, [notebook.subscriber])

    async def moved_at(read: Read) -> tuple[object, object]:
        row = await read.row("SELECT xmin::text, moved_at FROM event_cursors")
        assert row is not None
        return tuple(row)

    before = await house.ask(moved_at)
    for _ in range(5):
        assert await pump(house, notebook.subscriber) == 0
    assert await house.ask(events.waiting, ["notebook", "never read"]) == ["never read"]

    assert await house.ask(moved_at) == before


async def test_the_transaction_that_holds_readers_back_is_named(house: Database) -> None:
    published, finish = asyncio.Event(), asyncio.Event()

    async def slow(tx: Tx) -> None:
        await announce(tx, 1)
        published.set()
        await finish.wait()

    slowly = asyncio.create_task(house.transact(slow))
    await published.wait()
    await asyncio.sleep(1.1)
    named = await house.ask(events.holding_back)
    finish.set()
    await slowly

    assert named is not None
    assert "steelyard" in named
    assert "INSERT INTO events" in named


async def test_after_a_restore_nothing_is_lost_and_nothing_done_twice(house: Database, database_url: str) -> None:
    ahead, behind, fresh = Notebook("ahead"), Notebook("behind"), Notebook("fresh")
    await house.transact(announce, 1, 2)
    await events.drain(house, [ahead.subscriber, behind.subscriber])
    await house.transact(announce, 3)
    await events.drain(house, [ahead.subscriber])
    async with administer(database_url) as connection, connection.transaction():
        # As in a copy from a cluster that is further on: numbers that this one will not reach for years.
        await connection.execute("ALTER TABLE events ALTER xid DROP DEFAULT")
        for table in ("events", "event_cursors"):
            await connection.execute(f"UPDATE {table} SET xid = (xid::text::bigint + 4000000000)::text::xid8")
        await connection.execute("ALTER TABLE events ALTER xid SET DEFAULT pg_current_xact_id()")
    assert await pump(house, behind.subscriber) == 0, "without renumbering, its news is never old enough"

    async with administer(database_url) as connection, connection.transaction():
        await events.renumber(Tx(connection))
    await house.transact(announce, 4)
    await events.drain(house, [ahead.subscriber, behind.subscriber, fresh.subscriber])

    for notebook in (ahead, behind, fresh):
        assert await notebook.read(house) == [1, 2, 3, 4]


async def test_the_application_cannot_rewrite_the_log(house: Database) -> None:
    await house.transact(announce, 1)

    async def rewrite(tx: Tx) -> None:
        await tx.execute("UPDATE events SET payload = '{}'")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await house.transact(rewrite)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await house.transact(events.renumber)


async def test_a_merchants_request_announces_and_does_not_read(house: Database) -> None:
    merchant = house.as_merchant(ids.mint())
    notebook = Notebook()

    await merchant.transact(announce, 1)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await merchant.ask(events.lags)
    await events.drain(house, [notebook.subscriber])

    assert await notebook.read(house) == [1]
