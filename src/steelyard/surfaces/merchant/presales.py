"""Presales of a shop: make one, change it before it begins, see what was booked, call bookings off, stop it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog, inventory, promotions
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.goods.promotions.model import FlashState, NewFlash, Planned, Session
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame, presale_forms
from steelyard.surfaces.merchant.flash import articles
from steelyard.surfaces.web import conflict_words
from steelyard.surfaces.web.clashes import against_session
from steelyard.surfaces.web.console import address, done, errors_of, told
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.flash_words import STATES
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.presale_words import BOOKING_STATES
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import orders
from steelyard.trade.orders.model import Booking

NEEDS = {"permission": "promotions.manage"}
PER_PAGE = 30
PLANNED = N_("The presale is planned. Its pieces are kept for it.")
CHANGED = N_("The presale is changed.")
STOPPED = N_("The presale is stopped. What was not booked is sold as everything else.")
CALLED_OFF = N_("The booking is called off. Its deposit goes back.")


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    sessions: Sequence[Session]
    items: dict[UUID, list[Planned]]
    next: UUID | None

    def booked(self, session_id: UUID) -> tuple[int, int]:
        mine = self.items.get(session_id, [])
        return sum(item.taken for item in mine), sum(item.pieces for item in mine)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    session: Session
    items: Sequence[Planned]
    cards: dict[SkuId, SkuCard]
    bookings: Sequence[Booking]
    next: UUID | None


async def listed(read: Read, merchant_id: MerchantId, before: UUID | None) -> Listed:
    found = await promotions.sessions(read, merchant_id, before, PER_PAGE + 1, presales=True)
    shown = found[:PER_PAGE]
    items: dict[UUID, list[Planned]] = {}
    for item in await promotions.planned(read, [(merchant_id, each.session_id) for each in shown]):
        items.setdefault(item.session_id, []).append(item)
    return Listed(sessions=shown, items=items, next=shown[-1].session_id if len(found) > PER_PAGE else None)


async def shown_of(read: Read, merchant_id: MerchantId, session_id: UUID, after: UUID | None = None) -> Shown:
    """Raises `NotFound`: another merchant's presale is not there."""
    session = await promotions.session(read, merchant_id, session_id)
    if session is None or session.presale is None:
        raise NotFound()
    items = await promotions.planned(read, [(merchant_id, session_id)])
    found = await orders.bookings_of_presale(read, merchant_id, session_id, after, PER_PAGE + 1)
    return Shown(
        session=session,
        items=items,
        cards=await catalog.cards(read, [item.sku_id for item in items]),
        bookings=found[:PER_PAGE],
        next=found[PER_PAGE - 1].order_id if len(found) > PER_PAGE else None,
    )


@get("/presales", opt=NEEDS)
async def presale_list(visit: NamedDependency[Visit], before: FromQuery[str | None] = None) -> Response[Any]:
    found = await visit.merchant_db.ask(listed, visit.merchant_id, as_uuid(before or ""))
    return await frame.show(
        visit,
        "presales.html",
        frame.PRESALES,
        found=found,
        states={each.session_id: _state(visit, each) for each in found.sessions},
        next_href=address(frame.PRESALES, before=found.next),
        start_href=frame.PRESALES if before else "",
    )


def _state(visit: Visit, session: Session) -> tuple[str, str]:
    word, tone = STATES[session.state(datetime.now(UTC))]
    return visit.say(word), tone


@get("/presales/new", opt=NEEDS)
async def new_presale(visit: NamedDependency[Visit]) -> Response[Any]:
    return await _form(visit, presale_forms.empty(datetime.now(UTC)), {})


async def _form(
    visit: Visit,
    typed: Entries,
    errors: dict[str, str],
    session: Session | None = None,
    warned: conflict_words.Told | None = None,
) -> Response[Any]:
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    title = visit.say(N_("Change the presale") if session else N_("New presale"))
    return await frame.show(
        visit,
        "presale_form.html",
        frame.PRESALES,
        status=422 if errors else 409 if warned else 200,
        warned=warned,
        crumbs=[(visit.say(N_("Presales")), frame.PRESALES), (title, None)],
        title=title,
        action=f"{frame.PRESALES}/{session.session_id}/change" if session else f"{frame.PRESALES}/new",
        typed=typed,
        errors=errors,
        currency=currency,
        rows=range(presale_forms.ROWS),
        articles=await visit.merchant_db.ask(articles, visit.merchant_id, currency),
    )


