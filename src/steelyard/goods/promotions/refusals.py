"""What is refused about promotions and coupons, and the rule behind each."""

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_


class OfferGone(Refusal):
    """What an offer may take off altogether is taken off once."""

    code = "offer_gone"
    title = N_("An offer has just run out")
    detail = N_("Others were faster. Please look at the new total before you pay.")


class CouponGone(Refusal):
    """There are only so many of a coupon."""

    code = "coupon_gone"
    title = N_("This coupon is not to be had any more")
    detail = N_("It has run out, or its time is over.")


class CouponClaimed(Refusal):
    """Each buyer can have a coupon so many times."""

    code = "coupon_claimed"
    title = N_("You have this coupon already")
    detail = N_("It counts by itself at the checkout when you buy enough.")


class CodeUnknown(Refusal):
    """A code is that of a coupon of one of the shops in question."""

    code = "coupon_code_unknown"
    status = 422
    title = N_("This code is not known")
    detail = N_("Please check its spelling, and that it is of a shop you are buying from.")


class OfferBegun(Refusal):
    """What has begun is stopped, not changed: what buyers were told stays true."""

    code = "offer_begun"
    title = N_("It has begun already")
    detail = N_("What buyers see is not changed any more. Stop it, and make another.")


class LimitReached(Refusal):
    """Of what is sold at a flash price, a buyer has so many pieces at most, and an order too."""

    code = "limit_reached"
    title = N_("You have reached the limit")
    detail = N_("At the flash price each buyer can have only so many pieces. Please look at your quantities.")
