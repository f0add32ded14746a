"""Surveys as data: what can be asked and in which order, of whom, when, and what is refused."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.kernel.text import Text

SurveyId = NewType("SurveyId", UUID)
ResponseId = NewType("ResponseId", UUID)

SURVEYS_SHOWN = 50
QUESTIONS_MAX = 40
OPTIONS_MAX = 30
ROWS_MAX = 15
CONDITIONS_MAX = 3
JUMPS_MAX = 3
QUOTAS_MAX = 20
WORDS_CHARACTERS_MAX = 300
SHORT_CHARACTERS_MAX = 200
LONG_CHARACTERS_MAX = 2_000
RATED_MAX = 100
NUMBER_MOST = 1_000_000_000
ANSWERS_WANTED_MAX = 1_000_000
HOURS_MAX = 24 * 90
RECONTACT_DAYS = 30
RECONTACT_DAYS_MAX = 365
# A card that nobody takes up is not shown for ever.
TIMES_SHOWN_MAX = 5
WHOLE = 1_000_000

# Where a jump leads that ends the survey.
END = "end"
# Of open answers so many are put together by their words.
ANSWERS_GROUPED_MAX = 5_000


class Type(StrEnum):
    """How a question is answered."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    SCALE = "scale"
    NPS = "nps"
    CSAT = "csat"
    STARS = "stars"
    RANKING = "ranking"
    MATRIX = "matrix"
    SHORT = "short"
    LONG = "long"
    NUMBER = "number"
    DATE = "date"
    CONSENT = "consent"


CHOOSING = frozenset({Type.SINGLE, Type.MULTIPLE, Type.RANKING, Type.MATRIX})
RATED = frozenset({Type.SCALE, Type.NPS, Type.CSAT, Type.STARS})
WRITTEN = frozenset({Type.SHORT, Type.LONG})
# The bounds of those that have always the same ones.
FIXED_BOUNDS = {Type.NPS: (0, 10), Type.CSAT: (1, 5), Type.STARS: (1, 5)}
YES = "yes"


class Comparison(StrEnum):
    """How an answer is held against a value: an option was chosen or not, a rating is within a bound."""

    IS = "is"
    IS_NOT = "not"
    AT_LEAST = "least"
    AT_MOST = "most"


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Option(_Part, frozen=True, kw_only=True):
    """Something to choose. `fixed` stays in its place when the others are shuffled; with `other` there is a line to write on."""

    key: str
    text: Text
    fixed: bool = False
    other: bool = False


class When(_Part, frozen=True, kw_only=True):
    """Holds where the answer to an earlier question passes the test; a question that was not answered passes none."""

    question: str
    test: Comparison
    value: str


class Jump(_Part, frozen=True, kw_only=True):
    """After an answer that passes the test the survey goes on with the question `to`, or is at its `END`."""

    test: Comparison
    value: str
    to: str


class Question(_Part, frozen=True, kw_only=True):
    """A question. `least` and `most` are the bounds of a scale or a number, or how many may be chosen; `low` and `high` what the
    ends of a scale mean. It is asked where all (or, `any_of`, one) of `show_if` hold. `{key}` in its text is the answer to that
    question."""

    key: str
    type: Type
    text: Text
    hint: Text = msgspec.field(default_factory=Text)
    required: bool = True
    options: tuple[Option, ...] = ()
    rows: tuple[Option, ...] = ()
    least: int | None = None
    most: int | None = None
    low: Text = msgspec.field(default_factory=Text)
    high: Text = msgspec.field(default_factory=Text)
    shuffle: bool = False
    show_if: tuple[When, ...] = ()
    any_of: bool = False
    jumps: tuple[Jump, ...] = ()

    @property
    def bounds(self) -> tuple[int, int]:
        """From where to where a rating goes."""
        return FIXED_BOUNDS.get(self.type) or (
            1 if self.least is None else self.least,
            5 if self.most is None else self.most,
        )

    def option(self, key: str) -> Option | None:
        return next((each for each in self.options if each.key == key), None)


class Quota(_Part, frozen=True, kw_only=True):
    """So many answers are wanted: in all, of those who chose an option, or of those in a segment."""

    key: str
    most: int
    question: str = ""
    option: str = ""
    segment_id: UUID | None = None


class Trigger(StrEnum):
    """After what somebody is asked; nothing: whoever it reaches."""

    NOTHING = ""
    RECEIVED = "received"
    RETURNED = "returned"
    WATCHED = "watched"
    ENTERED = "entered"


