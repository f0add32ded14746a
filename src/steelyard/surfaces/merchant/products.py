"""Making a product, with a variant for every choice of its options."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from steelyard.goods import catalog, warehouses
from steelyard.goods.catalog.model import Category
from steelyard.goods.warehouses.model import Warehouse
from steelyard.kernel import ids
from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame, product_forms
from steelyard.surfaces.merchant.editor import category_choices, tax_choices
from steelyard.surfaces.web.console import errors_of, told
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest


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


HANDLERS = [new_product, make_product]
