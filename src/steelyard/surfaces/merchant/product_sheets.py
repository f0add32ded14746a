"""Goods as files: written out as the list is filtered, read in with a look at what would change, and taken back."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.channels import sheets
from steelyard.channels.sheets.model import UNDO_HOURS, Change, ChangeId, Outcome
from steelyard.goods import catalog
from steelyard.kernel import days, ids, jobs
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.product_changes import HELD
from steelyard.surfaces.merchant.product_list import Asked, asked_of, narrowing
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address, done, told
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.pages import local_path, redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

IMPORTS = f"{frame.PRODUCTS}/imports"
NEEDS = {"permission": "products.edit"}
ROWS_SHOWN_MAX = 300
PRODUCTS_PER_EXPORT_MAX = 5_000
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TAX = ("standard", "reduced", "exempt")
EXAMPLES = (
    {
        "product": "A1", "sku": "DEMO-001-S", "title_zh": "羊毛围巾", "title_en": "Wool scarf", "category": "",
        "tax_class": "standard", "shelf": "off", "variant": "小号", "weight_grams": "200", "price": "99.00",
        "compare_at": "129.00", "stock": "10", "active": "yes",
    },
    {
        "product": "A1", "sku": "DEMO-001-L", "title_zh": "羊毛围巾", "title_en": "Wool scarf", "category": "",
        "tax_class": "standard", "shelf": "off", "variant": "大号", "weight_grams": "260", "price": "119.00",
        "stock": "5", "active": "yes",
    },
)  # fmt: skip


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    shop: sheets.Shop
    rows: list[dict[str, str]]


async def exported(read: Read, merchant_id: MerchantId, asked: Asked) -> Exported:
    """The rows of all products that the filters let through."""
    wanted = await narrowing(read, merchant_id, asked)
    shop = await sheets.shop_of(read, merchant_id)
    rows: list[dict[str, str]] = []
    cursor: str | None = None
    for _ in range(0, PRODUCTS_PER_EXPORT_MAX, 100):
        page = await catalog.listed(read, merchant_id, wanted, cursor, 100)
        rows += [good.cells for good in await sheets.goods(read, shop, [row.product_id for row in page.items])]
        cursor = page.next
        if cursor is None:
            break
    return Exported(shop=shop, rows=rows)


def _values(shop: sheets.Shop) -> list[list[str]]:
    """The sheet of allowed values: categories, then the values of each attribute."""
    lines = [["column", "value", "中文", "English"]]
    for slug, category in shop.categories.items():
        lines.append(["category", slug, category.name.get("zh-Hans", ""), category.name.get("en", "")])
    lines += [["tax_class", word, "", ""] for word in TAX]
    lines += [
        ["shelf", "on", "上架", ""],
        ["shelf", "off", "下架", ""],
        ["active", "yes", "是", ""],
        ["active", "no", "否", ""],
    ]
    for code, definition in shop.definitions.items():
        for value in definition.known:
            names = (value.name.get("zh-Hans", ""), value.name.get("en", ""))
            lines.append([f"{sheets.FACT}{code}", value.code, *names])
    return lines


def _file(name: str, kind: str, content: bytes) -> Response[bytes]:
    stamp = days.today().isoformat()
    return Response(
        content,
        media_type=EXCEL if kind == "xlsx" else "text/csv",
        headers={
            "content-disposition": f'attachment; filename="{name}-{stamp}.{kind}"',
            "cache-control": "no-store",
        },
    )


@get("/products/export", opt={"permission": "products.read"})
async def export(visit: NamedDependency[Visit]) -> Response[bytes]:
    """The filtered list as CSV or Excel, in the format that is read in again."""
    asked = asked_of(visit.connection.query_params)
    kind = "xlsx" if visit.connection.query_params.get("format") == "xlsx" else "csv"
    found = await visit.merchant_db.ask(exported, visit.merchant_id, asked)
    columns = sheets.columns_of(found.rows)
    if kind == "csv":
        return _file("products", kind, await asyncio.to_thread(sheets.write_csv, columns, found.rows))
    further = {"values": _values(found.shop)}
    return _file("products", kind, await asyncio.to_thread(sheets.write_excel, columns, found.rows, further))


@get("/products/template", opt={"permission": "products.read"})
async def template(visit: NamedDependency[Visit]) -> Response[bytes]:
    """An Excel file to fill in, with examples and a sheet of allowed values."""
    shop = await visit.merchant_db.ask(sheets.shop_of, visit.merchant_id)
    category = next(iter(shop.categories), "")
    rows = [{**example, "category": category} for example in EXAMPLES]
    facts = [f"{sheets.FACT}{code}" for code, each in shop.definitions.items() if not each.retired]
    content = await asyncio.to_thread(sheets.write_excel, [*sheets.FIXED, *facts], rows, {"values": _values(shop)})
    return _file("template", "xlsx", content)


async def imports_page(visit: Visit, cursor: str | None = None, error: str = "") -> Response[Any]:
    shown = await visit.merchant_db.ask(sheets.changes, visit.merchant_id, cursor, ROWS_PER_PAGE)
    staff = await visit.db.ask(access.staff, visit.merchant_id)
    return await frame.show(
        visit,
        "product_imports.html",
        frame.PRODUCTS,
        status=422 if error else 200,
        crumbs=[(visit.say(N_("Products")), frame.PRODUCTS), (visit.say(N_("Import")), None)],
        shown=shown,
        error=error,
        names={f"staff:{each.account_id}": each.name for each in staff},
        change_id=ids.mint(),
        undoable=_undoable,
        next_href=address(IMPORTS, cursor=shown.next) if shown.next else "",
        start_href=IMPORTS if cursor else "",
    )


def _undoable(change: Change) -> bool:
    fresh = change.applied_at is not None and change.applied_at > datetime.now(UTC) - timedelta(hours=UNDO_HOURS)
    return change.state == "applied" and fresh


@get("/products/imports", opt=NEEDS)
async def imports(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """Upload a file, and what files, the grid and actions changed before."""
    return await imports_page(visit, cursor)


@post("/products/imports", opt=NEEDS)
async def upload(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Read a file and show what it would change. Nothing is changed yet."""
    form = await entries_of(request)
    files = form.files("sheet")
    change_id = ChangeId(form.uuid("change_id"))
    if not files:
        return await imports_page(visit, error=visit.say(N_("Please choose a file")))
    try:
        rows = await asyncio.to_thread(sheets.read_sheet, await files[0].read())
        await visit.merchant_db.transact(
            sheets.plan_file, visit.merchant_id, change_id, (files[0].filename or "")[:200], rows, visit.by
        )
    except Refusal as refusal:
        return await imports_page(visit, error=told(visit, refusal))
    return redirect(visit, f"{IMPORTS}/{change_id}")


