"""Whether all of a survey can be asked: what is missing, what leads nowhere, what leads back. Pure."""

import re
from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.operations.research.logic import PIPED
from steelyard.operations.research.model import (
    ANSWERS_WANTED_MAX,
    CHOOSING,
    CONDITIONS_MAX,
    END,
    FIXED_BOUNDS,
    HOURS_MAX,
    JUMPS_MAX,
    NUMBER_MOST,
    OPTIONS_MAX,
    QUESTIONS_MAX,
    QUOTAS_MAX,
    RATED,
    RATED_MAX,
    ROWS_MAX,
    WHOLE,
    WORDS_CHARACTERS_MAX,
    Comparison,
    Definition,
    DefinitionRefused,
    Jump,
    Option,
    Question,
    Quota,
    Trigger,
    Type,
    When,
    Wrong,
)

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,10}")
FILL_IN = N_("Please fill this in")
TOO_LONG = N_("This is too long")
CHOOSE_EARLIER = N_("Please choose an earlier question and one of its answers")
CHOOSE_LATER = N_("Please choose one of its answers, and a later question or the end")
WRONG_NUMBER = N_("Please enter a number that can be")
WRONG_BOUNDS = N_("Please enter a smaller and a larger number")
TWO_OPTIONS = N_("Please give at least two options, each with words")
ONE_ROW = N_("Please give at least one line, each with words")
TOO_MANY = N_("These are too many")
PIPES_EARLIER = N_("In braces may stand the number of an earlier question only")
NOBODY_REACHED = N_("Please choose at least one way by which it reaches people")
CHOOSE_SEGMENT = N_("Please choose a segment")
KNOWN_PEOPLE = N_("An anonymous survey knows nobody: it asks by link or on pages, and whoever comes")
NOT_AN_ANSWER = N_("Please choose a question and one of its answers, a segment, or neither")


def check(definition: Definition, segments: Collection[UUID]) -> None:
    """Raises `DefinitionRefused`, which names every place that is not right."""
    found = list(wrong_in(definition, segments))
    if found:
        raise DefinitionRefused(found)


def wrong_in(definition: Definition, segments: Collection[UUID]) -> Iterator[Wrong]:
    """What is not right; `segments` are those that the shop has and keeps."""
    yield from (Wrong("", field, why) for field, why in _whole(definition))
    if definition.segment_id is not None and definition.segment_id not in segments:
        yield Wrong("", "segment_id", CHOOSE_SEGMENT)
    for place, question in enumerate(definition.questions):
        found = [
            *_words("text", question.text, needed=True),
            *_answers(question),
            *_logic(definition.questions, place),
        ]
        yield from (Wrong(question.key, field, why) for field, why in found)
    for quota in definition.quotas:
        why = _quota(definition, quota)
        if quota.segment_id is not None and quota.segment_id not in segments:
            why = why or CHOOSE_SEGMENT
        if why:
            yield Wrong("", f"quota-{quota.key}", why)


def _words(field: str, words: Text, *, needed: bool = False) -> Iterator[tuple[str, str]]:
    if needed and not any(words.values()):
        yield field, FILL_IN
    if any(len(each) > WORDS_CHARACTERS_MAX for each in words.values()):
        yield field, TOO_LONG


def _whole(definition: Definition) -> Iterator[tuple[str, str]]:
    yield from _words("title", definition.title, needed=True)
    yield from _words("intro", definition.intro)
    yield from _words("thanks", definition.thanks)
    if not definition.questions:
        yield "questions", N_("Please add a question")
    if len(definition.questions) > QUESTIONS_MAX:
        yield "questions", TOO_MANY
    keys = [question.key for question in definition.questions]
    assert len(set(keys)) == len(keys), "questions are told apart by their keys"
    if not (definition.in_page or definition.by_link or definition.by_mail):
        yield "ways", NOBODY_REACHED
    known = definition.segment_id is not None or definition.trigger is not Trigger.NOTHING or definition.by_mail
    if definition.anonymous and known:
        yield "anonymous", KNOWN_PEOPLE
    if definition.segment_id is None and (
        definition.trigger is Trigger.ENTERED or (definition.by_mail and definition.trigger is Trigger.NOTHING)
    ):
        yield "segment_id", CHOOSE_SEGMENT
    if not 0 < definition.share <= WHOLE:
        yield "share", WRONG_NUMBER
    if not 0 <= definition.after_hours <= HOURS_MAX:
        yield "after_hours", WRONG_NUMBER
    if len(definition.quotas) > QUOTAS_MAX:
        yield "quotas", TOO_MANY


