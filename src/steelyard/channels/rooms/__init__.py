"""Rooms in which shops sell live: who may have one, who speaks and works in it, and what the operator stops.

A shop asks for a room (`applying`); the conditions are rules, each with its reason (`conditions`); the operator decides
(`deciding`). Hosts are real people, or made ones for whom somebody answers (`hosting`); `crewing` says who does what.
`stopping` is the operator's takedown and blacklist, and how they are lifted; what follows from a stop for sessions is in
`channels/live`. Decision 0163.
"""

from steelyard.channels.rooms.queries import (
    application,
    applications,
    by_slug,
    crew,
    host,
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

__all__ = [
    "application",
    "applications",
    "by_slug",
    "crew",
    "host",
    "hosts",
    "hosts_of",
    "lock",
    "newest_application",
    "room",
    "room_history",
    "rooms",
    "rooms_of",
    "same_person",
    "stop",
    "stops",
    "stops_of",
    "trainings_of",
]
