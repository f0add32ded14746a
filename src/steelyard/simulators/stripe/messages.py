"""An event of the outbox as Stripe sends it: its shape, and its signature over time and body."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime

import msgspec

CONNECTED = "account."
API_VERSION = "2025-09-30.clover"


class _Kept(msgspec.Struct, frozen=True):
    id: str
    type: str
    created_at: datetime
    data: msgspec.Raw


class _Named(msgspec.Struct, frozen=True):
    id: str


def enveloped(secret: str, connected: str) -> Callable[[str, int, bytes], tuple[dict[str, str], bytes]]:
    """From an event's id, the time of sending and what the outbox holds, to headers and body. `connected` is the secret of the
    endpoint that is told of connected accounts: such an event names the account."""

    def wrapped(_event: str, timestamp: int, body: bytes) -> tuple[dict[str, str], bytes]:
        kept = msgspec.json.decode(body, type=_Kept)
        event = {
            "id": kept.id,
            "object": "event",
            "api_version": API_VERSION,
            "created": int(kept.created_at.timestamp()),
            "data": {"object": kept.data},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kept.type,
        }
        about_another = kept.type.startswith(CONNECTED)
        if about_another:
            event["account"] = msgspec.json.decode(kept.data, type=_Named).id
        sent = msgspec.json.encode(event)
        digest = hmac.new(
            (connected if about_another else secret).encode(), f"{timestamp}.".encode() + sent, hashlib.sha256
        ).hexdigest()
        return {"content-type": "application/json", "stripe-signature": f"t={timestamp},v1={digest}"}, sent

    return wrapped
