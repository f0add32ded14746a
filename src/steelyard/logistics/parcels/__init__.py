"""Parcels: what has left the house under a carrier's number, and where it is."""

from steelyard.logistics.parcels.bulk import PastParcel, bulk_carry
from steelyard.logistics.parcels.events import ParcelDelivered
from steelyard.logistics.parcels.jobs import receive_webhook
from steelyard.logistics.parcels.queries import carriers, of_orders, scans
from steelyard.logistics.parcels.service import asked, hand_over, record_scans, take_to_ask

__all__ = [
    "ParcelDelivered",
    "PastParcel",
    "asked",
    "bulk_carry",
    "carriers",
    "hand_over",
    "of_orders",
    "receive_webhook",
    "record_scans",
    "scans",
    "take_to_ask",
]
