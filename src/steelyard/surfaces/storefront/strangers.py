"""Pages for strangers: who comes without any cookie is shown what every other stranger is shown, but for what is only theirs.

A page is drawn for the first of them, and said again for `kept_page_seconds`, or until an event tells news of what is on it:
see decision 0056. What is each reader's own (the token of the forms, the ids that make a second click harmless) is cut out
of what is kept, and each reader's are put in. Whoever brings a cookie has a page drawn for themselves: theirs may have a
cart, favourites, a language, a theme, a region.
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
from steelyard.surfaces.web.goods_news import ABOUT
from steelyard.surfaces.web.pages import HTML
from steelyard.surfaces.web.visit import Visit

NAME = "surfaces.storefront.strangers"
QUERY_BYTES_MAX = 500
HEADERS = {"cache-control": "no-cache"}

Answer = Response[Any] | Redirect


def _nobody(_: Visit) -> None:
    """Nothing more is noted of a visit than what every page notes."""


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """A page as it was drawn for one visitor: the ids that it speaks of, those that were minted for this visitor, and what
    is noted of each who reads it beside what every page notes."""

    answer: Answer
    about: frozenset[Hashable] = frozenset()
    minted: Sequence[UUID] = ()
    note: Callable[[Visit], None] = _nobody


class _Page(NamedTuple):
    """`pieces` of the page, and between them places for what is each reader's own, by number: the token, then the minted."""

    pieces: Sequence[bytes]
    places: Sequence[int]
    minted: int
    note: Callable[[Visit], None]

    def read_by(self, visit: Visit) -> bytes:
        own = [visit.csrf_token.encode(), *(str(ids.mint()).encode() for _ in range(self.minted))]
        told = [self.pieces[0]]
        for place, piece in zip(self.places, self.pieces[1:], strict=True):
            told += (own[place], piece)
        return b"".join(told)


async def shared(visit: Visit, draw: Callable[[], Awaitable[Drawn]]) -> Answer:
    """What `draw` draws for this visitor; for a stranger, what it drew for another one a moment ago."""
    seconds = visit.settings.kept_page_seconds
    if not seconds or not _is_stranger(visit):
        drawn = await draw()
        drawn.note(visit)
        return drawn.answer
    mine: Answer | None = None

    async def make() -> Made[_Page]:
        nonlocal mine
        drawn = await draw()
        mine = drawn.answer
        page = _cut(drawn, visit.csrf_token)
        return Made(page, sum(map(len, page.pieces)), drawn.about, seconds if page.places else 0)

    scope = visit.connection.scope
    page = (
        await Answers[_Page]
        .of(visit.db, NAME, ABOUT)
        .answer((scope["path"], scope["query_string"], visit.locale), make)
    )
    page.note(visit)
    if mine is not None:
        return mine
    await noted(visit)
    return Response(page.read_by(visit), media_type=HTML, headers=HEADERS)


def _is_stranger(visit: Visit) -> bool:
    """Whether nothing that came with the request makes this page another one than any stranger's."""
    headers = visit.connection.headers
    return (
        "cookie" not in headers
        and "hx-request" not in headers
        and bool(visit.csrf_token)
        and len(visit.connection.scope["query_string"]) <= QUERY_BYTES_MAX
    )


def _cut(drawn: Drawn, token: str) -> _Page:
    """The page without what is its reader's own. One that is no page like others has no places, and is not kept."""
    answer = drawn.answer
    plain = (answer.status_code, dict(answer.headers), answer.cookies) == (HTTP_200_OK, HEADERS, [])
    if not plain or not isinstance(answer.content, str):
        return _Page([b""], [], 0, drawn.note)
    pieces, places = _parted(answer.content.encode(), [each.encode() for each in (token, *map(str, drawn.minted))])
    return _Page(pieces, places, len(drawn.minted), drawn.note)


def _parted(body: bytes, own: Sequence[bytes]) -> tuple[list[bytes], list[int]]:
    """The pieces of `body` between those of `own` that stand in it, and which stood where."""
    if not own:
        return [body], []
    *others, last = own
    pieces, places = list[bytes](), list[int]()
    for number, part in enumerate(body.split(last)):
        if number:
            places.append(len(others))
        inner, inner_places = _parted(part, others)
        pieces += inner
        places += inner_places
    return pieces, places
