"""Pages put together of blocks: the goods, shops and categories that each block shows to this visitor."""

import time
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec
from litestar import Response

from steelyard.goods import search
from steelyard.goods.catalog.model import Category, CategoryId
from steelyard.goods.search.model import Hit, Query, Sort
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.operations import experiments, merchandising
from steelyard.operations.experiments import Exposure, Running
from steelyard.operations.merchandising.model import GOODS_MAX, Block, Draft, Kind, Rule, ShopCategoryId, Version
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId, MerchantState, ShopCard
from steelyard.surfaces.storefront.shell import Shell
from steelyard.surfaces.web import content_policy, footfall, trials
from steelyard.surfaces.web.entries import as_uuid
from steelyard.surfaces.web.seals import unseal
from steelyard.surfaces.web.trials import Trial
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import favourites, orders

PREVIEW = "preview"
PREVIEW_PARAMETER = "draft"
# A draft is looked at as somebody of this segment sees it; without one as everybody does.
SEEN_BY_PARAMETER = "as"
# Categories of what the visitor last bought or searched that goods are picked from.
TASTES_MAX = 3
SEARCHES_MAX = 3
SEEN_READ_MAX = 20
SHOPS_SHOWN = 8
FOR_YOU_READ = 40

_SORTS = {Rule.BESTSELLERS: Sort.SALES, Rule.NEWEST: Sort.NEWEST, Rule.BEST_RATED: Sort.RATING}


def in_a_frame(visit: Visit, page: Response[str]) -> Response[str]:
    """A draft is looked at within the console, which is of this site."""
    if {PREVIEW_PARAMETER, PREVIEW} & set(visit.connection.query_params):
        page.headers[content_policy.HEADER] = content_policy.framed(visit.settings)
    return page


class Dressed(msgspec.Struct, frozen=True, kw_only=True):
    """A block with what it shows. `more` is where all of it can be seen."""

    block: Block
    hits: Sequence[Hit] = ()
    shops: Sequence[ShopCard] = ()
    categories: Sequence[Category] = ()
    more: str = ""


class Taste(msgspec.Struct, frozen=True, kw_only=True):
    """What to pick goods for somebody by: words that they searched, or a category."""

    words: str = ""
    category_id: CategoryId | None = None


class Composed(msgspec.Struct, frozen=True, kw_only=True):
    """A page's blocks, and the shops that its goods are from."""

    blocks: Sequence[Dressed]
    shops: dict[MerchantId, ShopCard]


def previewed(visit: Visit, owner_id: UUID, page: str) -> bool:
    """Whether this request may see the draft of the page: the console has sealed it into the address, for an hour."""
    sealed = visit.connection.query_params.get(PREVIEW_PARAMETER, "")
    owner, _, rest = (unseal(visit.settings, PREVIEW, sealed) or "").partition("|")
    of, _, until = rest.partition("|")
    return owner == str(owner_id) and of == page and until.isdecimal() and int(until) > time.time()


class Told(NamedTuple):
    """A page as this visitor sees it, and the experiment's variant that it is, if one runs here."""

    page: Draft | None
    exposure: Exposure | None


async def page_for(read: Read, visit: Visit, owner_id: UUID, page: str) -> Told:
    """What is shown of the page to this visitor: its draft or what is to be tried on it to who may look at that, a variant to who
    takes part in an experiment on it, and of each what is meant for them. None where nothing was ever published. No block leaves
    the house but by this."""
    if previewed(visit, owner_id, page):
        draft = await merchandising.draft(read, owner_id, page)
        chosen = as_uuid(visit.connection.query_params.get(SEEN_BY_PARAMETER, ""))
        blocks = merchandising.meant_for(draft.blocks, () if chosen is None else (chosen,))
        return Told(msgspec.structs.replace(draft, blocks=blocks), None)
    trial = trials.looked_at(visit)
    looked_at = await _trial(read, owner_id, page, trial) if trial is not None else None
    if looked_at is not None:
        return Told(looked_at, None)
    running = await experiments.on_page(read, merchandising.customers_of(owner_id), page)
    turn = running.turn(visit.visitor_id) if running is not None and footfall.is_counted(visit) else None
    version = await _version(read, owner_id, page, running, turn)
    if version is None:
        return Told(None, None)
    if running is None or turn is None:
        blocks = await _meant(read, visit, owner_id, version.blocks)
        return Told(Draft(title=version.title, blocks=blocks), None)
    if running.block_id is None:
        blocks, takes_part = await _meant(read, visit, owner_id, version.blocks), True
    else:
        tried = running.blocks[turn]
        blocks, takes_part = await _tried(read, visit, owner_id, version.blocks, running.block_id, tried)
    exposure = running.seen(visit.visitor_id, turn) if takes_part else None
    return Told(Draft(title=version.title, blocks=blocks), exposure)


