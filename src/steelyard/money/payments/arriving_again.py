"""A refund that had come back arrives again: under which document the books have it, for statements to be matched with it."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.db import Tx
from steelyard.money.payments.model import Refund


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """The `nth` success of a refund, and its `document`."""

    refund: Refund
    document: UUID
    nth: int


async def note_again(tx: Tx, successes: Sequence[Again]) -> None:
    """Write successes after the first down. Said twice, the second changes nothing."""
    if not successes:
        return
    await tx.execute(
        """
        INSERT INTO refund_successes (merchant_id, document, refund_id, nth, reference)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[]) ON CONFLICT DO NOTHING
        """,
        [each.refund.merchant_id for each in successes],
        [each.document for each in successes],
        [each.refund.refund_id for each in successes],
        [each.nth for each in successes],
        [each.refund.channel_reference for each in successes],
    )
