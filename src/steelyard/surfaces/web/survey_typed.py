"""What was typed into the editor of a survey, read politely; and what its buttons do to the survey."""

from collections.abc import Callable, Collection, Sequence

from msgspec.structs import replace

from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.operations.research.model import (
    CHOOSING,
    WHOLE,
    WORDS_CHARACTERS_MAX,
    Comparison,
    Definition,
    Jump,
    Option,
    Question,
    Quota,
    Trigger,
    Type,
    When,
)
from steelyard.surfaces.web.entries import NOT_A_NUMBER, Entries, as_uuid

KEY_CHARACTERS_MAX = 20
NOT_A_SHARE = N_("Please enter a percentage above 0 and up to 100")


class _Form:
    """The form, with what could not be read by the name that the page knows it by."""

    def __init__(self, form: Entries) -> None:
        self.form = form
        self.errors: dict[str, str] = {}

    def words(self, name: str) -> Text:
        return self.form.words(name, most=10 * WORDS_CHARACTERS_MAX)

    def number(self, name: str, told: str, otherwise: int | None) -> int | None:
        said = self.form.text(name)
        if not said:
            return otherwise
        try:
            return int(said)
        except ValueError:
            self.errors[told] = NOT_A_NUMBER
            return otherwise


def filled(form: Entries, definition: Definition) -> tuple[Definition, dict[str, str]]:
    """The survey with what the form says, and what of it could not be read."""
    typed = _Form(form)
    share = typed.number("share", "share", 100)
    if share is None or not 0 < share <= 100:
        typed.errors["share"] = NOT_A_SHARE
        share = 100
    trigger = form.text("trigger")
    found = replace(
        definition,
        title=typed.words("title"),
        intro=typed.words("intro"),
        thanks=typed.words("thanks"),
        anonymous=form.flag("anonymous"),
        in_page=form.flag("in_page"),
        by_link=form.flag("by_link"),
        by_mail=form.flag("by_mail"),
        trigger=Trigger(trigger) if trigger in set(Trigger) else Trigger.NOTHING,
        after_hours=typed.number("after_hours", "after_hours", 0) or 0,
        segment_id=as_uuid(form.text("segment_id")),
        share=share * (WHOLE // 100),
        questions=tuple(_question(typed, each) for each in definition.questions),
        quotas=tuple(_quota(typed, each) for each in definition.quotas),
    )
    return found, typed.errors


def _question(typed: _Form, question: Question) -> Question:
    before, form = f"q.{question.key}", typed.form
    if not form.text(f"{before}.here"):
        return question
    return replace(
        question,
        text=typed.words(f"{before}.text"),
        hint=typed.words(f"{before}.hint"),
        low=typed.words(f"{before}.low"),
        high=typed.words(f"{before}.high"),
        required=form.flag(f"{before}.required"),
        shuffle=form.flag(f"{before}.shuffle"),
        least=typed.number(f"{before}.least", f"{question.key}.bounds", None),
        most=typed.number(f"{before}.most", f"{question.key}.bounds", None),
        options=tuple(_option(typed, f"{before}.o.{each.key}", each) for each in question.options),
        rows=tuple(_option(typed, f"{before}.r.{each.key}", each) for each in question.rows),
        show_if=tuple(each for said in form.all(f"{before}.if") if (each := _when(said)) is not None),
        any_of=form.text(f"{before}.any") == "any",
        jumps=tuple(
            Jump(test=test, value=value, to=to)
            for said, to in zip(form.all(f"{before}.jump"), form.all(f"{before}.to"), strict=False)
            if to and (found := _test(said)) is not None
            for test, value in [found]
        ),
    )


def _option(typed: _Form, before: str, option: Option) -> Option:
    form = typed.form
    return replace(
        option, text=typed.words(before), fixed=form.flag(f"{before}.fixed"), other=form.flag(f"{before}.other")
    )


def _test(said: str) -> tuple[Comparison, str] | None:
    test, _, value = said.partition(":")
    return (Comparison(test), value) if test in set(Comparison) and value else None


def _when(said: str) -> When | None:
    key, _, rest = said.partition(":")
    found = _test(rest)
    return None if found is None or not key else When(question=key, test=found[0], value=found[1])


def condition_value(when: When | Jump) -> str:
    """How a form calls a condition: `q1:is:o2`, of a jump `is:o2`."""
    said = f"{when.test}:{when.value}"
    return f"{when.question}:{said}" if isinstance(when, When) else said


def _quota(typed: _Form, quota: Quota) -> Quota:
    form, before = typed.form, f"quota.{quota.key}"
    if not form.text(f"{before}.here"):
        return quota
    of = form.text(f"{before}.of")
    question, _, option = of.partition("/")
    return Quota(
        key=quota.key,
        most=typed.number(f"{before}.most", f"quota-{quota.key}", 0) or 0,
        question="" if of.startswith("segment:") else question,
        option=option,
        segment_id=as_uuid(of.removeprefix("segment:")) if of.startswith("segment:") else None,
    )


def quota_value(quota: Quota) -> str:
    """How a form calls whom a quota counts."""
    if quota.segment_id is not None:
        return f"segment:{quota.segment_id}"
    return f"{quota.question}/{quota.option}" if quota.question else ""


def changed(action: str, new_type: str, definition: Definition) -> tuple[Definition, str]:
    """After the button that was pressed (`add:q3`, `up:q2`, `option:q2:o4` …), and which part of the page to show then. The keys
    of what is added come with the button: pressed twice, it is there once."""
    what, _, rest = action.partition(":")
    key, _, part = rest.partition(":")
    done = _ACTIONS.get(what)
    if done is None or not (key.isalnum() and len(key) <= KEY_CHARACTERS_MAX):
        return definition, ""
    return done(definition, key, new_type if what == "add" else part)


def _added(definition: Definition, key: str, kind: str) -> tuple[Definition, str]:
    if definition.question(key) is not None or kind not in set(Type):
        return definition, ""
    options = tuple(Option(key=f"o{number}", text=Text()) for number in (1, 2)) if Type(kind) in CHOOSING else ()
    rows = (Option(key="o1", text=Text()),) if kind == Type.MATRIX else ()
    question = Question(key=key, type=Type(kind), text=Text(), options=options, rows=rows)
    return replace(definition, questions=(*definition.questions, question)), f"part-{key}"


def _removed(definition: Definition, key: str, _part: str) -> tuple[Definition, str]:
    """Without the question; what asked for its answers asks for them no more."""
    kept = tuple(
        replace(
            each,
            show_if=tuple(when for when in each.show_if if when.question != key),
            jumps=tuple(jump for jump in each.jumps if jump.to != key),
        )
        for each in definition.questions
        if each.key != key
    )
    quotas = tuple(each for each in definition.quotas if each.question != key)
    return replace(definition, questions=kept, quotas=quotas), ""


def _moved(step: int) -> Callable[[Definition, str, str], tuple[Definition, str]]:
    def move(definition: Definition, key: str, _part: str) -> tuple[Definition, str]:
        questions = list(definition.questions)
        place = next((number for number, each in enumerate(questions) if each.key == key), -1)
        to = place + step
        if place < 0 or not 0 <= to < len(questions):
            return definition, ""
        questions[place], questions[to] = questions[to], questions[place]
        return replace(definition, questions=tuple(questions)), f"part-{key}"

    return move


def _in_question(definition: Definition, key: str, change: Callable[[Question], Question]) -> tuple[Definition, str]:
    questions = tuple(change(each) if each.key == key else each for each in definition.questions)
    return replace(definition, questions=questions), f"part-{key}"


def _with(options: Sequence[Option], part: str) -> tuple[Option, ...]:
    known = any(each.key == part for each in options) or not part.isalnum() or len(part) > KEY_CHARACTERS_MAX
    return tuple(options) if known else (*options, Option(key=part, text=Text()))


def _without(options: Sequence[Option], part: str) -> tuple[Option, ...]:
    return tuple(each for each in options if each.key != part)


def _quota_added(definition: Definition, key: str, _part: str) -> tuple[Definition, str]:
    if any(each.key == key for each in definition.quotas):
        return definition, ""
    return replace(definition, quotas=(*definition.quotas, Quota(key=key, most=100))), "part-quotas"


def _quota_removed(definition: Definition, key: str, _part: str) -> tuple[Definition, str]:
    return replace(definition, quotas=tuple(each for each in definition.quotas if each.key != key)), "part-quotas"


_ACTIONS: dict[str, Callable[[Definition, str, str], tuple[Definition, str]]] = {
    "add": _added,
    "remove": _removed,
    "up": _moved(-1),
    "down": _moved(1),
    "option": lambda it, key, part: _in_question(it, key, lambda q: replace(q, options=_with(q.options, part))),
    "unoption": lambda it, key, part: _in_question(it, key, lambda q: replace(q, options=_without(q.options, part))),
    "row": lambda it, key, part: _in_question(it, key, lambda q: replace(q, rows=_with(q.rows, part))),
    "unrow": lambda it, key, part: _in_question(it, key, lambda q: replace(q, rows=_without(q.rows, part))),
    "quota": _quota_added,
    "unquota": _quota_removed,
}


def _next(prefix: str, keys: Collection[str]) -> str:
    numbers = [int(each.removeprefix(prefix)) for each in keys if each.removeprefix(prefix).isdecimal()]
    return f"{prefix}{max(numbers, default=0) + 1}"


def next_key(definition: Definition, asked: Collection[str]) -> str:
    """One that no question has, nor had in what was `asked` before."""
    return _next("q", [*(each.key for each in definition.questions), *asked])


def next_option(options: Sequence[Option], asked: Collection[str]) -> str:
    return _next("o", [*(each.key for each in options), *asked])


def next_quota(definition: Definition) -> str:
    return _next("n", [each.key for each in definition.quotas])
