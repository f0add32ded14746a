"""What is looked after: payments whose outcome is unknown, webhooks that were left behind, checkouts nobody finished."""

from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.settings import Settings
from steelyard.kernel.sweeps import Sweep
from steelyard.money import payments
from steelyard.trade.checkout.collection import apply_news, ask_about

QUERIES_PER_SWEEP = 50
CHECKOUTS_PER_SWEEP = 500
KEPT_DAYS = 30


async def query_unknown(db: Database, settings: Settings) -> int:
    """Ask the channels about every payment whose outcome is due to be asked for; returns how many."""
    due = await db.transact(payments.to_query, QUERIES_PER_SWEEP)
    for one in due:
        await ask_about(db, settings, one.payment_id, one.channel, overdue=one.overdue)
    return len(due)


async def apply_left_behind(db: Database, settings: Settings) -> int:
    """Apply webhooks that were stored by a process that died before it applied them."""
    applied = 0
    for name in payments.channels(settings):
        while await db.transact(_apply_oldest, settings, name):
            applied += 1
    return applied


async def _apply_oldest(tx: Tx, settings: Settings, name: str) -> bool:
    receipt = await payments.to_apply(tx, name)
    if receipt is None:
        return False
    await apply_news(tx, name, payments.channel(settings, name).read_stored(receipt.event_id, receipt.body))
    return True


async def forget_old(tx: Tx) -> int:
    """Checkouts that were never placed are kept a month, for the buyer to come back to a link."""
    return await tx.execute(
        """
        DELETE FROM checkouts WHERE checkout_id IN (
            SELECT checkout_id FROM checkouts
            WHERE expires_at < now() - $1 * interval '1 day' AND state IN ('open', 'cancelled')
            ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        KEPT_DAYS,
        CHECKOUTS_PER_SWEEP,
    )


async def _query_unknown(db: Database) -> int:
    return await query_unknown(db, kernel_settings.load())


async def _apply_left_behind(db: Database) -> int:
    return await apply_left_behind(db, kernel_settings.load())


async def _forget_old(db: Database) -> int:
    return await db.transact(forget_old)


SWEEPS = [
    Sweep("checkout.query_unknown_payments", 2.0, _query_unknown),
    Sweep("checkout.apply_left_behind_webhooks", 10.0, _apply_left_behind),
    Sweep("checkout.forget_old", 3_600.0, _forget_old),
]
