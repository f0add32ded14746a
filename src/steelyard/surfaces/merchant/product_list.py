"""The list of products with its filters, and what is done to the ticked ones: moved, classed, priced, with a way back."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from steelyard.channels import sheets
from steelyard.channels.sheets.model import ChangeId, FieldChange, Outcome, Row
from steelyard.goods import catalog, inventory, pricing
from steelyard.goods.catalog import Narrowing
from steelyard.goods.catalog.model import Category, ProductId, ProductRow, ProductState
from steelyard.goods.pricing.model import Price
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import minor_digits
from steelyard.kernel.paging import Page
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.editor import category_choices, tax_choices
from steelyard.surfaces.merchant.product_changes import MOVES, NOTHING_MOVED, move
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import local_path, redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

TABS: dict[str, tuple[str, ProductState | None]] = {
    "all": (N_("All"), None),
    "on_shelf": (N_("On the shelf"), ProductState.ON_SHELF),
    "off_shelf": (N_("Off the shelf"), ProductState.OFF_SHELF),
    "draft": (N_("Drafts"), ProductState.DRAFT),
    "in_review": (N_("In review"), ProductState.IN_REVIEW),
    "sent_back": (N_("Sent back"), ProductState.SENT_BACK),
    "binned": (N_("In the bin"), ProductState.BINNED),
}
TRAITS = (
    ("low", N_("Low stock")),
    ("incomplete", N_("Incomplete")),
    ("proposed", N_("Change in review")),
    ("scheduled", N_("Scheduled")),
)
ROUNDINGS = (("none", N_("as it comes")), ("whole", N_("to whole")), ("nine", N_("to … .9")), ("99", N_("to … .99")))
PRODUCTS_PER_ACTION_MAX = 100
PERCENT_MAX = 1_000


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the address asks for. `trait` is one of `TRAITS`."""

    tab: str
    text: str
    category: str
    trait: str
    sort: str

    def href(self, path: str = frame.PRODUCTS, **other: object) -> str:
        said = {"state": self.tab, "q": self.text, "category": self.category, "trait": self.trait, "sort": self.sort}
        return address(path, **({name: what for name, what in said.items() if what not in ("all", "")} | other))


def asked_of(query: Mapping[str, str]) -> Asked:
    tab, trait = query.get("state", "all"), query.get("trait", "")
    return Asked(
        tab=tab if tab in TABS else "all",
        text=query.get("q", "").strip()[:100],
        category=query.get("category", "") if as_uuid(query.get("category", "")) else "",
        trait=trait if trait in dict(TRAITS) else "",
        sort="oldest" if query.get("sort") == "oldest" else "",
    )


async def narrowing(read: Read, merchant_id: MerchantId, asked: Asked) -> Narrowing:
    only: list[ProductId] | None = None
    if asked.trait == "low":
        levels = await inventory.running_low(read, merchant_id, limit=100)
        only = await catalog.product_ids(read, merchant_id, {level.sku_id for level in levels.items})
    return Narrowing(
        state=TABS[asked.tab][1],
        text=asked.text,
        category_id=as_uuid(asked.category),
        incomplete=asked.trait == "incomplete",
        proposed=asked.trait == "proposed",
        scheduled=asked.trait == "scheduled",
        only=only,
        oldest=asked.sort == "oldest",
    )


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """`prices`: lowest and highest of a product's variants; `free`: pieces that can be sold now."""

    page: Page[ProductRow]
    prices: dict[ProductId, tuple[Price, Price] | None]
    free: dict[ProductId, int]
    categories: list[Category]


async def listed(read: Read, merchant_id: MerchantId, asked: Asked, cursor: str | None) -> Listed:
    wanted = await narrowing(read, merchant_id, asked)
    page = await catalog.listed(read, merchant_id, wanted, cursor, ROWS_PER_PAGE)
    skus = await catalog.sku_ids_of(read, merchant_id, [row.product_id for row in page.items])
    every = [sku_id for of_one in skus.values() for sku_id in of_one]
    prices = await pricing.current_at_home(read, every)
    free = await inventory.available(read, every)
    return Listed(
        page=page,
        prices={
            product_id: _span([prices[sku] for sku in of_one if sku in prices]) for product_id, of_one in skus.items()
        },
        free={product_id: sum(free[sku] for sku in of_one) for product_id, of_one in skus.items()},
        categories=await catalog.categories(read),
    )


def _span(prices: Sequence[Price]) -> tuple[Price, Price] | None:
    if not prices:
        return None
    return min(prices, key=lambda price: price.amount), max(prices, key=lambda price: price.amount)


@get("/products", opt={"permission": "products.read"})
async def product_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """The shop's products, the last changed first."""
    asked = asked_of(visit.connection.query_params)
    shown = await visit.merchant_db.ask(listed, visit.merchant_id, asked, cursor)
    return await frame.show(
        visit,
        "products.html",
        frame.PRODUCTS,
        shown=shown,
        asked=asked,
        tabs=[
            {
                "label": visit.say(word),
                "href": msgspec.structs.replace(asked, tab=key).href(),
                "current": key == asked.tab,
            }
            for key, (word, _) in TABS.items()
        ],
        traits=[(key, visit.say(word)) for key, word in TRAITS],
        categories=category_choices(visit, shown.categories),
        tax_classes=tax_choices(visit),
        roundings=[(key, visit.say(word)) for key, word in ROUNDINGS],
        score=catalog.score,
        change_id=ids.mint(),
        here=asked.href(),
        grid_href=asked.href(f"{frame.PRODUCTS}/grid"),
        export=lambda kind: asked.href(f"{frame.PRODUCTS}/export", format=kind),  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
        undo=as_uuid(visit.connection.query_params.get("undo", "")),
        next_href=asked.href(cursor=shown.page.next) if shown.page.next else "",
        start_href=asked.href() if cursor else "",
    )


