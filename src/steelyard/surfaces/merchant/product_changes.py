"""What staff change on products: the description, the variants and prices, the pictures, on and off the shelf."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.goods.catalog.model import PICTURES_PER_PRODUCT_MAX, NewSku, Picture, ProductId
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.files import Files
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame, product_forms
from steelyard.surfaces.merchant.products import edit_page, editing
from steelyard.surfaces.web.console import SAVED, done, errors_of, told
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import local_path, redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "products.edit"}
FILES_PER_UPLOAD_MAX = 10

Move = Callable[[Tx, MerchantId, Sequence[UUID], str], Awaitable[list[ProductId]]]


async def publish(tx: Tx, merchant_id: MerchantId, product_ids: Sequence[UUID], by: str) -> list[ProductId]:
    """Onto the shelf, or first to the operator."""
    found = await catalog.publish(tx, merchant_id, product_ids, by)
    return [*found.on_shelf, *found.in_review]


MOVES: dict[str, tuple[Move, str]] = {
    "on": (publish, N_("{count} put on the shelf.")),
    "off": (catalog.take_off_shelf, N_("{count} taken off the shelf.")),
    "bin": (catalog.bin, N_("{count} put into the bin.")),
    "restore": (catalog.restore, N_("{count} taken out of the bin.")),
}
NOTHING_MOVED = N_(
    "Nothing was changed: a product on the shelf needs an active variant, and only what is off it can be binned."
)


async def _try(
    visit: Visit, product_id: UUID, form: Entries, command: Callable[[], Awaitable[object]]
) -> Response[Any] | Redirect:
    """Run it; what is wrong is shown on the product's page beside what was typed."""
    try:
        await command()
    except Invalid as refusal:
        return await edit_page(visit, product_id, form, errors_of(visit, refusal.fields))
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return await edit_page(visit, product_id, form, {"": told(visit, refusal)})
    return redirect(visit, f"{frame.PRODUCTS}/{product_id}", (visit.say(SAVED), "good"))


@post("/products/{product_id:uuid}", opt=NEEDS)
async def change_product(
    visit: NamedDependency[Visit], request: WebRequest, product_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Change what the product says of itself."""
    form = await entries_of(request)
    return await _try(
        visit,
        product_id,
        form,
        lambda: visit.merchant_db.transact(
            product_forms.change, visit.actor, visit.merchant_id, product_id, product_forms.change_of(form)
        ),
    )


@post("/products/{product_id:uuid}/variants", opt=NEEDS)
async def change_variants(
    visit: NamedDependency[Visit], request: WebRequest, product_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Article numbers, prices, weights, and which variants are sold."""
    form = await entries_of(request)
    found = await visit.merchant_db.ask(editing, visit.merchant_id, product_id)
    return await _try(
        visit,
        product_id,
        form,
        lambda: visit.merchant_db.transact(
            product_forms.change_variants,
            visit.actor,
            visit.merchant_id,
            found.product.product_id,
            product_forms.variants_of(form, found.product, found.currency),
        ),
    )


@post("/products/{product_id:uuid}/more-variants", opt=NEEDS)
async def add_variants(
    visit: NamedDependency[Visit], request: WebRequest, product_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Make variants of the choices that were ticked: `choice` is “0-2”, their article numbers `code:0-2`."""
    form = await entries_of(request)
    found = await visit.merchant_db.ask(editing, visit.merchant_id, product_id)
    skus = [
        NewSku(
            sku_id=product_forms.sku_of(product_id, choice),
            code=form.text(f"code:{name}", required=True, most=100),
            choice=choice,
            weight_grams=found.product.skus[0].weight_grams if found.product.skus else 0,
        )
        for choice in found.missing
        if (name := "-".join(map(str, choice))) in form.all("choice")
    ]
    return await _try(
        visit,
        product_id,
        form,
        lambda: visit.merchant_db.transact(
            product_forms.add_variants, visit.actor, visit.merchant_id, found.product, skus
        ),
    )


async def set_pictures(
    tx: Tx, actor: Actor, merchant_id: MerchantId, product_id: ProductId, pictures: Sequence[Picture]
) -> None:
    await catalog.set_pictures(tx, merchant_id, product_id, pictures)
    await access.audit(tx, actor, "products.pictures", str(product_id), {"pictures": len(pictures)})


@post("/products/{product_id:uuid}/pictures", opt=NEEDS)
async def add_pictures(
    visit: NamedDependency[Visit], request: WebRequest, product_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Put uploaded pictures behind those that are there."""
    form = await entries_of(request)
    found = await visit.merchant_db.ask(editing, visit.merchant_id, product_id)
    store = Files(visit.settings.home)

    async def keep() -> None:
        files = form.files("pictures")[:FILES_PER_UPLOAD_MAX]
        if not files:
            raise Invalid({"pictures": N_("Please choose a picture")})
        named: list[str] = []
        for file in files:
            named.append(await asyncio.to_thread(store.put, await file.read(), file.content_type or ""))
        known = {picture.file for picture in found.product.pictures}
        fresh = [Picture(file=name, alt=found.product.title) for name in dict.fromkeys(named) if name not in known]
        pictures = [*found.product.pictures, *fresh]
        if len(pictures) > PICTURES_PER_PRODUCT_MAX:
            raise Invalid({"pictures": N_("A product has at most 20 pictures")})
        await visit.merchant_db.transact(
            set_pictures, visit.actor, visit.merchant_id, found.product.product_id, pictures
        )

    return await _try(visit, product_id, form, keep)


@post("/products/{product_id:uuid}/picture", opt=NEEDS)
async def change_picture(visit: NamedDependency[Visit], request: WebRequest, product_id: FromPath[UUID]) -> Redirect:
    """Make one picture the main one (`first`), or take it away (`remove`)."""
    form = await entries_of(request)
    found = await visit.merchant_db.ask(editing, visit.merchant_id, product_id)
    first, remove = form.text("first"), form.text("remove")
    rest = [picture for picture in found.product.pictures if picture.file not in (first, remove)]
    pictures = [*(picture for picture in found.product.pictures if picture.file == first and not remove), *rest]
    return await done(
        visit,
        f"{frame.PRODUCTS}/{product_id}",
        SAVED,
        lambda: visit.merchant_db.transact(
            set_pictures, visit.actor, visit.merchant_id, found.product.product_id, pictures
        ),
    )


async def move(tx: Tx, actor: Actor, merchant_id: MerchantId, product_ids: Sequence[UUID], action: str, by: str) -> int:
    moved = await MOVES[action][0](tx, merchant_id, product_ids, by)
    for product_id in moved:
        await access.audit(tx, actor, f"products.{action}", str(product_id))
    return len(moved)


@post("/products/shelf", opt=NEEDS)
async def move_products(visit: NamedDependency[Visit], request: WebRequest) -> Redirect:
    """Put the ticked products on the shelf, take them off, bin or restore them."""
    form = await entries_of(request)
    action = form.text("action")
    back = local_path(form.text("back"), frame.PRODUCTS)
    chosen = form.uuids("product")[:100]
    if action not in MOVES or not chosen:
        return redirect(visit, back, (visit.say(N_("Please tick some products first.")), "warn"))
    count = await visit.merchant_db.transact(move, visit.actor, visit.merchant_id, chosen, action, visit.by)
    if not count:
        return redirect(visit, back, (visit.say(NOTHING_MOVED), "warn"))
    return redirect(visit, back, (visit.say(MOVES[action][1], count=count), "good"))


HANDLERS = [change_product, change_variants, add_variants, add_pictures, change_picture, move_products]
