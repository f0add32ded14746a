"""Flash sales and presales as data: sessions, and prices of which there are only so many pieces."""

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


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a session a presale: when the balance is paid, until when it is sent, and whether who does not pay the
    balance in time gives up the deposit (`forfeits`) or gets it back."""

    balance_from: datetime
    balance_until: datetime
    ships_by: datetime
    forfeits: bool = True


class Presale(Terms, frozen=True, kw_only=True):
    """What a piece costs in a presale, in minor units: its `price`, the `deposit` that is paid first (none: all of it is paid
    at once), and what the deposit counts for when the balance is paid."""

    price: int
    deposit: int
    counts_for: int

    @property
    def whole(self) -> int:
        """What a piece costs altogether: the deposit counts for more than it is."""
        return self.price - (self.counts_for - self.deposit)

    @property
    def balance(self) -> int:
        return self.price - self.counts_for


class Flash(msgspec.Struct, frozen=True, kw_only=True):
    """What a price in a flash sale is beside a price: of which session and SKU, of how many pieces, of which so many are
    `taken`, and how many an order and a buyer can have (none: as many as there are). `presale`: it is one of a presale."""

    session_id: SessionId
    sku_id: SkuId
    pieces: int
    taken: int
    per_order: int | None = None
    per_buyer: int | None = None
    presale: Presale | None = None

    @property
    def left(self) -> int:
        return self.pieces - self.taken

    @property
    def percent(self) -> int:
        """How much of it is sold, in whole percents: all of it only when nothing is left."""
        return self.taken * 100 // self.pieces

    def most(self, had: int) -> int | None:
        """How many a buyer who has so many can still have in one order; none: as many as there are."""
        limits = (self.per_order, None if self.per_buyer is None else max(0, self.per_buyer - had))
        return min((each for each in limits if each is not None), default=None)


class FlashItem(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sold at a flash price, in minor units of the shop's currency; in a presale with its deposit, and what that
    counts for."""

    sku_id: SkuId
    price: int
    pieces: int
    per_order: int | None = None
    per_buyer: int | None = 1
    deposit: int = 0
    counts_for: int = 0

    @property
    def whole(self) -> int:
        """What a piece costs altogether."""
        return self.price - (self.counts_for - self.deposit)


class NewFlash(msgspec.Struct, frozen=True, kw_only=True):
    """A session that is to be. Its id is the caller's: said twice, it is planned once. With `terms` it is a presale, and what
    it lasts the time in which a deposit can be paid. `only_source`: its prices count only for orders of this source."""

    merchant_id: MerchantId
    session_id: SessionId
    name: Text
    starts_at: datetime
    ends_at: datetime
    items: Sequence[FlashItem]
    terms: Terms | None = None
    only_source: str | None = None

    def presale_of(self, item: FlashItem) -> Presale | None:
        """What is frozen with the price of an item, if this is a presale."""
        if self.terms is None:
            return None
        return Presale(
            **msgspec.structs.asdict(self.terms), price=item.price, deposit=item.deposit, counts_for=item.counts_for
        )


def of_source(client: str) -> str | None:
    """What a price that is only for orders of one source calls it, from an order's source: of `live:<session>:<second>` the
    session; none where no price can be only for it."""
    word, _, rest = client.partition(":")
    session, _, _ = rest.partition(":")
    return f"{word}:{session}" if word == "live" and session else None


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
    presale: Terms | None = None
    only_source: str | None = None

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
    presale: Presale | None = None

    @property
    def left(self) -> int:
        return self.pieces - self.taken

    @property
    def percent(self) -> int:
        """How much of it is sold, in whole percents: all of it only when nothing is left."""
        return self.taken * 100 // self.pieces
