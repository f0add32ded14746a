"""A definition while somebody puts it together: the same tree, with what was typed as it was typed. What cannot be read is told
by its place, and nothing that was typed is lost. Groups are `all`, `any` and `none` of their parts, as people say it."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

import msgspec

from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money, minor_digits
from steelyard.operations.segments import tree
from steelyard.operations.segments.tree import MOST, TreeRefused, Wrong

C = TypeVar("C", bound=StrEnum)

GROUPS = ("all", "any", "none")
ROOT = "root"
PARTS_MAX = tree.CONDITIONS_MAX * 2
MONEY_DIGITS_MAX = 13
NOT_THIS = N_("Please choose one of these")
NOT_A_NUMBER = N_("Please enter a whole number")
NOT_AN_AMOUNT = N_("Please enter an amount such as 12.50")
NOT_A_SEGMENT = N_("Please choose a segment")
NOT_GOODS = N_("Please choose goods from the list")
OF_THE_QUESTION = N_("Please choose answers to the question that is chosen")


class Currencies(msgspec.Struct, frozen=True, kw_only=True):
    """In which currency what customers have spent is counted, and in which what is expected of them. A shop has one; the
    marketplace adds up in the house's, and foretells in that of the most orders."""

    spent: str
    foretold: str

    @classmethod
    def one(cls, currency: str) -> "Currencies":
        return cls(spent=currency, foretold=currency)

    def of(self, kind: str, measure: str) -> str | None:
        """That of the bounds of a condition; none where they are no amounts."""
        if kind == "number" and measure in tree.MONEY:
            return self.spent
        return self.foretold if kind == "foretold" and measure == tree.Predicted.VALUE else None


class Sketch(msgspec.Struct, frozen=True, kw_only=True):
    """A group with its parts, or a condition with what was typed into its fields. `key` tells parts apart on the page: the form
    mints it, so that the same part added twice is there once."""

    key: str = ROOT
    kind: str = "all"
    values: dict[str, list[str]] = {}
    of: list["Sketch"] = []

    def typed(self, name: str) -> list[str]:
        """What was typed into a field, or chosen in it."""
        return self.values.get(name, [])


def parts(sketch: Sketch) -> Iterator[Sketch]:
    yield sketch
    for each in sketch.of:
        yield from parts(each)


def places(sketch: Sketch, place: str = "") -> Iterator[tuple[str, str]]:
    """`(key, place)` of every part: `1.2` is the second part of the first part."""
    yield sketch.key, place
    for number, each in enumerate(sketch.of, 1):
        yield from places(each, f"{place}.{number}".lstrip("."))


def added(sketch: Sketch, under: str, part: Sketch) -> Sketch:
    """With one more part at the end of the group `under`; one that is there already changes nothing."""
    known = {each.key for each in parts(sketch)}
    if part.key in known or len(known) >= PARTS_MAX:
        return sketch
    return _changed(
        sketch,
        lambda each: (
            msgspec.structs.replace(each, of=[*each.of, part]) if each.key == under and each.kind in GROUPS else each
        ),
    )


def removed(sketch: Sketch, key: str) -> Sketch:
    """Without this part; the whole cannot be removed."""
    return _changed(
        sketch, lambda each: msgspec.structs.replace(each, of=[child for child in each.of if child.key != key])
    )


def filled(sketch: Sketch, typed: Callable[[str], Mapping[str, list[str]] | None]) -> Sketch:
    """With what was typed: `typed(key)` is a part's fields, none where the form did not have it. A group's own field is its
    `kind`."""

    def fill(each: Sketch) -> Sketch:
        values = typed(each.key)
        if values is None:
            return each
        if each.kind in GROUPS:
            kind = next(iter(values.get("kind", [])), each.kind)
            return msgspec.structs.replace(each, kind=kind if kind in GROUPS else each.kind)
        return msgspec.structs.replace(each, values={name: list(said) for name, said in values.items()})

    return _changed(sketch, fill)


def _changed(sketch: Sketch, change: Callable[[Sketch], Sketch]) -> Sketch:
    inner = msgspec.structs.replace(sketch, of=[_changed(each, change) for each in sketch.of])
    return change(inner)


def read(sketch: Sketch, currencies: Currencies) -> tree.Node:
    """The definition that this says; amounts are typed in `currencies`. Raises `TreeRefused` for what cannot be read."""
    wrong: list[Wrong] = []
    node = _read(sketch, currencies, "", wrong)
    try:
        tree.check(node)
    except TreeRefused as refusal:
        told = {(each.place, each.field) for each in wrong}
        wrong += [each for each in refusal.wrong if (each.place, each.field) not in told]
    if wrong:
        raise TreeRefused(wrong)
    return node


