"""Promotions as data, carts as data, and what comes out of the two."""

from datetime import datetime
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.goods.catalog.model import SkuId
from steelyard.goods.promotions.carts import Buyer, Cart, CartLine
from steelyard.goods.promotions.clashes import Bounds, Clash, Conflict, Level, Ware
from steelyard.goods.promotions.entering import Code, CodeState, CouponGift, Entered, GiftAudience, OfferState, Standing
from steelyard.goods.promotions.flash import Flash, FlashItem, FlashState, NewFlash, Planned, Session, SessionId
from steelyard.goods.promotions.grouping import Group, GroupId, Joining, Member, MemberSource, segment_of
from steelyard.goods.promotions.people import Limit, Personal, new_of
from steelyard.goods.promotions.refusals import (
    CodeUnknown,
    CouponClaimed,
    CouponGone,
    LimitReached,
    OfferBegun,
    OfferGone,
)
from steelyard.goods.promotions.rules import (
    EVERY_LAYER,
    AmountOff,
    Audience,
    Bundle,
    BuyGet,
    Counted,
    FreeShipping,
    Gift,
    Ladder,
    Layer,
    PiecesFor,
    RateOff,
    Reason,
    Rule,
    Scope,
    SpecialPrice,
    Step,
)
from steelyard.kernel.text import Text
from steelyard.parties.merchants.model import MerchantId

# The kinds, flash sales and refusals stand in files of their own, and are found here.
__all__ = [
    "EVERY_LAYER",
    "AmountOff",
    "Audience",
    "Bounds",
    "Bundle",
    "BuyGet",
    "Buyer",
    "Cart",
    "CartLine",
    "Clash",
    "Code",
    "CodeState",
    "CodeUnknown",
    "Conflict",
    "Counted",
    "CouponClaimed",
    "CouponGift",
    "CouponGone",
    "Entered",
    "Flash",
    "FlashItem",
    "FlashState",
    "FreeShipping",
    "Gift",
    "GiftAudience",
    "Group",
    "GroupId",
    "Joining",
    "Ladder",
    "Layer",
    "Level",
    "Limit",
    "LimitReached",
    "Member",
    "MemberSource",
    "NewFlash",
    "OfferBegun",
    "OfferGone",
    "OfferState",
    "Personal",
    "PiecesFor",
    "Planned",
    "RateOff",
    "Reason",
    "Rule",
    "Scope",
    "Session",
    "SessionId",
    "SpecialPrice",
    "Standing",
    "Step",
    "Ware",
]

PromotionId = NewType("PromotionId", UUID)

