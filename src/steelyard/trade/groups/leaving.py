"""Orders of a team that come to nothing: dropped unpaid, or called off before the team has succeeded."""

from collections.abc import Collection
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.trade.groups.joining import changed, lock_offers, lock_teams


async def leave(tx: Tx, order_ids: Collection[UUID]) -> None:
    """Whoever has these orders in a team is not in it any more: the pieces, and the place where the team still waits, are
    free for others. A team that nobody is left in comes to nothing. In one that has succeeded members stay what they were.
    Said twice, or of orders that are in no team, nothing changes."""
    rows = await tx.fetch(
        """
        SELECT m.merchant_id, m.offer_id, m.team_id FROM group_members m
        WHERE m.order_id = ANY($1) AND m.merchant_id IN (SELECT merchant_id FROM orders WHERE order_id = ANY($1))
          AND m.gone_at IS NULL
        """,
        list(order_ids),
    )
    if not rows:
        return
    offers = await lock_offers(tx, [(row["merchant_id"], row["offer_id"]) for row in rows])
    await lock_teams(tx, [(row["merchant_id"], row["team_id"]) for row in rows])
    gone = await tx.fetch(
        """
        WITH gone AS (
            UPDATE group_members m SET gone_at = now()
            FROM group_teams t
            WHERE m.merchant_id = ANY($1) AND m.order_id = ANY($2) AND m.gone_at IS NULL
              AND t.merchant_id = m.merchant_id AND t.team_id = m.team_id
              AND (t.full_at IS NULL OR m.paid_at IS NULL)
            RETURNING m.merchant_id, m.offer_id, m.team_id, m.pieces, m.paid_at
        ), returned AS (
            UPDATE group_offers o SET taken = o.taken - g.pieces
            FROM (SELECT merchant_id, offer_id, sum(pieces)::integer AS pieces FROM gone GROUP BY 1, 2) AS g
            WHERE o.merchant_id = g.merchant_id AND o.offer_id = g.offer_id
        ), smaller AS (
            UPDATE group_teams t
            SET members = t.members - g.members, paid = t.paid - g.paid
              , failed_at = CASE WHEN t.members = g.members THEN now() END
            FROM (SELECT merchant_id, team_id, count(*)::integer AS members, count(paid_at)::integer AS paid
                  FROM gone GROUP BY 1, 2) AS g
            WHERE t.merchant_id = g.merchant_id AND t.team_id = g.team_id AND t.full_at IS NULL AND t.failed_at IS NULL
        )
        SELECT merchant_id, offer_id FROM gone
        """,
        sorted({row["merchant_id"] for row in rows}),
        list(order_ids),
    )
    await changed(tx, {(row["merchant_id"], offers[row["offer_id"]].product_id) for row in gone})
