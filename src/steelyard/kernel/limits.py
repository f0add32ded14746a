"""Rate limits on log-ins and money: token buckets in PostgreSQL, the same for all processes.

A bucket holds `burst` tokens and fills at `burst` per `per_seconds`; an attempt takes one. (The storefront's page views
are not counted here: that is the reverse proxy's work.)
"""

import math

import msgspec

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import TooMany
from steelyard.kernel.sweeps import Sweep

FORGOTTEN_PER_ROUND_MAX = 1_000
FORGET_EVERY_SECONDS = 600.0


class Limit(msgspec.Struct, frozen=True):
    """`burst` attempts at once, and as many again spread over `per_seconds`. `name` tells limits apart."""

    name: str
    burst: int
    per_seconds: float


async def take(db: Database, limit: Limit, *whose: str) -> None:
    """Use up one attempt of `whose` (a login, an address), in a transaction of its own: it counts however the attempt
    ends. Raises `TooMany` with `retry_after` in whole seconds; what is refused uses up nothing."""
    seconds = await db.transact(attempt, limit, *whose)
    if seconds > 0:
        raise TooMany(retry_after=math.ceil(seconds))


async def attempt(tx: Tx, limit: Limit, *whose: str) -> float:
    """Take a token: 0.0 when there was one, else the seconds until there is."""
    assert limit.burst >= 1
    assert limit.per_seconds > 0
    key = ":".join((limit.name, *whose))
    rate = limit.burst / limit.per_seconds
    taken = await tx.value(
        """
        INSERT INTO rate_limits AS r (key, tokens, at, full_at)
        VALUES ($1, $2::float8 - 1, now(), now() + interval '1 second' / $3::float8)
        ON CONFLICT (key) DO UPDATE
        SET tokens = least($2, r.tokens + extract(epoch FROM greatest(now() - r.at, '0'))::float8 * $3) - 1
          , at = greatest(now(), r.at)
          , full_at = greatest(now(), r.at) + interval '1 second' / $3
              * ($2 + 1 - least($2, r.tokens + extract(epoch FROM greatest(now() - r.at, '0'))::float8 * $3))
        WHERE least($2, r.tokens + extract(epoch FROM greatest(now() - r.at, '0'))::float8 * $3) >= 1
        RETURNING true
        """,
        key,
        float(limit.burst),
        rate,
    )
    if taken:
        return 0.0
    missing = await tx.value(
        """
        SELECT 1 - least($2::float8, tokens + extract(epoch FROM greatest(now() - at, '0'))::float8 * $3::float8)
        FROM rate_limits WHERE key = $1
        """,
        key,
        float(limit.burst),
        rate,
    )
    return max(missing or 0.0, 0.001) / rate


async def forgive(tx: Tx, limit: Limit, *whose: str) -> None:
    """Fill the bucket up: after a log-in that succeeded."""
    await tx.execute("DELETE FROM rate_limits WHERE key = $1", ":".join((limit.name, *whose)))


async def forget(tx: Tx) -> int:
    """Delete buckets that are full again, a batch at a time; returns how many went."""
    return await tx.execute(
        """
        DELETE FROM rate_limits WHERE key IN (
            SELECT key FROM rate_limits WHERE full_at < now()
            ORDER BY full_at LIMIT $1 FOR UPDATE SKIP LOCKED)
        """,
        FORGOTTEN_PER_ROUND_MAX,
    )


SWEEP = Sweep("limits.forget", FORGET_EVERY_SECONDS, lambda db: db.transact(forget))
