"""What a segment says: a tree of AND, OR and NOT over conditions. Each condition is a kind of its own with the values it needs;
what belongs to it in SQL is in `leaves`, what a person sees of it in the surfaces. Others find all of this in `model`.

A further kind is a further class with a tag of its own: a definition that is kept never changes its meaning.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_

DEPTH_MAX = 5
CONDITIONS_MAX = 50
CHOICES_MAX = 100
DAYS_MAX = 3_650
TIMES_MAX = 1_000
# What "at most" is where nothing is said: more than anybody has.
MOST = 9_007_199_254_740_991


class Moment(StrEnum):
    """A moment that a shop knows of a customer."""

    FIRST_SEEN = "first_seen"
    LAST_SEEN = "last_seen"
    FIRST_PAID = "first_paid"
    LAST_PAID = "last_paid"


class Measure(StrEnum):
    """A number that a shop knows of a customer; amounts in minor units of the shop's currency."""

    ORDERS = "orders"
    SPENT = "spent"
    AVERAGE = "average"
    REFUNDS = "refunds"
    REFUNDED = "refunded"


MONEY = frozenset({Measure.SPENT, Measure.AVERAGE, Measure.REFUNDED})


class Predicted(StrEnum):
    """A number that is foretold of a customer: `value` in minor units of the shop's currency, `alive` in hundredths."""

    VALUE = "value"
    ALIVE = "alive"


class _Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    pass


class Country(_Condition, frozen=True, kw_only=True, tag="country"):
    """Is in one of these countries (ISO 3166-1, two letters)."""

    countries: tuple[str, ...]


class Language(_Condition, frozen=True, kw_only=True, tag="language"):
    """Reads one of these languages."""

    languages: tuple[str, ...]


class Joined(_Condition, frozen=True, kw_only=True, tag="joined"):
    """Came to the house within (or, not `within`, over) so many days."""

    within: bool
    days: int


class Guest(_Condition, frozen=True, kw_only=True, tag="guest"):
    """Has no account (or has one)."""

    guest: bool


class Consent(_Condition, frozen=True, kw_only=True, tag="consent"):
    """Wants mails about coupons (or does not)."""

    agreed: bool


class Number(_Condition, frozen=True, kw_only=True, tag="number"):
    """A number is within these bounds, both included; an average is of who has paid an order."""

    measure: Measure
    at_least: int | None = None
    at_most: int | None = None


class When(_Condition, frozen=True, kw_only=True, tag="when"):
    """Something was within, or over, so many days ago. What never was is neither."""

    moment: Moment
    within: bool
    days: int


class Stage(_Condition, frozen=True, kw_only=True, tag="stage"):
    """Is in one of these stages of the lifecycle."""

    stages: tuple[str, ...]


class Did(_Condition, frozen=True, kw_only=True, tag="did"):
    """Did something at least (or, not `at_least`, at most) so many times within so many days: of these products or categories,
    and by these channels, where they are named. "Did not" is at most 0 times."""

    event: str
    at_least: bool
    times: int
    days: int
    products: tuple[UUID, ...] = ()
    categories: tuple[UUID, ...] = ()
    channels: tuple[str, ...] = ()


class Bought(_Condition, frozen=True, kw_only=True, tag="bought"):
    """Has paid for one of these products, something of these categories, or of these shops; within so many days, if they are
    said. What was refunded altogether was not bought."""

    products: tuple[UUID, ...] = ()
    categories: tuple[UUID, ...] = ()
    shops: tuple[UUID, ...] = ()
    days: int | None = None


class Rfm(_Condition, frozen=True, kw_only=True, tag="rfm"):
    """Is in one of these classes by recency, frequency and money."""

    classes: tuple[str, ...]


class Foretold(_Condition, frozen=True, kw_only=True, tag="foretold"):
    """What is foretold of a customer is within these bounds, both included; of whom nothing is foretold, nothing holds."""

    measure: Predicted
    at_least: int | None = None
    at_most: int | None = None


