"""Commands on commission rates."""

from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import PARTS_PER_MILLION
from steelyard.trade.commission.model import RateId


async def set_rate(
    tx: Tx, rate_id: RateId, millionths: int, *, merchant_id: UUID | None = None, category_id: UUID | None = None
) -> None:
    """From now on this rate counts for this merchant and category (none: all); orders placed before keep theirs.

    Said twice with the same id, nothing changes. Raises `Invalid` for what is not a part of the whole.
    """
    if not 0 <= millionths <= PARTS_PER_MILLION:
        raise Invalid({"rate": N_("A rate is between 0 % and 100 %")})
    fresh = await tx.execute(
        """
        INSERT INTO commission_rates (rate_id, merchant_id, category_id, millionths, valid_from)
        VALUES ($1, $2, $3, $4, now())
        ON CONFLICT (rate_id) DO NOTHING
        """,
        rate_id,
        merchant_id,
        category_id,
        millionths,
    )
    if not fresh:
        return
    await tx.execute(
        """
        UPDATE commission_rates SET valid_to = now()
        WHERE valid_to IS NULL AND merchant_id IS NOT DISTINCT FROM $1 AND category_id IS NOT DISTINCT FROM $2
          AND rate_id <> $3
        """,
        merchant_id,
        category_id,
        rate_id,
    )
