"""Inviting friends: one's link to send on and what became of those who took it; and the page that such a link leads to."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import promotions
from steelyard.goods.promotions.model import PLATFORM, Offer
from steelyard.kernel import limits
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.limits import Limit
from steelyard.operations import growth
from steelyard.operations.behaviour import Kind
from steelyard.operations.growth import Invitation, InviteProgramme, InviteState
from steelyard.operations.growth.model import ACCEPTED_DAYS
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId, MerchantState, ShopCard
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.me import ACCOUNT, buyer_of
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.web import footfall, posters
from steelyard.surfaces.web.callers import address_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.posters import Poster
from steelyard.surfaces.web.visit import Visit

MINE = f"{ACCOUNT}/invitations"
TITLE = N_("Invite friends")
# Nobody takes so many invitations; who does is a program. By address: a program has as many visitors' cookies as it likes.
ACCEPTS = Limit("accept_invitation", burst=30, per_seconds=3_600)
# What an inviter reads of each friend: where they are on the way, and nothing of who they are.
STATES: dict[InviteState, tuple[str, str]] = {
    InviteState.ACCEPTED: (N_("Has taken it, and not bought yet"), "quiet"),
    InviteState.ORDERED: (N_("Has bought: the reward comes when the order can go back no more"), "info"),
    InviteState.REVIEW: (N_("Is being looked at"), "info"),
    InviteState.REWARDED: (N_("You both have your reward"), "good"),
    InviteState.REFUSED: (N_("No reward for this one"), "quiet"),
    InviteState.LAPSED: (N_("Nothing was bought in time, or it went back"), "quiet"),
    InviteState.UNDONE: (N_("The order went back, and the reward with it"), "quiet"),
}


class InvitePage(msgspec.Struct, frozen=True, kw_only=True):
    """`coupons` are those that are promised, by their ids."""

    shell: Shell
    shop: ShopCard | None
    programme: InviteProgramme
    invitations: Sequence[Invitation]
    coupons: Mapping[UUID, Offer]


async def _programme(read: Read, whose: UUID) -> InviteProgramme:
    found = await growth.invite_programme(read, whose)
    if found is None or found.closed_at is not None:
        raise NotFound()
    return found


async def invite_page(read: Read, buyer_id: BuyerId, slug: str | None) -> InvitePage:
    """Raises `NotFound` where nothing is promised."""
    card = await _shop(read, slug) if slug is not None else None
    whose = card.merchant_id if card else PLATFORM
    programme = await _programme(read, whose)
    return InvitePage(
        shell=await shell(read, buyer_id),
        shop=card,
        programme=programme,
        invitations=await growth.invitations_of(read, whose, buyer_id),
        coupons=await _coupons(read, programme),
    )


async def _shop(read: Read, slug: str) -> ShopCard:
    shop = await merchants.by_slug(read, slug)
    if shop is None or shop.state is not MerchantState.OPEN:
        raise NotFound()
    return (await merchants.cards(read, [shop.merchant_id]))[shop.merchant_id]


async def _coupons(read: Read, programme: InviteProgramme) -> dict[UUID, Offer]:
    wanted = [each.coupon for each in (programme.inviter, programme.friend) if each.coupon]
    offers = [await promotions.get(read, programme.merchant_id, each) for each in wanted]
    return {each.promotion_id: each for each in offers if each is not None}


@get(MINE)
async def of_platform(visit: NamedDependency[Visit]) -> Response[str]:
    """One's invitation to the marketplace."""
    return await _page(visit, None)


@get("/shops/{slug:str}/invitations")
async def of_shop(visit: NamedDependency[Visit], slug: FromPath[str]) -> Response[str]:
    """One's invitation to a shop."""
    return await _page(visit, slug.replace("\x00", ""))


async def _page(visit: Visit, slug: str | None) -> Response[str]:
    _, buyer_id = buyer_of(visit)
    view = await visit.db.ask(invite_page, buyer_id, slug)
    whose = view.shop.merchant_id if view.shop else PLATFORM
    path = await _link(visit, whose, buyer_id)
    footfall.tell(visit, Kind.INVITE, merchant_id=whose)
    crumbs = [Crumb(visit.say(N_("My account")), ACCOUNT), Crumb(visit.say(TITLE))]
    return await show(
        visit,
        "invite.html",
        view.shell,
        crumbs=crumbs,
        view=view,
        link=visit.settings.base_url.rstrip("/") + path,
        code=f"/media/qr.svg?to={quote(path)}",
        poster_href=f"{_home(view.shop)}/poster.png" if posters.able(visit) else "",
        states={state: (visit.say(word), tone) for state, (word, tone) in STATES.items()},
    )


