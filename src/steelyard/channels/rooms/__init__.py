"""Rooms in which shops sell live: who may have one, who speaks and works in it, and what the operator stops.

A shop asks for a room (`applying`); the conditions are rules, each with its reason (`admission`); the operator decides
(`deciding`). Hosts are real people, or made ones for whom somebody answers (`hosting`); `crewing` says who does what.
`stopping` is the operator's takedown and blacklist, and how they are lifted; what follows from a stop for sessions is in
`channels/live`; `listing` finds rooms by their keys. Decision 0163.
"""

from steelyard.channels.rooms.admission import (
    ClosedCategory,
    Condition,
    closed_categories,
    conditions,
    wrong_categories,
)
from steelyard.channels.rooms.applying import apply
from steelyard.channels.rooms.crewing import give_roles
from steelyard.channels.rooms.deciding import approve, close_category, open_category, refuse, send_back, set_grade
from steelyard.channels.rooms.hosting import let_go, link, note_training, register, send_back_host, verify
from steelyard.channels.rooms.listing import rooms_named
from steelyard.channels.rooms.queries import (
    application,
    applications,
    by_slug,
    crew,
    host,
    host_of_account,
    hosts,
    hosts_of,
    newest_application,
    room,
    room_history,
    rooms,
    rooms_of,
    same_person,
    stop,
    stops,
    stops_of,
    trainings_of,
)
from steelyard.channels.rooms.states import lock
from steelyard.channels.rooms.stopping import appeal, keep, lift, note_session_stop, stop_host, stop_room
from steelyard.channels.rooms.telling import tell_owners

__all__ = [
    "ClosedCategory",
    "Condition",
    "appeal",
    "application",
    "applications",
    "apply",
    "approve",
    "by_slug",
    "close_category",
    "closed_categories",
    "conditions",
    "crew",
    "give_roles",
    "host",
    "host_of_account",
    "hosts",
    "hosts_of",
    "keep",
    "let_go",
    "lift",
    "link",
    "lock",
    "newest_application",
    "note_session_stop",
    "note_training",
    "open_category",
    "refuse",
    "register",
    "room",
    "room_history",
    "rooms",
    "rooms_named",
    "rooms_of",
    "same_person",
    "send_back",
    "send_back_host",
    "set_grade",
    "stop",
    "stop_host",
    "stop_room",
    "stops",
    "stops_of",
    "tell_owners",
    "trainings_of",
    "verify",
    "wrong_categories",
]
