"""How many left which box by which out, by days: sums that are moved at the end of a transaction, always in the same order."""

from datetime import date
from uuid import UUID

from steelyard.kernel.db import Tx

Key = tuple[UUID, UUID, int, str, str, str]  # merchant, journey, version, box, out, reason


class Tally:
    """What a transaction has moved, until it is written down."""

    def __init__(self, day: date) -> None:
        self.day = day
        self.people: dict[Key, int] = {}

    def add(  # a place in the counts
        self, merchant_id: UUID, journey_id: UUID, version: int, node: str, out: str, reason: str = "", by: int = 1
    ) -> None:
        key = (merchant_id, journey_id, version, node, out, reason)
        self.people[key] = self.people.get(key, 0) + by


async def count(tx: Tx, tally: Tally) -> None:
    """Add these to the sums. Each connection adds to rows of its own, so that two do not wait for each other."""
    keys = sorted(key for key, people in tally.people.items() if people)
    if not keys:
        return
    await tx.execute(
        """
        INSERT INTO journey_days AS d (merchant_id, journey_id, version, node, out, reason, day, counter, people)
        SELECT merchant_id, journey_id, version, node, out, reason, $7::date, pg_backend_pid() % 997, people
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::text[], $5::text[], $6::text[], $8::integer[])
            AS w (merchant_id, journey_id, version, node, out, reason, people)
        ORDER BY merchant_id, journey_id, version, node, out, reason
        ON CONFLICT (merchant_id, journey_id, version, node, out, reason, day, counter) DO UPDATE
        SET people = d.people + excluded.people
        """,
        [key[0] for key in keys],
        [key[1] for key in keys],
        [key[2] for key in keys],
        [key[3] for key in keys],
        [key[4] for key in keys],
        [key[5] for key in keys],
        tally.day,
        [tally.people[key] for key in keys],
    )
