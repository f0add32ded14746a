"""Which question comes next, what an answer may be, what stands in a text, in which order options stand. Pure: no I/O.

Logic goes forward only: a question is shown by answers to earlier ones, and a jump leads to a later one. So every survey ends,
and what has been answered decides alone where somebody is, however often they come back.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from math import isfinite
from uuid import UUID

from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.operations.research.model import (
    END,
    LONG_CHARACTERS_MAX,
    NUMBER_MOST,
    RATED,
    SHORT_CHARACTERS_MAX,
    YES,
    Answer,
    Comparison,
    Definition,
    Jump,
    Option,
    Question,
    Quota,
    Type,
    When,
)

Answers = Mapping[str, Answer]

PIPED = re.compile(r"\{([a-z0-9]{1,20})\}")
CHOOSE = N_("Please choose one of these")
ANSWER = N_("Please answer this")


def passes(answer: Answer | None, test: Comparison, value: str) -> bool:
    """Whether an answer passes a test; what was not answered passes none."""
    if answer is None or answer.passed_over:
        return False
    match test:
        case Comparison.IS:
            return value in answer.choices
        case Comparison.IS_NOT:
            return value not in answer.choices
        case Comparison.AT_LEAST:
            return answer.number is not None and answer.number >= float(value)
        case Comparison.AT_MOST:
            return answer.number is not None and answer.number <= float(value)


def is_shown(question: Question, answers: Answers) -> bool:
    if not question.show_if:
        return True
    held = [_holds(each, answers) for each in question.show_if]
    return any(held) if question.any_of else all(held)


def _holds(when: When, answers: Answers) -> bool:
    return passes(answers.get(when.question), when.test, when.value)


def way(definition: Definition, answers: Answers) -> tuple[list[Question], Question | None]:
    """The questions that have been answered on the way, in their order, and the one that comes next (none: it is over). What was
    answered and is not on the way any more, since an earlier answer was changed, is as if it had never been asked."""
    places = {question.key: place for place, question in enumerate(definition.questions)}
    behind: list[Question] = []
    known: dict[str, Answer] = {}
    place = 0
    while place < len(definition.questions):
        question = definition.questions[place]
        if not is_shown(question, known):
            place += 1
            continue
        answer = answers.get(question.key)
        if answer is None:
            return behind, question
        behind.append(question)
        known[question.key] = answer
        to = _jump(question.jumps, answer)
        place = place + 1 if to is None else len(definition.questions) if to == END else places[to]
    return behind, None


def _jump(jumps: Sequence[Jump], answer: Answer) -> str | None:
    return next((each.to for each in jumps if passes(answer, each.test, each.value)), None)


def progress(definition: Definition, answers: Answers) -> tuple[int, int]:
    """How many are answered, and of how many at most from here."""
    behind, following = way(definition, answers)
    if following is None:
        return len(behind), len(behind)
    rest = len(definition.questions) - definition.questions.index(following)
    return len(behind), len(behind) + rest


def counts_for(quota: Quota, answers: Answers, segments: frozenset[UUID]) -> bool:
    """Whether who answers so is one of those of whom a quota wants so many."""
    if quota.segment_id is not None:
        return quota.segment_id in segments
    if quota.question:
        return passes(answers.get(quota.question), Comparison.IS, quota.option)
    return True


def shuffled(options: Sequence[Option], seed: UUID, key: str) -> list[Option]:
    """Options in an order that chance gives each answering person; the same whenever they come back. Those that are `fixed` stay
    at their places."""
    moving = sorted(
        (each for each in options if not each.fixed),
        key=lambda each: sha256(f"{seed}:{key}:{each.key}".encode()).digest(),
    )
    turns = iter(moving)
    return [each if each.fixed else next(turns) for each in options]


def in_order(question: Question, seed: UUID) -> list[Option]:
    return shuffled(question.options, seed, question.key) if question.shuffle else list(question.options)


def piped(words: Text, definition: Definition, answers: Answers, locale: str) -> str:
    """A text in the reader's language, with what they answered where `{key}` stands; what they did not answer leaves a dash."""

    def said(found: re.Match[str]) -> str:
        question = definition.question(found[1])
        if question is None:
            return found[0]
        answer = answers.get(question.key)
        return "–" if answer is None else (spoken(question, answer, locale) or "–")

    return PIPED.sub(said, words.in_language(locale))


def spoken(question: Question, answer: Answer, locale: str) -> str:
    """An answer in words."""
    if question.type is Type.CONSENT:
        return ""
    if answer.number is not None:
        return f"{answer.number:g}"
    if not answer.choices:
        return answer.words
    if question.type is Type.MATRIX:
        rows = {row.key: row.text.in_language(locale) for row in question.rows}
        pairs = (each.partition("=") for each in answer.choices)
        told = [f"{rows.get(row, row)}: {_option(question, option, locale)}" for row, _, option in pairs]
    else:
        told = [_option(question, each, locale) for each in answer.choices]
    joined = ("、" if locale.startswith("zh") else ", ").join(told)
    return f"{joined} ({answer.words})" if answer.words else joined


