"""Counting a warehouse: begin a sheet, print it, enter what is there, look at the differences, book them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog, inventory, warehouses
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.goods.inventory.model import CountId, CountLine, CountSheet
from steelyard.goods.warehouses.model import Warehouse
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import seen
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address, done, errors_of, told
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

HERE = f"{frame.STOCK}/counts"
READS, WRITES = {"permission": "stock.read"}, {"permission": "stock.edit"}
PIECES_MAX = 1_000_000
ENTERED_MEANWHILE = N_("Somebody else entered another number here. Save again if yours counts.")


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[CountSheet]
    warehouses: list[Warehouse]


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    sheet: CountSheet
    lines: list[CountLine]
    cards: dict[SkuId, SkuCard]
    warehouse: Warehouse

    @property
    def different(self) -> list[CountLine]:
        return [line for line in self.lines if line.counted is not None and line.difference]


async def listed(read: Read, merchant_id: MerchantId, cursor: str | None) -> Listed:
    return Listed(
        page=await inventory.count_sheets(read, merchant_id, cursor, ROWS_PER_PAGE),
        warehouses=await warehouses.of_merchant(read, merchant_id),
    )


async def whole(read: Read, merchant_id: MerchantId, count_id: UUID) -> Whole:
    """Raises `NotFound`: another merchant's sheet is not there."""
    sheet = await inventory.count_sheet(read, merchant_id, CountId(count_id))
    if sheet is None:
        raise NotFound()
    lines = await inventory.count_lines(read, merchant_id, sheet.count_id)
    places = await warehouses.of_merchant(read, merchant_id)
    return Whole(
        sheet=sheet,
        lines=lines,
        cards=await catalog.cards(read, [line.sku_id for line in lines]),
        warehouse=next(each for each in places if each.warehouse_id == sheet.warehouse_id),
    )


@get("/stock/counts", opt=READS)
async def count_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    return await _list(visit, cursor)


async def _list(
    visit: Visit, cursor: str | None, form: Entries | None = None, errors: dict[str, str] | None = None
) -> Response[Any]:
    found = await visit.merchant_db.ask(listed, visit.merchant_id, cursor)
    return await frame.show(
        visit,
        "counts.html",
        frame.STOCK,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Stock")), frame.STOCK), (visit.say(N_("Stock counts")), None)],
        found=found,
        names={each.warehouse_id: each.name for each in found.warehouses},
        typed=form,
        errors=errors or {},
        count_id=form.text("count_id") if form else ids.mint(),
        next_href=address(HERE, cursor=found.page.next) if found.page.next else "",
        start_href=HERE if cursor else "",
    )


async def begin(tx: Tx, actor: Actor, merchant_id: MerchantId, form: Entries, by: str) -> CountId:
    count_id = CountId(form.uuid("count_id"))
    lines = await inventory.begin_count(
        tx,
        merchant_id,
        count_id,
        form.uuid("warehouse"),
        blind=form.flag("blind"),
        prefix=form.text("prefix", most=60),
        note=form.text("note", most=200),
        by=by,
    )
    if lines:
        await access.audit(tx, actor, "stock.begin_count", str(count_id), {"lines": lines})
    return count_id


