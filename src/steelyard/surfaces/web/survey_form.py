"""A question as a form shows it, to who answers and to who is putting it together."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.text import Text
from steelyard.operations import research
from steelyard.operations.research.model import CHOOSING, RATED, YES, Answer, Definition, Question, Type
from steelyard.surfaces.web.entries import Entries


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Something to choose; with `other` there is a line to write on."""

    key: str
    words: str
    chosen: bool = False
    other: bool = False
    place: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a matrix, with what is chosen in it."""

    key: str
    words: str
    chosen: str = ""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A question in the reader's language, with what was answered or typed before. `values` are the points of a scale."""

    question: Question
    words: str
    hint: str
    low: str
    high: str
    choices: Sequence[Choice] = ()
    rows: Sequence[Row] = ()
    values: Sequence[int] = ()
    value: str = ""
    other: str = ""
    error: str = ""


def shown(  # a question, of whom, in which language, after which answers
    definition: Definition,
    question: Question,
    seed: UUID,
    locale: str,
    answers: Mapping[str, Answer],
    typed: Entries | None = None,
    error: str = "",
) -> Shown:
    """The question as this person sees it: with their answers in its words, in the order that chance gave them."""
    known = answers.get(question.key)
    chosen = list(typed.all("a")) if typed else list(known.choices) if known else []

    def words(text: Text) -> str:
        return research.piped(text, definition, answers, locale)

    low, high = question.bounds if question.type in RATED else (1, 0)
    return Shown(
        question=question,
        words=words(question.text),
        hint=words(question.hint),
        low=question.low.in_language(locale),
        high=question.high.in_language(locale),
        choices=[
            Choice(
                key=each.key,
                words=words(each.text),
                chosen=each.key in chosen,
                other=each.other,
                place=_place(each.key, known, typed),
            )
            for each in research.in_order(question, seed)
        ],
        rows=[
            Row(key=each.key, words=words(each.text), chosen=_in_row(each.key, known, typed)) for each in question.rows
        ],
        values=range(low, high + 1),
        value=_value(question, known, typed),
        other=typed.text("other") if typed else known.words if known and question.type in CHOOSING else "",
        error=error,
    )


def _place(key: str, known: Answer | None, typed: Entries | None) -> str:
    if typed is not None:
        return typed.text(f"a.{key}")
    return str(known.choices.index(key) + 1) if known and key in known.choices else ""


def _in_row(key: str, known: Answer | None, typed: Entries | None) -> str:
    if typed is not None:
        return typed.text(f"a.{key}")
    return next((each.partition("=")[2] for each in (known.choices if known else ()) if each.startswith(f"{key}=")), "")


def _value(question: Question, known: Answer | None, typed: Entries | None) -> str:
    if typed is not None:
        return typed.text("a", most=10_000)
    if known is None:
        return ""
    if question.type is Type.CONSENT:
        return YES if YES in known.choices else ""
    return f"{known.number:g}" if known.number is not None else known.words


def typed_of(form: Entries) -> dict[str, list[str]]:
    """The fields of an answer as `research.read` wants them."""
    return {"a": form.all("a"), "other": form.all("other")} | {
        f"a.{name}": form.all(f"a.{name}") for name in form.names("a.")
    }
