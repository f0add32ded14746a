"""Fulfilment: what a paid order wants sent, and in which parcel it left."""

from steelyard.logistics.fulfilment.bulk import PastInstruction, bulk_fulfil
from steelyard.logistics.fulfilment.queries import contents, contents_of, status
from steelyard.logistics.fulfilment.service import instruct, ship, ship_whole, withdraw, withdraw_pieces

__all__ = [
    "PastInstruction",
    "bulk_fulfil",
    "contents",
    "contents_of",
    "instruct",
    "ship",
    "ship_whole",
    "status",
    "withdraw",
    "withdraw_pieces",
]
