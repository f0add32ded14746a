"""The jobs that are not done: what waits, runs, was given up; tried again or called off."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel import jobs, queue
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.system import JOBS, MANAGES, READS, tabs, tell
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, InState, address
from steelyard.surfaces.web.visit import Visit

STATUSES = ("todo", "doing", "failed", "cancelled")


class Work(msgspec.Struct, frozen=True, kw_only=True):
    counts: list[jobs.Queued]
    page: queue.JobsPage


async def work(read: Read, status: str | None, job: str | None, cursor: str | None) -> Work:
    page = await queue.listed(read, status=status, job=job, cursor=cursor, limit=ROWS_PER_PAGE)
    return Work(counts=await jobs.queued(read), page=page)


@get("/system/jobs", opt=READS)
async def job_list(
    visit: NamedDependency[Visit],
    status: InState = None,
    job: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[Any]:
    """The jobs that are not done; `?state=failed` those that were given up."""
    wanted = status if status in STATUSES else None
    if exports.wanted(visit):
        return _jobs_file(visit, await visit.db.ask(_all_work, wanted, job or None))
    found = await visit.db.ask(work, wanted, job or None, cursor)
    here = address(JOBS, state=wanted, job=job)
    return await frame.show(
        visit,
        "system_jobs.html",
        frame.SYSTEM,
        tabs=tabs(visit, JOBS),
        found=found,
        shown=wanted,
        job=job,
        base=JOBS,
        next_href=address(JOBS, state=wanted, job=job, cursor=found.page.next) if found.page.next else "",
        start_href=here if cursor else "",
    )


async def _all_work(read: Read, status: str | None, job: str | None) -> list[queue.JobRow]:
    return await exports.everything(
        lambda cursor: queue.listed(read, status=status, job=job, cursor=cursor, limit=ITEMS_PER_PAGE_MAX)
    )


def _jobs_file(visit: Visit, found: list[queue.JobRow]) -> Response[bytes]:
    words = (N_("Job"), N_("Number"), N_("Queue"), N_("State"), N_("Tries"), N_("Not before"), N_("Error"))
    rows = [
        (each.job, each.job_id, each.queue, each.status, each.attempts, each.scheduled_at, each.error) for each in found
    ]
    return exports.sheet(visit, N_("Jobs"), words, rows)


@post("/system/jobs/{job_id:int}/retry", opt=MANAGES)
async def retry_job(visit: NamedDependency[Visit], job_id: FromPath[int]) -> Redirect:
    async def command(tx: Tx) -> dict[str, object]:
        return {"job": await queue.retry(tx, job_id)}

    message = N_("The job is done as soon as a worker is free.")
    return await tell(visit, JOBS, message, "system.retry_job", str(job_id), command)


@post("/system/jobs/{job_id:int}/cancel", opt=MANAGES)
async def cancel_job(visit: NamedDependency[Visit], job_id: FromPath[int]) -> Redirect:
    async def command(tx: Tx) -> dict[str, object]:
        return {"job": await queue.cancel(tx, job_id)}

    message = N_("The job is not done. It can be tried again from here.")
    return await tell(visit, JOBS, message, "system.cancel_job", str(job_id), command)


HANDLERS = [job_list, retry_job, cancel_job]
