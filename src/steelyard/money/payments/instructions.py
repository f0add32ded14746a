"""Asking for money: the intent is written first, under the id that is the channel's idempotency key."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.money.payments.model import (
    SPLITS_PER_PAYMENT_MAX,
    DueQuery,
    Instruction,
    Payment,
)

FIRST_QUERY_SECONDS = 10
QUERY_PAUSE_SECONDS_MAX = 300
# A call that has not arrived at the channel by now never will: its time-out was shorter by far.
NEVER_ARRIVED = timedelta(minutes=2)
# A call that has not arrived by now probably never will; whoever stood still with it in hand might go on all the same.
LOST = timedelta(seconds=20)


async def instruct(tx: Tx, instruction: Instruction) -> Payment:
    """Write down that this payment is about to be asked for; the same id twice is the same payment.

    The splits add up to the amount. The caller calls the channel next, with no transaction open, and tells `record`
    what it answered; if it dies in between, the sweep over `to_query` finds out.
    """
    return (await instruct_all(tx, [instruction]))[0]


async def instruct_all(tx: Tx, instructions: Sequence[Instruction]) -> list[Payment]:
    """`instruct` for a whole batch; the answers are in the order of the instructions."""
    for i in instructions:
        assert i.amount > 0, "a purchase of nothing needs no payment"
        assert 0 < len(i.splits) <= SPLITS_PER_PAYMENT_MAX
        assert sum(split.amount for split in i.splits) == i.amount, "the splits are the payment"
    fresh = await tx.fetch(
        """
        INSERT INTO payments (buyer_id, payment_id, purchase_id, channel, amount, currency, expires_at, later, instalments
                            , seller_millionths, state, query_at)
        SELECT i.*, 'instructed'
             , CASE WHEN i.channel NOT IN ('balance', 'points') THEN now() + $8 * interval '1 second' END
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::timestamptz[], $9::boolean[]
                  , $10::integer[], $11::bigint[])
            AS i (buyer_id, payment_id, purchase_id, channel, amount, currency, expires_at, later, instalments
               , seller_millionths)
        ON CONFLICT (buyer_id, payment_id) DO NOTHING
        RETURNING payment_id
        """,
        [i.buyer_id for i in instructions],
        [i.payment_id for i in instructions],
        [i.purchase_id for i in instructions],
        [i.channel for i in instructions],
        [i.amount for i in instructions],
        [i.currency for i in instructions],
        [i.expires_at for i in instructions],
        FIRST_QUERY_SECONDS,
        [i.later for i in instructions],
        [i.instalments for i in instructions],
        [i.seller_millionths for i in instructions],
    )
    fresh_ids = {row["payment_id"] for row in fresh}
    await _write_splits(tx, {i.payment_id: i for i in instructions if i.payment_id in fresh_ids})
    payments = await tx.all(
        Payment,
        """
        SELECT buyer_id, payment_id, purchase_id, channel, amount, currency, state, channel_reference, cashier_url
             , failure, surplus, created_at, expires_at, captured_at, handed, later, authorised_until, instalments
        FROM payments WHERE payment_id = ANY($1::uuid[])
        """,
        [i.payment_id for i in instructions],
    )
    found = {payment.payment_id: payment for payment in payments}
    for i in instructions:
        assert found[i.payment_id].purchase_id == i.purchase_id, "a payment's id belongs to one purchase"
    return [found[i.payment_id] for i in instructions]


async def _write_splits(tx: Tx, fresh: dict[UUID, Instruction]) -> None:
    splits = [(split, i) for i in fresh.values() for split in i.splits]
    await tx.execute(
        """
        INSERT INTO payment_splits (merchant_id, order_id, payment_id, buyer_id, channel, amount, currency)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::text[])
        """,
        [split.merchant_id for split, _ in splits],
        [split.order_id for split, _ in splits],
        [i.payment_id for _, i in splits],
        [i.buyer_id for _, i in splits],
        [i.channel for _, i in splits],
        [split.amount for split, _ in splits],
        [i.currency for _, i in splits],
    )
    await tx.execute(
        """
        INSERT INTO payment_history (buyer_id, payment_id, step, from_state, to_state, by)
        SELECT buyer_id, payment_id, 1, 'nowhere', 'instructed', 'system'
        FROM unnest($1::uuid[], $2::uuid[]) AS f (buyer_id, payment_id)
        """,
        [i.buyer_id for i in fresh.values()],
        [i.payment_id for i in fresh.values()],
    )


async def to_query(tx: Tx, limit: int) -> list[DueQuery]:
    """Take up to `limit` payments whose outcome should be asked for now.

    Their next query is pushed ahead first (20 s, 40 s, 80 s … at most 5 minutes), so that two processes never ask for
    the same and one that dies has only delayed it.
    """
    return await tx.all(
        DueQuery,
        """
        WITH due AS (
            SELECT buyer_id, payment_id FROM payments
            WHERE query_at <= now()
            ORDER BY query_at
            LIMIT $1
            FOR UPDATE SKIP LOCKED
        )
        UPDATE payments p
        SET queries = p.queries + 1
          , query_at = now() + least($2 * 2 ^ least(p.queries + 1, 20), $3) * interval '1 second'
        FROM due
        WHERE (p.buyer_id, p.payment_id) = (due.buyer_id, due.payment_id)
        RETURNING p.payment_id, p.channel, p.channel_reference AS reference, p.amount, p.currency, p.created_at
                , p.expires_at, p.expires_at < now() AND p.created_at < now() - $4::interval AS overdue
                , p.state = 'instructed' AND p.created_at < now() - $5::interval AS lost
        """,
        limit,
        FIRST_QUERY_SECONDS,
        QUERY_PAUSE_SECONDS_MAX,
        NEVER_ARRIVED,
        LOST,
    )


async def query_soon(tx: Tx, payment_id: UUID) -> None:
    """Ask for this payment's outcome in the next round: the payer came back, or a call gave no answer."""
    await tx.execute(
        "UPDATE payments SET query_at = now() WHERE payment_id = $1 AND state IN ('instructed', 'pending')",
        payment_id,
    )
