"""Who is looked through first: of words that tens of thousands of products have, not all can be ranked.

A search ranks and counts at most `COUNT_MAX` hits. In a large house these are sought among what sells best first, about one
product of sixteen, which has an index of its own; only what has fewer hits there is sought among all. A sweep keeps that part
up to date. It lets go of a product only when it has fallen well behind, so that few change at a time.
"""

from steelyard.kernel.db import Tx

# A house with fewer products has no need of it.
AHEAD_FROM_PRODUCTS = 100_000
COMES_AHEAD = 16
STAYS_AHEAD = 12
AHEAD_PER_ROUND_MAX = 500


async def choose_ahead(tx: Tx, most: int = AHEAD_PER_ROUND_MAX, *, products_from: int = AHEAD_FROM_PRODUCTS) -> int:
    """Bring ahead what sells best, and let go what has fallen behind; returns how many changed, at most so many."""
    products: int = await tx.value("SELECT reltuples::bigint FROM pg_class WHERE oid = 'search_entries'::regclass")
    if products < products_from:
        return 0
    comes, stays = [await _at(tx, products // share) for share in (COMES_AHEAD, STAYS_AHEAD)]
    if comes is None:
        return 0
    # Whoever is at work on an entry is not waited for: it has its turn in the next round.
    return await tx.execute(
        """
        WITH rising AS (
            SELECT merchant_id, product_id FROM search_entries
            WHERE (sold, product_id) >= ($1::integer, $2::uuid) AND NOT ahead
            ORDER BY sold DESC, product_id DESC LIMIT $5 FOR UPDATE SKIP LOCKED
        ), falling AS (
            SELECT merchant_id, product_id FROM search_entries
            WHERE ahead AND (sold, product_id) < ($3::integer, $4::uuid)
            ORDER BY sold, product_id LIMIT $5 FOR UPDATE SKIP LOCKED
        ), due AS (
            SELECT merchant_id, product_id FROM (SELECT * FROM rising UNION ALL SELECT * FROM falling) d LIMIT $5
        )
        UPDATE search_entries e SET ahead = NOT e.ahead FROM due d
        WHERE (e.merchant_id, e.product_id) = (d.merchant_id, d.product_id)
        """,
        *comes,
        *(stays or (-1, comes[1])),
        most,
    )


async def _at(tx: Tx, place: int) -> tuple[int, object] | None:
    """Of all products, the best-selling first, the one at this place."""
    row = await tx.row(
        "SELECT sold, product_id FROM search_entries ORDER BY sold DESC, product_id DESC OFFSET $1 LIMIT 1", place
    )
    return (row["sold"], row["product_id"]) if row else None
