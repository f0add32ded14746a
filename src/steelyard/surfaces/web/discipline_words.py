"""Violations and deposits in words, for both consoles."""

from steelyard.kernel.i18n import N_
from steelyard.surfaces.components.page import Tone
from steelyard.trade.discipline import Category, MovementKind, Subject, Violation

CATEGORIES: dict[Category, str] = {Category.A: N_("General"), Category.B: N_("Serious")}
SUBJECTS: dict[Subject, str] = {
    Subject.NOTHING: N_("Nothing in particular"),
    Subject.ORDER: N_("An order"),
    Subject.PRODUCT: N_("A product"),
    Subject.CASE: N_("An after-sales case"),
}
MOVEMENTS: dict[MovementKind, str] = {
    MovementKind.FROM_BALANCE: N_("Paid in from the balance"),
    MovementKind.TRANSFER: N_("Bank transfer"),
    MovementKind.FINE: N_("Fine"),
    MovementKind.FINE_RETURNED: N_("Fine undone"),
    MovementKind.RETURNED: N_("Returned to the shop"),
    MovementKind.NETTED: N_("Set off against what the shop owed"),
    MovementKind.COMPENSATION: N_("Compensation of a buyer"),
}


def state(violation: Violation) -> tuple[str, Tone]:
    """How far a violation is."""
    if violation.waits:
        return N_("Appeal waits"), "warn"
    if not violation.counts:
        return N_("Revoked"), "good"
    return (N_("Appeal rejected"), "bad") if violation.outcome else (N_("Counts against the shop"), "bad")
