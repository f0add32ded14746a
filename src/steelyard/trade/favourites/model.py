"""What somebody keeps in mind and looked at."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from steelyard.goods.catalog.model import CategoryId, ProductId
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties.merchants.model import MerchantId

PRODUCTS_PER_BUYER_MAX = 1_000
SHOPS_PER_BUYER_MAX = 300
FOOTPRINTS_PER_BUYER_MAX = 300
FOOTPRINTS_DAYS = 60
FOOTPRINTS_PER_BATCH_MAX = 256


class Which(StrEnum):
    """Which favourites are wanted."""

    ALL = ""
    CHEAPER = "cheaper"
    BACK = "back"
    GONE = "gone"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A product somebody keeps, as it is now: without `price` it is not for sale. `kept_price` is what it cost then, in
    `currency`."""

    product_id: ProductId
    merchant_id: MerchantId
    kept_price: int | None
    currency: str | None
    kept_in_stock: bool
    kept_at: datetime
    title: Text
    picture: str | None
    category_path: list[CategoryId]
    price: int | None
    price_to: int | None
    now_currency: str | None
    in_stock: bool

    @property
    def cheaper_by(self) -> int:
        """By how much the price has fallen since, in minor units; 0 if it has not."""
        if self.price is None or self.kept_price is None or self.now_currency != self.currency:
            return 0
        return max(self.kept_price - self.price, 0)

    @property
    def back(self) -> bool:
        """It was sold out when it was kept, and is not now."""
        return self.in_stock and not self.kept_in_stock


class KeptShop(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: MerchantId
    kept_at: datetime


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A product somebody looked at, as it is now."""

    product_id: ProductId
    merchant_id: MerchantId
    seen_at: datetime
    title: Text
    picture: str | None
    price: int | None
    price_to: int | None
    compare_at: int | None
    currency: str | None
    in_stock: bool
    sold: int


class Footprint(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody looks at a product."""

    buyer_id: UUID
    product_id: UUID
    merchant_id: UUID


class PastFavourite(msgspec.Struct, frozen=True, kw_only=True):
    """A product that was kept at some time."""

    buyer_id: UUID
    product_id: UUID
    merchant_id: UUID
    kept_price: int
    currency: str
    kept_in_stock: bool
    kept_at: datetime


class PastFootprint(msgspec.Struct, frozen=True, kw_only=True):
    """A product that was looked at at some time."""

    buyer_id: UUID
    product_id: UUID
    merchant_id: UUID
    seen_at: datetime


class FavouritesFull(Refusal):
    """There is a limit to what one keeps in mind."""

    code = "favourites_full"
    title = N_("Your favourites are full")
    detail = N_("At most {limit} can be kept. Please remove some first.")