async def _trial(read: Read, owner_id: UUID, page: str, trial: Trial) -> Draft | None:
    """What a variant of an experiment on this page shows to everybody; a block that is tried for a segment as well."""
    try:
        found, variants = await experiments.experiment(read, merchandising.customers_of(owner_id), trial.experiment_id)
    except NotFound:
        return None
    if found.page != page or trial.variant >= len(variants):
        return None
    tried = variants[trial.variant]
    shown = await merchandising.shown(read, owner_id, page)
    version = shown if tried.version is None else await merchandising.version(read, owner_id, page, tried.version)
    if version is None:
        return None
    in_place = [] if tried.block is None else [msgspec.structs.replace(tried.block, segment_id=None)]
    blocks = [
        one for each in version.blocks for one in (in_place if each.block_id == found.block_id else [each])
    ]  # a version of the whole page is of no block
    return Draft(title=version.title, blocks=merchandising.meant_for(blocks, ()))


async def _version(read: Read, owner_id: UUID, page: str, running: Running | None, turn: int | None) -> Version | None:
    """What is shown; whose turn another version of the whole page is sees that. Programs and staff have no turn."""
    number = running.versions[turn] if running is not None and turn is not None else None
    if number is None:
        return await merchandising.shown(read, owner_id, page)
    version = await merchandising.version(read, owner_id, page, number)
    assert version is not None, "what an experiment shows was published once"
    return version


async def _tried(
    read: Read, visit: Visit, owner_id: UUID, blocks: Sequence[Block], block_id: UUID, tried: Block | None
) -> tuple[list[Block], bool]:
    """The page with what is tried in the place of the block, and whether this visitor takes part: who would not be shown the
    block as it is does not, whichever variant's turn it is, and sees what there is."""
    here = next((each for each in blocks if each.block_id == block_id), None)
    if here is None:
        return await _meant(read, visit, owner_id, blocks), False
    said = [] if tried is None else [msgspec.structs.replace(tried, segment_id=here.segment_id)]
    meant = await _meant(read, visit, owner_id, [*blocks, *said])
    # As it is, then as it is tried; neither where it is not for them.
    of_it = [each for each in meant if each.block_id == block_id]
    whole = meant[:-1] if said and of_it else meant
    if not of_it or _is_empty(of_it[0]):
        return whole, False
    return [one for each in whole for one in (of_it[1:] if each.block_id == block_id else [each])], True


async def _meant(read: Read, visit: Visit, owner_id: UUID, blocks: Sequence[Block]) -> list[Block]:
    """What of these is meant for this visitor."""
    return await merchandising.seen_by(read, owner_id, blocks, await _known(read, visit, blocks))


async def _known(read: Read, visit: Visit, blocks: Sequence[Block]) -> UUID | None:
    """Whose segments count: of who is signed in, unless they want to see what everybody sees."""
    buyer_id = visit.account.buyer_id if visit.account is not None else None
    if buyer_id is None or not merchandising.segments_of(blocks):
        return None
    return buyer_id if (await search.choices(read, BuyerId(buyer_id))).personal else None


async def compose(
    read: Read,
    visit: Visit,
    around: Shell,
    blocks: Sequence[Block],
    *,
    merchant_id: MerchantId | None = None,
) -> Composed:
    """Each block with what it shows; a block that has nothing to show is left out."""
    taste = await tastes(read, visit) if any(block.rule is Rule.FOR_YOU for block in blocks) else []
    dressed: list[Dressed] = []
    for block in blocks:
        each = await _dress(read, around, block, merchant_id, taste)
        if block.rule is Rule.FOR_YOU:
            # What stands on the page already is nothing new to anybody.
            seen = {hit.product_id for other in dressed for hit in other.hits}
            fresh = [hit for hit in each.hits if hit.product_id not in seen]
            each = msgspec.structs.replace(each, hits=fresh[: block.count])
        dressed.append(each)
    kept = [each for each in dressed if _shows(each)]
    sellers = dict.fromkeys(hit.merchant_id for each in kept for hit in each.hits)
    return Composed(blocks=kept, shops=await merchants.cards(read, sellers))


def _shows(each: Dressed) -> bool:
    match each.block.kind:
        case Kind.GOODS:
            return bool(each.hits)
        case Kind.SHOPS:
            return bool(each.shops)
        case Kind.TILES:
            return bool(each.categories)
        case Kind.BANNER | Kind.PICTURE | Kind.TEXT:
            return not _is_empty(each.block)


