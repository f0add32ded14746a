"""What speaks against an offer, as data. Others find it in `model`; how it is found is in `conflicts`."""

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

import msgspec

from steelyard.kernel.text import Text


class Level(StrEnum):
    """An error is refused; a warning is confirmed by whoever makes the offer all the same."""

    ERROR = "error"
    WARNING = "warning"


class Clash(StrEnum):
    TWO_FLASH_SALES = "two_flash_sales"
    FOR_NOTHING = "for_nothing"
    SAME_KIND = "same_kind"
    OTHER_PRICE = "other_price"
    BELOW_LOWEST = "below_lowest"
    BELOW_COST = "below_cost"
    THIN_MARGIN = "thin_margin"
    STACKED = "stacked"


ERRORS = frozenset({Clash.TWO_FLASH_SALES, Clash.FOR_NOTHING})


class Ware(msgspec.Struct, frozen=True, kw_only=True):
    """An article: what it costs, the lowest that it cost in the 30 days before today (none: its price was not changed then),
    and what it costs the shop (none: not said). All in minor units of one currency."""

    sku_id: UUID
    product_id: UUID
    merchant_id: UUID
    categories: Sequence[UUID]
    title: Text
    price: int
    lowest: int | None = None
    cost: int | None = None


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """`margin`: of a price so much is to be left over its cost; `off`: all offers together take so much off at most. Both in
    parts per million."""

    margin: int
    off: int


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """What speaks against an offer for an article: what a piece would cost, what it is compared with (both in minor units),
    and the other offer it is about."""

    clash: Clash
    sku_id: UUID
    title: Text
    price: int = 0
    compared: int = 0
    other_id: UUID | None = None
    other: Text | None = None

    @property
    def level(self) -> Level:
        return Level.ERROR if self.clash in ERRORS else Level.WARNING
