"""Goods are chosen by searching: what a page that holds product addresses asks while somebody types.

The field stays a list of addresses; `pick.js` puts a search box and the chosen goods in its place where scripts run.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from litestar import Response

from steelyard.goods import catalog, search
from steelyard.goods.catalog.model import ProductId
from steelyard.goods.search.model import Query
from steelyard.kernel.db import Database, Read
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.web.entries import as_uuid
from steelyard.surfaces.web.visit import Visit

PICKED_MAX = 100
OFFERED_MAX = 10
WORDS_CHARACTERS_MAX = 100


class Pick(msgspec.Struct, frozen=True, kw_only=True):
    """One of the goods as the picker shows it; `off`: buyers do not see it at the moment."""

    id: UUID
    title: str
    picture: str | None
    off: bool = False


async def offered(read: Read, visit: Visit, words: str, merchant_id: MerchantId | None) -> list[Pick]:
    """Goods on the shelf that the words find; without words, those that sell best."""
    query = Query(text=words[:WORDS_CHARACTERS_MAX], merchant_id=merchant_id, limit=OFFERED_MAX, facets=False)
    found = await search.find(read, query)
    return [
        Pick(id=hit.product_id, title=hit.title.in_language(visit.locale), picture=hit.picture) for hit in found.hits
    ]


async def named(read: Read, visit: Visit, product_ids: Sequence[UUID], merchant_id: MerchantId | None) -> list[Pick]:
    """These goods in their order, without those that are not, or not the merchant's."""
    known = await catalog.products(read, product_ids)
    found = [known[each] for each in map(ProductId, product_ids) if each in known]
    return [
        Pick(
            id=product.product_id,
            title=product.title.in_language(visit.locale),
            picture=product.pictures[0].file if product.pictures else None,
            off=not product.on_sale,
        )
        for product in found
        if merchant_id is None or product.merchant_id == merchant_id
    ]


async def answer(visit: Visit, database: Database, merchant_id: MerchantId | None) -> Response[bytes]:
    """`?q=words`, or `?ids=a,b` for what is chosen already."""
    query = visit.connection.query_params
    wanted = [found for word in query.get("ids", "").split(",") if (found := as_uuid(word)) is not None]
    if wanted:
        picks = await database.ask(named, visit, wanted[:PICKED_MAX], merchant_id)
    else:
        picks = await database.ask(offered, visit, query.get("q", "").strip(), merchant_id)
    return Response(
        msgspec.json.encode(picks), media_type="application/json", headers={"cache-control": "private, no-store"}
    )
