"""Messages leave by a sweep: it looks at what is due, again and again, and asks about what was not answered."""

from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import Sweep
from steelyard.operations.outreach import delivery, gateways

HAND_OVER_EVERY_SECONDS = 1.0


async def _hand_over(db: Database) -> int:
    here = kernel_settings.load()
    return await delivery.hand_over(db, gateways.carriers(here), here)


SWEEPS = [Sweep("outreach.hand_over", HAND_OVER_EVERY_SECONDS, _hand_over)]
