"""Live sessions of shops: planned, on air, over.

`states` is the one place where a session goes from one state to another. `planning` plans them, `bag` fills the goods bag,
`laying_out` says what happens when (`rundown_sheet`: as a table of CSV), `readiness` what keeps one from being ready: what is
missing, words, and `price_claims`, held against what `prices` knows. `reminding` tells who asked for it, `stopping` is
the operator's takedown. Whatever happens while it is on air is one log of beats (`schema_stage.sql`). Decision 0164.
"""

from steelyard.channels.live.bag import add_goods, move_goods, remove_goods, set_goods
from steelyard.channels.live.events import SessionChanged
from steelyard.channels.live.laying_out import lay_out, write_rundown
from steelyard.channels.live.planning import cancel, change, keep_key, make_ready, plan, plan_again
from steelyard.channels.live.price_claims import Claim, ClaimKind, claims
from steelyard.channels.live.queries import (
    by_key,
    coming,
    goods,
    history,
    on_air,
    rundown,
    session,
    sessions,
    sessions_of_room,
)
from steelyard.channels.live.readiness import Finding, look
from steelyard.channels.live.reminding import forget_reminders, remind, remind_not, reminded, reminders_of
from steelyard.channels.live.rundown_sheet import read_sheet, write_sheet
from steelyard.channels.live.states import end, go_on_air
from steelyard.channels.live.stopping import lift, stop_host, stop_room, take_down

__all__ = [
    "Claim",
    "ClaimKind",
    "Finding",
    "SessionChanged",
    "add_goods",
    "by_key",
    "cancel",
    "change",
    "claims",
    "coming",
    "end",
    "forget_reminders",
    "go_on_air",
    "goods",
    "history",
    "keep_key",
    "lay_out",
    "lift",
    "look",
    "make_ready",
    "move_goods",
    "on_air",
    "plan",
    "plan_again",
    "read_sheet",
    "remind",
    "remind_not",
    "reminded",
    "reminders_of",
    "remove_goods",
    "rundown",
    "session",
    "sessions",
    "sessions_of_room",
    "set_goods",
    "stop_host",
    "stop_room",
    "take_down",
    "write_rundown",
    "write_sheet",
]