class Inside(_Condition, frozen=True, kw_only=True, tag="inside"):
    """Is in another segment, or on a list."""

    segment_id: UUID


class Answered(_Condition, frozen=True, kw_only=True, tag="answered"):
    """Has answered this question of a survey: with one of these options, with a number within these bounds, or anyhow."""

    survey_id: UUID
    question: str
    choices: tuple[str, ...] = ()
    at_least: int | None = None
    at_most: int | None = None


class All(_Condition, frozen=True, kw_only=True, tag="all"):
    of: tuple["Node", ...]


class AnyOf(_Condition, frozen=True, kw_only=True, tag="any"):
    of: tuple["Node", ...]


class Not(_Condition, frozen=True, kw_only=True, tag="not"):
    of: "Node"


Leaf: TypeAlias = (
    Country
    | Language
    | Joined
    | Guest
    | Consent
    | Number
    | When
    | Stage
    | Did
    | Bought
    | Rfm
    | Foretold
    | Inside
    | Answered
)
Node: TypeAlias = All | AnyOf | Not | Leaf

PROFILE = "profile"
FACTS = "facts"
VALUES = "values"
ANSWERS = "answers"
TIME = "time"


class Wrong(msgspec.Struct, frozen=True):
    """What is wrong at which place of a tree: `1.2` is the second part of the first part; the whole tree has no number. `why`
    is a msgid, `field` what of the condition it is about."""

    place: str
    field: str
    why: str


class TreeRefused(Refusal):
    """A definition is whole, within its limits, and names only what is there: `wrong` says what is not, place by place."""

    code = "segment_refused"
    status = 422
    title = N_("The segment’s conditions are not right yet")
    detail = N_("Please look at the places that are marked.")

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        super().__init__(wrong=tuple(wrong))


EMPTY_GROUP = N_("Please add a condition, or remove the group")
TOO_DEEP = N_("Groups stand at most five deep")
TOO_MANY = N_("A segment has at most fifty conditions")
CHOOSE = N_("Please choose at least one")
CHOOSE_FEWER = N_("Please choose fewer")
WRONG_DAYS = N_("Please enter between 1 and 3,650 days")
WRONG_TIMES = N_("Please enter a number of times")
WRONG_BOUNDS = N_("Please say at least, at most or both, the smaller first")
ONE_OF = N_("Please choose products, categories or shops, not several of these")


def children(node: Node) -> tuple[Node, ...]:
    match node:
        case All() | AnyOf():
            return node.of
        case Not():
            return (node.of,)
        case _:
            return ()


def leaves(node: Node) -> Iterator[Leaf]:
    """Every condition, from left to right."""
    if isinstance(node, All | AnyOf | Not):
        for child in children(node):
            yield from leaves(child)
    else:
        yield node


def check(node: Node) -> None:
    """Raises `TreeRefused`, which names every place that is not right."""
    wrong = list(_wrong(node, "", 1))
    if sum(1 for _ in leaves(node)) > CONDITIONS_MAX:
        wrong.append(Wrong("", "", TOO_MANY))
    if wrong:
        raise TreeRefused(wrong)


def _wrong(node: Node, place: str, depth: int) -> Iterator[Wrong]:
    if depth > DEPTH_MAX and isinstance(node, All | AnyOf | Not):
        yield Wrong(place, "", TOO_DEEP)
        return
    match node:
        case All() | AnyOf():
            if not node.of:
                yield Wrong(place, "", EMPTY_GROUP)
            for number, child in enumerate(node.of, 1):
                yield from _wrong(child, f"{place}.{number}".lstrip("."), depth + 1)
        case Not():
            # "None of these" is one group for a person: the place is that of what is denied.
            yield from _wrong(node.of, place, depth)
        case _:
            for field, why in _wrong_leaf(node):
                yield Wrong(place, field, why)


