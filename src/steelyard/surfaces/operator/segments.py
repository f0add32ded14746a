"""Segments of the customers of the marketplace as a whole."""

from steelyard.kernel.db import Read
from steelyard.money.exchange import HOUSE_CURRENCY
from steelyard.operations.behaviour import MARKETPLACE
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.segment_acts import segment_pages
from steelyard.surfaces.web.segment_builder import Desk
from steelyard.surfaces.web.visit import Visit


async def _currency(_read: Read, _visit: Visit) -> str:
    return HOUSE_CURRENCY


HANDLERS = segment_pages(Desk(frame.show, frame.SEGMENTS, lambda _visit: MARKETPLACE, _currency))
