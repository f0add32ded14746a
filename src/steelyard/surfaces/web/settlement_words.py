"""What cycles, days of the week, steps of a bank file and shops' accounts at Stripe are called."""

from steelyard.kernel.i18n import N_
from steelyard.surfaces.components.page import Tone
from steelyard.trade.settlement import AccountState, BatchState, Cycle, EntryKind, Purpose, StatementState, Way

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
    Way.STRIPE: N_("Through Stripe"),
}
BATCHES: dict[str, tuple[str, Tone]] = {
    BatchState.MADE: (N_("To be approved"), "warn"),
    BatchState.APPROVED: (N_("Approved"), "info"),
    BatchState.FETCHED: (N_("File fetched"), "info"),
    BatchState.SENT: (N_("At the bank"), "info"),
    BatchState.DROPPED: (N_("Dropped"), "quiet"),
}
PAYMENTS: dict[str, tuple[str, Tone]] = {
    "drafted": (N_("Not sent yet"), "quiet"),
    "instructed": (N_("Under way"), "info"),
    "paid": (N_("Paid"), "good"),
    "failed": (N_("Failed"), "bad"),
    "returned": (N_("Returned by the bank"), "bad"),
    "dropped": (N_("Dropped"), "quiet"),
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
    EntryKind.TAKEN_BACK: N_("Taken back through Stripe"),
}
STATEMENTS: dict[str, str] = {
    StatementState.ISSUED: N_("Issued"),
    StatementState.CHECKED: N_("Checked, to be paid"),
    StatementState.BATCHED: N_("In a bank file"),
    StatementState.PAYING: N_("Being paid"),
    StatementState.HELD: N_("Waits for Stripe"),
    StatementState.PAID: N_("Paid out"),
    StatementState.FAILED: N_("Payout failed"),
}
ACCOUNTS: dict[str, tuple[str, Tone]] = {
    AccountState.OPENING: (N_("Being opened"), "info"),
    AccountState.BEGUN: (N_("To be filled in"), "warn"),
    AccountState.CHECKING: (N_("Stripe checks it"), "info"),
    AccountState.RESTRICTED: (N_("Something is missing"), "bad"),
    AccountState.REFUSED: (N_("Refused by Stripe"), "bad"),
    AccountState.READY: (N_("Ready"), "good"),
}
# What it means for the shop, and what it can do.
ACCOUNT_SENTENCES: dict[str, str] = {
    AccountState.OPENING: N_("Stripe has not answered yet. Please go on: nothing is opened twice."),
    AccountState.BEGUN: N_("Stripe wants to know who you are before it pays you. It takes some minutes."),
    AccountState.CHECKING: N_("Stripe looks at what you gave. There is nothing to do; payouts wait until it has."),
    AccountState.RESTRICTED: N_(
        "Stripe needs more before it pays you. Until then your payouts wait here; nothing is lost."
    ),
    AccountState.REFUSED: N_(
        "Stripe will not pay this account. Choose to be paid to your bank, or write to the marketplace."
    ),
    AccountState.READY: N_("Stripe pays you. What arrives there goes on to the bank that you gave Stripe."),
}
HELD_FOR: dict[str, str] = {
    "account": N_("The shop's account at Stripe is not ready. The payout goes on by itself when it is."),
    "balance": N_("The marketplace's balance at Stripe is too low. The payout goes on by itself when there is enough."),
}
REVERSALS: dict[str, tuple[str, Tone]] = {
    "sent": (N_("Under way"), "info"),
    "succeeded": (N_("Taken back"), "good"),
    "failed": (N_("Failed"), "bad"),
}
PURPOSES: dict[str, str] = {
    Purpose.OWED: N_("Of what the shop owes"),
    Purpose.PAYOUT: N_("The whole payout"),
}
# What Stripe refuses with, where it is known what to do about it.
STRIPE_FAILURES: dict[str, str] = {
    "balance_insufficient": N_("There is not enough on the account."),
    "insufficient_capabilities_for_transfer": N_("The account cannot be sent money now."),
    "resource_missing": N_("Stripe does not know the account any more."),
}
# Stripe's names of what it asks for, by how they begin or end: "Required verification information".
_FIELDS: tuple[tuple[str, str], ...] = (
    ("verification.additional_document", N_("A second document, with the address")),
    ("verification.document", N_("A document: passport, identity card or register extract")),
    ("verification.proof_of_liveness", N_("A picture of yourself, taken now")),
    ("external_account", N_("The bank account to be paid to")),
    ("tos_acceptance", N_("Your consent to Stripe's terms")),
    ("business_profile.url", N_("The address of your shop on the web")),
    ("business_profile", N_("What your shop sells")),
    ("business_type", N_("Whether you are a company or a person")),
    ("settlement", N_("Where Stripe pays to")),
    (".dob.", N_("Date of birth of who represents the shop")),
    ("first_name", N_("Name of who represents the shop")),
    ("last_name", N_("Name of who represents the shop")),
    (".id_number", N_("Number of the identity document")),
    (".ssn_last_4", N_("Number of the identity document")),
    (".relationship", N_("Their part in the company")),
    (".email", N_("E-mail address")),
    (".phone", N_("Phone number")),
    (".address", N_("Address")),
    ("tax_id", N_("Tax number of the company")),
    ("registration_number", N_("Number in the company register")),
    ("company.name", N_("Name of the company")),
    ("owners", N_("Who owns the company")),
    ("directors", N_("Who directs the company")),
    ("executives", N_("Who runs the company")),
    ("representative", N_("Who represents the shop")),
)
_ELSE = N_("A question that Stripe will ask you")


def fields_wanted(names: list[str]) -> list[str]:
    """What Stripe asks for in words to be translated, each once."""
    return list(dict.fromkeys(next((word for part, word in _FIELDS if part in name), _ELSE) for name in names))