# Whose the platform's own promotions are, where a merchant's would name the merchant: nobody sells under this id.
PLATFORM = MerchantId(UUID(int=0))


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """`merchant_id`: whose goods it is for, none: the platform's. `coupon`: only for who holds one.

    `group`: of one owner's promotions with the same group one counts. `beside`: the layers of promotions that may count
    for the same goods. `platform_millionths`: which part of what it takes off is paid by the platform. `limited`: there
    are only so many pieces for it. `alone`: what is bought by it is bought by itself, and nothing else counts (a presale);
    `team`: it is a price for buyers who come together.
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
    limited: bool = False
    alone: bool = False
    team: bool = False
    limits: tuple[Limit, ...] = ()

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


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """`hint`: what is missing, if that is the reason. `by`: those that count instead, if it is beaten."""

    promotion: Promotion
    reason: Reason
    hint: Hint | None = None
    by: tuple[PromotionId, ...] = ()


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces that come with a cart for nothing, `worth` so much each, and for which lines: `of` says what each of these was
    when it was `counted` towards the threshold `over`."""

    promotion_id: PromotionId
    name: Text
    sku_id: SkuId
    pieces: int
    worth: int
    over: int
    counted: Counted
    of: tuple[tuple[str, int], ...]


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


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion as it is kept: `copies` for all and `per_buyer` for each can be claimed of a coupon, all together may take off
    no more than the `budget`. Of the `PLATFORM`'s it pays the part of `platform_millionths`. `flash`: in a flash sale.
    `group_id`: for the shop's group of customers alone. `shelf`: the price stands on cards and pages, for everybody.
    `only_source`: it counts only for orders of this source (see `of_source`)."""

    merchant_id: MerchantId
    promotion_id: PromotionId
    name: Text
    rule: Rule
    scope: Scope = Scope()
    currency: str
    starts_at: datetime
    ends_at: datetime
    coupon: bool = False
    code: str | None = None
    copies: int | None = None
    per_buyer: int | None = None
    budget: int | None = None
    claimed: int = 0
    spent: int = 0
    stopped_at: datetime | None = None
    platform_millionths: int = 0
    flash: Flash | None = None
    new_buyers: bool = False
    given: bool = False
    group_id: UUID | None = None
    shelf: bool = False
    only_source: str | None = None

    @property
    def limits(self) -> list[Limit]:
        """What holds for a person: a code is passed on, and whoever is new is so once."""
        by_code = [Limit(limited_by=self.promotion_id, most=self.per_buyer or 1)] if self.code else []
        return by_code + ([Limit(limited_by=self.merchant_id, most=1)] if self.new_buyers else [])

    @property
    def segments(self) -> frozenset[str]:
        """One of these a buyer is in for whom it is; none: everybody."""
        if self.group_id is not None:
            return frozenset({segment_of(self.group_id)})
        return frozenset({new_of(self.merchant_id)} if self.new_buyers else ())

    @property
    def of_platform(self) -> bool:
        return self.merchant_id == PLATFORM

    @property
    def promotion(self) -> Promotion:
        return Promotion(
            promotion_id=self.promotion_id,
            name=self.name,
            rule=self.rule,
            currency=self.currency,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            merchant_id=None if self.of_platform else self.merchant_id,
            coupon=self.coupon,
            scope=self.scope,
            platform_millionths=self.platform_millionths,
            limited=self.flash is not None,
            alone=self.flash is not None and self.flash.presale is not None,
            audience=Audience(segments=self.segments),
            limits=tuple(self.limits) if self.coupon else (),
        )

    @property
    def left(self) -> int | None:
        """What the budget still has; none when there is none."""
        return None if self.budget is None else self.budget - self.spent

    @property
    def gone(self) -> bool:
        """Whether all that could be claimed is claimed."""
        return self.copies is not None and self.claimed >= self.copies

    def state(self, at: datetime) -> OfferState:
        if self.stopped_at is not None:
            return OfferState.STOPPED
        if at >= self.ends_at:
            return OfferState.OVER
        if self.left is not None and self.left <= 0:
            return OfferState.SPENT
        return OfferState.RUNNING if at >= self.starts_at else OfferState.TO_COME


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """For how many orders a promotion counted, what it took off altogether, and how much of that the platform paid."""

    orders: int
    amount: int
    platform: int = 0


class Coupon(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon before a buyer's eyes: how many of it they have, and how many of those are unused."""

    offer: Offer
    claims: int = 0
    unused: int = 0

    @property
    def claimable(self) -> bool:
        return not self.offer.gone and self.claims < (self.offer.per_buyer or 0)


class Owned(Offer, frozen=True, kw_only=True):
    """An offer of which a buyer has had so many coupons, and how many of those are unused."""

    claims: int = 0
    unused: int = 0


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What a promotion, of `merchant_id`, is to take off an order that is being placed, and the platform's part of it. Those of
    one `purchase_id` all count, or none; a coupon of the platform is used once for all orders of it. `by_code`: its code came
    with the purchase; a buyer who has no such coupon yet gets one for it. `pieces`: of a promotion that has only so many."""

    purchase_id: UUID
    merchant_id: UUID
    order_id: UUID
    promotion_id: PromotionId
    buyer_id: UUID
    amount: int
    coupon: bool
    platform: int = 0
    by_code: bool = False
    pieces: int = 0

    @property
    def used_for(self) -> UUID:
        """What a coupon is used for: the order, or with one of the platform the purchase."""
        return self.purchase_id if self.merchant_id == PLATFORM else self.order_id


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A use that nobody can take away any more until the transaction ends, with the coupon that is used for it, and the
    flash sale that its pieces are of, as that was before. A `fresh` coupon is claimed by being used."""

    use: Use
    claim: int | None
    limited: bool
    fresh: bool = False
    flash: Flash | None = None
