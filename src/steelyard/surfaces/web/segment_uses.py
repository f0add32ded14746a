"""Where a segment is used above the segments themselves: on pages, in surveys, journeys and targeted coupons. What is used is not
put away, since it would go to nobody from then on and nobody would be told."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.kernel import i18n
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text, text
from steelyard.operations import experiments, growth, journeys, merchandising, research
from steelyard.operations.behaviour import MARKETPLACE
from steelyard.operations.merchandising.model import HOME, SHOP, TOPIC
from steelyard.operations.segments.model import SegmentInUse

PAGES = {SHOP: N_("Shop decoration"), HOME: N_("Home page")}
PAGE, SURVEY, JOURNEY, COUPON = N_("Page"), N_("Survey"), N_("Journey"), N_("Targeted coupon")


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What uses a segment: `what` is a msgid, `href` where it is changed."""

    what: str
    name: Text
    href: str


async def uses(read: Read, shop: UUID, segment_id: UUID) -> list[Use]:
    """What of a shop, or of the house, goes by this segment now."""
    console = "/operator" if shop == MARKETPLACE else "/merchant"
    found = [
        Use(what=PAGE, name=_page_name(page), href=_page_href(page))
        for page in await merchandising.pages_using(read, experiments.owner_of(shop), segment_id)
    ]
    found += [
        Use(what=SURVEY, name=title, href=f"{console}/surveys/{survey_id}")
        for survey_id, title in (await research.going_by(read, shop, segment_id)).items()
    ]
    found += [
        Use(what=JOURNEY, name=name, href=f"{console}/journeys/{journey_id}/run")
        for journey_id, name in (await journeys.going_by(read, shop, segment_id)).items()
    ]
    found += [
        Use(what=COUPON, name=text(name, name), href=f"{console}/growth/coupons/{targeted_id}")
        for targeted_id, name in (await growth.targeted_for(read, shop, segment_id)).items()
    ]
    return found


def _page_name(page: str) -> Text:
    known, topic = PAGES.get(page), f"/topics/{page.removeprefix(TOPIC)}"
    return Text({each: i18n.translations(each).gettext(known) if known else topic for each in i18n.LOCALES})


def _page_href(page: str) -> str:
    return "/merchant/decoration/shop" if page == SHOP else f"/operator/pages/{page.removeprefix(TOPIC)}"


async def check_unused(tx: Tx, shop: UUID, segment_id: UUID) -> None:
    """Raises `SegmentInUse` where something goes by this segment."""
    found = await uses(tx, shop, segment_id)
    if found:
        raise SegmentInUse(where=text(_joined(found, "zh-Hans", "、"), _joined(found, "en", ", ")))


def _joined(found: Sequence[Use], locale: str, between: str) -> str:
    return between.join(each.name.in_language(locale) for each in found)
