"""Finding goods: search, look-up by id, one product with its choices."""

from collections.abc import Sequence
from uuid import UUID

from litestar import post

from steelyard.channels.agents.model import CATALOG_LOOKUP, CATALOG_SEARCH
from steelyard.goods import catalog
from steelyard.goods import search as goods_search
from steelyard.goods.catalog.model import ProductId, SkuId
from steelyard.goods.search.model import Facets, Query, Results, Sort
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.surfaces.api.ucp import shelf
from steelyard.surfaces.api.ucp.again import DETAIL_SECONDS, LIST_SECONDS, everybodys, said_again
from steelyard.surfaces.api.ucp.discovery import ENDPOINT
from steelyard.surfaces.api.ucp.envelope import Answer, ApiRequest, Ask, Document, serve
from steelyard.surfaces.api.ucp.shapes import (
    IDS_PER_LOOKUP_MAX,
    Filters,
    LookupRequest,
    PriceFilter,
    ProductRequest,
    SearchRequest,
)
from steelyard.surfaces.web.problems import BadRequest

PRODUCTS_PER_PAGE = 10
PRODUCTS_PER_PAGE_MAX = 50
# An agent reads a page or two: of words that very many goods have, the best sellers alone are ranked.
ENOUGH = 500
EVERYTHING = "*"


class TooManyIds(Refusal):
    """A look-up has a limit."""

    code = "request_too_large"
    status = 400
    title = N_("Too many identifiers")
    detail = N_("At most {limit} at once.")


@post(f"{ENDPOINT}/catalog/search", status_code=200)
async def search(request: ApiRequest) -> Answer:
    """Products by words, category and price, a page at a time."""

    async def work(ask: Ask, _: UUID) -> tuple[int, bytes]:
        return 200, await said_again(ask, "search", _search)

    return await serve(request, work, capability=CATALOG_SEARCH)


async def _search(ask: Ask) -> tuple[Document, shelf.Shelf, float]:
    wanted = ask.read(SearchRequest)
    if wanted.query is None and wanted.filters is None:
        raise BadRequest(reason="query or filters is required")
    document, goods = await ask.db.ask(_found, ask, wanted)
    return document, goods, LIST_SECONDS if everybodys(wanted.context) else 0


async def _found(read: Read, ask: Ask, wanted: SearchRequest) -> tuple[Document, shelf.Shelf]:
    found = await _results(read, wanted)
    await read.plan_as_usual()
    goods = await shelf.on_shelf(read, [hit.product_id for hit in found.hits])
    products = [shelf.product(goods, product, ask) for product in goods.products]
    pagination: Document = {"has_next_page": found.next is not None}
    if found.next is not None:
        pagination["cursor"] = found.next
    if not found.capped:
        pagination["total_count"] = found.count
    return {
        "ucp": ask.envelope("search"),
        "products": [product for product in products if product["variants"]],
        "pagination": pagination,
    }, goods


async def _results(read: Read, wanted: SearchRequest) -> Results:
    filters = wanted.filters or Filters()
    price = filters.price or PriceFilter()
    page = wanted.pagination
    text = "" if wanted.query in (None, EVERYTHING) else wanted.query or ""
    currency = (wanted.context or {}).get("currency")
    category_id = None
    if filters.categories:
        # One category at a time; the first that there is.
        for slug in filters.categories:
            category = await catalog.category(read, slug)
            if category is not None:
                category_id = category.category_id
                break
        else:
            return Results(hits=[], count=0, facets=Facets(), next=None)
    return await goods_search.find(
        read,
        Query(
            text=text,
            category_id=category_id,
            price_from=price.min,
            price_to=price.max,
            currency=currency if filters.price and isinstance(currency, str) else None,
            sort=Sort.RELEVANCE,
            cursor=wanted.cursor or (page.cursor if page else None),
            limit=min((page.limit if page else None) or PRODUCTS_PER_PAGE, PRODUCTS_PER_PAGE_MAX),
            facets=False,
            count=True,
            enough=ENOUGH,
        ),
    )


