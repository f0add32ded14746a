"""The page on which a product is made good: its words, facts, variants, pictures, times, and what it still lacks."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from steelyard.goods import catalog, inventory, pricing
from steelyard.goods.catalog import CategoryAttribute, Review
from steelyard.goods.catalog.model import Category, CategoryId, ProductView, SkuId
from steelyard.goods.pricing.model import Price
from steelyard.kernel import ids
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.parties import merchants
from steelyard.parties.access.model import AuditEntry
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.components.page import TIMEZONE
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import posters
from steelyard.surfaces.web.entries import Entries
from steelyard.surfaces.web.moments import local_time
from steelyard.surfaces.web.product_words import reason_lines
from steelyard.surfaces.web.seals import seal
from steelyard.surfaces.web.visit import Visit, WebRequest

ZONE = ZoneInfo(TIMEZONE)
TAX_CLASSES = (
    ("standard", N_("Standard rate")),
    ("reduced", N_("Reduced rate")),
    ("zero", N_("Zero-rated")),
    ("exempt", N_("Exempt")),
)
BLANK_VALUES = 2

# What each gap is called, and the section where it is mended.
GAP_WORDS: Mapping[str, tuple[str, str]] = {
    "title_zh": (N_("Give it a Chinese title"), "title_zh"),
    "title_en": (N_("Give it an English title"), "title_en"),
    "description_zh": (N_("Describe it in Chinese"), "description_zh"),
    "description_en": (N_("Describe it in English"), "description_en"),
    "picture": (N_("Add a picture"), "pictures"),
    "pictures": (N_("Show it from at least three sides"), "pictures"),
    "alt": (N_("Say in words what the pictures show"), "pictures"),
    "facts": (N_("Fill in the required attributes"), "facts"),
    "weight": (N_("Say what each variant weighs"), "variants"),
    "price": (N_("Give each variant a price"), "variants"),
}


class Editing(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows. `shown` is the product as the merchant last said it: with what waits for the operator in the
    place of what is on sale."""

    product: ProductView
    shown: ProductView
    currency: str
    prices: dict[SkuId, Price]
    costs: dict[SkuId, int]
    free: dict[SkuId, int]
    categories: list[Category]
    attributes: list[CategoryAttribute]
    waiting: Review | None
    sent_back: Review | None
    gaps: list[str]

    @property
    def score(self) -> int:
        return catalog.score(self.product.gaps) if "price" not in self.gaps else catalog.score(self.product.gaps) // 2

    @property
    def mark(self) -> str:
        """Stands for all that the form shows: another mark, another's change. What time changes is not in it."""
        product = self.shown
        said = (
            product.title, product.description, product.slug, product.category_id, product.tax_class, product.facts,
            product.attributes, product.options, product.skus, sorted(self.prices.items()),
            sorted(self.costs.items()),
        )  # fmt: skip
        return sha256(msgspec.json.encode(said, order="sorted")).hexdigest()[:32]


async def editing(
    read: Read, merchant_id: MerchantId, product_id: UUID, category_id: CategoryId | None = None
) -> Editing:
    """Raises `NotFound`: another merchant's product is not there."""
    product = await catalog.product(read, product_id)
    merchant = await merchants.get(read, merchant_id)
    if product is None or product.merchant_id != merchant_id:
        raise NotFound()
    assert merchant is not None
    sku_ids = [sku.sku_id for sku in product.skus]
    prices = await pricing.current(read, sku_ids, merchant.currency)
    reviews = await catalog.reviews_of(read, merchant_id, product_id)
    last = reviews[0] if reviews else None
    waiting = last if last and last.state == "waiting" else None
    shown = _as_said(product, waiting)
    category = category_id or shown.category_id
    priceless = any(sku.active and sku.sku_id not in prices for sku in product.skus)
    return Editing(
        product=product,
        shown=shown,
        currency=merchant.currency,
        prices=prices,
        costs=await pricing.costs_of(read, merchant_id, sku_ids, merchant.currency),
        free=await inventory.available(read, sku_ids),
        categories=await catalog.categories(read),
        attributes=(await catalog.attributes_of(read, [category]))[category],
        waiting=waiting,
        sent_back=last if last and last.state == "sent_back" else None,
        gaps=[*(["price"] if priceless else []), *product.gaps],
    )


def seen_now(found: Editing) -> str:
    """The mark of what is shown, and when it was."""
    return f"{found.mark}.{int(datetime.now(UTC).timestamp())}"


