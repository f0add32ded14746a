"""The shop's membership."""

from steelyard.kernel.db import Read
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.membership_pages import Desk, membership_pages
from steelyard.surfaces.web.visit import Visit


async def _currency(read: Read, visit: Visit) -> str:
    return await frame.currency(read, visit.merchant_id)


DESK = Desk(frame.show, frame.MEMBERSHIP, lambda visit: visit.merchant_id, _currency)
HANDLERS = membership_pages(DESK)
