"""Segments in both consoles: which there are, one of them with what follows it, and who is in it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Stream

from steelyard.goods import promotions
from steelyard.goods.promotions.model import Group, Offer
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.operations import lifecycle, segments
from steelyard.operations.behaviour import MARKETPLACE
from steelyard.operations.lifecycle import Facts
from steelyard.operations.segments.model import (
    Binding,
    Count,
    Day,
    Draft,
    Kind,
    Member,
    Segment,
    SegmentId,
    Use,
    Version,
)
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.web import exports, segment_files
from steelyard.surfaces.web import segment_words as words
from steelyard.surfaces.web.console import ROWS_PER_PAGE, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.segment_builder import MANAGES, READS, TITLE, Desk
from steelyard.surfaces.web.segment_people import Face, faces
from steelyard.surfaces.web.segment_told import Told, told
from steelyard.surfaces.web.segment_uses import Use as Elsewhere
from steelyard.surfaces.web.segment_uses import uses as uses_elsewhere
from steelyard.surfaces.web.visit import Visit, WebRequest

KIND_NAMES = {Kind.RULES: N_("By conditions"), Kind.LIST: N_("List")}


class Everything(msgspec.Struct, frozen=True, kw_only=True):
    segments: Sequence[Segment]
    drafts: Sequence[Draft]
    counts: Sequence[Count]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A segment, with who came last, what follows it and what it said."""

    segment: Segment
    says: Told | None
    last: Sequence[Member]
    faces: Sequence[Face]
    days: Sequence[Day]
    bindings: Sequence[Binding]
    groups: Sequence[Group]
    uses: Sequence[Use]
    versions: Sequence[Version]
    offers: Sequence[Offer]
    drafted: bool
    elsewhere: Sequence[Elsewhere]


class People(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Member]
    faces: Mapping[UUID, Face]
    facts: Mapping[UUID, Facts]


def reading_pages(desk: Desk) -> list[HTTPRouteHandler]:
    """What is looked at; and making a list, whose form stands there."""
    return [_list(desk), _make_list(desk), _segment(desk), _members(desk)]


async def everything(read: Read, shop: UUID, archived: bool) -> Everything:
    return Everything(
        segments=await segments.segments(read, shop, archived=archived),
        drafts=[] if archived else await segments.drafts(read, shop),
        counts=await segments.counts(read, shop),
    )


def _list(desk: Desk) -> HTTPRouteHandler:
    @get("/segments", opt=READS)
    async def segment_list(visit: NamedDependency[Visit], archived: FromQuery[str] = "") -> Response[Any]:
        if exports.wanted(visit):
            return await _as_file(desk, visit, bool(archived))
        return await _listed(desk, visit, Entries({}, {}), {}, archived=bool(archived))

    return segment_list


async def _as_file(desk: Desk, visit: Visit, archived: bool) -> Response[bytes]:
    found = await visit.db.ask(everything, desk.shop(visit), archived)
    return exports.sheet(
        visit,
        TITLE,
        [N_("Segment"), N_("Kind"), N_("Customers"), N_("Owner"), N_("Changed")],
        [
            (each.name, visit.say(KIND_NAMES[each.kind]), each.members, each.owner, each.changed_at)
            for each in found.segments
        ],
    )


async def _listed(
    desk: Desk, visit: Visit, typed: Entries, errors: Mapping[str, str], *, archived: bool = False
) -> Response[Any]:
    return await desk.show(
        visit,
        "web/segments.html",
        desk.home,
        status=422 if errors else 200,
        found=await visit.db.ask(everything, desk.shop(visit), archived),
        home=desk.home,
        archived=archived,
        ready=segments.READY,
        kinds={kind: visit.say(word) for kind, word in KIND_NAMES.items()},
        may_manage=visit.actor.may("users.manage"),
        typed=typed,
        errors=errors,
        new_id=ids.mint,
    )


