"""Freight templates: what it costs to send something somewhere, and whether it can be sent at all."""

from enum import StrEnum
from typing import NewType, Protocol
from uuid import UUID

import msgspec

from steelyard.kernel.text import Text
from steelyard.parties.merchants.model import MerchantId

TemplateId = NewType("TemplateId", UUID)

TEMPLATES_PER_MERCHANT_MAX = 20
ZONES_PER_TEMPLATE_MAX = 100
DAYS_MAX = 365
EVERYWHERE = "*"

REGION_SUFFIX = (
    r"\s*((zhuang|hui|uygur|uyghur)?\s*(province|municipality|autonomous region)"
    r"|(壮族|回族|维吾尔)?(自治区|特别行政区|省|市))$"
)
"""What people leave out of a region's name as often as not: 广东 and 广东省, Guangxi and Guangxi Zhuang Autonomous
Region are one place. (A regular expression of PostgreSQL, on lower-case names.)"""


class Method(StrEnum):
    """What a template counts: pieces, or grams."""

    PIECE = "piece"
    WEIGHT = "weight"


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """What a template charges where.

    `countries` are ISO 3166-1 alpha-2 codes, or `*` for everywhere; `regions` narrow them down, empty means all, and
    are compared without `REGION_SUFFIX`.
    The first `first_units` pieces or grams cost `first_fee`, each further step of `next_units`, begun or full,
    `next_fee` (minor units). Goods worth `free_over` or more go free.
    """

    countries: list[str]
    regions: list[str] = []
    deliverable: bool = True
    first_units: int = 1
    first_fee: int = 0
    next_units: int = 1
    next_fee: int = 0
    free_over: int | None = None


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery option of a merchant. Of its zones, the first that matches an address counts."""

    merchant_id: MerchantId
    template_id: TemplateId
    name: Text
    method: Method
    currency: str
    days_from: int
    days_to: int
    zones: list[Zone]
    place: int = 0
    active: bool = True


class Shipment(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant would send: how many pieces, how heavy, worth how much."""

    merchant_id: MerchantId
    pieces: int
    weight_grams: int
    goods_amount: int
    currency: str


class DeliveryOption(msgspec.Struct, frozen=True, kw_only=True):
    """A way to send a shipment, its `fee` in minor units, and in how many days it arrives. Goods worth `free_over` would
    go free."""

    template_id: TemplateId
    name: Text
    fee: int
    currency: str
    days_from: int
    days_to: int
    free_over: int | None = None


class Place(Protocol):
    """Where it goes: an address, of which freight looks at two parts."""

    @property
    def country(self) -> str: ...

    @property
    def region(self) -> str: ...


def fee_of(zone: Zone, method: Method, shipment: Shipment) -> int:
    """What the shipment costs in this zone, in minor units.

    With first 1000 g for 1200 and each further 500 g for 300, a shipment of 1001 g costs 1500, one of 1500 g too,
    and one of 1501 g 1800. Nothing to send costs the first fee all the same.
    """
    if zone.free_over is not None and shipment.goods_amount >= zone.free_over:
        return 0
    units = shipment.pieces if method is Method.PIECE else shipment.weight_grams
    further = max(0, units - zone.first_units)
    return zone.first_fee + -(-further // zone.next_units) * zone.next_fee
