"""Membership before buyers' eyes: the levels of a shop or of the platform, where one stands, what is missing to the next."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.goods import promotions
from steelyard.goods.promotions.model import PLATFORM, Offer
from steelyard.kernel import days
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.operations import growth
from steelyard.operations.growth import Cause, GrowthLine, Member, Programme, Task, TaskNotDone, TaskProgress
from steelyard.parties import customers, merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId, MerchantState, ShopCard
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.me import ACCOUNT, buyer_of
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.storefront.typed import said, uuid_of
from steelyard.surfaces.web import membership_tasks
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit

MINE = f"{ACCOUNT}/memberships"
PLATFORMS = "/membership"
TITLE = N_("Membership")
CAUSES = {
    Cause.ORDER: N_("Order received"),
    Cause.REFUND: N_("Taken back for a refund"),
    Cause.REVIEW: N_("For a review"),
    Cause.CHECK_IN: N_("Checked in"),
    Cause.TASK: N_("For a task"),
}


class MembershipPage(msgspec.Struct, frozen=True, kw_only=True):
    """`coupons` are those for birthdays, by their ids; `member` is none of who has no account."""

    shell: Shell
    shop: ShopCard | None
    programme: Programme
    member: Member | None
    lines: Sequence[GrowthLine]
    checked_in: bool
    birthday: str | None
    coupons: Mapping[UUID, Offer]
    tasks: Sequence[TaskProgress]


class Mine(msgspec.Struct, frozen=True, kw_only=True):
    """`platform` is the platform's membership, whether one has earned something there or not."""

    shell: Shell
    members: Sequence[Member]
    programmes: Mapping[UUID, Programme]
    shops: Mapping[MerchantId, ShopCard]
    platform: Programme | None


async def membership_page(
    read: Read, buyer_id: BuyerId | None, known_buyer_id: BuyerId | None, slug: str | None
) -> MembershipPage:
    """Raises `NotFound` where there is no membership, or it is closed."""
    card = None
    if slug is not None:
        shop = await merchants.by_slug(read, slug)
        if shop is None or shop.state is not MerchantState.OPEN:
            raise NotFound()
        card = (await merchants.cards(read, [shop.merchant_id]))[shop.merchant_id]
    whose, today = card.merchant_id if card else PLATFORM, days.today()
    programme = await growth.open_programme(read, whose, today)
    if programme is None:
        raise NotFound()
    coupons = [
        await promotions.get(read, whose, each.birthday_coupon) for each in programme.levels if each.birthday_coupon
    ]
    buyer = await customers.get(read, buyer_id) if buyer_id else None
    return MembershipPage(
        shell=await shell(read, known_buyer_id),
        shop=card,
        programme=programme,
        member=await growth.member(read, whose, buyer_id) if buyer_id else None,
        lines=await growth.lines(read, whose, buyer_id) if buyer_id else (),
        checked_in=await growth.checked_in(read, whose, buyer_id, today) if buyer_id else False,
        birthday=buyer.birthday if buyer else None,
        coupons={each.promotion_id: each for each in coupons if each is not None},
        tasks=await growth.tasks_of(read, whose, buyer_id, today) if buyer_id else (),
    )


@get(PLATFORMS)
async def of_platform(visit: NamedDependency[Visit]) -> Response[str]:
    """The platform's membership."""
    return await _page(visit, None)


@get("/shops/{slug:str}/membership")
async def of_shop(visit: NamedDependency[Visit], slug: FromPath[str]) -> Response[str]:
    """A shop's membership."""
    return await _page(visit, slug.replace("\x00", ""))


