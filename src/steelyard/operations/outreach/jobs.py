"""Messages leave by a sweep: it looks at what is due, again and again, and asks about what was not answered. Short addresses of
text messages are forgotten some months later."""

from datetime import UTC, datetime, timedelta

from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep
from steelyard.operations.outreach import delivery, gateways

HAND_OVER_EVERY_SECONDS = 1.0
# So long a short address leads somewhere. Nobody looks for a text message that is older.
CODES_KEPT = timedelta(days=180)
CODES_PER_SWEEP = 5_000


async def _hand_over(db: Database) -> int:
    here = kernel_settings.load()
    return await delivery.hand_over(db, gateways.carriers(here), here)


async def forget_codes(tx: Tx, now: datetime) -> int:
    """Short addresses that are old lead nowhere any more, the oldest first. That somebody followed one is kept at its message,
    so no figure changes. Returns how many."""
    return await tx.execute(
        """
        DELETE FROM message_codes WHERE code IN (
            SELECT code FROM message_codes WHERE at < $1 ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        now - CODES_KEPT,
        CODES_PER_SWEEP,
    )


async def _forget_codes(db: Database) -> int:
    return await db.transact(forget_codes, datetime.now(UTC))


SWEEPS = [
    Sweep("outreach.hand_over", HAND_OVER_EVERY_SECONDS, _hand_over),
    Sweep("outreach.forget_codes", 3_600.0, _forget_codes),
]
