"""Questions about commission rates."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel.db import Read
from steelyard.trade.commission.model import NO_COMMISSION, Rate


async def valid_rates(read: Read) -> list[Rate]:
    """The rates that count now, the newest first: for whoever looks after them."""
    return await read.all(
        Rate,
        """
        SELECT rate_id, merchant_id, category_id, millionths, valid_from FROM commission_rates
        WHERE valid_from <= now() AND (valid_to IS NULL OR valid_to > now())
        ORDER BY valid_from DESC, rate_id DESC
        """,
    )


async def rates_for(read: Read, sales: Sequence[tuple[UUID, Sequence[UUID]]]) -> list[int]:
    """For each (merchant, category path from the root), the rate in parts per million that counts for it.

    The most specific wins: the merchant's rate for the nearest category, the merchant's for all, everybody's for the
    nearest category, everybody's for all; of two the same, the newer. No rate at all is no commission.
    """
    # Only what can count for these sales: thousands of merchants may have rates of their own.
    rows = await read.fetch(
        """
        SELECT merchant_id, category_id, millionths FROM commission_rates
        WHERE valid_from <= now() AND (valid_to IS NULL OR valid_to > now())
          AND (merchant_id IS NULL OR merchant_id = ANY($1)) AND (category_id IS NULL OR category_id = ANY($2))
        ORDER BY valid_from, rate_id
        """,
        sorted({merchant_id for merchant_id, _ in sales}),
        sorted({category_id for _, path in sales for category_id in path}),
    )
    rates: dict[tuple[UUID | None, UUID | None], int] = {
        (row["merchant_id"], row["category_id"]): row["millionths"] for row in rows
    }
    found: list[int] = []
    for merchant_id, path in sales:
        keys = [(owner, category) for owner in (merchant_id, None) for category in (*reversed(path), None)]
        found.append(next((rates[key] for key in keys if key in rates), NO_COMMISSION))
    return found


async def rates_of_merchant(read: Read, merchant_id: UUID) -> list[Rate]:
    """The rates that may count for a merchant now, the most specific first: its own before everybody's, those of a
    category before those of all."""
    return await read.all(
        Rate,
        """
        SELECT DISTINCT ON (merchant_id IS NULL, category_id IS NULL, category_id)
               rate_id, merchant_id, category_id, millionths, valid_from
        FROM commission_rates
        WHERE valid_from <= now() AND (valid_to IS NULL OR valid_to > now()) AND (merchant_id IS NULL OR merchant_id = $1)
        ORDER BY merchant_id IS NULL, category_id IS NULL, category_id, valid_from DESC, rate_id DESC
        """,
        merchant_id,
    )