def _home(shop: ShopCard | None) -> str:
    """Where one's invitations stand."""
    return f"/shops/{quote(shop.slug)}/invitations" if shop else MINE


async def _link(visit: Visit, whose: UUID, buyer_id: BuyerId) -> str:
    """Where one's own invitation leads."""
    code = await visit.db.transact(growth.invite_code, whose, buyer_id)
    return f"/i/{code}?invite={code}"


@get(f"{MINE}/poster.png")
async def poster_of_platform(visit: NamedDependency[Visit]) -> Response[bytes]:
    """One's invitation to the marketplace as a picture to pass on."""
    return await _poster(visit, None)


@get("/shops/{slug:str}/invitations/poster.png")
async def poster_of_shop(visit: NamedDependency[Visit], slug: FromPath[str]) -> Response[bytes]:
    """One's invitation to a shop as a picture to pass on."""
    return await _poster(visit, slug.replace("\x00", ""))


async def _poster(visit: Visit, slug: str | None) -> Response[bytes]:
    """What is promised to the friend, and one's own code."""
    _, buyer_id = buyer_of(visit)
    view = await visit.db.ask(invite_page, buyer_id, slug)
    shop, promised = view.shop, view.programme.friend
    path = await _link(visit, shop.merchant_id if shop else PLATFORM, buyer_id)
    coupon = view.coupons.get(promised.coupon) if promised.coupon else None
    gift = coupon.name.in_language(visit.locale) if coupon else ""
    if promised.points:
        gift = visit.say(N_("{count} points"), count=promised.points)
    poster = Poster(
        title=view.programme.name.in_language(visit.locale),
        link=visit.settings.base_url.rstrip("/") + path,
        scan=visit.say(posters.SCAN),
        house=visit.say(posters.HOUSE),
        sender=shop.name.in_language(visit.locale) if shop else "",
        remark=visit.say(N_("For you: {gift}"), gift=gift) if gift else "",
        picture=shop.logo if shop else None,
        sign=True,
    )
    return await posters.answer(visit, poster)


class TakenPage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    shop: ShopCard | None
    programme: InviteProgramme
    coupons: Mapping[UUID, Offer]


async def taken_page(read: Read, known_buyer_id: BuyerId | None, code: str) -> TakenPage:
    """Raises `NotFound` for a code of nobody, or where nothing is promised any more."""
    found = await growth.invited_by(read, code)
    if found is None:
        raise NotFound()
    whose, _ = found
    programme = await _programme(read, whose)
    shop = (await merchants.cards(read, [MerchantId(whose)])).get(MerchantId(whose))
    return TakenPage(
        shell=await shell(read, known_buyer_id),
        shop=shop,
        programme=programme,
        coupons=await _coupons(read, programme),
    )


@get("/i/{code:str}")
async def invited(visit: NamedDependency[Visit], code: FromPath[str]) -> Response[str]:
    """Where an invitation leads: what is promised, and a button to take it."""
    return await _taken(visit, code.replace("\x00", ""))


async def _taken(visit: Visit, code: str, refusal: Refusal | None = None) -> Response[str]:
    view = await visit.db.ask(taken_page, visit.known_buyer_id, code)
    return await show(
        visit,
        "invited.html",
        view.shell,
        crumbs=[Crumb(view.programme.name.in_language(visit.locale))],
        status=refusal.status if refusal else 200,
        view=view,
        here=f"/i/{code}",
        refused=visit.refused(refusal) if refusal else "",
    )


@post("/i/{code:str}")
async def accept(visit: NamedDependency[Visit], code: FromPath[str]) -> Response[str] | Redirect:
    """Take an invitation, with an account or without; pressed twice, the first counts."""
    code = code.replace("\x00", "")
    await limits.take(visit.db, ACCEPTS, address_of(visit))
    view = await visit.db.ask(taken_page, visit.known_buyer_id, code)
    try:
        await visit.db.transact(growth.accept_invitation, code, visit.buyer_id)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _taken(visit, code, refusal)
    told = N_("The invitation is yours. Buy something within {days} days, and you are both rewarded.")
    said = visit.say(told, days=ACCEPTED_DAYS)
    return redirect(visit, f"/shops/{view.shop.slug}" if view.shop else "/", (said, "good"))


HANDLERS = [of_platform, of_shop, poster_of_platform, poster_of_shop, invited, accept]
