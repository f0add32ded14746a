"""Background work: deferred in the transaction that decides it, done at least once."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from steelyard.kernel import ids, jobs
from steelyard.kernel.db import Database, Read, Tx, administer
from steelyard.kernel.errors import NotFound

DONE: list[object] = []
FAILURES: dict[str, Exception] = {}


@jobs.job("test.weigh", tries_max=3)
async def weigh(db: Database, *, parcel_id: UUID, grams: int = 1) -> None:
    assert isinstance(db, Database)
    if failure := FAILURES.get("weigh"):
        raise failure
    DONE.append((parcel_id, grams))


@jobs.job("test.slow")
async def slow(db: Database, *, seconds: float) -> None:
    DONE.append("begun")
    await asyncio.sleep(seconds)
    DONE.append("ended")


@pytest.fixture(autouse=True)
def nothing_done() -> None:
    DONE.clear()
    FAILURES.clear()


async def queued(read: Read) -> list[tuple[str, int]]:
    rows = await read.fetch("SELECT status::text, attempts FROM procrastinate_jobs ORDER BY id")
    return [(row["status"], row["attempts"]) for row in rows]


async def make_due(tx: Tx) -> None:
    await tx.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL")


async def test_a_job_is_done_with_its_arguments_as_annotated(db: Database, database_url: str) -> None:
    parcel = ids.mint()
    await db.transact(jobs.defer, weigh, parcel_id=parcel, grams=500)

    await jobs.work_off(db, database_url)

    assert [(parcel, 500)] == DONE
    assert isinstance(DONE[0], tuple)
    assert await db.ask(queued) == []


async def test_a_job_of_a_transaction_that_fails_is_never_done(db: Database, database_url: str) -> None:
    async def fail(tx: Tx) -> None:
        await jobs.defer(tx, weigh, parcel_id=ids.mint())
        raise LookupError

    with pytest.raises(LookupError):
        await db.transact(fail)
    await jobs.work_off(db, database_url)

    assert DONE == []


async def test_a_merchants_request_queues_a_job_and_sees_none(db: Database, database_url: str) -> None:
    merchant = db.as_merchant(ids.mint())
    parcel = ids.mint()

    assert await merchant.transact(jobs.defer, weigh, parcel_id=parcel)
    with pytest.raises(Exception, match="permission denied"):
        await merchant.ask(queued)
    await jobs.work_off(db, database_url)

    assert [(parcel, 1)] == DONE


async def test_what_fails_is_tried_again_later_and_not_for_ever(db: Database, database_url: str) -> None:
    FAILURES["weigh"] = OSError("the scale is away")
    await db.transact(jobs.defer, weigh, parcel_id=ids.mint())

    await jobs.work_off(db, database_url)
    assert await db.ask(queued) == [("todo", 1)]
    await jobs.work_off(db, database_url)
    assert await db.ask(queued) == [("todo", 1)], "not before its pause is over"
    for _ in range(2):
        await db.transact(make_due)
        await jobs.work_off(db, database_url)

    assert await db.ask(queued) == [("failed", 3)]


async def test_what_is_refused_is_not_tried_again(db: Database, database_url: str) -> None:
    FAILURES["weigh"] = NotFound()
    await db.transact(jobs.defer, weigh, parcel_id=ids.mint())

    await jobs.work_off(db, database_url)

    assert await db.ask(queued) == [("failed", 1)]


async def test_one_that_waits_already_is_not_queued_twice(db: Database, database_url: str) -> None:
    once = weigh.with_options(once="weigh the shop")

    async def thrice(tx: Tx) -> list[bool]:
        return [await jobs.defer(tx, once, parcel_id=ids.mint()) is not None for _ in range(3)]

    assert await db.transact(thrice) == [True, False, False]
    await jobs.work_off(db, database_url)

    assert len(DONE) == 1
    assert await db.transact(jobs.defer, once, parcel_id=ids.mint()) is not None


async def test_a_job_waits_for_its_time(db: Database, database_url: str) -> None:
    tomorrow = weigh.with_options(at=datetime.now(UTC) + timedelta(days=1))
    await db.transact(jobs.defer, tomorrow, parcel_id=ids.mint())

    await jobs.work_off(db, database_url)

    assert DONE == []
    assert await db.ask(queued) == [("todo", 0)]


async def test_wrong_arguments_are_found_where_the_job_is_deferred(db: Database) -> None:
    with pytest.raises(TypeError):
        await db.transact(jobs.defer, weigh, gramms=1)  # pyright: ignore[reportCallIssue]


async def test_a_worker_that_is_stopped_ends_what_it_began(db: Database, database_url: str) -> None:
    stop = asyncio.Event()
    await db.transact(jobs.defer, slow, seconds=0.5)
    working = asyncio.create_task(jobs.keep_working(db, database_url, stop))
    while not DONE:
        await asyncio.sleep(0.01)
    await db.transact(jobs.defer, slow.with_options(), seconds=0.0)

    stop.set()
    await asyncio.wait_for(working, 60)

    assert DONE[:2] in (["begun", "ended"], ["begun", "begun"])
    assert DONE.count("ended") == DONE.count("begun")


async def test_what_a_killed_worker_left_is_done_by_the_next(db: Database, database_url: str) -> None:
    parcel = ids.mint()
    number = await db.transact(jobs.defer, weigh, parcel_id=parcel)
    async with administer(database_url) as connection:
        await connection.execute(
            """
            WITH dead AS (
                INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id)
            UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM dead) WHERE id = $1
            """,
            number,
        )
    stop = asyncio.Event()
    working = asyncio.create_task(jobs.keep_working(db, database_url, stop))
    for _ in range(6_000):
        if DONE:
            break
        await asyncio.sleep(0.01)
    stop.set()
    await asyncio.wait_for(working, 60)

    assert [(parcel, 1)] == DONE
