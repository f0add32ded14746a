"""Campaigns of the platform: it says what it wants and when, shops sign goods up for it, and what is approved is sold at its
price for that time, as a flash sale of the shop.

The rules are in docs/algorithms/campaigns.md; why a flash sale carries it, in docs/decisions/0095.
"""

from steelyard.trade.campaigns.events import EntryDecided
from steelyard.trade.campaigns.queries import (
    articles,
    between,
    by_code,
    campaign,
    campaigns,
    counts,
    entries,
    near,
)
from steelyard.trade.campaigns.service import approve, end, lacking_of, open_campaign, send_back, sign_up, withdraw

__all__ = [
    "EntryDecided",
    "approve",
    "articles",
    "between",
    "by_code",
    "campaign",
    "campaigns",
    "counts",
    "end",
    "entries",
    "lacking_of",
    "near",
    "open_campaign",
    "send_back",
    "sign_up",
    "withdraw",
]
