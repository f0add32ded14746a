"""Presales before a buyer's eyes: what a product's page says of one, and what a buyer has booked."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from steelyard.goods.catalog.model import SkuId
from steelyard.goods.promotions import Presale
from steelyard.goods.promotions.model import Flash, Offer
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.me import ACCOUNT
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.web.console import address
from steelyard.surfaces.web.presale_words import BOOKING_STATES
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import orders
from steelyard.trade.orders.model import Booking, OrderId, OrderLine, PurchaseId

BOOKED = f"{ACCOUNT}/presales"
# On a product's page, what begins so soon is told.
SOON = timedelta(days=7)


class OnProduct(msgspec.Struct, frozen=True, kw_only=True):
    """What a product's page says of a presale of the chosen variant."""

    offer: Offer
    flash: Flash
    terms: Presale
    running: bool

    @property
    def counts(self) -> bool:
        """Whether one piece is sold in it now."""
        return self.running and self.flash.left > 0


def on_product(offers: Sequence[Offer]) -> dict[SkuId, OnProduct]:
    """The presales among these offers that run or begin soon, by SKU; of several of one SKU the first."""
    now = datetime.now(UTC)
    found: dict[SkuId, OnProduct] = {}
    for offer in sorted(offers, key=lambda each: each.starts_at):
        flash = offer.flash
        if flash is None or flash.presale is None or flash.sku_id in found:
            continue
        if now < offer.ends_at and offer.starts_at < now + SOON:
            found[flash.sku_id] = OnProduct(
                offer=offer, flash=flash, terms=flash.presale, running=offer.starts_at <= now
            )
    return found


class BookedPage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    bookings: Page[Booking]
    lines: Mapping[OrderId, Sequence[OrderLine]]
    shops: Mapping[MerchantId, ShopCard]
    codes: Mapping[OrderId, str]


async def booked_page(read: Read, buyer_id: BuyerId, owners: Sequence[BuyerId], after: str | None) -> BookedPage:
    """What these buyers have booked, the last first."""
    found = await orders.bookings_of_buyer(read, owners, after)
    bought = await orders.purchases_of(read, [PurchaseId(each.purchase_id) for each in found.items])
    return BookedPage(
        shell=await shell(read, buyer_id),
        bookings=found,
        lines=await orders.lines_of(read, [OrderId(each.order_id) for each in found.items]),
        shops=await merchants.cards(read, {each.merchant_id for each in found.items}),
        codes={OrderId(each.order_id): bought[PurchaseId(each.purchase_id)].code for each in found.items},
    )


@get(BOOKED)
async def booked(visit: NamedDependency[Visit]) -> Response[str]:
    """Also of who is not signed in: what this browser has booked."""
    after = visit.connection.query_params.get("after") or None
    view = await visit.db.ask(booked_page, visit.buyer_id, visit.buyer_ids, after)
    now = datetime.now(UTC)
    states = {each.order_id: BOOKING_STATES[each.state(now)] for each in view.bookings.items}
    return await show(
        visit,
        "presales.html",
        view.shell,
        crumbs=[Crumb(visit.say(N_("My account")), ACCOUNT), Crumb(visit.say(N_("My presales")))],
        view=view,
        states={order_id: (visit.say(word), tone) for order_id, (word, tone) in states.items()},
        now=now,
        first_href=BOOKED if after else "",
        next_href=address(BOOKED, after=view.bookings.next) if view.bookings.next else "",
    )


HANDLERS = [booked]
