"""Messages from outside: verified by the gateway, stored here, then applied by whose change it must be atomic with."""

from collections.abc import Mapping
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.kernel.settings import Settings
from steelyard.money.payments.model import Receipt

ERROR_CHARACTERS_MAX = 2_000
# A receipt is being applied by whoever received it; after this it is picked up by the sweep.
PICK_UP_SECONDS = 30


def webhook_url(settings: Settings, channel: str) -> str:
    """Where `channel` (simpay, simbank, …) sends its messages."""
    return f"{settings.base_url}/webhooks/{channel}"


async def receive(
    tx: Tx, channel: str, event_id: str, body: Mapping[str, object], document: UUID | None = None
) -> bool:
    """Store a verified message; False when it was stored before and is applied: the second copy is nothing new.

    `document`: the payment or refund that it tells of.
    """
    fresh = await tx.execute(
        """
        INSERT INTO webhook_receipts (channel, event_id, body, document) VALUES ($1, $2, $3, $4)
        ON CONFLICT (channel, event_id) DO NOTHING
        """,
        channel,
        event_id,
        body,
        document,
    )
    if fresh:
        return True
    return await tx.value(
        "SELECT applied_at IS NULL FROM webhook_receipts WHERE channel = $1 AND event_id = $2", channel, event_id
    )


async def applied(tx: Tx, channel: str, event_id: str) -> None:
    """The message has had its effect: said in the transaction of that effect."""
    await tx.execute(
        """
        UPDATE webhook_receipts SET applied_at = now(), error = NULL
        WHERE channel = $1 AND event_id = $2 AND applied_at IS NULL
        """,
        channel,
        event_id,
    )


async def not_applied(tx: Tx, channel: str, event_id: str, error: str) -> None:
    """The message could not be applied: kept with the reason, for people to see; the outcome is found by asking."""
    await tx.execute(
        "UPDATE webhook_receipts SET error = $3 WHERE channel = $1 AND event_id = $2 AND applied_at IS NULL",
        channel,
        event_id,
        error[:ERROR_CHARACTERS_MAX],
    )


async def to_apply(tx: Tx, channel: str) -> Receipt | None:
    """Take the oldest message of `channel` that was stored and left behind; apply it in this transaction."""
    return await tx.one(
        Receipt,
        """
        SELECT channel, event_id, body FROM webhook_receipts
        WHERE channel = $1 AND applied_at IS NULL AND error IS NULL
          AND received_at < now() - $2 * interval '1 second'
        ORDER BY received_at
        LIMIT 1
        FOR UPDATE SKIP LOCKED
        """,
        channel,
        PICK_UP_SECONDS,
    )
