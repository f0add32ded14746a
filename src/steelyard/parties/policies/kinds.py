"""What a setting is."""

from enum import StrEnum

import msgspec

from steelyard.kernel.i18n import N_

TRADE, MERCHANTS, ACCOUNTS, KEEPING = N_("Trade"), N_("Merchants"), N_("Accounts"), N_("Keeping")


class Unit(StrEnum):
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    MEGABYTES = "megabytes"
    YES_OR_NO = "yes_or_no"
    MONTHS = "months"
    PERCENT = "percent"
    POINTS = "points"
    UNITS_OF_MONEY = "units_of_money"
    PARCELS = "parcels"
    PAGES = "pages"


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """`name` and `about` are msgids; the value is a whole number between `least` and `most`, in `unit`."""

    key: str
    area: str
    name: str
    about: str
    unit: Unit
    default: int
    least: int
    most: int
