"""How a gift card that was bought stands, in words and with a badge's tone."""

from steelyard.kernel.i18n import N_
from steelyard.money.gifts import SaleState

STATES: dict[SaleState, tuple[str, str]] = {
    SaleState.UNPAID: (N_("Not paid yet"), "warn"),
    SaleState.LAPSED: (N_("Not paid in time"), "quiet"),
    SaleState.TO_SEND: (N_("Paid, to be sent"), "info"),
    SaleState.OPEN: (N_("Sent, not redeemed"), "info"),
    SaleState.REDEEMED: (N_("Redeemed"), "good"),
    SaleState.REFUNDED: (N_("Given back"), "quiet"),
}
