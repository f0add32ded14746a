"""The kinds of promotions, each with what it needs to know, and for which goods and buyers they are. Others find them in
`model`."""

from enum import IntEnum, StrEnum
from uuid import UUID

import msgspec

from steelyard.goods.catalog.model import SkuId
from steelyard.kernel.money import PARTS_PER_MILLION, share


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
    """Another price for a piece: by SKU, or one `price`, or so much `off`, or a rate off. With an audience it is a member's or a
    segment's price."""

    prices: dict[SkuId, int] = {}
    millionths: int = 0
    off: int = 0
    price: int | None = None

    def of(self, sku_id: UUID, usual: int) -> int:
        """What a piece costs that usually costs so much: never more, and never nothing for an amount off."""
        named = next((price for each, price in self.prices.items() if each == sku_id), self.price)
        if named is not None:
            return min(named, usual)
        return usual - share(usual, self.millionths) - (self.off if self.off < usual else 0)


class Ladder(msgspec.Struct, frozen=True, kw_only=True, tag="ladder"):
    """Wholesale: from so many pieces of one SKU (or of one product) on, each is so much cheaper; `off` is a rate."""

    steps: tuple[Step, ...]
    by_product: bool = False


Rule = AmountOff | RateOff | Gift | BuyGet | PiecesFor | Bundle | FreeShipping | SpecialPrice | Ladder


def named(rule: Rule) -> dict[SkuId, int]:
    """The variants that a rule gives, or sells together, and how many pieces of each."""
    match rule:
        case Gift():
            return {rule.sku_id: rule.pieces}
        case Bundle():
            return dict(rule.parts)
        case _:
            return {}


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Which goods a promotion is for: any of these products, or of these categories with all below; empty: all. `shops`:
    of these shops only (none named: of any)."""

    shops: frozenset[UUID] = frozenset()
    products: frozenset[UUID] = frozenset()
    categories: frozenset[UUID] = frozenset()
    without: frozenset[UUID] = frozenset()


class Audience(msgspec.Struct, frozen=True, kw_only=True):
    """For whom it is: for anybody, for buyers of one of these segments, for those who never bought before."""

    segments: frozenset[str] = frozenset()
    new_buyers: bool = False


class Reason(StrEnum):
    """Why a promotion does not count. The first that holds is said."""

    NOT_YET = "not_yet"
    OVER = "over"
    OTHER_CURRENCY = "other_currency"
    NOTHING_OF_IT = "nothing_of_it"
    NOT_FOR_YOU = "not_for_you"
    NOT_CLAIMED = "not_claimed"
    NOT_BESIDE_PRICE = "not_beside_price"
    GIFT_GONE = "gift_gone"
    MORE_NEEDED = "more_needed"
    BEATEN = "beaten"
