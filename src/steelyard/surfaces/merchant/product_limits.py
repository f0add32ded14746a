"""What a shop limits of a product: how many a buyer can have, and how many an order needs at least."""

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.goods.catalog import Limited
from steelyard.goods.catalog.model import LIMIT_PIECES_MAX, Limits, Period, ProductView, SkuId
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.console import SAVED, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.limit_words import PERIODS
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "products.edit"}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    product: ProductView
    limited: Limited

    @property
    def mark(self) -> str:
        return mark_of(self.limited)


def mark_of(limited: Limited) -> str:
    said = (limited.product, sorted((str(sku_id), each) for sku_id, each in limited.skus.items()))
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:16]


async def found_of(read: Read, merchant_id: MerchantId, product_id: UUID) -> Found:
    """Raises `NotFound`: another merchant's product is not there."""
    product = await catalog.product(read, product_id)
    if product is None or product.merchant_id != merchant_id:
        raise NotFound()
    return Found(product=product, limited=await catalog.limits_of(read, merchant_id, product_id))


@get("/products/{product_id:uuid}/limits", opt=NEEDS)
async def limits_page(visit: NamedDependency[Visit], product_id: FromPath[UUID]) -> Response[Any]:
    return await _page(visit, product_id, None, {})


async def _page(visit: Visit, product_id: UUID, typed: Entries | None, errors: dict[str, str]) -> Response[Any]:
    found = await visit.merchant_db.ask(found_of, visit.merchant_id, product_id)
    here, title = f"{frame.PRODUCTS}/{product_id}", found.product.title.in_language(visit.locale)
    skus = [sku for sku in found.product.skus if sku.active]
    marks = [""] + [f":{sku.sku_id}" for sku in skus if len(skus) > 1]
    return await frame.show(
        visit,
        "product_limits.html",
        frame.PRODUCTS,
        status=422 if errors else 200,
        crumbs=[
            (visit.say(N_("Products")), frame.PRODUCTS),
            (title, here),
            (visit.say(N_("Purchase limits")), None),
        ],
        product=found.product,
        here=here,
        skus=skus if len(skus) > 1 else [],
        values={mark: _typed(typed, mark) if typed else _said(_limits(found.limited, mark)) for mark in marks},
        errors=errors,
        periods=[(str(period), visit.say(word)) for period, word in PERIODS.items()],
        seen=found.mark,
    )


def _limits(limited: Limited, mark: str) -> Limits | None:
    return limited.skus.get(SkuId(UUID(mark[1:]))) if mark else limited.product


def _said(limits: Limits | None) -> Mapping[str, Any]:
    each = limits or Limits()
    return {
        "per_buyer": each.per_buyer or "",
        "period": str(each.period),
        "per_order": each.per_order or "",
        "least": each.least or "",
    }


def _typed(form: Entries, mark: str) -> Mapping[str, Any]:
    return {name: form.text(f"{name}{mark}") for name in ("per_buyer", "period", "per_order", "least")}


@post("/products/{product_id:uuid}/limits", opt=NEEDS)
async def set_limits(
    visit: NamedDependency[Visit], request: WebRequest, product_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """All of them at once; empty fields limit nothing. A second click changes nothing more."""
    form = await entries_of(request)
    try:
        wanted = wanted_of(form)
        form.check()
        await visit.merchant_db.transact(
            limit, visit.actor, visit.merchant_id, product_id, wanted, form.text("seen", most=64)
        )
    except Invalid as refusal:
        return await _page(visit, product_id, form, errors_of(visit, refusal.fields))
    return redirect(visit, f"{frame.PRODUCTS}/{product_id}/limits", (visit.say(SAVED), "good"))


def wanted_of(form: Entries) -> Limited:
    """What the form asks for; what cannot be read is noted in it."""
    skus: dict[SkuId, Limits] = {}
    for key in form.names("per_buyer:"):
        try:
            sku_id = SkuId(UUID(key))
        except ValueError:
            continue
        said = _read(form, f":{key}")
        if said is not None:
            skus[sku_id] = said
    return Limited(product=_read(form, ""), skus=skus)


def _read(form: Entries, mark: str) -> Limits | None:
    per_buyer, per_order, least = (
        form.number(f"{name}{mark}", otherwise=0, most=LIMIT_PIECES_MAX) or None
        for name in ("per_buyer", "per_order", "least")
    )
    if per_buyer is None and per_order is None and (least is None or least == 1):
        return None
    period = next((each for each in Period if each == form.text(f"period{mark}")), Period.EVER)
    return Limits(
        per_order=per_order,
        per_buyer=per_buyer,
        period=period if per_buyer is not None else Period.EVER,
        least=least if least != 1 else None,
    )


async def limit(
    tx: Tx, actor: Actor, merchant_id: MerchantId, product_id: UUID, wanted: Limited, seen: str = ""
) -> None:
    """Raises `NotFound`, and `Invalid` also when a colleague was faster."""
    before = await catalog.limit(tx, merchant_id, product_id, wanted)
    if before == wanted:
        return
    if seen and seen != mark_of(before):
        raise Invalid({"per_buyer": N_("A colleague has changed this meanwhile. Save again to keep yours.")})
    await access.audit(
        tx, actor, "products.limit", str(product_id), before=_told(before), after=_told(wanted)
    )  # fmt: skip


def _told(limited: Limited) -> dict[str, object]:
    parts = {"limits": limited.product, **{f"limits of {key}": each for key, each in limited.skus.items()}}
    return {name: msgspec.to_builtins(each) for name, each in parts.items() if each is not None}


HANDLERS = [limits_page, set_limits]
