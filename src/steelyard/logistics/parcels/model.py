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
# A carrier that cannot be asked about a number.
OTHER = "other"
# How long, and how often, a wrong tracking number is put right.
CORRECTION_HOURS = 24
CORRECTIONS_MAX = 3


class ParcelState(StrEnum):
    """`lost`: the carrier reported trouble; it may be found again. `refused`: it was to be paid at the door, and was not."""

    HANDED_OVER = "handed_over"
    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"
    LOST = "lost"
    REFUSED = "refused"


MACHINE = Machine(
    "parcel",
    {ParcelState.HANDED_OVER, ParcelState.DELIVERED},
    {
        ParcelState.HANDED_OVER: {
            ParcelState.IN_TRANSIT,
            ParcelState.DELIVERED,
            ParcelState.LOST,
            ParcelState.REFUSED,
        },
        ParcelState.IN_TRANSIT: {ParcelState.DELIVERED, ParcelState.LOST, ParcelState.REFUSED},
        ParcelState.LOST: {ParcelState.IN_TRANSIT, ParcelState.DELIVERED, ParcelState.REFUSED},
        ParcelState.DELIVERED: set(),
        ParcelState.REFUSED: set(),
    },
)


class Carrier(msgspec.Struct, frozen=True, kw_only=True):
    """`collects`: cash at the door, which it pays on."""

    carrier: str
    name: Text
    collects: bool = False


class CarrierList(msgspec.Struct, frozen=True, kw_only=True):
    """The carriers that a shop sends with, the one it prefers first; `chosen` by itself, else all there are. `by_option`:
    which one a delivery option goes with."""

    carriers: list[Carrier]
    chosen: bool
    by_option: dict[UUID, str]

    def best_for(self, template_id: UUID | None) -> str:
        """What a form proposes for an order that was to be delivered so."""
        known = {each.carrier for each in self.carriers}
        wanted = self.by_option.get(template_id) if template_id else None
        return wanted if wanted in known else self.carriers[0].carrier


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """What the carrier told: `code` is accepted, picked_up, in_transit, arrived, out_for_delivery, delivered, exception,
    refused."""

    at: datetime
    code: str
    place: str = ""
    words: Text = msgspec.field(default_factory=Text)


class Tracking(msgspec.Struct, frozen=True, kw_only=True):
    """All that a carrier knows about one number, so far. `collected`: the cash that it says it got at the door, in minor
    units."""

    carrier: str
    number: str
    scans: Sequence[Scan]
    collected: int | None = None


class ToCollect(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever hands a parcel over asks for at the door, in minor units."""

    amount: int
    currency: str


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
    refused_at: datetime | None = None

    @property
    def unknown(self) -> bool:
        """Whether its carrier says that it does not know the number: somebody mistyped it, or it cannot be one."""
        return self.refused_at is not None and self.state is ParcelState.HANDED_OVER


class NewParcel(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel that leaves now."""

    parcel_id: ParcelId
    order_id: UUID
    carrier: str
    number: str


class NewWaybill(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel that a carrier is asked to give a number. `sender` and `recipient` are addresses as JSON objects: name,
    phone, country, region, city, district, street, postal_code. `collect`: the recipient pays the carrier."""

    merchant_id: UUID
    waybill_id: ParcelId
    order_id: UUID
    carrier: str
    sender: dict[str, str]
    recipient: dict[str, str]
    weight_grams: int
    collect: bool = False


class Waybill(NewWaybill, frozen=True, kw_only=True):
    """What came of it: neither number nor failure while the answer is not known."""

    number: str | None
    failure: str | None


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """What a parcel's number was, and what it is."""

    carrier_was: str
    number_was: str
    carrier: str
    number: str


class TooLateToCorrect(Refusal):
    """A tracking number is put right soon after it was typed in, before the parcel moves."""

    code = "too_late_to_correct"
    title = N_("This tracking number can no longer be changed")
    detail = N_("“{number}” has been moved by the carrier, was sent more than a day ago, or was changed three times.")


class NumberTaken(Refusal):
    """A tracking number is one parcel's."""

    code = "tracking_number_taken"
    title = N_("This tracking number is in use")
    detail = N_("“{number}” already belongs to another parcel of yours. Please check the number.")