def _make_list(desk: Desk) -> HTTPRouteHandler:
    @post("/segments/lists", opt=MANAGES)
    async def make_list(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
        """A list, empty to begin with; pressed twice, the same."""
        form = await entries_of(request)
        try:
            segment = Segment(
                merchant_id=desk.shop(visit),
                segment_id=SegmentId(form.uuid("segment_id")),
                kind=Kind.LIST,
                name=form.words("name", required=True),
                owner=visit.account.name if visit.account else "",
            )
            form.check()
            await visit.db.transact(_made, visit.actor, segment)
        except Invalid as refusal:
            return await _listed(desk, visit, form, errors_of(visit, refusal.fields))
        return redirect(visit, f"{desk.home}/{segment.segment_id}", (visit.say(N_("The list is there.")), "good"))

    return make_list


async def _made(tx: Tx, actor: Actor, segment: Segment) -> None:
    await segments.make_list(tx, segment)
    await access.audit(tx, actor, "segments.save", str(segment.segment_id), {"name": str(segment.name)})


async def shown(read: Read, visit: Visit, desk: Desk, segment_id: UUID) -> Shown:
    """Raises `NotFound`: another shop's is not there."""
    shop = desk.shop(visit)
    segment = await segments.segment(read, shop, segment_id)
    last = await segments.newest(read, shop, segment_id, None, 8)
    return Shown(
        segment=segment,
        says=None
        if segment.tree is None
        else await told(read, visit, shop, await desk.currencies(read, visit), segment.tree),
        last=last.items,
        faces=await faces(read, visit, shop, [each.buyer_id for each in last.items]),
        days=await segments.days(read, shop, segment_id),
        bindings=await segments.bindings(read, shop, segment_id),
        groups=await segments.unbound_groups(read, shop),
        uses=[each for each in await segments.uses(read, shop, segment_id) if each.what == "segment"],
        versions=await segments.versions(read, shop, segment_id),
        offers=await promotions.coupons_to_give(read, shop) if visit.actor.may("promotions.manage") else [],
        drafted=await segments.draft(read, shop, segment_id) is not None,
        elsewhere=await uses_elsewhere(read, shop, segment_id),
    )


def _segment(desk: Desk) -> HTTPRouteHandler:
    @get("/segments/{segment_id:uuid}", opt=READS)
    async def segment_page(visit: NamedDependency[Visit], segment_id: FromPath[UUID]) -> Response[Any]:
        return await page(desk, visit, segment_id, {}, None)

    return segment_page


async def page(
    desk: Desk, visit: Visit, segment_id: UUID, errors: Mapping[str, str], came: segments.Imported | None
) -> Response[Any]:
    found = await visit.db.ask(shown, visit, desk, segment_id)
    return await desk.show(
        visit,
        "web/segment.html",
        desk.home,
        status=422 if errors else 200,
        crumbs=[(visit.say(TITLE), desk.home), (found.segment.name.in_language(visit.locale), None)],
        found=found,
        came=came,
        home=desk.home,
        here=f"{desk.home}/{segment_id}",
        errors=errors,
        may_manage=visit.actor.may("users.manage"),
        may_promote=visit.actor.may("promotions.manage"),
        of_a_shop=desk.shop(visit) != MARKETPLACE,
        gift_id=ids.mint(),
    )


async def people(read: Read, visit: Visit, shop: UUID, segment_id: UUID, cursor: str | None, most: int) -> People:
    page = await segments.newest(read, shop, segment_id, cursor, most)
    buyers = [each.buyer_id for each in page.items]
    facts = await lifecycle.facts_of(read, shop, buyers)  # pyright: ignore[reportArgumentType]  # buyers' ids
    return People(
        page=page,
        faces={each.buyer_id: each for each in await faces(read, visit, shop, buyers)},
        facts={UUID(str(buyer_id)): each for buyer_id, each in facts.items()},
    )


def _members(desk: Desk) -> HTTPRouteHandler:
    @get("/segments/{segment_id:uuid}/members", opt=READS)
    async def segment_members(
        visit: NamedDependency[Visit], segment_id: FromPath[UUID], cursor: FromQuery[str | None] = None
    ) -> Response[Any] | Stream:
        shop = desk.shop(visit)
        segment = await visit.db.ask(segments.segment, shop, segment_id)
        if exports.wanted(visit):
            return segment_files.everybody(visit, segment)
        return await desk.show(
            visit,
            "web/segment_members.html",
            desk.home,
            crumbs=[
                (visit.say(TITLE), desk.home),
                (segment.name.in_language(visit.locale), f"{desk.home}/{segment_id}"),
                (visit.say(N_("Customers")), None),
            ],
            segment=segment,
            found=await visit.db.ask(people, visit, shop, segment_id, cursor, ROWS_PER_PAGE),
            here=f"{desk.home}/{segment_id}",
            stages={str(stage): visit.say(word) for stage, word in words.STAGES.items()},
            may_manage=visit.actor.may("users.manage"),
        )

    return segment_members
