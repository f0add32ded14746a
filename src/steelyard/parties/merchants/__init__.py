"""Merchants: who sells here, and their shops."""

from steelyard.parties.merchants.events import PayoutAccountChanged, ShopChanged
from steelyard.parties.merchants.queries import (
    by_slug,
    cards,
    categories_of,
    checklist_put_away,
    found,
    get,
    history,
    listed,
    pause_of,
    sought,
)
from steelyard.parties.merchants.service import (
    change_shop,
    check_categories,
    open_merchant,
    pause,
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
    "found",
    "get",
    "history",
    "listed",
    "open_merchant",
    "pause",
    "pause_of",
    "put_checklist_away",
    "set_categories",
    "set_licence",
    "set_payout",
    "set_state",
    "set_terms",
    "sought",
]
