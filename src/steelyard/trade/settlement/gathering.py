"""A statement of more entries than one transaction may write is gathered first, so many at a time, under the number that it will
have; once all are there it is issued like any other.

What was gathered waits no more and is on no statement yet. Killed in the middle, the next run goes on with the same draft. What
takes from the shop is gathered first: what still waits then never looks like a debt.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from msgspec.structs import replace

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.trade.settlement.model import Due

_GATHER = """
WITH wanted AS MATERIALIZED (
    SELECT e.entry_id, d.statement_id
    FROM settlement_drafts d JOIN settlement_entries e USING (merchant_id, currency)
    WHERE d.merchant_id = $1 AND e.statement_id IS NULL AND e.due_on <= $2 AND (e.amount < 0 OR $4)
    LIMIT $3
)
UPDATE settlement_entries e SET statement_id = w.statement_id
FROM wanted w WHERE e.merchant_id = $1 AND e.entry_id = w.entry_id
"""


async def drafted(tx: Tx, due: Sequence[Due]) -> list[Due]:
    """What is due of a locked shop, each under the number that its statement will have."""
    fresh = [each for each in due if each.statement_id is None]
    numbers = {(each.merchant_id, each.currency): ids.mint() for each in fresh}
    if fresh:
        await tx.execute(
            """
            INSERT INTO settlement_drafts (merchant_id, currency, statement_id)
            SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[])
            """,
            [each.merchant_id for each in fresh],
            [each.currency for each in fresh],
            list(numbers.values()),
        )
    return [
        each if each.statement_id else replace(each, statement_id=numbers[each.merchant_id, each.currency])
        for each in due
    ]


async def gather(tx: Tx, merchant_id: UUID, day: date, most: int) -> int:
    """Put up to `most` entries of a locked shop that are due by `day` on its drafts; returns how many. Fewer: all are there."""
    taken = await tx.execute(_GATHER, merchant_id, day, most, False)
    return taken + await tx.execute(_GATHER, merchant_id, day, most - taken, True) if taken < most else taken


async def under_way(read: Read, merchant_id: UUID, currency: str) -> bool:
    """Whether a statement of the shop is being gathered."""
    return await read.value(
        "SELECT EXISTS (SELECT FROM settlement_drafts WHERE merchant_id = $1 AND currency = $2)", merchant_id, currency
    )
