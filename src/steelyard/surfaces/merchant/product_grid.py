"""The grid: variants as rows, prices, codes and weights as cells, changed by keyboard and saved together."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from steelyard.channels import sheets
from steelyard.channels.sheets import Good
from steelyard.channels.sheets.model import ChangeId, FieldChange, Outcome, Row
from steelyard.goods import catalog
from steelyard.kernel import ids
from steelyard.kernel.db import Read
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.product_list import Asked, asked_of, change_at_once, narrowing
from steelyard.surfaces.web.console import told
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

GRID = f"{frame.PRODUCTS}/grid"
PRODUCTS_PER_GRID_MAX = 60
ROWS_PER_GRID_MAX = 300
COLUMNS = (
    ("code", N_("Article number"), "text"),
    ("barcode", N_("Barcode"), "text"),
    ("price", N_("Price"), "decimal"),
    ("compare_at", N_("Market price"), "decimal"),
    ("weight_grams", N_("Weight (g)"), "numeric"),
)
REQUIRED = {"code", "price", "weight_grams"}


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    shop: sheets.Shop
    rows: list[Good]
    cut: bool


async def grid(read: Read, merchant_id: MerchantId, asked: Asked) -> Grid:
    wanted = await narrowing(read, merchant_id, asked)
    page = await catalog.listed(read, merchant_id, wanted, None, PRODUCTS_PER_GRID_MAX)
    shop = await sheets.shop_of(read, merchant_id)
    # What does not fit is not fetched: a product of shoes may have dozens of variants.
    before = accumulate((row.skus for row in page.items), initial=0)
    fitting = [row.product_id for row, so_many in zip(page.items, before, strict=False) if so_many <= ROWS_PER_GRID_MAX]
    rows = await sheets.goods(read, shop, fitting)
    cut = page.next is not None or len(fitting) < len(page.items) or len(rows) > ROWS_PER_GRID_MAX
    return Grid(shop=shop, rows=rows[:ROWS_PER_GRID_MAX], cut=cut)


def cell_of(good: Good, column: str) -> str:
    return good.code if column == "code" else good.cells[column]


async def page(visit: Visit, typed: Entries | None = None, errors: dict[str, str] | None = None) -> Response[Any]:
    asked = asked_of(visit.connection.query_params)
    found = await visit.merchant_db.ask(grid, visit.merchant_id, asked)
    return await frame.show(
        visit,
        "product_grid.html",
        frame.PRODUCTS,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Products")), asked.href()), (visit.say(N_("Grid")), None)],
        found=found,
        columns=[(name, visit.say(word), mode) for name, word, mode in COLUMNS],
        cell=cell_of,
        here=asked.href(GRID),
        list_href=asked.href(),
        change_id=ids.mint(),
        typed=typed,
        errors=errors or {},
    )


@get("/products/grid", opt={"permission": "products.edit"})
async def show_grid(visit: NamedDependency[Visit]) -> Response[Any]:
    return await page(visit)


@post("/products/grid", opt={"permission": "products.edit"})
async def save_grid(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """The cells that were changed: `<column>:<sku>`. All of them or none."""
    form = await entries_of(request)
    asked = asked_of(visit.connection.query_params)
    found = await visit.merchant_db.ask(grid, visit.merchant_id, asked)
    rows, errors = changed_rows(form, found)
    if errors:
        return await page(visit, form, {name: visit.say(words) for name, words in errors.items()})
    change_id = ChangeId(form.uuid("change_id"))
    try:
        done = await visit.merchant_db.transact(
            change_at_once, visit.actor, visit.merchant_id, change_id, "grid", "", rows, visit.by
        )
    except Refusal as refusal:
        return await page(visit, form, {"": told(visit, refusal)})
    if not done:
        return redirect(visit, asked.href(GRID), (visit.say(N_("Nothing was to be changed.")), "info"))
    count = sum(len(row.changes) for row in rows)
    return redirect(
        visit,
        asked.href(undo=change_id),
        (visit.say(N_("{count} cells changed."), count=count), "good"),
    )


def changed_rows(form: Entries, found: Grid) -> tuple[list[Row], dict[str, str]]:
    """The rows that say something else than is so, and what is wrong with which cell."""
    rows: list[Row] = []
    errors: dict[str, str] = {}
    for line, good in enumerate(found.rows, 1):
        changes: list[FieldChange] = []
        for column, _, _ in COLUMNS:
            name = f"{column}:{good.sku_id}"
            if not form.all(name):
                continue
            typed, now = form.text(name, most=100), cell_of(good, column)
            was = form.text(f"was:{name}", most=100)
            if form.all(f"was:{name}") and now not in (was, typed):
                errors[name] = N_("A colleague has changed this meanwhile. Save again to keep yours.")
            after, fault = sheets.read_cell(found.shop, column, typed)
            if fault or (not after and column in REQUIRED and now):
                errors[name] = fault or N_("Please fill this in")
            elif after != sheets.read_cell(found.shop, column, now)[0]:
                changes.append(FieldChange(field=column, before=now, after=after))
        if changes:
            rows.append(
                Row(
                    line=line,
                    outcome=Outcome.CHANGED,
                    code=good.code,
                    title=good.title,
                    product_id=good.product_id,
                    sku_id=good.sku_id,
                    changes=changes,
                )
            )
    return rows, errors | _doubled(rows, found.rows)


def _doubled(rows: Sequence[Row], goods: Sequence[Good]) -> dict[str, str]:
    """An article number that another row has."""
    now = {good.sku_id: good.code for good in goods}
    for row in rows:
        for change in row.changes:
            if change.field == "code" and row.sku_id is not None:
                now[row.sku_id] = str(change.after)  # pyright: ignore[reportArgumentType]  # a SkuId by another name
    codes = list(now.values())
    return {
        f"code:{row.sku_id}": N_("This article number is taken")
        for row in rows
        for change in row.changes
        if change.field == "code" and codes.count(str(change.after)) > 1
    }


HANDLERS = [show_grid, save_grid]
