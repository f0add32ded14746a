"""Global search of a console: one field that finds pages, orders, goods and people, as a page and as the palette on ⌘K.

A console says what may be looked for (`Source`) and which permission each needs; what is found is shown by
`web/search.html`, or by its part alone when the palette asks.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from litestar import Response

from steelyard.logistics.parcels.model import Parcel
from steelyard.surfaces.components.environment import Templates
from steelyard.surfaces.web.console import Place, navigation
from steelyard.surfaces.web.console_staff import Show
from steelyard.surfaces.web.pages import HTML, Frame, page_of
from steelyard.surfaces.web.visit import Visit
from steelyard.trade.orders.model import Order
from steelyard.trade.settlement import Statement

WORDS_CHARACTERS_MAX = 100
HITS_PER_GROUP = 6
# Nothing but pages is looked for by less, but for a Chinese character, which is a word.
WORDS_CHARACTERS_MIN = 2
ONE_LETTER_WORDS_FROM = "\u2e80"


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """`title` and `detail` are words as they are shown; `code` titles are set in figures."""

    title: str
    href: str
    detail: str = ""
    icon: str = "file"
    code: bool = False


class Group(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    hits: Sequence[Hit]


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of thing: under which heading, who may, and how it is found."""

    label: str
    permission: str
    find: Callable[[str], Awaitable[Sequence[Hit]]]


def order_hit(order: Order, href: str) -> Hit:
    detail = f"{order.address.name} · {order.placed_at:%Y-%m-%d}"
    return Hit(title=order.code, href=href, detail=detail, icon="package", code=True)


def parcel_hit(visit: Visit, parcel: Parcel, href: str) -> Hit:
    detail = parcel.carrier_name.in_language(visit.locale)
    return Hit(title=parcel.number, href=href, detail=detail, icon="truck", code=True)


def statement_hit(statement: Statement, href: str) -> Hit:
    return Hit(title=statement.code, href=href, detail=f"{statement.day}", icon="receipt-text", code=True)


def words_of(visit: Visit) -> str:
    """What is looked for."""
    return visit.connection.query_params.get("q", "").strip()[:WORDS_CHARACTERS_MAX]


def pages(visit: Visit, places: Sequence[Place], words: str) -> list[Hit]:
    """The pages of the console whose name, in either language, has these words in it; all of them for no words."""
    english = {path: word for path, word, *_ in places}
    return [
        Hit(title=item.label, href=item.href, icon=item.icon, detail=f"g {item.key}" if item.key else "")
        for item in navigation(visit, places, "")
        if words.lower() in item.label.lower() or words.lower() in english[item.href].lower()
    ]


async def gathered(visit: Visit, words: str, sources: Sequence[Source]) -> list[Group]:
    """What of each kind is found, of kinds that the person may see; an empty kind is left out."""
    if len(words) < WORDS_CHARACTERS_MIN and words < ONE_LETTER_WORDS_FROM:
        return []
    groups = [
        Group(label=visit.say(source.label), hits=await source.find(words))
        for source in sources
        if visit.actor.may(source.permission)
    ]
    return [group for group in groups if group.hits]


async def answer(visit: Visit, show: Show, here: str, words: str, groups: Sequence[Group]) -> Response[Any]:
    """The search page, or for the palette what stands on it. Messages wait for the next whole page."""
    if "hx-request" not in visit.connection.headers:
        return await show(visit, "web/search.html", here, search=words, words=words, groups=groups)
    templates: Templates = visit.connection.app.state.templates
    found = templates.render("web/found.html", await page_of(visit, Frame()), words=words, groups=groups)
    return Response(found, media_type=HTML, headers={"cache-control": "no-store"})
