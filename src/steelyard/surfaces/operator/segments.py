"""Segments of the customers of the marketplace as a whole."""

from steelyard.kernel.db import Read
from steelyard.money.exchange import HOUSE_CURRENCY
from steelyard.operations import lifecycle
from steelyard.operations.behaviour import MARKETPLACE
from steelyard.operations.segments.model import Currencies
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.segment_acts import segment_pages
from steelyard.surfaces.web.segment_builder import Desk
from steelyard.surfaces.web.visit import Visit


async def _currencies(read: Read, _visit: Visit) -> Currencies:
    run = await lifecycle.value_run(read, MARKETPLACE)
    counted_in = run.facts.currency if run is not None and run.facts is not None else ""
    return Currencies(spent=HOUSE_CURRENCY, foretold=counted_in or HOUSE_CURRENCY)


HANDLERS = segment_pages(Desk(frame.show, frame.SEGMENTS, lambda _visit: MARKETPLACE, _currencies))
