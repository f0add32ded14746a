"""The ledger of movements: every change of stock with its reason, document and author."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from steelyard.goods import catalog, inventory, warehouses
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.goods.inventory.model import Movement, MovementsWanted, Reason
from steelyard.goods.warehouses.model import Warehouse
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties import access
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address
from steelyard.surfaces.web.entries import as_uuid
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.visit import Visit

HERE = f"{frame.STOCK}/movements"
FILTERS = ("q", "warehouse", "reason", "from", "to")
REASONS = {
    Reason.RECEIVED: N_("Goods received"),
    Reason.SHIPPED: N_("Shipped"),
    Reason.RETURNED: N_("Returned"),
    Reason.COUNTED: N_("Counted"),
    Reason.TRANSFERRED: N_("Moved between warehouses"),
    Reason.SCRAPPED: N_("Scrapped"),
    Reason.SAMPLED: N_("Out as a sample"),
    Reason.SAMPLE_RETURNED: N_("Sample is back"),
    Reason.IMPORTED: N_("Imported"),
}


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Movement]
    cards: dict[SkuId, SkuCard]
    warehouses: list[Warehouse]


async def listed(
    read: Read, merchant_id: MerchantId, wanted: MovementsWanted, article: str, cursor: str | None, *, whole: bool
) -> Listed:
    """`article` is a number or barcode; one that nobody has leads to an empty list."""
    places = await warehouses.of_merchant(read, merchant_id)
    if article:
        named = await inventory.scanned(read, merchant_id, [article])
        if not named:
            return Listed(page=Page([]), cards={}, warehouses=places)
        wanted = msgspec.structs.replace(wanted, sku_id=next(iter(named.values())))

    async def page_after(after: str | None, limit: int) -> Page[Movement]:
        return await inventory.find_movements(read, merchant_id, wanted, after, limit)

    if whole:
        found = Page(await exports.everything(lambda after: page_after(after, 100)))
    else:
        found = await page_after(cursor, ROWS_PER_PAGE)
    return Listed(
        page=found,
        cards=await catalog.cards(read, {move.sku_id for move in found.items}),
        warehouses=places,
    )


@get("/stock/movements", opt={"permission": "stock.read"})
async def ledger(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    query = visit.connection.query_params
    typed = {name: value.strip() for name in FILTERS if (value := query.get(name) or "").strip()}
    until = day_of(typed.get("to", ""))
    wanted = MovementsWanted(
        warehouse_id=as_uuid(typed.get("warehouse", "")),
        reason=typed.get("reason", ""),
        since=_begins(day_of(typed.get("from", ""))),
        until=_begins(until + timedelta(days=1)) if until else None,
    )
    whole = exports.wanted(visit)
    found = await visit.merchant_db.ask(
        listed, visit.merchant_id, wanted, typed.get("q", ""), None if whole else cursor, whole=whole
    )
    staff = await visit.db.ask(access.staff, visit.merchant_id)
    people = {f"staff:{member.account_id}": member.name for member in staff}
    names: dict[UUID, str] = {each.warehouse_id: each.name for each in found.warehouses}
    if whole:
        return _as_file(visit, found, names, people)
    return await frame.show(
        visit,
        "stock_movements.html",
        frame.STOCK,
        crumbs=[(visit.say(N_("Stock")), frame.STOCK), (visit.say(N_("Movements")), None)],
        found=found,
        typed=typed,
        names=names,
        people=people,
        reasons=[(str(reason), visit.say(word)) for reason, word in REASONS.items()],
        export_href=address(HERE, **typed, format="csv"),
        next_href=address(HERE, **typed, cursor=found.page.next) if found.page.next else "",
        start_href=address(HERE, **typed) if cursor else "",
    )


def _as_file(visit: Visit, found: Listed, names: dict[UUID, str], people: dict[str, str]) -> Response[bytes]:
    columns = [
        visit.say(word)
        for word in (N_("When"), N_("Why"), N_("Article number"), N_("Article"), N_("Warehouse"), N_("Pieces"),
                     N_("Note"), N_("Who"), N_("Document"))
    ]  # fmt: skip
    rows: list[list[object]] = []
    for move in found.page.items:
        card = found.cards.get(move.sku_id)
        rows.append(
            [
                move.at,
                visit.say(REASONS[move.reason]),
                card.code if card else "",
                card.title if card else "",
                names.get(move.warehouse_id, ""),
                move.quantity,
                move.note,
                people.get(move.by, move.by),
                str(move.document),
            ]
        )
    return exports.csv_answer(visit, visit.say(N_("Movements")), columns, rows)


def _begins(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), exports.ZONE)


HANDLERS = [ledger]
