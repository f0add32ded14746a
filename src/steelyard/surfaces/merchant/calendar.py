"""The calendar of what the shop offers."""

from datetime import datetime
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from steelyard.goods import promotions
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import calendar
from steelyard.surfaces.web.calendar import Kind
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import campaigns
from steelyard.trade.campaigns.model import CampaignState

NEEDS = {"permission": "promotions.manage"}
HREFS = {
    Kind.FLASH: frame.FLASH, Kind.PRESALE: frame.PRESALES, Kind.TEAM: frame.TEAMS, Kind.COUPON: frame.PROMOTIONS,
    Kind.PROMOTION: frame.PROMOTIONS, Kind.LOWER: frame.PROMOTIONS,
}  # fmt: skip


@get("/calendar", opt=NEEDS)
async def calendar_page(
    visit: NamedDependency[Visit], by: FromQuery[str | None] = None, day: FromQuery[str | None] = None
) -> Response[Any]:
    """What is on, by week or month."""
    span = calendar.span_of(by or "", day or "", datetime.now(calendar.ZONE).date())
    offers = await visit.merchant_db.ask(promotions.on_between, visit.merchant_id, span.since, span.until)
    teams = await visit.merchant_db.ask(calendar.teams_between, [visit.merchant_id], span)
    planned = await visit.merchant_db.ask(campaigns.between, span.since, span.until)
    now = datetime.now(calendar.ZONE)
    activities = [
        *calendar.activities_of(offers, HREFS, {}, teams),
        *(
            calendar.of_campaign(each, f"{frame.CAMPAIGNS}/{each.campaign_id}")
            for each in planned
            if each.state(now) is not CampaignState.PLANNED
        ),
    ]
    return await frame.show(
        visit, "calendar.html", frame.CALENDAR, **calendar.values(visit, span, activities, frame.CALENDAR)
    )


HANDLERS = [calendar_page]
