"""The platform's own membership."""

from steelyard.goods.promotions.model import PLATFORM
from steelyard.kernel.db import Read
from steelyard.money.exchange import HOUSE_CURRENCY
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.membership_pages import Desk, membership_pages
from steelyard.surfaces.web.visit import Visit


async def _currency(_read: Read, _visit: Visit) -> str:
    return HOUSE_CURRENCY


DESK = Desk(frame.show, frame.MEMBERSHIP, lambda _visit: PLATFORM, _currency)
HANDLERS = membership_pages(DESK)
