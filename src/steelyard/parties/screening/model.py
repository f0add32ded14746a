"""The dictionary that people's words are held against."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text

WordId = NewType("WordId", UUID)

WORDS_MAX = 10_000
WORD_CHARACTERS_MAX = 60
REASON_CHARACTERS_MAX = 200
SOURCE_CHARACTERS_MAX = 200
WORDS_TOLD_MAX = 5
# Texts that were not asked for in a language are held against the words of all.
LANGUAGES = ("", "zh", "en")


class Action(StrEnum):
    """What becomes of a text with such a word. A longer word that is allowed takes shorter ones out of the count."""

    REFUSE = "refuse"
    HOLD = "hold"
    MASK = "mask"
    ALLOW = "allow"


class Area(StrEnum):
    """Where people write what others read; `message`: what one buyer and one shop write to each other."""

    TITLE = "title"
    DESCRIPTION = "description"
    SHOP = "shop"
    REVIEW = "review"
    QUESTION = "question"
    ANSWER = "answer"
    REPLY = "reply"
    MESSAGE = "message"


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` is what a writer is told, `source` where the rule comes from."""

    word_id: WordId
    word: str
    action: Action
    areas: list[Area]
    language: str = ""
    reason: Text = msgspec.field(default_factory=Text)
    source: str = ""


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """A word, and how often people used it."""

    word: Word
    key: str
    hits: int
    last_at: datetime | None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A word of the dictionary in a text, from `start` to before `end`, as it is written there."""

    word: Word
    start: int
    end: int
    said: str


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wrote into a field; `language` is empty where nobody knows it."""

    field: str
    area: Area
    text: str
    language: str = ""


class Screened(msgspec.Struct, frozen=True, kw_only=True):
    """The texts as they may stand, and of each the words for which it waits until somebody has looked at it."""

    texts: Sequence[str]
    held: Sequence[Sequence[Found]]

    def why(self, place: int = 0) -> str:
        """The words for which one of the texts waits, for a queue; empty: it does not wait."""
        return ", ".join(dict.fromkeys(found.said for found in self.held[place]))


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    added: int
    changed: int
    same: int


class RowWrong(Invalid):
    """A row of an import is wrong: `row` counts from one, `column` and `what` say what."""

    code = "row_wrong"
    title = N_("A row of the file is wrong")
    detail = ""

    def __init__(self, row: int, column: str, what: str) -> None:
        super().__init__({"file": what}, row=row, column=column, what=what)
