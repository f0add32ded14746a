"""The live room before people's eyes: what happens in a session goes to everybody who watches, within a second.

`hub` hands the beats of sessions to viewers (one reader for each session and process, frames encoded once), `stream` is the
event stream over HTTP that a browser reads, `gathering` counts what viewers do, and `running` puts them together in a web process
(`app.state.live`).

Viewers: `viewing` are the list of rooms and a room with its bag, `showing` what everybody sees of it, `taking_part` what viewers
do, `buying` the sheet over the picture, `replaying` what has ended, with its chapters, `trailers` what is to come. The shop's own
people: `desk` the control desk and the teleprompter, `desk_acts` what the desk does, `handing` what it hands out, `screen` the
figures. The pages and their scripts: decisions 0168 and 0169.
"""

from litestar import Router

from steelyard.parties.access.model import AccountKind
from steelyard.surfaces.live_room import (
    buying,
    desk,
    desk_acts,
    handing,
    replaying,
    screen,
    taking_part,
    trailers,
    viewing,
)
from steelyard.surfaces.web.console import SIGN_IN_FIRST
from steelyard.surfaces.web.guards import staff_only

router = Router(
    path="/",
    route_handlers=[
        *viewing.HANDLERS,
        *taking_part.HANDLERS,
        *buying.HANDLERS,
        *replaying.HANDLERS,
        *trailers.HANDLERS,
    ],
    exception_handlers=SIGN_IN_FIRST,
)
studio = Router(
    path=desk.DESK,
    route_handlers=[*desk.HANDLERS, *desk_acts.HANDLERS, *handing.HANDLERS, *screen.HANDLERS],
    guards=[staff_only(AccountKind.MERCHANT)],
    exception_handlers=SIGN_IN_FIRST,
)

__all__ = ["router", "studio"]
