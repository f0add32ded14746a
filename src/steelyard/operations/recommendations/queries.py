"""Questions about what goes with what."""

from uuid import UUID

from steelyard.kernel.db import Read

PARTNERS_SHOWN_MAX = 20


async def partners(read: Read, product_id: UUID, limit: int = PARTNERS_SHOWN_MAX) -> list[tuple[UUID, UUID]]:
    """The `(merchant_id, product_id)` of what goes best with a product, the best first."""
    rows = await read.fetch(
        """
        SELECT partner_merchant_id, partner_id FROM bought_together
        WHERE product_id = $1 ORDER BY score DESC, partner_id LIMIT $2
        """,
        product_id,
        limit,
    )
    return [(row["partner_merchant_id"], row["partner_id"]) for row in rows]
