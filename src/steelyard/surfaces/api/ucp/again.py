"""Answers of the catalog that are said again: to whoever asks the same, in the same words and language, and speaks as much
of the protocol. Who asks is found out before, for each request; nothing here is anybody's own. See decision 0056.
"""

from collections.abc import Awaitable, Callable
from typing import cast
from uuid import UUID

import msgspec

from steelyard.kernel.answers import Answers, Made
from steelyard.surfaces.api.ucp.discovery import RELEVANT, speaks
from steelyard.surfaces.api.ucp.envelope import Ask, Document
from steelyard.surfaces.api.ucp.shelf import Shelf
from steelyard.surfaces.web.goods_news import ABOUT

NAME = "surfaces.api.ucp.again"
# News of all that is told of a product drops it. What belongs into a list search hears a moment later than we, and of what
# comes into it nothing that stands there tells.
DETAIL_SECONDS = 600.0
LIST_SECONDS = 10.0
BODY_BYTES_MAX = 2_000
# What an agent may tell of its buyer and we still call everybody's question.
_NOBODYS = {"language", "currency"}

Answer = Callable[[Ask], Awaitable[tuple[Document, Shelf, float]]]
"""A document, the shelf that it tells of, and how long it may be said again."""


async def said_again(ask: Ask, operation: str, answer: Answer) -> bytes:
    """The document as JSON: what was said to the same question, or what `answer` finds."""

    async def make() -> Made[bytes]:
        document, shelf, seconds = await answer(ask)
        body = msgspec.json.encode(document)
        return Made(body, len(body), _about(shelf), seconds)

    if len(ask.body) > BODY_BYTES_MAX:
        return (await make()).answer
    spoken = tuple(speaks(ask.platform, name) for name in RELEVANT["search" if operation == "search" else "lookup"])
    key = operation, ask.body, ask.locale, ask.platform.version, spoken
    return await Answers[bytes].of(ask.db, NAME, ABOUT).answer(key, make)


def everybodys(context: object) -> bool:
    """Whether a question is told without anything of who the buyer is."""
    return context is None or (isinstance(context, dict) and _NOBODYS.issuperset(cast("dict[str, object]", context)))


def _about(shelf: Shelf) -> frozenset[UUID]:
    """Everything that the shelf shows, and that an event can tell news of."""
    found: set[UUID] = set()
    for product in shelf.products:
        found |= {product.product_id, product.merchant_id, *product.category_path}
        found |= {sku.sku_id for sku in product.skus}
    return frozenset(found)
