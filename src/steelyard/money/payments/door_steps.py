"""How what is collected at the door moves from one state to the next, and what refunds take off it."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.money.payments.door_model import DOOR_MACHINE, Arrived, Collection, DoorState
from steelyard.money.payments.refund_model import Refund
from steelyard.parties.merchants.model import MerchantId

# What is collected at the door: of which merchant, order and payment.
Key = tuple[MerchantId, UUID, UUID]


async def promise(tx: Tx, payment_ids: Sequence[UUID]) -> None:
    """These payments are captured: each of their orders is to be paid at its own door."""
    await tx.execute(
        """
        WITH made AS (
            INSERT INTO door_collections (merchant_id, order_id, payment_id, buyer_id, amount, currency, state)
            SELECT merchant_id, order_id, payment_id, buyer_id, amount, currency, 'due'
            FROM payment_splits WHERE payment_id = ANY($1) AND amount > 0
            RETURNING merchant_id, order_id, payment_id
        )
        INSERT INTO door_history (merchant_id, order_id, payment_id, step, from_state, to_state, by)
        SELECT merchant_id, order_id, payment_id, 1, 'nowhere', 'due', 'buyer' FROM made
        """,
        list(payment_ids),
    )


async def lock(tx: Tx, refs: Sequence[tuple[UUID, UUID]]) -> list[Collection]:
    """What is collected at the door for these orders (merchant, order) and is not over, held until the transaction ends."""
    return await tx.all(
        Collection,
        """
        SELECT d.merchant_id, d.order_id, d.payment_id, d.buyer_id, d.amount, d.undone, d.currency, d.state, d.told, d.reported
             , d.carrier, d.created_at, d.ended_at, d.remittance
        FROM door_collections d
        JOIN unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, order_id) USING (merchant_id, order_id)
        WHERE d.state IN ('due', 'carried')
        ORDER BY d.merchant_id, d.order_id, d.payment_id FOR UPDATE OF d
        """,
        [merchant_id for merchant_id, _ in refs],
        [order_id for _, order_id in refs],
    )


async def undo(tx: Tx, refunds: Sequence[Refund]) -> None:
    """These refunds have succeeded by taking them off claims whose doors are held already; a claim of which nothing is left is
    over."""
    if not refunds:
        return
    taken = await tx.all(
        Collection,
        """
        UPDATE door_collections d SET undone = d.undone + w.amount
        FROM (SELECT merchant_id, order_id, payment_id, sum(amount)::bigint AS amount
              FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[]) AS w (merchant_id, order_id, payment_id, amount)
              GROUP BY merchant_id, order_id, payment_id) w
        WHERE (d.merchant_id, d.order_id, d.payment_id) = (w.merchant_id, w.order_id, w.payment_id)
          AND d.state IN ('due', 'refused')
        RETURNING d.merchant_id, d.order_id, d.payment_id, d.buyer_id, d.amount, d.undone, d.currency, d.state, d.told, d.reported
                , d.carrier, d.created_at, d.ended_at, d.remittance
        """,
        [refund.merchant_id for refund in refunds],
        [refund.order_id for refund in refunds],
        [refund.payment_id for refund in refunds],
        [refund.amount for refund in refunds],
    )
    assert len(taken) == len({(each.merchant_id, each.order_id, each.payment_id) for each in refunds}), (
        "what is under way, or collected, is not taken off any more"
    )
    if over := [each for each in taken if each.state is DoorState.DUE and each.undone == each.amount]:
        await move(tx, over, DoorState.VOID, "system")


async def move(
    tx: Tx,
    found: Sequence[Collection],
    to: DoorState,
    by: str,
    *,
    told: Mapping[Key, int] | None = None,
    came: Mapping[tuple[UUID, UUID], Arrived] | None = None,
    remittance: str | None = None,
) -> None:
    """Move locked collections: the row and its history in one statement."""
    for each in found:
        DOOR_MACHINE.check(each.state, to)
    arrivals = [came[each.merchant_id, each.order_id] if came else None for each in found]
    moved = await tx.execute(
        """
        WITH moved AS (
            UPDATE door_collections d
            SET state = $8, told = coalesce(w.told, d.told), carrier = coalesce(w.carrier, d.carrier)
              , reported = CASE WHEN w.reported <> d.told THEN w.reported ELSE d.reported END
              , remittance = coalesce($10, d.remittance)
              , ended_at = CASE WHEN $8 <> 'carried' THEN coalesce(d.ended_at, now()) END
            FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::bigint[])
                AS w (merchant_id, order_id, payment_id, was, told, carrier, reported)
            WHERE (d.merchant_id, d.order_id, d.payment_id) = (w.merchant_id, w.order_id, w.payment_id) AND d.state = w.was
            RETURNING d.merchant_id, d.order_id, d.payment_id, w.was
        )
        INSERT INTO door_history (merchant_id, order_id, payment_id, step, from_state, to_state, by)
        SELECT m.merchant_id, m.order_id, m.payment_id
             , (SELECT coalesce(max(h.step), 0) + 1 FROM door_history h
                WHERE (h.merchant_id, h.order_id, h.payment_id) = (m.merchant_id, m.order_id, m.payment_id))
             , m.was, $8, $9
        FROM moved m
        """,
        [each.merchant_id for each in found],
        [each.order_id for each in found],
        [each.payment_id for each in found],
        [each.state for each in found],
        [told[each.merchant_id, each.order_id, each.payment_id] if told else None for each in found],
        [arrival.carrier if arrival else None for arrival in arrivals],
        [arrival.reported if arrival else None for arrival in arrivals],
        to,
        by,
        remittance,
    )
    assert moved == len(found), "what is locked stays in the state in which it was seen"
