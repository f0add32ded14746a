"""From the forms about products to what the modules below are asked for, and the commands with their audit."""

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import product as every_choice
from math import prod
from uuid import UUID

import msgspec

from steelyard.goods import catalog, inventory, pricing
from steelyard.goods.catalog.model import (
    Attribute,
    CategoryId,
    NewProduct,
    NewSku,
    Option,
    ProductId,
    SkuId,
)
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.text import Text
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.web.entries import Entries, as_uuid

OPTIONS = 3
VARIANTS_PER_FORM_MAX = 100
WEIGHT_GRAMS_MAX = 10_000_000
SLUG_CHARACTERS_MAX = 60


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A new product with its first prices, and pieces of each variant that are there already."""

    product: NewProduct
    prices: Sequence[NewPrice]
    warehouse_id: UUID | None
    pieces: int


def major(amount: int, currency: str) -> Decimal:
    """An amount as people type it."""
    return Money(amount, currency).decimal()


def new_product(form: Entries, currency: str, locale: str) -> Wanted:
    """What the form of a new product asks for. Raises `Invalid` with all that is wrong."""
    product_id = ProductId(form.uuid("product_id"))
    title = form.words("title", required=True, most=300)
    code = form.text("code", required=True, most=80)
    price, compare_at = form.money("price", currency), form.money("compare_at", currency, required=False)
    weight = form.number("weight", otherwise=0, most=WEIGHT_GRAMS_MAX)
    category_id = category_of(form)
    options = _options(form, locale)
    sizes = [len(option.values) for option in options]
    if prod(sizes) > VARIANTS_PER_FORM_MAX:
        # Reckoned before they are spelled out: thousands of values twice would be millions of variants.
        form.refuse("option_1_values", N_("These options make more than 100 variants: please use fewer values"))
        form.check()
    choices = [list(choice) for choice in every_choice(*map(range, sizes))]
    pieces = form.number("pieces", otherwise=0)
    form.check()
    skus = [
        NewSku(
            sku_id=sku_of(product_id, choice),
            code=code if len(choices) == 1 else f"{code}-{place}",
            choice=choice,
            weight_grams=weight,
        )
        for place, choice in enumerate(choices, 1)
    ]
    assert price is not None and category_id is not None
    return Wanted(
        product=NewProduct(
            product_id=product_id,
            category_id=category_id,
            slug=slug_of(title, code),
            title=title,
            description=form.words("description", most=50_000),
            options=options,
            tax_class=form.text("tax_class") or "standard",
            skus=skus,
        ),
        prices=[NewPrice(sku_id=sku.sku_id, currency=currency, amount=price, compare_at=compare_at) for sku in skus],
        warehouse_id=as_uuid(form.text("warehouse")),
        pieces=pieces,
    )


def category_of(form: Entries) -> CategoryId | None:
    category_id = as_uuid(form.text("category"))
    if category_id is None:
        form.refuse("category", N_("Please choose a category"))
        return None
    return CategoryId(category_id)


def _options(form: Entries, locale: str) -> list[Option]:
    found: list[Option] = []
    for place in range(1, OPTIONS + 1):
        name = both(form.text(f"option_{place}_name", most=100), locale)
        lines = form.text(f"option_{place}_values", most=5_000).splitlines()
        values = [both(line, locale) for line in lines if line.strip()]
        if name and values:
            found.append(Option(name=name, values=values))
        elif name or values:
            form.refuse(f"option_{place}_name", N_("An option needs a name and its values"))
    return found


def both(line: str, locale: str) -> Text:
    """`红色 | Red` in both languages; without the stroke, in the writer's."""
    first, _, second = (part.strip() for part in line.partition("|"))
    said = {"zh-Hans": first, "en": second} if second else {locale: first}
    return Text({language: words for language, words in said.items() if words})


def slug_of(title: Text, code: str) -> str:
    """The readable part of a product's address."""
    for words in (title.get("en", ""), code):
        slug = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:SLUG_CHARACTERS_MAX].strip("-")
        if slug:
            return slug
    return "product"


def sku_of(product_id: UUID, choice: Sequence[int]) -> SkuId:
    """A product's variant of a choice always has the same id, so that making it twice is making it once."""
    return SkuId(ids.derived(product_id, "sku", *map(str, choice)))


async def make(tx: Tx, actor: Actor, merchant_id: MerchantId, wanted: Wanted, by: str) -> None:
    new = wanted.product
    if not await catalog.create_product(tx, merchant_id, new, by):
        return
    await pricing.set_prices(tx, merchant_id, wanted.prices)
    if wanted.pieces and wanted.warehouse_id:
        lines = [(sku.sku_id, wanted.warehouse_id, wanted.pieces) for sku in new.skus]
        await inventory.receive(tx, merchant_id, lines, document=new.product_id, by=by)
    await access.audit(tx, actor, "products.create", str(new.product_id), {"title": str(new.title)})


def attributes_typed(form: Entries) -> list[Attribute]:
    """Rows of `attribute_name_zh`, `_en` and `attribute_value_zh`, `_en`; an empty row is none."""
    columns = [form.all(f"attribute_{what}_{tongue}") for what in ("name", "value") for tongue in ("zh", "en")]
    found: list[Attribute] = []
    for name_zh, name_en, value_zh, value_en in zip(*columns, strict=False):
        name = Text({k: v for k, v in (("zh-Hans", name_zh), ("en", name_en)) if v})
        value = Text({k: v for k, v in (("zh-Hans", value_zh), ("en", value_en)) if v})
        if name and value:
            found.append(Attribute(name=name, value=value))
    return found
