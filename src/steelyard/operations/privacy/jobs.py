"""What time brings about: accounts are erased on their day, exports expire, kept records fade."""

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep
from steelyard.operations.privacy.gathering import gather
from steelyard.operations.privacy.model import RECORD_YEARS, Erasure, OpenBusiness
from steelyard.operations.privacy.service import erase
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import aftersales, invoices, orders

EXPORTS_PER_SWEEP = 100
ERASURES_PER_FADING = 20

__all__ = ["SWEEPS", "erase_due", "fade_records", "forget_exports", "gather"]


async def erase_due(tx: Tx) -> int:
    """Erase one account whose day has come; while something is open, it waits a day longer."""
    due = await tx.one(
        Erasure,
        """
        SELECT buyer_id, erasure_id, account_id, state, asked_at, due_at FROM erasures
        WHERE state = 'planned' AND due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
        """,
    )
    if due is None:
        return 0
    try:
        await erase(tx, due, "system")
    except OpenBusiness:
        # Raised before anything was written.
        await tx.execute(
            "UPDATE erasures SET due_at = now() + interval '1 day' WHERE buyer_id = $1 AND erasure_id = $2",
            due.buyer_id,
            due.erasure_id,
        )
    return 1


async def forget_exports(tx: Tx) -> int:
    """What was not downloaded in time is gone."""
    return await tx.execute(
        """
        UPDATE data_exports SET content = NULL WHERE (buyer_id, export_id) IN (
            SELECT buyer_id, export_id FROM data_exports WHERE content IS NOT NULL AND expires_at <= now()
            ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)
        """,
        EXPORTS_PER_SWEEP,
    )


async def fade_records(tx: Tx) -> int:
    """Of buyers who were forgotten, blank what records of transactions older than `RECORD_YEARS` still say of them."""
    rows = await tx.fetch(
        """
        UPDATE erasures SET faded_at = now() WHERE (buyer_id, erasure_id) IN (
            SELECT buyer_id, erasure_id FROM erasures
            WHERE state = 'done' AND (faded_at IS NULL OR faded_at < now() - interval '30 days')
            ORDER BY faded_at NULLS FIRST LIMIT $1 FOR UPDATE SKIP LOCKED)
        RETURNING buyer_id
        """,
        ERASURES_PER_FADING,
    )
    owners: list[BuyerId] = []
    for row in rows:
        buyer_id = BuyerId(row["buyer_id"])
        owners += [buyer_id, *await customers.visitors_of(tx, buyer_id)]
    if owners:
        await orders.blank_records(tx, owners, RECORD_YEARS)
        await invoices.blank_records(tx, owners, RECORD_YEARS)
        await aftersales.blank_records(tx, owners, RECORD_YEARS)
    return len(rows)


async def _erase_due(db: Database) -> int:
    return await db.transact(erase_due)


async def _forget_exports(db: Database) -> int:
    return await db.transact(forget_exports)


async def _fade_records(db: Database) -> int:
    return await db.transact(fade_records)


SWEEPS = [
    Sweep("privacy.erase_due", 60.0, _erase_due),
    Sweep("privacy.forget_exports", 3_600.0, _forget_exports),
    Sweep("privacy.fade_records", 3_600.0, _fade_records),
]
