"""The shop as its merchant decorates it, and the shop's own categories."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from steelyard.goods import search
from steelyard.goods.search.model import GoodsList, Sort
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.operations import merchandising
from steelyard.operations.merchandising.model import SHOP, ShopCategory, ShopCategoryId
from steelyard.parties import access, merchants
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import seen, sort_words
from steelyard.surfaces.web.composing import Place, composer_pages
from steelyard.surfaces.web.console import SAVED, errors_of
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

PERMISSION = "shop.decorate"
NEEDS = {"permission": PERMISSION}
CATEGORIES = f"{frame.HOME}/shop-categories"
PRODUCTS_TYPED_MAX = 20_000
PLACE_MAX = 1_000


def place_of(visit: Visit, name: str) -> Place:
    """The page of the merchant's shop. Raises `NotFound`."""
    if name != SHOP:
        raise NotFound()
    return Place(owner_id=visit.merchant_id, page=SHOP, here=frame.DECORATION, shown_at=f"{frame.HOME}/shop/visit")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    card: ShopCard
    categories: list[ShopCategory]
    products: dict[ShopCategoryId, list[UUID]]
    default: Sort


async def found(read: Read, merchant_id: MerchantId) -> Found:
    categories = await merchandising.shop_categories(read, merchant_id)
    return Found(
        card=(await merchants.cards(read, [merchant_id]))[merchant_id],
        categories=categories,
        products={
            each.shop_category_id: await merchandising.products_of(read, merchant_id, each.shop_category_id)
            for each in categories
        },
        default=await search.default_sort(read, merchant_id, GoodsList.SHOP),
    )


@get("/shop/visit", opt=NEEDS)
async def visit_shop(visit: NamedDependency[Visit]) -> Redirect:
    """The shop as buyers see it; with `draft`, as it would be."""
    card = (await visit.merchant_db.ask(found, visit.merchant_id)).card
    query = visit.connection.url.query
    return redirect(visit, f"/shops/{card.slug}" + (f"?{query}" if query else ""))


def _marks(known: Found) -> dict[ShopCategoryId, str]:
    return {
        each.shop_category_id: seen.mark(each.name, each.place, known.products[each.shop_category_id])
        for each in known.categories
    }


async def page(visit: Visit, typed: Entries | None = None, errors: dict[str, str] | None = None) -> Response[Any]:
    known = await visit.merchant_db.ask(found, visit.merchant_id)
    return await frame.show(
        visit,
        "shop_categories.html",
        frame.DECORATION,
        status=422 if errors else 200,
        found=known,
        seen=_marks(known),
        typed=typed or Entries({}, {}),
        errors=errors or {},
        new_id=ids.mint(),
        sorts=sort_words.choices(visit, GoodsList.SHOP),
    )


@get("/shop-categories", opt=NEEDS)
async def shop_categories(visit: NamedDependency[Visit]) -> Response[Any]:
    return await page(visit)


async def _save(tx: Tx, visit: Visit, form: Entries) -> None:
    of = ShopCategoryId(form.uuid("shop_category_id"))
    name = form.words("name", required=True, most=30)
    place = form.number("place", otherwise=0, most=PLACE_MAX)
    words = form.text("products", most=PRODUCTS_TYPED_MAX).split()
    form.check()
    parts = (as_uuid(part.partition("?")[0]) for word in words for part in word.split("/"))
    products = [each for each in parts if each is not None]
    await seen.hold(tx, f"shop category {of}")
    now = _marks(await found(tx, visit.merchant_id)).get(of)
    if now is not None:
        seen.compare(form, now, seen.mark(name, place, list(dict.fromkeys(products))))
    await merchandising.save_shop_category(tx, visit.merchant_id, of, name, place, products)
    await access.audit(tx, visit.actor, "shop.category", str(of), {"after": {"name": name, "products": len(products)}})


@post("/shop-categories", opt=NEEDS)
async def save_shop_category(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """One of the shop's own categories, with its goods in their order."""
    form = await entries_of(request)
    try:
        await visit.merchant_db.transact(_save, visit, form)
    except Invalid as refusal:
        return await page(visit, form, errors_of(visit, refusal.fields))
    return redirect(visit, CATEGORIES, (visit.say(SAVED), "good"))


async def _remove(tx: Tx, visit: Visit, of: ShopCategoryId) -> None:
    await merchandising.remove_shop_category(tx, visit.merchant_id, of)
    await access.audit(tx, visit.actor, "shop.category_removed", str(of), {})


@post("/shop-categories/remove", opt=NEEDS)
async def remove_shop_category(visit: NamedDependency[Visit], request: WebRequest) -> Redirect:
    """The shop has this category no longer; its goods stay."""
    form = await entries_of(request)
    await visit.merchant_db.transact(_remove, visit, ShopCategoryId(form.uuid("shop_category_id")))
    return redirect(visit, CATEGORIES, (visit.say(SAVED), "good"))


@post("/shop-categories/sort", opt=NEEDS)
async def settle_sort(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """In which sort all goods of the shop are for who chooses none."""
    form = await entries_of(request)
    try:
        await visit.merchant_db.transact(sort_words.settle, visit, visit.merchant_id, (GoodsList.SHOP,), form)
    except Invalid as refusal:
        return await page(visit, form, errors_of(visit, refusal.fields))
    return redirect(visit, CATEGORIES, (visit.say(SAVED), "good"))


HANDLERS = [
    settle_sort,
    visit_shop,
    shop_categories,
    save_shop_category,
    remove_shop_category,
    *composer_pages(frame.show, PERMISSION, place_of, lambda visit: visit.merchant_db, "/decoration/{name:str}"),
]