class Definition(_Part, frozen=True, kw_only=True):
    """A survey as it is asked. `share` is in parts per million of those whom it could ask; `anonymous`: who answered what is not
    kept; `entered` is about `segment_id`."""

    title: Text
    intro: Text = msgspec.field(default_factory=Text)
    thanks: Text = msgspec.field(default_factory=Text)
    questions: tuple[Question, ...] = ()
    quotas: tuple[Quota, ...] = ()
    anonymous: bool = False
    in_page: bool = False
    by_link: bool = True
    by_mail: bool = False
    trigger: Trigger = Trigger.NOTHING
    after_hours: int = 0
    segment_id: UUID | None = None
    share: int = WHOLE

    def question(self, key: str) -> Question | None:
        return next((each for each in self.questions if each.key == key), None)


class State(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    DROPPED = "dropped"


MACHINE = Machine(
    "survey",
    {State.DRAFT},
    {
        State.DRAFT: {State.OPEN, State.DROPPED},
        State.OPEN: {State.CLOSED},
        State.CLOSED: {State.OPEN},
        State.DROPPED: set(),
    },
)


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """A survey: `draft` as somebody is putting it together, `version` the one that is asked (0: none yet). `answers` are counted
    in lists alone."""

    merchant_id: UUID
    survey_id: SurveyId
    state: State
    code: str
    version: int
    draft: Definition
    asked: Definition | None = None
    created_at: datetime
    changed_at: datetime
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    answers: int = 0

    @property
    def now(self) -> Definition:
        """What is asked, or, before it was ever, what is drafted."""
        return self.asked or self.draft

    @property
    def changed(self) -> bool:
        """Whether the draft says something else than what is asked."""
        return self.asked is not None and self.draft != self.asked


class Via(StrEnum):
    """By which door an answer came."""

    PAGE = "page"
    LINK = "link"
    MAIL = "mail"


class Ending(StrEnum):
    """How answering ended: all was answered, or enough had answered so already."""

    FINISHED = "finished"
    FULL = "full"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody answered. Options by their keys (of a matrix `row=option`, of a ranking in its order), a rating or a number,
    words. All empty: passed over."""

    choices: tuple[str, ...] = ()
    number: float | None = None
    words: str = ""

    @property
    def passed_over(self) -> bool:
        return not self.choices and self.number is None and not self.words


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody answering. `person` is who in this survey: a buyer, a visitor, or, where it is anonymous, nobody knows."""

    response_id: ResponseId
    version: int
    person: UUID
    buyer_id: UUID | None
    via: Via
    began_at: datetime
    ended_at: datetime | None
    ending: Ending | None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A change of state: who, when, and with which version."""

    to_state: State
    version: int
    at: datetime
    by: str


class Talk(StrEnum):
    """How far an interview with somebody is."""

    DRAWN = "drawn"
    ASKED = "asked"
    AGREED = "agreed"
    DONE = "done"
    DECLINED = "declined"


TALKS = Machine(
    "interview",
    {Talk.DRAWN},
    {
        Talk.DRAWN: {Talk.ASKED, Talk.DECLINED},
        Talk.ASKED: {Talk.AGREED, Talk.DECLINED, Talk.DRAWN},
        Talk.AGREED: {Talk.DONE, Talk.DECLINED, Talk.ASKED},
        Talk.DONE: {Talk.AGREED},
        Talk.DECLINED: {Talk.ASKED},
    },
)


class Wrong(msgspec.Struct, frozen=True):
    """What is wrong in a definition: of which question (none: of the whole), in which field; `why` is a msgid."""

    question: str
    field: str
    why: str


class DefinitionRefused(Refusal):
    """A survey is opened when all of it can be asked: `wrong` says what cannot."""

    code = "survey_refused"
    status = 422
    title = N_("The survey is not complete yet")
    detail = N_("Please look at the places that are marked.")

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        super().__init__(wrong=tuple(wrong))


class SurveyIsOver(Refusal):
    """Only an open survey takes answers."""

    code = "survey_is_over"
    status = 410
    title = N_("This survey is closed")
    detail = N_("Thank you for wanting to answer: it takes no more answers.")


class NotAskedHere(Refusal):
    """A survey that is asked by invitation is answered with one."""

    code = "not_asked_here"
    status = 404
    title = N_("This survey is answered by invitation")
    detail = N_("Please use the link of the message that asked you.")


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Answers that share words: their places, the words that tell the group from the others, the places of typical ones."""

    places: Sequence[int]
    keywords: Sequence[str]
    quotes: Sequence[int]
