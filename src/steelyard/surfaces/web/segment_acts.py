"""What is done with segments in both consoles: put away and taken back, people put on lists, groups that follow, coupons."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.operations import segments
from steelyard.operations.segments.model import REJECTS_SHOWN_MAX, SegmentId
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.components.page import Undo
from steelyard.surfaces.web import segment_files, segment_uses
from steelyard.surfaces.web.console import done, errors_of
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.segment_builder import MANAGES, Desk, builder_pages, hold_draft
from steelyard.surfaces.web.segment_files import Named
from steelyard.surfaces.web.segment_pages import page, reading_pages
from steelyard.surfaces.web.visit import Visit, WebRequest

LINE_CHARACTERS_SHOWN = 80
PROMOTES = {"permission": "promotions.manage"}


def segment_pages(desk: Desk) -> list[HTTPRouteHandler]:
    """All pages of segments of a console."""
    acts = [_archive, _restore, _begin_from, _import, _remove, _bind, _unbind, _give]
    return [*reading_pages(desk), *(act(desk) for act in acts), *builder_pages(desk)]


def _archive(desk: Desk) -> HTTPRouteHandler:
    @post("/segments/{segment_id:uuid}/archive", opt=MANAGES)
    async def archive_segment(visit: NamedDependency[Visit], segment_id: FromPath[UUID]) -> Redirect:
        return await done(
            visit,
            desk.home,
            N_("Archived: nobody comes or goes any more."),
            lambda: visit.db.transact(_archived, visit.actor, desk.shop(visit), segment_id),
            Undo(visit.say(N_("Undo")), f"{desk.home}/{segment_id}/restore"),
        )

    return archive_segment


async def _archived(tx: Tx, actor: Actor, shop: UUID, segment_id: UUID) -> None:
    await segment_uses.check_unused(tx, shop, segment_id)
    await segments.archive(tx, shop, segment_id)
    await access.audit(tx, actor, "segments.archive", str(segment_id), {})


def _restore(desk: Desk) -> HTTPRouteHandler:
    @post("/segments/{segment_id:uuid}/restore", opt=MANAGES)
    async def restore_segment(visit: NamedDependency[Visit], segment_id: FromPath[UUID]) -> Redirect:
        return await done(
            visit,
            f"{desk.home}/{segment_id}",
            N_("It is kept again; who is in it is being counted."),
            lambda: visit.db.transact(_restored, visit.actor, desk.shop(visit), segment_id),
        )

    return restore_segment


async def _restored(tx: Tx, actor: Actor, shop: UUID, segment_id: UUID) -> None:
    await segments.restore(tx, shop, segment_id)
    await access.audit(tx, actor, "segments.restore", str(segment_id), {})


def _begin_from(desk: Desk) -> HTTPRouteHandler:
    @post("/segments/{segment_id:uuid}/versions/{version:int}/change", opt=MANAGES)
    async def begin_from_version(
        visit: NamedDependency[Visit], segment_id: FromPath[UUID], version: FromPath[int]
    ) -> Redirect:
        """A draft that says what the segment said; the segment stays as it is until the draft is saved."""
        here = f"{desk.home}/{segment_id}/edit"
        if not await visit.db.transact(_begun_from, visit, desk, SegmentId(segment_id), version):
            said = visit.say(N_("Somebody has begun to change this segment. Here is what they have."))
            return redirect(visit, here, (said, "warn"))
        said = visit.say(N_("This is what version {number} said. Nothing changes before you save."), number=version)
        return redirect(visit, here, (said, "info"))

    return begin_from_version


async def _begun_from(tx: Tx, visit: Visit, desk: Desk, segment_id: SegmentId, version: int) -> bool:
    """Make the draft; whether it is there now. What somebody else has begun stays. Raises `NotFound`."""
    shop = desk.shop(visit)
    segment = await segments.segment(tx, shop, segment_id)
    said = next((each for each in await segments.versions(tx, shop, segment_id) if each.version == version), None)
    if said is None or segment.archived_at is not None:
        raise NotFound()
    await hold_draft(tx, segment_id)
    sketch = segments.sketching.written(said.tree, await desk.currencies(tx, visit))
    there = await segments.draft(tx, shop, segment_id)
    if there is None:
        await segments.sketch(tx, shop, segment_id, segment.name, segment.description, sketch, visit.actor.by)
    return there is None or there.sketch == sketch


def _import(desk: Desk) -> HTTPRouteHandler:
    @post("/segments/{segment_id:uuid}/people", opt=MANAGES, status_code=200)
    async def import_people(
        visit: NamedDependency[Visit], segment_id: FromPath[UUID], request: WebRequest
    ) -> Response[Any]:
        """By a file or by what was typed; whom the shop does not know is named on the page that answers."""
        try:
            said = await segment_files.told(await entries_of(request))
            came = await visit.db.transact(_imported, visit.actor, desk.shop(visit), segment_id, said)
        except Invalid as refusal:
            return await page(desk, visit, segment_id, errors_of(visit, refusal.fields), None)
        return await page(desk, visit, segment_id, {}, came)

    return import_people


async def _imported(tx: Tx, actor: Actor, shop: UUID, segment_id: UUID, said: Named) -> segments.Imported:
    came = await segments.import_people(tx, shop, segment_id, said.people)
    came = msgspec.structs.replace(
        came,
        rejected=came.rejected + len(said.nobody),
        rejects=[*(each[:LINE_CHARACTERS_SHOWN] for each in said.nobody), *came.rejects][:REJECTS_SHOWN_MAX],
    )
    facts = {"added": came.added, "rejected": came.rejected}
    await access.audit(tx, actor, "segments.people", str(segment_id), facts)
    return came


def _remove(desk: Desk) -> HTTPRouteHandler:
    @post("/segments/{segment_id:uuid}/people/remove", opt=MANAGES)
    async def remove_person(visit: NamedDependency[Visit], segment_id: FromPath[UUID], request: WebRequest) -> Redirect:
        buyer_id = (await entries_of(request)).uuid("buyer_id")
        return await done(
            visit,
            f"{desk.home}/{segment_id}/members",
            N_("The customer is not on the list any more."),
            lambda: visit.db.transact(_removed, visit.actor, desk.shop(visit), segment_id, buyer_id),
            Undo(visit.say(N_("Undo")), f"{desk.home}/{segment_id}/people", {"people": str(buyer_id)}),
        )

    return remove_person


async def _removed(tx: Tx, actor: Actor, shop: UUID, segment_id: UUID, buyer_id: UUID) -> None:
    gone = await segments.remove_people(tx, shop, segment_id, [buyer_id])
    await access.audit(tx, actor, "segments.people", str(segment_id), {"removed": gone})


def _bind(desk: Desk) -> HTTPRouteHandler:
    @post("/segments/{segment_id:uuid}/bind", opt=PROMOTES)
    async def bind_group(visit: NamedDependency[Visit], segment_id: FromPath[UUID], request: WebRequest) -> Redirect:
        group_id = (await entries_of(request)).uuid("group_id")
        return await done(
            visit,
            f"{desk.home}/{segment_id}",
            N_("The group follows the segment from now on."),
            lambda: visit.db.transact(_bound, visit.actor, desk.shop(visit), segment_id, group_id),
        )

    return bind_group


async def _bound(tx: Tx, actor: Actor, shop: UUID, segment_id: UUID, group_id: UUID) -> None:
    await segments.bind(tx, shop, segment_id, group_id, actor.by)
    await access.audit(tx, actor, "segments.bind", str(segment_id), {"group_id": str(group_id)})


def _unbind(desk: Desk) -> HTTPRouteHandler:
    @post("/segments/{segment_id:uuid}/unbind", opt=PROMOTES)
    async def unbind_group(visit: NamedDependency[Visit], segment_id: FromPath[UUID], request: WebRequest) -> Redirect:
        group_id = (await entries_of(request)).uuid("group_id")
        return await done(
            visit,
            f"{desk.home}/{segment_id}",
            N_("The group follows the segment no more."),
            lambda: visit.db.transact(_unbound, visit.actor, desk.shop(visit), segment_id, group_id),
        )

    return unbind_group


async def _unbound(tx: Tx, actor: Actor, shop: UUID, segment_id: UUID, group_id: UUID) -> None:
    await segments.segment(tx, shop, segment_id)
    await segments.unbind(tx, shop, segment_id, group_id)
    await access.audit(tx, actor, "segments.unbind", str(segment_id), {"group_id": str(group_id)})


def _give(desk: Desk) -> HTTPRouteHandler:
    @post("/segments/{segment_id:uuid}/coupon", opt=PROMOTES)
    async def give_coupon(
        visit: NamedDependency[Visit], segment_id: FromPath[UUID], request: WebRequest
    ) -> Response[Any] | Redirect:
        """To who is in it at this moment; pressed twice, once."""
        form = await entries_of(request)
        promotion_id, gift_id = form.uuid("promotion_id"), form.uuid("gift_id")
        try:
            given = await visit.db.transact(_given, visit.actor, desk.shop(visit), segment_id, promotion_id, gift_id)
        except Invalid as refusal:
            return await page(desk, visit, segment_id, errors_of(visit, refusal.fields), None)
        said = visit.say(N_("{count} customers have got the coupon."), count=given or 0)
        return redirect(visit, f"{desk.home}/{segment_id}", (said, "good"))

    return give_coupon


async def _given(tx: Tx, actor: Actor, shop: UUID, segment_id: UUID, promotion_id: UUID, gift_id: UUID) -> int | None:
    if (await segments.segment(tx, shop, segment_id)).archived_at is not None:
        raise NotFound()
    given = await segments.give_coupon(tx, shop, segment_id, promotion_id, gift_id, actor.by)
    await access.audit(tx, actor, "promotions.give", str(promotion_id), {"segment_id": str(segment_id), "given": given})
    return given
