"""Segments of the shop's customers."""

from steelyard.kernel.db import Read
from steelyard.operations.segments.model import Currencies
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.segment_acts import segment_pages
from steelyard.surfaces.web.segment_builder import Desk
from steelyard.surfaces.web.visit import Visit


async def _currencies(read: Read, visit: Visit) -> Currencies:
    return Currencies.one(await frame.currency(read, visit.merchant_id))


HANDLERS = segment_pages(Desk(frame.show, frame.SEGMENTS, lambda visit: visit.merchant_id, _currencies))