async def _page(visit: Visit, slug: str | None) -> Response[str]:
    mine = visit.account.buyer_id if visit.account else None
    view = await visit.db.ask(membership_page, BuyerId(mine) if mine else None, visit.known_buyer_id, slug)
    crumbs = [Crumb(visit.say(TITLE))]
    if view.shop:
        crumbs.insert(0, Crumb(view.shop.name.in_language(visit.locale), f"/shops/{view.shop.slug}"))
    return await show(
        visit,
        "membership.html",
        view.shell,
        crumbs=crumbs,
        view=view,
        here=_home(view.shop),
        tasks=[
            (each, visit.say(membership_tasks.WORDS[each.task]), _where(each.task, view.shop)) for each in view.tasks
        ],
        causes={cause: visit.say(word) for cause, word in CAUSES.items()},
    )


def _where(task: Task, shop: ShopCard | None) -> str:
    """Where a task is done."""
    own = f"/shops/{quote(shop.slug)}" if shop else ""
    return {
        Task.PROFILE: f"{ACCOUNT}/profile",
        Task.FOLLOW: own or "/search",
        Task.SHARE: f"{own}/share" if own else "/search",
        Task.WATCH: "/live",
        Task.REVIEW: f"{ACCOUNT}/reviews",
    }[task]


def _home(shop: ShopCard | None) -> str:
    return f"/shops/{shop.slug}/membership" if shop else PLATFORMS


async def mine_page(read: Read, buyer_id: BuyerId) -> Mine:
    found, today = await growth.memberships(read, buyer_id), days.today()
    programmes = {each.merchant_id: await growth.programme(read, each.merchant_id, today) for each in found}
    return Mine(
        shell=await shell(read, buyer_id),
        members=[each for each in found if each.merchant_id != PLATFORM],
        programmes={key: each for key, each in programmes.items() if each is not None},
        shops=await merchants.cards(read, [MerchantId(each.merchant_id) for each in found]),
        platform=await growth.open_programme(read, PLATFORM, today),
    )


@get(MINE)
async def mine(visit: NamedDependency[Visit]) -> Response[str]:
    """Where one is a member."""
    _, buyer_id = buyer_of(visit)
    view = await visit.db.ask(mine_page, buyer_id)
    platform = await visit.db.ask(growth.member, PLATFORM, buyer_id) if view.platform else None
    return await show(
        visit,
        "memberships.html",
        view.shell,
        crumbs=[Crumb(visit.say(N_("My account")), ACCOUNT), Crumb(visit.say(N_("My memberships")))],
        view=view,
        platform=platform,
    )


@post(f"{MINE}/check-in")
async def check_in(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, str]]) -> Redirect:
    """Have today's growth of a shop's membership, or of the platform's; said twice, the second finds it had."""
    _, buyer_id = buyer_of(visit)
    whose = uuid_of(said(data, "membership")) or PLATFORM
    shop = (await visit.db.ask(merchants.cards, [MerchantId(whose)])).get(MerchantId(whose))
    had = await visit.db.transact(growth.check_in, whose, buyer_id, days.today())
    if not had:
        return redirect(visit, _home(shop), (visit.say(N_("You have checked in today. Come back tomorrow.")), "info"))
    return redirect(visit, _home(shop), (visit.say(N_("Checked in: {count} growth."), count=had), "good"))


@post(f"{MINE}/task")
async def have_task(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, str]]) -> Redirect:
    """Have the growth of a task that is done; said twice, the second finds it had."""
    _, buyer_id = buyer_of(visit)
    whose, named = uuid_of(said(data, "membership")) or PLATFORM, said(data, "task")
    if named not in list(Task):
        raise NotFound()
    shop = (await visit.db.ask(merchants.cards, [MerchantId(whose)])).get(MerchantId(whose))
    try:
        had = await visit.db.transact(growth.have_task, whose, buyer_id, Task(named), days.today())
    except TaskNotDone as refusal:
        return redirect(visit, _home(shop), (visit.refused(refusal), "info"))
    if not had:
        return redirect(visit, _home(shop), (visit.say(N_("You have had the growth of this task.")), "info"))
    return redirect(visit, _home(shop), (visit.say(N_("Task done: {count} growth."), count=had), "good"))


HANDLERS = [of_platform, of_shop, mine, check_in, have_task]
