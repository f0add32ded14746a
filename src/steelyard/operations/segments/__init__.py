"""Segments: customers who belong together, by what is known of them, by what they did, or because somebody put them on a list.

`tree` is what a segment can say, `sketching` the same while somebody puts it together, `leaves` asks the database for whom
conditions hold, `settling` is the one way by which memberships change (`moving` writes
them down), `following` reads the news that change them, `counting`
looks at all customers of a shop, `lists` are those put together by hand, and `ready` are definitions to begin with; `answers` is
what customers said in surveys. Why
memberships are right though they are kept bit by bit: docs/algorithms/segments.md.
"""

from steelyard.operations.segments import sketching
from steelyard.operations.segments.answers import Said, note_answers
from steelyard.operations.segments.counting import begin_night, count_on, counts, estimate, holding
from steelyard.operations.segments.events import SegmentDefined, SegmentEntered, SegmentLeft
from steelyard.operations.segments.following import follow, forget, time_passes
from steelyard.operations.segments.lists import Imported, add_people, import_people, make_list, remove_people
from steelyard.operations.segments.moving import Moves
from steelyard.operations.segments.queries import (
    bindings,
    days,
    draft,
    drafts,
    inside,
    known_as,
    members,
    newest,
    segment,
    segments,
    unbound_groups,
    versions,
    written_down,
)
from steelyard.operations.segments.ready import READY, WORTH_MAJOR, Ready
from steelyard.operations.segments.service import (
    archive,
    bind,
    define,
    drop_draft,
    give_coupon,
    restore,
    sketch,
    unbind,
    uses,
)
from steelyard.operations.segments.settling import settle
from steelyard.operations.segments.tree import asked
from steelyard.operations.segments.tree import check as check_tree

__all__ = [
    "READY",
    "WORTH_MAJOR",
    "Imported",
    "Moves",
    "Ready",
    "Said",
    "SegmentDefined",
    "SegmentEntered",
    "SegmentLeft",
    "add_people",
    "archive",
    "asked",
    "begin_night",
    "bind",
    "bindings",
    "check_tree",
    "count_on",
    "counts",
    "days",
    "define",
    "draft",
    "drafts",
    "drop_draft",
    "estimate",
    "follow",
    "forget",
    "give_coupon",
    "holding",
    "import_people",
    "inside",
    "known_as",
    "make_list",
    "members",
    "newest",
    "note_answers",
    "remove_people",
    "restore",
    "segment",
    "segments",
    "settle",
    "sketch",
    "sketching",
    "time_passes",
    "unbind",
    "unbound_groups",
    "uses",
    "versions",
    "written_down",
]