def _read(sketch: Sketch, currencies: Currencies, place: str, wrong: list[Wrong]) -> tree.Node:
    if sketch.kind not in GROUPS:
        return _Typed(sketch.values, currencies, place, wrong).leaf(sketch.kind)
    of = tuple(
        _read(each, currencies, f"{place}.{number}".lstrip("."), wrong) for number, each in enumerate(sketch.of, 1)
    )
    match sketch.kind:
        case "all":
            return tree.All(of=of)
        case "any":
            return tree.AnyOf(of=of)
        case _:
            return tree.Not(of=tree.AnyOf(of=of))


class _Typed:
    """The fields of one condition, read politely."""

    def __init__(self, values: Mapping[str, list[str]], currencies: Currencies, place: str, wrong: list[Wrong]) -> None:
        self.values, self.currencies, self.place, self.wrong = values, currencies, place, wrong

    def leaf(self, kind: str) -> tree.Leaf:
        return _KINDS.get(kind, _Typed.inside)(self)

    def country(self) -> tree.Leaf:
        return tree.Country(countries=self.many("countries"))

    def language(self) -> tree.Leaf:
        return tree.Language(languages=self.many("languages"))

    def joined(self) -> tree.Leaf:
        return tree.Joined(within=self.within(), days=self.number("days") or 0)

    def guest(self) -> tree.Leaf:
        return tree.Guest(guest=self.one("guest") != "no")

    def consent(self) -> tree.Leaf:
        return tree.Consent(agreed=self.one("agreed") != "no")

    def counted(self) -> tree.Leaf:
        measure = self.choice("measure", tree.Measure.ORDERS)
        low, high = self.bounds(self.currencies.of("number", measure))
        return tree.Number(measure=measure, at_least=low, at_most=high)

    def when(self) -> tree.Leaf:
        moment = self.choice("moment", tree.Moment.LAST_PAID)
        return tree.When(moment=moment, within=self.within(), days=self.number("days") or 0)

    def stage(self) -> tree.Leaf:
        return tree.Stage(stages=self.many("stages"))

    def bought(self) -> tree.Leaf:
        said = self.number("days")
        goods, categories, shops = (self.ids(name) for name in ("products", "categories", "shops"))
        return tree.Bought(products=goods, categories=categories, shops=shops, days=said)

    def rfm(self) -> tree.Leaf:
        return tree.Rfm(classes=self.many("classes"))

    def foretold(self) -> tree.Leaf:
        measure = self.choice("measure", tree.Predicted.VALUE)
        low, high = self.bounds(self.currencies.of("foretold", measure))
        return tree.Foretold(measure=measure, at_least=low, at_most=high)

    def inside(self) -> tree.Leaf:
        found = self.ids("segment_id")
        if not found:
            self.refuse("segment_id", NOT_A_SEGMENT)
        return tree.Inside(segment_id=found[0] if found else UUID(int=0))

    def answered(self) -> tree.Leaf:
        """The question is chosen as `survey/question`, its options as `survey/question/option`."""
        survey, _, question = self.one("question").partition("/")
        said = [each.rpartition("/") for each in self.many("choices")]
        try:
            survey_id = UUID(survey)
        except ValueError:
            survey_id, question = UUID(int=0), ""
        if any(of != f"{survey}/{question}" for of, _, _ in said):
            self.refuse("choices", OF_THE_QUESTION)
        low, high = self.bounds(None)
        options = tuple(option for _, _, option in said)
        return tree.Answered(survey_id=survey_id, question=question, choices=options, at_least=low, at_most=high)

    def did(self) -> tree.Leaf:
        at_least = self.one("at_least") != "most"
        if not self.one("event"):
            self.refuse("event", NOT_THIS)
        return tree.Did(
            event=self.one("event"),
            at_least=at_least,
            times=self.number("times", otherwise=1 if at_least else 0) or 0,
            days=self.number("days") or 0,
            products=self.ids("products"),
            categories=self.ids("categories"),
            channels=self.many("channels"),
        )

    def refuse(self, field: str, why: str) -> None:
        self.wrong.append(Wrong(self.place, field, why))

    def one(self, name: str) -> str:
        return next((said.strip() for said in self.values.get(name, [])), "")

    def many(self, name: str) -> tuple[str, ...]:
        return tuple(sorted({said.strip() for said in self.values.get(name, [])} - {""}))

    def choice(self, name: str, otherwise: C) -> C:
        try:
            return type(otherwise)(self.one(name) or otherwise)
        except ValueError:
            self.refuse(name, NOT_THIS)
            return otherwise

    def number(self, name: str, otherwise: int | None = None) -> int | None:
        said = self.one(name)
        if not said:
            return otherwise
        try:
            number = int(said)
        except ValueError:
            number = -1
        if not 0 <= number <= MOST:
            self.refuse(name, NOT_A_NUMBER)
            return otherwise
        return number

    def within(self) -> bool:
        return self.one("within") != "over"

    def bounds(self, currency: str | None) -> tuple[int | None, int | None]:
        if currency is None:
            return self.number("at_least"), self.number("at_most")
        return self.amount("at_least", currency), self.amount("at_most", currency)

    def amount(self, name: str, currency: str) -> int | None:
        said = self.one(name).replace(",", "").replace("，", "")
        if not said:
            return None
        try:
            typed = Decimal(said)
        except InvalidOperation:
            typed = Decimal(-1)
        fits = typed.is_finite() and typed >= 0 and typed.adjusted() < MONEY_DIGITS_MAX
        if not fits or typed != round(typed, minor_digits(currency)):
            self.refuse(name, NOT_AN_AMOUNT)
            return None
        return Money.of(typed, currency).amount

    def ids(self, name: str) -> tuple[UUID, ...]:
        """Ids one a line, or chosen."""
        found: set[UUID] = set()
        for said in self.values.get(name, []):
            for word in said.replace(",", " ").split():
                try:
                    found.add(UUID(word))
                except ValueError:
                    self.refuse(name, NOT_A_SEGMENT if name == "segment_id" else NOT_GOODS)
        return tuple(sorted(found))


