"""Merchants: who sells here, and their shops."""

from steelyard.parties.merchants.events import ShopChanged
from steelyard.parties.merchants.queries import by_slug, cards, categories_of, get, history, listed, sought
from steelyard.parties.merchants.service import (
    change_shop,
    check_categories,
    open_merchant,
    set_categories,
    set_licence,
    set_payout,
    set_state,
    set_terms,
)

__all__ = [
    "ShopChanged",
    "by_slug",
    "cards",
    "categories_of",
    "change_shop",
    "check_categories",
    "get",
    "history",
    "listed",
    "open_merchant",
    "set_categories",
    "set_licence",
    "set_payout",
    "set_state",
    "set_terms",
    "sought",
]
