"""What customers have answered in surveys, as far as segments ask for it. Who asks the surveys stands above and tells it."""

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.db import Tx
from steelyard.operations.segments import tree
from steelyard.operations.segments.settling import settle


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: options by their keys, or a number."""

    question: str
    choices: Sequence[str] = ()
    number: float | None = None


async def note_answers(tx: Tx, merchant_id: UUID, survey_id: UUID, buyer_id: UUID, said: Sequence[Said]) -> None:
    """What a customer has answered is known to segments from now on, and who is in them follows at once. Said twice, the second
    counts."""
    await tx.execute(
        """
        INSERT INTO segment_answers (merchant_id, buyer_id, survey_id, question, choices, number)
        SELECT $1, $2, $3, a.question, a.choices, a.number
        FROM jsonb_to_recordset($4::jsonb) AS a (question text, choices text[], number double precision)
        ON CONFLICT (merchant_id, buyer_id, survey_id, question) DO UPDATE
        SET choices = excluded.choices, number = excluded.number
        """,
        merchant_id,
        buyer_id,
        survey_id,
        said,
    )
    await settle(tx, [(merchant_id, buyer_id)], [tree.ANSWERS])


async def forget_answers(tx: Tx, buyer_ids: Collection[UUID]) -> None:
    """Nothing is known of what these have answered any more."""
    await tx.execute("DELETE FROM segment_answers WHERE buyer_id = ANY($1)", sorted(set(buyer_ids)))
