"""Filling the shelves: categories, products with their pictures and prices, and the pieces that lie in the warehouses."""

from collections.abc import Callable, Sequence
from itertools import islice
from random import Random
from uuid import UUID

from steelyard.demo import attributes
from steelyard.demo.catalogue import CATEGORIES
from steelyard.demo.people import warehouse_id
from steelyard.demo.products import Made, how_many, made, products
from steelyard.demo.studio import Studio
from steelyard.goods import catalog, inventory, pricing, search
from steelyard.goods.catalog.model import CategoryId, NewCategory
from steelyard.goods.inventory.model import Reason
from steelyard.goods.pricing.model import MerchantPrice, NewPrice
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.files import Files
from steelyard.parties.merchants.model import MerchantId

# A transaction takes less than a second.
PRODUCTS_AT_ONCE = 60
PRODUCTS_IN_STUDIO = 1_200

Step = Callable[[str, int, int], None]


async def categories(tx: Tx) -> dict[str, CategoryId]:
    """The tree of categories, and what is said of the goods in each."""
    known: dict[str, CategoryId] = {}
    for place, (slug, parent, name, icon) in enumerate(CATEGORIES):
        known[slug] = CategoryId(made("category", slug))
        await catalog.create_category(
            tx,
            NewCategory(
                category_id=known[slug],
                slug=slug,
                name=name,
                parent_id=known[parent] if parent else None,
                place=place,
                icon=icon,
            ),
        )
    await attributes.define(tx, known)
    return known


async def fill(
    db: Database, files: Files, known: dict[str, CategoryId], *, seed: int, copies: int, part: float, step: Step
) -> None:
    """Write all products that are not there yet."""
    number = how_many(copies, part)
    there = await db.ask(_written)
    goods, done, studio = products(seed, copies, part), 0, Studio(files)
    while some := list(islice(goods, PRODUCTS_IN_STUDIO)):
        missing = [product for product in some if product.product_id not in there]
        wanted = [shot for product in missing for shot in (*product.shots, *product.colour_shots)]
        names = studio.developed(wanted, lambda drawn, of: step("Pictures", drawn, of))
        done += len(some) - len(missing)
        for first in range(0, len(missing), PRODUCTS_AT_ONCE):
            batch = missing[first : first + PRODUCTS_AT_ONCE]
            written = [
                (one, [names[shot] for shot in one.shots], [names[shot] for shot in one.colour_shots]) for one in batch
            ]
            await db.transact(_write, written, known, seed)
            done += len(batch)
            step("Products", done, number)


async def _written(read: Read) -> set[object]:
    return {row["product_id"] for row in await read.fetch("SELECT product_id FROM products")}


async def _write(
    tx: Tx,
    batch: Sequence[tuple[Made, list[str], list[str]]],
    known: dict[str, CategoryId],
    seed: int,
) -> None:
    await catalog.bulk_create(
        tx,
        [(_merchant(one), one.product(known[one.category], files, colour_files)) for one, files, colour_files in batch],
        "system",
    )
    await pricing.bulk_set(tx, [price for one, _, _ in batch for price in _prices(one)])
    pieces = [line for one, _, _ in batch for line in _pieces(one, seed)]
    if pieces:
        await inventory.bulk_receive(
            tx, pieces, document=made("receipt", batch[0][0].slug, batch[0][0].maker.slug), by="system",
            reason=Reason.RECEIVED,
        )  # fmt: skip
    await search.reindex_products(tx, [(_merchant(one), one.product_id) for one, _, _ in batch])


def _merchant(one: Made) -> MerchantId:
    return MerchantId(made("merchant", one.maker.slug))


def _prices(one: Made) -> list[MerchantPrice]:
    return [
        MerchantPrice(
            merchant_id=_merchant(one),
            price=NewPrice(sku_id=sku.sku_id, currency=one.maker.currency, amount=amount, compare_at=before),
        )
        for sku, amount, before in zip(one.skus, one.amounts, one.compare_at, strict=True)
    ]


def _pieces(one: Made, seed: int) -> list[tuple[UUID, UUID, UUID, int]]:
    """Most pieces lie in the first warehouse; where there is a second, a part of some SKUs is there."""
    chance = Random(f"{seed}/shelf/{one.product_id}")  # noqa: S311  # habits, no secrets
    found: list[tuple[UUID, UUID, UUID, int]] = []
    for sku, pieces in zip(one.skus, one.stock, strict=True):
        away = pieces // 3 if len(one.maker.warehouses) > 1 and chance.random() < 0.6 else 0
        for place, here in ((0, pieces - away), (1, away)):
            if here:
                found.append((_merchant(one), sku.sku_id, warehouse_id(one.maker, place), here))
    return found
