"""What the marketplace tries on its front page, and on the sort of its lists."""

from steelyard.goods.search.model import GoodsList
from steelyard.kernel.db import Read
from steelyard.operations import analytics
from steelyard.operations.analytics import MARKETPLACE
from steelyard.operations.merchandising.model import HOME
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.experiment_pages import Console, House, experiment_pages
from steelyard.surfaces.web.visit import Visit

# Where nobody has sold anything yet.
CURRENCY = "CNY"


async def house(read: Read, _visit: Visit) -> House:
    """Of the marketplace's currencies, that of most orders of today."""
    return House(
        merchant_id=MARKETPLACE,
        currency=analytics.currency_of(await analytics.today(read), CURRENCY),
        page=HOME,
        shown_at="/",
        lists=(GoodsList.SEARCH, GoodsList.CATEGORIES),
    )


HANDLERS = experiment_pages(
    Console(
        show=frame.show,
        here=frame.EXPERIMENTS,
        path="/experiments",
        house=house,
        database=lambda visit: visit.db,
        groups=False,
    )
)