@get("/products/imports/{change_id:uuid}", opt=NEEDS)
async def import_page(visit: NamedDependency[Visit], change_id: FromPath[UUID]) -> Response[Any]:
    """What a file would change, or has changed: new, changed field by field, errors by row and column."""
    change = await visit.merchant_db.ask(sheets.change, visit.merchant_id, change_id)
    if change is None:
        raise NotFound()
    held = bool(change.counts.get("new")) and await visit.merchant_db.ask(merchants.held_up, visit.merchant_id)
    wanted = visit.connection.query_params.get("show", "")
    rows = [row for row in change.rows if not wanted or row.outcome == wanted]
    return await frame.show(
        visit,
        "product_import.html",
        frame.PRODUCTS,
        crumbs=[
            (visit.say(N_("Products")), frame.PRODUCTS),
            (visit.say(N_("Import")), IMPORTS),
            (change.name or visit.say(N_("Grid")), None),
        ],
        change=change,
        rows=rows[:ROWS_SHOWN_MAX],
        more=max(0, len(rows) - ROWS_SHOWN_MAX),
        shown=wanted,
        outcomes=list(Outcome),
        todo=change.counts.get("new", 0) + change.counts.get("changed", 0),
        here=f"{IMPORTS}/{change_id}",
        undoable=_undoable(change),
        held=visit.say(HELD) if held else "",
    )


async def begin(tx: Tx, actor: Actor, merchant_id: MerchantId, change_id: UUID) -> None:
    if await sheets.begin(tx, merchant_id, change_id):
        await access.audit(tx, actor, "products.import", str(change_id))


async def queue(tx: Tx, merchant_id: MerchantId, change_id: UUID) -> None:
    await jobs.defer(
        tx, sheets.apply_plan.with_options(once=f"sheets:{change_id}"), merchant_id=merchant_id, change_id=change_id
    )


@post("/products/imports/{change_id:uuid}/apply", opt=NEEDS)
async def apply(visit: NamedDependency[Visit], request: WebRequest, change_id: FromPath[UUID]) -> Redirect:
    """Write what was planned, in the background."""
    await visit.merchant_db.transact(begin, visit.actor, visit.merchant_id, change_id)
    # The queue is the house's, not the merchant's.
    await visit.db.transact(queue, visit.merchant_id, change_id)
    return redirect(
        visit, f"{IMPORTS}/{change_id}", (visit.say(N_("It is being written. This page shows how far it is.")), "good")
    )


async def undo(tx: Tx, actor: Actor, merchant_id: MerchantId, change_id: UUID, by: str) -> None:
    await sheets.undo(tx, merchant_id, change_id, by)
    await access.audit(tx, actor, "products.undo", str(change_id))


@post("/products/imports/{change_id:uuid}/undo", opt=NEEDS)
async def take_back(visit: NamedDependency[Visit], request: WebRequest, change_id: FromPath[UUID]) -> Redirect:
    """Make it as it was before, unless somebody edited some of it since."""
    form = await entries_of(request)
    return await done(
        visit,
        local_path(form.text("back"), f"{IMPORTS}/{change_id}"),
        N_("Taken back: it is as it was before."),
        lambda: visit.merchant_db.transact(undo, visit.actor, visit.merchant_id, change_id, visit.by),
    )


HANDLERS = [export, template, imports, upload, import_page, apply, take_back]
