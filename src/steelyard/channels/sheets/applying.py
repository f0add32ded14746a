"""Writing down what was planned, a few products at a time; and taking it back."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from steelyard.channels.sheets.columns import FACT, Shop, fact_of, goods
from steelyard.channels.sheets.model import EditedSince, FieldChange, Outcome, Row
from steelyard.channels.sheets.planning import is_products, read_cell
from steelyard.goods import catalog, inventory, pricing
from steelyard.goods.catalog.model import (
    CategoryId,
    Facts,
    NewProduct,
    NewSku,
    Option,
    ProductChange,
    ProductId,
    SkuChange,
    SkuId,
)
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.money import Money
from steelyard.kernel.text import Text, text

CODES_TOLD_MAX = 10


async def write_rows(tx: Tx, shop: Shop, rows: Sequence[Row], change_id: UUID, by: str) -> None:
    """Do what these rows say. Raises what the commands below raise."""
    await _make(tx, shop, [row for row in rows if row.outcome is Outcome.NEW], change_id, by)
    await _change(tx, shop, [row for row in rows if row.outcome is Outcome.CHANGED], by)


async def _change(tx: Tx, shop: Shop, rows: Sequence[Row], by: str) -> None:
    skus: list[SkuChange] = []
    prices: dict[UUID, dict[str, str]] = {}
    costs: dict[SkuId, int | None] = {}
    stock: list[tuple[UUID, UUID, int]] = []
    products: defaultdict[UUID, dict[str, str]] = defaultdict(dict)
    for row in rows:
        assert row.sku_id is not None
        assert row.product_id is not None
        said = {change.field: str(change.after) for change in row.changes}
        products[row.product_id] |= {field: cell for field, cell in said.items() if is_products(field)}
        if said.keys() & {"code", "barcode", "weight_grams", "active"}:
            skus.append(_sku_change(row.sku_id, said))
        if said.keys() & {"price", "compare_at"}:
            prices[row.sku_id] = said
        if "cost" in said:
            costs[SkuId(row.sku_id)] = _minor(said["cost"], shop.currency) if said["cost"] else None
        if said.get("stock") and shop.warehouse_id is not None:
            stock.append((row.sku_id, shop.warehouse_id, int(said["stock"])))
    if skus:
        await catalog.change_many_skus(tx, shop.merchant_id, skus, by)
    if prices:
        await pricing.set_prices(tx, shop.merchant_id, await _prices(tx, shop, prices))
    if costs:
        await pricing.set_costs(tx, shop.merchant_id, shop.currency, costs)
    if stock:
        await inventory.count(tx, shop.merchant_id, stock, document=ids.mint(), by=by, note="sheet")
    await _change_products(tx, shop, {key: said for key, said in products.items() if said}, by)


def _sku_change(sku_id: UUID, said: Mapping[str, str]) -> SkuChange:
    weight = said.get("weight_grams")
    return SkuChange(
        sku_id=SkuId(sku_id),
        code=said.get("code") or None,
        barcode=said.get("barcode"),
        weight_grams=int(weight) if weight else 0 if weight == "" else None,
        active=said["active"] == "yes" if said.get("active") else None,
    )


async def _prices(tx: Tx, shop: Shop, said: Mapping[UUID, Mapping[str, str]]) -> list[NewPrice]:
    """A price keeps its market price, and the other way round, when only one of them is said."""
    known = await pricing.current(tx, said, shop.currency)
    found: list[NewPrice] = []
    for sku_id, cells in said.items():
        now = known.get(SkuId(sku_id))
        amount = _minor(cells["price"], shop.currency) if cells.get("price") else now.amount if now else None
        if "compare_at" in cells:
            compare_at = _minor(cells["compare_at"], shop.currency) if cells["compare_at"] else None
        else:
            compare_at = now.compare_at if now else None
        if amount is not None:
            found.append(NewPrice(sku_id=SkuId(sku_id), currency=shop.currency, amount=amount, compare_at=compare_at))
    return found


def _minor(cell: str, currency: str) -> int:
    return Money.of(cell, currency).amount


async def _change_products(tx: Tx, shop: Shop, products: Mapping[UUID, Mapping[str, str]], by: str) -> None:
    seen = await catalog.products(tx, products)
    onto: list[UUID] = []
    off: list[UUID] = []
    for product_id, said in sorted(products.items()):
        now = seen[ProductId(product_id)]
        facts = _facts(shop, now.facts, said)
        category = shop.categories.get(said.get("category", ""))
        change = ProductChange(
            title=_words(now.title, said, "title"),
            description=_words(now.description, said, "description"),
            category_id=CategoryId(category.category_id) if category else None,
            tax_class=said.get("tax_class") or None,
            facts=facts if facts != now.facts else None,
        )
        await catalog.edit(tx, shop.merchant_id, now.product_id, change, by)
        if said.get("shelf"):
            (onto if said["shelf"] == "on" else off).append(product_id)
    await catalog.publish(tx, shop.merchant_id, onto, by)
    await catalog.take_off_shelf(tx, shop.merchant_id, off, by)


def _words(now: Text, said: Mapping[str, str], name: str) -> Text | None:
    given = {
        tongue: said[f"{name}_{short}"]
        for short, tongue in (("zh", "zh-Hans"), ("en", "en"))
        if f"{name}_{short}" in said
    }
    if not given:
        return None
    return Text({tongue: words for tongue, words in (dict(now) | given).items() if words})


def _facts(shop: Shop, now: Facts, said: Mapping[str, str]) -> Facts:
    facts = dict(now)
    for column, cell in said.items():
        if column.startswith(FACT):
            code = column.removeprefix(FACT)
            fact = fact_of(shop.definitions[code], cell)
            facts.pop(code, None)
            if fact is not None:
                facts[code] = fact
    return facts


async def _make(tx: Tx, shop: Shop, rows: Sequence[Row], change_id: UUID, by: str) -> None:
    """New products: rows with the same word in `product` are its variants, told apart by `variant`."""
    families: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        families[_cells(row).get("product") or f"{row.line}"].append(row)
    onto: list[UUID] = []
    for name, family in families.items():
        new, prices, stock = _product(shop, change_id, name, family)
        await catalog.create_product(tx, shop.merchant_id, new, by)
        await pricing.set_prices(tx, shop.merchant_id, prices)
        costs = {
            sku.sku_id: _minor(cell, shop.currency)
            for sku, row in zip(new.skus, family, strict=True)
            if (cell := _cells(row).get("cost"))
        }
        if costs:
            await pricing.set_costs(tx, shop.merchant_id, shop.currency, costs)
        if stock:
            await inventory.receive(tx, shop.merchant_id, stock, document=new.product_id, by=by)
        if _cells(family[0]).get("shelf") == "on":
            onto.append(new.product_id)
    await catalog.publish(tx, shop.merchant_id, onto, by)


def _cells(row: Row) -> dict[str, str]:
    return {change.field: str(change.after) for change in row.changes}


def new_product_id(change_id: UUID, name: str) -> ProductId:
    return ProductId(ids.derived(change_id, name))


def _product(
    shop: Shop, change_id: UUID, name: str, family: Sequence[Row]
) -> tuple[NewProduct, list[NewPrice], list[tuple[UUID, UUID, int]]]:
    said = _cells(family[0])
    product_id = new_product_id(change_id, name)
    category = shop.categories[said["category"]]
    several = len(family) > 1
    variants = [_cells(row).get("variant") or row.code for row in family]
    skus = [
        NewSku(
            sku_id=SkuId(ids.derived(product_id, row.code)),
            code=row.code,
            choice=[place] if several else [],
            barcode=_cells(row).get("barcode", ""),
            weight_grams=int(_cells(row).get("weight_grams") or 0),
            active=_cells(row).get("active", "yes") != "no",
        )
        for place, row in enumerate(family)
    ]
    new = NewProduct(
        product_id=product_id,
        category_id=category.category_id,
        slug="-".join(
            "".join(c if c.isascii() and c.isalnum() else " " for c in said.get("title_en", "").lower()).split()
        )[:60]
        or "product",
        title=_words(Text(), said, "title") or Text(),
        description=_words(Text(), said, "description") or Text(),
        options=[Option(name=text("规格", "Option"), values=[text(words, words) for words in variants])]
        if several
        else [],
        facts=_facts(shop, {}, said),
        tax_class=said.get("tax_class") or "standard",
        skus=skus,
    )
    prices: list[NewPrice] = []
    stock: list[tuple[UUID, UUID, int]] = []
    for sku, row in zip(skus, family, strict=True):
        cells = _cells(row)
        compare_at = _minor(cells["compare_at"], shop.currency) if cells.get("compare_at") else None
        amount = _minor(cells["price"], shop.currency)
        prices.append(NewPrice(sku_id=sku.sku_id, currency=shop.currency, amount=amount, compare_at=compare_at))
        if int(cells.get("stock") or 0) and shop.warehouse_id is not None:
            stock.append((sku.sku_id, shop.warehouse_id, int(cells["stock"])))
    return new, prices, stock


async def take_back(tx: Tx, shop: Shop, rows: Sequence[Row], change_id: UUID, by: str) -> None:
    """Make it as it was before these rows were written: what was changed is changed back, what was made is binned.

    Raises `EditedSince` when somebody changed one of these cells since: then nothing is taken back.
    """
    changed = [row for row in rows if row.outcome is Outcome.CHANGED]
    product_ids = list(dict.fromkeys(row.product_id for row in changed if row.product_id is not None))
    now: dict[UUID, dict[str, str]] = {good.sku_id: good.cells for good in await goods(tx, shop, product_ids)}
    edited = [row.code for row in changed if row.sku_id is None or not _is_so(shop, now.get(row.sku_id), row.changes)]
    if edited:
        raise EditedSince(codes=", ".join(edited[:CODES_TOLD_MAX]))
    await _change(tx, shop, [_turned(row) for row in changed], by)
    made = [
        new_product_id(change_id, _cells(row).get("product") or f"{row.line}")
        for row in rows
        if row.outcome is Outcome.NEW
    ]
    await catalog.withdraw(tx, shop.merchant_id, made, by)
    await catalog.take_off_shelf(tx, shop.merchant_id, made, by)
    await catalog.bin(tx, shop.merchant_id, made, by)


def _is_so(shop: Shop, cells: Mapping[str, str] | None, changes: Sequence[FieldChange]) -> bool:
    if cells is None:
        return False
    return all(
        _canonical(shop, change.field, cells.get(_column(change.field), "")) == str(change.after) for change in changes
    )


def _column(field: str) -> str:
    return "sku" if field == "code" else field


def _canonical(shop: Shop, column: str, cell: str) -> str:
    return cell if column == "code" else read_cell(shop, column, cell.strip().replace("\r\n", "\n"))[0]


def _turned(row: Row) -> Row:
    turned: list[Any] = [
        FieldChange(field=change.field, before=change.after, after=change.before or "") for change in row.changes
    ]
    return Row(
        line=row.line, outcome=row.outcome, code=row.code, title=row.title, product_id=row.product_id,
        sku_id=row.sku_id, changes=turned,
    )  # fmt: skip
