"""The application as it is, and a door at which visitors do what their pages note: `granian --factory bench.watched:watched`.

So capture runs where it does in a shop, in the web workers, without the pages being drawn. At a second door the same is asked and
made, and let go: what is left between the two is what capture costs.
"""

from random import Random
from typing import Any

from litestar import Litestar, Request, post
from litestar.params import FromPath

from bench import door, habits

PATH = "/bench/done"
SILENT_PATH = "/bench/unsaid"
VISITORS = 8_000

_chance = Random(7)  # noqa: S311  # habits, no secrets
_visitors = habits.visitors(VISITORS)


@post(PATH + "/{events:int}", status_code=204, opt={"exclude_from_csrf": True})
async def done(request: Request[Any, Any, Any], events: FromPath[int]) -> None:
    """So many things are done now."""
    for _ in range(events):
        request.app.state.footfall.note(habits.note(_chance.choice(_visitors), _chance))


@post(SILENT_PATH + "/{events:int}", status_code=204, opt={"exclude_from_csrf": True})
async def unsaid(events: FromPath[int]) -> None:
    """So many things are done now, and nobody writes them down."""
    for _ in range(events):
        habits.note(_chance.choice(_visitors), _chance)


def watched() -> Litestar:
    """With the channel of `bench.door`."""
    made = door.house()
    made.register(done)
    made.register(unsaid)
    return made
