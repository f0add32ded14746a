"""Suggestions while somebody types: words, categories, shops and goods, out of a vocabulary in this process's memory."""

import asyncio
import time
from collections.abc import Sequence
from typing import cast

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from steelyard.goods import search
from steelyard.goods.search.model import Hit, Query
from steelyard.kernel.db import Database, Read
from steelyard.surfaces.components.environment import Templates
from steelyard.surfaces.storefront.filters import TEXT_CHARACTERS_MAX
from steelyard.surfaces.storefront.shell import thumb
from steelyard.surfaces.web.pages import HTML, Frame, page_of
from steelyard.surfaces.web.visit import Visit

# How old the vocabulary in memory may be: it is made anew by a sweep every ten minutes.
VOCABULARY_SECONDS = 300.0
WORDS_SHOWN = 6
PLACES_SHOWN = 4
GOODS_SHOWN = 3
HISTORY_SHOWN = 6
KEPT_SECONDS = 60
_KEY = "vocabulary"


class Kept:
    """The vocabulary of an application, fetched at the first need and again when it is old."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._vocabulary: search.Vocabulary | None = None
        self._at = 0.0
        self._lock = asyncio.Lock()

    async def get(self) -> search.Vocabulary:
        """The vocabulary. While one is being made, who has an old one goes on with it."""
        old = self._vocabulary
        fresh = old is not None and time.monotonic() - self._at < VOCABULARY_SECONDS
        if old is not None and (fresh or self._lock.locked()):
            return old
        async with self._lock:
            if self._vocabulary is None or time.monotonic() - self._at >= VOCABULARY_SECONDS:
                words = await self._db.ask(search.known_words)
                self._vocabulary = await asyncio.to_thread(search.Vocabulary, words)
                self._at = time.monotonic()
            return self._vocabulary


async def vocabulary(visit: Visit) -> search.Vocabulary:
    """The words that the marketplace knows."""
    state = visit.connection.app.state
    if _KEY not in state:
        state[_KEY] = Kept(visit.db)
    return await cast(Kept, state[_KEY]).get()


class Suggested(msgspec.Struct, frozen=True, kw_only=True):
    """`words` to search for, `places` to go to (categories and shops), goods; or, of nothing typed, history and hot
    words."""

    words: Sequence[search.Word] = ()
    places: Sequence[search.Word] = ()
    hits: Sequence[Hit] = ()
    history: Sequence[str] = ()
    hot: Sequence[search.HotWord] = ()


async def _goods(read: Read, words: str) -> list[Hit]:
    found = await search.find(read, Query(text=words, limit=GOODS_SHOWN, facets=False))
    return found.hits


async def _nothing_typed(read: Read, visit: Visit) -> Suggested:
    return Suggested(
        history=(await search.history(read, visit.buyer_ids))[:HISTORY_SHOWN], hot=await search.hot_words(read)
    )


async def suggested(visit: Visit, typed: str) -> Suggested:
    """What to suggest to this visitor who has typed so much."""
    if not typed:
        return await visit.db.ask(_nothing_typed, visit)
    found = (await vocabulary(visit)).suggest(typed, WORDS_SHOWN + PLACES_SHOWN)
    words = [word for word in found if not word.target][:WORDS_SHOWN]
    places = [word for word in found if word.target][:PLACES_SHOWN]
    meant = words[0].word if words else typed
    return Suggested(words=words, places=places, hits=await visit.db.ask(_goods, meant))


@get("/suggest")
async def suggest(visit: NamedDependency[Visit], q: FromQuery[str] = "") -> Response[str]:
    """The list below the search field, for its script: options, and nothing around them."""
    typed = " ".join(q.replace("\x00", "").split())[:TEXT_CHARACTERS_MAX]
    found = await suggested(visit, typed)
    templates: Templates = visit.connection.app.state.templates
    html = templates.render(
        "storefront/parts/suggestions.html", await page_of(visit, Frame()), found=found, typed=typed, thumb=thumb
    )
    kept = f"private, max-age={KEPT_SECONDS}" if typed else "no-store"
    return Response(html, media_type=HTML, headers={"cache-control": kept})
