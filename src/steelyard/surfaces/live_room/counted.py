"""Where pages leave what is counted of a session: with the gatherer of their process, where the live room runs in it."""

from typing import Any

from steelyard.surfaces.live_room.gathering import Gatherer
from steelyard.surfaces.web.visit import Visit


def gatherer_of(visit: Visit) -> Gatherer | None:
    """The gatherer of this process; none where no live room runs, as in a program that only draws pages."""
    running: Any = visit.connection.app.state.get("live")
    return running.gatherer if running is not None else None
