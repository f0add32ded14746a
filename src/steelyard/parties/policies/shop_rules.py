"""What shops are held to: when they are looked at anew, when a deposit is due, what follows when one owes."""

from steelyard.kernel.i18n import N_
from steelyard.parties.policies.kinds import MERCHANTS, Policy, Unit

VERIFY_DAYS = Policy(
    key="verify_days",
    area=MERCHANTS,
    name=N_("Days until a shop is looked at anew"),
    about=N_(
        "Somebody looks at who a shop is: its licence, its registered name, its papers. It counts for looks from now on; the "
        "days that shops have already stay."
    ),
    unit=Unit.DAYS,
    default=365,
    least=30,
    most=1_095,
)
VERIFY_NOTICE = Policy(
    key="verify_notice",
    area=MERCHANTS,
    name=N_("Notice before a shop is looked at anew"),
    about=N_("Owners are told so many days before."),
    unit=Unit.DAYS,
    default=30,
    least=7,
    most=90,
)
VERIFY_GRACE = Policy(
    key="verify_grace",
    area=MERCHANTS,
    name=N_("Days until a look that is due holds new products back"),
    about=N_(
        "When nobody has looked, it is first urgent to staff; so many days later nothing new of the shop goes onto the shelf."
    ),
    unit=Unit.DAYS,
    default=30,
    least=7,
    most=180,
)
DEPOSIT_DAYS = Policy(
    key="deposit_days",
    area=MERCHANTS,
    name=N_("Days to top up a deposit"),
    about=N_(
        "What is missing in a deposit is due after so many days, unless staff say another day; after that nothing new goes "
        "onto the shelf. It counts for what is asked for from now on."
    ),
    unit=Unit.DAYS,
    default=7,
    least=1,
    most=60,
)
OWED_DAYS = Policy(
    key="owed_days",
    area=MERCHANTS,
    name=N_("Days until what a shop owes is taken from its deposit"),
    about=N_(
        "After a refund or a fine that outweighs its sales a shop owes the platform. When it has for so long, its deposit pays "
        "as far as it reaches, and the shop is asked to pay the rest."
    ),
    unit=Unit.DAYS,
    default=30,
    least=7,
    most=180,
)
DEBT_REMINDER = Policy(
    key="debt_reminder",
    area=MERCHANTS,
    name=N_("Days between reminders of what a shop owes"),
    about=N_("Its owners are written to when it is asked for, and again every so many days until it is paid."),
    unit=Unit.DAYS,
    default=7,
    least=2,
    most=30,
)
DEBT_RESTRICTS = Policy(
    key="debt_restricts",
    area=MERCHANTS,
    name=N_("Days until a debt holds new products back"),
    about=N_(
        "So many days after a shop was asked to pay what it owes, nothing new goes onto its shelf until it has. What is on "
        "sale stays: its sales pay, too."
    ),
    unit=Unit.DAYS,
    default=15,
    least=3,
    most=180,
)
INVOICE_DAYS = Policy(
    key="invoice_days",
    area=MERCHANTS,
    name=N_("Days to write an invoice"),
    about=N_(
        "So many days has a shop for an invoice that a buyer asks for, and for a red letter after a refund. It is reminded "
        "the day before and each day after. It counts for what is asked for from now on."
    ),
    unit=Unit.DAYS,
    default=7,
    least=1,
    most=60,
)
