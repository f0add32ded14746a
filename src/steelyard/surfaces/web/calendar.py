"""The calendar of what is offered: promotions, coupons and flash sales by the day on which they begin, with what meets marked."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from steelyard.goods import catalog, promotions
from steelyard.goods.catalog.model import SkuId
from steelyard.goods.promotions.model import Offer, PromotionId
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.surfaces.components.page import TIMEZONE
from steelyard.surfaces.web.clashes import TEAM, team_price
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import groups
from steelyard.trade.campaigns.model import Campaign
from steelyard.trade.groups.model import Offer as TeamOffer

ZONE = ZoneInfo(TIMEZONE)
WEEK_DAYS = 7


class By(StrEnum):
    WEEK = "week"
    MONTH = "month"


class Kind(StrEnum):
    FLASH = "flash"
    PRESALE = "presale"
    TEAM = "team"
    COUPON = "coupon"
    PROMOTION = "promotion"
    LOWER = "lower"
    CAMPAIGN = "campaign"


KINDS: dict[Kind, tuple[str, str]] = {
    Kind.FLASH: (N_("Flash sale"), "warn"),
    Kind.PRESALE: (N_("Presale"), "warn"),
    Kind.TEAM: (N_("Group buying"), "good"),
    Kind.COUPON: (N_("Coupon"), "info"),
    Kind.PROMOTION: (N_("Promotion"), "good"),
    Kind.LOWER: (N_("Lower price"), "good"),
    Kind.CAMPAIGN: (N_("Campaign"), "bad"),
}


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A week from Monday on, or a month: its first day, and the first that is not in it."""

    by: By
    first: date
    end: date

    @property
    def since(self) -> datetime:
        return datetime.combine(self.first, time(), ZONE)

    @property
    def until(self) -> datetime:
        return datetime.combine(self.end, time(), ZONE)

    @property
    def before(self) -> date:
        return (self.first - timedelta(days=1)) if self.by is By.MONTH else self.first - timedelta(days=WEEK_DAYS)


def span_of(by: str, day: str, today: date) -> Span:
    """The week or month of a day as an address carries it; else of today."""
    on = day_of(day) or today
    if by == By.MONTH:
        first = on.replace(day=1)
        return Span(by=By.MONTH, first=first, end=(first + timedelta(days=31)).replace(day=1))
    first = on - timedelta(days=on.weekday())
    return Span(by=By.WEEK, first=first, end=first + timedelta(days=WEEK_DAYS))


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is on: `with_others` are those that it meets, of which one counts for the same goods."""

    kind: Kind
    name: Text
    starts_at: datetime
    ends_at: datetime
    href: str = ""
    whose: str = ""
    with_others: Sequence[Text] = ()


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """What begins on a day; none: what has begun before."""

    day: date | None
    activities: Sequence[Activity]


def activities_of(
    offers: Sequence[Offer],
    hrefs: Mapping[Kind, str],
    whose: Mapping[UUID, str],
    teams: Sequence[tuple[TeamOffer, Text]] = (),
) -> list[Activity]:
    """The offers as activities: all prices of a flash sale are one; what is offered to `teams` is called as its goods. `hrefs`
    lead to each kind, where it has a page."""
    prices = [msgspec.structs.replace(team_price(offer, offer.currency), name=title) for offer, title in teams]
    meeting = promotions.overlapping([*(offer.promotion for offer in offers), *prices])
    found: dict[object, Activity] = {}
    for offer in offers:
        kind = _kind(offer)
        key = offer.flash.session_id if offer.flash else offer.promotion_id
        others = [each.name for each in meeting.get(offer.promotion_id, ())]
        before = found.get(key)
        found[key] = Activity(
            kind=kind,
            name=offer.name,
            starts_at=offer.starts_at,
            ends_at=offer.ends_at,
            href=f"{hrefs[kind]}/{key}" if kind in hrefs else "",
            whose=whose.get(offer.merchant_id, ""),
            with_others=[*(before.with_others if before else ()), *others],
        )
    of_teams = [
        Activity(
            kind=Kind.TEAM,
            name=title,
            starts_at=offer.starts_at,
            ends_at=offer.ends_at,
            href=f"{hrefs[Kind.TEAM]}/{offer.offer_id}" if Kind.TEAM in hrefs else "",
            whose=whose.get(offer.merchant_id, ""),
            with_others=[each.name for each in meeting.get(PromotionId(offer.offer_id), ())],
        )
        for offer, title in teams
    ]
    return [*found.values(), *of_teams]


def _kind(offer: Offer) -> Kind:
    if offer.flash is not None:
        return Kind.PRESALE if offer.flash.presale is not None else Kind.FLASH
    return Kind.COUPON if offer.coupon else Kind.LOWER if offer.shelf else Kind.PROMOTION


async def teams_between(read: Read, shops: Sequence[UUID] | None, span: Span) -> list[tuple[TeamOffer, Text]]:
    """What these shops, or (none) all of them, offer to teams in this time, with what each is called: its goods."""
    offers = await groups.between(read, shops, span.since, span.until)
    cards = await catalog.cards(read, [SkuId(next(iter(each.prices))) for each in offers])
    titles: dict[UUID, Text] = {card.product_id: card.title for card in cards.values()}
    return [(each, titles.get(each.product_id, TEAM)) for each in offers]


def of_campaign(campaign: Campaign, href: str) -> Activity:
    return Activity(
        kind=Kind.CAMPAIGN, name=campaign.name, starts_at=campaign.starts_at, ends_at=campaign.ends_at, href=href
    )


def days_of(span: Span, activities: Sequence[Activity]) -> list[Day]:
    """What is on in this time, day by day; days on which nothing begins are left out."""
    by_day: dict[date | None, list[Activity]] = {}
    for each in sorted(activities, key=lambda each: (each.starts_at, each.ends_at)):
        day = each.starts_at.astimezone(ZONE).date()
        by_day.setdefault(day if day >= span.first else None, []).append(each)
    ordered = sorted(by_day, key=lambda day: day or date.min)
    return [Day(day=day, activities=by_day[day]) for day in ordered]


def values(visit: Visit, span: Span, activities: Sequence[Activity], here: str) -> dict[str, Any]:
    """What `web/calendar.html` is shown with."""
    return {
        "span": span,
        "days": days_of(span, activities),
        "kinds": {str(kind): (visit.say(word), tone) for kind, (word, tone) in KINDS.items()},
        "clashing": sum(bool(each.with_others) for each in activities),
        "here": here,
        "before": f"{here}?by={span.by}&day={span.before.isoformat()}",
        "after": f"{here}?by={span.by}&day={span.end.isoformat()}",
        "ways": [
            {"href": f"{here}?by={by}&day={span.first.isoformat()}", "label": visit.say(word), "current": by is span.by}
            for by, word in ((By.WEEK, N_("Week")), (By.MONTH, N_("Month")))
        ],
    }
