"""Fulfilment: what a paid order wants sent, and in which parcel it left."""

from steelyard.logistics.fulfilment.bulk import PastInstruction, bulk_fulfil
from steelyard.logistics.fulfilment.queries import contents, status
from steelyard.logistics.fulfilment.service import instruct, ship, withdraw, withdraw_pieces

__all__ = ["PastInstruction", "bulk_fulfil", "contents", "instruct", "ship", "status", "withdraw", "withdraw_pieces"]
