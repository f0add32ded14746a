"""Parcels: what has left the house under a carrier's number, and where it is.

Numbers that carriers give beforehand are in `waybills`, which carriers a shop sends with in `carrier_list`.
"""

from steelyard.logistics.parcels.bulk import PastParcel, bulk_carry
from steelyard.logistics.parcels.carrier_list import carriers_of, send_with, use_carriers
from steelyard.logistics.parcels.events import ParcelDelivered, ParcelRefused
from steelyard.logistics.parcels.jobs import receive_webhook
from steelyard.logistics.parcels.queries import carriers, collected_by, named_by_number, of_orders, scans, sought, taken
from steelyard.logistics.parcels.service import (
    ask_to_collect,
    asked,
    clean_number,
    correct_number,
    give_up,
    hand_over,
    hand_over_many,
    record_scans,
    take_to_ask,
)
from steelyard.logistics.parcels.waybills import book_now, waybills_of

__all__ = [
    "ParcelDelivered",
    "ParcelRefused",
    "PastParcel",
    "ask_to_collect",
    "asked",
    "book_now",
    "bulk_carry",
    "carriers",
    "carriers_of",
    "clean_number",
    "collected_by",
    "correct_number",
    "give_up",
    "hand_over",
    "hand_over_many",
    "named_by_number",
    "of_orders",
    "receive_webhook",
    "record_scans",
    "scans",
    "send_with",
    "sought",
    "take_to_ask",
    "taken",
    "use_carriers",
    "waybills_of",
]
