"""Promotions as data, carts as data, and what comes out of the two."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.goods.catalog.model import SkuId
from steelyard.kernel.money import PARTS_PER_MILLION
from steelyard.kernel.text import Text
from steelyard.parties.merchants.model import MerchantId

PromotionId = NewType("PromotionId", UUID)


class Layer(IntEnum):
    """In which order promotions are counted: each takes from what the layers before it have left."""

    ITEM = 1
    SHOP = 2
    PLATFORM = 3
    SHOP_COUPON = 4
    PLATFORM_COUPON = 5
    SHIPPING = 6


EVERY_LAYER = frozenset(Layer)


class Counted(StrEnum):
    """What a threshold is compared with: money (minor units, after the layers before), or pieces."""

    AMOUNT = "amount"
    PIECES = "pieces"


class Step(msgspec.Struct, frozen=True):
    """From `over` on there is `off`: minor units, or parts per million."""

    over: int
    off: int


class AmountOff(msgspec.Struct, frozen=True, kw_only=True, tag="amount_off"):
    """满减: ¥20 off over ¥200; the highest step that is reached counts. `again`: for each ¥200 once more."""

    steps: tuple[Step, ...]
    counted: Counted = Counted.AMOUNT
    again: bool = False
    at_most: int | None = None


class RateOff(msgspec.Struct, frozen=True, kw_only=True, tag="rate_off"):
    """满折: 10 % off from two pieces on; the highest step that is reached counts."""

    steps: tuple[Step, ...]
    counted: Counted = Counted.AMOUNT
    at_most: int | None = None


class Gift(msgspec.Struct, frozen=True, kw_only=True, tag="gift"):
    """满赠: over a threshold there are pieces of something that is `worth` so much each."""

    over: int
    sku_id: SkuId
    worth: int
    pieces: int = 1
    counted: Counted = Counted.AMOUNT


class BuyGet(msgspec.Struct, frozen=True, kw_only=True, tag="buy_get"):
    """Buy x, get y for less or for nothing: of each x + y pieces the y cheapest. n for m is `buy=m, get=n - m`.

    With `reward`, y pieces of those products for each x pieces of the others.
    """

    buy: int
    get: int
    millionths: int = PARTS_PER_MILLION
    reward: frozenset[UUID] = frozenset()


class PiecesFor(msgspec.Struct, frozen=True, kw_only=True, tag="pieces_for"):
    """Any n pieces for ¥99: the dearest are put together, where it saves anything."""

    pieces: int
    price: int


class Bundle(msgspec.Struct, frozen=True, kw_only=True, tag="bundle"):
    """These together at one price. `parts` says how many pieces of what are in it."""

    parts: dict[SkuId, int]
    price: int


class FreeShipping(msgspec.Struct, frozen=True, kw_only=True, tag="free_shipping"):
    """Freight is free over a threshold, or less by at most so much."""

    over: int = 0
    counted: Counted = Counted.AMOUNT
    at_most: int | None = None


class SpecialPrice(msgspec.Struct, frozen=True, kw_only=True, tag="special_price"):
    """Another price for a piece: by SKU, or a rate off. With an audience it is a member's or a segment's price."""

    prices: dict[SkuId, int] = {}
    millionths: int = 0


class Ladder(msgspec.Struct, frozen=True, kw_only=True, tag="ladder"):
    """Wholesale: from so many pieces of one SKU (or of one product) on, each is so much cheaper; `off` is a rate."""

    steps: tuple[Step, ...]
    by_product: bool = False


Rule = AmountOff | RateOff | Gift | BuyGet | PiecesFor | Bundle | FreeShipping | SpecialPrice | Ladder


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Which goods a promotion is for: any of these products, or of these categories with all below; empty: all."""

    products: frozenset[UUID] = frozenset()
    categories: frozenset[UUID] = frozenset()
    without: frozenset[UUID] = frozenset()


