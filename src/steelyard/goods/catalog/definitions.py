"""Typed attributes: what the operator says a category's products have in common, and the facts that products give."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from steelyard.goods.catalog.model import CategoryId, Fact
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text

VALUES_PER_DEFINITION_MAX = 200
FACT_CHARACTERS_MAX = 500
FACT_MAX = 10**12
CODE = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")


class AttributeKind(StrEnum):
    """`choice` is one of the values, `choices` any number of them; `yes_no` is the code `yes` or `no`."""

    CHOICE = "choice"
    CHOICES = "choices"
    NUMBER = "number"
    TEXT = "text"
    YES_NO = "yes_no"


class AttributeValue(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    name: Text


YES_NO = [
    AttributeValue(code="yes", name=Text({"zh-Hans": "是", "en": "Yes"})),
    AttributeValue(code="no", name=Text({"zh-Hans": "否", "en": "No"})),
]


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """An attribute that products may have. `code` never changes; `unit` is written behind a number."""

    code: str
    name: Text
    kind: AttributeKind
    unit: str = ""
    values: list[AttributeValue] = []
    filterable: bool = False
    retired: bool = False

    @property
    def known(self) -> list[AttributeValue]:
        """The values that a fact may have; none for a number and for words."""
        return YES_NO if self.kind is AttributeKind.YES_NO else self.values


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """An attribute in a category; everything below the category has it too."""

    code: str
    required: bool = False
    place: int = 0


class CategoryAttribute(msgspec.Struct, frozen=True, kw_only=True):
    """An attribute as a category's products have it: from `category_id`, which is the category or one above it."""

    category_id: CategoryId
    definition: Definition
    required: bool
    place: int


_UNKNOWN = N_("Products of this category have no such attribute")
_NOT_A_VALUE = N_("Please choose one of the values")
_NOT_A_NUMBER = N_("Please enter a number")
_TOO_LONG = N_("This is too long")


def wrong_facts(attributes: Sequence[CategoryAttribute], facts: Mapping[str, Fact]) -> dict[str, str]:
    """What is wrong with these facts, by the attribute's code. What is missing is not wrong: see `missing_facts`."""
    known = {each.definition.code: each.definition for each in attributes}
    found = {code: _wrong(known.get(code), fact) for code, fact in facts.items()}
    return {code: words for code, words in found.items() if words}


def _wrong(definition: Definition | None, fact: Fact) -> str:
    if definition is None:
        return _UNKNOWN
    match definition.kind:
        case AttributeKind.NUMBER:
            right = isinstance(fact, int | float) and not isinstance(fact, bool) and abs(fact) <= FACT_MAX
            return "" if right else _NOT_A_NUMBER
        case AttributeKind.TEXT:
            if not isinstance(fact, dict):
                return _NOT_A_VALUE
            return _TOO_LONG if any(len(words) > FACT_CHARACTERS_MAX for words in fact.values()) else ""
        case _:
            codes = {value.code for value in definition.known}
            if not isinstance(fact, list) or not fact or len(set(fact)) != len(fact) or not codes.issuperset(fact):
                return _NOT_A_VALUE
            return "" if definition.kind is AttributeKind.CHOICES or len(fact) == 1 else _NOT_A_VALUE


def missing_facts(attributes: Sequence[CategoryAttribute], facts: Mapping[str, Fact]) -> list[Definition]:
    """The required attributes that these facts do not say."""
    return [each.definition for each in attributes if each.required and each.definition.code not in facts]


def facets(definitions: Mapping[str, Definition], facts: Mapping[str, Fact]) -> list[str]:
    """`code:value` of each fact that buyers filter by, in order: what the search entry carries."""
    return sorted(
        f"{code}:{value}"
        for code, fact in facts.items()
        if isinstance(fact, list) and code in definitions and definitions[code].filterable
        for value in fact
    )


def fact_words(definition: Definition, fact: Fact) -> Text:
    """A fact in both languages: the names of its values, the number with its unit, or the words."""
    if isinstance(fact, list):
        names = {value.code: value.name for value in definition.known}
        return Text(
            {
                locale: comma.join(names.get(code, Text({locale: code})).in_language(locale) for code in fact)
                for locale, comma in (("zh-Hans", "、"), ("en", ", "))
            }
        )
    if isinstance(fact, dict):
        return Text(fact)
    words = f"{fact:g}" if isinstance(fact, float) else str(fact)
    return Text(dict.fromkeys(("zh-Hans", "en"), f"{words} {definition.unit}".strip()))
