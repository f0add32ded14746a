"""What the shop has promised: what must leave by when, what broken promises cost, and what it promises with each product."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductView
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.logistics import fulfilment
from steelyard.logistics.fulfilment import ToLeave
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import exports, promise_words
from steelyard.surfaces.web.console import ROWS_PER_PAGE, SAVED, address, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import orders, promises
from steelyard.trade.orders.model import Order
from steelyard.trade.promises import Limits, Listed, Paid, PaidKind, PaidSum, PaidWanted

READS = {"permission": "orders.read"}
EDITS = {"permission": "products.edit"}
TO_LEAVE_SHOWN = 20
FALLEN_SHOWN = 20
SUMMED_DAYS = 30
FILE_DAYS = 730


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """`codes` are of the orders that are still to leave."""

    limits: Limits
    to_leave: list[ToLeave]
    codes: Mapping[UUID, Order]
    listed: Page[Listed]
    sums: list[PaidSum]
    fallen: list[Paid]


async def found(read: Read, merchant_id: MerchantId, cursor: str | None) -> Found:
    protections = msgspec.structs.replace(wanted_of(merchant_id, FILE_DAYS), kind=PaidKind.PRICE_PROTECTION)
    to_leave = await fulfilment.to_leave(read, merchant_id, TO_LEAVE_SHOWN)
    known = await orders.of_merchant(read, merchant_id, [each.order_id for each in to_leave])
    return Found(
        limits=await promises.limits(read, merchant_id),
        to_leave=to_leave,
        codes={order.order_id: order for order in known},
        listed=await promises.listed(read, merchant_id, cursor, ROWS_PER_PAGE),
        sums=await promises.paid_sums(read, wanted_of(merchant_id, SUMMED_DAYS)),
        fallen=(await promises.paid(read, protections, limit=FALLEN_SHOWN)).items,
    )


def wanted_of(merchant_id: MerchantId, days: int) -> PaidWanted:
    """What the shop has paid in the last days."""
    now = datetime.now(UTC)
    return PaidWanted(since=now - timedelta(days=days), until=now, merchant_ids=[merchant_id])


async def everything(read: Read, merchant_id: MerchantId) -> list[Paid]:
    wanted = wanted_of(merchant_id, FILE_DAYS)
    return await exports.everything(lambda cursor: promises.paid(read, wanted, cursor, ITEMS_PER_PAGE_MAX))


@get("/promises", opt=READS)
async def promise_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """What must leave by when, and what broken promises have cost; as a file with `?format=csv`."""
    if exports.wanted(visit):
        return promise_words.paid_file(visit, await visit.merchant_db.ask(everything, visit.merchant_id), {})
    known = await visit.merchant_db.ask(found, visit.merchant_id, cursor)
    following = known.listed.next
    return await frame.show(
        visit,
        "promises.html",
        frame.PROMISES,
        found=known,
        now=datetime.now(UTC),
        words=promise_words,
        summed_days=SUMMED_DAYS,
        next_href=address(frame.PROMISES, cursor=following) if following else "",
        start_href=frame.PROMISES if cursor else "",
    )


class One(msgspec.Struct, frozen=True, kw_only=True):
    product: ProductView
    limits: Limits


async def one(read: Read, merchant_id: MerchantId, product_id: UUID) -> One:
    """Raises `NotFound`: another merchant's product is not there."""
    product = await catalog.product(read, product_id)
    if product is None or product.merchant_id != merchant_id:
        raise NotFound()
    return One(product=product, limits=await promises.limits(read, merchant_id))


@get("/products/{product_id:uuid}/promises", opt=EDITS)
async def promise_form(visit: NamedDependency[Visit], product_id: FromPath[UUID]) -> Response[Any]:
    """What the shop promises with a product and its variants."""
    return await _form(visit, product_id)


async def _form(
    visit: Visit, product_id: UUID, form: Entries | None = None, errors: Mapping[str, str] | None = None
) -> Response[Any]:
    known = await visit.merchant_db.ask(one, visit.merchant_id, product_id)
    own = f"{frame.PRODUCTS}/{product_id}"
    return await frame.show(
        visit,
        "product_promises.html",
        frame.PRODUCTS,
        crumbs=[
            (visit.say(N_("Products")), frame.PRODUCTS),
            (known.product.title.in_language(visit.locale), own),
            (visit.say(N_("Promises")), None),
        ],
        status=422 if errors else 200,
        own=own,
        found=known,
        form=form,
        errors=errors or {},
        words=promise_words,
    )


async def promise(tx: Tx, actor: Actor, merchant_id: MerchantId, product_id: UUID, form: Entries) -> None:
    known = (await one(tx, merchant_id, product_id)).product

    def hours(name: str) -> int | None:
        return form.number(name) if form.text(name) else None

    ship_hours = hours("ship_hours")
    of_variants: dict[UUID, int | None] = {
        sku.sku_id: hours(f"hours-{sku.sku_id}") for sku in known.skus if sku.active and len(known.skus) > 1
    }
    times = form.number("authentic_times", otherwise=0)
    form.check()
    free = form.flag("free_returns")
    await promises.promise(tx, merchant_id, product_id, ship_hours, of_variants, times, free_returns=free)
    before = {
        "ship_hours": known.ship_hours,
        "authentic_times": known.authentic_times,
        "free_returns": known.free_returns,
    }
    before |= {sku.code: sku.ship_hours for sku in known.skus if sku.sku_id in of_variants}
    after = {"ship_hours": ship_hours, "authentic_times": times, "free_returns": free}
    after |= {sku.code: of_variants[sku.sku_id] for sku in known.skus if sku.sku_id in of_variants}
    if before != after:
        await access.audit(tx, actor, "products.promise", str(product_id), before=before, after=after)


@post("/products/{product_id:uuid}/promises", opt=EDITS)
async def promised(
    visit: NamedDependency[Visit], request: WebRequest, product_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Orders placed from now on are under it."""
    form = await entries_of(request)
    try:
        await visit.merchant_db.transact(promise, visit.actor, visit.merchant_id, product_id, form)
    except NotFound:
        raise
    except Invalid as refusal:
        return await _form(visit, product_id, form, errors_of(visit, refusal.fields))
    return redirect(visit, f"{frame.PRODUCTS}/{product_id}/promises", (visit.say(SAVED), "good"))


HANDLERS = [promise_list, promise_form, promised]
