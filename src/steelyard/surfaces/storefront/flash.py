"""Flash sales before a buyer's eyes: the sessions of today and tomorrow, how much is left, and the clock by which they begin
and end. Prices go by the server's clock; the countdown of a browser asks for it, since a page may be some seconds old."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from steelyard.goods import catalog, pricing, promotions
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.goods.pricing.model import Price
from steelyard.goods.promotions import Article
from steelyard.goods.promotions.model import Offer, Planned, Session
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.seo import Seo
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.storefront.strangers import Answer, Drawn, shared
from steelyard.surfaces.web.visit import Visit

FLASH = "/flash"
HOURS_AHEAD = 36
# On a product's page, what begins so soon is told.
SOON = timedelta(hours=24)


class Deal(msgspec.Struct, frozen=True, kw_only=True):
    """What is sold at a flash price, and the lowest that it cost in the 30 days before that."""

    item: Planned
    card: SkuCard
    lowest: int

    @property
    def was(self) -> int | None:
        """What is struck out beside it, if anything."""
        return self.lowest if self.lowest > self.item.price else None


class FlashPage(msgspec.Struct, frozen=True, kw_only=True):
    """The moments at which sessions begin, those that run first; and what is sold in those of the chosen one."""

    shell: Shell
    moments: Sequence[datetime]
    chosen: datetime | None
    sessions: Sequence[Session]
    deals: Mapping[UUID, Sequence[Deal]]
    shops: Mapping[MerchantId, ShopCard]

    @property
    def about(self) -> frozenset[UUID]:
        """What the page shows, and news can tell of."""
        shown = [deal for deals in self.deals.values() for deal in deals]
        return frozenset([*(each.item.product_id for each in shown), *(each.item.sku_id for each in shown)])


async def flash_page(read: Read, buyer_id: BuyerId | None, at: str) -> FlashPage:
    """The sessions that begin at the moment `at` (seconds since 1970); else those that begin next, or run."""
    near = await promotions.sessions_near(read, datetime.now(UTC) + timedelta(hours=HOURS_AHEAD))
    moments = sorted({each.starts_at for each in near})
    chosen = next((each for each in moments if str(int(each.timestamp())) == at), moments[0] if moments else None)
    sessions = [each for each in near if each.starts_at == chosen]
    shops = await merchants.cards(read, {each.merchant_id for each in sessions})
    return FlashPage(
        shell=await shell(read, buyer_id),
        moments=moments,
        chosen=chosen,
        sessions=sessions,
        deals=await _deals(read, sessions) if sessions else {},
        shops=shops,
    )


async def _deals(read: Read, sessions: Sequence[Session]) -> dict[UUID, list[Deal]]:
    """By session; what is not for sale now is left out."""
    items = await promotions.planned(read, [(each.merchant_id, each.session_id) for each in sessions])
    found: dict[UUID, list[Deal]] = {}
    for deal in await deals_of(read, items, {each.session_id: each.starts_at for each in sessions}):
        found.setdefault(deal.item.session_id, []).append(deal)
    return found


async def deals_of(read: Read, items: Sequence[Planned], begins: Mapping[UUID, datetime]) -> list[Deal]:
    """Those of these that are for sale now; `begins`: when each session does."""
    sku_ids = [item.sku_id for item in items]
    cards = await catalog.cards(read, sku_ids)
    prices = await pricing.current_at_home(read, sku_ids)
    known = [
        (item, card, usual)
        for item in items
        if (card := cards.get(item.sku_id)) is not None
        and card.on_sale
        and (usual := prices.get(item.sku_id)) is not None
    ]
    lowest = await promotions.lowest_of(
        read,
        [(_article(card, usual), item.promotion_id, begins[item.session_id]) for item, card, usual in known],
    )
    return [Deal(item=item, card=card, lowest=lowest[item.sku_id]) for item, card, _ in known]


def _article(card: SkuCard, usual: Price) -> Article:
    return Article(
        merchant_id=card.merchant_id,
        sku_id=card.sku_id,
        product_id=card.product_id,
        categories=card.category_path,
        currency=usual.currency,
        usual=usual.amount,
    )


@get(FLASH)
async def flash_sales(visit: NamedDependency[Visit]) -> Answer:
    """Today's sessions as tabs, with how much of each price is sold."""
    return await shared(visit, partial(_drawn, visit))


async def _drawn(visit: Visit) -> Drawn:
    at = visit.connection.query_params.get("at", "")
    view = await visit.db.ask(flash_page, visit.known_buyer_id, at)
    now = datetime.now(UTC)
    shown = await show(
        visit,
        "flash.html",
        view.shell,
        crumbs=[Crumb(visit.say(N_("Flash sales")))],
        view=view,
        running=bool(view.chosen and view.chosen <= now),
        moments=[(each, int(each.timestamp()), each <= now, each == view.chosen) for each in view.moments],
        seo=Seo(path=FLASH),
    )
    return Drawn(answer=shown, about=view.about)


@get("/flash/clock")
async def clock() -> Response[dict[str, int]]:
    """What time it is here, in milliseconds since 1970: for countdowns, since the clocks of browsers are wrong."""
    return Response({"now": time.time_ns() // 1_000_000}, headers={"cache-control": "no-store"})


class OnProduct(msgspec.Struct, frozen=True, kw_only=True):
    """What a product's page says of a flash sale of the chosen variant."""

    offer: Offer
    price: int
    running: bool

    @property
    def left(self) -> int:
        return self.offer.flash.left if self.offer.flash else 0

    @property
    def percent(self) -> int:
        flash = self.offer.flash
        return flash.taken * 100 // flash.pieces if flash else 0


def on_product(offers: Sequence[Offer]) -> dict[SkuId, OnProduct]:
    """The flash sales among these offers that run or begin soon, by SKU; of several of one SKU the first."""
    now = datetime.now(UTC)
    found: dict[SkuId, OnProduct] = {}
    for offer in sorted(offers, key=lambda each: each.starts_at):
        flash = offer.flash
        if (
            flash is None
            or flash.presale is not None
            or flash.sku_id in found
            or not now - SOON * 4 < offer.starts_at < now + SOON
        ):
            continue
        price = promotions.flash_price(offer)
        if price is not None and now < offer.ends_at:
            found[flash.sku_id] = OnProduct(offer=offer, price=price, running=offer.starts_at <= now)
    return found


HANDLERS = [flash_sales, clock]

__all__ = ["FLASH", "HANDLERS", "OnProduct", "on_product"]
