"""What the editor's form asks for, and the command that does it."""

from collections.abc import Sequence
from datetime import datetime
from itertools import product as every_choice
from math import isfinite, nan, prod
from typing import Any

import msgspec

from steelyard.goods import catalog, pricing
from steelyard.goods.catalog import AttributeKind, CategoryAttribute, MatrixOption, MatrixValue
from steelyard.goods.catalog.model import (
    DESCRIPTION_CHARACTERS_MAX,
    SKUS_PER_PRODUCT_MAX,
    TITLE_CHARACTERS_MAX,
    Fact,
    Facts,
    NewSku,
    Option,
    ProductChange,
    ProductView,
    Sku,
    SkuChange,
    SkuId,
)
from steelyard.goods.pricing.model import NewPrice, Price
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant.editor import Editing
from steelyard.surfaces.merchant.product_forms import (
    SLUG_CHARACTERS_MAX,
    WEIGHT_GRAMS_MAX,
    attributes_typed,
    category_of,
)
from steelyard.surfaces.web.entries import Entries
from steelyard.surfaces.web.moments import moment_of

OPTIONS = 3
SLUG = "abcdefghijklmnopqrstuvwxyz0123456789-"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """All that the form says; `options` is None when they stay as they are. `base` is what new variants begin with."""

    change: ProductChange
    skus: list[SkuChange]
    prices: list[NewPrice]
    costs: dict[SkuId, int | None]
    options: list[MatrixOption] | None
    new_skus: list[NewSku]
    on_shelf_at: datetime | None
    off_shelf_at: datetime | None


def wanted_of(form: Entries, found: Editing) -> Wanted:
    """Raises `Invalid` with all that is wrong."""
    product = found.product
    slug = form.text("slug", most=SLUG_CHARACTERS_MAX).lower()
    if slug and (not set(slug) <= set(SLUG) or slug.strip("-") != slug):
        form.refuse("slug", N_("Please use small letters, digits and hyphens"))
    change = ProductChange(
        category_id=category_of(form),
        slug=slug or None,
        title=form.words("title", required=True, most=TITLE_CHARACTERS_MAX),
        description=form.words("description", most=DESCRIPTION_CHARACTERS_MAX),
        attributes=attributes_typed(form),
        facts=facts_of(form, found.attributes),
        tax_class=form.text("tax_class") or None,
    )
    skus, prices = _variants(form, product, found.currency)
    costs = _costs(form, product, found.currency)
    options = _options(form, product)
    times = (_time(form, "on_shelf_at"), _time(form, "off_shelf_at"))
    if times[0] and times[1] and times[1] <= times[0]:
        form.refuse("off_shelf_at", N_("It is taken off after it was put on"))
    new = [] if options is None else _new_variants(form, product, skus, options)
    form.check()
    return Wanted(
        change=change,
        skus=skus,
        prices=prices,
        costs=costs,
        options=options,
        new_skus=new,
        on_shelf_at=times[0],
        off_shelf_at=times[1],
    )


def facts_of(form: Entries, attributes: Sequence[CategoryAttribute]) -> Facts:
    """`fact:<code>` of each attribute of the category; what is empty is not said."""
    found: Facts = {}
    for each in attributes:
        fact = _fact(form, each)
        if fact is not None:
            found[each.definition.code] = fact
    return found


def _fact(form: Entries, attribute: CategoryAttribute) -> Fact | None:
    name = f"fact:{attribute.definition.code}"
    match attribute.definition.kind:
        case AttributeKind.NUMBER:
            typed = form.text(name, most=20).replace("，", ".")
            try:
                number = float(typed) if typed else None
            except ValueError:
                number = nan
            if number is not None and not isfinite(number):
                form.refuse(name, N_("Please enter a number"))
                return None
            return None if number is None else int(number) if number == int(number) else number
        case AttributeKind.TEXT:
            return dict(form.words(name, most=500)) or None
        case _:
            return list(dict.fromkeys(code for code in form.all(name) if code)) or None


def _time(form: Entries, name: str) -> datetime | None:
    typed = form.text(name, most=30)
    if not typed:
        return None
    moment = moment_of(typed)
    if moment is None:
        form.refuse(name, N_("Please enter a date and a time"))
    return moment