def _option(question: Question, key: str, locale: str) -> str:
    found = question.option(key)
    return key if found is None else found.text.in_language(locale)


def read(question: Question, typed: Mapping[str, Sequence[str]]) -> Answer:
    """The answer that a form says: fields `a` (of a matrix `a.<row>`, of a ranking `a.<option>` with its place), and `other`.
    Raises `Invalid` with what is wrong beside `a`."""
    said = [each.strip() for each in typed.get("a", ()) if each.strip()]
    match question.type:
        case Type.SINGLE | Type.MULTIPLE:
            answer = _chosen(question, said, typed)
        case Type.RANKING:
            answer = _ranked(question, typed)
        case Type.MATRIX:
            answer = _matrix(question, typed)
        case Type.SHORT | Type.LONG:
            answer = _written(question, said)
        case Type.DATE:
            answer = _day(said)
        case Type.CONSENT:
            answer = Answer(choices=(YES,)) if YES in said else Answer(choices=("no",))
            if question.required and YES not in answer.choices:
                raise _refused(N_("Please tick this, or leave the survey here"))
        case _:
            answer = _number(question, said)
    if question.required and answer.passed_over:
        raise _refused(ANSWER)
    return answer


def _refused(why: str) -> Invalid:
    return Invalid({"a": why})


def _chosen(question: Question, said: Sequence[str], typed: Mapping[str, Sequence[str]]) -> Answer:
    known = {each.key for each in question.options}
    if not set(said) <= known or (question.type is Type.SINGLE and len(set(said)) > 1):
        raise _refused(CHOOSE)
    chosen = tuple(each.key for each in question.options if each.key in said)
    if chosen and question.type is Type.MULTIPLE:
        if question.least is not None and len(chosen) < question.least:
            raise _refused(N_("Please choose more of these"))
        if question.most is not None and len(chosen) > question.most:
            raise _refused(N_("Please choose fewer of these"))
    other = next((each.key for each in question.options if each.other), "")
    words = " ".join(typed.get("other", ())).strip()[:SHORT_CHARACTERS_MAX] if other in chosen and other else ""
    return Answer(choices=chosen, words=words)


def _ranked(question: Question, typed: Mapping[str, Sequence[str]]) -> Answer:
    possible = {str(place) for place in range(1, len(question.options) + 1)}
    places: dict[str, int] = {}
    for each in question.options:
        place = next(iter(typed.get(f"a.{each.key}", ())), "").strip()
        if place in possible:
            places[each.key] = int(place)
        elif place:
            raise _refused(N_("Please give each its place, from 1 on"))
    if len(set(places.values())) < len(places):
        raise _refused(N_("Each place can be given once"))
    if places and len(places) < len(question.options):
        raise _refused(N_("Please give each its place, from 1 on"))
    return Answer(choices=tuple(sorted(places, key=lambda key: places[key])))


def _matrix(question: Question, typed: Mapping[str, Sequence[str]]) -> Answer:
    known = {each.key for each in question.options}
    chosen: list[str] = []
    for row in question.rows:
        said = next(iter(typed.get(f"a.{row.key}", ())), "")
        if said and said not in known:
            raise _refused(CHOOSE)
        if said:
            chosen.append(f"{row.key}={said}")
    if question.required and len(chosen) < len(question.rows):
        raise _refused(N_("Please answer each line"))
    return Answer(choices=tuple(chosen))


def _written(question: Question, said: Sequence[str]) -> Answer:
    words = "\n".join(said)
    most = SHORT_CHARACTERS_MAX if question.type is Type.SHORT else LONG_CHARACTERS_MAX
    if len(words) > most:
        raise _refused(N_("This is too long"))
    return Answer(words=words)


def _day(said: Sequence[str]) -> Answer:
    if not said:
        return Answer()
    try:
        return Answer(words=date.fromisoformat(said[0]).isoformat())
    except ValueError:
        raise _refused(N_("Please enter a day such as 2026-05-31")) from None


def _number(question: Question, said: Sequence[str]) -> Answer:
    if not said:
        return Answer()
    try:
        number = float(said[0].replace(",", "").replace("，", ""))
    except ValueError:
        raise _refused(N_("Please enter a number")) from None
    if question.type in RATED:
        low, high = question.bounds
        if not number.is_integer() or not low <= number <= high:
            raise _refused(CHOOSE)
    else:
        low = -NUMBER_MOST if question.least is None else question.least
        high = NUMBER_MOST if question.most is None else question.most
        if not isfinite(number) or not low <= number <= high:
            raise _refused(N_("Please enter a number that can be"))
    return Answer(number=number)
