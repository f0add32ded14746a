"""Flash sales as data: sessions, and prices of which there are only so many pieces."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.goods.catalog.model import SkuId
from steelyard.kernel.text import Text
from steelyard.parties.merchants.model import MerchantId

SessionId = NewType("SessionId", UUID)


class Flash(msgspec.Struct, frozen=True, kw_only=True):
    """What a price in a flash sale is beside a price: of which session and SKU, of how many pieces, of which so many are
    `taken`, and how many an order and a buyer can have (none: as many as there are)."""

    session_id: SessionId
    sku_id: SkuId
    pieces: int
    taken: int
    per_order: int | None = None
    per_buyer: int | None = None

    @property
    def left(self) -> int:
        return self.pieces - self.taken

    def most(self, had: int) -> int | None:
        """How many a buyer who has so many can still have in one order; none: as many as there are."""
        limits = (self.per_order, None if self.per_buyer is None else max(0, self.per_buyer - had))
        return min((each for each in limits if each is not None), default=None)


class FlashItem(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sold at a flash price, in minor units of the shop's currency."""

    sku_id: SkuId
    price: int
    pieces: int
    per_order: int | None = None
    per_buyer: int | None = 1


class NewFlash(msgspec.Struct, frozen=True, kw_only=True):
    """A session that is to be. Its id is the caller's: said twice, it is planned once."""

    merchant_id: MerchantId
    session_id: SessionId
    name: Text
    starts_at: datetime
    ends_at: datetime
    items: Sequence[FlashItem]


class FlashState(StrEnum):
    TO_COME = "to_come"
    RUNNING = "running"
    OVER = "over"
    CANCELLED = "cancelled"


class Session(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: MerchantId
    session_id: SessionId
    name: Text
    starts_at: datetime
    ends_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    cancelled_by: str | None
    reason: str

    def state(self, at: datetime) -> FlashState:
        if self.cancelled_by is not None:
            return FlashState.CANCELLED
        if self.ended_at is not None or at >= self.ends_at:
            return FlashState.OVER
        return FlashState.RUNNING if at >= self.starts_at else FlashState.TO_COME


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A price of a session: `buyers` and `amount` are what came of it, without orders that were dropped unpaid."""

    merchant_id: MerchantId
    session_id: SessionId
    promotion_id: UUID
    product_id: UUID
    sku_id: SkuId
    price: int
    currency: str
    pieces: int
    taken: int
    per_order: int | None
    per_buyer: int | None
    buyers: int = 0
    off: int = 0

    @property
    def left(self) -> int:
        return self.pieces - self.taken

    @property
    def percent(self) -> int:
        """How much of it is sold, in whole percents: all of it only when nothing is left."""
        return self.taken * 100 // self.pieces
