"""Answers that helped: each reader says so once, may take it back, and the most helpful stand first."""

from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.parties.customers.model import BuyerId
from steelyard.trade.reviews.model import AnswerId, OwnAnswer, ProductId


async def vote_for_answer(tx: Tx, answer_id: AnswerId, buyer_id: BuyerId, *, helpful: bool) -> ProductId:
    """Say that an answer helped, or take it back; returns the product that it is about. Said twice, it counts once.

    Raises `NotFound`, `OwnAnswer`.
    """
    merchant_id = await tx.value("SELECT merchant_id FROM answers WHERE answer_id = $1", answer_id)
    row = await tx.row(
        """
        SELECT a.writer_id, a.by_shop, a.hidden_at, q.product_id, q.hidden_at AS question_hidden_at
        FROM answers a JOIN questions q USING (merchant_id, question_id)
        WHERE a.merchant_id = $1 AND a.answer_id = $2 FOR NO KEY UPDATE OF a
        """,
        merchant_id,
        answer_id,
    )
    if row is None or row["hidden_at"] is not None or row["question_hidden_at"] is not None:
        raise NotFound()
    if not row["by_shop"] and row["writer_id"] == buyer_id:
        raise OwnAnswer()
    changed = await _cast(tx, merchant_id, answer_id, buyer_id, helpful=helpful)
    if changed:
        await tx.execute(
            "UPDATE answers SET helpful = helpful + $3 WHERE merchant_id = $1 AND answer_id = $2",
            merchant_id,
            answer_id,
            changed,
        )
    return ProductId(row["product_id"])


async def _cast(tx: Tx, merchant_id: UUID, answer_id: AnswerId, buyer_id: BuyerId, *, helpful: bool) -> int:
    if helpful:
        return await tx.execute(
            """
            INSERT INTO answer_votes (merchant_id, answer_id, buyer_id) VALUES ($1, $2, $3)
            ON CONFLICT (merchant_id, answer_id, buyer_id) DO NOTHING
            """,
            merchant_id,
            answer_id,
            buyer_id,
        )
    return -await tx.execute(
        "DELETE FROM answer_votes WHERE merchant_id = $1 AND answer_id = $2 AND buyer_id = $3",
        merchant_id,
        answer_id,
        buyer_id,
    )
