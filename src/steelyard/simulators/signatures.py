"""Signing webhooks after the Standard Webhooks specification (standardwebhooks.com), symmetric scheme v1."""

import base64
import hashlib
import hmac
from collections.abc import Mapping

SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix, not a secret
TOLERANCE_SECONDS = 300


class BadSignature(Exception):
    """The webhook is not from whom it says, was changed on its way, or is too old."""


def sign(secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of the HMAC-SHA256 over `id.timestamp.body`, under the decoded secret."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    digest = hmac.new(key, f"{webhook_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> str:
    """The webhook's id. Raises BadSignature; any one right signature of a list is enough, for rotated secrets."""
    try:
        webhook_id = headers["webhook-id"]
        timestamp = int(headers["webhook-timestamp"])
        signatures = headers["webhook-signature"].split(" ")
    except (KeyError, ValueError) as error:
        raise BadSignature("headers are missing or malformed") from error
    if abs(now - timestamp) > TOLERANCE_SECONDS:
        raise BadSignature("too old or from the future")
    expected = sign(secret, webhook_id, timestamp, body).encode()
    if not any(hmac.compare_digest(expected, given.encode()) for given in signatures):
        raise BadSignature("the signature is of other bytes or another secret")
    return webhook_id