@post(f"{ENDPOINT}/catalog/lookup", status_code=200)
async def lookup(request: ApiRequest) -> Answer:
    """Products and variants by their ids; each product once, with the variants that were meant."""

    async def work(ask: Ask, _: UUID) -> tuple[int, bytes]:
        return 200, await said_again(ask, "lookup", _look_up)

    return await serve(request, work, capability=CATALOG_LOOKUP)


async def _look_up(ask: Ask) -> tuple[Document, shelf.Shelf, float]:
    wanted = ask.read(LookupRequest)
    if len(wanted.ids) > IDS_PER_LOOKUP_MAX:
        raise TooManyIds(limit=IDS_PER_LOOKUP_MAX)
    document, goods = await ask.db.ask(_looked_up, ask, list(dict.fromkeys(wanted.ids)))
    # What is missing may be there in a moment, and no event of what is shown would tell.
    whole = "messages" not in document and everybodys(wanted.context)
    return document, goods, DETAIL_SECONDS if whole else 0


async def _looked_up(read: Read, ask: Ask, wanted: Sequence[str]) -> tuple[Document, shelf.Shelf]:
    named = {said: as_uuid for said in wanted if (as_uuid := uuid_of(said)) is not None}
    product_of = await _products_of(read, list(named.values()))
    found = await shelf.on_shelf(read, list(dict.fromkeys(product_of.values())))
    products: list[Document] = []
    resolved: set[str] = set()
    for product in found.products:
        document = shelf.product(found, product, ask)
        featured = document["variants"][0]["id"] if document["variants"] else None
        for variant in document["variants"]:
            variant["inputs"] = [
                {"id": said, "match": "exact" if said == variant["id"] else "featured"}
                for said in named
                if said == variant["id"] or (said == document["id"] and variant["id"] == featured)
            ]
            resolved |= {match["id"] for match in variant["inputs"]}
        document["variants"] = [variant for variant in document["variants"] if variant["inputs"]]
        if document["variants"]:
            products.append(document)
    missing = [
        {
            "type": "info",
            "code": "not_found",
            "content": ask.say(N_("There is nothing for sale under the id {id}."), id=said),
        }
        for said in wanted
        if said not in resolved
    ]
    return {"ucp": ask.envelope("lookup"), "products": products, **({"messages": missing} if missing else {})}, found


async def _products_of(read: Read, ids: Sequence[UUID]) -> dict[UUID, ProductId]:
    """The product that each id names, itself or one of its variants."""
    cards = await catalog.cards(read, ids)
    return {each: cards[SkuId(each)].product_id if SkuId(each) in cards else ProductId(each) for each in ids}


@post(f"{ENDPOINT}/catalog/product", status_code=200)
async def get_product(request: ApiRequest) -> Answer:
    """One product whole; with choices, which further choices there are. A variant that was asked for stands first."""

    async def work(ask: Ask, _: UUID) -> tuple[int, bytes]:
        return 200, await said_again(ask, "product", _product)

    return await serve(request, work, capability=CATALOG_LOOKUP)


async def _product(ask: Ask) -> tuple[Document, shelf.Shelf, float]:
    wanted = ask.read(ProductRequest)
    document, goods = await ask.db.ask(_detail, ask, wanted)
    return document, goods, DETAIL_SECONDS if everybodys(wanted.context) else 0


async def _detail(read: Read, ask: Ask, wanted: ProductRequest) -> tuple[Document, shelf.Shelf]:
    asked = uuid_of(wanted.id)
    if asked is None:
        raise NotFound()
    found = await shelf.on_shelf(read, [asked])
    if not found.products:
        product_id = (await _products_of(read, [asked]))[asked]
        found = await shelf.on_shelf(read, [product_id]) if product_id != asked else found
    if not found.products:
        raise NotFound()
    document = shelf.detail(found, found.products[0], ask, wanted, asked)
    if not document["variants"]:
        raise NotFound()
    return {"ucp": ask.envelope("lookup"), "product": document}, found


def uuid_of(said: str) -> UUID | None:
    """An id of ours, or None for what cannot be one."""
    try:
        found = UUID(said)
    except ValueError:
        return None
    return found if str(found) == said.lower() else None
