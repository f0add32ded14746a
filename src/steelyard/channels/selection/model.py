"""Offers in the selection pool, and samples: states, and what they say. No I/O."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.kernel.text import Text

PoolOfferId = NewType("PoolOfferId", UUID)
SampleId = NewType("SampleId", UUID)

TERMS_CHARACTERS_MAX = 1_000
WORDS_CHARACTERS_MAX = 500
REASON_CHARACTERS_MAX = 500
RECEIVER_CHARACTERS_MAX = 200
TRACKING_CHARACTERS_MAX = 40
SAMPLES_MAX = 10_000
PIECES_MAX = 100
OFFERS_OPEN_MAX = 1_000


class OfferState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class SampleState(StrEnum):
    """`asked`: the shop decides. `returned`: it is back; one that need not come back stays `received`."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    SENT = "sent"
    RECEIVED = "received"
    RETURNED = "returned"


OFFER_MACHINE = Machine(
    "pool_offer", {OfferState.OPEN}, {OfferState.OPEN: {OfferState.CLOSED}, OfferState.CLOSED: set()}
)
SAMPLE_MACHINE = Machine(
    "pool_sample",
    {SampleState.ASKED},
    {
        SampleState.ASKED: {SampleState.APPROVED, SampleState.REFUSED, SampleState.WITHDRAWN},
        SampleState.APPROVED: {SampleState.SENT, SampleState.WITHDRAWN},
        SampleState.REFUSED: set(),
        SampleState.WITHDRAWN: set(),
        SampleState.SENT: {SampleState.RECEIVED, SampleState.RETURNED},
        SampleState.RECEIVED: {SampleState.RETURNED},
        SampleState.RETURNED: set(),
    },
)
MACHINES = (OFFER_MACHINE, SAMPLE_MACHINE)
# In these a sample counts among those that the shop gives.
GIVEN = (SampleState.APPROVED, SampleState.SENT, SampleState.RECEIVED, SampleState.RETURNED)


class NewPoolOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A product at these terms: `millionths` of sales, `slot_fee` (minor units of `currency`) for a session, so many pieces as
    samples in all, which come back or not."""

    merchant_id: UUID
    offer_id: PoolOfferId
    product_id: UUID
    millionths: int
    slot_fee: int | None = None
    currency: str | None = None
    terms: str = ""
    samples: int = 0
    sample_back: bool = False


class PoolOffer(NewPoolOffer, frozen=True, kw_only=True):
    """`given`: pieces that are promised or gone as samples; `asked`: requests that wait; `picks`: sessions that took it."""

    title: Text
    state: OfferState
    opened_at: datetime
    given: int
    asked: int
    picks: int

    @property
    def samples_left(self) -> int:
        return self.samples - self.given


class NewSample(msgspec.Struct, frozen=True, kw_only=True):
    """What a host asks for. `receiver`: {name, phone, address}."""

    merchant_id: UUID
    sample_id: SampleId
    offer_id: PoolOfferId
    host_id: UUID
    quantity: int
    receiver: Mapping[str, str]
    words: str = ""


class Sample(NewSample, frozen=True, kw_only=True):
    product_id: UUID
    title: Text
    host: str
    back: bool
    state: SampleState
    reason: str
    carrier: str
    tracking: str
    sku_id: UUID | None
    warehouse_id: UUID | None
    asked_at: datetime
    changed_at: datetime


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """From where a sample can be taken: `free` pieces of an article in a warehouse."""

    sku_id: UUID
    warehouse_id: UUID
    code: str
    warehouse: str
    free: int


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A change of state: `by` is `staff:<account_id>`."""

    step: int
    from_state: str
    to_state: str
    at: datetime
    by: str


class Pick(msgspec.Struct, frozen=True, kw_only=True):
    """A session that took an offer."""

    session_id: UUID
    session: Text
    at: datetime


class OfferClosed(Refusal):
    """What is not offered any more is not taken, and no samples of it are given."""

    code = "pool_offer_closed"
    title = N_("This offer is closed")
    detail = N_("The shop offers it at these terms no more.")


class AlreadyOffered(Refusal):
    """A product stands in the pool once."""

    code = "pool_product_offered"
    title = N_("This product is in the pool already")
    detail = N_("Close the offer that is open to offer it at other terms.")


class NoSamplesLeft(Refusal):
    """No more samples are given than were offered."""

    code = "pool_no_samples_left"
    title = N_("There are not so many samples left")
    detail = N_("Of this offer {left} pieces are left.")