def _is_empty(block: Block) -> bool:
    """Whether a block of our own words and pictures has none. What goods or shops there are for the others is asked later."""
    match block.kind:
        case Kind.BANNER:
            return not block.slides
        case Kind.PICTURE:
            return not block.picture
        case Kind.TEXT:
            return not (block.title or block.text)
        case _:
            return False


async def _dress(
    read: Read, around: Shell, block: Block, merchant_id: MerchantId | None, taste: Sequence[Taste]
) -> Dressed:
    match block.kind:
        case Kind.GOODS:
            return await _goods(read, around, block, merchant_id, taste)
        case Kind.SHOPS:
            return Dressed(block=block, shops=await _shops(read, block))
        case Kind.TILES:
            return Dressed(block=block, categories=around.categories)
        case _:
            return Dressed(block=block)


async def _shops(read: Read, block: Block) -> list[ShopCard]:
    if block.shops:
        named = [await merchants.by_slug(read, slug) for slug in block.shops]
        return [shop for shop in named if shop is not None and shop.state is MerchantState.OPEN]
    listed = (await merchants.listed(read, limit=SHOPS_SHOWN)).items
    return [shop for shop in listed if shop.state is MerchantState.OPEN]


async def _goods(
    read: Read, around: Shell, block: Block, merchant_id: MerchantId | None, taste: Sequence[Taste]
) -> Dressed:
    count = min(block.count, GOODS_MAX)
    if block.rule is Rule.FOR_YOU:
        # More than are shown: some of them may stand on the page already.
        count = FOR_YOU_READ
    if block.rule is Rule.BY_HAND:
        hits = await merchandising.chosen(read, block.products)
        return Dressed(block=block, hits=[hit for hit in hits if merchant_id in (None, hit.merchant_id)])
    if block.rule is Rule.SHOP_CATEGORY and merchant_id is not None:
        of = as_uuid(block.of)
        found = await merchandising.products_of(read, merchant_id, ShopCategoryId(of)) if of else []
        return Dressed(block=block, hits=await merchandising.chosen(read, found[:count]), more=f"?in={block.of}")
    category = next((each for each in _all(around.categories) if each.slug == block.of), None)
    if block.rule is Rule.FOR_YOU and taste:
        return Dressed(block=block, hits=await _picked(read, taste, count))
    sort = _SORTS.get(block.rule, Sort.SALES)
    query = Query(
        sort=sort,
        merchant_id=merchant_id,
        category_id=category.category_id if category and block.rule is Rule.CATEGORY else None,
        in_stock=sort is Sort.SALES,
        limit=count,
        facets=False,
    )
    more = f"/c/{category.slug}" if category and block.rule is Rule.CATEGORY else f"/search?sort={sort}"
    return Dressed(
        block=block, hits=(await search.find(read, query)).hits, more=f"?sort={sort}" if merchant_id else more
    )


def _all(categories: Sequence[Category]) -> list[Category]:
    return [each for root in categories for each in (root, *_all(root.children))]


async def tastes(read: Read, visit: Visit) -> list[Taste]:
    """What to pick goods for this visitor by: what they searched, and the categories of what they looked at, keep in mind
    and bought. Nothing, where they do not want that."""
    if not visit.buyer_ids or not (await search.choices(read, visit.buyer_id)).personal:
        return []
    seen = (await favourites.footprints(read, visit.buyer_id, limit=SEEN_READ_MAX)).items
    liked = [(each.merchant_id, each.product_id) for each in seen]
    liked += await orders.bought_last(read, visit.buyer_ids)
    leaves = dict.fromkeys(hit.category_path[-1] for hit in await search.cards(read, liked))
    searched = (await search.history(read, visit.buyer_ids))[:SEARCHES_MAX]
    return [
        *(Taste(words=words) for words in searched),
        *(Taste(category_id=leaf) for leaf in list(leaves)[:TASTES_MAX]),
    ]


async def _picked(read: Read, taste: Sequence[Taste], count: int) -> list[Hit]:
    """Goods of each taste in turn, so that none of them fills the page."""
    rows = [await _of_a_taste(read, each) for each in taste]
    picked: dict[UUID, Hit] = {}
    for place in range(GOODS_MAX):
        for hits in rows:
            if place < len(hits):
                picked.setdefault(hits[place].product_id, hits[place])
    return list(picked.values())[:count]


async def _of_a_taste(read: Read, taste: Taste) -> Sequence[Hit]:
    if taste.category_id is None:
        return await search.best_matching(read, taste.words, limit=GOODS_MAX)
    return await search.best_selling(read, taste.category_id, limit=GOODS_MAX)
