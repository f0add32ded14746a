"""Background work: imports, exports, mails, reports. Deferred in the transaction that decides it, done by a worker.

`procrastinate` keeps the queue in the same PostgreSQL. A job is done at least once: it may be killed and started
again, so it claims what it does, like any command. (What must happen exactly once is an event; what time brings
about is a sweep.) Deferring notifies the workers at commit, and such commits go one behind the other: a hot command
publishes an event instead and lets a subscriber defer.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Concatenate, Generic, ParamSpec, cast, get_type_hints

import msgspec
import procrastinate
import structlog
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job as QueuedJob

from steelyard.kernel import queue
from steelyard.kernel.db import (
    APP_ROLE,
    CONNECT_TIMEOUT_SECONDS,
    UNUSED_SECONDS_MAX,
    Database,
    Read,
    Tx,
    UniqueViolation,
)
from steelyard.kernel.errors import Refusal
from steelyard.kernel.sweeps import wait

P = ParamSpec("P")

TRIES_MAX = 8
FIRST_PAUSE_SECONDS = 5
PAUSE_SECONDS_MAX = 3_600
JOBS_AT_ONCE = 4
POLL_SECONDS = 2.0
STALLED_EVERY_SECONDS = 30.0
STOP_SECONDS_MAX = 20.0
FAILED_PAUSE_SECONDS = 5.0
ERROR_LETTERS_MAX = 2_000

log = structlog.get_logger()


@dataclass(frozen=True)
class Job(Generic[P]):
    """A function that runs in the background: `await jobs.defer(tx, send_report, merchant_id=...)`."""

    name: str
    run: Callable[Concatenate[Database, P], Awaitable[None]]
    queue: str
    tries_max: int
    at: datetime | None = None
    lock: str | None = None
    once: str | None = None
    priority: int = 0

    def with_options(
        self,
        *,
        at: datetime | None = None,
        lock: str | None = None,
        once: str | None = None,
        priority: int = 0,
    ) -> "Job[P]":
        """The same job for one deferral: not before `at`; never two with the same `lock` at once, oldest first; not
        at all when one with the same `once` is waiting already; higher `priority` first."""
        return replace(self, at=at, lock=lock, once=once, priority=priority)


_JOBS: dict[str, Job[...]] = {}


def job(
    name: str, *, queue: str = "default", tries_max: int = TRIES_MAX
) -> Callable[[Callable[Concatenate[Database, P], Awaitable[None]]], Job[P]]:
    """Register a background function under a stable `name` ("module.what_it_does").

    It is called with a `Database` and its keyword arguments, which travel as JSON and arrive as annotated. An error is
    tried again with growing pauses, `tries_max` times in all; a `Refusal` is final at once.
    """

    def register(function: Callable[Concatenate[Database, P], Awaitable[None]]) -> Job[P]:
        assert name not in _JOBS, f"two jobs are called {name}"
        made: Job[P] = Job(name=name, run=function, queue=queue, tries_max=tries_max)
        _JOBS[name] = cast(Job[...], made)
        return made

    return register


async def defer(tx: Tx, task: Job[P], *args: P.args, **kwargs: P.kwargs) -> int | None:
    """Queue `task` when this transaction commits, and not at all when it does not. Arguments by keyword only.

    Returns the queue's number for it; None when one with the same `once` is already waiting.
    """
    assert not args, "a job's arguments are given by keyword"
    assert task.name in _JOBS
    inspect.signature(task.run).bind(None, **kwargs)
    given = (task.queue, task.name, task.priority, task.lock, task.once, msgspec.to_builtins(kwargs), task.at)
    if task.once is None:
        return await _queue(tx, *given)
    try:
        async with tx.savepoint():
            return await _queue(tx, *given)
    except UniqueViolation:
        return None


async def _queue(tx: Tx, *given: object) -> int:
    return await tx.value(
        """
        SELECT unnest(procrastinate_defer_jobs_v1(ARRAY[
            ROW($1::varchar, $2::varchar, $3::integer, $4::text, $5::text, $6::jsonb, $7::timestamptz)
        ]::procrastinate_job_to_defer_v1[]))
        """,
        *given,
    )


class Queued(msgspec.Struct, frozen=True):
    """How many jobs of a name are in a state: `todo`, `doing` or `failed` (given up)."""

    name: str
    status: str
    count: int


async def queued(read: Read) -> list[Queued]:
    """What the queue holds; what is done is not in it any more."""
    return await read.all(
        Queued,
        """
        SELECT task_name AS name, status::text AS status, count(*) AS count FROM procrastinate_jobs
        WHERE status IN ('todo', 'doing', 'failed') GROUP BY task_name, status ORDER BY task_name, status
        """,
    )


async def keep_working(db: Database, url: str, stop: asyncio.Event, *, at_once: int = JOBS_AT_ONCE) -> None:
    """Do jobs until `stop` is set; those that run then have `STOP_SECONDS_MAX` to end, and are done again if they do
    not. When the database goes away, it is asked again until it is back."""
    while not stop.is_set():
        try:
            await _work_until(stop, db, url, at_once)
        except Exception:  # the next round begins with new connections
            log.exception("jobs.worker_failed")
            await wait(stop, FAILED_PAUSE_SECONDS)


async def _work_until(stop: asyncio.Event, db: Database, url: str, at_once: int) -> None:
    app = _app(url, at_once)
    async with app.open_async():
        worker = asyncio.create_task(
            app.run_worker_async(
                concurrency=at_once,
                fetch_job_polling_interval=POLL_SECONDS,
                shutdown_graceful_timeout=STOP_SECONDS_MAX,
                delete_jobs="successful",
                install_signal_handlers=False,
                additional_context={"db": db},
            )
        )
        stopped = asyncio.create_task(stop.wait())
        reviving = asyncio.create_task(_keep_reviving(app, stop))
        try:
            await asyncio.wait({worker, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (stopped, reviving, worker):
                task.cancel()  # asks the worker to stop; it lets its jobs end first
            ended, *_ = await asyncio.gather(worker, stopped, reviving, return_exceptions=True)
        if isinstance(ended, Exception):
            raise ended


async def work_off(db: Database, url: str) -> None:
    """Do every job that is due, then return: for tests and for commands that want the house at rest."""
    app = _app(url, 1)
    async with app.open_async():
        await app.run_worker_async(
            wait=False,
            concurrency=1,
            listen_notify=False,
            delete_jobs="successful",
            install_signal_handlers=False,
            additional_context={"db": db},
        )


def _app(url: str, at_once: int) -> procrastinate.App:
    connector = procrastinate.PsycopgConnector(
        conninfo=url,
        kwargs={
            "options": f"-c role={APP_ROLE} -c timezone=UTC",
            "application_name": "steelyard jobs",
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        },
        min_size=1,
        max_size=at_once + 2,
        max_idle=UNUSED_SECONDS_MAX,
    )
    app = procrastinate.App(connector=connector)
    for each in _JOBS.values():
        app.task(name=each.name, queue=each.queue, retry=_Patience(each.tries_max), pass_context=True)(_runner(each))
    return app


def _runner(each: Job[...]) -> Callable[..., Awaitable[None]]:
    annotated = get_type_hints(each.run)

    async def run(context: JobContext, **given: Any) -> None:
        db = cast(Database, context.additional_context["db"])
        arguments = {
            name: msgspec.convert(value, annotated[name]) if name in annotated else value
            for name, value in given.items()
        }
        with structlog.contextvars.bound_contextvars(job=each.name, job_id=context.job.id):
            try:
                await each.run(db, **arguments)
            except Exception as error:
                log.exception("job.failed", tries=context.job.attempts + 1)
                await _remember(db, context.job, error)
                raise

    return run


async def _remember(db: Database, job: QueuedJob, error: Exception) -> None:
    """Where people can see it; that it cannot be written must not hide the error itself."""
    if job.id is None:
        return
    try:
        words = f"{type(error).__name__}: {error}"[:ERROR_LETTERS_MAX]
        await db.transact(queue.note_failure, job.id, job.task_name, job.attempts + 1, words)
    except Exception:
        log.exception("job.error_not_kept")


class _Patience(procrastinate.BaseRetryStrategy):
    """Growing pauses: 5 s, 10 s, 20 s … at most an hour. What was refused, or misses its arguments, stays refused."""

    def __init__(self, tries_max: int) -> None:
        self.tries_max = tries_max

    def get_retry_decision(self, *, exception: BaseException, job: QueuedJob) -> procrastinate.RetryDecision | None:
        if isinstance(exception, Refusal | msgspec.ValidationError) or job.attempts + 1 >= self.tries_max:
            return None
        pause = min(FIRST_PAUSE_SECONDS * 2**job.attempts, PAUSE_SECONDS_MAX)
        return procrastinate.RetryDecision(retry_in={"seconds": pause})


async def _keep_reviving(app: procrastinate.App, stop: asyncio.Event) -> None:
    """Queue again what a killed worker left half done."""
    while not stop.is_set():
        try:
            for stalled in await app.job_manager.get_stalled_jobs():
                log.warning("job.revived", job=stalled.task_name, job_id=stalled.id)
                await app.job_manager.retry_job(stalled)
        except Exception:  # the next round may succeed, and the worker itself says when the database is gone
            log.exception("jobs.reviving_failed")
        await wait(stop, STALLED_EVERY_SECONDS)
