"""From the forms about products to what the modules below are asked for, and the commands with their audit."""

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import product as every_choice
from uuid import UUID

import msgspec

from steelyard.goods import catalog, inventory, pricing
from steelyard.goods.catalog.model import (
    Attribute,
    CategoryId,
    NewProduct,
    NewSku,
    Option,
    ProductChange,
    ProductId,
    ProductView,
    SkuChange,
    SkuId,
)
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
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
    choices = [list(choice) for choice in every_choice(*(range(len(option.values)) for option in options))]
    if len(choices) > VARIANTS_PER_FORM_MAX:
        form.refuse("option_1_values", N_("These options make more than 100 variants: please use fewer values"))
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


def missing_choices(product: ProductView) -> list[list[int]]:
    """The choices of the product's options that are no variant yet."""
    known = {tuple(sku.choice) for sku in product.skus}
    wanted = every_choice(*(range(len(option.values)) for option in product.options))
    return [list(choice) for choice in wanted if choice not in known][:VARIANTS_PER_FORM_MAX]


async def make(tx: Tx, actor: Actor, merchant_id: MerchantId, wanted: Wanted, by: str) -> None:
    new = wanted.product
    if not await catalog.create_product(tx, merchant_id, new, by):
        return
    await pricing.set_prices(tx, merchant_id, wanted.prices)
    if wanted.pieces and wanted.warehouse_id:
        lines = [(sku.sku_id, wanted.warehouse_id, wanted.pieces) for sku in new.skus]
        await inventory.receive(tx, merchant_id, lines, document=new.product_id, by=by)
    await access.audit(tx, actor, "products.create", str(new.product_id), {"title": str(new.title)})


def change_of(form: Entries) -> ProductChange:
    """What the form about a product's description asks for. Raises `Invalid`."""
    change = ProductChange(
        category_id=category_of(form),
        title=form.words("title", required=True, most=300),
        description=form.words("description", most=50_000),
        attributes=_attributes(form),
        tax_class=form.text("tax_class") or None,
    )
    form.check()
    return change


def _attributes(form: Entries) -> list[Attribute]:
    """Rows of `attribute_name_zh`, `_en` and `attribute_value_zh`, `_en`; an empty row is none."""
    columns = [form.all(f"attribute_{what}_{tongue}") for what in ("name", "value") for tongue in ("zh", "en")]
    found: list[Attribute] = []
    for name_zh, name_en, value_zh, value_en in zip(*columns, strict=False):
        name = Text({k: v for k, v in (("zh-Hans", name_zh), ("en", name_en)) if v})
        value = Text({k: v for k, v in (("zh-Hans", value_zh), ("en", value_en)) if v})
        if name and value:
            found.append(Attribute(name=name, value=value))
    return found


async def change(tx: Tx, actor: Actor, merchant_id: MerchantId, product_id: UUID, wanted: ProductChange) -> None:
    await catalog.change_product(tx, merchant_id, product_id, wanted)
    await access.audit(tx, actor, "products.change", str(product_id), {"title": str(wanted.title or "")})


class Variants(msgspec.Struct, frozen=True, kw_only=True):
    changes: Sequence[SkuChange]
    prices: Sequence[NewPrice]


def variants_of(form: Entries, product: ProductView, currency: str) -> Variants:
    """The table of variants: `code:<sku>`, `weight:<sku>`, `price:<sku>` and so on. Raises `Invalid`."""
    changes: list[SkuChange] = []
    prices: list[NewPrice] = []
    for sku in product.skus:
        key = str(sku.sku_id)
        if not form.all(f"code:{key}"):
            continue
        changes.append(
            SkuChange(
                sku_id=sku.sku_id,
                code=form.text(f"code:{key}", required=True, most=100),
                barcode=form.text(f"barcode:{key}", most=100),
                weight_grams=form.number(f"weight:{key}", otherwise=0, most=WEIGHT_GRAMS_MAX),
                active=form.flag(f"active:{key}"),
            )
        )
        amount = form.money(f"price:{key}", currency, required=False)
        compare_at = form.money(f"compare_at:{key}", currency, required=False)
        if amount is not None:
            prices.append(NewPrice(sku_id=sku.sku_id, currency=currency, amount=amount, compare_at=compare_at))
    form.check()
    return Variants(changes=changes, prices=prices)


async def change_variants(
    tx: Tx, actor: Actor, merchant_id: MerchantId, product_id: ProductId, wanted: Variants
) -> None:
    await catalog.change_skus(tx, merchant_id, product_id, wanted.changes)
    changed = await pricing.set_prices(tx, merchant_id, wanted.prices) if wanted.prices else []
    facts = {"variants": len(wanted.changes), "prices_changed": len(changed)}
    await access.audit(tx, actor, "products.change_variants", str(product_id), facts)


async def add_variants(
    tx: Tx, actor: Actor, merchant_id: MerchantId, product: ProductView, skus: Sequence[NewSku]
) -> None:
    known = {sku.sku_id for sku in product.skus}
    new = [sku for sku in skus if sku.sku_id not in known]
    if not new:
        raise NotFound()
    await catalog.add_skus(tx, merchant_id, product.product_id, new)
    await access.audit(
        tx, actor, "products.add_variants", str(product.product_id), {"codes": [sku.code for sku in new]}
    )
