"""Slot fees: what a host gets for a session whatever is sold, earned when a session that was on air has ended."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.channels.host_commission.earning import Moved, add_up, enter, post
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.trade.settlement import EntryKind

# For the session as a whole and for each product in its bag, the most specific agreement with its host that counted at any time
# while it was on air: of the session, of all; of two that are the same in this the one that began later, then was made later.
_AGREED = """
SELECT DISTINCT ON (s.merchant_id, s.session_id, a.product_id)
       s.merchant_id, s.session_id, a.agreement_id, a.payee_id, a.product_id, a.slot_fee, a.currency
FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, session_id)
JOIN live_sessions s ON (s.merchant_id, s.session_id) = (w.merchant_id, w.session_id)
JOIN host_agreements a ON a.merchant_id = s.merchant_id AND a.host_id = s.host_id AND a.slot_fee IS NOT NULL
WHERE s.state = 'ended' AND (a.session_id IS NULL OR a.session_id = s.session_id)
  AND a.valid_from < s.ended_at AND (a.valid_to IS NULL OR a.valid_to > s.started_at)
  AND (a.product_id IS NULL OR EXISTS (SELECT FROM live_goods g WHERE g.merchant_id = s.merchant_id
                                         AND g.session_id = s.session_id AND g.product_id = a.product_id))
ORDER BY s.merchant_id, s.session_id, a.product_id, (a.session_id IS NOT NULL) DESC, a.valid_from DESC, a.agreement_id DESC
"""


async def ended(tx: Tx, sessions: Sequence[tuple[UUID, UUID]]) -> None:
    """By (merchant, session): what was agreed for them is earned. Said twice, nothing changes."""
    agreed = await tx.fetch(_AGREED, [key[0] for key in sessions], [key[1] for key in sessions])
    agreed = [row for row in agreed if row["slot_fee"]]
    if not agreed:
        return
    fresh = await tx.fetch(
        """
        INSERT INTO host_slots (merchant_id, slot_id, session_id, agreement_id, payee_id, product_id, amount, currency)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::bigint[], $8::text[])
        ON CONFLICT (merchant_id, session_id, agreement_id) DO NOTHING
        RETURNING merchant_id, slot_id, payee_id, amount, currency
        """,
        [row["merchant_id"] for row in agreed],
        [ids.mint() for _ in agreed],
        [row["session_id"] for row in agreed],
        [row["agreement_id"] for row in agreed],
        [row["payee_id"] for row in agreed],
        [row["product_id"] for row in agreed],
        [row["slot_fee"] for row in agreed],
        [row["currency"] for row in agreed],
    )
    moved = [
        Moved(
            merchant_id=row["merchant_id"],
            payee_id=row["payee_id"],
            document=row["slot_id"],
            amount=row["amount"],
            currency=row["currency"],
        )
        for row in fresh
    ]
    await enter(tx, moved, EntryKind.SLOT_FEE, -1, waits=False)
    await post(tx, moved, "slot_fee", to_payee=True)
    await add_up(tx, moved, "slots")
