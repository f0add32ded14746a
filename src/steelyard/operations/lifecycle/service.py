"""Commands: whom to forget, whose past is another's, and counting everybody anew."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.operations.lifecycle.counting import announce, count
from steelyard.operations.lifecycle.model import BUYERS_PER_COUNT
from steelyard.operations.lifecycle.wanting import want_all_values
from steelyard.parties.customers.model import BuyerId


async def fold(tx: Tx, visitor_ids: Collection[UUID]) -> None:
    """These visitors have become buyers: what is known of them is the buyers' now."""
    await _remove(tx, visitor_ids)
    await count(tx, visitor_ids)


async def forget(tx: Tx, buyer_ids: Collection[BuyerId]) -> None:
    """Keep nothing of these people as customers, and do not begin again: their orders stay what they are, and are counted
    in the shops' figures, but not by person."""
    await tx.execute(
        "INSERT INTO forgotten_customers (buyer_id) SELECT * FROM unnest($1::uuid[]) ON CONFLICT DO NOTHING",
        sorted(set(buyer_ids)),
    )
    await _remove(tx, buyer_ids)


async def _remove(tx: Tx, buyer_ids: Collection[UUID]) -> None:
    gone = await tx.fetch(
        "DELETE FROM customer_facts WHERE buyer_id = ANY($1) RETURNING merchant_id, buyer_id", list(buyer_ids)
    )
    await tx.execute("DELETE FROM customer_spend WHERE buyer_id = ANY($1)", list(buyer_ids))
    await tx.execute("DELETE FROM customer_values WHERE buyer_id = ANY($1)", list(buyer_ids))
    await tx.execute("DELETE FROM stage_moves WHERE buyer_id = ANY($1)", list(buyer_ids))
    await announce(tx, [(row["merchant_id"], row["buyer_id"]) for row in gone])


async def ask_for_recount(tx: Tx, recount_id: str) -> None:
    """Have everybody counted anew, some at a time, by a sweep. Said twice with the same id, once."""
    await tx.execute("INSERT INTO recounts (recount_id) VALUES ($1) ON CONFLICT DO NOTHING", recount_id)


async def start_over(tx: Tx) -> None:
    """Forget what was counted and noted of everybody, so that the next recount tells each one's history by today's rules.
    A house that goes on meanwhile knows nothing of its customers until they are counted: `steelyard recount customers
    --from-nothing`."""
    await tx.execute("DELETE FROM stage_moves")
    await tx.execute("DELETE FROM customer_values")
    await tx.execute("DELETE FROM customer_spend")
    await tx.execute("DELETE FROM customer_facts")
    await tx.execute("DELETE FROM recounts WHERE finished_at IS NULL OR recount_id LIKE 'command:%'")


async def ask_for_imports(tx: Tx) -> int:
    """Orders that were imported told nobody of themselves: when an import has ended, everybody is counted anew."""
    return await tx.execute(
        """
        INSERT INTO recounts (recount_id)
        SELECT 'import:' || i.fingerprint FROM import_runs i
        WHERE i.subject IN ('orders', 'customers') AND i.finished_at IS NOT NULL
          AND NOT EXISTS (SELECT FROM recounts r WHERE r.recount_id = 'import:' || i.fingerprint)
        ON CONFLICT DO NOTHING
        """
    )


async def recount_some(tx: Tx, now: datetime, limit: int = BUYERS_PER_COUNT) -> int:
    """Count the next buyers of the recount that was asked for first; another worker's is left to it. Returns how many."""
    open_one = await tx.row(
        """
        SELECT recount_id, after FROM recounts WHERE finished_at IS NULL ORDER BY begun_at, recount_id LIMIT 1
        FOR UPDATE SKIP LOCKED
        """
    )
    if open_one is None:
        return 0
    rows = await tx.fetch(
        """
        SELECT buyer_id FROM buyers WHERE $1::uuid IS NULL OR buyer_id > $1 ORDER BY buyer_id LIMIT $2
        """,
        open_one["after"],
        limit,
    )
    buyers = [row["buyer_id"] for row in rows]
    changed = await count(tx, buyers, now)
    await tx.execute(
        """
        UPDATE recounts SET after = coalesce($2, after), buyers = buyers + $3, changed = changed + $4, finished_at = $5
        WHERE recount_id = $1
        """,
        open_one["recount_id"],
        buyers[-1] if buyers else None,
        len(buyers),
        changed,
        now if len(buyers) < limit else None,
    )
    if len(buyers) < limit:
        await want_all_values(tx)
    return len(buyers)
