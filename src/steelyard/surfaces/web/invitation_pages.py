"""Invitations in both consoles: what is promised, what came of it, and those that somebody has to look at."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods import promotions
from steelyard.goods.promotions.model import PLATFORM, Offer, Used
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.operations import growth
from steelyard.operations.growth import Against, AllGiven, Invitation, InviteProgramme, InviteState, Reward
from steelyard.operations.growth.model import NOTE_CHARACTERS_MAX
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, SAVED, address, done, errors_of, told
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.membership_pages import NEEDS, Desk
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.segment_people import Face, faces
from steelyard.surfaces.web.visit import Visit, WebRequest

TITLE = N_("Invitations")
STATES: dict[InviteState, tuple[str, str]] = {
    InviteState.REVIEW: (N_("To be looked at"), "warn"),
    InviteState.ACCEPTED: (N_("Taken, nothing bought yet"), "quiet"),
    InviteState.ORDERED: (N_("Has bought"), "info"),
    InviteState.REWARDED: (N_("Rewarded"), "good"),
    InviteState.REFUSED: (N_("Not rewarded"), "bad"),
    InviteState.LAPSED: (N_("Lapsed"), "quiet"),
    InviteState.UNDONE: (N_("Reward taken back"), "bad"),
}
DECIDED = {
    InviteState.REWARDED: N_("Both are rewarded."),
    InviteState.REFUSED: N_("It is not rewarded."),
}
AGAINST: dict[Against, str] = {
    Against.NOT_NEW: N_("The friend has bought here before, or has taken another invitation"),
    Against.SAME_PERSON: N_("Both are the same account"),
    Against.SAME_CONTACT: N_("Both have the same e-mail address or telephone number"),
    Against.SAME_DEVICE: N_("Both were signed in on the same device"),
    Against.SAME_ADDRESS: N_("Both have goods sent to the same address"),
    Against.RING: N_("The friend has invited the inviter, or who invited them"),
    Against.FAST: N_("More than five friends within a day"),
    Against.MONTH_FULL: N_("The inviter has been rewarded as often as is promised in a month"),
    Against.ALL_GIVEN: N_("As many friends as were promised have been rewarded"),
}
DEFAULTS = {"least": "0", "wait_days": "7", "per_month": "10", "friends": "1000"}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """`cost` is what the coupons of the programme have taken off, by coupon; `points` were given and not taken back."""

    programme: InviteProgramme | None
    currency: str
    coupons: Sequence[Offer]
    counts: Mapping[InviteState, int]
    page: Page[Invitation]
    faces: Mapping[UUID, Face]
    cost: Mapping[UUID, Used]
    points: int


def invitation_pages(desk: Desk) -> list[HTTPRouteHandler]:
    return [_page(desk), _save(desk), _close(desk), _decide(desk)]


async def shown(read: Read, visit: Visit, desk: Desk, state: InviteState, cursor: str | None) -> Shown:
    shop = desk.shop(visit)
    page = await growth.invitations(read, shop, state, cursor, ROWS_PER_PAGE)
    people = [each for one in page.items for each in (one.inviter_id, one.friend_id)]
    programme = await growth.invite_programme(read, shop)
    named = [each.coupon for each in (programme.inviter, programme.friend) if each.coupon] if programme else []
    return Shown(
        programme=programme,
        currency=await desk.currency(read, visit),
        coupons=await promotions.coupons_to_give(read, shop),
        counts=await growth.invite_counts(read, shop),
        page=page,
        faces={each.buyer_id: each for each in await faces(read, visit, shop, people)},
        cost=await promotions.used(read, shop, named) if named else {},
        points=await growth.invite_points(read, shop),
    )


def _page(desk: Desk) -> HTTPRouteHandler:
    @get("/invitations", opt=NEEDS)
    async def invitation_page(
        visit: NamedDependency[Visit], only: FromQuery[str] = "", cursor: FromQuery[str | None] = None
    ) -> Response[Any]:
        """The programme, and the invitations of one state; as a file with `?format=csv`."""
        state = InviteState(only) if only in list(InviteState) else InviteState.REVIEW
        if exports.wanted(visit):
            return await _as_file(desk, visit, state)
        return await _shown(desk, visit, state, None, {}, cursor)

    return invitation_page


async def _shown(
    desk: Desk,
    visit: Visit,
    state: InviteState,
    typed: Entries | None,
    errors: Mapping[str, str],
    cursor: str | None = None,
) -> Response[Any]:
    found = await visit.db.ask(shown, visit, desk, state, cursor)
    return await desk.show(
        visit,
        "web/invitations.html",
        desk.home,
        status=422 if errors else 200,
        found=found,
        values={name: typed.text(name) for name in typed.names("")} if typed else _standing(found),
        errors=errors,
        home=desk.home,
        of_platform=desk.shop(visit) == PLATFORM,
        state=state,
        note_max=NOTE_CHARACTERS_MAX,
        against={each: visit.say(word) for each, word in AGAINST.items()},
        coupons=[(str(each.promotion_id), each.name.in_language(visit.locale)) for each in found.coupons],
        next_href=address(desk.home, only=state, cursor=found.page.next) if found.page.next else "",
        start_href=address(desk.home, only=state) if cursor else "",
        tabs_shown=[
            {
                "label": f"{visit.say(word)} {found.counts[each]}" if found.counts.get(each) else visit.say(word),
                "href": address(desk.home, only=each),
                "current": each is state,
            }
            for each, (word, _) in STATES.items()
        ],
    )


def _standing(found: Shown) -> dict[str, str]:
    known = found.programme
    if known is None:
        return dict(DEFAULTS)
    return {
        "name_zh": known.name.get("zh-Hans", ""),
        "name_en": known.name.get("en", ""),
        "inviter_coupon": str(known.inviter.coupon or ""),
        "inviter_points": str(known.inviter.points or ""),
        "friend_coupon": str(known.friend.coupon or ""),
        "friend_points": str(known.friend.points or ""),
        "least": str(Money(known.least, known.currency).decimal()),
        "wait_days": str(known.wait_days),
        "per_month": str(known.per_month),
        "friends": str(known.friends),
    }


async def _as_file(desk: Desk, visit: Visit, state: InviteState) -> Response[bytes]:
    found = await visit.db.ask(_every, desk.shop(visit), state)
    return exports.sheet(
        visit,
        TITLE,
        [N_("Accepted on"), N_("Inviter"), N_("Friend"), N_("State"), N_("What looks suspicious"), N_("Remark")],
        [
            (
                each.accepted_at,
                each.inviter_id,
                each.friend_id,
                visit.say(STATES[each.state][0]),
                "; ".join(visit.say(AGAINST[one]) for one in each.against),
                each.note,
            )
            for each in found
        ],
    )


async def _every(read: Read, shop: UUID, state: InviteState) -> list[Invitation]:
    return await exports.everything(lambda cursor: growth.invitations(read, shop, state, cursor, ITEMS_PER_PAGE_MAX))


def _save(desk: Desk) -> HTTPRouteHandler:
    @post("/invitations", opt=NEEDS)
    async def save_invitations(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
        """What is promised from now on; who saves has seen how it stood."""
        form = await entries_of(request)
        currency = await visit.db.ask(desk.currency, visit)
        try:
            wanted = InviteProgramme(
                merchant_id=desk.shop(visit),
                name=form.words("name", required=True, most=40),
                currency=currency,
                inviter=_reward(form, "inviter"),
                friend=_reward(form, "friend"),
                least=form.money("least", currency) or 0,
                wait_days=form.number("wait_days"),
                per_month=form.number("per_month"),
                friends=form.number("friends"),
                version=form.number("seen", otherwise=0),
            )
            form.check()
            await visit.db.transact(_saved, visit.actor, wanted)
        except Invalid as refusal:
            return await _shown(desk, visit, InviteState.REVIEW, form, errors_of(visit, refusal.fields))
        return redirect(visit, desk.home, (visit.say(SAVED), "good"))

    return save_invitations


def _reward(form: Entries, side: str) -> Reward:
    return Reward(coupon=as_uuid(form.text(f"{side}_coupon")), points=form.number(f"{side}_points", otherwise=0))


async def _saved(tx: Tx, actor: Actor, wanted: InviteProgramme) -> None:
    await growth.set_invite_programme(tx, wanted)
    await access.audit(tx, actor, "invitations.save", str(wanted.merchant_id), {"name": str(wanted.name)})


def _close(desk: Desk) -> HTTPRouteHandler:
    @post("/invitations/close", opt=NEEDS)
    async def close_invitations(visit: NamedDependency[Visit]) -> Redirect:
        """Nobody takes an invitation any more; saving opens it again."""
        return await done(
            visit,
            desk.home,
            N_("Nobody can be invited any more. Who has bought by an invitation is rewarded."),
            lambda: visit.db.transact(_closed, visit.actor, desk.shop(visit)),
        )

    return close_invitations


async def _closed(tx: Tx, actor: Actor, shop: UUID) -> None:
    await growth.close_invite_programme(tx, shop)
    await access.audit(tx, actor, "invitations.close", str(shop), {})


def _decide(desk: Desk) -> HTTPRouteHandler:
    @post("/invitations/{invitation_id:uuid}", opt=NEEDS)
    async def decide_invitation(
        visit: NamedDependency[Visit], invitation_id: FromPath[UUID], request: WebRequest
    ) -> Redirect:
        """Reward a doubtful invitation, or do not; pressed twice, the first counts, whoever pressed."""
        form = await entries_of(request)
        decision, words = form.text("decision"), form.text("note", most=NOTE_CHARACTERS_MAX)
        if decision not in {"grant", "refuse"}:
            raise NotFound()
        try:
            form.check()
            holds = await visit.db.transact(
                _decided, visit.actor, desk.shop(visit), invitation_id, words, decision == "grant"
            )
        except (Invalid, AllGiven) as refusal:
            return redirect(visit, desk.home, (told(visit, refusal), "bad"))
        if holds in DECIDED:
            return redirect(visit, desk.home, (visit.say(DECIDED[holds]), "good"))
        now = visit.say(N_("Meanwhile it has become: {state}"), state=visit.say(STATES[holds][0]))
        return redirect(visit, desk.home, (now, "info"))

    return decide_invitation


async def _decided(  # what was pressed
    tx: Tx, actor: Actor, shop: UUID, invitation_id: UUID, words: str, grant: bool
) -> InviteState:
    by = f"staff:{actor.account.account_id}" if actor.account else "staff"
    holds = await growth.decide_invitation(tx, shop, invitation_id, by, words, grant=grant)
    await access.audit(tx, actor, "invitations.decide", str(invitation_id), {"granted": grant, "note": words})
    return holds
