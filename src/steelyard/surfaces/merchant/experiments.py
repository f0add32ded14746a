"""What the shop tries on its visitors and customers."""

from urllib.parse import quote

from steelyard.goods.search.model import GoodsList
from steelyard.kernel.db import Read
from steelyard.operations.merchandising.model import SHOP
from steelyard.parties import merchants
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.experiment_pages import Console, House, experiment_pages
from steelyard.surfaces.web.visit import Visit


async def house(read: Read, visit: Visit) -> House:
    merchant = await merchants.get(read, visit.merchant_id)
    assert merchant is not None
    card = (await merchants.cards(read, [visit.merchant_id]))[visit.merchant_id]
    return House(
        merchant_id=visit.merchant_id,
        currency=merchant.currency,
        page=SHOP,
        shown_at=f"/shops/{quote(card.slug)}",
        lists=(GoodsList.SHOP,),
    )


HANDLERS = experiment_pages(
    Console(
        show=frame.show,
        here=frame.EXPERIMENTS,
        path="/experiments",
        house=house,
        database=lambda visit: visit.merchant_db,
        groups=True,
        journeys=frame.JOURNEYS,
    )
)
