"""Research: what a shop, or the marketplace, asks people, and what they answered.

`logic` says what comes next and what an answer may be, `checking` whether a survey can be asked, `statistics`, `contingency`
and `grouping` are the sums (the last two are loaded when somebody looks at results): all five are pure. `service` drafts,
opens and closes surveys, `ready` are some to begin with; `asking` says whom a page may ask, `inviting` whom what happened, and
sends the mails; `answering` keeps answers. `results`, `comparing` and `voices` count them. `interviews` (with
`schema_interviews.sql`) draws people to talk to. The rules stand in docs/algorithms/surveys.md.
"""

from typing import TYPE_CHECKING

from steelyard.kernel import late
from steelyard.operations.analytics import MARKETPLACE
from steelyard.operations.research.answering import Answering, Standing, answer, begin, standing
from steelyard.operations.research.asking import (
    ON_PAGES,
    OnPages,
    dismiss,
    for_page,
    is_drawn,
    might_ask,
    note_asked,
    on_pages,
    was_asked,
)
from steelyard.operations.research.checking import wrong_in
from steelyard.operations.research.comparing import By, Crossed, crossed
from steelyard.operations.research.events import SurveyAnswered
from steelyard.operations.research.interviews import (
    Interviewee,
    InterviewList,
    ListId,
    Wish,
    draw,
    lists,
    move,
    one_list,
    thank,
    write_note,
)
from steelyard.operations.research.interviews import drawn as drawn_for_interviews
from steelyard.operations.research.interviews import forget as forget_interviews
from steelyard.operations.research.interviews import of_buyers as interviews_of_buyers
from steelyard.operations.research.inviting import Happened, invite, invite_segments, send_due
from steelyard.operations.research.logic import PIPED, in_order, piped, progress, read, spoken, way
from steelyard.operations.research.model import Group
from steelyard.operations.research.queries import (
    Fill,
    by_code,
    fills,
    going_by,
    history,
    invited,
    keys_asked,
    of_buyers,
    recontact_days,
    response,
    survey,
    surveys,
)
from steelyard.operations.research.ready import READY, Ready
from steelyard.operations.research.results import Count, Moment, Reached, Tally, reached, tallies, trend
from steelyard.operations.research.service import begin_draft, close, draft, drop, forget, open_, reopen, set_rule
from steelyard.operations.research.statistics import Difference, Estimate, holm, mean, nps, wilson
from steelyard.operations.research.voices import Opinion, Opinions, Row, opinions, rows

if TYPE_CHECKING:
    from steelyard.operations.research.contingency import difference
    from steelyard.operations.research.grouping import grouped
else:
    __getattr__ = late.face(__name__, contingency=("difference",), grouping=("grouped",))

__all__ = [
    "MARKETPLACE",
    "ON_PAGES",
    "PIPED",
    "READY",
    "Answering",
    "By",
    "Count",
    "Crossed",
    "Difference",
    "Estimate",
    "Fill",
    "Group",
    "Happened",
    "InterviewList",
    "Interviewee",
    "ListId",
    "Moment",
    "OnPages",
    "Opinion",
    "Opinions",
    "Reached",
    "Ready",
    "Row",
    "Standing",
    "SurveyAnswered",
    "Tally",
    "Wish",
    "answer",
    "begin",
    "begin_draft",
    "by_code",
    "close",
    "crossed",
    "difference",
    "dismiss",
    "draft",
    "draw",
    "drawn_for_interviews",
    "drop",
    "fills",
    "for_page",
    "forget",
    "forget_interviews",
    "going_by",
    "grouped",
    "history",
    "holm",
    "in_order",
    "interviews_of_buyers",
    "invite",
    "invite_segments",
    "invited",
    "is_drawn",
    "keys_asked",
    "lists",
    "mean",
    "might_ask",
    "move",
    "note_asked",
    "nps",
    "of_buyers",
    "on_pages",
    "one_list",
    "open_",
    "opinions",
    "piped",
    "progress",
    "reached",
    "read",
    "recontact_days",
    "reopen",
    "response",
    "rows",
    "send_due",
    "set_rule",
    "spoken",
    "standing",
    "survey",
    "surveys",
    "tallies",
    "thank",
    "trend",
    "was_asked",
    "way",
    "wilson",
    "write_note",
    "wrong_in",
]
