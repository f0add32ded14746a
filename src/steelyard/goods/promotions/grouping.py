"""Groups of customers as data. Others find them in `model`."""

from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel.text import Text
from steelyard.parties.merchants.model import MerchantId

GroupId = NewType("GroupId", UUID)


class MemberSource(StrEnum):
    """Why somebody is in a group: the shop chose them, they have bought often enough, a segment has them, an experiment has
    shared them out, or they stand on a level of its membership."""

    HAND = "hand"
    ORDERS = "orders"
    SEGMENT = "segment"
    EXPERIMENT = "experiment"
    LEVEL = "level"


# Whoever brought them takes them out again; nobody else does.
FOLLOWED = frozenset({MemberSource.SEGMENT, MemberSource.EXPERIMENT, MemberSource.LEVEL})


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Who has completed so many `orders` in the shop comes in by themselves (none: by hand alone), and stays for so many `days`
    after the last of them (none: for good)."""

    merchant_id: MerchantId
    group_id: GroupId
    name: Text
    orders: int | None = None
    days: int | None = None
    closed_at: datetime | None = None
    members: int = 0


class Member(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: MerchantId
    group_id: GroupId
    buyer_id: UUID
    since: datetime
    until: datetime | None
    source: MemberSource


class Joining(msgspec.Struct, frozen=True):
    """Somebody comes into a group, or stays for longer."""

    merchant_id: UUID
    group_id: UUID
    buyer_id: UUID


def segment_of(group_id: UUID) -> str:
    """What a group is called among the segments that a buyer is in."""
    return f"group:{group_id}"
