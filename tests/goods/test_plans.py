"""The questions that every page and every order asks: at twenty thousand SKUs each goes by an index."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, LiteralString

from steelyard.goods import catalog, inventory, pricing
from steelyard.goods.catalog.model import SkuId
from steelyard.goods.inventory.locks import lock
from steelyard.goods.inventory.model import MovementsWanted
from steelyard.goods.pricing.model import MerchantPrice, NewPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Row, Tx, administer
from steelyard.parties.merchants.model import MerchantId
from tests.goods.conftest import Market, new_product, want

MERCHANTS = 20
PRODUCTS_PER_MERCHANT = 1_000
LARGE = {"products", "skus", "prices", "stock", "stock_movements", "reservations", "product_history", "product_sought"}


class Listening(Tx):
    """A transaction that writes down what is asked of it, as the planner sees it."""

    def __init__(self, tx: Tx) -> None:
        super().__init__(tx._connection)  # pyright: ignore[reportPrivateUsage]
        self.scans: list[str] = []

    async def fetch(self, sql: LiteralString, *args: Any) -> list[Row]:
        (plan,) = await super().fetch("EXPLAIN (FORMAT JSON) " + sql, *args)
        self.scans += _sequential(plan[0][0]["Plan"])
        return await super().fetch(sql, *args)

    async def row(self, sql: LiteralString, *args: Any) -> Row | None:
        rows = await self.fetch(sql, *args)
        return rows[0] if rows else None

    async def value(self, sql: LiteralString, *args: Any) -> Any:
        row = await self.row(sql, *args)
        return row[0] if row else None


def _sequential(plan: dict[str, Any]) -> list[str]:
    """The large tables that a plan reads from end to end."""
    own = [plan["Relation Name"]] if plan["Node Type"] == "Seq Scan" and plan["Relation Name"] in LARGE else []
    return own + [name for child in plan.get("Plans", []) for name in _sequential(child)]


async def _stock_up(db: Database, market: Market) -> tuple[MerchantId, list[SkuId]]:
    """Twenty merchants with a thousand products each; returns the last merchant and its SKUs."""
    category_id = await market.category()
    sku_ids: list[SkuId] = []
    merchant_id = await market.merchant()
    for _ in range(MERCHANTS):
        merchant_id = await market.merchant()
        place = await market.warehouse(merchant_id)
        products = [new_product(category_id) for _ in range(PRODUCTS_PER_MERCHANT)]
        sku_ids = [new.skus[0].sku_id for new in products]
        owned = [(merchant_id, new) for new in products]
        await db.transact(catalog.bulk_create, owned, "import")
        pieces = [(merchant_id, sku_id, place, 5) for sku_id in sku_ids]
        await db.transact(inventory.bulk_receive, pieces, document=ids.mint(), by="import")
        prices = [
            MerchantPrice(merchant_id=merchant_id, price=NewPrice(sku_id=sku_id, currency="CNY", amount=1_000))
            for sku_id in sku_ids
        ]
        await db.transact(pricing.bulk_set, prices)
    await db.transact(inventory.reserve, [want(merchant_id, sku_id, 1) for sku_id in sku_ids])
    return merchant_id, sku_ids


async def test_hot_questions_go_by_an_index(db: Database, market: Market, database_url: str) -> None:
    merchant_id, sku_ids = await _stock_up(db, market)
    async with administer(database_url) as connection:
        await connection.execute("ANALYZE")
    few, product_id = sku_ids[:20], (await db.ask(catalog.cards, sku_ids[:1]))[sku_ids[0]].product_id
    order_id = ids.mint()
    await db.transact(
        inventory.reserve, [want(merchant_id, sku_ids[0], 1), want(merchant_id, sku_ids[1], 1, request=order_id)]
    )
    questions: dict[str, Callable[[Tx], Awaitable[object]]] = {
        "cards": lambda tx: catalog.cards(tx, few),
        "product": lambda tx: catalog.product(tx, product_id),
        "skus_of": lambda tx: catalog.skus_of(tx, product_id),
        "products_page": lambda tx: catalog.products_page(tx, merchant_id),
        "products by a word": lambda tx: catalog.products_page(tx, merchant_id, text="cup"),
        "a narrowed list": lambda tx: catalog.listed(tx, merchant_id, catalog.Narrowing(text="cup")),
        "stocked": lambda tx: inventory.stocked(tx, merchant_id, beginning="c-1"),
        "running_low": lambda tx: inventory.running_low(tx, merchant_id),
        "by_codes": lambda tx: catalog.by_codes(tx, merchant_id, ["C-1", "C-2"]),
        "available": lambda tx: inventory.available(tx, few),
        "levels": lambda tx: inventory.levels(tx, merchant_id),
        "movements": lambda tx: inventory.movements(tx, merchant_id, few[0]),
        "kept_for": lambda tx: inventory.kept_for(tx, merchant_id, order_id),
        "lock": lambda tx: lock(tx, [(merchant_id, sku_id) for sku_id in few]),
        "reserve": lambda tx: inventory.reserve(tx, [want(merchant_id, sku_id, 1) for sku_id in few]),
        "release": lambda tx: inventory.release(tx, merchant_id, [order_id]),
        "current": lambda tx: pricing.current(tx, few, "CNY"),
        "current_at_home": lambda tx: pricing.current_at_home(tx, few),
    }

    async def listen(tx: Tx, ask: Callable[[Tx], Awaitable[object]]) -> list[str]:
        listening = Listening(tx)
        await ask(listening)
        return listening.scans

    found = {name: await db.transact(listen, ask) for name, ask in questions.items()}

    assert not {name: scans for name, scans in found.items() if scans}


async def test_a_merchants_search_reads_short_rows_or_a_part_of_an_index(
    db: Database, market: Market, database_url: str
) -> None:
    """Its words stand in one short row a product; and row-level security lets no function into an index."""
    merchant_id, _ = await _stock_up(db, market)
    async with administer(database_url) as connection:
        await connection.execute("ANALYZE")
    told: list[str] = []

    class Reading(Tx):
        async def fetch(self, sql: LiteralString, *args: Any) -> list[Row]:
            told.append("\n".join(row[0] for row in await super().fetch("EXPLAIN " + sql, *args)))
            return await super().fetch(sql, *args)

    async def look(tx: Tx) -> None:
        reading = Reading(tx._connection)  # pyright: ignore[reportPrivateUsage]
        await catalog.listed(reading, merchant_id, catalog.Narrowing(text="cup"))
        await inventory.stocked(reading, merchant_id, beginning="c-1")
        await inventory.find_movements(reading, merchant_id, MovementsWanted(reason="shipped"))

    await db.as_merchant(merchant_id).transact(look)

    words, codes, moves = told
    assert "product_sought" in words
    assert "strpos(lower" not in words, "no variant is looked at for its own letters"
    # The lower bound is one with where the page begins: of two, PostgreSQL begins at the first that it meets.
    assert re.search(r"Index Cond: .*code_upper, code\) > ROW\('C-1'", codes), codes
    assert re.search(r"Index Cond: .*reason = 'shipped'", moves), moves


async def test_a_scan_from_end_to_end_would_be_seen(db: Database, market: Market) -> None:
    async def everything(read: Read) -> list[Row]:
        return await read.fetch("SELECT count(*) FROM products")

    async def listen(tx: Tx) -> list[str]:
        listening = Listening(tx)
        await everything(listening)
        return listening.scans

    assert await db.transact(listen) == ["products"]
