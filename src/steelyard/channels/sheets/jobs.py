"""Plans written in the background."""

from uuid import UUID

from steelyard.channels.sheets.service import fail, write_some
from steelyard.kernel import jobs
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Refusal
from steelyard.parties.merchants.model import MerchantId


@jobs.job("sheets.apply")
async def apply_plan(db: Database, merchant_id: UUID, change_id: UUID) -> None:
    """Write a plan a few products at a time; killed and begun again, it goes on where it was."""
    try:
        while await db.transact(write_some, MerchantId(merchant_id), change_id):
            pass
    except Refusal as refusal:
        await db.transact(fail, MerchantId(merchant_id), change_id, refusal.code)
