"""Waybills, parcels and the road they take."""

from datetime import datetime
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

Carrier = Literal["simex", "simpost"]
CARRIERS: tuple[Carrier, ...] = get_args(Carrier)
Stage = Literal["accepted", "picked_up", "in_transit", "arrived", "out_for_delivery", "delivered"]
STAGES: tuple[Stage, ...] = get_args(Stage)
Code = Literal[
    "accepted", "picked_up", "in_transit", "arrived", "out_for_delivery", "delivered", "exception", "refused"
]

Reference = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,80}$")]
Number = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{6,40}$")]
Line = Annotated[str, Meta(max_length=200)]
WebAddress = Annotated[str, Meta(pattern=r"^https?://[^\s/?#]+[^\s]*$", max_length=2000)]
WEIGHT_GRAMS_MAX = 1_000_000
PAGE_ROWS = 50

TEXTS: dict[Code, tuple[str, str]] = {
    "accepted": ("已接单，等待揽收", "Order received, waiting for pick-up"),
    "picked_up": ("快件已揽收", "Picked up from the sender"),
    "in_transit": ("运输途中", "In transit"),
    "arrived": ("已到达派送网点", "Arrived at the delivery depot"),
    "out_for_delivery": ("派送中", "Out for delivery"),
    "delivered": ("已签收", "Delivered"),
    "exception": ("派送异常，等待处理", "Delivery problem, waiting for an answer"),
    "refused": ("收件人拒收，退回寄件人", "Refused by the recipient, goes back to the sender"),
}


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who sends or receives. Members that are not named here are ignored."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    phone: Line = ""
    country: Line = "CN"
    region: Line = ""
    city: Line = ""
    district: Line = ""
    street: Line = ""
    postcode: Line = ""

    @property
    def place(self) -> str:
        return self.city or self.region or self.country


class WaybillRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`collect`: the recipient pays."""

    reference: Reference
    carrier: Carrier
    sender: Address = msgspec.field(name="from")
    recipient: Address = msgspec.field(name="to")
    weight_grams: Annotated[int, Meta(ge=1, le=WEIGHT_GRAMS_MAX)]
    collect: bool = False
    webhook_url: WebAddress | None = None


class Waybill(msgspec.Struct, frozen=True):
    carrier: Carrier
    number: str
    label_url: str


class Cash(msgspec.Struct, frozen=True, kw_only=True):
    """To be collected when the parcel is handed over, in minor units."""

    amount: Annotated[int, Meta(ge=1)]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]


class TrackingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`cash` is collected at the door; what was said last counts, until the parcel is handed over."""

    carrier: Carrier
    number: Number
    webhook_url: WebAddress | None = None
    cash: Cash | None = None


class AdvanceRequest(msgspec.Struct, frozen=True):
    """Where to; the next stage when nothing is said."""

    to: Code | None = None


class TrackingEvent(msgspec.Struct, frozen=True):
    at: datetime
    code: Code
    place: str
    text_zh: str
    text_en: str


class Tracking(msgspec.Struct, frozen=True):
    """A parcel's story, oldest event first; `status` is the code of the last. `cash` is to be collected, `collected` was."""

    carrier: Carrier
    number: str
    status: Code
    events: list[TrackingEvent]
    cash: Cash | None = None
    collected: int | None = None