@post("/products/bulk", opt={"permission": "products.edit"})
async def act(visit: NamedDependency[Visit], request: WebRequest) -> Redirect:
    """Do one thing to the ticked products: `action` is a move, `category`, `tax` or `price`."""
    form = await entries_of(request)
    action = form.text("action")
    back = local_path(form.text("back"), frame.PRODUCTS)
    chosen = form.uuids("product")[:PRODUCTS_PER_ACTION_MAX]
    if not chosen:
        return redirect(visit, back, (visit.say(N_("Please tick some products first.")), "warn"))
    if action in MOVES:
        count = await visit.merchant_db.transact(move, visit.actor, visit.merchant_id, chosen, action, visit.by)
        message = visit.say(MOVES[action][1], count=count) if count else visit.say(NOTHING_MOVED)
        return redirect(visit, back, (message, "good" if count else "warn"))
    change_id = ChangeId(form.uuid("change_id"))
    try:
        rows = await visit.merchant_db.ask(planned, visit.merchant_id, form, action, chosen)
        done = await visit.merchant_db.transact(
            change_at_once, visit.actor, visit.merchant_id, change_id, "action", action, rows, visit.by
        )
    except Invalid as refusal:
        words = "; ".join(str(visit.say(str(what))) for what in refusal.fields.values())
        return redirect(visit, back, (words, "bad"))
    if not done:
        return redirect(visit, back, (visit.say(N_("Nothing was to be changed.")), "info"))
    parted = "&" if "?" in back else "?"
    message = visit.say(N_("{count} variants changed."), count=len(rows))
    return redirect(visit, f"{back}{parted}undo={change_id}", (message, "good"))


async def change_at_once(
    tx: Tx,
    actor: Actor,
    merchant_id: MerchantId,
    change_id: ChangeId,
    kind: str,
    name: str,
    rows: Sequence[Row],
    by: str,
) -> bool:
    if not await sheets.change_at_once(tx, merchant_id, change_id, kind, name, rows, by):
        return False
    changes = {f"{row.code} {change.field}": change for row in rows[:100] for change in row.changes}
    facts = {
        "change": str(change_id),
        "before": {key: change.before for key, change in changes.items()},
        "after": {key: change.after for key, change in changes.items()},
    }
    await access.audit(tx, actor, f"products.{kind}", name, facts)
    return True


async def planned(read: Read, merchant_id: MerchantId, form: Entries, action: str, chosen: Sequence[UUID]) -> list[Row]:
    """What an action would change, variant by variant. Raises `Invalid`."""
    shop = await sheets.shop_of(read, merchant_id)
    goods = await sheets.goods(read, shop, chosen)
    match action:
        case "category":
            wanted = as_uuid(form.text("category"))
            slug = next((slug for slug, each in shop.categories.items() if each.category_id == wanted), None)
            if slug is None:
                raise Invalid({"category": N_("Please choose a category")})
            cells = [("category", slug)] * len(goods)
        case "tax":
            cells = [("tax_class", form.text("tax_class"))] * len(goods)
        case "price":
            cells = [("price", new_price(form, good.cells["price"], shop.currency)) for good in goods]
        case _:
            raise Invalid({"action": N_("Please choose what to do")})
    return [
        Row(
            line=line,
            outcome=Outcome.CHANGED,
            code=good.code,
            title=good.title,
            product_id=good.product_id,
            sku_id=good.sku_id,
            changes=[FieldChange(field=column, before=good.cells[column], after=cell)],
        )
        for line, (good, (column, cell)) in enumerate(zip(goods, cells, strict=True), 1)
        if cell and cell != good.cells[column]
    ]


def new_price(form: Entries, cell: str, currency: str) -> str:
    """A price moved by `by`, an amount or (with `unit=percent`) so many percent, and rounded. Raises `Invalid`."""
    try:
        by = Decimal(form.text("by").replace(",", "").replace("%", ""))
    except ArithmeticError as error:
        raise Invalid({"by": N_("Please enter an amount such as 12.50")}) from error
    if not by.is_finite() or abs(by) > (PERCENT_MAX if form.text("unit") == "percent" else 10**9):
        raise Invalid({"by": N_("Please enter an amount such as 12.50")})
    if not cell:
        return ""
    now = Decimal(cell)
    moved = now * (100 + by) * Decimal("0.01") if form.text("unit") == "percent" else now + by
    smallest = Decimal(1).scaleb(-minor_digits(currency))
    moved = max(moved, smallest)
    match form.text("rounding"):
        case "whole":
            moved = max(moved.quantize(Decimal(1), ROUND_HALF_UP), Decimal(1))
        case "nine":
            moved = max(moved.quantize(Decimal(1), ROUND_CEILING), Decimal(1)) - Decimal("0.1")
        case "99":
            moved = max(moved.quantize(Decimal(1), ROUND_CEILING), Decimal(1)) - Decimal("0.01")
        case _:
            pass
    return str(moved.quantize(smallest, ROUND_FLOOR))


HANDLERS = [product_list, act]