def _variants(form: Entries, product: ProductView, currency: str) -> tuple[list[SkuChange], list[NewPrice]]:
    """The rows `code:<sku>`, `price:<sku>` and so on; and `picture_of:<place>`, a picture for each first value."""
    changes: list[SkuChange] = []
    prices: list[NewPrice] = []
    known = {picture.file for picture in product.pictures}
    codes: dict[str, str] = {}
    for sku in product.skus:
        key = str(sku.sku_id)
        if not form.all(f"code:{key}"):
            continue
        code = form.text(f"code:{key}", required=True, most=100)
        if code in codes:
            form.refuse(f"code:{key}", N_("Two variants have the same article number"))
        codes[code] = key
        picture = form.text(f"picture_of:{sku.choice[0]}", most=80) if sku.choice else ""
        changes.append(
            SkuChange(
                sku_id=sku.sku_id,
                code=code,
                barcode=form.text(f"barcode:{key}", most=100),
                weight_grams=form.number(f"weight:{key}", otherwise=0, most=WEIGHT_GRAMS_MAX),
                picture=picture if picture in known else None,
                active=form.flag(f"active:{key}"),
            )
        )
        amount = form.money(f"price:{key}", currency, required=False)
        compare_at = form.money(f"compare_at:{key}", currency, required=False)
        if amount is not None:
            prices.append(NewPrice(sku_id=sku.sku_id, currency=currency, amount=amount, compare_at=compare_at))
    return changes, prices


def _costs(form: Entries, product: ProductView, currency: str) -> dict[SkuId, int | None]:
    """The fields `cost:<sku>` that there are; an empty one says nothing of what the variant costs the shop."""
    return {
        sku.sku_id: form.money(f"cost:{sku.sku_id}", currency, required=False)
        for sku in product.skus
        if form.all(f"cost:{sku.sku_id}")
    }


def _options(form: Entries, product: ProductView) -> list[MatrixOption] | None:
    """`opt:<n>:…` of up to three options; an option without a name and values is none."""
    if not form.flag("with_options"):
        return None
    found: list[MatrixOption] = []
    for place in range(OPTIONS):
        name = form.words(f"opt:{place}:name", most=100)
        columns = [form.all(f"opt:{place}:{part}") for part in ("value_zh", "value_en", "value_was")]
        values = [
            MatrixValue(
                name=Text({tongue: words for tongue, words in (("zh-Hans", zh), ("en", en)) if words}),
                was=int(was) if was.isdecimal() and len(was) < 4 else None,
            )
            for zh, en, was in zip(*columns, strict=False)
            if zh or en
        ]
        was = form.text(f"opt:{place}:was", most=1)
        if values and name:
            found.append(MatrixOption(name=name, values=values, was=int(was) if was.isdecimal() else None))
        elif values or (name and not was):
            form.refuse(f"opt:{place}:name_zh", N_("An option needs a name and its values"))
    same = [Option(name=each.name, values=[value.name for value in each.values]) for each in found] == product.options
    kept = [[value.was for value in each.values] for each in found] == [
        list(range(len(option.values))) for option in product.options
    ]
    return None if same and kept and [each.was for each in found] == list(range(len(found))) else found


def _new_variants(
    form: Entries, product: ProductView, changes: Sequence[SkuChange], options: Sequence[MatrixOption]
) -> list[NewSku]:
    """A variant for each choice that no variant stands at, like the first one, with a number of its own."""
    sizes = [len(option.values) for option in options]
    if prod(sizes) > SKUS_PER_PRODUCT_MAX:
        form.refuse("opt:0:name_zh", N_("These options make more than 600 variants: please use fewer values"))
        return []
    choices = list(every_choice(*map(range, sizes)))
    placed = catalog.outline(_changed(product.skus, changes), options, len(product.options)).placed
    taken = {change.code for change in changes} | {sku.code for sku in product.skus}
    first = product.skus[0] if product.skus else None
    stem = first.code.rpartition("-")[0] or first.code if first else product.slug
    made: list[NewSku] = []
    for choice in choices:
        if choice in placed:
            continue
        number = len(taken) + 1
        while f"{stem}-{number}" in taken:
            number += 1
        taken.add(f"{stem}-{number}")
        weight = next((c.weight_grams for c in changes), first.weight_grams if first else 0)
        made.append(
            NewSku(sku_id=SkuId(ids.mint()), code=f"{stem}-{number}", choice=list(choice), weight_grams=weight or 0)
        )
    return made


def _changed(skus: Sequence[Sku], changes: Sequence[SkuChange]) -> list[Sku]:
    active = {change.sku_id: change.active for change in changes}
    return [msgspec.structs.replace(sku, active=bool(active.get(sku.sku_id, sku.active))) for sku in skus]


