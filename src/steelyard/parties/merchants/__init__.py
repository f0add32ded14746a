"""Merchants: who sells here, and their shops. How a licence is renewed is in `licences.py`."""

from steelyard.parties.merchants.events import PayoutAccountChanged, ShopChanged
from steelyard.parties.merchants.licences import (
    decide_licence,
    hand_in_licence,
    renewal,
    renewals_of,
    renewals_waiting,
)
from steelyard.parties.merchants.queries import (
    by_slug,
    cards,
    categories_of,
    checklist_put_away,
    found,
    get,
    history,
    licences_ending,
    licences_of,
    listed,
    sought,
)
from steelyard.parties.merchants.service import (
    change_shop,
    check_categories,
    open_merchant,
    put_checklist_away,
    set_categories,
    set_licence,
    set_payout,
    set_state,
    set_terms,
)

__all__ = [
    "PayoutAccountChanged",
    "ShopChanged",
    "by_slug",
    "cards",
    "categories_of",
    "change_shop",
    "check_categories",
    "checklist_put_away",
    "decide_licence",
    "found",
    "get",
    "hand_in_licence",
    "history",
    "licences_ending",
    "licences_of",
    "listed",
    "open_merchant",
    "put_checklist_away",
    "renewal",
    "renewals_of",
    "renewals_waiting",
    "set_categories",
    "set_licence",
    "set_payout",
    "set_state",
    "set_terms",
    "sought",
]
