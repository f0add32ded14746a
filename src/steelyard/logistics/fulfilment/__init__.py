"""Fulfilment: what a paid order wants sent, in which parcel it left, and by when it was `promised`."""

from steelyard.logistics.fulfilment.bulk import PastInstruction, bulk_fulfil
from steelyard.logistics.fulfilment.model import Promised, ToLeave
from steelyard.logistics.fulfilment.promised import count_from, judge, promises_due, to_leave
from steelyard.logistics.fulfilment.queries import contents, contents_of, status
from steelyard.logistics.fulfilment.service import call_off, instruct, ship, ship_whole, withdraw, withdraw_pieces

__all__ = [
    "PastInstruction",
    "Promised",
    "ToLeave",
    "bulk_fulfil",
    "call_off",
    "contents",
    "contents_of",
    "count_from",
    "instruct",
    "judge",
    "promises_due",
    "ship",
    "ship_whole",
    "status",
    "to_leave",
    "withdraw",
    "withdraw_pieces",
]
