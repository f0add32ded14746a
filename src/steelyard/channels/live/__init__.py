"""Live sessions of shops: planned, on air, over.

`states` is the one place where a session goes from one state to another; `planning` plans them, `readiness` says what keeps one
from being ready. Whatever happens while it is on air is one log of beats (`schema_stage.sql`). Decision 0164.
"""

from steelyard.channels.live.events import SessionChanged
from steelyard.channels.live.planning import cancel, change, keep_key, make_ready, plan, plan_again
from steelyard.channels.live.queries import (
    by_key,
    coming,
    goods,
    history,
    on_air,
    session,
    sessions,
    sessions_of_room,
)
from steelyard.channels.live.readiness import Finding, look
from steelyard.channels.live.states import end, go_on_air

__all__ = [
    "Finding",
    "SessionChanged",
    "by_key",
    "cancel",
    "change",
    "coming",
    "end",
    "go_on_air",
    "goods",
    "history",
    "keep_key",
    "look",
    "make_ready",
    "on_air",
    "plan",
    "plan_again",
    "session",
    "sessions",
    "sessions_of_room",
]
