"""Parcels: what has left the house under a carrier's number, and where it is."""

from steelyard.logistics.parcels.events import ParcelDelivered
from steelyard.logistics.parcels.jobs import receive_webhook
from steelyard.logistics.parcels.queries import carriers, of_orders, scans, sought
from steelyard.logistics.parcels.service import asked, hand_over, record_scans, take_to_ask

__all__ = [
    "ParcelDelivered",
    "asked",
    "carriers",
    "hand_over",
    "of_orders",
    "receive_webhook",
    "record_scans",
    "scans",
    "sought",
    "take_to_ask",
]
