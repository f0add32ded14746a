"""How the house itself does: who is behind with the news, what the queue holds, and whether its truths are true."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency

from steelyard.kernel import checks, events, jobs
from steelyard.kernel.checks import Violation
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.events import Lag
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.visit import Visit

NEEDS = {"permission": "settings.manage"}


class State(msgspec.Struct, frozen=True, kw_only=True):
    """`held_by` is the transaction that keeps all readers of the log waiting, if one does."""

    lags: list[Lag]
    held_by: str | None
    queue: list[jobs.Queued]
    checks: Sequence[str]


async def state(read: Read) -> State:
    return State(
        lags=await events.lags(read),
        held_by=await events.holding_back(read),
        queue=await jobs.queued(read),
        checks=[f"{check.module}: {check.name}" for check in checks.collect()],
    )


async def page(visit: Visit, violations: Sequence[Violation] | None = None) -> Response[Any]:
    return await frame.show(visit, "system.html", frame.SYSTEM, state=await visit.db.ask(state), violations=violations)


@get("/system", opt=NEEDS)
async def system_page(visit: NamedDependency[Visit]) -> Response[Any]:
    return await page(visit)


async def note(tx: Tx, actor: Actor, violations: int) -> None:
    await access.audit(tx, actor, "system.check", "checks", {"violations": violations})


@post("/system/check", opt=NEEDS)
async def run_checks(visit: NamedDependency[Visit]) -> Response[Any]:
    """Run every `checks.sql` now, all at one instant, and show what is not true."""
    violations = await visit.db.ask(checks.run)
    await visit.db.transact(note, visit.actor, len(violations))
    return await page(visit, violations)


HANDLERS = [system_page, run_checks]
