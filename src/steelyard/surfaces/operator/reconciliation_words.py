"""What the operator's console calls differences and their states, and how each looks."""

from collections.abc import Mapping

from steelyard.kernel.i18n import N_
from steelyard.money.ledger.model import AccountKind
from steelyard.money.reconciliation import Answer
from steelyard.money.reconciliation.model import DifferenceState, Kind, LineKind

KINDS: Mapping[str, str] = {
    Kind.MISSING_HERE: N_("Missing in our books"),
    Kind.MISSING_THERE: N_("Missing on the statement"),
    Kind.AMOUNT: N_("Another amount"),
    Kind.FEE: N_("Another fee"),
    Kind.DUPLICATE: N_("There twice"),
    Kind.CURRENCY: N_("Another currency"),
    Kind.DAY: N_("Another day"),
}
STATES: Mapping[str, tuple[str, str]] = {
    DifferenceState.WAITING: (N_("Waits for the next day"), "quiet"),
    DifferenceState.OPEN: (N_("To look at"), "warn"),
    DifferenceState.PROPOSED: (N_("A second person decides"), "info"),
    DifferenceState.BOOKED: (N_("Booked"), "good"),
    DifferenceState.ACCEPTED: (N_("Accepted as it is"), "good"),
    DifferenceState.CLOSED: (N_("Closed by itself"), "quiet"),
}
LINES: Mapping[str, str] = {
    LineKind.CAPTURE: N_("Payment"),
    LineKind.REFUND: N_("Refund"),
    LineKind.FEE: N_("Fee"),
    LineKind.PAYOUT: N_("Paid to our bank"),
    LineKind.PAID_OUT: N_("Payout to a merchant"),
    LineKind.RECEIVED: N_("Money received"),
    LineKind.DISPUTE: N_("Charged back"),
    LineKind.DISPUTE_WON: N_("Chargeback won"),
    LineKind.TRANSFER: N_("Sent on to a shop"),
    LineKind.TRANSFER_REVERSAL: N_("Taken back from a shop"),
    LineKind.REMITTED: N_("Paid on by a carrier"),
    LineKind.OTHER: N_("Something else"),
}
FILES: Mapping[str, tuple[str, str]] = {
    "arriving": (N_("Arriving"), "info"),
    "read": (N_("Counts"), "good"),
    "refused": (N_("Cannot be read"), "bad"),
    "withdrawn": (N_("Withdrawn"), "quiet"),
}
# What came of asking for a statement.
FETCHES: Mapping[str, tuple[str, str]] = {
    Answer.HERE: (N_("It is here"), "good"),
    Answer.NONE: (N_("They have none of this day"), "quiet"),
    Answer.OTHER: (N_("Another statement counts"), "info"),
    Answer.NOT_YET: (N_("Not ready yet"), "quiet"),
    Answer.UNREADABLE: (N_("Cannot be read"), "bad"),
    Answer.FAILED: (N_("It did not come"), "warn"),
}
NOT_ASKED = (N_("Not asked for yet"), "quiet")
# What is to be done about each kind, beside the entry that is suggested.
ADVICE: Mapping[str, str] = {
    Kind.MISSING_HERE: N_(
        "They have money that our books know nothing of. If it belongs to a payment of ours, ask the channel for it on the "
        "payment’s page: once it is written down, this closes by itself."
    ),
    Kind.MISSING_THERE: N_(
        "Our books say that the money moved, and the statement does not. Ask them before it is booked away."
    ),
    Kind.AMOUNT: N_("Both know of it, and each says another amount."),
    Kind.FEE: N_("They kept another fee than was agreed. Claim the rest back, or accept it."),
    Kind.DUPLICATE: N_(
        "The same movement stands on their statements twice. If they moved the money twice, ask it back."
    ),
    Kind.CURRENCY: N_("Both know of it, and each in another currency."),
    Kind.DAY: N_("It stands there on another day. No money differs."),
}
INTO: Mapping[str, tuple[str, str]] = {
    AccountKind.SUSPENSE: (
        N_("Into differences being looked into"),
        N_("Our books say what the statement says from now on; what it was about stays to be found out."),
    ),
    AccountKind.CHANNEL_FEES: (
        N_("Into fees of payment channels"),
        N_("It is a cost, and nobody will look for it."),
    ),
}
