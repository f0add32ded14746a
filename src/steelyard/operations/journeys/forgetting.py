"""Buyers who leave the house are in no journey any more, and nothing of their ways is kept; the sums, which name nobody, stay."""

from collections.abc import Collection
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.operations.journeys.model import Stand
from steelyard.operations.journeys.travellers import Steps, Traveller, write


async def forget(tx: Tx, buyer_ids: Collection[UUID]) -> None:
    """Who is inside is led out first, so that the sums say where they went. Said twice, nothing changes."""
    gone = sorted(set(buyer_ids))
    people = await tx.all(
        Traveller,
        """
        SELECT merchant_id, journey_id, buyer_id, entry, version, stand, node, steps, entered_at, since
             , due_at, signal, goal_until, ended_at, about
        FROM journey_enrolments WHERE buyer_id = ANY($1) AND stand = 'inside'
        ORDER BY merchant_id, journey_id, buyer_id, entry FOR NO KEY UPDATE
        """,
        gone,
    )
    steps = Steps(await tx.value("SELECT clock_timestamp()"))
    for each in people:
        steps.end(each, Stand.EXITED, "forgotten")
    await write(tx, steps)
    await tx.execute(
        """
        DELETE FROM journey_steps s USING journey_enrolments e
        WHERE e.buyer_id = ANY($1) AND s.merchant_id = e.merchant_id AND s.journey_id = e.journey_id AND s.buyer_id = e.buyer_id
          AND s.entry = e.entry
        """,
        gone,
    )
    await tx.execute("DELETE FROM journey_enrolments WHERE buyer_id = ANY($1)", gone)
    await tx.execute("DELETE FROM journey_sends WHERE buyer_id = ANY($1)", gone)
