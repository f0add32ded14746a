"""What cycles, days of the week and steps of a bank file are called."""

from steelyard.kernel.i18n import N_
from steelyard.surfaces.components.page import Tone
from steelyard.trade.settlement import BatchState, Cycle, EntryKind, StatementState, Way

CYCLES: dict[str, str] = {
    Cycle.DAILY: N_("Every day"),
    Cycle.WEEKLY: N_("Every week"),
    Cycle.MONTHLY: N_("Every month"),
    Cycle.ON_REQUEST: N_("When the shop asks for it"),
}
# ISO: Monday is 1.
WEEKDAYS = {
    1: N_("Monday"),
    2: N_("Tuesday"),
    3: N_("Wednesday"),
    4: N_("Thursday"),
    5: N_("Friday"),
    6: N_("Saturday"),
    7: N_("Sunday"),
}
WAYS: dict[str, str] = {
    Way.DIRECT: N_("Through the connected bank"),
    Way.FILE: N_("In a bank file"),
}
BATCHES: dict[str, tuple[str, Tone]] = {
    BatchState.MADE: (N_("To be approved"), "warn"),
    BatchState.APPROVED: (N_("Approved"), "info"),
    BatchState.FETCHED: (N_("File fetched"), "info"),
    BatchState.SENT: (N_("At the bank"), "info"),
    BatchState.DROPPED: (N_("Taken back"), "quiet"),
}
PAYMENTS: dict[str, tuple[str, Tone]] = {
    "drafted": (N_("To be sent"), "quiet"),
    "instructed": (N_("Under way"), "info"),
    "paid": (N_("Paid"), "good"),
    "failed": (N_("Failed"), "bad"),
    "returned": (N_("Sent back"), "bad"),
    "dropped": (N_("Taken back"), "quiet"),
}
# What entries are called on paper; on pages the macro `entry_kind` says the same.
ENTRIES: dict[str, str] = {
    EntryKind.SALE: N_("Sale"),
    EntryKind.SUBSIDY: N_("Paid by the platform"),
    EntryKind.COMMISSION: N_("Commission"),
    EntryKind.REFUND: N_("Refund"),
    EntryKind.COMMISSION_RETURNED: N_("Commission returned"),
    EntryKind.SUBSIDY_RETURNED: N_("Taken back by the platform"),
    EntryKind.GOODWILL: N_("Goodwill of the platform"),
    EntryKind.DEPOSIT: N_("Into the deposit"),
    EntryKind.DEPOSIT_RETURNED: N_("Deposit returned"),
    EntryKind.FINE: N_("Fine"),
    EntryKind.FINE_RETURNED: N_("Fine undone"),
    EntryKind.DEPOSIT_FORFEITED: N_("Deposit of a presale given up"),
    EntryKind.COMPENSATION: N_("Compensation of a buyer"),
    EntryKind.DEBT_PAID: N_("Debt paid by transfer"),
    EntryKind.COMPENSATION_RETURNED: N_("Compensation made good"),
    EntryKind.CASH_KEPT: N_("Cash that the shop collected itself"),
    EntryKind.RESERVE: N_("Kept in reserve"),
    EntryKind.RESERVE_RELEASED: N_("Released from reserve"),
    EntryKind.CORRECTION: N_("Correction"),
    EntryKind.CORRECTION_TAKEN: N_("Correction"),
}
STATEMENTS: dict[str, str] = {
    StatementState.ISSUED: N_("Issued"),
    StatementState.CHECKED: N_("Checked, to be paid"),
    StatementState.BATCHED: N_("In a bank file"),
    StatementState.PAYING: N_("Being paid"),
    StatementState.PAID: N_("Paid out"),
    StatementState.FAILED: N_("Payout failed"),
}
