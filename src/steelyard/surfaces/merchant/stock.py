"""One variant's stock: how much is where, why that changed, and what staff say about it."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog, inventory, warehouses
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.goods.inventory.model import Level, Movement
from steelyard.goods.warehouses.model import Warehouse
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.console import ROWS_PER_PAGE, SAVED, address, done, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

NOTE_CHARACTERS_MAX = 200


class OneSku(msgspec.Struct, frozen=True, kw_only=True):
    card: SkuCard
    levels: list[Level]
    movements: Page[Movement]
    warehouses: list[Warehouse]


async def one_sku(read: Read, merchant_id: MerchantId, sku_id: UUID, cursor: str | None) -> OneSku:
    """Raises `NotFound`: another merchant's variant is not there."""
    card = (await catalog.cards(read, [sku_id])).get(SkuId(sku_id))
    if card is None or card.merchant_id != merchant_id:
        raise NotFound()
    return OneSku(
        card=card,
        levels=(await inventory.levels(read, merchant_id, sku_ids=[sku_id])).items,
        movements=await inventory.movements(read, merchant_id, sku_id, cursor, ROWS_PER_PAGE),
        warehouses=[each for each in await warehouses.of_merchant(read, merchant_id) if each.open],
    )


@get("/stock/{sku_id:uuid}", opt={"permission": "stock.read"})
async def sku_page(
    visit: NamedDependency[Visit], sku_id: FromPath[UUID], cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """One variant: its levels, its movements, and the forms to receive and count."""
    found = await visit.merchant_db.ask(one_sku, visit.merchant_id, sku_id, cursor)
    here = f"{frame.STOCK}/{sku_id}"
    return await frame.show(
        visit,
        "stock_sku.html",
        frame.STOCK,
        crumbs=[(visit.say(N_("Stock")), frame.STOCK), (found.card.code, None)],
        found=found,
        card=found.card,
        here=here,
        document=ids.mint(),
        next_href=address(here, cursor=found.movements.next) if found.movements.next else "",
        start_href=here if cursor else "",
    )


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces of a variant in a warehouse; `document` is minted with the form, so that a second click is none."""

    sku_id: UUID
    warehouse_id: UUID
    pieces: int
    document: UUID
    note: str


async def receive(tx: Tx, actor: Actor, merchant_id: MerchantId, said: Said, by: str) -> None:
    lines = [(said.sku_id, said.warehouse_id, said.pieces)]
    await inventory.receive(tx, merchant_id, lines, document=said.document, by=by, note=said.note)
    await access.audit(tx, actor, "stock.receive", str(said.sku_id), {"pieces": said.pieces, "note": said.note})


async def count(tx: Tx, actor: Actor, merchant_id: MerchantId, said: Said, by: str) -> None:
    lines = [(said.sku_id, said.warehouse_id, said.pieces)]
    await inventory.count(tx, merchant_id, lines, document=said.document, by=by, note=said.note)
    await access.audit(tx, actor, "stock.count", str(said.sku_id), {"pieces": said.pieces, "note": said.note})


async def warn_below(tx: Tx, actor: Actor, merchant_id: MerchantId, said: Said, _by: str) -> None:
    await inventory.warn_below(tx, merchant_id, said.sku_id, said.warehouse_id, said.pieces)
    await access.audit(tx, actor, "stock.warn_below", str(said.sku_id), {"pieces": said.pieces})


Command = Callable[[Tx, Actor, MerchantId, Said, str], Awaitable[None]]


async def _say(visit: Visit, request: WebRequest, sku_id: UUID, command: Command, least: int) -> Redirect:
    # Whose variant it is is asked first: of another's, nothing may be written and nothing told.
    await visit.merchant_db.ask(one_sku, visit.merchant_id, sku_id, None)
    form = await entries_of(request)
    said = _read(form, sku_id, least)
    here = f"{frame.STOCK}/{sku_id}"
    if form.errors:
        return redirect(visit, here, (" ".join(errors_of(visit, form.errors).values()), "bad"))
    return await done(
        visit,
        here,
        SAVED,
        lambda: visit.merchant_db.transact(command, visit.actor, visit.merchant_id, said, visit.by),
    )


def _read(form: Entries, sku_id: UUID, least: int) -> Said:
    return Said(
        sku_id=sku_id,
        warehouse_id=form.uuid("warehouse"),
        pieces=form.number("pieces", least=least, most=1_000_000),
        document=form.uuid("document"),
        note=form.text("note", most=NOTE_CHARACTERS_MAX),
    )


@post("/stock/{sku_id:uuid}/receive", opt={"permission": "stock.edit"})
async def receive_stock(visit: NamedDependency[Visit], request: WebRequest, sku_id: FromPath[UUID]) -> Redirect:
    return await _say(visit, request, sku_id, receive, 1)


@post("/stock/{sku_id:uuid}/count", opt={"permission": "stock.edit"})
async def count_stock(visit: NamedDependency[Visit], request: WebRequest, sku_id: FromPath[UUID]) -> Redirect:
    return await _say(visit, request, sku_id, count, 0)


@post("/stock/{sku_id:uuid}/warn-below", opt={"permission": "stock.edit"})
async def set_warning(visit: NamedDependency[Visit], request: WebRequest, sku_id: FromPath[UUID]) -> Redirect:
    return await _say(visit, request, sku_id, warn_below, 0)


HANDLERS = [sku_page, receive_stock, count_stock, set_warning]
