"""For whom the blocks of a composed page are, in both consoles: which segments can be chosen, whether one was, and on which
pages a segment is used."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from steelyard.kernel import i18n
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.operations import experiments, journeys, merchandising, segments
from steelyard.operations.merchandising.model import HOME, SHOP, SLIDES_MAX, TOPIC, Block
from steelyard.operations.segments.model import Segment, SegmentInUse
from steelyard.surfaces.web.entries import Entries, as_uuid

FIELDS = ("segment", *(f"slide{at}_segment" for at in range(SLIDES_MAX)))
BETWEEN = {"zh-Hans": "、", "en": ", "}
PAGES = {SHOP: N_("Shop decoration"), HOME: N_("Home page")}


class Audiences(msgspec.Struct, frozen=True, kw_only=True):
    """The segments that something can be for. One that was put away is among them as long as something on the page is for it, so
    that whoever saves something else does not show it to everybody."""

    segments: Sequence[Segment]
    used: frozenset[UUID]

    @property
    def named(self) -> Mapping[UUID, Segment]:
        return {each.segment_id: each for each in self.segments}

    @property
    def seen_by(self) -> list[Segment]:
        """As whose members the draft can be looked at."""
        return [each for each in self.segments if each.segment_id in self.used and each.archived_at is None]


async def audiences(read: Read, owner_id: UUID, blocks: Sequence[Block]) -> Audiences:
    shop = merchandising.customers_of(owner_id)
    used = frozenset(merchandising.segments_of(blocks))
    away = await segments.segments(read, shop, archived=True) if used else []
    return Audiences(
        segments=[*await segments.segments(read, shop), *(each for each in away if each.segment_id in used)], used=used
    )


def chosen(form: Entries, name: str) -> UUID | None:
    """What was chosen, if it is an id at all; `check` refuses what is none of the shop's segments."""
    return as_uuid(form.text(name))


async def check(tx: Tx, owner_id: UUID, form: Entries, before: Block | None) -> None:
    """Raises `Invalid` where something is not one of the owner's segments, or one that was put away; what the block was for
    before may stay."""
    typed = {name: form.text(name) for name in FIELDS if form.text(name)}
    had = {str(each) for each in merchandising.segments_of([before] if before else [])}
    if set(typed.values()) <= had:
        return
    known = {str(each.segment_id) for each in await segments.segments(tx, merchandising.customers_of(owner_id))}
    wrong = {name: N_("Please choose one of your segments") for name, each in typed.items() if each not in known | had}
    if wrong:
        raise Invalid(wrong)


class PageUse(NamedTuple):
    """A page on which something is for a segment: what it is called (a msgid, or the address of a topic), and where it is put
    together."""

    name: str
    href: str


async def page_uses(read: Read, shop: UUID, segment_id: UUID) -> list[PageUse]:
    """The pages of a shop, or of the house, on which something is for this segment."""
    pages = await merchandising.pages_using(read, experiments.owner_of(shop), segment_id)
    return [
        PageUse(PAGES.get(page, f"/topics/{page.removeprefix(TOPIC)}"), _href(page.removeprefix(TOPIC)))
        for page in pages
    ]


def _href(page: str) -> str:
    return "/merchant/decoration/shop" if page == SHOP else f"/operator/pages/{page}"


async def check_unused(tx: Tx, shop: UUID, segment_id: UUID) -> None:
    """Raises `SegmentInUse` where something on a page is for this segment (it would be for nobody), or a journey goes by it
    (nobody would come in or go out any more)."""
    pages = await page_uses(tx, shop, segment_id)
    gone_by = [name for _, name in await journeys.by_segment(tx, shop, segment_id)]
    if pages or gone_by:
        raise SegmentInUse(
            where=Text({each: between.join(_named(pages, gone_by, each)) for each, between in BETWEEN.items()})
        )


def _named(pages: Sequence[PageUse], gone_by: Sequence[Text], locale: str) -> list[str]:
    speak = i18n.translations(locale).gettext
    return [*(speak(each.name) for each in pages), *(each.in_language(locale) for each in gone_by)]