def _wrong_leaf(leaf: Leaf) -> Iterator[tuple[str, str]]:
    match leaf:
        case Joined() | When():
            yield from _days(leaf.days)
        case Number() | Foretold():
            yield from _bounds(leaf.at_least, leaf.at_most)
        case Did():
            yield from _wrong_did(leaf)
        case Bought():
            yield from _wrong_bought(leaf)
        case Country():
            yield from _choice("countries", leaf.countries)
        case Language():
            yield from _choice("languages", leaf.languages)
        case Stage():
            yield from _choice("stages", leaf.stages)
        case Rfm():
            yield from _choice("classes", leaf.classes)
        case Answered():
            if leaf.at_least is not None or leaf.at_most is not None:
                yield from _bounds(leaf.at_least, leaf.at_most)
            if not leaf.question or len(leaf.choices) > CHOICES_MAX:
                yield "question", CHOOSE
        case Guest() | Consent() | Inside():
            return


def _wrong_did(leaf: Did) -> Iterator[tuple[str, str]]:
    yield from _days(leaf.days)
    if not (1 if leaf.at_least else 0) <= leaf.times <= TIMES_MAX:
        yield "times", WRONG_TIMES
    for field, chosen in (("products", leaf.products), ("categories", leaf.categories)):
        if len(chosen) > CHOICES_MAX:
            yield field, CHOOSE_FEWER


def _wrong_bought(leaf: Bought) -> Iterator[tuple[str, str]]:
    if leaf.days is not None:
        yield from _days(leaf.days)
    named = [field for field in ("products", "categories", "shops") if getattr(leaf, field)]
    if len(named) > 1:
        yield named[1], ONE_OF
    yield from _choice(named[0] if named else "products", getattr(leaf, named[0]) if named else ())


def _days(days: int) -> Iterator[tuple[str, str]]:
    if not 1 <= days <= DAYS_MAX:
        yield "days", WRONG_DAYS


def _bounds(low: int | None, high: int | None) -> Iterator[tuple[str, str]]:
    if (low is None and high is None) or not 0 <= (low or 0) <= (MOST if high is None else high):
        yield "at_least", WRONG_BOUNDS


def _choice(field: str, chosen: Sequence[object]) -> Iterator[tuple[str, str]]:
    if not chosen:
        yield field, CHOOSE
    elif len(chosen) > CHOICES_MAX:
        yield field, CHOOSE_FEWER


def inside(segment_id: UUID) -> str:
    """What a segment that asks for this one depends on."""
    return f"segment:{segment_id}"


def did(event: str) -> str:
    """What a segment that counts these events depends on."""
    return f"did:{event}"


def depends(node: Node) -> frozenset[str]:
    """On what the truth of this can change: when news of one of these comes, who it concerns is looked at anew."""
    found: set[str] = set()
    for leaf in leaves(node):
        match leaf:
            case Country():
                # Of whom no country is known, it is that of their last order.
                found |= {PROFILE, FACTS}
            case Language() | Guest() | Consent():
                found.add(PROFILE)
            case Joined():
                found |= {PROFILE, TIME}
            case Number() | Stage():
                found.add(FACTS)
            case When():
                found |= {FACTS, TIME}
            case Did():
                found |= {did(leaf.event), TIME}
            case Bought():
                found |= {FACTS, TIME} if leaf.days is not None else {FACTS}
            case Rfm() | Foretold():
                found.add(VALUES)
            case Answered():
                found.add(ANSWERS)
            case Inside():
                found.add(inside(leaf.segment_id))
    return frozenset(found)


def asked(node: Node) -> frozenset[UUID]:
    """The other segments and lists that this asks for."""
    return frozenset(leaf.segment_id for leaf in leaves(node) if isinstance(leaf, Inside))


def holders(node: Node, everybody: frozenset[int], of: "dict[Leaf, frozenset[int]]") -> frozenset[int]:
    """For whom of `everybody` this holds, where `of` says it for each condition."""
    match node:
        case All():
            found = everybody
            for child in node.of:
                found &= holders(child, everybody, of)
            return found
        case AnyOf():
            return frozenset[int]().union(*(holders(child, everybody, of) for child in node.of))
        case Not():
            return everybody - holders(node.of, everybody, of)
        case _:
            return of.get(node, frozenset()) & everybody
