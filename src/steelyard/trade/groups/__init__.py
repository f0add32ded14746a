"""Group buying: goods cost less for buyers who come together in time; if they don't, everybody has their money back.

A shop offers a product to teams of so many buyers (`service`). Whoever buys so takes a place in a team while their purchase is
placed (`joining`), and has it once it is paid (`paying`); an order of a team that waits is held (`orders`), and is let go when
the team is whole. What comes to nothing is in `leaving`. Held orders of a failed team are called off and refunded by
aftersales, from the event. See docs/algorithms/groups.md and decision 0092.
"""

from steelyard.trade.groups.events import GroupChanged, MemberTooLate, TeamEnded
from steelyard.trade.groups.joining import hold, join
from steelyard.trade.groups.leaving import leave
from steelyard.trade.groups.paying import end_due, pay
from steelyard.trade.groups.queries import (
    between,
    by_code,
    counts,
    gathered,
    inside,
    of_orders,
    of_product,
    offer,
    offered,
    offers,
    paid_orders,
    running,
    teams,
    unpaid_purchases,
)
from steelyard.trade.groups.service import change, make, stop

__all__ = [
    "GroupChanged",
    "MemberTooLate",
    "TeamEnded",
    "between",
    "by_code",
    "change",
    "counts",
    "end_due",
    "gathered",
    "hold",
    "inside",
    "join",
    "leave",
    "make",
    "of_orders",
    "of_product",
    "offer",
    "offered",
    "offers",
    "paid_orders",
    "pay",
    "running",
    "stop",
    "teams",
    "unpaid_purchases",
]
