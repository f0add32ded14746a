"""Parcels on their way."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.kernel.text import Text

ParcelId = NewType("ParcelId", UUID)

NUMBER_CHARACTERS_MAX = 40


class ParcelState(StrEnum):
    """`lost`: the carrier reported trouble; it may be found again."""

    HANDED_OVER = "handed_over"
    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"
    LOST = "lost"


MACHINE = Machine(
    "parcel",
    {ParcelState.HANDED_OVER, ParcelState.DELIVERED},
    {
        ParcelState.HANDED_OVER: {ParcelState.IN_TRANSIT, ParcelState.DELIVERED, ParcelState.LOST},
        ParcelState.IN_TRANSIT: {ParcelState.DELIVERED, ParcelState.LOST},
        ParcelState.LOST: {ParcelState.IN_TRANSIT, ParcelState.DELIVERED},
        ParcelState.DELIVERED: set(),
    },
)


class Carrier(msgspec.Struct, frozen=True, kw_only=True):
    carrier: str
    name: Text


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """What the carrier told: `code` is accepted, picked_up, in_transit, arrived, out_for_delivery, delivered, exception."""

    at: datetime
    code: str
    place: str = ""
    words: Text = msgspec.field(default_factory=Text)


class Tracking(msgspec.Struct, frozen=True, kw_only=True):
    """All that a carrier knows about one number, so far."""

    carrier: str
    number: str
    scans: Sequence[Scan]


class TrackingNews(msgspec.Struct, frozen=True, kw_only=True):
    """A carrier's message of its own accord."""

    event_id: str
    tracking: Tracking


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    parcel_id: ParcelId
    merchant_id: UUID
    order_id: UUID
    carrier: str
    carrier_name: Text
    number: str
    state: ParcelState
    sent_at: datetime
    delivered_at: datetime | None


class NumberTaken(Refusal):
    """A tracking number is one parcel's."""

    code = "tracking_number_taken"
    title = N_("This tracking number is in use")
    detail = N_("“{number}” already belongs to another parcel of yours. Please check the number.")
