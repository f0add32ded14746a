"""Presales in words."""

from steelyard.kernel.i18n import N_
from steelyard.surfaces.components.page import Tone
from steelyard.trade.orders.model import BookingState

BOOKING_STATES: dict[BookingState, tuple[str, Tone]] = {
    BookingState.DEPOSIT_DUE: (N_("Deposit to be paid"), "warn"),
    BookingState.DEPOSIT_PAID: (N_("Deposit paid"), "info"),
    BookingState.BALANCE_DUE: (N_("Balance to be paid"), "warn"),
    BookingState.TO_SEND: (N_("To be sent"), "info"),
    BookingState.LATE: (N_("Sent too late"), "bad"),
    BookingState.SENT: (N_("Shipped"), "good"),
    BookingState.CANCELLED: (N_("Cancelled"), "quiet"),
    BookingState.CALLED_OFF: (N_("Called off by the shop"), "warn"),
    BookingState.DROPPED: (N_("Not booked"), "quiet"),
    BookingState.FORFEITED: (N_("Deposit given up"), "quiet"),
    BookingState.RETURNED: (N_("Deposit given back"), "quiet"),
}
