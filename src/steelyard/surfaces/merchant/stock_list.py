"""Stock: every article in every warehouse, what runs low, and how few are few."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog, inventory, warehouses
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.goods.inventory.model import Level
from steelyard.goods.warehouses.model import Warehouse
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import address, errors_of
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import local_path, redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

ARTICLES_PER_PAGE = 30
LOW_PER_PAGE = 50
EXPORTED_MAX = 100
PIECES_MAX = 1_000_000


class Article(msgspec.Struct, frozen=True, kw_only=True):
    """One SKU with its stock rows by warehouse."""

    sku_id: UUID
    card: SkuCard | None
    levels: dict[UUID, Level]

    @property
    def free(self) -> int:
        return sum(level.free for level in self.levels.values())


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    articles: list[Article]
    warehouses: list[Warehouse]
    next: str | None


async def listed(read: Read, merchant_id: MerchantId, words: str, low: bool, cursor: str | None, limit: int) -> Listed:
    """The articles whose number begins with `words`, or the one that is read so off its barcode."""
    following: str | None
    if low:
        page = await inventory.running_low(read, merchant_id, cursor, limit)
        skus: Sequence[UUID] = list(dict.fromkeys(level.sku_id for level in page.items))
        following = page.next
    else:
        named = await inventory.scanned(read, merchant_id, [words]) if words else {}
        if named:
            skus, following = list(named.values()), None
        else:
            stocked = await inventory.stocked(read, merchant_id, cursor, limit, beginning=words)
            skus, following = [each.sku_id for each in stocked.items], stocked.next
    cards = await catalog.cards(read, skus)
    rows: dict[UUID, dict[UUID, Level]] = {sku_id: {} for sku_id in skus}
    for level in await inventory.levels_of(read, merchant_id, skus):
        rows[level.sku_id][level.warehouse_id] = level
    return Listed(
        articles=[Article(sku_id=sku_id, card=cards.get(SkuId(sku_id)), levels=rows[sku_id]) for sku_id in skus],
        warehouses=await warehouses.of_merchant(read, merchant_id),
        next=following,
    )


async def exported(read: Read, merchant_id: MerchantId, words: str, low: bool) -> Listed:
    """The list from its beginning, for a file."""
    articles: list[Article] = []
    cursor: str | None = None
    found = await listed(read, merchant_id, words, low, None, EXPORTED_MAX)
    while True:
        articles += found.articles
        cursor = found.next
        if cursor is None or len(articles) >= exports.CSV_ROWS_MAX:
            return msgspec.structs.replace(found, articles=articles)
        found = await listed(read, merchant_id, words, low, cursor, EXPORTED_MAX)


@get("/stock", opt={"permission": "stock.read"})
async def stock_list(
    visit: NamedDependency[Visit],
    q: FromQuery[str | None] = None,
    low: FromQuery[str | None] = None,
    edit: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[Any]:
    """Every article with what lies in each warehouse; `edit` shows the levels to warn below as fields."""
    words = (q or "").strip()
    if exports.wanted(visit):
        return await _as_file(visit, words, bool(low))
    limit = LOW_PER_PAGE if low else ARTICLES_PER_PAGE
    found = await visit.merchant_db.ask(listed, visit.merchant_id, words, bool(low), cursor, limit)
    asked = {"q": words, "low": low, "edit": edit}
    return await frame.show(
        visit,
        "stock.html",
        frame.STOCK,
        found=found,
        code=words,
        low=bool(low),
        editing=bool(edit) and visit.actor.may("stock.edit"),
        edit_href=address(frame.STOCK, **{**asked, "edit": "yes", "cursor": cursor}),
        here=address(frame.STOCK, **{**asked, "cursor": cursor}),
        next_href=address(frame.STOCK, **asked, cursor=found.next) if found.next else "",
        start_href=address(frame.STOCK, **asked) if cursor else "",
    )


async def _as_file(visit: Visit, words: str, low: bool) -> Response[bytes]:
    found = await visit.merchant_db.ask(exported, visit.merchant_id, words, low)
    name_of: dict[UUID, str] = {each.warehouse_id: each.name for each in found.warehouses}
    columns = [
        visit.say(word)
        for word in (N_("Article number"), N_("Article"), N_("Options"), N_("Warehouse"), N_("On hand"), N_("Reserved"),
                     N_("Free"), N_("Warn below"))
    ]  # fmt: skip
    rows = [
        [
            article.card.code if article.card else str(article.sku_id),
            article.card.title if article.card else "",
            " · ".join(value.in_language(visit.locale) for _, value in article.card.options) if article.card else "",
            name_of.get(level.warehouse_id, ""),
            level.on_hand,
            level.reserved,
            level.free,
            level.warn_below,
        ]
        for article in found.articles
        for level in article.levels.values()
    ]
    return exports.csv_answer(visit, visit.say(N_("Stock")), columns, rows)


async def warn_many(tx: Tx, actor: Actor, merchant_id: MerchantId, levels: Sequence[tuple[UUID, UUID, int]]) -> int:
    changed = await inventory.warn_many(tx, merchant_id, levels)
    if changed:
        facts = {f"{sku_id}/{warehouse_id}": pieces for sku_id, warehouse_id, pieces in levels}
        await access.audit(tx, actor, "stock.warn_many", f"{changed}", facts)
    return changed


@post("/stock/levels", opt={"permission": "stock.edit"})
async def set_levels(visit: NamedDependency[Visit], request: WebRequest) -> Redirect:
    """Say of many articles at once below how many free pieces to warn: `below_<sku>_<warehouse>`."""
    form = await entries_of(request)
    back = local_path(form.text("back"), frame.STOCK)
    levels = _levels(form)
    if form.errors:
        return redirect(visit, back, (" ".join(set(errors_of(visit, form.errors).values())), "bad"))
    changed = await visit.merchant_db.transact(warn_many, visit.actor, visit.merchant_id, levels) if levels else 0
    return redirect(visit, back, (visit.say(N_("{changed} levels are changed."), changed=changed), "good"))


def _levels(form: Entries) -> list[tuple[UUID, UUID, int]]:
    found: list[tuple[UUID, UUID, int]] = []
    for name in form.names("below_"):
        sku, _, warehouse = name.partition("_")
        sku_id, warehouse_id = as_uuid(sku), as_uuid(warehouse)
        if sku_id and warehouse_id:
            found.append((sku_id, warehouse_id, form.number(f"below_{name}", otherwise=0, most=PIECES_MAX)))
    return found


HANDLERS = [stock_list, set_levels]
