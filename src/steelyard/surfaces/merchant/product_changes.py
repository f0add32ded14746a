"""What staff do to products: save the editor's form, move them on and off the shelf, copy, go back to a version."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import catalog, pricing
from steelyard.goods.catalog.model import (
    CategoryId,
    NewProduct,
    NewSku,
    ProductId,
    SkuId,
)
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor, AuditEntry, AuditFilter
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.editor import Editing, edit_page, editing, seen_now
from steelyard.surfaces.merchant.editor_forms import nothing_new, save, wanted_of
from steelyard.surfaces.web.console import SAVED, done, errors_of, told
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import local_path, redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

SECONDS_DIGITS_MAX = 11
NEEDS = {"permission": "products.edit"}

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
    "withdraw": (catalog.withdraw, N_("{count} taken back from the review.")),
}
IN_REVIEW = N_("The operator looks at it before buyers see it.")
HELD = N_(
    "New products go onto the shelf once whoever leads the shop has agreed to the new rules. Until then they stay drafts."
)
PAPERLESS = N_(
    "It was not put on the shelf: its category needs a paper that is not accepted, or has ended. See Compliance."
)
RESTRICTED = N_(
    "Nothing new goes onto the shelf for now: points or a missing deposit stand against it. See the page Compliance."
)
WAITS = N_("Saved. What buyers rely on waits for the operator; until then they see it as it was approved.")
NOTHING_MOVED = N_(
    "Nothing was changed: a product on the shelf needs an active variant, and only what is off it can be binned."
)


@post("/products/{product_id:uuid}", opt=NEEDS)
async def change_product(
    visit: NamedDependency[Visit], request: WebRequest, product_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Save the whole form; `autosave` answers a script without a page, `action` says what to do after saving."""
    form = await entries_of(request)
    quiet = form.flag("autosave")
    category_id = _category(form)
    found = await visit.merchant_db.ask(editing, visit.merchant_id, product_id, category_id)
    overtaken = await _overtaken(visit, product_id, found.mark, form.text("seen", most=64))
    if overtaken is not None and not _so_already(form, found):
        errors = {"": visit.say(N_("This product was saved in the meantime, by a colleague or in another window."))}
        if quiet:
            return Response({"errors": errors}, status_code=409)
        return await edit_page(visit, product_id, form, errors, overtaken)
    try:
        wanted = wanted_of(form, found)
        waits = await visit.merchant_db.transact(save, visit.actor, visit.merchant_id, found, wanted, visit.by)
        message = (visit.say(WAITS if waits else SAVED), "good")
        if form.text("action") == "on" and not quiet:
            message = await _put_on(visit, product_id)
    except Invalid as refusal:
        errors = errors_of(visit, refusal.fields)
        return (
            Response({"errors": errors}, status_code=422) if quiet else await edit_page(visit, product_id, form, errors)
        )
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        errors = {"": told(visit, refusal)}
        return (
            Response({"errors": errors}, status_code=409) if quiet else await edit_page(visit, product_id, form, errors)
        )
    if quiet:
        return Response({"seen": seen_now(await visit.merchant_db.ask(editing, visit.merchant_id, product_id))})
    return redirect(visit, f"{frame.PRODUCTS}/{product_id}", message)  # pyright: ignore[reportArgumentType]  # a tone


async def _overtaken(visit: Visit, product_id: UUID, now: str, seen: str) -> AuditEntry | None:
    """What was done since the form was shown, by a colleague or in another window. `seen` is the mark of what was shown,
    and when."""
    mark, _, shown_at = seen.partition(".")
    if not mark or mark == now or not shown_at.isdecimal() or len(shown_at) > SECONDS_DIGITS_MAX:
        return None
    since = datetime.fromtimestamp(int(shown_at), UTC)
    which = AuditFilter(subject=str(product_id), since=since)
    found = (await visit.db.ask(access.audit_log, visit.merchant_id, None, 1, which=which)).items
    if found:
        return found[0]
    # A grid, a sheet or the operator: the log knows it by another name.
    return AuditEntry(
        audit_id=product_id,
        at=datetime.now(UTC),
        account_id=None,
        account_name=None,
        merchant_id=visit.merchant_id,
        action="products.change",
        subject=str(product_id),
        facts={},
        changes=[],
        request_id=None,
    )


def _so_already(form: Entries, found: Editing) -> bool:
    """Whether the form asks for what is there, as a second click does."""
    try:
        return nothing_new(wanted_of(form, found), found)
    except Invalid:
        return False


