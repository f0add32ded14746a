"""What is looked after: payments whose outcome is unknown, webhooks that were left behind, checkouts nobody finished."""

import asyncio

import structlog

from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Refusal
from steelyard.kernel.settings import Settings
from steelyard.kernel.sweeps import Sweep
from steelyard.money import payments
from steelyard.money.payments.model import DueQuery
from steelyard.parties import policies
from steelyard.parties.policies.model import CHECKOUT_DAYS
from steelyard.trade.checkout.collection import apply_news, ask_about

QUERIES_PER_SWEEP = 50
QUERIES_AT_ONCE = 10
WEBHOOKS_PER_SWEEP = 200
CHECKOUTS_PER_SWEEP = 500

log = structlog.get_logger()


async def query_unknown(db: Database, settings: Settings) -> int:
    """Ask the channels about every payment whose outcome is due to be asked for; returns how many."""
    due = await db.transact(payments.to_query, QUERIES_PER_SWEEP)
    slots = asyncio.Semaphore(QUERIES_AT_ONCE)

    async def ask(one: DueQuery) -> None:
        async with slots:
            try:
                await ask_about(db, settings, one, overdue=one.overdue, lost=one.lost)
            except Exception:  # one that cannot be applied must not hold up the others: it is asked for again
                log.exception("payment.query_failed", payment_id=str(one.payment_id))

    await asyncio.gather(*(ask(one) for one in due))
    return len(due)


async def apply_left_behind(db: Database, settings: Settings) -> int:
    """Apply webhooks that were stored by a process that died before it applied them; returns how many were taken up.

    What cannot be applied is kept with the reason: the oldest message must not hold up those behind it for ever. Trouble
    with the database is no such reason, and the message is taken up again.
    """
    taken = 0
    for name, channel in payments.channels(settings).items():
        while taken < WEBHOOKS_PER_SWEEP and (receipt := await db.transact(payments.to_apply, name)):
            taken += 1
            try:
                await db.transact(apply_news, name, channel.read_stored(receipt.event_id, receipt.body))
            except (Refusal, AssertionError) as error:  # what it says does not fit what we know
                log.exception("webhook.not_applied", channel=name, event_id=receipt.event_id)
                await db.transact(payments.not_applied, name, receipt.event_id, f"{type(error).__name__}: {error}")
    return taken


async def forget_old(tx: Tx) -> int:
    """Checkouts that were never placed are kept a month, for the buyer to come back to a link."""
    return await tx.execute(
        """
        DELETE FROM checkouts WHERE checkout_id IN (
            SELECT checkout_id FROM checkouts
            WHERE expires_at < now() - $1 * interval '1 day' AND state IN ('open', 'cancelled')
            ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        await policies.number(tx, CHECKOUT_DAYS),
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