def _as_said(product: ProductView, waiting: Review | None) -> ProductView:
    if waiting is None:
        return product
    said = waiting.proposal
    named = {name: what for name in said.__struct_fields__ if (what := getattr(said, name)) is not None}
    return msgspec.structs.replace(product, **named)


def category_choices(visit: Visit, tree: Sequence[Category], above: str = "") -> list[tuple[CategoryId, str]]:
    """The tree as lines of a selection: “Home › Tools”."""
    found: list[tuple[CategoryId, str]] = []
    for category in tree:
        name = above + category.name.in_language(visit.locale)
        found.append((category.category_id, name))
        found += category_choices(visit, category.children, f"{name} › ")
    return found


def tax_choices(visit: Visit) -> list[tuple[str, str]]:
    return [(tax_class, visit.say(word)) for tax_class, word in TAX_CLASSES]


def preview_address(visit: Visit, product_id: UUID) -> str:
    """Where a product is seen as buyers will see it, by whoever has the address: it cannot be guessed."""
    return f"/products/{product_id}?preview={seal(visit.settings, 'preview', str(product_id))}"


async def edit_page(
    visit: Visit,
    product_id: UUID,
    typed: Entries | None = None,
    errors: dict[str, str] | None = None,
    overtaken: AuditEntry | None = None,
) -> Response[Any]:
    """`overtaken`: what a colleague saved while this was being typed; saving once more puts this in its place."""
    found = await visit.merchant_db.ask(editing, visit.merchant_id, product_id)
    title = found.shown.title.in_language(visit.locale)
    return await frame.show(
        visit,
        "product.html",
        frame.PRODUCTS,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Products")), frame.PRODUCTS), (title, None)],
        found=found,
        product=found.shown,
        here=f"{frame.PRODUCTS}/{product_id}",
        categories=category_choices(visit, found.categories),
        tax_classes=tax_choices(visit),
        typed=typed,
        errors=errors or {},
        amount=lambda price: "" if price is None else str(Money(price, found.currency).decimal()),  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
        todo=[(visit.say(GAP_WORDS[gap][0]), GAP_WORDS[gap][1]) for gap in found.gaps if gap in GAP_WORDS],
        reasons=reason_lines(visit, found.sent_back.reasons if found.sent_back else ()),
        local_time=local_time,
        copy_id=ids.mint(),
        preview=preview_address(visit, product_id),
        blank_values=BLANK_VALUES,
        overtaken=overtaken,
        by_me=overtaken is not None and visit.account is not None and overtaken.account_id == visit.account.account_id,
        seen=seen_now(found),
        poster_href=f"/products/{product_id}/poster.png" if found.product.on_sale and posters.able(visit) else "",
    )


@get("/products/{product_id:uuid}", opt={"permission": "products.read"})
async def product_page(visit: NamedDependency[Visit], product_id: FromPath[UUID]) -> Response[Any]:
    return await edit_page(visit, product_id)


@get("/products/{product_id:uuid}/preview", opt={"permission": "products.read"})
async def product_preview(visit: NamedDependency[Visit], product_id: FromPath[UUID]) -> Response[Any]:
    """The product as buyers will see it, on a phone and on a desk; `on` shows one of them alone."""
    found = await visit.merchant_db.ask(editing, visit.merchant_id, product_id)
    here, title = f"{frame.PRODUCTS}/{product_id}", found.shown.title.in_language(visit.locale)
    wanted = visit.connection.query_params.get("on", "")
    return await frame.show(
        visit,
        "product_preview.html",
        frame.PRODUCTS,
        crumbs=[(visit.say(N_("Products")), frame.PRODUCTS), (title, here), (visit.say(N_("Preview")), None)],
        title=title,
        here=here,
        preview=preview_address(visit, product_id),
        on=wanted if wanted in ("phone", "desk") else "",
    )


@get("/products/{product_id:uuid}/attributes", opt={"permission": "products.read"})
async def attribute_fields(
    visit: NamedDependency[Visit], request: WebRequest, product_id: FromPath[UUID]
) -> Response[Any]:
    """The fields of another category's attributes, for the form that is being filled in."""
    wanted = _uuid(request.query_params.get("category", ""))
    found = await visit.merchant_db.ask(editing, visit.merchant_id, product_id, wanted and CategoryId(wanted))
    return await frame.show(
        visit,
        "product_facts.html",
        frame.PRODUCTS,
        found=found,
        product=found.shown,
        typed=None,
        errors={},
    )


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None


HANDLERS = [product_preview, product_page, attribute_fields]
