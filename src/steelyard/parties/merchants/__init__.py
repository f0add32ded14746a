"""Merchants: who sells here, and their shops."""

from steelyard.parties.merchants.events import ShopChanged
from steelyard.parties.merchants.queries import by_slug, cards, get, listed, sought
from steelyard.parties.merchants.service import change_shop, open_merchant, set_payout, set_state

__all__ = [
    "ShopChanged",
    "by_slug",
    "cards",
    "change_shop",
    "get",
    "listed",
    "open_merchant",
    "set_payout",
    "set_state",
    "sought",
]
