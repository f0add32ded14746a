"""How chargebacks change state: the row, its parts, and its history."""

from datetime import datetime

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.trade.chargebacks.model import MACHINE, OPEN, Chargeback, ChargebackId, ChargebackState


async def lock(tx: Tx, chargeback_id: ChargebackId) -> Chargeback:
    """The chargeback, held until the transaction ends. Raises `NotFound`."""
    found = await tx.one(
        Chargeback,
        """
        SELECT buyer_id, chargeback_id, code, payment_id, purchase_id, channel, reference, amount, currency, fee, excess, reason
             , state, opened_at, opened_by, note, due_at, shop_due_at, answer, facts, words, failure, submitted_at, ended_at
        FROM chargebacks WHERE chargeback_id = $1 FOR UPDATE
        """,
        chargeback_id,
    )
    if found is None:
        raise NotFound()
    return found


async def move(tx: Tx, chargeback: Chargeback, to: ChargebackState, by: str) -> Chargeback:
    """Change a locked chargeback and its parts; returns it as it is now. Raises `TransitionRefused`."""
    MACHINE.check(chargeback.state, to)
    at: datetime = await tx.value("SELECT now()")
    await tx.execute(
        """
        UPDATE chargebacks
        SET state = $3, ended_at = CASE WHEN $4 THEN NULL ELSE coalesce(ended_at, now()) END
          , submitted_at = CASE WHEN $3 = 'submitted' THEN now() ELSE submitted_at END
          , answer_at = CASE WHEN $3 = 'answering' THEN now() END
          , attempts = CASE WHEN $3 = 'answering' THEN 0 ELSE attempts END
        WHERE buyer_id = $1 AND chargeback_id = $2
        """,
        chargeback.buyer_id,
        chargeback.chargeback_id,
        to,
        to in OPEN,
    )
    await tx.execute("UPDATE chargeback_parts SET state = $2 WHERE chargeback_id = $1", chargeback.chargeback_id, to)
    await write_step(tx, chargeback, chargeback.state, to, by)
    moved = await lock(tx, chargeback.chargeback_id)
    assert moved.ended_at is None or moved.ended_at <= at
    return moved


async def write_step(tx: Tx, chargeback: Chargeback, before: str, to: ChargebackState, by: str) -> None:
    await tx.execute(
        """
        INSERT INTO chargeback_history (buyer_id, chargeback_id, step, from_state, to_state, by)
        SELECT $1, $2, coalesce(max(step), 0) + 1, $3, $4, $5
        FROM chargeback_history WHERE buyer_id = $1 AND chargeback_id = $2
        """,
        chargeback.buyer_id,
        chargeback.chargeback_id,
        str(before),
        str(to),
        by,
    )
