"""Coupons of a shop for the members of its segments."""

from steelyard.kernel.db import Read
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.targeted_pages import Desk, targeted_pages
from steelyard.surfaces.web.visit import Visit


async def _currency(read: Read, visit: Visit) -> str:
    return await frame.currency(read, visit.merchant_id)


HANDLERS = targeted_pages(
    Desk(
        show=frame.show,
        home=frame.TARGETED,
        segments=frame.SEGMENTS,
        promotions=frame.PROMOTIONS,
        shop=lambda visit: visit.merchant_id,
        currency=_currency,
    )
)
