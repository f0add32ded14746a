"""Products: the list by state with bulk moves, making one, and the page on which it is changed."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog, inventory, pricing, warehouses
from steelyard.goods.catalog.model import Category, ProductId, ProductRow, ProductState
from steelyard.goods.pricing.model import Price
from steelyard.goods.warehouses.model import Warehouse
from steelyard.kernel import ids
from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame, product_forms
from steelyard.surfaces.merchant.editor import category_choices, tax_choices
from steelyard.surfaces.web.console import ROWS_PER_PAGE, InState, address, errors_of, told
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
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


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """`prices`: lowest and highest of a product's variants; `free`: pieces that can be sold now."""

    page: Page[ProductRow]
    prices: dict[ProductId, tuple[Price, Price] | None]
    free: dict[ProductId, int]


async def listed(
    read: Read, merchant_id: MerchantId, state: ProductState | None, text: str, cursor: str | None
) -> Listed:
    page = await catalog.products_page(read, merchant_id, state, text, cursor, limit=ROWS_PER_PAGE)
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
    )


def _span(prices: Sequence[Price]) -> tuple[Price, Price] | None:
    if not prices:
        return None
    return min(prices, key=lambda price: price.amount), max(prices, key=lambda price: price.amount)


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    currency: str
    categories: list[Category]
    warehouses: list[Warehouse]


async def beginning(read: Read, merchant_id: MerchantId) -> Beginning:
    merchant = await merchants.get(read, merchant_id)
    assert merchant is not None
    return Beginning(
        currency=merchant.currency,
        categories=await catalog.categories(read),
        warehouses=[each for each in await warehouses.of_merchant(read, merchant_id) if each.open],
    )


@get("/products", opt={"permission": "products.read"})
async def product_list(
    visit: NamedDependency[Visit],
    wanted: InState = None,
    q: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[Any]:
    """The shop's products, the last changed first."""
    tab, text = wanted if wanted in TABS else "all", (q or "").strip()
    shown = await visit.merchant_db.ask(listed, visit.merchant_id, TABS[tab][1], text, cursor)
    return await frame.show(
        visit,
        "products.html",
        frame.PRODUCTS,
        shown=shown,
        tab=tab,
        text=text,
        tabs=[
            {"label": visit.say(word), "href": address(frame.PRODUCTS, state=key, q=text), "current": key == tab}
            for key, (word, _) in TABS.items()
        ],
        next_href=address(frame.PRODUCTS, state=tab, q=text, cursor=shown.page.next) if shown.page.next else "",
        start_href=address(frame.PRODUCTS, state=tab, q=text) if cursor else "",
    )


async def new_page(visit: Visit, typed: Entries | None = None, errors: dict[str, str] | None = None) -> Response[Any]:
    found = await visit.merchant_db.ask(beginning, visit.merchant_id)
    return await frame.show(
        visit,
        "product_new.html",
        frame.PRODUCTS,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Products")), frame.PRODUCTS), (visit.say(N_("New product")), None)],
        found=found,
        categories=category_choices(visit, found.categories),
        tax_classes=tax_choices(visit),
        typed=typed or Entries({}, {}),
        errors=errors or {},
        product_id=ids.mint(),
    )


@get("/products/new", opt={"permission": "products.edit"})
async def new_product(visit: NamedDependency[Visit]) -> Response[Any]:
    return await new_page(visit)


@post("/products/new", opt={"permission": "products.edit"})
async def make_product(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Make a product with a variant for every choice of its options. A second click makes nothing more."""
    form = await entries_of(request)
    try:
        currency = (await visit.merchant_db.ask(beginning, visit.merchant_id)).currency
        wanted = product_forms.new_product(form, currency, visit.locale)
        await visit.merchant_db.transact(product_forms.make, visit.actor, visit.merchant_id, wanted, visit.by)
    except Invalid as refusal:
        return await new_page(visit, form, errors_of(visit, refusal.fields))
    except Refusal as refusal:
        return await new_page(visit, form, {"code": told(visit, refusal)})
    message = visit.say(N_("The product is made. Check its variants, add pictures, and put it on the shelf."))
    return redirect(visit, f"{frame.PRODUCTS}/{wanted.product.product_id}", (message, "good"))


HANDLERS = [product_list, new_product, make_product]
