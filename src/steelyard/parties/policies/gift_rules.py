"""What may be bought of gift cards in the shop."""

from steelyard.kernel.i18n import N_
from steelyard.parties.policies.kinds import TRADE, Policy, Unit

GIFTS_SOLD = Policy(
    key="gifts_sold",
    area=TRADE,
    name=N_("Gift cards in the shop"),
    about=N_(
        "Whether buyers can buy gift cards (1: yes, 0: no), as long as balance and gift cards are switched on. The "
        "platform sells them itself. Selling stored value needs a licence in many countries: ask before you switch it on."
    ),
    unit=Unit.YES_OR_NO,
    default=0,
    least=0,
    most=1,
)
GIFTS_LEAST = Policy(
    key="gifts_least",
    area=TRADE,
    name=N_("The smallest gift card"),
    about=N_("Buyers choose a whole amount from here on. Of currencies without cents a hundred count as one."),
    unit=Unit.UNITS_OF_MONEY,
    default=50,
    least=1,
    most=1_000,
)
GIFTS_MOST = Policy(
    key="gifts_most",
    area=TRADE,
    name=N_("The largest gift card"),
    about=N_("No card holds more than 1,000."),
    unit=Unit.UNITS_OF_MONEY,
    default=1_000,
    least=1,
    most=1_000,
)
GIFTS_PER_DAY = Policy(
    key="gifts_per_day",
    area=TRADE,
    name=N_("Gift cards a person buys in a day"),
    about=N_(
        "All of a day together, in each currency. Cards are liked by thieves of other means of payment, so it should not be "
        "too much."
    ),
    unit=Unit.UNITS_OF_MONEY,
    default=2_000,
    least=1,
    most=100_000,
)
GIFTS_REFUND_DAYS = Policy(
    key="gifts_refund_days",
    area=TRADE,
    name=N_("Days to give a gift card back"),
    about=N_(
        "Counted from when it is paid, while nobody has redeemed it; the money goes back the way it came. None: a card "
        "that is paid is not taken back. It counts for cards paid from now on."
    ),
    unit=Unit.DAYS,
    default=7,
    least=0,
    most=365,
)
