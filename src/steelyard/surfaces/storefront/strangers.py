"""Pages for strangers: who comes without any cookie is shown what every other stranger is shown, but for what is only theirs.

A page is drawn for the first of them, compressed once, and said again until an event tells news of what is on it, or until it is
as old as its kind may become: see decision 0056. What is each reader's own (the token of the forms, the ids that make a second
click harmless) is no part of what is kept, and each reader's is put in. Whoever brings a cookie has a page drawn for
themselves: theirs may have a cart, favourites, a language, a theme, a region.
"""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from litestar import Response
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK

from steelyard.kernel import ids
from steelyard.kernel.answers import Answers, Made
from steelyard.surfaces.storefront.shell import noted
from steelyard.surfaces.web.compression import takes_gzip
from steelyard.surfaces.web.goods_news import ABOUT, CATEGORIES
from steelyard.surfaces.web.packed import Packed
from steelyard.surfaces.web.pages import HTML
from steelyard.surfaces.web.visit import Visit

NAME = "surfaces.storefront.strangers"
QUERY_BYTES_MAX = 500
HEADERS = {"cache-control": "no-cache"}
GZIPPED = {"content-encoding": "gzip", "vary": "Accept-Encoding"}
# What search hears of a moment later than we, and of what comes into a list nothing that stands there tells.
LIST_SECONDS = 10.0

Answer = Response[Any] | Redirect


def _nobody(_: Visit) -> None:
    """Nothing more is noted of a visit than what every page notes."""


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """A page as it was drawn for one visitor: the ids that it speaks of, those that were minted for this visitor, and what
    is noted of each who reads it beside what every page notes. `lasting`: events tell of all that it says of its own."""

    answer: Answer
    about: frozenset[Hashable] = frozenset()
    minted: Sequence[UUID] = ()
    note: Callable[[Visit], None] = _nobody
    lasting: bool = False


class _Page(NamedTuple):
    """The page, with places for what is each reader's own: the token, then as many ids as are minted."""

    packed: Packed
    minted: int
    note: Callable[[Visit], None]

    def read_by(self, visit: Visit) -> Response[bytes]:
        own = [visit.csrf_token.encode(), *(str(ids.mint()).encode() for _ in range(self.minted))]
        if not takes_gzip(visit.connection.scope):
            return Response(self.packed.plain(own), media_type=HTML, headers=HEADERS)
        return Response(self.packed.gzip(own), media_type=HTML, headers=HEADERS | GZIPPED)


async def shared(visit: Visit, draw: Callable[[], Awaitable[Drawn]], variant: Hashable = None) -> Answer:
    """What `draw` draws for this visitor; for a stranger, what it drew a moment ago for another one who sees the same
    `variant` of what is being tried."""
    if not visit.settings.kept_page_seconds or not _is_stranger(visit):
        drawn = await draw()
        drawn.note(visit)
        return drawn.answer
    mine: Drawn | None = None

    async def make() -> Made[_Page | None]:
        nonlocal mine
        mine = await draw()
        page = _cut(mine, visit.csrf_token)
        most = visit.settings.kept_page_seconds
        seconds = most if mine.lasting else min(LIST_SECONDS, most)
        return (
            Made(page, page.packed.size, mine.about | {CATEGORIES}, seconds) if page else Made(None, 0, mine.about, 0)
        )

    scope = visit.connection.scope
    key = scope["path"], scope["query_string"], visit.locale, variant
    page = await Answers[_Page | None].of(visit.db, NAME, ABOUT).answer(key, make)
    if mine is not None:
        mine.note(visit)
        return mine.answer if page is None else page.read_by(visit)
    assert page is not None, "what is no page like others is shown to nobody else"
    page.note(visit)
    await noted(visit)
    return page.read_by(visit)


def _is_stranger(visit: Visit) -> bool:
    """Whether nothing that came with the request makes this page another one than any stranger's."""
    headers = visit.connection.headers
    return (
        "cookie" not in headers
        and "hx-request" not in headers
        and not visit.in_sheet
        and bool(visit.csrf_token)
        and len(visit.connection.scope["query_string"]) <= QUERY_BYTES_MAX
    )


def _cut(drawn: Drawn, token: str) -> _Page | None:
    """The page without what is its reader's own; none of what is no page like others."""
    answer = drawn.answer
    plain = (answer.status_code, dict(answer.headers), answer.cookies) == (HTTP_200_OK, HEADERS, [])
    if not plain or not isinstance(answer.content, str) or token not in answer.content:
        return None
    own = [each.encode() for each in (token, *map(str, drawn.minted))]
    return _Page(Packed.of(answer.content.encode(), own, beside=not drawn.lasting), len(drawn.minted), drawn.note)
