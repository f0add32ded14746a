"""A product's pictures: uploaded several at once, made small and clean, ordered, named, taken away and put back."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.goods.catalog.model import PICTURES_PER_PRODUCT_MAX, Picture, ProductChange, ProductId
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.files import Files
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.editor import Editing, edit_page, editing
from steelyard.surfaces.web.console import SAVED, errors_of, told
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.pictures import keep_picture
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "products.edit"}
FILES_PER_UPLOAD_MAX = 20


async def set_pictures(
    tx: Tx,
    actor: Actor,
    merchant_id: MerchantId,
    product_id: ProductId,
    before: Sequence[Picture],
    pictures: Sequence[Picture],
    by: str,
) -> bool:
    waits = await catalog.edit(tx, merchant_id, product_id, ProductChange(), by, pictures=pictures)
    await access.audit(
        tx,
        actor,
        "products.pictures",
        str(product_id),
        {
            "before": {"pictures": [picture.file for picture in before]},
            "after": {"pictures": [picture.file for picture in pictures]},
        },
    )
    return waits


@post("/products/{product_id:uuid}/pictures", opt=NEEDS)
async def add_pictures(
    visit: NamedDependency[Visit], request: WebRequest, product_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Put uploaded pictures behind those that are there. `script` answers without a page."""
    form = await entries_of(request)
    found = await visit.merchant_db.ask(editing, visit.merchant_id, product_id)
    try:
        pictures = await _uploaded(visit, form, found)
        await _write(visit, found, pictures)
    except Invalid as refusal:
        errors = errors_of(visit, refusal.fields)
        if form.flag("script"):
            return Response({"error": next(iter(errors.values()))}, status_code=422)
        return await edit_page(visit, product_id, form, errors)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        if form.flag("script"):
            return Response({"error": told(visit, refusal)}, status_code=422)
        return await edit_page(visit, product_id, form, {"pictures": told(visit, refusal)})
    if form.flag("script"):
        return Response(None, status_code=204)
    return redirect(visit, f"{frame.PRODUCTS}/{product_id}#pictures", (visit.say(SAVED), "good"))


async def _uploaded(visit: Visit, form: Entries, found: Editing) -> list[Picture]:
    store = Files(visit.settings.home)
    files = form.files("pictures")[:FILES_PER_UPLOAD_MAX]
    if not files:
        raise Invalid({"pictures": N_("Please choose a picture")})
    named: list[str] = []
    for file in files:
        content = await file.read()
        named.append(await keep_picture(store, content, file.content_type or ""))
    there = found.shown.pictures
    known = {picture.file for picture in there}
    pictures = [
        *there,
        *(Picture(file=name, alt=found.shown.title) for name in dict.fromkeys(named) if name not in known),
    ]
    if len(pictures) > PICTURES_PER_PRODUCT_MAX:
        raise Invalid({"pictures": N_("A product has at most 20 pictures")})
    return pictures


async def _write(visit: Visit, found: Editing, pictures: Sequence[Picture]) -> bool:
    return await visit.merchant_db.transact(
        set_pictures,
        visit.actor,
        visit.merchant_id,
        found.product.product_id,
        found.shown.pictures,
        pictures,
        visit.by,
    )


@post("/products/{product_id:uuid}/picture", opt=NEEDS)
async def change_pictures(
    visit: NamedDependency[Visit], request: WebRequest, product_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Order and name the pictures: `file` in their order with `alt_zh` and `alt_en`, and one of `first`, `earlier`,
    `later`, `remove`, `put_back` (a file and its place)."""
    form = await entries_of(request)
    found = await visit.merchant_db.ask(editing, visit.merchant_id, product_id)
    pictures = arranged(form, found.shown.pictures)
    removed = form.text("remove")
    if pictures != found.shown.pictures:
        try:
            await _write(visit, found, pictures)
        except Refusal as refusal:
            return redirect(visit, f"{frame.PRODUCTS}/{product_id}", (told(visit, refusal), "bad"))
    if form.flag("script"):
        return Response(None, status_code=204)
    query = ""
    if removed:
        place = next((n for n, each in enumerate(found.shown.pictures) if each.file == removed), 0)
        query = f"?removed={removed}:{place}"
    return redirect(visit, f"{frame.PRODUCTS}/{product_id}{query}#pictures", (visit.say(SAVED), "good"))


def arranged(form: Entries, there: Sequence[Picture]) -> list[Picture]:
    """The pictures as the form has them; what it does not name stays behind."""
    known = {picture.file: picture for picture in there}
    columns = (form.all("file"), form.all("alt_zh"), form.all("alt_en"))
    named = [
        Picture(file=file, alt=Text({tongue: words for tongue, words in (("zh-Hans", zh), ("en", en)) if words}))
        for file, zh, en in zip(*columns, strict=False)
        if file in known
    ]
    listed = {picture.file for picture in named}
    pictures = [*named, *(picture for picture in there if picture.file not in listed)]
    put_back, _, place = form.text("put_back").partition(":")
    if put_back and put_back not in known and Files.is_name(put_back):
        pictures.insert(int(place) if place.isdecimal() and len(place) < 3 else 0, Picture(file=put_back))
    for word, by in (("first", -len(pictures)), ("earlier", -1), ("later", 1)):
        wanted = form.text(word)
        at = next((n for n, each in enumerate(pictures) if each.file == wanted), None)
        if at is not None:
            pictures.insert(max(0, at + by), pictures.pop(at))
    removed = form.text("remove")
    return [picture for picture in pictures if picture.file != removed]


HANDLERS = [add_pictures, change_pictures]
