"""What both consoles say of products: the names of their fields, why one is sent back, and values of versions in a line."""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from steelyard.goods.catalog import Reason
from steelyard.goods.catalog.model import Attribute, Option, Picture
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.surfaces.web.visit import Visit

REASON_WORDS: Mapping[str, str] = {
    "misleading": N_("The title or description misleads"),
    "wrong_category": N_("It is in the wrong category"),
    "bad_pictures": N_("The pictures are unclear, or not of this product"),
    "missing_facts": N_("Required attributes are missing or wrong"),
    "banned_words": N_("It uses words that advertising law forbids"),
    "brand": N_("It uses a brand without its permission"),
    "price": N_("The price cannot be right"),
    "forbidden": N_("It may not be sold here"),
}
FIELD_WORDS: Mapping[str, str] = {
    "": N_("The whole product"),
    "title": N_("Title"),
    "description": N_("Description"),
    "category_id": N_("Category"),
    "pictures": N_("Pictures"),
    "facts": N_("Attributes"),
    "attributes": N_("Further attributes"),
    "options": N_("Options"),
    "slug": N_("Web address"),
    "tax_class": N_("Tax class"),
    "skus": N_("Variants"),
    "price": N_("Price"),
}


def reason_lines(visit: Visit, reasons: Sequence[Reason]) -> list[str]:
    """Why a product was sent back, in lines."""
    lines: list[str] = []
    for each in reasons:
        field = visit.say(FIELD_WORDS.get(each.field, each.field))
        reason = visit.say(REASON_WORDS[each.reason]) if each.reason in REASON_WORDS else ""
        lines.append(f"{field}: " + " · ".join(filter(None, (reason, each.words))))
    return lines


def said(visit: Visit, names: Mapping[UUID, Text], value: Any) -> str:
    """A value of a version in one line."""
    match value:
        case None | []:
            words = "–"
        case bool():
            words = visit.say(N_("Yes") if value else N_("No"))
        case UUID():
            words = names[value].in_language(visit.locale) if value in names else str(value)
        case Text():
            words = " / ".join(each for each in value.values() if each) or "–"
        case list():
            words = ", ".join(_one(visit, each) for each in cast("list[Any]", value))
        case dict():
            pairs = cast("dict[str, Any]", value).items()
            words = "; ".join(f"{name}: {said(visit, names, each)}" for name, each in pairs) or "–"
        case _:
            words = str(value)
    return words


def _one(visit: Visit, each: Any) -> str:
    match each:
        case Picture():
            return f"{each.file[:8]}…"
        case Option():
            values = "、".join(value.in_language(visit.locale) for value in each.values)
            return f"{each.name.in_language(visit.locale)}: {values}"
        case Attribute():
            return f"{each.name.in_language(visit.locale)}: {each.value.in_language(visit.locale)}"
        case _:
            return str(each)
