"""Captured money that a channel has taken back: what of it is argued about cannot be refunded meanwhile."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.money.payments.model import PaymentSplit, RefundAnswer, RefundState
from steelyard.money.payments.refund_outcomes import record_refund

FIRST_LOOK_SECONDS = 60
LOOK_AGAIN_SECONDS = 6 * 3600
PROBLEM_CHARACTERS_MAX = 500


class DueLook(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute that its channel is to be asked about now."""

    channel: str
    reference: str
    looks: int


async def tell_of_dispute(tx: Tx, channel: str, reference: str) -> None:
    """A channel says that something about a dispute has changed: it is looked at with the next round, however often said."""
    await tx.execute(
        """
        INSERT INTO channel_disputes (channel, reference, look_at) VALUES ($1, $2, now())
        ON CONFLICT (channel, reference) DO UPDATE SET look_at = now(), looks = 0, problem = NULL
        """,
        channel,
        reference,
    )


async def name_dispute(tx: Tx, channel: str, reference: str, document: UUID) -> None:
    """The chargeback in the books that a channel calls so: what it says of it in its statements is found by this."""
    await tx.execute(
        """
        INSERT INTO channel_disputes (channel, reference, document) VALUES ($1, $2, $3)
        ON CONFLICT (channel, reference) DO UPDATE SET document = excluded.document
        """,
        channel,
        reference,
        document,
    )


async def to_look_at(tx: Tx, limit: int) -> list[DueLook]:
    """Take up to `limit` disputes that are due; the next look is pushed ahead first (1, 2, 4 … minutes, at most 6 hours)."""
    return await tx.all(
        DueLook,
        """
        WITH due AS (
            SELECT channel, reference FROM channel_disputes WHERE look_at <= now()
            ORDER BY look_at LIMIT $1 FOR UPDATE SKIP LOCKED
        )
        UPDATE channel_disputes d
        SET looks = d.looks + 1, look_at = now() + least($2 * 2 ^ least(d.looks, 20), $3) * interval '1 second'
        FROM due WHERE (d.channel, d.reference) = (due.channel, due.reference)
        RETURNING d.channel, d.reference, d.looks
        """,
        limit,
        FIRST_LOOK_SECONDS,
        LOOK_AGAIN_SECONDS,
    )


async def looked_at(tx: Tx, look: DueLook, *, ended: bool, problem: str | None = None) -> None:
    """What came of a look: one that has ended, or that cannot be applied, is not looked at again until its channel says more.
    What it has said since the look began stands: that is looked at next."""
    await tx.execute(
        """
        UPDATE channel_disputes
        SET look_at = CASE WHEN $3 THEN NULL ELSE greatest(look_at, now() + $5 * interval '1 second') END, problem = $4
        WHERE channel = $1 AND reference = $2 AND looks = $6
        """,
        look.channel,
        look.reference,
        ended,
        problem[:PROBLEM_CHARACTERS_MAX] if problem else None,
        LOOK_AGAIN_SECONDS,
        look.looks,
    )


async def dispute_problems(read: Read, limit: int) -> list[tuple[str, str, str]]:
    """Disputes that channels told of and that could not be applied: (channel, reference, why), the newest first."""
    rows = await read.fetch(
        """
        SELECT channel, reference, problem FROM channel_disputes WHERE problem IS NOT NULL ORDER BY told_at DESC LIMIT $1
        """,
        limit,
    )
    return [(row["channel"], row["reference"], row["problem"]) for row in rows]


async def lock_captured(tx: Tx, payment_id: UUID) -> list[PaymentSplit]:
    """The captured parts of a payment, held until the transaction ends."""
    return await tx.all(
        PaymentSplit,
        """
        SELECT merchant_id, order_id, payment_id, buyer_id, channel, amount, currency, captured, refunding, refunded, disputed
        FROM payment_splits WHERE payment_id = $1 AND captured > 0
        ORDER BY merchant_id, order_id FOR UPDATE
        """,
        payment_id,
    )


async def set_disputed(tx: Tx, splits: Sequence[PaymentSplit], change: Mapping[UUID, int]) -> None:
    """Of locked splits, by order, so much more (or, negative, less) is argued about."""
    changed = [split for split in splits if change.get(split.order_id)]
    moved = await tx.execute(
        """
        UPDATE payment_splits s SET disputed = s.disputed + c.change
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[]) AS c (merchant_id, order_id, payment_id, change)
        WHERE (s.merchant_id, s.order_id, s.payment_id) = (c.merchant_id, c.order_id, c.payment_id)
        """,
        [split.merchant_id for split in changed],
        [split.order_id for split in changed],
        [split.payment_id for split in changed],
        [change[split.order_id] for split in changed],
    )
    assert moved == len(changed), "a locked split is there"


async def conclude_refused(tx: Tx, payment_id: UUID, most: int, reference: str) -> int:
    """Refunds of a payment that its channel refused, as far as they come to `most` together: it has given their money back by the
    chargeback of this `reference`. Returns what they come to."""
    rows = await tx.fetch(
        """
        SELECT r.refund_id, r.amount
             , (SELECT count(*) FROM refund_history h
                WHERE (h.merchant_id, h.refund_id) = (r.merchant_id, r.refund_id) AND h.to_state = 'instructed') AS attempt
        FROM payment_splits s
        JOIN refunds r ON (r.merchant_id, r.order_id, r.payment_id) = (s.merchant_id, s.order_id, s.payment_id)
        WHERE s.payment_id = $1 AND r.state = 'failed' AND r.route = 'origin' ORDER BY r.created_at, r.refund_id FOR UPDATE OF r
        """,
        payment_id,
    )
    covered = 0
    for row in rows:  # few: each is a refund with books of its own
        if covered + row["amount"] <= most:
            answer = RefundAnswer(reference=reference, state=RefundState.SUCCEEDED)
            await record_refund(tx, row["refund_id"], row["attempt"], answer, "channel")
            covered += row["amount"]
    return covered
