"""Deposits that categories ask for: a shop owes the most that one of its categories, or one above it, asks for in its
currency. Its categories are those of its goods on the shelf, and those that it was admitted to. What staff ask of one shop
counts when it is more."""

from datetime import date
from uuid import UUID

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.discipline.deposits import demand, due_from, lock

SHOPS_PER_ROUND_MAX = 50


async def category_deposits(read: Read, category_id: UUID) -> dict[str, int]:
    """What a category itself asks for, by currency."""
    rows = await read.fetch("SELECT currency, amount FROM category_deposits WHERE category_id = $1", category_id)
    return {row["currency"]: row["amount"] for row in rows}


async def category_deposit(read: Read, category_id: UUID, currency: str) -> int:
    """What a category itself asks for; 0: nothing."""
    return (
        await read.value(
            "SELECT amount FROM category_deposits WHERE category_id = $1 AND currency = $2", category_id, currency
        )
        or 0
    )


async def set_category_deposit(tx: Tx, category_id: UUID, currency: str, amount: int) -> None:
    """Say what a category and all below it ask for; 0: nothing. Shops are asked in the next minutes. Raises `NotFound`,
    `Invalid`."""
    if amount < 0:
        raise Invalid({"deposit": N_("A deposit is not negative")})
    if not await tx.value("SELECT true FROM categories WHERE category_id = $1", category_id):
        raise NotFound()
    if not amount:
        await tx.execute(
            "DELETE FROM category_deposits WHERE category_id = $1 AND currency = $2", category_id, currency
        )
        return
    await tx.execute(
        """
        INSERT INTO category_deposits (category_id, currency, amount) VALUES ($1, $2, $3)
        ON CONFLICT (category_id, currency) DO UPDATE SET amount = excluded.amount
        """,
        category_id,
        currency,
        amount,
    )


async def follow_categories(tx: Tx, today: date) -> int:
    """Ask shops for what their categories ask for by now. What is missing is due after the days of the setting, and no
    later than what they were asked for already; after that nothing new goes onto the shelf. Returns how many it changed."""
    rows = await tx.fetch(
        """
        WITH owed AS (
            SELECT m.merchant_id, max(d.amount) AS amount
            FROM (SELECT DISTINCT merchant_id, category_id FROM products WHERE state = 'on_shelf'
                  UNION SELECT merchant_id, category_id FROM merchant_categories) o
            JOIN merchants m USING (merchant_id)
            JOIN categories c USING (category_id)
            JOIN category_deposits d ON d.category_id = ANY(c.path) AND d.currency = m.currency
            GROUP BY m.merchant_id)
        SELECT m.merchant_id, m.currency, coalesce(o.amount, 0) AS amount
        FROM merchants m LEFT JOIN owed o USING (merchant_id) LEFT JOIN deposit_terms t USING (merchant_id)
        WHERE m.state <> 'closed' AND coalesce(o.amount, 0) <> coalesce(t.by_category, 0)
          AND (EXISTS (SELECT FROM category_deposits) OR t.by_category > 0)
        ORDER BY m.merchant_id LIMIT $1
        """,
        SHOPS_PER_ROUND_MAX,
    )
    for row in rows:
        merchant_id = MerchantId(row["merchant_id"])
        await lock(tx, merchant_id)
        await tx.execute(
            """
            INSERT INTO deposit_terms (merchant_id, required, by_category, currency) VALUES ($1, 0, $2, $3)
            ON CONFLICT (merchant_id) DO UPDATE SET by_category = excluded.by_category, currency = excluded.currency
            """,
            merchant_id,
            row["amount"],
            row["currency"],
        )
        await demand(tx, merchant_id, await due_from(tx, today))
    return len(rows)
