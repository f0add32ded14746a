"""What time brings about: how often, when last, what it moved; paused, run at once, given another interval."""

from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel import sweep_board
from steelyard.kernel.db import Tx
from steelyard.kernel.i18n import N_
from steelyard.kernel.sweep_board import EVERY_SECONDS_MAX, EVERY_SECONDS_MIN, SweepRun
from steelyard.surfaces.operator import background_words, frame
from steelyard.surfaces.operator.system import MANAGES, READS, SWEEPS, tabs, tell
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.visit import Visit, WebRequest


@get("/system/sweeps", opt=READS)
async def sweep_list(visit: NamedDependency[Visit]) -> Response[Any]:
    """What time brings about: how often, when last, what it moved."""
    runs = await visit.db.ask(sweep_board.listed)
    if exports.wanted(visit):
        return _file(visit, runs)
    return await frame.show(
        visit,
        "system_sweeps.html",
        frame.SYSTEM,
        tabs=tabs(visit, SWEEPS),
        runs=runs,
        words=background_words.SWEEPS,
        base=SWEEPS,
        least=EVERY_SECONDS_MIN,
        most=EVERY_SECONDS_MAX,
    )


def _file(visit: Visit, runs: list[SweepRun]) -> Response[bytes]:
    words = (
        N_("Sweep"), N_("What"), N_("Every so many seconds"), N_("Paused since"), N_("Last round"), N_("Seconds it took"),
        N_("Last moved anything"), N_("Moved in all"), N_("Failed rounds"), N_("Error"),
    )  # fmt: skip
    rows = [
        (
            run.sweep,
            visit.say(background_words.SWEEPS.get(run.sweep, "")) if run.sweep in background_words.SWEEPS else "",
            run.interval,
            run.paused_at,
            run.ran_at,
            run.seconds,
            run.moved_at,
            run.moved,
            run.failures,
            run.error,
        )
        for run in runs
    ]
    return exports.sheet(visit, N_("Sweeps"), words, rows)


@post("/system/sweeps/{name:str}/pause", opt=MANAGES)
async def pause_sweep(visit: NamedDependency[Visit], name: FromPath[str]) -> Redirect:
    message = N_("It is left out from now on, by every worker, within two seconds.")
    return await tell(visit, SWEEPS, message, "system.pause_sweep", name, partial(sweep_board.pause, sweep=name))


@post("/system/sweeps/{name:str}/resume", opt=MANAGES)
async def resume_sweep(visit: NamedDependency[Visit], name: FromPath[str]) -> Redirect:
    message = N_("It is done again.")
    return await tell(visit, SWEEPS, message, "system.resume_sweep", name, partial(sweep_board.resume, sweep=name))


@post("/system/sweeps/{name:str}/run", opt=MANAGES)
async def run_sweep(visit: NamedDependency[Visit], name: FromPath[str]) -> Redirect:
    message = N_("A worker begins a round within two seconds.")
    return await tell(visit, SWEEPS, message, "system.run_sweep", name, partial(sweep_board.run_now, sweep=name))


@post("/system/sweeps/{name:str}/interval", opt=MANAGES)
async def set_interval(visit: NamedDependency[Visit], request: WebRequest, name: FromPath[str]) -> Redirect:
    """How long it rests between rounds, from now on; nothing typed: as the program says."""
    form = await entries_of(request)
    own = not form.text("seconds")
    seconds = None if own else form.number("seconds", least=EVERY_SECONDS_MIN, most=EVERY_SECONDS_MAX)

    async def command(tx: Tx) -> bool | dict[str, object]:
        form.check()
        before = await sweep_board.set_interval(tx, name, seconds)
        return False if before is None else {"before": before, "after": seconds or N_("as the program says")}

    message = N_("The new interval counts for every worker within two seconds.")
    return await tell(visit, SWEEPS, message, "system.set_sweep_interval", name, command)


HANDLERS = [sweep_list, pause_sweep, resume_sweep, run_sweep, set_interval]
