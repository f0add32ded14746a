"""Campaigns of the platform: it says what it wants and when, shops sign goods up for it, and what is approved is sold at its
price for that time, as a flash sale of the shop.

The rules are in docs/algorithms/campaigns.md; why a flash sale carries it, in docs/decisions/0095; leaving
one that runs is in `leaving`.
"""

from steelyard.trade.campaigns.events import EntryDecided, LeaveAnswered
from steelyard.trade.campaigns.leaving import answer_leave, ask_leave
from steelyard.trade.campaigns.queries import (
    articles,
    between,
    by_code,
    campaign,
    campaigns,
    carried_by,
    counts,
    entries,
    near,
    running,
)
from steelyard.trade.campaigns.service import approve, end, lacking_of, open_campaign, send_back, sign_up, withdraw

__all__ = [
    "EntryDecided",
    "LeaveAnswered",
    "answer_leave",
    "approve",
    "articles",
    "ask_leave",
    "between",
    "by_code",
    "campaign",
    "campaigns",
    "carried_by",
    "counts",
    "end",
    "entries",
    "lacking_of",
    "near",
    "open_campaign",
    "running",
    "send_back",
    "sign_up",
    "withdraw",
]
