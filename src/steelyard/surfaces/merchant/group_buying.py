"""Group buying of a shop: offer a product to teams, see how they do, change what is offered, stop it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog, inventory
from steelyard.goods.catalog.model import ProductId, SkuCard, SkuId
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.editor import local_time
from steelyard.surfaces.merchant.flash import articles
from steelyard.surfaces.merchant.product_forms import major
from steelyard.surfaces.web import conflict_words
from steelyard.surfaces.web.clashes import against_team
from steelyard.surfaces.web.console import address, done, errors_of, told
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.group_words import OFFER_STATES, TEAM_STATES
from steelyard.surfaces.web.moments import entered_moment
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import groups
from steelyard.trade.groups.model import HOURS_MAX, PIECES_MAX, SIZE_MAX, NewOffer, Offer, OfferId, OfferState, Team

NEEDS = {"permission": "promotions.manage"}
PER_PAGE = 30
ROWS, ROWS_MAX = 4, 200
DAYS = 7
LIMIT_MAX = 9_999
MADE = N_("It is offered. Buyers see it on the page of the goods.")
CHANGED = N_("It is changed.")
STOPPED = N_("It is stopped: no new team is opened. Teams that wait may still come together.")


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    offers: Sequence[Offer]
    cards: dict[SkuId, SkuCard]
    counts: dict[UUID, dict[str, int]]
    next: UUID | None

    def card(self, offer: Offer) -> SkuCard | None:
        return next((self.cards[SkuId(each)] for each in offer.prices if SkuId(each) in self.cards), None)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    offer: Offer
    cards: dict[SkuId, SkuCard]
    teams: Sequence[Team]
    counts: dict[str, int]
    next: UUID | None


async def listed(read: Read, merchant_id: MerchantId, before: UUID | None) -> Listed:
    found = await groups.offers(read, merchant_id, before, PER_PAGE + 1)
    shown = found[:PER_PAGE]
    return Listed(
        offers=shown,
        cards=await catalog.cards(read, [SkuId(next(iter(offer.prices))) for offer in shown]),
        counts=await groups.counts(read, [(merchant_id, offer.offer_id) for offer in shown]),
        next=shown[-1].offer_id if len(found) > PER_PAGE else None,
    )


async def offer_of(read: Read, merchant_id: MerchantId, offer_id: UUID) -> Offer:
    """Raises `NotFound`: another merchant's offer is not there."""
    offer = await groups.offer(read, merchant_id, offer_id)
    if offer is None:
        raise NotFound()
    return offer


async def shown_of(read: Read, merchant_id: MerchantId, offer_id: UUID, before: UUID | None) -> Shown:
    offer = await offer_of(read, merchant_id, offer_id)
    teams = await groups.teams(read, merchant_id, offer_id, before, PER_PAGE + 1)
    counts = await groups.counts(read, [(merchant_id, offer_id)])
    return Shown(
        offer=offer,
        cards=await catalog.cards(read, [SkuId(each) for each in offer.prices]),
        teams=teams[:PER_PAGE],
        counts=counts.get(offer_id, {"open": 0, "full": 0, "failed": 0}),
        next=teams[PER_PAGE - 1].team_id if len(teams) > PER_PAGE else None,
    )


@get("/group-buying", opt=NEEDS)
async def group_list(visit: NamedDependency[Visit], before: FromQuery[str | None] = None) -> Response[Any]:
    found = await visit.merchant_db.ask(listed, visit.merchant_id, as_uuid(before or ""))
    return await frame.show(
        visit,
        "group_buying_list.html",
        frame.TEAMS,
        found=found,
        states={each.offer_id: _state(visit, each) for each in found.offers},
        next_href=address(frame.TEAMS, before=found.next) if found.next else "",
        start_href=frame.TEAMS if before else "",
    )


