"""Identifiers: UUIDv7 minted by us, so that the id of what is being made is its idempotency key."""

import uuid
from uuid import UUID

from uuid_utils import compat


def mint() -> UUID:
    """A new UUIDv7 (RFC 9562): unique anywhere, ordered by the millisecond it was made in."""
    return compat.uuid7()


def derived(namespace: UUID, *names: str) -> UUID:
    """The same id for the same names, whenever it is asked for: for things that come from elsewhere under a name
    of their own (imported rows, webhook events). A UUIDv5 in `namespace`."""
    return uuid.uuid5(namespace, "\x1f".join(names))
