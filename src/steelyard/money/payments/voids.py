"""Letting go what was authorised and is not wanted any more: nothing was taken, so there is nothing to give back."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.money.payments.capture_model import DueVoid, Release
from steelyard.money.payments.model import PaymentSplit
from steelyard.money.payments.state_model import PAYMENT_MACHINE, CaptureState, PaymentState

FIRST_PAUSE_SECONDS = 10
RELEASES_SHOWN_MAX = 1_000


async def release(tx: Tx, split: PaymentSplit, amount: int, *, document: UUID, reason: str, by: str) -> None:
    """Let go `amount` of a locked split that is authorised and not taken."""
    assert 0 < amount <= split.uncaptured, "only what is not taken, and not being taken, is let go"
    await tx.execute(
        """
        UPDATE payment_splits SET released = released + $4, let_go_at = coalesce(let_go_at, now())
        WHERE merchant_id = $1 AND order_id = $2 AND payment_id = $3
        """,
        split.merchant_id,
        split.order_id,
        split.payment_id,
        amount,
    )
    await tx.execute(
        """
        INSERT INTO payment_releases (merchant_id, document, order_id, payment_id, amount, currency, reason, by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        split.merchant_id,
        document,
        split.order_id,
        split.payment_id,
        amount,
        split.currency,
        reason,
        by,
    )


async def releases_of_payment(read: Read, payment_id: UUID) -> list[Release]:
    """What was let go of a payment, the first first."""
    return await read.all(
        Release,
        """
        SELECT r.merchant_id, r.document, r.order_id, r.payment_id, r.amount, r.currency, r.reason, r.at, r.by
        FROM payment_splits s JOIN payment_releases r USING (merchant_id, order_id, payment_id)
        WHERE s.payment_id = $1 ORDER BY r.at, r.document LIMIT $2
        """,
        payment_id,
        RELEASES_SHOWN_MAX,
    )


async def let_go_of(read: Read, merchant_id: UUID, order_id: UUID) -> int:
    """What of an order's money was let go, in minor units: the buyer was never charged with it."""
    return await read.value(
        "SELECT coalesce(sum(amount), 0)::bigint FROM payment_releases WHERE merchant_id = $1 AND order_id = $2",
        merchant_id,
        order_id,
    )


async def to_void(tx: Tx, limit: int) -> list[DueVoid]:
    """Authorised payments of which every part is decided and something is let go: their channels are to be told. The next attempt
    is pushed ahead first."""
    return await tx.all(
        DueVoid,
        """
        WITH due AS (
            SELECT p.buyer_id, p.payment_id FROM payments p
            WHERE p.state = 'authorised' AND coalesce(p.void_at, '-infinity') <= now()
              AND p.payment_id IN (SELECT s.payment_id FROM payment_splits s WHERE s.let_go_at IS NOT NULL)
              AND NOT EXISTS (SELECT FROM payment_splits s
                              WHERE s.payment_id = p.payment_id AND s.captured + s.released < s.authorised)
            ORDER BY p.payment_id LIMIT $1 FOR UPDATE SKIP LOCKED
        )
        UPDATE payments p SET void_at = now() + $2 * interval '1 second'
        FROM due WHERE (p.buyer_id, p.payment_id) = (due.buyer_id, due.payment_id)
        RETURNING p.payment_id, p.channel, p.channel_reference AS reference, p.amount, p.currency, p.created_at, p.expires_at
                , (SELECT sum(s.captured)::bigint FROM payment_splits s WHERE s.payment_id = p.payment_id) AS captured
        """,
        limit,
        FIRST_PAUSE_SECONDS,
    )


async def close(tx: Tx, payment_id: UUID, by: str, *, told: bool) -> PaymentState | None:
    """End a locked payment of which every part is decided, if the channel keeps nothing back any more: nothing was let go, or
    it was
    `told`. Returns the state that it is in now; none where it has not ended."""
    whole = await tx.row(
        """
        SELECT p.buyer_id, p.state, sum(s.captured)::bigint AS captured, sum(s.released)::bigint AS released
             , bool_and(s.captured + s.released = s.authorised) AS decided
        FROM payments p JOIN payment_splits s USING (payment_id)
        WHERE p.payment_id = $1 GROUP BY p.buyer_id, p.payment_id
        """,
        payment_id,
    )
    assert whole is not None
    if not whole["decided"] or (whole["released"] and not told):
        return None
    state = PaymentState.CAPTURED if whole["captured"] else PaymentState.CANCELLED
    PAYMENT_MACHINE.check(PaymentState(whole["state"]), state)
    await tx.execute(
        """
        WITH ended AS (
            UPDATE payments SET state = $3, captured_at = CASE $3 WHEN 'captured' THEN now() END, void_at = NULL
            WHERE buyer_id = $1 AND payment_id = $2
        ), told AS (
            UPDATE payment_splits SET let_go_at = NULL WHERE payment_id = $2 AND let_go_at IS NOT NULL
        )
        INSERT INTO payment_history (buyer_id, payment_id, step, from_state, to_state, by)
        SELECT $1, $2, max(step) + 1, $4, $3, $5 FROM payment_history WHERE buyer_id = $1 AND payment_id = $2
        """,
        whole["buyer_id"],
        payment_id,
        str(state),
        whole["state"],
        by,
    )
    return state


async def step(tx: Tx, buyer_id: UUID, capture_id: UUID, before: str, to: CaptureState, by: str) -> None:
    """A line of a capture's history."""
    await tx.execute(
        """
        INSERT INTO payment_capture_history (buyer_id, capture_id, step, from_state, to_state, by)
        SELECT $1, $2, coalesce(max(step), 0) + 1, $3, $4, $5
        FROM payment_capture_history WHERE buyer_id = $1 AND capture_id = $2
        """,
        buyer_id,
        capture_id,
        before,
        str(to),
        by,
    )


async def let_go_all(tx: Tx, splits: Sequence[PaymentSplit], *, reason: str, by: str) -> None:
    """Let go all that is not taken of these locked splits of one payment."""
    for split in splits:
        if split.uncaptured:
            document = ids.derived(split.payment_id, "surplus", str(split.order_id))
            await release(tx, split, split.uncaptured, document=document, reason=reason, by=by)
