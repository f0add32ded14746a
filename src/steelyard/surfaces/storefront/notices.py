"""What a buyer was told: the list under "Me"; and whether they want mails about coupons, withdrawn here or by a mail's link."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.operations import outreach
from steelyard.operations.behaviour import Kind
from steelyard.parties import customers, notifications
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.notifications.model import Notice, NoticeKind
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.me import ACCOUNT, buyer_of
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.storefront.typed import said, uuid_of
from steelyard.surfaces.web import footfall
from steelyard.surfaces.web.console import address
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit

NOTICES = f"{ACCOUNT}/notices"
PROFILE = f"{ACCOUNT}/profile"
PER_PAGE = 30
WORDS = {
    NoticeKind.COUPON_GIVEN: N_("You were given a coupon: {name}"),
    NoticeKind.COUPON_ENDS: N_("Your coupon ends soon: {name}"),
    NoticeKind.LIVE_SOON: N_("Live soon: {name}"),
    NoticeKind.LIVE_BEGUN: N_("Live now: {name}"),
    NoticeKind.LEVEL_UP: N_("You have reached a level: {name}"),
    NoticeKind.LEVEL_ENDS: N_("Your level ends soon: {name}"),
    NoticeKind.SHOP_MESSAGE: "{name}",
}


class NoticesPage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    notices: Sequence[Notice]
    more: bool

    @property
    def unread(self) -> bool:
        return any(each.read_at is None for each in self.notices)


async def notices_page(read: Read, buyer_id: BuyerId, before: UUID | None) -> NoticesPage:
    found = await notifications.notices_of(read, buyer_id, before, PER_PAGE + 1)
    return NoticesPage(shell=await shell(read, buyer_id), notices=found[:PER_PAGE], more=len(found) > PER_PAGE)


@get(NOTICES)
async def notices(visit: NamedDependency[Visit]) -> Response[str]:
    """What they were told, the last first."""
    _, buyer_id = buyer_of(visit)
    before = visit.connection.query_params.get("before", "")
    view = await visit.db.ask(notices_page, buyer_id, uuid_of(before))
    for each in view.notices:
        if each.read_at is None and each.kind is not NoticeKind.SHOP_MESSAGE:
            footfall.tell(visit, Kind.MESSAGE_OPEN, once=each.notice_id, via="notice", message=str(each.kind))
    if (shops := [each.notice_id for each in view.notices if _is_of_a_shop(each)]) and footfall.is_counted(visit):
        await visit.db.transact(outreach.note_read, buyer_id, shops)
    return await show(
        visit,
        "notices.html",
        view.shell,
        crumbs=[Crumb(visit.say(N_("My account")), ACCOUNT), Crumb(visit.say(N_("Messages")))],
        view=view,
        words={
            str(each.notice_id): visit.say(WORDS[each.kind], name=each.facts.name.in_language(visit.locale))
            for each in view.notices
        },
        links={
            str(each.notice_id): each.link
            if each.kind is NoticeKind.SHOP_MESSAGE
            else notifications.from_message(each.link, "notice", str(each.kind))
            for each in view.notices
        },
        first_href=NOTICES if before else "",
        next_href=address(NOTICES, before=view.notices[-1].notice_id) if view.more else "",
    )


def _is_of_a_shop(notice: Notice) -> bool:
    """Unread, and counted as opened with its message."""
    return notice.read_at is None and notice.kind is NoticeKind.SHOP_MESSAGE


@post(f"{NOTICES}/read")
async def read_all(visit: NamedDependency[Visit]) -> Redirect:
    """All of it is read."""
    _, buyer_id = buyer_of(visit)
    await visit.db.transact(notifications.mark_read, buyer_id)
    return redirect(visit, NOTICES)


@post(f"{ACCOUNT}/coupon-mails")
async def choose_mails(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, str]]) -> Redirect:
    """Whether they want mails about coupons."""
    _, buyer_id = buyer_of(visit)
    agreed = bool(said(data, "agreed"))
    await visit.db.transact(_chosen, buyer_id, agreed)
    told = (
        N_("You get mails with coupons, news and offers from now on.")
        if agreed
        else N_("You get no more mails with coupons, news and offers.")
    )
    return redirect(visit, f"{PROFILE}#coupon-mails", (visit.say(told), "good"))


async def _chosen(tx: Tx, buyer_id: BuyerId, agreed: bool) -> None:  # what was ticked
    await customers.want_mails(tx, buyer_id, agreed=agreed)


@get("/coupon-mails/stop/{buyer_id:uuid}/{secret:str}")
async def stop_page(visit: NamedDependency[Visit], buyer_id: FromPath[UUID], secret: FromPath[str]) -> Response[str]:
    """Where a mail's link leads: one button, so that a mail programme that opens links changes nothing."""
    if not await visit.db.ask(customers.known_by_link, buyer_id, secret):
        raise NotFound()
    around = await visit.db.ask(shell, visit.buyer_id)
    return await show(
        visit,
        "coupon_mails_stop.html",
        around,
        crumbs=[Crumb(visit.say(N_("News and offers by mail")))],
        here=f"/coupon-mails/stop/{buyer_id}/{secret}",
        wanted=await visit.db.ask(customers.wants_mails, buyer_id),
    )


@post("/coupon-mails/stop/{buyer_id:uuid}/{secret:str}")
async def stop(visit: NamedDependency[Visit], buyer_id: FromPath[UUID], secret: FromPath[str]) -> Redirect:
    """No more of these mails; a second click changes nothing."""
    if not await visit.db.ask(customers.known_by_link, buyer_id, secret):
        raise NotFound()
    await visit.db.transact(_stopped, buyer_id)
    told = visit.say(N_("You get no more mails with coupons, news and offers."))
    return redirect(visit, f"/coupon-mails/stop/{buyer_id}/{secret}", (told, "good"))


async def _stopped(tx: Tx, buyer_id: UUID) -> None:
    await customers.want_mails(tx, buyer_id, agreed=False, how="mail")


HANDLERS = [notices, read_all, choose_mails, stop_page, stop]