@post("/stock/counts", opt=WRITES)
async def begin_count(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    form = await entries_of(request)
    try:
        count_id = await visit.merchant_db.transact(begin, visit.actor, visit.merchant_id, form, visit.by)
    except Invalid as refusal:
        return await _list(visit, None, form, errors_of(visit, refusal.fields))
    except Refusal as refusal:
        return await _list(visit, None, form, {"warehouse": told(visit, refusal)})
    return redirect(visit, f"{HERE}/{count_id}")


@get("/stock/counts/{count_id:uuid}", opt=READS)
async def sheet_page(visit: NamedDependency[Visit], count_id: FromPath[UUID]) -> Response[Any]:
    return await _sheet(visit, count_id)


async def _sheet(
    visit: Visit, count_id: UUID, form: Entries | None = None, errors: dict[str, str] | None = None
) -> Response[Any]:
    found = await visit.merchant_db.ask(whole, visit.merchant_id, count_id)
    staff = await visit.db.ask(access.staff, visit.merchant_id)
    return await frame.show(
        visit,
        "count_sheet.html",
        frame.STOCK,
        status=422 if errors else 200,
        crumbs=[
            (visit.say(N_("Stock")), frame.STOCK),
            (visit.say(N_("Stock counts")), HERE),
            (found.warehouse.name, None),
        ],
        found=found,
        sheet=found.sheet,
        here=f"{HERE}/{count_id}",
        typed=form,
        errors=errors or {},
        reviewing=visit.connection.query_params.get("review") is not None,
        people={f"staff:{member.account_id}": member.name for member in staff},
    )


@get("/stock/counts/{count_id:uuid}/print", opt=READS)
async def printed_sheet(visit: NamedDependency[Visit], count_id: FromPath[UUID]) -> Response[Any]:
    """The sheet on paper, with room for numbers."""
    found = await visit.merchant_db.ask(whole, visit.merchant_id, count_id)
    return await frame.show(
        visit, "count_print.html", frame.STOCK, back=f"{HERE}/{count_id}", found=found, sheet=found.sheet
    )


@post("/stock/counts/{count_id:uuid}", opt=WRITES)
async def enter(
    visit: NamedDependency[Visit], request: WebRequest, count_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Keep the numbers; `then` goes on to the differences."""
    form = await entries_of(request)
    await visit.merchant_db.ask(whole, visit.merchant_id, count_id)
    counted: list[tuple[UUID, int | None]] = []
    for name in form.names("counted_"):
        sku_id = as_uuid(name)
        if sku_id is not None:
            field = f"counted_{name}"
            counted.append((sku_id, form.number(field, most=PIECES_MAX) if form.text(field) else None))
    try:
        form.check()
        await visit.merchant_db.transact(keep, visit.merchant_id, CountId(count_id), form, counted)
    except Invalid as refusal:
        return await _sheet(visit, count_id, form, errors_of(visit, refusal.fields))
    except NotFound:
        raise
    except Refusal as refusal:
        return redirect(visit, f"{HERE}/{count_id}", (told(visit, refusal), "bad"))
    on = f"{HERE}/{count_id}" + ("?review=yes" if form.text("then") == "review" else "")
    return redirect(visit, on, (visit.say(N_("The numbers are kept. Nothing is booked yet.")), "good"))


async def keep(
    tx: Tx, merchant_id: MerchantId, count_id: CountId, form: Entries, counted: Sequence[tuple[UUID, int | None]]
) -> None:
    """Write what this window changed; rows that another filled in meanwhile stay. Raises `Invalid` for a row of both."""
    await seen.hold(tx, f"count {count_id}")
    now = {line.sku_id: line.counted for line in await inventory.count_lines(tx, merchant_id, count_id)}
    changed: list[tuple[UUID, int | None]] = []
    for sku_id, typed in counted:
        there = now.get(SkuId(sku_id))
        was = form.text(f"was_{sku_id}", most=20) if form.all(f"was_{sku_id}") else _said(there)
        if _said(typed) in (was, _said(there)):
            continue
        if _said(there) != was:
            form.refuse(f"counted_{sku_id}", ENTERED_MEANWHILE)
        changed.append((sku_id, typed))
    form.check()
    await inventory.enter_counts(tx, merchant_id, count_id, changed)


def _said(pieces: int | None) -> str:
    return "" if pieces is None else str(pieces)


async def book(tx: Tx, actor: Actor, merchant_id: MerchantId, count_id: CountId, by: str) -> None:
    differences = await inventory.book_count(tx, merchant_id, count_id, by)
    await access.audit(tx, actor, "stock.book_count", str(count_id), {"differences": differences})


@post("/stock/counts/{count_id:uuid}/book", opt=WRITES)
async def book_count(visit: NamedDependency[Visit], count_id: FromPath[UUID]) -> Redirect:
    """What was counted is what there is."""
    await visit.merchant_db.ask(whole, visit.merchant_id, count_id)
    return await done(
        visit,
        f"{HERE}/{count_id}",
        N_("The count is booked: the books now say what is there."),
        lambda: visit.merchant_db.transact(book, visit.actor, visit.merchant_id, CountId(count_id), visit.by),
    )


async def drop(tx: Tx, actor: Actor, merchant_id: MerchantId, count_id: CountId, by: str) -> None:
    await inventory.drop_count(tx, merchant_id, count_id, by)
    await access.audit(tx, actor, "stock.drop_count", str(count_id))


@post("/stock/counts/{count_id:uuid}/drop", opt=WRITES)
async def drop_count(visit: NamedDependency[Visit], count_id: FromPath[UUID]) -> Redirect:
    """Nothing comes of this sheet."""
    await visit.merchant_db.ask(whole, visit.merchant_id, count_id)
    return await done(
        visit,
        HERE,
        N_("The sheet is dropped; the stock is as it was."),
        lambda: visit.merchant_db.transact(drop, visit.actor, visit.merchant_id, CountId(count_id), visit.by),
    )


HANDLERS = [count_list, begin_count, sheet_page, printed_sheet, enter, book_count, drop_count]
