"""The search page: what was found, what was meant where nothing was found, and each visitor's own searches.

Nothing is mended behind anybody's back: other words than those that were typed are searched only when those find nothing,
the page says so, and a link searches for exactly what was typed.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from steelyard.goods import catalog, search
from steelyard.goods.catalog.model import Category
from steelyard.goods.search.model import Query, Results, Sort
from steelyard.kernel.batching import join
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.operations.behaviour import MARKETPLACE, WORDS_CHARACTERS_MAX, Kind
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.storefront.filters import Filters, read_filters
from steelyard.surfaces.storefront.listing import Listing, find, shops_of
from steelyard.surfaces.storefront.shell import Shell, asked, page_number, shell, show
from steelyard.surfaces.storefront.sorting import Turn, default_sort, exposed, list_of, turn_of
from steelyard.surfaces.storefront.strangers import Answer, Drawn, shared
from steelyard.surfaces.storefront.suggesting import vocabulary
from steelyard.surfaces.storefront.typed import said
from steelyard.surfaces.web import footfall
from steelyard.surfaces.web.pages import local_path, redirect
from steelyard.surfaces.web.visit import VISITOR_COOKIE, Visit

# With fewer hits than this the page also asks whether something else was meant.
FEW_HITS = 3
INSTEAD_SHOWN = 10


class Instead(msgspec.Struct, frozen=True, kw_only=True):
    """What an empty result offers: the list without its filters, easier questions, and what others buy."""

    loosened: int = 0
    easier: Sequence[tuple[str, int]] = ()
    popular: Results | None = None
    shops: dict[MerchantId, ShopCard] = {}


class SearchView(msgspec.Struct, frozen=True, kw_only=True):
    """`mended`: what was searched instead of what was typed; `maybe`: what may have been meant."""

    shell: Shell
    listing: Listing
    category: Category | None
    shop: None = None
    show_categories: bool = True
    mended: str = ""
    maybe: str = ""
    target: str = ""
    instead: Instead | None = None
    history: Sequence[str] = ()
    hot: Sequence[search.HotWord] = ()
    choices: search.Choices = search.Choices()


async def search_view(read: Read, visit: Visit, filters: Filters, meant: str | None, turn: Turn | None) -> SearchView:
    """What the filters find; or what was probably `meant`, where they find nothing."""
    target = await search.redirect_of(read, filters.q) if filters.q and not (filters.literal or filters.after) else None
    around = await shell(read, visit.known_buyer_id)
    found = await catalog.category(read, filters.category) if filters.category else None
    category_id = found.category_id if found else None
    default = await default_sort(read, turn, list_of(filters))
    listing = await find(read, filters, default, category_id=category_id)
    mended = maybe = ""
    if meant and listing.results.count < FEW_HITS:
        other = await find(read, msgspec.structs.replace(filters, q=meant), default, category_id=category_id)
        if other.results.count and not listing.results.count and not filters.literal:
            listing, mended = msgspec.structs.replace(other, filters=filters), meant
        elif other.results.count:
            maybe = meant
    landing = not filters.q and not filters.narrowed
    return SearchView(
        shell=around,
        listing=listing,
        category=found,
        mended=mended,
        maybe=maybe,
        target=target or "",
        instead=None if listing.results.hits else await _instead(read, filters),
        history=await search.history(read, visit.buyer_ids) if landing else (),
        hot=await search.hot_words(read) if landing or not listing.results.hits else (),
        choices=await search.choices(read, visit.buyer_id),
    )


async def _instead(read: Read, filters: Filters) -> Instead:
    loosened = (
        await search.find(read, Query(text=filters.q, limit=1, facets=False, count=True)) if filters.narrowed else None
    )
    easier: list[tuple[str, int]] = []
    for words in search.without_one(filters.q)[:4]:
        results = await search.find(read, Query(text=words, limit=1, facets=False, count=True))
        if results.count:
            easier.append((words, results.count))
    popular = await search.find(read, Query(sort=Sort.SALES, in_stock=True, limit=INSTEAD_SHOWN, facets=False))
    return Instead(
        loosened=loosened.count if loosened else 0,
        easier=easier,
        popular=popular,
        shops=await merchants.cards(read, shops_of(popular)),
    )


@get("/search")
async def search_page(visit: NamedDependency[Visit]) -> Answer:
    """What answers the words that were typed."""
    turn = await turn_of(visit)
    return await shared(visit, partial(_search, visit, turn), turn.key if turn else None)


async def _search(visit: Visit, turn: Turn | None) -> Drawn:
    filters = read_filters(asked(visit))
    meant = (await vocabulary(visit)).mend(filters.q) if filters.q else None
    view = await visit.db.ask(search_view, visit, filters, meant, turn)
    if filters.q and not filters.after and visit.connection.cookies.get(VISITOR_COOKIE):
        # A program without a cookie would fill the list of what people search.
        count = 0 if view.mended else view.listing.results.count
        searched = search.Searched(
            buyer_id=visit.buyer_id, words=filters.q, found=count, keep=view.choices.keeps_history
        )
        await join(visit.db, search.record_searches, searched, lambda searched: searched)
    if view.target:
        return Drawn(answer=redirect(visit, local_path(view.target, "/search")), note=searched_for(filters.q, 0))
    answer = await show(visit, "search.html", view.shell, search=filters.q, view=view, part=page_number(visit))
    found = 0 if view.mended else view.listing.results.count
    seen = exposed(turn, view.listing.results)
    searched = searched_for(filters.q, found) if filters.q and not filters.after else _nothing

    def note(visit: Visit) -> None:
        searched(visit)
        seen(visit)

    return Drawn(answer=answer, about=view.listing.about, note=note)


def _nothing(_: Visit) -> None:
    """Nothing was searched for."""


def searched_for(words: str, found: int, merchant_id: UUID = MARKETPLACE) -> Callable[[Visit], None]:
    """What is noted of who reads the answer: what was searched for, and how much there was of it."""

    def note(visit: Visit) -> None:
        short = " ".join(words.replace("\x00", "").split())[:WORDS_CHARACTERS_MAX]
        footfall.tell(visit, Kind.SEARCH, merchant_id=merchant_id, words=short, results=found)

    return note


@post("/search/forget")
async def forget(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """Forget one of one's own searches, or all of them."""
    words = said(data, "words")

    await visit.db.transact(search.forget_search, _mine(visit), words or None)
    return redirect(visit, local_path(said(data, "return_to"), "/search"))


@post("/search/choices")
async def choose(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """Whether searches are remembered, and whether goods are picked by what one looked at."""
    wanted = search.Choices(keeps_history=said(data, "keeps_history") == "1", personal=said(data, "personal") == "1")
    await visit.db.transact(search.choose, visit.buyer_id, wanted)
    return redirect(visit, local_path(said(data, "return_to"), "/search"), (visit.say(N_("Saved.")), "good"))


def _mine(visit: Visit) -> list[BuyerId]:
    return list(dict.fromkeys([visit.buyer_id, *visit.buyer_ids]))