def nothing_new(wanted: Wanted, found: Editing) -> bool:
    """Whether all of it is so already."""
    product, skus = found.shown, {sku.sku_id: sku for sku in found.shown.skus}
    prices = {sku_id: (price.amount, price.compare_at) for sku_id, price in found.prices.items()}
    return (
        wanted.options is None
        and _says(wanted.change, product)
        and all(_says(each, skus.get(each.sku_id)) for each in wanted.skus)
        and all(prices.get(SkuId(each.sku_id)) == (each.amount, each.compare_at) for each in wanted.prices)
        and all(found.costs.get(sku_id) == amount for sku_id, amount in wanted.costs.items())
        and (wanted.on_shelf_at, wanted.off_shelf_at) == (product.on_shelf_at, product.off_shelf_at)
    )


def _says(change: ProductChange | SkuChange, thing: ProductView | Sku | None) -> bool:
    said = {name: what for name in change.__struct_fields__ if (what := getattr(change, name)) is not None}
    return all(getattr(thing, name, None) == what for name, what in said.items())


async def save(tx: Tx, actor: Actor, merchant_id: MerchantId, found: Editing, wanted: Wanted, by: str) -> bool:
    """Do all that the form says, or nothing; returns whether a part of it waits for the operator."""
    product = found.product
    before = await catalog.product(tx, product.product_id)
    assert before is not None
    waits = await catalog.edit(tx, merchant_id, product.product_id, wanted.change, by)
    if wanted.skus:
        await catalog.change_skus(tx, merchant_id, product.product_id, wanted.skus, by)
    prices = list(wanted.prices)
    if wanted.options is not None:
        fresh = await catalog.set_matrix(
            tx, merchant_id, product.product_id, wanted.options, wanted.new_skus, by, seen=product.options
        )
        prices += _first_prices(prices, fresh)
    changed = await pricing.set_prices(tx, merchant_id, prices) if prices else []
    if wanted.costs:
        await pricing.set_costs(tx, merchant_id, found.currency, wanted.costs)
    if (wanted.on_shelf_at, wanted.off_shelf_at) != (product.on_shelf_at, product.off_shelf_at):
        await catalog.schedule(tx, merchant_id, product.product_id, wanted.on_shelf_at, wanted.off_shelf_at)
    after = await catalog.product(tx, product.product_id)
    assert after is not None
    facts = difference(before, after) | _price_difference(found.prices, prices, set(changed), after)
    facts |= {
        f"cost {sku.code}": (found.costs.get(sku.sku_id), wanted.costs[sku.sku_id])
        for sku in after.skus
        if sku.sku_id in wanted.costs and wanted.costs[sku.sku_id] != found.costs.get(sku.sku_id)
    }
    if facts:
        await access.audit(
            tx,
            actor,
            "products.change",
            str(product.product_id),
            {"before": {k: v[0] for k, v in facts.items()}, "after": {k: v[1] for k, v in facts.items()}},
        )
    return waits


def _first_prices(prices: Sequence[NewPrice], fresh: Sequence[SkuId]) -> list[NewPrice]:
    """New variants cost what the first one costs, until somebody says otherwise."""
    if not prices:
        return []
    return [msgspec.structs.replace(prices[0], sku_id=sku_id) for sku_id in fresh]


_AUDITED = (
    "title", "description", "slug", "category_id", "tax_class", "facts", "attributes", "options", "on_shelf_at",
    "off_shelf_at",
)  # fmt: skip


def difference(before: ProductView, after: ProductView) -> dict[str, tuple[Any, Any]]:
    """What is another now, field by field, for the audit log."""
    found = {
        name: (msgspec.to_builtins(getattr(before, name)), msgspec.to_builtins(getattr(after, name)))
        for name in _AUDITED
        if getattr(before, name) != getattr(after, name)
    }
    was, now = ({sku.sku_id: sku for sku in each.skus} for each in (before, after))
    for sku_id in was.keys() | now.keys():
        old, new = was.get(sku_id), now.get(sku_id)
        if old != new:
            known = new or old
            assert known is not None
            found[f"variant {known.code}"] = (msgspec.to_builtins(old), msgspec.to_builtins(new))
    return found


def _price_difference(
    before: dict[SkuId, Price], prices: Sequence[NewPrice], changed: set[Any], after: ProductView
) -> dict[str, tuple[Any, Any]]:
    codes = {sku.sku_id: sku.code for sku in after.skus}
    return {
        f"price {codes.get(price.sku_id, price.sku_id)}": (
            before[price.sku_id].amount if price.sku_id in before else None,
            price.amount,
        )
        for price in prices
        if price.sku_id in changed
    }