def _answers(question: Question) -> Iterator[tuple[str, str]]:
    if question.type in CHOOSING:
        yield from _choices("options", question.options, 2, OPTIONS_MAX, TWO_OPTIONS)
    if question.type is Type.MATRIX:
        yield from _choices("rows", question.rows, 1, ROWS_MAX, ONE_ROW)
    least, most = question.least, question.most
    if question.type in RATED and question.type not in FIXED_BOUNDS:
        low, high = question.bounds
        if not (0 <= low < high <= RATED_MAX and high - low <= 10):
            yield "bounds", N_("Please enter a smaller and a larger number, at most ten apart")
    elif question.type is Type.NUMBER:
        bounds = (-NUMBER_MOST if least is None else least, NUMBER_MOST if most is None else most)
        if not -NUMBER_MOST <= bounds[0] < bounds[1] <= NUMBER_MOST:
            yield "bounds", WRONG_BOUNDS
    elif question.type is Type.MULTIPLE:
        bounds = (0 if least is None else least, len(question.options) if most is None else most)
        if not 0 <= bounds[0] <= bounds[1] <= len(question.options):
            yield "bounds", WRONG_BOUNDS
    for field in ("hint", "low", "high"):
        yield from _words(field, getattr(question, field))


def _choices(field: str, options: Sequence[Option], least: int, most: int, missing: str) -> Iterator[tuple[str, str]]:
    if len(options) < least or not all(any(each.text.values()) for each in options):
        yield field, missing
    if len(options) > most:
        yield field, TOO_MANY
    for each in options:
        yield from _words(field, each.text)


def _logic(questions: Sequence[Question], place: int) -> Iterator[tuple[str, str]]:
    question = questions[place]
    earlier = {each.key: each for each in questions[:place]}
    later = {each.key for each in questions[place + 1 :]}
    if len(question.show_if) > CONDITIONS_MAX or len(question.jumps) > JUMPS_MAX:
        yield "show_if", TOO_MANY
    if not all(_answers_so(earlier.get(each.question), each) for each in question.show_if):
        yield "show_if", CHOOSE_EARLIER
    if not all(_answers_so(question, each) and each.to in later | {END} for each in question.jumps):
        yield "jumps", CHOOSE_LATER
    texts = [question.text, question.hint, *(each.text for each in (*question.options, *question.rows))]
    if any(key not in earlier for words in texts for each in words.values() for key in PIPED.findall(each)):
        yield "text", PIPES_EARLIER


def _answers_so(question: Question | None, asked: When | Jump) -> bool:
    """Whether an answer to the question can pass the test at all."""
    if question is None:
        return False
    if asked.test in (Comparison.AT_LEAST, Comparison.AT_MOST):
        numbers = question.type in RATED or question.type is Type.NUMBER
        return numbers and WHOLE_NUMBER.fullmatch(asked.value) is not None
    if question.type is Type.CONSENT:
        return asked.value in ("yes", "no")
    return question.type in CHOOSING - {Type.MATRIX} and question.option(asked.value) is not None


def _quota(definition: Definition, quota: Quota) -> str:
    if not 1 <= quota.most <= ANSWERS_WANTED_MAX:
        return WRONG_NUMBER
    if quota.question:
        question = definition.question(quota.question)
        if quota.segment_id is not None or question is None or question.option(quota.option) is None:
            return NOT_AN_ANSWER
    if quota.segment_id is not None and definition.anonymous:
        return KNOWN_PEOPLE
    return ""
