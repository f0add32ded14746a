"""What SKUs cost the shop itself: for what it is warned of. Nobody else sees it."""

from collections.abc import Collection, Mapping
from uuid import UUID

from steelyard.goods.catalog.model import SkuId
from steelyard.goods.pricing.model import AMOUNT_MAX
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_


async def costs_of(read: Read, merchant_id: UUID, sku_ids: Collection[UUID], currency: str) -> dict[SkuId, int]:
    """What these cost the shop, in minor units; what was not said is missing."""
    rows = await read.fetch(
        "SELECT sku_id, amount FROM unit_costs WHERE merchant_id = $1 AND sku_id = ANY($2) AND currency = $3",
        merchant_id,
        list(sku_ids),
        currency,
    )
    return {row["sku_id"]: row["amount"] for row in rows}


async def set_costs(tx: Tx, merchant_id: UUID, currency: str, costs: Mapping[SkuId, int | None]) -> None:
    """These SKUs cost the shop this from now on; none: it is not said. Said twice, nothing changes.

    Raises `Invalid` for amounts out of bounds, `NotFound` when one of the SKUs is not the merchant's.
    """
    if any(amount is not None and not 0 <= amount <= AMOUNT_MAX for amount in costs.values()):
        raise Invalid({"cost": N_("A price is not negative")})
    sku_ids = sorted(costs)
    known = await tx.value(
        "SELECT count(*) FROM skus WHERE merchant_id = $1 AND sku_id = ANY($2)", merchant_id, sku_ids
    )
    if known != len(sku_ids):
        raise NotFound()
    await tx.execute(
        """
        INSERT INTO unit_costs AS c (merchant_id, sku_id, currency, amount)
        SELECT $1, w.sku_id, $2, w.amount FROM unnest($3::uuid[], $4::bigint[]) AS w (sku_id, amount)
        WHERE w.amount IS NOT NULL ORDER BY w.sku_id
        ON CONFLICT (merchant_id, sku_id, currency) DO UPDATE SET amount = excluded.amount
        WHERE c.amount <> excluded.amount
        """,
        merchant_id,
        currency,
        sku_ids,
        [costs[sku_id] for sku_id in sku_ids],
    )
    await tx.execute(
        "DELETE FROM unit_costs WHERE merchant_id = $1 AND currency = $2 AND sku_id = ANY($3)",
        merchant_id,
        currency,
        [sku_id for sku_id in sku_ids if costs[sku_id] is None],
    )
