"""Merchants: who sells here, and their shops."""

from steelyard.parties.merchants.events import PayoutAccountChanged, ShopChanged
from steelyard.parties.merchants.queries import by_slug, cards, checklist_put_away, get, listed, sought
from steelyard.parties.merchants.service import change_shop, open_merchant, put_checklist_away, set_payout, set_state

__all__ = [
    "PayoutAccountChanged",
    "ShopChanged",
    "by_slug",
    "cards",
    "change_shop",
    "checklist_put_away",
    "get",
    "listed",
    "open_merchant",
    "put_checklist_away",
    "set_payout",
    "set_state",
    "sought",
]
