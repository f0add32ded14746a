"""What mails about coupons, live rooms and live sessions have to tell."""

from datetime import datetime

import msgspec

from steelyard.kernel.text import Text


class Facts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a template needs. Links are absolute, or paths below the base URL; words of merchants are `Text`."""


class CouponNews(Facts, frozen=True, kw_only=True):
    """Of a coupon, to somebody who wants such mails: `what` is given or ends. `shop` is empty for the platform's. `stop_link`
    leads to the page that ends these mails."""

    name: str
    what: str
    coupon: Text
    shop: Text
    until: datetime
    link: str
    stop_link: str


class RoomNews(Facts, frozen=True, kw_only=True):
    """What becomes of a shop's live room, to its owners: `what` is one of those that the template tells of, `about` the name of
    the room, the session or the host."""

    name: str
    what: str
    about: Text
    reason: str
    link: str


class LiveNews(Facts, frozen=True, kw_only=True):
    """A live session that the reader asked to be reminded of: `what` is soon or begun."""

    name: str
    what: str
    title: Text
    room: Text
    at: datetime
    link: str


class SurveyAsked(Facts, frozen=True, kw_only=True):
    """A survey asks somebody who wants such mails. `shop` is empty for the platform's; `link` is theirs alone; `stop_link` leads
    to the page that ends these mails."""

    name: str
    shop: Text
    title: Text
    link: str
    stop_link: str