def _category(form: Entries) -> CategoryId | None:
    try:
        return CategoryId(UUID(form.text("category")))
    except ValueError:
        return None


async def _put_on(visit: Visit, product_id: UUID) -> tuple[str, str]:
    found = await visit.merchant_db.transact(publish_one, visit.actor, visit.merchant_id, product_id, visit.by)
    if found.on_shelf:
        return visit.say(N_("It is on the shelf.")), "good"
    if found.held:
        restricted = await visit.merchant_db.ask(merchants.restricted, visit.merchant_id, datetime.now(UTC))
        if restricted:
            return visit.say(RESTRICTED), "warn"
        paperless = await visit.merchant_db.ask(catalog.without_papers, visit.merchant_id, found.held)
        return visit.say(PAPERLESS if paperless else HELD), "warn"
    if found.in_review:
        return visit.say(IN_REVIEW), "good"
    return visit.say(N_("Saved. It was not put on the shelf: it needs an active variant.")), "warn"


async def publish_one(tx: Tx, actor: Actor, merchant_id: MerchantId, product_id: UUID, by: str) -> catalog.Published:
    found = await catalog.publish(tx, merchant_id, [product_id], by)
    for moved in [*found.on_shelf, *found.in_review]:
        await access.audit(tx, actor, "products.on", str(moved))
    return found


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
    if action == "on" and count < len(chosen):
        if await visit.merchant_db.ask(merchants.held_up, visit.merchant_id):
            return redirect(visit, back, (visit.say(HELD), "warn"))
        if await visit.merchant_db.ask(merchants.restricted, visit.merchant_id, datetime.now(UTC)):
            return redirect(visit, back, (visit.say(RESTRICTED), "warn"))
        if await visit.merchant_db.ask(catalog.without_papers, visit.merchant_id, chosen):
            return redirect(visit, back, (visit.say(PAPERLESS), "warn"))
    if not count:
        return redirect(visit, back, (visit.say(NOTHING_MOVED), "warn"))
    return redirect(visit, back, (visit.say(MOVES[action][1], count=count), "good"))


async def copy(tx: Tx, actor: Actor, merchant_id: MerchantId, product_id: UUID, copy_id: ProductId, by: str) -> None:
    """A draft like a product, with article numbers of its own. Said twice with the same id, there is one."""
    product = await catalog.product(tx, product_id)
    merchant = await merchants.get(tx, merchant_id)
    if product is None or product.merchant_id != merchant_id:
        raise NotFound()
    assert merchant is not None
    mark = copy_id.hex[-4:].upper()
    skus = {
        sku.sku_id: NewSku(
            sku_id=SkuId(ids.derived(copy_id, "sku", *map(str, sku.choice))),
            code=f"{sku.code[:90]}-{mark}",
            choice=sku.choice,
            weight_grams=sku.weight_grams,
            picture=sku.picture,
            active=sku.active,
        )
        for sku in product.skus
    }
    words = {"zh-Hans": "（副本）", "en": " (copy)"}
    new = NewProduct(
        product_id=copy_id,
        category_id=product.category_id,
        slug=product.slug,
        title=Text({tongue: said + words.get(tongue, "") for tongue, said in product.title.items()}),
        description=product.description,
        options=product.options,
        attributes=product.attributes,
        facts=product.facts,
        pictures=product.pictures,
        tax_class=product.tax_class,
        skus=list(skus.values()),
    )
    if not await catalog.create_product(tx, merchant_id, new, by):
        return
    prices = await pricing.current(tx, list(skus), merchant.currency)
    if prices:
        await pricing.set_prices(
            tx,
            merchant_id,
            [
                NewPrice(
                    sku_id=skus[sku_id].sku_id,
                    currency=price.currency,
                    amount=price.amount,
                    compare_at=price.compare_at,
                )
                for sku_id, price in prices.items()
            ],
        )
    await access.audit(tx, actor, "products.copy", str(copy_id), {"of": str(product_id)})


@post("/products/{product_id:uuid}/copy", opt=NEEDS)
async def copy_product(visit: NamedDependency[Visit], request: WebRequest, product_id: FromPath[UUID]) -> Redirect:
    form = await entries_of(request)
    copy_id = ProductId(form.uuid("copy_id"))
    return await done(
        visit,
        f"{frame.PRODUCTS}/{copy_id}",
        N_("A draft like it. Give it a title of its own."),
        lambda: visit.merchant_db.transact(copy, visit.actor, visit.merchant_id, product_id, copy_id, visit.by),
    )


HANDLERS = [change_product, move_products, copy_product]
