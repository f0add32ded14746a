"""Commands on changes of many goods: plan, apply in the background, take back."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from steelyard.channels.sheets.applying import take_back, write_rows
from steelyard.channels.sheets.columns import shop_of
from steelyard.channels.sheets.model import UNDO_HOURS, Change, ChangeId, Outcome, Row, SheetRefused, TooLateToUndo
from steelyard.channels.sheets.planning import counts, plan
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.parties.merchants.model import MerchantId

ROWS_AT_ONCE = 200


async def plan_file(
    tx: Tx, merchant_id: MerchantId, change_id: ChangeId, name: str, rows: Sequence[tuple[int, dict[str, str]]], by: str
) -> None:
    """Keep what a file would change, to be looked at. Said twice with the same id, the first counts."""
    planned = await plan(tx, merchant_id, rows)
    if not planned:
        raise SheetRefused()
    await _keep(tx, merchant_id, change_id, "file", name, "planned", planned, by)


async def _keep(
    tx: Tx,
    merchant_id: MerchantId,
    change_id: ChangeId,
    kind: str,
    name: str,
    state: str,
    rows: Sequence[Row],
    by: str,
) -> bool:
    return bool(
        await tx.execute(
            """
            INSERT INTO goods_changes (merchant_id, change_id, kind, name, state, rows, counts, by, applied_at, done)
            VALUES ($1, $2, $3, $4, $5::text, $6, $7, $8, CASE WHEN $5::text = 'applied' THEN now() END, $9)
            ON CONFLICT (merchant_id, change_id) DO NOTHING
            """,
            merchant_id,
            change_id,
            kind,
            name,
            state,
            [row for row in rows if row.outcome is not Outcome.UNCHANGED],
            counts(rows),
            by,
            len(rows) if state == "applied" else 0,
        )
    )


async def change_at_once(
    tx: Tx, merchant_id: MerchantId, change_id: ChangeId, kind: str, name: str, rows: Sequence[Row], by: str
) -> bool:
    """Write rows that were checked already, and keep what was before, so that it can be undone; returns whether anything
    was to do. Said twice with the same id, nothing changes."""
    doing = [row for row in rows if row.outcome is Outcome.CHANGED]
    if not doing or not await _keep(tx, merchant_id, change_id, kind, name, "applied", doing, by):
        return False
    await write_rows(tx, await shop_of(tx, merchant_id), doing, change_id, by)
    return True


async def begin(tx: Tx, merchant_id: MerchantId, change_id: UUID) -> bool:
    """Let a plan be written in the background; returns whether it begins now. Raises `NotFound`."""
    state = await tx.value(
        "SELECT state FROM goods_changes WHERE merchant_id = $1 AND change_id = $2 FOR UPDATE", merchant_id, change_id
    )
    if state is None:
        raise NotFound()
    if state != "planned":
        return False
    await tx.execute(
        "UPDATE goods_changes SET state = 'applying' WHERE merchant_id = $1 AND change_id = $2", merchant_id, change_id
    )
    return True


async def write_some(tx: Tx, merchant_id: MerchantId, change_id: UUID) -> bool:
    """Write the next rows of a plan that is being applied; returns whether there are more."""
    change = await _locked(tx, merchant_id, change_id)
    if change.state != "applying":
        return False
    doing = [row for row in change.rows if row.outcome in (Outcome.NEW, Outcome.CHANGED)]
    # A product's rows are written together: whole families, in the order of the sheet.
    doing.sort(key=lambda row: (row.outcome, str(row.product_id or _family(row)), row.line))
    end = change.done + ROWS_AT_ONCE
    while end < len(doing) and _same(doing[end - 1], doing[end]):
        end += 1
    batch = doing[change.done : end]
    if batch:
        await write_rows(tx, await shop_of(tx, merchant_id), batch, change_id, f"import:{change_id}")
    finished = end >= len(doing)
    await tx.execute(
        """
        UPDATE goods_changes SET done = $3, state = CASE WHEN $4 THEN 'applied' ELSE state END
          , applied_at = CASE WHEN $4 THEN now() END
        WHERE merchant_id = $1 AND change_id = $2
        """,
        merchant_id,
        change_id,
        min(end, len(doing)),
        finished,
    )
    return not finished


def _family(row: Row) -> str:
    return next((str(change.after) for change in row.changes if change.field == "product"), f"{row.line}")


def _same(one: Row, other: Row) -> bool:
    return (one.outcome, one.product_id or _family(one)) == (other.outcome, other.product_id or _family(other))


async def fail(tx: Tx, merchant_id: MerchantId, change_id: UUID, trouble: str) -> None:
    """It could not be written to its end; what was written so far stays, and is told by `done`."""
    await tx.execute(
        """
        UPDATE goods_changes SET state = 'failed', trouble = $3
        WHERE merchant_id = $1 AND change_id = $2 AND state = 'applying'
        """,
        merchant_id,
        change_id,
        trouble[:500],
    )


async def undo(tx: Tx, merchant_id: MerchantId, change_id: UUID, by: str) -> None:
    """Take a change back, within a day. Said twice, nothing changes. Raises `NotFound`, `TooLateToUndo`,
    `EditedSince`."""
    change = await _locked(tx, merchant_id, change_id)
    if change.state == "undone":
        return
    fresh = await tx.value(
        "SELECT $1::timestamptz > now() - $2::interval", change.applied_at, timedelta(hours=UNDO_HOURS)
    )
    if change.state != "applied" or not fresh:
        raise TooLateToUndo()
    await take_back(tx, await shop_of(tx, merchant_id), change.rows, change_id, by)
    await tx.execute(
        "UPDATE goods_changes SET state = 'undone', undone_at = now() WHERE merchant_id = $1 AND change_id = $2",
        merchant_id,
        change_id,
    )


async def _locked(tx: Tx, merchant_id: MerchantId, change_id: UUID) -> Change:
    found = await tx.one(
        Change,
        """
        SELECT change_id, kind, name, state, rows, counts, done, made_at, by, applied_at, undone_at, trouble
        FROM goods_changes WHERE merchant_id = $1 AND change_id = $2 FOR UPDATE
        """,
        merchant_id,
        change_id,
    )
    if found is None:
        raise NotFound()
    return found