def _state(visit: Visit, offer: Offer) -> tuple[str, str]:
    word, tone = OFFER_STATES[offer.state(datetime.now(UTC))]
    return visit.say(word), tone


def _team_state(visit: Visit, team: Team) -> tuple[str, str]:
    word, tone = TEAM_STATES[team.state(datetime.now(UTC))]
    return visit.say(word), tone


@get("/group-buying/{offer_id:uuid}", opt=NEEDS)
async def group_page(
    visit: NamedDependency[Visit], offer_id: FromPath[UUID], before: FromQuery[str | None] = None
) -> Response[Any]:
    """What is offered, and each team with how many are in it."""
    found = await visit.merchant_db.ask(shown_of, visit.merchant_id, offer_id, as_uuid(before or ""))
    here = f"{frame.TEAMS}/{offer_id}"
    state = found.offer.state(datetime.now(UTC))
    return await frame.show(
        visit,
        "group_buying_offer.html",
        frame.TEAMS,
        crumbs=[(visit.say(N_("Group buying")), frame.TEAMS), (_title(visit, found.cards), None)],
        title=_title(visit, found.cards),
        found=found,
        offer=found.offer,
        state=_state(visit, found.offer),
        team_states={each.team_id: _team_state(visit, each) for each in found.teams},
        live=state not in (OfferState.STOPPED, OfferState.OVER),
        next_href=address(here, before=found.next) if found.next else "",
        start_href=here if before else "",
    )


def _title(visit: Visit, cards: dict[SkuId, SkuCard]) -> str:
    card = next(iter(cards.values()), None)
    return card.title.in_language(visit.locale) if card else visit.say(N_("Group buying"))


@get("/group-buying/new", opt=NEEDS)
async def new_group(visit: NamedDependency[Visit]) -> Response[Any]:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    typed = {
        "size": "2", "hours": "24", "per_buyer": "2", "starts_at": local_time(now),
        "ends_at": local_time(now + timedelta(days=DAYS)), "offer_id": str(ids.mint()),
    }  # fmt: skip
    return await _form(visit, Entries({name: [value] for name, value in typed.items()}, {}), {})


@get("/group-buying/{offer_id:uuid}/edit", opt=NEEDS)
async def edit_group(visit: NamedDependency[Visit], offer_id: FromPath[UUID]) -> Response[Any]:
    found = await visit.merchant_db.ask(shown_of, visit.merchant_id, offer_id, None)
    offer = found.offer
    currency = offer.currency
    typed = {
        "size": str(offer.size), "hours": str(offer.hours), "pieces": str(offer.pieces),
        "per_buyer": str(offer.per_buyer or ""), "enough": str(offer.enough or ""),
        "starts_at": local_time(offer.starts_at), "ends_at": local_time(offer.ends_at), "offer_id": str(offer_id),
    }  # fmt: skip
    told = [
        (found.cards[SkuId(each)].code, price) for each, price in offer.prices.items() if SkuId(each) in found.cards
    ]
    for n, (code, price) in enumerate(told[:ROWS_MAX]):
        typed |= {f"what_{n}": code, f"price_{n}": str(major(price, currency))}
    return await _form(visit, Entries({name: [value] for name, value in typed.items()}, {}), {}, offer_id)


async def _form(
    visit: Visit,
    typed: Entries,
    errors: dict[str, str],
    offer_id: UUID | None = None,
    warned: conflict_words.Told | None = None,
) -> Response[Any]:
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    title = visit.say(N_("New group offer") if offer_id is None else N_("Change the group offer"))
    return await frame.show(
        visit,
        "group_buying_form.html",
        frame.TEAMS,
        status=422 if errors else 409 if warned else 200,
        warned=warned,
        crumbs=[(visit.say(N_("Group buying")), frame.TEAMS), (title, None)],
        title=title,
        typed=typed,
        errors=errors,
        currency=currency,
        rows=range(max(ROWS, len(typed.names("what_")))),
        action=f"{frame.TEAMS}/new" if offer_id is None else f"{frame.TEAMS}/{offer_id}/edit",
        back_href=frame.TEAMS if offer_id is None else f"{frame.TEAMS}/{offer_id}",
        articles=await visit.merchant_db.ask(articles, visit.merchant_id, currency),
    )


