"""What a shop's staff tell each other about an order."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.orders.model import MENTIONS_PER_NOTE_MAX, NOTE_CHARACTERS_MAX, NOTES_PER_ORDER_MAX, OrderId


async def write_note(
    tx: Tx,
    merchant_id: MerchantId,
    order_id: OrderId,
    note_id: UUID,
    said: str,
    mentions: Sequence[UUID],
    by: str,
) -> None:
    """Leave a note on an order for one's colleagues, some of whom it names. Said twice with the same id, nothing changes.

    Raises `NotFound`, and `Invalid` for a note that is empty or too long.
    """
    said = said.strip()
    if not 1 <= len(said) <= NOTE_CHARACTERS_MAX:
        raise Invalid({"note": N_("A note has 1 to 500 characters")})
    if len(set(mentions)) > MENTIONS_PER_NOTE_MAX:
        raise Invalid({"mentions": N_("At most 20 people can be named in a note")})
    if not await tx.value("SELECT true FROM orders WHERE merchant_id = $1 AND order_id = $2", merchant_id, order_id):
        raise NotFound()
    written = await tx.execute(
        """
        INSERT INTO order_notes (merchant_id, note_id, order_id, said, by)
        SELECT $1, $2, $3, $4, $5
        WHERE (SELECT count(*) FROM order_notes WHERE merchant_id = $1 AND order_id = $3) < $6
        ON CONFLICT (merchant_id, note_id) DO NOTHING
        """,
        merchant_id,
        note_id,
        order_id,
        said,
        by,
        NOTES_PER_ORDER_MAX,
    )
    if written and mentions:
        await tx.execute(
            """
            INSERT INTO order_note_mentions (merchant_id, note_id, account_id, order_id)
            SELECT $1, $2, unnest($4::uuid[]), $3 ON CONFLICT DO NOTHING
            """,
            merchant_id,
            note_id,
            order_id,
            sorted(set(mentions)),
        )


async def see_notes(tx: Tx, merchant_id: MerchantId, order_id: OrderId, account_id: UUID) -> int:
    """Who is named has looked at the order; returns how many notes that were."""
    return await tx.execute(
        """
        UPDATE order_note_mentions SET seen_at = now()
        WHERE merchant_id = $1 AND order_id = $2 AND account_id = $3 AND seen_at IS NULL
        """,
        merchant_id,
        order_id,
        account_id,
    )
