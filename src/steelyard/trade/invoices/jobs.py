"""What time brings about: shops are reminded, once a day, of invoices and red letters that buyers wait for."""

from steelyard.kernel import days, events
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep
from steelyard.trade.invoices.events import InvoicesDue

EVERY_SECONDS = 3_600.0
INVOICES_PER_ROUND_MAX = 2_000
# Told so long before the last day.
AHEAD_HOURS = 24


async def remind(tx: Tx) -> int:
    """Tell of what is due within a day or overdue, of each invoice once in 24 hours; returns how many shops were told."""
    rows = await tx.fetch(
        """
        WITH due AS (
            SELECT merchant_id, invoice_id FROM invoices
            WHERE state = 'requested' AND due_by < now() + $1 * interval '1 hour'
              AND (reminded_at IS NULL OR reminded_at < now() - interval '24 hours')
            ORDER BY due_by LIMIT $2 FOR UPDATE SKIP LOCKED
        ), told AS (
            UPDATE invoices i SET reminded_at = now() FROM due d
            WHERE i.merchant_id = d.merchant_id AND i.invoice_id = d.invoice_id
            RETURNING i.merchant_id, i.due_by
        )
        SELECT merchant_id, count(*)::integer AS waiting, (count(*) FILTER (WHERE due_by < now()))::integer AS overdue
        FROM told GROUP BY merchant_id ORDER BY merchant_id
        """,
        AHEAD_HOURS,
        INVOICES_PER_ROUND_MAX,
    )
    day = days.today().isoformat()
    await events.publish(
        tx,
        *(
            InvoicesDue(merchant_id=row["merchant_id"], waiting=row["waiting"], overdue=row["overdue"], day=day)
            for row in rows
        ),
    )
    return len(rows)


async def _remind(db: Database) -> int:
    return await db.transact(remind)


SWEEPS = [Sweep("invoices.remind", EVERY_SECONDS, _remind)]
