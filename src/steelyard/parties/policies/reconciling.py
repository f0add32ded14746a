"""The setting of reconciliation: what one person may decide alone."""

from steelyard.kernel.i18n import N_
from steelyard.parties.policies.kinds import TRADE, Policy, Unit

RECONCILIATION_ALONE = Policy(
    key="reconciliation_alone",
    area=TRADE,
    name=N_("What one person may explain of a statement"),
    about=N_(
        "A difference between a channel’s or bank’s statement and the books up to this amount is decided by one person; "
        "above it a second one must agree. It counts in each currency."
    ),
    unit=Unit.UNITS_OF_MONEY,
    default=100,
    least=0,
    most=1_000_000,
)
