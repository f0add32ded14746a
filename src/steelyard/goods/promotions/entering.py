"""Codes that buyers enter, coupons that shops give, and what is to be said of them. Others find these in `model`."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class Standing(StrEnum):
    """What is to be said of a buyer's coupons of one kind."""

    USABLE = "usable"
    USED = "used"
    EXPIRED = "expired"


class OfferState(StrEnum):
    TO_COME = "to_come"
    RUNNING = "running"
    SPENT = "spent"
    OVER = "over"
    STOPPED = "stopped"


class GiftAudience(StrEnum):
    """To whom a shop gives a coupon."""

    NAMED = "named"
    BOUGHT = "bought"
    NEVER = "never"
    SEGMENT = "segment"


class CouponGift(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's wish to give a coupon to those whose addresses it names, to all who bought within so many days, to who
    follows it and has not bought, or to who is in a segment at that moment. Once it is `done_at`: how many have got one,
    and how many were left out."""

    merchant_id: UUID
    gift_id: UUID
    promotion_id: UUID
    audience: GiftAudience
    days: int | None = None
    emails: Sequence[str] = ()
    asked_at: datetime | None = None
    done_at: datetime | None = None
    given: int | None = None
    left_out: int | None = None


class CodeState(StrEnum):
    """What there is behind a code that somebody entered: a coupon that counts if it can, or why there is none."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    OVER = "over"
    GONE = "gone"
    HAD = "had"
    NOT_NEW = "not_new"


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """Codes that a buyer (none: nobody in particular) enters for goods of these shops."""

    buyer_id: UUID | None
    merchant_ids: frozenset[UUID]
    codes: Sequence[str]


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """A code as it is understood: in capitals, with the coupons that it is for (several shops may have the same)."""

    code: str
    state: CodeState
    promotion_ids: tuple[UUID, ...] = ()