_KINDS: dict[str, Callable[[_Typed], tree.Leaf]] = {
    "country": _Typed.country,
    "language": _Typed.language,
    "joined": _Typed.joined,
    "guest": _Typed.guest,
    "consent": _Typed.consent,
    "number": _Typed.counted,
    "when": _Typed.when,
    "stage": _Typed.stage,
    "did": _Typed.did,
    "bought": _Typed.bought,
    "rfm": _Typed.rfm,
    "foretold": _Typed.foretold,
    "inside": _Typed.inside,
    "answered": _Typed.answered,
}


def written(node: tree.Node, currencies: Currencies, key: str = ROOT) -> Sketch:
    """A definition as a sketch, to change it. The whole is always a group."""
    sketch = _written(node, currencies, key)
    return sketch if sketch.kind in GROUPS else Sketch(key=key, of=[msgspec.structs.replace(sketch, key="1")])


def _written(node: tree.Node, currencies: Currencies, key: str) -> Sketch:
    match node:
        case tree.All() | tree.AnyOf():
            return Sketch(key=key, kind="all" if isinstance(node, tree.All) else "any", of=_each(node, currencies, key))
        case tree.Not(of=tree.AnyOf() as group):
            return Sketch(key=key, kind="none", of=_each(group, currencies, key))
        case tree.Not():
            return Sketch(key=key, kind="none", of=[_written(node.of, currencies, _under(key, 1))])
        case _:
            kind = str(node.__struct_config__.tag)
            currency = currencies.of(kind, str(getattr(node, "measure", "")))
            return Sketch(key=key, kind=kind, values=_said(node, currency))


def _each(node: "tree.All | tree.AnyOf", currencies: Currencies, key: str) -> list[Sketch]:
    return [_written(child, currencies, _under(key, number)) for number, child in enumerate(node.of, 1)]


def _under(key: str, number: int) -> str:
    return str(number) if key == ROOT else f"{key}-{number}"


def _said(leaf: tree.Leaf, currency: str | None) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    if isinstance(leaf, tree.Answered):
        of = f"{leaf.survey_id}/{leaf.question}"
        bounds = {"at_least": leaf.at_least, "at_most": leaf.at_most}
        said = {name: [str(value)] for name, value in bounds.items() if value is not None}
        return said | {"question": [of], "choices": [f"{of}/{each}" for each in leaf.choices]}
    for name in leaf.__struct_fields__:
        value = getattr(leaf, name)
        match value:
            case None:
                continue
            case bool():
                said[name] = [_TRUTHS[name][value]]
            case tuple():
                said[name] = [str(each) for each in value]
            case int() if currency is not None:
                said[name] = [str(Money(value, currency).decimal())]
            case _:
                said[name] = [str(value)]
    return said


_TRUTHS = {
    "within": {True: "within", False: "over"},
    "at_least": {True: "least", False: "most"},
    "guest": {True: "yes", False: "no"},
    "agreed": {True: "yes", False: "no"},
}
