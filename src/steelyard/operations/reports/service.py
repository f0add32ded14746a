"""Commands: keep a question under a name, and drop it."""

from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.operations.reports.model import REPORTS_SAVED_MAX, TooManyReports


async def save(tx: Tx, merchant_id: UUID, report_id: UUID, name: str, analysis: str, asked: str, by: str) -> None:
    """Keep it for everybody of the shop. Said twice with the same id, it is kept once. Raises `TooManyReports`."""
    there = await tx.value(
        "SELECT count(*) FROM saved_reports WHERE merchant_id = $1 AND report_id <> $2", merchant_id, report_id
    )
    if there >= REPORTS_SAVED_MAX:
        raise TooManyReports(most=REPORTS_SAVED_MAX)
    await tx.execute(
        """
        INSERT INTO saved_reports (merchant_id, report_id, name, analysis, asked, made_by) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (merchant_id, report_id) DO NOTHING
        """,
        merchant_id,
        report_id,
        name,
        analysis,
        asked,
        by,
    )


async def drop(tx: Tx, merchant_id: UUID, report_id: UUID) -> None:
    """Nobody sees it any more. Raises `NotFound` for what is not there, or another's."""
    if not await tx.execute(
        "DELETE FROM saved_reports WHERE merchant_id = $1 AND report_id = $2", merchant_id, report_id
    ):
        raise NotFound()
