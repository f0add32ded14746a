"""Segments as data: their ids, what they say, who is in them, and what is refused."""

from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.operations.segments.sketching import Currencies, Sketch
from steelyard.operations.segments.tree import (
    All,
    Answered,
    AnyOf,
    Bought,
    Consent,
    Country,
    Did,
    Foretold,
    Guest,
    Inside,
    Joined,
    Language,
    Leaf,
    Measure,
    Moment,
    Node,
    Not,
    Number,
    Predicted,
    Rfm,
    Stage,
    TreeRefused,
    When,
    Wrong,
)

SegmentId = NewType("SegmentId", UUID)

SEGMENTS_PER_SHOP_MAX = 200
NAME_CHARACTERS_MAX = 60
DESCRIPTION_CHARACTERS_MAX = 500
VERSIONS_SHOWN_MAX = 50
PEOPLE_PER_IMPORT_MAX = 10_000
REJECTS_SHOWN_MAX = 100
# A count while somebody builds is exact up to so many customers; of more, so many are looked at and it is said "about".
COUNTED_EXACTLY_MAX = 20_000
SAMPLE_SHOWN = 8


class Kind(StrEnum):
    """Who is in it follows from what it says, or somebody has put them on it."""

    RULES = "rules"
    LIST = "list"


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """`members` is who is in it now. While it is being counted, `counting` is how many customers were looked at."""

    merchant_id: UUID
    segment_id: SegmentId
    kind: Kind
    name: Text
    description: str = ""
    owner: str = ""
    version: int = 0
    tree: Node | None = None
    members: int = 0
    created_at: datetime | None = None
    changed_at: datetime | None = None
    archived_at: datetime | None = None
    counting: int | None = None


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """What a segment said from `at` on, and who made it say so."""

    version: int
    tree: Node
    by: str
    at: datetime


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A definition as somebody is putting it together."""

    segment_id: SegmentId
    name: Text
    description: str
    sketch: Sketch
    changed_at: datetime
    by: str


class Member(msgspec.Struct, frozen=True, kw_only=True):
    buyer_id: UUID
    since: datetime


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """How many came in and how many went on a day of the house."""

    day: str
    entered: int
    left: int


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """A count of one segment, or (`segment_id` none) of all of a shop: how many customers were looked at, and how many were in
    a segment from then on, or no more. After a full recount these are the differences that it mended."""

    count_id: UUID
    segment_id: UUID | None
    began_at: datetime
    ended_at: datetime | None
    people: int
    entered: int
    went: int


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """How many a definition would hold: of `people` customers that were looked at, `found`; `members` is that for the whole
    shop, and exact if all were looked at. `sample` are some of them."""

    members: int
    customers: int
    exact: bool
    sample: tuple[UUID, ...] = ()


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """A customer group that follows a segment."""

    segment_id: SegmentId
    group_id: UUID
    name: Text
    at: datetime


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """Where a segment is used: `what` is `group` or `segment`."""

    what: str
    id: UUID
    name: Text


class SegmentInUse(Refusal):
    """A segment is not put away while something follows it."""

    code = "segment_in_use"
    title = N_("The segment is in use")
    detail = N_("It is used by: {where}. Please take it out there first.")


class SegmentsGoRound(Refusal):
    """A segment does not ask for itself, neither directly nor by what it asks for."""

    code = "segments_go_round"
    status = 422
    title = N_("The segments would ask for each other")
    detail = N_("“{name}” asks for this segment already, so this one cannot ask for it.")


class TooManySegments(Refusal):
    """A shop has so many segments and no more."""

    code = "too_many_segments"
    title = N_("There are too many segments")
    detail = N_("A shop has at most {most}. Please archive some that are not needed any more.")


class GroupFollowsAnother(Refusal):
    """A customer group follows one segment, or what the shop says of it; not two."""

    code = "group_follows_another"
    title = N_("The group follows another segment")
    detail = N_("A customer group follows one segment at a time.")


__all__ = [
    "COUNTED_EXACTLY_MAX",
    "DESCRIPTION_CHARACTERS_MAX",
    "NAME_CHARACTERS_MAX",
    "PEOPLE_PER_IMPORT_MAX",
    "REJECTS_SHOWN_MAX",
    "SAMPLE_SHOWN",
    "SEGMENTS_PER_SHOP_MAX",
    "VERSIONS_SHOWN_MAX",
    "All",
    "Answered",
    "AnyOf",
    "Binding",
    "Bought",
    "Consent",
    "Count",
    "Country",
    "Currencies",
    "Day",
    "Did",
    "Draft",
    "Estimate",
    "Foretold",
    "GroupFollowsAnother",
    "Guest",
    "Inside",
    "Joined",
    "Kind",
    "Language",
    "Leaf",
    "Measure",
    "Member",
    "Moment",
    "Node",
    "Not",
    "Number",
    "Predicted",
    "Rfm",
    "Segment",
    "SegmentId",
    "SegmentInUse",
    "SegmentsGoRound",
    "Sketch",
    "Stage",
    "TooManySegments",
    "TreeRefused",
    "Use",
    "Version",
    "When",
    "Wrong",
]
