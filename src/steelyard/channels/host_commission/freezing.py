"""Orders of live sessions when they are placed: which agreement counts for each line, frozen with what it comes to."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.channels.host_commission.model import commission_of
from steelyard.kernel.db import Tx

SOURCES = r"^live:[0-9a-f-]{36}:[0-9]{1,7}$"

# Of each line of an order that a session brought, the most specific agreement with its host that counted at that moment: of the
# product, of the session, of all; of two that are the same in this the one that began later, then the one that was made later.
_COUNTED = """
SELECT o.merchant_id, o.order_id, o.currency, o.placed_at, s.session_id, s.host_id, n.line, n.amount
     , n.amount + CASE WHEN n.tax_inclusive THEN 0 ELSE n.tax END AS paid, a.agreement_id, a.payee_id, a.millionths
FROM orders o
JOIN live_sessions s ON s.merchant_id = o.merchant_id AND s.session_id = split_part(o.source, ':', 2)::uuid
JOIN order_lines n ON n.merchant_id = o.merchant_id AND n.order_id = o.order_id AND n.kind = 'goods'
CROSS JOIN LATERAL (
    SELECT a.agreement_id, a.payee_id, a.millionths FROM host_agreements a
    WHERE a.merchant_id = o.merchant_id AND a.host_id = s.host_id AND a.millionths IS NOT NULL
      AND (a.session_id IS NULL OR a.session_id = s.session_id) AND (a.product_id IS NULL OR a.product_id = n.product_id)
      AND a.valid_from <= o.placed_at AND (a.valid_to IS NULL OR a.valid_to > o.placed_at)
    ORDER BY (a.product_id IS NOT NULL) DESC, (a.session_id IS NOT NULL) DESC, a.valid_from DESC, a.agreement_id DESC LIMIT 1
) AS a
WHERE o.purchase_id = ANY($1) AND o.source ~ $2
ORDER BY o.merchant_id, o.order_id, n.line
"""


async def freeze(tx: Tx, purchase_ids: Sequence[UUID]) -> None:
    """Write down what the hosts get of these purchases. Said twice, nothing changes."""
    rows = await tx.fetch(_COUNTED, list(purchase_ids), SOURCES)
    rows = [row for row in rows if row["millionths"]]
    if not rows:
        return
    orders = list({row["order_id"]: row for row in rows}.values())
    fresh = await tx.fetch(
        """
        INSERT INTO host_commissions (merchant_id, order_id, session_id, host_id, currency, placed_at)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[])
        ON CONFLICT (merchant_id, order_id) DO NOTHING RETURNING order_id
        """,
        [row["merchant_id"] for row in orders],
        [row["order_id"] for row in orders],
        [row["session_id"] for row in orders],
        [row["host_id"] for row in orders],
        [row["currency"] for row in orders],
        [row["placed_at"] for row in orders],
    )
    news = {row["order_id"] for row in fresh}
    rows = [row for row in rows if row["order_id"] in news]
    await tx.execute(
        """
        INSERT INTO host_commission_lines (merchant_id, order_id, line, agreement_id, payee_id, millionths, paid, amount)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::uuid[], $5::uuid[], $6::integer[], $7::bigint[]
                           , $8::bigint[])
        """,
        [row["merchant_id"] for row in rows],
        [row["order_id"] for row in rows],
        [row["line"] for row in rows],
        [row["agreement_id"] for row in rows],
        [row["payee_id"] for row in rows],
        [row["millionths"] for row in rows],
        [row["paid"] for row in rows],
        [commission_of(row["amount"], row["millionths"]) for row in rows],
    )
