"""Who changed a product, when, what was before and after; and the way back to a version."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.goods.catalog import Difference, Version
from steelyard.goods.catalog.model import ProductChange
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.editor_forms import difference
from steelyard.surfaces.web.category_names import names_of
from steelyard.surfaces.web.console import done
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.product_words import FIELD_WORDS, said
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "products.edit"}


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    version: Version
    differences: list[Difference]


class History(msgspec.Struct, frozen=True, kw_only=True):
    title: Text
    changes: list[Changed]
    categories: dict[UUID, Text]


async def history(read: Read, merchant_id: MerchantId, product_id: UUID) -> History:
    product = await catalog.product(read, product_id)
    if product is None or product.merchant_id != merchant_id:
        raise NotFound()
    found = await catalog.versions(read, merchant_id, product_id)
    changes = [
        Changed(
            version=version,
            differences=catalog.differences(found[place + 1].what, version.what) if place + 1 < len(found) else [],
        )
        for place, version in enumerate(found)
    ]
    return History(title=product.title, changes=changes, categories=names_of(await catalog.categories(read)))


@get("/products/{product_id:uuid}/history", opt={"permission": "products.read"})
async def product_history(visit: NamedDependency[Visit], product_id: FromPath[UUID]) -> Response[Any]:
    """Who changed what, when; and the way back."""
    found = await visit.merchant_db.ask(history, visit.merchant_id, product_id)
    staff = await visit.db.ask(access.staff, visit.merchant_id)
    here = f"{frame.PRODUCTS}/{product_id}"
    return await frame.show(
        visit,
        "product_history.html",
        frame.PRODUCTS,
        crumbs=[
            (visit.say(N_("Products")), frame.PRODUCTS),
            (found.title.in_language(visit.locale), here),
            (visit.say(N_("History")), None),
        ],
        found=found,
        names={f"staff:{each.account_id}": each.name for each in staff},
        here=here,
        fields={name: visit.say(word) for name, word in FIELD_WORDS.items()},
        said=lambda value: said(visit, found.categories, value),  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    )


async def go_back(tx: Tx, actor: Actor, merchant_id: MerchantId, product_id: UUID, number: int, by: str) -> bool:
    """Let a product say again what it said in a version: words, pictures, facts, category. Variants stay as they are."""
    before = await catalog.product(tx, product_id)
    version = await catalog.version(tx, merchant_id, product_id, number)
    if before is None or version is None:
        raise NotFound()
    what = version.what
    known = await catalog.attributes_of(tx, [what.category_id])
    facts = {
        code: fact
        for code, fact in what.facts.items()
        if not catalog.wrong_facts(known[what.category_id], {code: fact})
    }
    change = ProductChange(
        title=what.title,
        description=what.description,
        slug=what.slug,
        category_id=what.category_id,
        attributes=what.attributes,
        facts=facts,
        tax_class=what.tax_class,
    )
    waits = await catalog.edit(tx, merchant_id, before.product_id, change, by, pictures=what.pictures)
    after = await catalog.product(tx, product_id)
    assert after is not None
    told_of = difference(before, after)
    await access.audit(
        tx,
        actor,
        "products.go_back",
        str(product_id),
        {
            "version": number,
            "before": {k: v[0] for k, v in told_of.items()},
            "after": {k: v[1] for k, v in told_of.items()},
        },
    )
    return waits


@post("/products/{product_id:uuid}/history", opt=NEEDS)
async def restore_version(visit: NamedDependency[Visit], request: WebRequest, product_id: FromPath[UUID]) -> Redirect:
    form = await entries_of(request)
    number = form.number("version", otherwise=0)
    return await done(
        visit,
        f"{frame.PRODUCTS}/{product_id}",
        N_("It says again what it said then. Its variants and prices stay as they are."),
        lambda: visit.merchant_db.transact(go_back, visit.actor, visit.merchant_id, product_id, number, visit.by),
    )


HANDLERS = [product_history, restore_version]
