"""How the house itself does: the database, the workers, the mails, the parties outside, and whether its truths are true."""

import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

import steelyard
from steelyard.kernel import checks, events, queue, sweep_board, vitals
from steelyard.kernel.checks import CheckFailure, CheckResult
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.i18n import N_
from steelyard.money import payments
from steelyard.parties import access, notifications
from steelyard.parties.access.model import Actor
from steelyard.parties.notifications.model import MailQueue
from steelyard.surfaces.components.page import NavItem
from steelyard.surfaces.operator import frame, reach
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import done
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit

READS = {"permission": "system.read"}
MANAGES = {"permission": "system.manage"}

JOBS = f"{frame.SYSTEM}/jobs"
SUBSCRIBERS = f"{frame.SYSTEM}/subscribers"
SWEEPS = f"{frame.SYSTEM}/sweeps"
CHECKS = f"{frame.SYSTEM}/checks"
BATCHES = f"{frame.SYSTEM}/batches"

FAILURES_SHOWN = 50
LAG_SECONDS_WORTH_TELLING = 60.0
_TABS = (
    (frame.SYSTEM, N_("Health")),
    (SUBSCRIBERS, N_("Subscribers")),
    (SWEEPS, N_("Sweeps")),
    (JOBS, N_("Jobs")),
    (BATCHES, N_("Batches")),
    (CHECKS, N_("Checks")),
)


def tabs(visit: Visit, here: str) -> list[NavItem]:
    """The pages about the system; `here` is the open one."""
    return [NavItem(visit.say(label), href, current=href == here) for href, label in _TABS]


# What a command on something that goes on by itself says of what it did: False when nothing changed, else the facts
# for the audit log, if there are any.
Told = Mapping[str, object] | bool | None


async def tell(
    visit: Visit, back: str, message: str, action: str, subject: str, command: Callable[[Tx], Awaitable[Told]]
) -> Redirect:
    """Give a command to something that goes on by itself; it is written down unless nothing changed."""

    async def together(tx: Tx) -> None:
        told = await command(tx)
        if told is not False:
            await access.audit(tx, visit.actor, action, subject, told if isinstance(told, Mapping) else None)

    return await done(visit, back, message, lambda: visit.db.transact(together))


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """`behind` and `stuck` count subscribers, `failing` sweeps whose last round failed, `untrue` checks."""

    vitals: vitals.Vitals
    workers: list[queue.WorkerRow]
    mails: MailQueue
    held_by: str | None
    stuck: int
    behind: int
    paused: int
    failing: int
    given_up: int
    untrue: int
    resting: list[payments.Rest]


async def health(read: Read) -> Health:
    lags, runs = await events.lags(read), await sweep_board.listed(read)
    results = await checks.results(read)
    return Health(
        vitals=await vitals.vitals(read),
        workers=await queue.workers(read),
        mails=await notifications.mail_queue(read),
        held_by=await events.holding_back(read),
        stuck=sum(1 for lag in lags if lag.error),
        behind=sum(1 for lag in lags if lag.events and lag.seconds > LAG_SECONDS_WORTH_TELLING),
        paused=sum(1 for each in [*lags, *runs] if each.paused_at),
        failing=sum(1 for run in runs if run.failed_at and run.ran_at and run.failed_at >= run.ran_at),
        given_up=await queue.given_up(read),
        resting=[each for each in (await payments.rests(read)).values() if each.rests],
        untrue=sum(1 for result in results if result.found),
    )


class Disk(msgspec.Struct, frozen=True):
    free: int
    total: int


def _disk(visit: Visit) -> Disk:
    home = visit.settings.home
    while not home.exists():
        home = home.parent
    usage = shutil.disk_usage(home)
    return Disk(usage.free, usage.total)


async def _health_page(visit: Visit, reached: Sequence[reach.Reached] | None = None) -> Response[Any]:
    return await frame.show(
        visit,
        "system.html",
        frame.SYSTEM,
        tabs=tabs(visit, frame.SYSTEM),
        health=await visit.db.ask(health),
        disk=_disk(visit),
        parties=reach.parties(visit.settings),
        reached={each.name: each for each in reached} if reached is not None else None,
        version=steelyard.__version__,
        python=sys.version.split()[0],
        links={"jobs": JOBS, "subscribers": SUBSCRIBERS, "sweeps": SWEEPS, "checks": CHECKS},
    )


@get("/system", opt=READS)
async def system_page(visit: NamedDependency[Visit]) -> Response[Any]:
    return await _health_page(visit)


@post("/system/reach", opt=READS)
async def ask_outside(visit: NamedDependency[Visit]) -> Response[Any]:
    """Ask the parties outside whether they answer. Nothing is changed anywhere."""
    return await _health_page(visit, await reach.ask_all(visit.settings))


class Truths(msgspec.Struct, frozen=True, kw_only=True):
    results: list[CheckResult]
    failures: list[CheckFailure]


async def truths(read: Read) -> Truths:
    return Truths(results=await checks.results(read), failures=await checks.failures(read, FAILURES_SHOWN))


@get("/system/checks", opt=READS)
async def checks_page(visit: NamedDependency[Visit]) -> Response[Any]:
    """Every truth with what it was last found to be, and the log of those that were not."""
    if exports.wanted(visit):
        return _truths_file(visit, (await visit.db.ask(truths)).results)
    return await frame.show(
        visit,
        "system_checks.html",
        frame.SYSTEM,
        tabs=tabs(visit, CHECKS),
        truths=await visit.db.ask(truths),
        count=len(checks.collect()),
    )


def _truths_file(visit: Visit, results: list[CheckResult]) -> Response[bytes]:
    words = (N_("What must be true"), N_("Module"), N_("State"), N_("Rows"), N_("Looked at"))
    states = {True: visit.say(N_("Not true")), False: visit.say(N_("True"))}
    rows = [(visit.say(each.name), each.module, states[each.found > 0], each.found, each.ran_at) for each in results]
    return exports.sheet(visit, N_("Checks"), words, rows)


async def note(tx: Tx, actor: Actor, violations: int) -> None:
    await access.audit(tx, actor, "system.check", "checks", {"violations": violations})


@post("/system/checks", opt=MANAGES)
async def run_checks(visit: NamedDependency[Visit]) -> Redirect:
    """Run every `checks.sql` now, all at one instant."""
    violations = await checks.run_and_keep(visit.db)
    await visit.db.transact(note, visit.actor, len(violations))
    if violations:
        told = visit.say(N_("{count} checks are not true. They are named below."), count=len(violations))
        return redirect(visit, CHECKS, (told, "bad"))
    return redirect(visit, CHECKS, (visit.say(N_("All checks are true at this instant.")), "good"))


HANDLERS = [system_page, ask_outside, checks_page, run_checks]
