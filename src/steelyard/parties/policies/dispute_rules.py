"""What holds orders that look like fraud, and what a chargeback costs a shop."""

from steelyard.kernel.i18n import N_
from steelyard.parties.policies.kinds import TRADE, Policy, Unit

RISK_HOLDS = Policy(
    key="risk_holds",
    area=TRADE,
    name=N_("Hold orders that look like fraud"),
    about=N_(
        "Paid orders that rules find suspicious are looked at by staff before they are sent (1: yes, 0: no). Try the rules on "
        "the last 30 days first: their page says how many orders they would have held."
    ),
    unit=Unit.YES_OR_NO,
    default=0,
    least=0,
    most=1,
)
RISK_SCORE = Policy(
    key="risk_score",
    area=TRADE,
    name=N_("Points from which an order is held"),
    about=N_("Each rule that an order trips has its points; together they are the order’s."),
    unit=Unit.POINTS,
    default=100,
    least=10,
    most=1_000,
)
RISK_HOURS = Policy(
    key="risk_hours",
    area=TRADE,
    name=N_("Time to look at a held order"),
    about=N_("What nobody has decided by then is decided by itself. It counts for orders held from now on."),
    unit=Unit.HOURS,
    default=24,
    least=1,
    most=168,
)
RISK_RELEASES = Policy(
    key="risk_releases",
    area=TRADE,
    name=N_("A held order that nobody looked at is sent"),
    about=N_("1: it is sent. 0: it is called off, and its money goes back."),
    unit=Unit.YES_OR_NO,
    default=1,
    least=0,
    most=1,
)
CHARGEBACK_FEES = Policy(
    key="chargeback_fees",
    area=TRADE,
    name=N_("Shops bear the fee of chargebacks that they lose"),
    about=N_(
        "What the payment channel charges for a chargeback is on the shop’s statement when the shop bears the loss (1: yes, "
        "0: the platform pays all fees). Your terms with shops must say so."
    ),
    unit=Unit.YES_OR_NO,
    default=0,
    least=0,
    most=1,
)
