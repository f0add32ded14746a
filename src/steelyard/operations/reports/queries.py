"""Questions about questions."""

from uuid import UUID

from steelyard.kernel.db import Read
from steelyard.operations.reports.model import REPORTS_SAVED_MAX, SavedReport


async def saved(read: Read, merchant_id: UUID) -> list[SavedReport]:
    """What a shop's staff have kept, the oldest first."""
    return await read.all(
        SavedReport,
        """
        SELECT report_id, name, analysis, asked, made_by, made_at FROM saved_reports WHERE merchant_id = $1
        ORDER BY made_at, report_id LIMIT $2
        """,
        merchant_id,
        REPORTS_SAVED_MAX,
    )
