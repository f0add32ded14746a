"""What the shop and its hosts agree upon: a part of sales, a fee for a session, or both."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.channels import host_commission, live, rooms
from steelyard.channels.host_commission.model import Agreement, AgreementId, NewAgreement, Payee, PayeeId
from steelyard.channels.live.model import TAKES_TIME, Session
from steelyard.channels.rooms.model import Host, HostState
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.live_tabs import AGREEMENTS, session_options, tabs
from steelyard.surfaces.web import live_words
from steelyard.surfaces.web.console import ROWS_PER_PAGE, SAVED, address, done, errors_of
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "live.commission"}
EMPTY = Entries({}, {})
TYPED_MAX = 20_000


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """`sessions` are those that are not over."""

    page: Page[Agreement]
    hosts: Sequence[Host]
    payees: Sequence[Payee]
    sessions: Sequence[Session]
    currency: str


async def listed(read: Read, merchant_id: MerchantId, cursor: str | None) -> Listed:
    hosts = await rooms.hosts_of(read, merchant_id)
    return Listed(
        page=await host_commission.agreements(read, merchant_id, cursor, ROWS_PER_PAGE),
        hosts=[each for each in hosts if each.state not in (HostState.GONE, HostState.BARRED)],
        payees=await host_commission.payees(read, merchant_id),
        sessions=(await live.sessions(read, merchant_id, TAKES_TIME)).items,
        currency=await frame.currency(read, merchant_id),
    )


async def view(
    visit: Visit, form: Entries | None = None, errors: dict[str, str] | None = None, cursor: str | None = None
) -> Response[Any]:
    found = await visit.merchant_db.ask(listed, visit.merchant_id, cursor)
    return await frame.show(
        visit,
        "live_agreements.html",
        frame.LIVE,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Live")), frame.LIVE), (visit.say(N_("Agreements with hosts")), None)],
        sections=tabs(visit, AGREEMENTS),
        found=found,
        form=form or EMPTY,
        errors=errors or {},
        agreement_id=form.text("agreement_id") if form else ids.mint(),
        now=datetime.now(UTC),
        states=live_words.toned(visit, live_words.AGREEMENT_STATES),
        host_options=[(each.host_id, each.name) for each in found.hosts],
        payee_options=[(each.payee_id, each.name) for each in found.payees],
        session_options=session_options(visit, found.sessions),
        next_href=address(AGREEMENTS, cursor=found.page.next) if found.page.next else "",
        start_href=AGREEMENTS if cursor else "",
    )


@get("/live/agreements", opt=NEEDS)
async def agreement_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    return await view(visit, cursor=cursor)


async def agree(tx: Tx, actor: Actor, wanted: NewAgreement) -> None:
    if await host_commission.agree(tx, wanted, actor.by):
        facts = {"host": str(wanted.host_id), "millionths": wanted.millionths, "slot_fee": wanted.slot_fee}
        await access.audit(tx, actor, "live.agree", str(wanted.agreement_id), facts)


@post("/live/agreements", opt=NEEDS)
async def add_agreement(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Agree. A second click agrees nothing more."""
    form = await entries_of(request)
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    try:
        wanted = _wanted(visit, form, currency)
        form.check()
        await visit.merchant_db.transact(agree, visit.actor, wanted)
    except Invalid as refusal:
        fields = {"products" if name == "product_id" else name: what for name, what in refusal.fields.items()}
        return await view(visit, form, errors_of(visit, fields))
    return redirect(visit, AGREEMENTS, (visit.say(SAVED), "good"))


def _wanted(visit: Visit, form: Entries, currency: str) -> NewAgreement:
    chosen = {name: (form.uuids(name) or [None])[0] for name in ("host_id", "payee_id", "session_id")}
    for name in ("host_id", "payee_id"):
        if chosen[name] is None:
            form.refuse(name, N_("Please choose one."))
    slot_fee = form.money("slot_fee", currency, required=False)
    return NewAgreement(
        merchant_id=visit.merchant_id,
        agreement_id=AgreementId(form.uuid("agreement_id")),
        host_id=chosen["host_id"] or ids.mint(),
        payee_id=PayeeId(chosen["payee_id"] or ids.mint()),
        session_id=chosen["session_id"],
        product_id=first_product(form),
        millionths=form.rate("rate", required=False),
        slot_fee=slot_fee,
        currency=currency if slot_fee is not None else None,
        note=form.text("note"),
        from_day=_day(form, "from_day"),
        until_day=_day(form, "until_day"),
    )


def first_product(form: Entries) -> UUID | None:
    """What the picker holds: the first of the products."""
    words = form.text("products", most=TYPED_MAX).split()
    found = (as_uuid(part) for word in words for part in word.split("/"))
    return next((one for one in found if one is not None), None)


def _day(form: Entries, name: str) -> date | None:
    typed = form.text(name)
    day = day_of(typed)
    if typed and day is None:
        form.refuse(name, N_("Please enter a day"))
    return day


async def end(tx: Tx, actor: Actor, merchant_id: MerchantId, agreement_id: UUID) -> None:
    await host_commission.end_agreement(tx, merchant_id, agreement_id, actor.by)
    await access.audit(tx, actor, "live.end_agreement", str(agreement_id))


@post("/live/agreements/{agreement_id:uuid}/end", opt=NEEDS)
async def end_agreement(visit: NamedDependency[Visit], agreement_id: FromPath[UUID]) -> Redirect:
    return await done(
        visit,
        AGREEMENTS,
        N_("It counts for no sale from now on."),
        lambda: visit.merchant_db.transact(end, visit.actor, visit.merchant_id, agreement_id),
    )


HANDLERS = [agreement_list, add_agreement, end_agreement]
