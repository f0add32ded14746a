"""What pages call the states and reasons of chargebacks, and the rules by which orders are held."""

from steelyard.kernel.i18n import N_
from steelyard.money.payments import DisputeReason
from steelyard.trade.chargebacks import Bearer, ChargebackState
from steelyard.trade.risk import CheckState, EntryKind, Listing, RuleName

STATES: dict[ChargebackState, tuple[str, str]] = {
    ChargebackState.INQUIRY: (N_("The bank asks"), "info"),
    ChargebackState.EVIDENCE_DUE: (N_("Evidence due"), "bad"),
    ChargebackState.ANSWERING: (N_("Being handed in"), "info"),
    ChargebackState.SUBMITTED: (N_("The bank decides"), "info"),
    ChargebackState.WON: (N_("Won"), "good"),
    ChargebackState.LOST: (N_("The buyer won"), "bad"),
    ChargebackState.ACCEPTED: (N_("Not contested"), "quiet"),
    ChargebackState.EXPIRED: (N_("Lost by silence"), "bad"),
    ChargebackState.RECOVERED: (N_("Recovered after it was lost"), "good"),
    ChargebackState.CLOSED: (N_("Inquiry closed"), "quiet"),
}
REASONS: dict[DisputeReason, str] = {
    DisputeReason.FRAUDULENT: N_("The card holder does not know of it"),
    DisputeReason.NOT_RECEIVED: N_("Goods not received"),
    DisputeReason.NOT_AS_DESCRIBED: N_("Goods not as described"),
    DisputeReason.DUPLICATE: N_("Charged twice"),
    DisputeReason.CREDIT_NOT_PROCESSED: N_("A refund did not arrive"),
    DisputeReason.CANCELLED: N_("Cancelled by the buyer"),
    DisputeReason.OTHER: N_("Another reason"),
}
BEARERS: dict[Bearer, str] = {Bearer.MERCHANT: N_("The shop"), Bearer.PLATFORM: N_("The platform")}
FACTS: dict[str, str] = {
    "customer_name": N_("Name of the buyer"),
    "customer_email": N_("E-mail of the buyer"),
    "address": N_("Delivery address"),
    "goods": N_("Goods"),
    "sent_on": N_("Sent on"),
    "carrier": N_("Carrier"),
    "tracking_number": N_("Tracking number"),
    "refunds": N_("Refunded before"),
}
CHECKS: dict[CheckState, tuple[str, str]] = {
    CheckState.PASSED: (N_("Not held"), "quiet"),
    CheckState.HELD: (N_("Held"), "warn"),
    CheckState.RELEASED: (N_("Released"), "good"),
    CheckState.CANCELLED: (N_("Called off"), "bad"),
    CheckState.OVERTAKEN: (N_("Called off by others"), "quiet"),
}
# Of each rule its name, what it counts, and what its number is of.
RULES: dict[RuleName, tuple[str, str, str]] = {
    RuleName.NEW_BUYER: (
        N_("New buyer, high amount"),
        N_("Who has received nothing here before pays at least so much."),
        N_("Amount, in whole units of the currency"),
    ),
    RuleName.MANY_TO_ADDRESS: (
        N_("Many purchases to one address"),
        N_("So many paid purchases go to the same address within the time, whoever pays."),
        N_("Purchases"),
    ),
    RuleName.MANY_BY_BUYER: (
        N_("Many purchases of one buyer"),
        N_("The same buyer has paid so many purchases within the time."),
        N_("Purchases"),
    ),
    RuleName.FAILED_PAYMENTS: (
        N_("Many failed payments"),
        N_("So many payments of this buyer were declined within the time."),
        N_("Declined payments"),
    ),
    RuleName.FOREIGN_PHONE: (
        N_("Telephone of another country"),
        N_("A number with a country’s code is not of the country that the parcel goes to."),
        "",
    ),
    RuleName.FORWARDER: (N_("Freight forwarder"), N_("The address is on the list of freight forwarders."), ""),
    RuleName.BLOCKED: (N_("On the block list"), N_("E-mail, telephone or address is on the block list."), ""),
}
LISTS: dict[Listing, str] = {
    Listing.BLOCK: N_("Always to be looked at"),
    Listing.ALLOW: N_("Never to be held"),
    Listing.FORWARDER: N_("Freight forwarders"),
}
KINDS: dict[EntryKind, str] = {
    EntryKind.EMAIL: N_("E-mail address"),
    EntryKind.DOMAIN: N_("Domain of e-mail addresses"),
    EntryKind.PHONE: N_("Telephone number"),
    EntryKind.ADDRESS: N_("Part of an address"),
}
