"""The settings of cash on delivery."""

from steelyard.kernel.i18n import N_
from steelyard.parties.policies.kinds import TRADE, Policy, Unit

DOOR_REFUSALS = Policy(
    key="door_refusals",
    area=TRADE,
    name=N_("Parcels that may be refused at the door"),
    about=N_(
        "Who has let more parcels than this go back unpaid is not offered cash on delivery any more, until the oldest refusal "
        "is forgotten. 0: the first refusal is enough."
    ),
    unit=Unit.PARCELS,
    default=1,
    least=0,
    most=20,
)
DOOR_REFUSAL_DAYS = Policy(
    key="door_refusal_days",
    area=TRADE,
    name=N_("How long a refusal at the door is remembered"),
    about=N_("Days for which a parcel that went back unpaid counts against cash on delivery."),
    unit=Unit.DAYS,
    default=180,
    least=1,
    most=1_825,
)
CARRIER_DAYS = Policy(
    key="carrier_days",
    area=TRADE,
    name=N_("Days for carriers to pay on cash"),
    about=N_(
        "What a carrier collected at the door and has not paid on after these days is marked as late in the list."
    ),
    unit=Unit.DAYS,
    default=7,
    least=1,
    most=90,
)
