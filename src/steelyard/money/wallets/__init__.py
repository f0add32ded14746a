"""Wallets: what a buyer has to spend here, balance and points, and the gift cards that fill a balance.

A purse is a row per buyer, kind and currency, and an account of the ledger; they move together (`move`). A purchase that
is being paid keeps its part in an account of its own until it is paid or dropped (see payments). `cards.py` are gift cards
and credit that the operator gives, `sold.py` cards that are sold in the shop (see gifts), `expiring.py` what is too old. A
point is one minor unit, given by the platform. See decisions 0073 and 0074.
"""

from steelyard.money.wallets.cards import credit, issue, redeem, redeem_all, withdraw
from steelyard.money.wallets.model import (
    FREE,
    HELD,
    PURSES,
    Card,
    CardSpent,
    CardState,
    Cause,
    Issue,
    IssueId,
    MintedCard,
    Move,
    NewIssue,
    OneOfThem,
    Purse,
    PurseAmount,
    PurseLine,
    SwitchedOff,
    Tender,
    TenderMoved,
    WrongCode,
    cap_of_points,
    earned_on,
    tenders,
)
from steelyard.money.wallets.queries import (
    amounts,
    cards_of,
    free,
    issue_of,
    issues,
    lines_of,
    money_of,
    moved,
    statement,
)
from steelyard.money.wallets.service import forget, lock, move
from steelyard.money.wallets.sold import give_codes, mint_sold, take_back

__all__ = [
    "FREE",
    "HELD",
    "PURSES",
    "Card",
    "CardSpent",
    "CardState",
    "Cause",
    "Issue",
    "IssueId",
    "MintedCard",
    "Move",
    "NewIssue",
    "OneOfThem",
    "Purse",
    "PurseAmount",
    "PurseLine",
    "SwitchedOff",
    "Tender",
    "TenderMoved",
    "WrongCode",
    "amounts",
    "cap_of_points",
    "cards_of",
    "credit",
    "earned_on",
    "forget",
    "free",
    "give_codes",
    "issue",
    "issue_of",
    "issues",
    "lines_of",
    "lock",
    "mint_sold",
    "money_of",
    "move",
    "moved",
    "redeem",
    "redeem_all",
    "statement",
    "take_back",
    "tenders",
    "withdraw",
]
