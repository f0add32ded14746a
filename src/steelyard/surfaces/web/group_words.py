"""Group buying in words, for both consoles."""

from steelyard.kernel.i18n import N_
from steelyard.trade.groups.model import OfferState, TeamState

OFFER_STATES: dict[OfferState, tuple[str, str]] = {
    OfferState.TO_COME: (N_("To come"), "info"),
    OfferState.RUNNING: (N_("Running"), "good"),
    OfferState.SOLD_OUT: (N_("Sold out"), "warn"),
    OfferState.OVER: (N_("Over"), "quiet"),
    OfferState.STOPPED: (N_("Stopped"), "warn"),
}
TEAM_STATES: dict[TeamState, tuple[str, str]] = {
    TeamState.BEGUN: (N_("Not paid yet"), "quiet"),
    TeamState.OPEN: (N_("Waits for more"), "info"),
    TeamState.OVER: (N_("Time is over"), "quiet"),
    TeamState.FULL: (N_("Succeeded"), "good"),
    TeamState.FAILED: (N_("Failed, refunded"), "warn"),
}
