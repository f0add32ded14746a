"""Questions about prices."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from steelyard.goods.catalog.model import SkuId
from steelyard.goods.pricing.model import LOWEST_OF_DAYS, Price
from steelyard.kernel.db import Read


async def current(read: Read, sku_ids: Iterable[UUID], currency: str) -> dict[SkuId, Price]:
    """What these SKUs cost now in one currency; a SKU that has no price in it is missing."""
    found = await current_in(read, sku_ids, [currency])
    return {sku_id: price for (sku_id, _), price in found.items()}


async def current_in(read: Read, sku_ids: Iterable[UUID], currencies: Iterable[str]) -> dict[tuple[SkuId, str], Price]:
    """What these SKUs cost now in each of these currencies that they have a price in."""
    rows = await read.fetch(
        """
        SELECT sku_id, currency, amount, compare_at, lowest_before FROM prices
        WHERE sku_id = ANY($1) AND currency = ANY($2)
        """,
        list(sku_ids),
        list(currencies),
    )
    return {
        (row["sku_id"], row["currency"]): Price(
            amount=row["amount"],
            compare_at=row["compare_at"],
            currency=row["currency"],
            lowest_before=row["lowest_before"],
        )
        for row in rows
    }


async def current_at_home(read: Read, sku_ids: Iterable[UUID]) -> dict[SkuId, Price]:
    """What these SKUs of any merchants cost now, each in the currency of its merchant, in one query."""
    rows = await read.fetch(
        """
        SELECT p.sku_id, p.amount, p.compare_at, p.currency
        FROM prices p JOIN merchants m USING (merchant_id, currency)
        WHERE p.sku_id = ANY($1)
        """,
        list(sku_ids),
    )
    return {
        row["sku_id"]: Price(amount=row["amount"], compare_at=row["compare_at"], currency=row["currency"])
        for row in rows
    }


async def lowest_until(read: Read, merchant_id: UUID, sku_id: UUID, currency: str, at: datetime) -> int | None:
    """The lowest that a SKU costs, or cost in the `LOWEST_OF_DAYS` days before this moment: what stands beside a price that
    is lowered from then on for some time."""
    return await read.value(
        """
        SELECT least(p.amount, (
            SELECT min(h.amount) FROM price_history h
            WHERE h.merchant_id = p.merchant_id AND h.sku_id = p.sku_id AND h.currency = p.currency
              AND h.until > $4::timestamptz - make_interval(days => $5)))
        FROM prices p WHERE p.merchant_id = $1 AND p.sku_id = $2 AND p.currency = $3
        """,
        merchant_id,
        sku_id,
        currency,
        at,
        LOWEST_OF_DAYS,
    )
