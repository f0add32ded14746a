"""What time brings about: sessions and links end."""

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep

FORGOTTEN_PER_ROUND_MAX = 1_000
FORGET_EVERY_SECONDS = 600.0


async def forget(tx: Tx) -> int:
    """Delete sessions that have ended, and links a day after they have; returns how many."""
    sessions = await tx.execute(
        """
        DELETE FROM sessions WHERE token_hash IN (
            SELECT token_hash FROM sessions WHERE expires_at < now()
            ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)
        """,
        FORGOTTEN_PER_ROUND_MAX,
    )
    links = await tx.execute(
        """
        DELETE FROM password_resets WHERE token_hash IN (
            SELECT token_hash FROM password_resets WHERE expires_at < now() - interval '1 day'
            ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)
        """,
        FORGOTTEN_PER_ROUND_MAX,
    )
    return sessions + links


async def _forget(db: Database) -> int:
    return await db.transact(forget)


SWEEPS = [Sweep("access.forget", FORGET_EVERY_SECONDS, _forget)]