class Audience(msgspec.Struct, frozen=True, kw_only=True):
    """For whom it is: for anybody, for buyers of one of these segments, for those who never bought before."""

    segments: frozenset[str] = frozenset()
    new_buyers: bool = False


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """`merchant_id`: whose goods it is for, none: the platform's. `coupon`: only for who holds one.

    `group`: of one owner's promotions with the same group one counts. `beside`: the layers of promotions that may count
    for the same goods. `platform_millionths`: which part of what it takes off is paid by the platform.
    """

    promotion_id: PromotionId
    name: Text
    rule: Rule
    currency: str
    starts_at: datetime
    ends_at: datetime
    merchant_id: MerchantId | None = None
    coupon: bool = False
    scope: Scope = Scope()
    audience: Audience = Audience()
    group: str = ""
    beside: frozenset[Layer] = EVERY_LAYER
    platform_millionths: int = 0

    @property
    def layer(self) -> Layer:
        match self.rule:
            case SpecialPrice() | Ladder():
                return Layer.ITEM
            case FreeShipping():
                return Layer.SHIPPING
            case _ if self.coupon:
                return Layer.PLATFORM_COUPON if self.merchant_id is None else Layer.SHOP_COUPON
            case _:
                return Layer.PLATFORM if self.merchant_id is None else Layer.SHOP


class Buyer(msgspec.Struct, frozen=True, kw_only=True):
    """What counts of a buyer: the segments they are in (a member's level is one), whether they never bought before, and
    the coupons that they hold."""

    segments: frozenset[str] = frozenset()
    new: bool = False
    holds: frozenset[UUID] = frozenset()


class CartLine(msgspec.Struct, frozen=True, kw_only=True):
    """`categories`: that of the goods and all above it."""

    line_id: str
    sku_id: UUID
    product_id: UUID
    merchant_id: UUID
    categories: Sequence[UUID]
    unit_price: int
    quantity: int

    @property
    def amount(self) -> int:
        return self.unit_price * self.quantity


class Cart(msgspec.Struct, frozen=True, kw_only=True):
    """`freight`: what sending costs, by merchant."""

    currency: str
    lines: Sequence[CartLine]
    at: datetime
    freight: Mapping[UUID, int] = {}
    buyer: Buyer = Buyer()


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What a promotion takes off a line or a merchant's freight, and the part of it that the platform pays."""

    promotion_id: PromotionId
    amount: int
    platform: int

    @property
    def merchant(self) -> int:
        return self.amount - self.platform


class Reduced(msgspec.Struct, frozen=True, kw_only=True):
    """A line, or the freight of a merchant: what it cost, and by what it is less."""

    key: str
    before: int
    shares: tuple[Share, ...]

    @property
    def off(self) -> int:
        return sum(share.amount for share in self.shares)

    @property
    def platform(self) -> int:
        return sum(share.platform for share in self.shares)

    @property
    def amount(self) -> int:
        return self.before - self.off


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """So much more (minor units or pieces), and there is `off` (minor units, parts per million when `rate`)."""

    missing: int
    counted: Counted
    off: int
    rate: bool = False


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion that counts: for which lines, what they cost and how many pieces they were when its turn came, what it
    takes off, and what more would bring."""

    promotion: Promotion
    line_ids: tuple[str, ...]
    base: int
    pieces: int
    off: int
    next: Hint | None = None


class Reason(StrEnum):
    """Why a promotion does not count. The first that holds is said."""

    NOT_YET = "not_yet"
    OVER = "over"
    OTHER_CURRENCY = "other_currency"
    NOTHING_OF_IT = "nothing_of_it"
    NOT_FOR_YOU = "not_for_you"
    NOT_CLAIMED = "not_claimed"
    NOT_BESIDE_PRICE = "not_beside_price"
    MORE_NEEDED = "more_needed"
    BEATEN = "beaten"


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """`hint`: what is missing, if that is the reason. `by`: those that count instead, if it is beaten."""

    promotion: Promotion
    reason: Reason
    hint: Hint | None = None
    by: tuple[PromotionId, ...] = ()


class Given(msgspec.Struct, frozen=True, kw_only=True):
    promotion_id: PromotionId
    sku_id: SkuId
    pieces: int


class Reckoning(msgspec.Struct, frozen=True, kw_only=True):
    """What a cart costs, and why. `lines` are in the order of their ids, `applied` in the order in which they count.

    `exact`: the best of all combinations; otherwise the search was given up, and it is the best that was seen.
    """

    currency: str
    lines: tuple[Reduced, ...]
    freight: tuple[Reduced, ...]
    applied: tuple[Applied, ...]
    missed: tuple[Missed, ...]
    gifts: tuple[Given, ...]
    exact: bool

    @property
    def before(self) -> int:
        return sum(part.before for part in (*self.lines, *self.freight))

    @property
    def off(self) -> int:
        return sum(part.off for part in (*self.lines, *self.freight))

    @property
    def platform(self) -> int:
        return sum(part.platform for part in (*self.lines, *self.freight))

    @property
    def amount(self) -> int:
        return self.before - self.off
