"""Codes that buyers enter, and what is to be said of their coupons. Others find these in `model`."""

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

import msgspec


class Standing(StrEnum):
    """What is to be said of a buyer's coupons of one kind."""

    USABLE = "usable"
    USED = "used"
    EXPIRED = "expired"


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