@post("/group-buying/new", opt=NEEDS)
async def make_group(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    form = await entries_of(request)
    return await _kept(visit, form, None)


@post("/group-buying/{offer_id:uuid}/edit", opt=NEEDS)
async def change_group(
    visit: NamedDependency[Visit], request: WebRequest, offer_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    form = await entries_of(request)
    await visit.merchant_db.ask(offer_of, visit.merchant_id, offer_id)
    return await _kept(visit, form, offer_id)


async def _kept(visit: Visit, form: Entries, offer_id: UUID | None) -> Response[Any] | Redirect:
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    rows = [n for n in range(min(len(form.names("what_")), ROWS_MAX)) if form.text(f"what_{n}")] or [0]
    row_of: dict[UUID, int] = {}
    try:
        words = [form.text(f"what_{n}", required=True, most=60) for n in rows]
        known = await visit.merchant_db.ask(inventory.scanned, visit.merchant_id, words)
        row_of = {known[form.text(f"what_{n}")]: n for n in rows if form.text(f"what_{n}") in known}
        cards = await visit.merchant_db.ask(catalog.cards, [SkuId(each) for each in row_of])
        wanted = _wanted(form, visit.merchant_id, rows, known, cards, currency, offer_id)
        form.check()
        if form.flag("all"):
            wanted = await visit.merchant_db.ask(_for_all, wanted)
        if offer_id is not None:
            wanted = await visit.merchant_db.ask(_with_unseen, wanted)
        against = await visit.db.ask(against_team, wanted, currency) if wanted.prices else []
        warned = conflict_words.told(visit, against, currency)
        if warned and not form.flag("anyway"):
            return await _form(visit, form, {}, offer_id, warned)
        command = make if offer_id is None else change
        await visit.merchant_db.transact(command, visit.actor, wanted, conflict_words.for_the_log(against))
    except Invalid as refusal:
        fields = {_field(name, row_of, rows): what for name, what in refusal.fields.items()}
        return await _form(visit, form, errors_of(visit, fields), offer_id)
    except Refusal as refusal:
        return await _form(visit, form, {"what_0": told(visit, refusal)}, offer_id)
    said = MADE if offer_id is None else CHANGED
    return redirect(visit, f"{frame.TEAMS}/{wanted.offer_id}", (visit.say(said), "good"))


def _field(name: str, row_of: dict[UUID, int], rows: Sequence[int]) -> str:
    """What is wrong with an article is told beside the row that it stands in."""
    if name == "product":
        return f"what_{rows[0]}"
    sku_id = as_uuid(name.removeprefix("price_")) if name.startswith("price_") else None
    return name if sku_id is None else f"price_{row_of.get(sku_id, rows[0])}"


def _wanted(
    form: Entries,
    merchant_id: MerchantId,
    rows: Sequence[int],
    known: dict[str, SkuId],
    cards: dict[SkuId, SkuCard],
    currency: str,
    offer_id: UUID | None,
) -> NewOffer:
    """What the form asks for; what cannot be read is noted in it."""
    prices: dict[UUID, int] = {}
    product_id: UUID | None = None
    for n in rows:
        sku_id = known.get(form.text(f"what_{n}"))
        price = form.money(f"price_{n}", currency) or 0
        if sku_id is None or sku_id not in cards:
            form.refuse(f"what_{n}", N_("There is no article of yours with this number"))
            continue
        product_id = product_id or cards[sku_id].product_id
        if cards[sku_id].product_id != product_id:
            form.refuse(f"what_{n}", N_("All articles of an offer are of one product"))
        prices[sku_id] = price
    return NewOffer(
        merchant_id=merchant_id,
        offer_id=OfferId(offer_id or form.uuid("offer_id")),
        product_id=product_id or ids.mint(),
        prices=prices,
        size=form.number("size", least=2, most=SIZE_MAX),
        hours=form.number("hours", least=1, most=HOURS_MAX),
        pieces=form.number("pieces", least=1, most=PIECES_MAX),
        per_buyer=form.number("per_buyer", otherwise=0, most=LIMIT_MAX) or None,
        enough=form.number("enough", otherwise=0, most=SIZE_MAX) or None,
        starts_at=entered_moment(form, "starts_at"),
        ends_at=entered_moment(form, "ends_at"),
    )


async def _for_all(read: Read, wanted: NewOffer) -> NewOffer:
    """The first price for every variant of the product that no row names."""
    first = next(iter(wanted.prices.values()))
    product_id = ProductId(wanted.product_id)
    every = (await catalog.sku_ids_of(read, MerchantId(wanted.merchant_id), [product_id])).get(product_id, [])
    cards = await catalog.cards(read, [SkuId(each) for each in every])
    rest = {sku_id: first for sku_id, card in cards.items() if card.on_sale and sku_id not in wanted.prices}
    return msgspec.structs.replace(wanted, prices={**wanted.prices, **rest})


async def _with_unseen(read: Read, wanted: NewOffer) -> NewOffer:
    """With the prices of variants that the form could not show, since they are not there at the moment."""
    offer = await offer_of(read, MerchantId(wanted.merchant_id), wanted.offer_id)
    cards = await catalog.cards(read, [SkuId(each) for each in offer.prices])
    unseen = {sku_id: price for sku_id, price in offer.prices.items() if SkuId(sku_id) not in cards}
    return msgspec.structs.replace(wanted, prices={**unseen, **wanted.prices})


def _facts(wanted: NewOffer | Offer) -> dict[str, Any]:
    return {
        "prices": {str(sku_id): price for sku_id, price in wanted.prices.items()},
        "size": wanted.size,
        "hours": wanted.hours,
        "pieces": wanted.pieces,
        "per_buyer": wanted.per_buyer,
        "enough": wanted.enough,
        "starts_at": wanted.starts_at.isoformat(),
        "ends_at": wanted.ends_at.isoformat(),
    }


async def make(tx: Tx, actor: Actor, wanted: NewOffer, confirmed: Mapping[str, object]) -> None:
    await groups.make(tx, wanted)
    await access.audit(tx, actor, "group.make", str(wanted.offer_id), {**_facts(wanted), **confirmed})


async def change(tx: Tx, actor: Actor, wanted: NewOffer, confirmed: Mapping[str, object]) -> None:
    before = await groups.change(tx, wanted)
    facts = {"before": _facts(before), "after": _facts(wanted), **confirmed}
    await access.audit(tx, actor, "group.change", str(wanted.offer_id), facts)


async def stop(tx: Tx, actor: Actor, merchant_id: MerchantId, offer_id: UUID, reason: str) -> None:
    await groups.stop(tx, merchant_id, offer_id, by=actor.by, reason=reason)
    await access.audit(tx, actor, "group.stop", str(offer_id), {"reason": reason})


@post("/group-buying/{offer_id:uuid}/stop", opt=NEEDS)
async def stop_group(visit: NamedDependency[Visit], request: WebRequest, offer_id: FromPath[UUID]) -> Redirect:
    """No new team is opened; those that wait have their time."""
    form = await entries_of(request)
    reason = form.text("reason")[:200]
    return await done(
        visit,
        f"{frame.TEAMS}/{offer_id}",
        STOPPED,
        lambda: visit.merchant_db.transact(stop, visit.actor, visit.merchant_id, offer_id, reason),
    )


HANDLERS = [group_list, new_group, make_group, group_page, edit_group, change_group, stop_group]
