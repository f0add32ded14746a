"""What a shop may not do for a while, told from above: points that stop new products or the whole shop, a deposit that is
missing. And when a shop that was suspended by the house itself sells again."""

from datetime import date, datetime

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.parties import policies
from steelyard.parties.merchants.model import LICENCE_ENDED, POINTS, MerchantId, MerchantState
from steelyard.parties.merchants.service import set_state
from steelyard.parties.policies.model import VERIFY_GRACE


async def hold(tx: Tx, merchant_id: MerchantId) -> MerchantState:
    """Lock a merchant's row until the transaction ends; returns its state. Raises `NotFound`."""
    state = await tx.value("SELECT state FROM merchants WHERE merchant_id = $1 FOR UPDATE", merchant_id)
    if state is None:
        raise NotFound()
    return MerchantState(state)


async def restrict(tx: Tx, merchant_id: MerchantId, until: datetime | None, *, stop: bool) -> None:
    """Points hold new products back until this moment (none: they do not), and `stop` the whole shop."""
    await tx.execute(
        "UPDATE merchants SET restricted_until = $2, stopped_by_points = $3 WHERE merchant_id = $1",
        merchant_id,
        until,
        stop,
    )


async def mark_deposit_short(tx: Tx, merchant_id: MerchantId, *, short: bool) -> None:
    """New products are held back while the deposit has not been topped up in time."""
    await tx.execute("UPDATE merchants SET deposit_short = $2 WHERE merchant_id = $1", merchant_id, short)


async def mark_in_debt(tx: Tx, merchant_id: MerchantId, *, overdue: bool) -> None:
    """New products are held back while the shop has not paid what it owes, though it was asked to long ago."""
    await tx.execute("UPDATE merchants SET in_debt = $2 WHERE merchant_id = $1", merchant_id, overdue)


async def restricted(read: Read, merchant_id: MerchantId, now: datetime) -> bool:
    """Whether new products are held back at this moment."""
    return bool(
        await read.value(
            """
            SELECT deposit_short OR in_debt OR coalesce($2 < restricted_until, false)
                OR coalesce(verify_by + $3::integer < ($2::timestamptz AT TIME ZONE 'Asia/Shanghai')::date, false)
            FROM merchants WHERE merchant_id = $1
            """,
            merchant_id,
            now,
            await policies.number(read, VERIFY_GRACE),
        )
    )


async def stop_or_reopen(tx: Tx, merchant_id: MerchantId, today: date) -> None:
    """Suspend a shop that its points stop; open one again that the house itself suspended (for its licence, or for points) when
    neither stands against it any more. What staff suspended, staff reopen."""
    row = await tx.row(
        """
        SELECT m.state, m.stopped_by_points, coalesce(m.licence_until >= $2, true) AS licensed, h.by, h.reason
        FROM merchants m
        CROSS JOIN LATERAL (SELECT by, reason FROM merchant_history h WHERE h.merchant_id = m.merchant_id
                            ORDER BY step DESC LIMIT 1) h
        WHERE m.merchant_id = $1
        """,
        merchant_id,
        today,
    )
    if row is None:
        raise NotFound()
    if row["state"] == MerchantState.OPEN and row["stopped_by_points"]:
        await set_state(tx, merchant_id, MerchantState.SUSPENDED, reason=POINTS)
    by_house = row["by"] == "system" and row["reason"] in (LICENCE_ENDED, POINTS)
    if row["state"] == MerchantState.SUSPENDED and by_house and row["licensed"] and not row["stopped_by_points"]:
        await set_state(tx, merchant_id, MerchantState.OPEN, reason=row["reason"])
