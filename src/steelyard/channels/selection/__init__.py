"""The selection pool of a shop (选品池): products that hosts may take into their sessions, at a commission that is offered.

The shop offers (`offering`); hosts, its own and those of agencies that are registered with it, ask for samples, which the shop
approves, sends and may have back (`sampling`); who runs a session takes what is offered into its bag, and the commission is
agreed by that (`taking`). Decision 0172.
"""

from steelyard.channels.selection.offering import close_offer, offer
from steelyard.channels.selection.queries import (
    history_of_sample,
    offer_of,
    offers,
    picks_of,
    sample,
    samples,
    shelves,
)
from steelyard.channels.selection.sampling import approve, ask, note_received, note_returned, refuse, send, withdraw
from steelyard.channels.selection.taking import take

__all__ = [
    "approve",
    "ask",
    "close_offer",
    "history_of_sample",
    "note_received",
    "note_returned",
    "offer",
    "offer_of",
    "offers",
    "picks_of",
    "refuse",
    "sample",
    "samples",
    "send",
    "shelves",
    "take",
    "withdraw",
]
