"""Small things that all of the API's shapes are made of."""

from functools import cache
from typing import Annotated, Any, TypeVar

import msgspec
from litestar.params import QueryParameter
from msgspec import Meta

from steelyard.kernel import paging
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.text import Text

S = TypeVar("S", bound=msgspec.Struct)

QUANTITY_MAX = 1_000_000
LANGUAGES_MAX = 20
LANGUAGE_CHARACTERS_MAX = 35  # RFC 5646, 4.4.1

Words = Annotated[
    dict[str, str],
    Meta(
        max_length=LANGUAGES_MAX,
        description="The same words in several languages, by BCP 47 tag.",
        examples=[{"zh-Hans": "龙井绿茶", "en": "Longjing green tea"}],
    ),
]
"""A merchant's words, as `kernel.text.Text` keeps them."""

Cursor = Annotated[
    str | None,
    QueryParameter(
        max_length=paging.CURSOR_CHARACTERS_MAX, description="Where the page begins: `next` of the page before."
    ),
]
Limit = Annotated[
    int | None,
    QueryParameter(ge=1, le=paging.ITEMS_PER_PAGE_MAX, description="How many items at most; 20 when it is not said."),
]


def text_of(field: str, words: dict[str, str]) -> Text:
    """Words as they are kept. Raises `Invalid` for a tag that is none."""
    for tag in words:
        if not 2 <= len(tag) <= LANGUAGE_CHARACTERS_MAX or not tag.replace("-", "").isalnum() or not tag.isascii():
            raise Invalid({field: N_("A language is named by its BCP 47 tag, such as zh-Hans or en")})
    return Text({tag: said for tag, said in words.items() if said})


def shown(shape: type[S], known: object, currency: str, **more: object) -> S:
    """A `shape` of what a module knows: what has the same name, amounts with their currency, and `more` besides."""
    values: dict[str, Any] = dict(more)
    for name, is_money in _fields(shape):
        if name not in values:
            value = getattr(known, name)
            values[name] = Money(value, currency) if is_money else value
    return shape(**values)


@cache
def _fields(shape: type[msgspec.Struct]) -> list[tuple[str, bool]]:
    return [(field.name, field.type is Money) for field in msgspec.structs.fields(shape)]
