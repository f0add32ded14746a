"""What buyers read where they are signed in."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from steelyard.kernel.text import Text


class NoticeKind(StrEnum):
    COUPON_GIVEN = "coupon_given"
    COUPON_ENDS = "coupon_ends"
    LIVE_SOON = "live_soon"
    LIVE_BEGUN = "live_begun"
    LEVEL_UP = "level_up"
    LEVEL_ENDS = "level_ends"
    SHOP_MESSAGE = "shop_message"


class CouponFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a coupon is called, of which shop it is (none: of the platform), and until when it can be used; of a live session its
    title, its room, and when it begins; of a level its name, the shop whose membership it is of, and until when it is
    kept; of a shop's message its subject and what it says in `words`."""

    name: Text
    shop: Text | None = None
    until: datetime | None = None
    words: Text | None = None


class NewNotice(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer is to read. Its id is made of what it is about: told twice, it is there once."""

    buyer_id: UUID
    notice_id: UUID
    kind: NoticeKind
    facts: CouponFacts
    link: str


class Notice(NewNotice, frozen=True, kw_only=True):
    at: datetime
    read_at: datetime | None
