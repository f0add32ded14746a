"""The calendar of what all shops and the platform offer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from steelyard.goods import promotions
from steelyard.goods.promotions.model import PLATFORM, Offer
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import calendar
from steelyard.surfaces.web.calendar import Kind, Span
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import campaigns
from steelyard.trade.campaigns.model import Campaign
from steelyard.trade.groups.model import Offer as TeamOffer

NEEDS = {"permission": "promotions.manage"}
OWN = {Kind.COUPON: frame.PROMOTIONS, Kind.PROMOTION: frame.PROMOTIONS}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    offers: Sequence[Offer]
    shops: dict[MerchantId, ShopCard]
    campaigns: Sequence[Campaign]
    teams: Sequence[tuple[TeamOffer, Text]]


async def found_of(read: Read, span: Span) -> Found:
    offers = await promotions.on_between(read, None, span.since, span.until)
    teams = await calendar.teams_between(read, None, span)
    known = {each.merchant_id for each in offers if not each.of_platform} | {
        MerchantId(each.merchant_id) for each, _ in teams
    }
    shops = await merchants.cards(read, known)
    return Found(
        offers=offers, shops=shops, campaigns=await campaigns.between(read, span.since, span.until), teams=teams
    )


@get("/calendar", opt=NEEDS)
async def calendar_page(
    visit: NamedDependency[Visit], by: FromQuery[str | None] = None, day: FromQuery[str | None] = None
) -> Response[Any]:
    """What is on everywhere, by week or month."""
    span = calendar.span_of(by or "", day or "", datetime.now(calendar.ZONE).date())
    found = await visit.db.ask(found_of, span)
    whose: dict[UUID, str] = {key: shop.name.in_language(visit.locale) for key, shop in found.shops.items()}
    whose[PLATFORM] = visit.say(N_("The platform"))
    of_platform = [each for each in found.offers if each.of_platform]
    of_shops = [each for each in found.offers if not each.of_platform]
    activities = [
        *calendar.activities_of(of_platform, OWN, whose),
        *calendar.activities_of(of_shops, {}, whose, found.teams),
        *(calendar.of_campaign(each, f"{frame.CAMPAIGNS}/{each.campaign_id}") for each in found.campaigns),
    ]
    return await frame.show(
        visit, "calendar.html", frame.CALENDAR, **calendar.values(visit, span, activities, frame.CALENDAR)
    )


HANDLERS = [calendar_page]
