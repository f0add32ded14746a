"""The queue as people see it: which jobs wait, run or have been given up, with their last error; again, or not at all."""

from datetime import datetime
from typing import Any

import msgspec

from steelyard.kernel import paging
from steelyard.kernel.db import Read, Tx, UniqueViolation
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.kernel.sweeps import Sweep

FORGET_EVERY_SECONDS = 3_600.0
FORGOTTEN_PER_ROUND_MAX = 1_000
HEARTBEAT_SECONDS_MAX = 60


class AlreadyWaiting(Refusal):
    """Of jobs that do the same thing, one waits at a time."""

    code = "job_already_waiting"
    title = N_("Another job does the same already")
    detail = N_("One that does the same is waiting, so this one is not needed.")


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    """A job that is not done: `todo`, `doing`, `failed` (given up) or `cancelled`."""

    job_id: int
    job: str
    queue: str
    status: str
    attempts: int
    scheduled_at: datetime | None
    args: dict[str, Any]
    error: str | None
    failed_at: datetime | None


JobsPage = Page[JobRow]


class WorkerRow(msgspec.Struct, frozen=True):
    """A worker that has given a sign of life; `alive` within the last minute."""

    worker_id: int
    heard_at: datetime
    alive: bool


async def listed(
    read: Read,
    *,
    status: str | None = None,
    job: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> JobsPage:
    """The jobs that are not done, the newest first."""
    key = paging.read_cursor(cursor, int)
    most = paging.limit(limit)
    found = await read.all(
        JobRow,
        """
        SELECT j.id AS job_id, j.task_name AS job, j.queue_name AS queue, j.status::text AS status, j.attempts
             , j.scheduled_at, j.args, f.error, f.at AS failed_at
        FROM procrastinate_jobs j LEFT JOIN job_failures f ON f.job_id = j.id
        WHERE j.status IN ('todo', 'doing', 'failed', 'cancelled')
          AND ($1::text IS NULL OR j.status::text = $1) AND ($2::text IS NULL OR j.task_name = $2)
          AND ($3::bigint IS NULL OR j.id < $3)
        ORDER BY j.id DESC LIMIT $4
        """,
        status,
        job,
        key[0] if key else None,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.job_id,))


async def given_up(read: Read) -> int:
    """How many jobs failed as often as they may."""
    return await read.value("SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'")


async def workers(read: Read) -> list[WorkerRow]:
    """The workers of the last day."""
    return await read.all(
        WorkerRow,
        """
        SELECT id AS worker_id, last_heartbeat AS heard_at
             , last_heartbeat > now() - $1::float8 * interval '1 second' AS alive
        FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 day' ORDER BY id DESC LIMIT 50
        """,
        HEARTBEAT_SECONDS_MAX,
    )


async def retry(tx: Tx, job_id: int) -> str:
    """Do a job now that was given up, was cancelled, or waits for its next try; its name. Raises `NotFound` when it is
    done or running, and `AlreadyWaiting`."""
    try:
        async with tx.savepoint():
            job = await tx.value(
                """
                UPDATE procrastinate_jobs SET status = 'todo', scheduled_at = NULL, abort_requested = false
                     , worker_id = NULL
                WHERE id = $1 AND status IN ('todo', 'failed', 'cancelled') RETURNING task_name
                """,
                job_id,
            )
    except UniqueViolation:
        raise AlreadyWaiting() from None
    if job is None:
        raise NotFound()
    return job


async def cancel(tx: Tx, job_id: int) -> str:
    """Do not do a job that waits, and ask one that runs to stop; its name. Raises `NotFound` when it is done."""
    job = await tx.value(
        "SELECT task_name FROM procrastinate_jobs WHERE id = $1 AND status IN ('todo', 'doing') FOR UPDATE", job_id
    )
    if job is None:
        raise NotFound()
    await tx.value("SELECT procrastinate_cancel_job_v1($1, true, false)", job_id)
    return job


async def note_failure(tx: Tx, job_id: int, job: str, tries: int, error: str) -> None:
    """Remember why a job did not come to its end."""
    await tx.execute(
        """
        INSERT INTO job_failures (job_id, job, tries, error) VALUES ($1, $2, $3, $4)
        ON CONFLICT (job_id) DO UPDATE SET tries = excluded.tries, error = excluded.error, at = now()
        """,
        job_id,
        job,
        tries,
        error,
    )


async def forget(tx: Tx) -> int:
    """Forget the errors of jobs that are done."""
    return await tx.execute(
        """
        DELETE FROM job_failures WHERE job_id IN (
            SELECT f.job_id FROM job_failures f
            WHERE NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.id = f.job_id)
            ORDER BY f.job_id LIMIT $1 FOR UPDATE SKIP LOCKED)
        """,
        FORGOTTEN_PER_ROUND_MAX,
    )


SWEEP = Sweep("jobs.forget_errors", FORGET_EVERY_SECONDS, lambda db: db.transact(forget))
