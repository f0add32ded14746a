"""Coupons of the platform for the members of the marketplace's segments."""

from steelyard.goods.promotions.model import PLATFORM
from steelyard.kernel.db import Read
from steelyard.parties import operator
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.targeted_pages import Desk, targeted_pages
from steelyard.surfaces.web.visit import Visit

# Where the house has not said who it is yet.
CURRENCY = "CNY"


async def _currency(read: Read, _visit: Visit) -> str:
    """That in which the platform's promotions are made."""
    house = await operator.profile(read)
    return house.currency if house else CURRENCY


HANDLERS = targeted_pages(
    Desk(
        show=frame.show,
        home=frame.TARGETED,
        segments=frame.SEGMENTS,
        promotions=frame.PROMOTIONS,
        shop=lambda _visit: PLATFORM,
        currency=_currency,
    )
)
