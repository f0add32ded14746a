"""How long each side of an after-sales case may take for its step."""

from steelyard.kernel.i18n import N_
from steelyard.parties.policies.kinds import TRADE, Policy, Unit

CASE_SHOP_ANSWERS = Policy(
    key="case_shop_answers",
    area=TRADE,
    name=N_("After-sales: hours for the shop to answer"),
    about=N_(
        "A shop that has not answered a request by then has agreed. It counts for requests that are asked, or put "
        "better, from now on."
    ),
    unit=Unit.HOURS,
    default=48,
    least=12,
    most=240,
)
CASE_BUYER_SENDS = Policy(
    key="case_buyer_sends",
    area=TRADE,
    name=N_("After-sales: hours for the buyer to send back"),
    about=N_(
        "A return whose goods are not on their way by then is closed. It counts from the moment at which the shop agrees."
    ),
    unit=Unit.HOURS,
    default=168,
    least=48,
    most=720,
)
CASE_SHOP_INSPECTS = Policy(
    key="case_shop_inspects",
    area=TRADE,
    name=N_("After-sales: hours for the shop to look at what came back"),
    about=N_("Counted from when the buyer has sent it, the way included. What is not looked at by then is accepted."),
    unit=Unit.HOURS,
    default=240,
    least=72,
    most=720,
)
CASE_BUYER_OBJECTS = Policy(
    key="case_buyer_objects",
    area=TRADE,
    name=N_("After-sales: hours for a refused buyer to object"),
    about=N_("A refused request that the buyer has neither put better nor taken to the platform by then is closed."),
    unit=Unit.HOURS,
    default=168,
    least=48,
    most=720,
)
CASE_SHOP_RESENDS = Policy(
    key="case_shop_resends",
    area=TRADE,
    name=N_("After-sales: hours for the shop to send the other one"),
    about=N_("An exchange whose other article has not left by then is paid back."),
    unit=Unit.HOURS,
    default=72,
    least=24,
    most=240,
)
CASE_BUYER_CONFIRMS = Policy(
    key="case_buyer_confirms",
    area=TRADE,
    name=N_("After-sales: hours for the buyer to receive the other one"),
    about=N_("Without a word from the buyer an exchange is done then."),
    unit=Unit.HOURS,
    default=240,
    least=72,
    most=720,
)
