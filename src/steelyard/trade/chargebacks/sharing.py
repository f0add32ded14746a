"""How much of a chargeback is of which order, and what of that is frozen."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from steelyard.kernel import events, money
from steelyard.kernel.db import Tx
from steelyard.money import ledger, payments
from steelyard.money.payments import PaymentSplit
from steelyard.trade.chargebacks.booking import frozen, thawed
from steelyard.trade.chargebacks.events import ChargebackFrozen, ChargebackThawed
from steelyard.trade.chargebacks.model import TAKEN, Chargeback, ChargebackId, Part
from steelyard.trade.orders.model import Order, OrderState

# Of these an order's money is with the shop or held for it. What was paid for all others has gone back, or is a deposit.
WITH_MONEY = frozenset(
    {OrderState.HELD, OrderState.PAID, OrderState.PARTLY_SHIPPED, OrderState.SHIPPED, OrderState.COMPLETED}
)


def proposal(amount: int, splits: Sequence[PaymentSplit], of: Mapping[UUID, Order]) -> dict[UUID, int]:
    """How much of a chargeback is of which order: in proportion to what is left of each of what was captured, by the largest
    remainder, and never more than that. What is more than all of it has been given back before."""
    left = {
        split.order_id: split.refundable
        for split in splits
        if split.order_id in of and of[split.order_id].state in WITH_MONEY and split.refundable > 0
    }
    if not left:
        return {}
    shared = money.split(min(amount, sum(left.values())), [*left.values()])
    return {order_id: part for order_id, part in zip(left, shared, strict=True) if part}


async def write_parts(
    tx: Tx, chargeback: Chargeback, shares: Mapping[UUID, int], of: Mapping[UUID, Order], number: int = 1
) -> None:
    """What is of which order. A part that was there keeps what its shop has said."""
    await tx.execute(
        """
        INSERT INTO chargeback_parts (merchant_id, chargeback_id, order_id, code, amount, currency, reason, state, opened_at
          , shop_due_at, round)
        SELECT p.merchant_id, $1, p.order_id, $2, p.amount, $3, $4, $5, $6, $7, $8
        FROM unnest($9::uuid[], $10::uuid[], $11::bigint[]) AS p (merchant_id, order_id, amount)
        ON CONFLICT (merchant_id, chargeback_id, order_id) DO UPDATE
        SET amount = excluded.amount, round = excluded.round, state = excluded.state, shop_due_at = excluded.shop_due_at
        """,
        chargeback.chargeback_id,
        chargeback.code,
        chargeback.currency,
        chargeback.reason,
        chargeback.state,
        chargeback.opened_at,
        chargeback.shop_due_at,
        number,
        [of[order_id].merchant_id for order_id in shares],
        [*shares],
        [*shares.values()],
    )


async def drop_parts(tx: Tx, known: Chargeback, parts: Sequence[Part], shares: Mapping[UUID, int]) -> None:
    """Orders that are not meant any more: nothing is left of them, or somebody has shared it out otherwise."""
    gone = [part.order_id for part in parts if part.order_id not in shares]
    if not gone:
        return
    await tx.execute(
        "DELETE FROM chargeback_files WHERE chargeback_id = $1 AND order_id = ANY($2)",
        known.chargeback_id,
        gone,
    )
    await tx.execute(
        "DELETE FROM chargeback_parts WHERE chargeback_id = $1 AND order_id = ANY($2)",
        known.chargeback_id,
        gone,
    )


async def freeze(tx: Tx, order_ids: Sequence[UUID], chargeback_id: ChargebackId | None = None) -> list[Part]:
    """Set aside, of what shops are owed for these received orders, what is charged back; returns what was set aside now. Said
    twice, the second finds nothing. The caller enters it into settlement."""
    if not order_ids:
        return []
    rows = await tx.all(
        Part,
        """
        WITH due AS (
            SELECT merchant_id, chargeback_id, order_id FROM chargeback_parts
            WHERE order_id = ANY($1) AND NOT frozen AND state = ANY($2) AND ($3::uuid IS NULL OR chargeback_id = $3)
            ORDER BY merchant_id, chargeback_id, order_id FOR UPDATE
        )
        UPDATE chargeback_parts p SET frozen = true FROM due
        WHERE (p.merchant_id, p.chargeback_id, p.order_id) = (due.merchant_id, due.chargeback_id, due.order_id)
        RETURNING p.merchant_id, p.chargeback_id, p.order_id, p.code, p.amount, p.currency, p.reason, p.state, p.opened_at
                , p.shop_due_at, p.round, p.frozen, p.bearer, p.bearer_why, p.refund_id, p.made_good, p.fee, p.words
                , p.answered_at, p.answered_by, p.held, p.sent_anyway_at, p.sent_anyway_by, p.sent_anyway_why
        """,
        list(order_ids),
        sorted(TAKEN),
        chargeback_id,
    )
    await ledger.post(tx, [frozen(part) for part in rows])
    return rows


def frozen_event(part: Part) -> ChargebackFrozen:
    return ChargebackFrozen(
        merchant_id=part.merchant_id,
        order_id=part.order_id,
        document=part.document,
        amount=part.amount,
        currency=part.currency,
    )


async def thaw(tx: Tx, known: Chargeback, parts: Sequence[Part]) -> None:
    """What was frozen is the shops' again, and can be refunded."""
    splits = await payments.lock_captured(tx, known.payment_id)
    await payments.set_disputed(tx, splits, {part.order_id: -part.amount for part in parts})
    # What is frozen now, not when it was read: an order may have been received since.
    cold = await tx.all(
        Part,
        """
        UPDATE chargeback_parts SET frozen = false WHERE chargeback_id = $1 AND frozen
        RETURNING merchant_id, chargeback_id, order_id, code, amount, currency, reason, state, opened_at, shop_due_at, round
                , frozen, bearer, bearer_why, refund_id, made_good, fee, words, answered_at, answered_by, held
                , sent_anyway_at, sent_anyway_by, sent_anyway_why
        """,
        known.chargeback_id,
    )
    await ledger.post(tx, [thawed(part) for part in cold])
    await events.publish(
        tx,
        *(
            ChargebackThawed(
                merchant_id=part.merchant_id,
                order_id=part.order_id,
                document=part.document,
                amount=part.amount,
                currency=part.currency,
            )
            for part in cold
        ),
    )
