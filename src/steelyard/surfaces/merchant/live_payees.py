"""Who is paid for what is sold live: hosts themselves, or their agencies, each with the account that it is paid to."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.channels import host_commission, rooms
from steelyard.channels.host_commission.model import NewPayee, Owed, Payee, PayeeId, PayeeKind, Payment
from steelyard.channels.rooms.model import Host, HostState
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.live_tabs import PAYEES, tabs
from steelyard.surfaces.web import live_words
from steelyard.surfaces.web.console import SAVED, errors_of, told
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "live.commission"}
EMPTY = Entries({}, {})


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """`hosts` are those who are not on the list yet."""

    payees: Sequence[Payee]
    hosts: Sequence[Host]


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    payee: Payee
    balances: Sequence[Owed]
    payments: Sequence[Payment]


async def listed(read: Read, merchant_id: MerchantId) -> Listed:
    payees = await host_commission.payees(read, merchant_id)
    known = {each.host_id for each in payees}
    hosts = await rooms.hosts_of(read, merchant_id)
    return Listed(
        payees=payees,
        hosts=[each for each in hosts if each.host_id not in known and each.state is not HostState.GONE],
    )


async def whole(read: Read, merchant_id: MerchantId, payee_id: UUID) -> Whole:
    """Raises `NotFound`."""
    payee = await host_commission.payee(read, merchant_id, payee_id)
    if payee is None:
        raise NotFound()
    return Whole(
        payee=payee,
        balances=await host_commission.balances(read, merchant_id, payee_id),
        payments=await host_commission.payments(read, merchant_id, payee_id),
    )


async def list_view(visit: Visit, form: Entries | None = None, errors: dict[str, str] | None = None) -> Response[Any]:
    found = await visit.merchant_db.ask(listed, visit.merchant_id)
    return await frame.show(
        visit,
        "live_payees.html",
        frame.LIVE,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Live")), frame.LIVE), (visit.say(N_("Who is paid")), None)],
        sections=tabs(visit, PAYEES),
        found=found,
        form=form or EMPTY,
        errors=errors or {},
        payee_id=form.text("payee_id") if form else ids.mint(),
        kinds=live_words.said(visit, live_words.PAYEE_KINDS),
        host_options=[(each.host_id, each.name) for each in found.hosts],
    )


@get("/live/payees", opt=NEEDS)
async def payee_list(visit: NamedDependency[Visit]) -> Response[Any]:
    return await list_view(visit)


async def page_view(
    visit: Visit, payee_id: UUID, form: Entries | None = None, errors: dict[str, str] | None = None
) -> Response[Any]:
    found = await visit.merchant_db.ask(whole, visit.merchant_id, payee_id)
    payee = found.payee
    typed = {"name": payee.name, "holder": payee.holder, "bank": payee.bank, "account": payee.account}
    return await frame.show(
        visit,
        "live_payee.html",
        frame.LIVE,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Live")), frame.LIVE), (visit.say(N_("Who is paid")), PAYEES), (payee.name, None)],
        found=found,
        payee=payee,
        form=form or Entries({name: [value] for name, value in typed.items()}, {}),
        errors=errors or {},
        kinds=live_words.said(visit, live_words.PAYEE_KINDS),
    )


@get("/live/payees/{payee_id:uuid}", opt=NEEDS)
async def payee_page(visit: NamedDependency[Visit], payee_id: FromPath[UUID]) -> Response[Any]:
    return await page_view(visit, payee_id)


async def keep(tx: Tx, actor: Actor, wanted: NewPayee) -> None:
    await host_commission.keep_payee(tx, wanted, actor.by)
    facts = {"name": wanted.name, "bank": wanted.bank, "account": wanted.account[-4:]}
    await access.audit(tx, actor, "live.keep_payee", str(wanted.payee_id), facts)


def _typed(form: Entries) -> dict[str, str]:
    return {name: form.text(name) for name in ("name", "holder", "bank", "account")}


@post("/live/payees", opt=NEEDS)
async def add_payee(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """A host or an agency can be paid. A second click adds nothing."""
    form = await entries_of(request)
    host = form.uuids("host_id")
    kind = PayeeKind.AGENCY if form.text("kind") == PayeeKind.AGENCY else PayeeKind.HOST
    try:
        wanted = NewPayee(
            merchant_id=visit.merchant_id,
            payee_id=PayeeId(form.uuid("payee_id")),
            kind=kind,
            host_id=host[0] if host and kind is PayeeKind.HOST else None,
            **_typed(form),
        )
        form.check()
        await visit.merchant_db.transact(keep, visit.actor, wanted)
    except Invalid as refusal:
        return await list_view(visit, form, errors_of(visit, refusal.fields))
    except Refusal as refusal:
        return await list_view(visit, form, {"host_id": told(visit, refusal)})
    return redirect(visit, PAYEES, (visit.say(SAVED), "good"))


@post("/live/payees/{payee_id:uuid}", opt=NEEDS)
async def change_payee(
    visit: NamedDependency[Visit], request: WebRequest, payee_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Another name or account. Who it is does not change."""
    form = await entries_of(request)
    found = await visit.merchant_db.ask(whole, visit.merchant_id, payee_id)
    wanted = NewPayee(
        merchant_id=visit.merchant_id,
        payee_id=found.payee.payee_id,
        kind=found.payee.kind,
        host_id=found.payee.host_id,
        **_typed(form),
    )
    try:
        form.check()
        await visit.merchant_db.transact(keep, visit.actor, wanted)
    except Invalid as refusal:
        return await page_view(visit, payee_id, form, errors_of(visit, refusal.fields))
    return redirect(visit, f"{PAYEES}/{payee_id}", (visit.say(SAVED), "good"))


HANDLERS = [payee_list, add_payee, payee_page, change_payee]
