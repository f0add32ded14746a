"""Mails leave by a job each, at once; a sweep sends again those that did not get out."""

from datetime import timedelta

from steelyard.kernel import jobs
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep
from steelyard.parties.notifications import delivery
from steelyard.parties.notifications.model import MailId

MAILS_PER_SWEEP = 100
SWEEP_EVERY_SECONDS = 10.0
# How long a job that was queued may take before the sweep queues the mail again.
GRACE_SECONDS = 300


# When to try again is written in the mail itself, where people can see it; the queue only says "now".
@jobs.job("notifications.deliver", queue="mail", tries_max=1)
async def deliver(db: Database, *, mail_id: MailId) -> None:
    """Send one mail, if it is not out yet."""
    await delivery.attempt(db, mail_id)


async def send_again(tx: Tx) -> int:
    """Queue the mails whose time has come (again): after an error, or when their job was lost."""
    rows = await tx.fetch(
        """
        UPDATE mails SET retry_at = now() + $2::interval
        WHERE mail_id IN (
            SELECT mail_id FROM mails WHERE sent_at IS NULL AND retry_at <= now()
            ORDER BY retry_at LIMIT $1 FOR UPDATE SKIP LOCKED)
        RETURNING mail_id
        """,
        MAILS_PER_SWEEP,
        timedelta(seconds=GRACE_SECONDS),
    )
    for row in rows:
        key = str(row["mail_id"])
        await jobs.defer(tx, deliver.with_options(lock=key, once=key), mail_id=row["mail_id"])
    return len(rows)


async def _send_again(db: Database) -> int:
    return await db.transact(send_again)


SWEEPS = [Sweep("notifications.send_again", SWEEP_EVERY_SECONDS, _send_again)]
