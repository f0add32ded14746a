"""Live rooms and sessions in words: states, roles, grades, and findings beside their fields."""

from collections.abc import Sequence

from steelyard.channels import live
from steelyard.channels.host_commission.model import AgreementState, PayeeKind
from steelyard.channels.live.model import SessionState
from steelyard.channels.rooms.model import (
    Grade,
    HostState,
    Role,
    RoomApplicationState,
    RoomState,
    StopKind,
    StopSubject,
)
from steelyard.channels.selection.model import OfferState, SampleState
from steelyard.kernel.i18n import N_
from steelyard.surfaces.web.visit import Visit

SESSION_STATES: dict[str, tuple[str, str]] = {
    SessionState.PLANNED: (N_("In preparation"), "info"),
    SessionState.READY: (N_("Ready"), "good"),
    SessionState.ON_AIR: (N_("On air"), "bad"),
    SessionState.ENDED: (N_("Ended"), "quiet"),
    SessionState.CANCELLED: (N_("Called off"), "quiet"),
    SessionState.TAKEN_DOWN: (N_("Taken down"), "bad"),
}
ROOM_STATES: dict[str, tuple[str, str]] = {
    RoomState.OPEN: (N_("Active"), "good"),
    RoomState.STOPPED: (N_("Stopped"), "bad"),
    RoomState.CLOSED: (N_("Closed"), "quiet"),
}
APPLICATION_STATES: dict[str, tuple[str, str]] = {
    RoomApplicationState.SUBMITTED: (N_("The platform looks at it"), "info"),
    RoomApplicationState.SENT_BACK: (N_("Sent back"), "warn"),
    RoomApplicationState.APPROVED: (N_("Approved"), "good"),
    RoomApplicationState.REFUSED: (N_("Refused"), "bad"),
}
HOST_STATES: dict[str, tuple[str, str]] = {
    HostState.WAITING: (N_("The platform looks at it"), "info"),
    HostState.VERIFIED: (N_("Identified"), "good"),
    HostState.SENT_BACK: (N_("Sent back"), "warn"),
    HostState.BARRED: (N_("On the blacklist"), "bad"),
    HostState.GONE: (N_("Gone"), "quiet"),
}
AGREEMENT_STATES: dict[str, tuple[str, str]] = {
    AgreementState.PLANNED: (N_("Planned"), "info"),
    AgreementState.COUNTS: (N_("In force"), "good"),
    AgreementState.ENDED: (N_("Ended"), "quiet"),
}
OFFER_STATES: dict[str, tuple[str, str]] = {
    OfferState.OPEN: (N_("In the pool"), "good"),
    OfferState.CLOSED: (N_("Offered no more"), "quiet"),
}
SAMPLE_STATES: dict[str, tuple[str, str]] = {
    SampleState.ASKED: (N_("Waits for the shop"), "warn"),
    SampleState.APPROVED: (N_("To be sent"), "info"),
    SampleState.REFUSED: (N_("Refused"), "bad"),
    SampleState.WITHDRAWN: (N_("Not wanted any more"), "quiet"),
    SampleState.SENT: (N_("On its way"), "info"),
    SampleState.RECEIVED: (N_("With the host"), "good"),
    SampleState.RETURNED: (N_("Sent back to the shop"), "quiet"),
}
PAYEE_KINDS: dict[str, str] = {PayeeKind.HOST: N_("Host"), PayeeKind.AGENCY: N_("Agency (MCN)")}
ROLES: dict[str, str] = {
    Role.HOST: N_("Host"),
    Role.CO_HOST: N_("Co-host"),
    Role.DESK: N_("Control desk"),
    Role.SERVICE: N_("Live service"),
    Role.FIELD: N_("Field crew"),
}
GRADES: dict[str, str] = {
    Grade.TRIAL: N_("On trial"),
    Grade.REGULAR: N_("Regular"),
    Grade.TRUSTED: N_("Trusted"),
}
STOP_KINDS: dict[str, str] = {StopKind.TAKEDOWN: N_("Takedown"), StopKind.BLACKLIST: N_("Blacklist")}
STOP_SUBJECTS: dict[str, str] = {
    StopSubject.ROOM: N_("Room"),
    StopSubject.SESSION: N_("Session"),
    StopSubject.HOST: N_("Host"),
}


def said(visit: Visit, known: dict[str, str]) -> dict[str, str]:
    """These words in the reader's language, by what they stand for."""
    return {str(key): visit.say(word) for key, word in known.items()}


def toned(visit: Visit, known: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """These states in the reader's language, each with its tone."""
    return {str(key): (visit.say(word), tone) for key, (word, tone) in known.items()}


def findings(visit: Visit, found: Sequence[live.Finding]) -> dict[str, list[tuple[str, bool]]]:
    """What was found in words, and whether it forbids becoming ready, by field."""
    told: dict[str, list[tuple[str, bool]]] = {}
    for each in found:
        told.setdefault(each.field, []).append((visit.say(each.what, **each.facts), each.forbids))
    return told