@post("/presales/new", opt=NEEDS)
async def plan_presale(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    return await _save(visit, await entries_of(request), plan, PLANNED)


async def _save(
    visit: Visit, form: Entries, command: Any, said: str, session: Session | None = None
) -> Response[Any] | Redirect:
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    rows = presale_forms.rows_of(form)
    try:
        words = [form.text(f"what_{n}", required=True, most=60) for n in rows]
        known = await visit.merchant_db.ask(inventory.scanned, visit.merchant_id, words)
        session_id = session.session_id if session else None
        wanted = presale_forms.wanted(form, visit.merchant_id, rows, known, currency, session_id)
        form.check()
        against = await visit.db.ask(against_session, wanted, currency, again=session is not None)
        warned = conflict_words.told(visit, against, currency)
        if warned and not form.flag("anyway"):
            return await _form(visit, form, {}, session, warned)
        await visit.merchant_db.transact(command, visit.actor, wanted, conflict_words.for_the_log(against))
    except Invalid as refusal:
        # What is wrong with an item is told beside the row that it stands in.
        fields = refusal.fields if form.errors else presale_forms.in_rows(refusal.fields, rows)
        return await _form(visit, form, errors_of(visit, fields), session)
    except Refusal as refusal:
        return await _form(visit, form, {"name_zh": told(visit, refusal)}, session)
    return redirect(visit, f"{frame.PRESALES}/{wanted.session_id}", (visit.say(said), "good"))


async def plan(tx: Tx, actor: Actor, wanted: NewFlash, confirmed: Mapping[str, object]) -> None:
    await promotions.plan(tx, wanted)
    await access.audit(tx, actor, "presale.plan", str(wanted.session_id), {**_facts(wanted), **confirmed})


async def change(tx: Tx, actor: Actor, wanted: NewFlash, confirmed: Mapping[str, object]) -> None:
    before = await shown_of(tx, wanted.merchant_id, wanted.session_id)
    await promotions.replan(tx, wanted)
    was = {"name": str(before.session.name), "articles": len(before.items)}
    facts = {**_facts(wanted), "before": was, **confirmed}
    await access.audit(tx, actor, "presale.change", str(wanted.session_id), facts)


def _facts(wanted: NewFlash) -> dict[str, Any]:
    return {
        "name": str(wanted.name),
        "starts_at": wanted.starts_at.isoformat(),
        "ends_at": wanted.ends_at.isoformat(),
        "articles": len(wanted.items),
        "pieces": sum(item.pieces for item in wanted.items),
    }


@get("/presales/{presale_id:uuid}", opt=NEEDS)
async def presale_page(
    visit: NamedDependency[Visit], presale_id: FromPath[UUID], after: FromQuery[str | None] = None
) -> Response[Any]:
    """What is sold, what was booked of it, and how far each booking is."""
    found = await visit.merchant_db.ask(shown_of, visit.merchant_id, presale_id, as_uuid(after or ""))
    now = datetime.now(UTC)
    state = found.session.state(now)
    states = {each.order_id: BOOKING_STATES[each.state(now)] for each in found.bookings}
    here = f"{frame.PRESALES}/{presale_id}"
    return await frame.show(
        visit,
        "presale.html",
        frame.PRESALES,
        crumbs=[(visit.say(N_("Presales")), frame.PRESALES), (found.session.name.in_language(visit.locale), None)],
        found=found,
        session=found.session,
        state=_state(visit, found.session),
        states={order_id: (visit.say(word), tone) for order_id, (word, tone) in states.items()},
        open={each.order_id for each in found.bookings if each.standing == "placed" and each.called_off_at is None},
        to_come=state is FlashState.TO_COME,
        stoppable=state in (FlashState.TO_COME, FlashState.RUNNING),
        next_href=address(here, after=found.next),
        start_href=here if after else "",
    )


@get("/presales/{presale_id:uuid}/change", opt=NEEDS)
async def change_page(visit: NamedDependency[Visit], presale_id: FromPath[UUID]) -> Response[Any]:
    """What was planned, to be changed before it begins."""
    found = await visit.merchant_db.ask(shown_of, visit.merchant_id, presale_id)
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    return await _form(
        visit, presale_forms.filled(found.session, found.items, found.cards, currency), {}, found.session
    )


@post("/presales/{presale_id:uuid}/change", opt=NEEDS)
async def change_presale(
    visit: NamedDependency[Visit], request: WebRequest, presale_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    found = await visit.merchant_db.ask(shown_of, visit.merchant_id, presale_id)
    return await _save(visit, await entries_of(request), change, CHANGED, found.session)


async def stop(tx: Tx, actor: Actor, merchant_id: MerchantId, session_id: UUID, reason: str, bookings: bool) -> None:
    """No deposit is taken any more; with `bookings`, those that are not paid whole are called off, too."""
    await promotions.cancel(tx, merchant_id, session_id, by=actor.by, reason=reason)
    called_off = await orders.call_off(tx, merchant_id, session_id=session_id, reason=reason) if bookings else 0
    await access.audit(tx, actor, "presale.stop", str(session_id), {"reason": reason, "called_off": called_off})


@post("/presales/{presale_id:uuid}/stop", opt=NEEDS)
async def stop_presale(visit: NamedDependency[Visit], request: WebRequest, presale_id: FromPath[UUID]) -> Redirect:
    form = await entries_of(request)
    reason, bookings = form.text("reason")[:200], bool(form.text("bookings"))
    await visit.merchant_db.ask(shown_of, visit.merchant_id, presale_id)
    return await done(
        visit,
        f"{frame.PRESALES}/{presale_id}",
        STOPPED,
        lambda: visit.merchant_db.transact(stop, visit.actor, visit.merchant_id, presale_id, reason, bookings),
    )


async def call_off(tx: Tx, actor: Actor, merchant_id: MerchantId, order_id: UUID, reason: str) -> None:
    if await orders.call_off(tx, merchant_id, order_id=order_id, reason=reason):
        await access.audit(tx, actor, "presale.call_off", str(order_id), {"reason": reason})


@post("/presales/{presale_id:uuid}/bookings/{order_id:uuid}/call-off", opt=NEEDS)
async def call_off_booking(
    visit: NamedDependency[Visit], request: WebRequest, presale_id: FromPath[UUID], order_id: FromPath[UUID]
) -> Redirect:
    """The shop cannot deliver it: the deposit goes back, whatever the presale says of giving it up."""
    form = await entries_of(request)
    reason = form.text("reason")[:200]
    await visit.merchant_db.ask(shown_of, visit.merchant_id, presale_id)
    return await done(
        visit,
        f"{frame.PRESALES}/{presale_id}",
        CALLED_OFF,
        lambda: visit.merchant_db.transact(call_off, visit.actor, visit.merchant_id, order_id, reason),
    )


HANDLERS = [
    presale_list,
    new_presale,
    plan_presale,
    presale_page,
    change_page,
    change_presale,
    stop_presale,
    call_off_booking,
]
