"""What the tests of imports have in common: a made-up shop's two months, and all that an import leaves behind."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from steelyard.channels import feeds
from steelyard.kernel.db import administer
from steelyard.kernel.settings import Settings

COLUMNS = (
    "merchant",
    "order_id",
    "placed_at",
    "customer_id",
    "sku",
    "title",
    "quantity",
    "unit_price",
    "currency",
    "country",
)
BEGIN = datetime(2024, 1, 1, 9, tzinfo=UTC)

# Of every table that an import writes, what is the same whenever and wherever it is written: no ids, no codes, no clocks.
TABLES = {
    "merchants": "legal_name, country, currency, state, time_zone, source",
    "shops": "slug, name::text",
    "products": "slug, title::text, state, source",
    "product_history": "step, from_state, to_state, by",
    "skus": "code, active",
    "prices": "currency, amount",
    "stock": "on_hand, reserved",
    "stock_movements": "quantity, reason, by",
    "buyers": "email, country, guest, nobody, source, created_at",
    "purchases": "state, currency, total, source, placed_at",
    "purchase_history": "step, from_state, to_state, at, by",
    "orders": "state, currency, goods, total, commission, refunded, source, placed_at, paid_at, completed_at",
    "order_history": "step, from_state, to_state, at, by",
    "order_lines": "line, kind, title::text, sku_code, quantity, unit_price, unit_price_micros, amount, refunded_quantity"
    ", refunded, source_line",
    "order_refunds": "goods, freight, commission, currency, reason, note, released, at",
    "order_refund_lines": "line, quantity, amount",
    "payments": "channel, amount, currency, state, captured_at",
    "payment_history": "step, from_state, to_state, at, by",
    "payment_splits": "channel, amount, captured, refunding, refunded",
    "refunds": "amount, currency, reason, state, channel, succeeded_at",
    "refund_history": "step, from_state, to_state, at, by",
    "ledger_accounts": "kind, currency, debits, credits",
    "ledger_transfers": "debit, credit, amount, currency, reason, at",
    "settlement_entries": "kind, amount, currency, earned_at, due_on, statement_id IS NULL AS waits",
    "statements": "day, currency, sales, commission, refunds, commission_returned, payout, state",
    "import_documents": "role, number, country, currency, amount, placed_at",
    "import_lines": "line, kind, title::text, quantity, unit_price_micros, amount, source_line, credited_quantity, credited"
    ", credited_because",
    "search_figures": "sold",
    "search_entries": "slug, currency, price, in_stock, sold",
    "categories": "slug, name::text",
}


def settings_of(url: str, home: Path) -> Settings:
    return Settings(home=home, database_url=url)


async def brought(url: str, home: Path, what: str, files: Sequence[Path], **how: Any) -> feeds.Result:
    """An import, as the command line does it."""
    return await asyncio.to_thread(feeds.import_files, settings_of(url, home), what, files, **how)


async def left_behind(url: str) -> dict[str, list[str]]:
    """Every row of every table that an import writes."""
    async with administer(url) as connection:
        return {
            table: [row["said"] for row in await connection.fetch(
                f"SELECT to_jsonb(r)::text AS said FROM (SELECT {columns} FROM {table}) AS r ORDER BY 1"
            )]
            for table, columns in TABLES.items()
        }  # fmt: skip


def shop_life(orders: int, seed: int = 1) -> Iterator[tuple[object, ...]]:
    """Rows of two merchants' orders, with returns, unknown customers, free lines and prices below a penny."""
    chance = random.Random(seed)
    sold: list[tuple[str, str, str, str, int, str, str]] = []
    for number in range(1, orders + 1):
        merchant, currency = ("nadel", "EUR") if number % 3 == 0 else ("garn", "GBP")
        at = (BEGIN + timedelta(minutes=13 * number)).isoformat()
        customer = f"k{chance.randint(1, 40)}" if chance.random() < 0.8 else ""
        place = chance.choice(("GB", "DE", "XC", ""))
        for sku in chance.sample([f"A{n}" for n in range(30)], chance.randint(1, 5)):
            price = chance.choice(("1.25", "3.99", "0.001", "0", "12.5"))
            quantity = chance.randint(1, 12)
            yield merchant, f"O{number}", at, customer, sku, f"Article {sku}", quantity, price, currency, place
            sold.append((merchant, customer, sku, price, quantity, currency, place))
        if number % 7 == 0:
            merchant, customer, sku, price, quantity, currency, place = chance.choice(sold)
            back = -min(quantity + chance.randint(-1, 1), 12) or -1
            yield merchant, f"C{number}", at, customer, sku, f"Article {sku}", back, price, currency, place
