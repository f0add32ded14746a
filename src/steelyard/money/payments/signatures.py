"""Webhooks signed after the Standard Webhooks specification (standardwebhooks.com), symmetric scheme v1."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from steelyard.money.payments.refusals import BadWebhook

SECRET_PREFIX = "whsec_"  # noqa: S105 - the scheme's public prefix
TOLERANCE_SECONDS = 300
EVENT_ID_CHARACTERS_MAX = 200


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> str:
    """The id of a webhook that is from whom it says and fresh (within 5 minutes of `now`, seconds since 1970).

    `headers` have lower-case names. Any one right signature of the list is enough, so that secrets can be rotated.
    Raises `BadWebhook`.
    """
    try:
        event_id = headers["webhook-id"]
        timestamp = int(headers["webhook-timestamp"])
        given = headers["webhook-signature"].split(" ")
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (KeyError, ValueError, binascii.Error) as error:
        raise BadWebhook(why="malformed") from error
    if not key or not 0 < len(event_id) <= EVENT_ID_CHARACTERS_MAX:
        raise BadWebhook(why="malformed")
    if abs(now - timestamp) > TOLERANCE_SECONDS:
        raise BadWebhook(why="stale")
    digest = hmac.new(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(digest)
    if not any(hmac.compare_digest(expected, signature.encode()) for signature in given):
        raise BadWebhook(why="signature")
    return event_id
