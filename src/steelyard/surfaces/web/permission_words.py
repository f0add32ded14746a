"""The areas of permissions in words: what stands before a permission's point, and what it is about."""

from collections.abc import Sequence

import msgspec

from steelyard.kernel.i18n import N_
from steelyard.parties.access.model import Permission

AREAS: dict[str, tuple[str, str]] = {
    "dashboard": (N_("Overview"), N_("The figures of the marketplace.")),
    "merchants": (N_("Merchants"), N_("Who sells here: applications, shops, their terms.")),
    "orders": (N_("Orders"), N_("What was ordered, and what is done with it.")),
    "payments": (N_("Payments"), N_("Payments and refunds with the channels.")),
    "wallets": (N_("Wallets"), N_("Gift cards, and credit given to buyers.")),
    "ledger": (N_("Books"), N_("Accounts, postings and the trial balance.")),
    "settlement": (N_("Settlement"), N_("Statements and payouts to merchants.")),
    "taxes": (N_("Taxes"), N_("The rates that sales are taxed at.")),
    "catalog": (N_("Catalogue"), N_("Categories and the attributes of goods.")),
    "products": (N_("Products"), N_("Goods, their words, pictures and prices.")),
    "reviews": (N_("Reviews"), N_("Reviews and questions of buyers.")),
    "words": (N_("Sensitive words"), N_("The dictionary that people's words are held against.")),
    "rooms": (N_("Live rooms"), N_("Who may sell live, and what is stopped.")),
    "live": (N_("Live"), N_("Live sessions: planned, hosted, run and served.")),
    "stock": (N_("Stock"), N_("What lies in which warehouse.")),
    "statements": (N_("Money"), N_("Statements, balance and payouts.")),
    "shop": (N_("Shop"), N_("The shop's name, notice, decoration, pauses and bank account.")),
    "freight": (N_("Freight"), N_("What sending costs.")),
    "buyers": (N_("Buyers"), N_("Buyers' accounts and personal data.")),
    "staff": (N_("Staff"), N_("Who works here and what they may do.")),
    "audit": (N_("Audit log"), N_("What staff did.")),
    "settings": (N_("Settings"), N_("The platform's details and run-time settings.")),
    "system": (N_("System"), N_("Background work and the system's health.")),
    "api_keys": (N_("API keys"), N_("Keys for programs.")),
    "figures": (N_("Figures"), N_("Traffic, sales and conversion.")),
    "merchandising": (N_("Merchandising"), N_("The home page and its blocks.")),
}


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """`name` and `about` are msgids; an area without words is called by its code."""

    name: str
    about: str
    permissions: list[Permission]


def grouped(permissions: Sequence[Permission]) -> list[Area]:
    """Permissions by area, in the order above; areas without words come last."""
    found: dict[str, list[Permission]] = {}
    for permission in permissions:
        found.setdefault(permission.permission.partition(".")[0], []).append(permission)
    order = [*(area for area in AREAS if area in found), *(area for area in found if area not in AREAS)]
    return [
        Area(name=AREAS.get(area, (area, ""))[0], about=AREAS.get(area, (area, ""))[1], permissions=found[area])
        for area in order
    ]
