"""What promotions announce."""

from datetime import datetime
from uuid import UUID

from steelyard.kernel.events import Event


class GiftAsked(Event, frozen=True, kw_only=True):
    """A shop wants to give a coupon of its own to some buyers."""

    KIND = "promotions.gift_asked"

    merchant_id: UUID
    gift_id: UUID


class FlashChanged(Event, frozen=True, kw_only=True):
    """A flash sale of these goods was planned, has begun, was sold out or is not any more, or is over."""

    KIND = "promotions.flash_changed"

    merchant_id: UUID
    session_id: UUID
    product_ids: list[UUID]
    sku_ids: list[UUID]


class ShelfPricesChanged(Event, frozen=True, kw_only=True):
    """A price that a shop has reduced for everybody stands on the shelf from now on, or until now, or until another day: of
    these products, of all in these categories, or (none named) of all of the shop."""

    KIND = "promotions.shelf_prices_changed"

    merchant_id: UUID
    promotion_id: UUID
    product_ids: list[UUID]
    category_ids: list[UUID]


class CustomerGroupSet(Event, frozen=True, kw_only=True):
    """A shop has a group of customers, or says otherwise who comes into it by what they have bought."""

    KIND = "promotions.customer_group_set"

    merchant_id: UUID
    group_id: UUID


class CouponsGiven(Event, frozen=True, kw_only=True):
    """A shop, or the platform, has given these buyers a coupon each. `mailed`: by mail, too, to who wants such; not where whoever
    gave it writes to them."""

    KIND = "promotions.coupons_given"

    merchant_id: UUID
    promotion_id: UUID
    buyer_ids: list[UUID]
    mailed: bool = True


class CouponEnding(Event, frozen=True, kw_only=True):
    """A coupon that buyers hold ends soon."""

    KIND = "promotions.coupon_ending"

    merchant_id: UUID
    promotion_id: UUID
    ends_at: datetime
