"""Fees themselves: their names, whether they are kept on refunds, and the tax on them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.operator import fee_forms, frame
from steelyard.surfaces.operator.fees import NEEDS, account_of, tomorrow
from steelyard.surfaces.web.console import SAVED, done, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import commission
from steelyard.trade.commission.model import Fee, FeeId, FeeTax

KINDS = f"{frame.FEES}/kinds"


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    fee: Fee
    taxes: Sequence[FeeTax]


async def kind(read: Read, fee_id: UUID) -> Kind:
    """Raises `NotFound`."""
    fee = next((fee for fee in await commission.fees(read) if fee.fee_id == fee_id), None)
    if fee is None:
        raise NotFound()
    return Kind(fee=fee, taxes=await commission.taxes_of(read, fee_id))


@get("/fees/kinds/{fee_id:uuid}", opt=NEEDS)
async def fee_page(visit: NamedDependency[Visit], fee_id: FromPath[UUID]) -> Response[Any]:
    """A fee: its name, whether it is kept on refunds, the tax on it."""
    return await _kind(visit, await visit.db.ask(kind, fee_id), None, {})


@get("/fees/kinds/new", opt=NEEDS)
async def new_fee(visit: NamedDependency[Visit]) -> Response[Any]:
    return await _kind(visit, None, None, {})


async def _kind(visit: Visit, found: Kind | None, form: Entries | None, errors: Mapping[str, str]) -> Response[Any]:
    title = found.fee.name.in_language(visit.locale) if found else visit.say(N_("New fee"))
    return await frame.show(
        visit,
        "fee.html",
        frame.FEES,
        crumbs=[(visit.say(N_("Commission and fees")), frame.FEES), (title, None)],
        status=422 if errors else 200,
        title=title,
        found=found,
        typed=form,
        errors=errors,
        now=datetime.now(UTC),
        fee_id=(form.text("fee_id") if form else "") or ids.mint(),
        tomorrow=tomorrow(),
    )


async def open_fee(tx: Tx, actor: Actor, fee_id: FeeId, name: Text, kept: bool) -> None:
    await commission.open_fee(tx, fee_id, name, kept=kept)
    await access.audit(tx, actor, "fees.open", str(fee_id), {"name": name, "kept": kept})


@post("/fees/kinds", opt=NEEDS)
async def save_fee(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Something more is charged, once a rule says how much."""
    form = await entries_of(request)
    try:
        fee_id = FeeId(form.uuid("fee_id"))
        await visit.db.transact(open_fee, visit.actor, fee_id, form.words("name"), form.flag("kept"))
    except Invalid as refusal:
        return await _kind(visit, None, form, errors_of(visit, refusal.fields))
    return redirect(visit, f"{KINDS}/{fee_id}", (visit.say(SAVED), "good"))


async def change_fee(tx: Tx, actor: Actor, fee_id: FeeId, name: Text, kept: bool) -> None:
    before = await commission.change_fee(tx, fee_id, name, kept=kept)
    was, is_now = {"name": before.name, "kept": before.kept}, {"name": name, "kept": kept}
    if was != is_now:
        await access.audit(tx, actor, "fees.change", str(fee_id), before=was, after=is_now)


@post("/fees/kinds/{fee_id:uuid}", opt=NEEDS)
async def fee_changed(
    visit: NamedDependency[Visit], request: WebRequest, fee_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Its name, and whether it is kept: of sales from now on."""
    form = await entries_of(request)
    try:
        await visit.db.transact(change_fee, visit.actor, FeeId(fee_id), form.words("name"), form.flag("kept"))
    except Invalid as refusal:
        return await _kind(visit, await visit.db.ask(kind, fee_id), form, errors_of(visit, refusal.fields))
    return redirect(visit, f"{KINDS}/{fee_id}", (visit.say(SAVED), "good"))


async def set_tax(tx: Tx, actor: Actor, fee_id: FeeId, millionths: int, day: date | None) -> None:
    await commission.set_tax(tx, fee_id, millionths, day, account_of(actor))
    facts = {"millionths": millionths, "from": day.isoformat() if day else None}
    await access.audit(tx, actor, "fees.set_tax", str(fee_id), facts)


@post("/fees/kinds/{fee_id:uuid}/tax", opt=NEEDS)
async def tax_set(
    visit: NamedDependency[Visit], request: WebRequest, fee_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """The tax on it, from now or from a day to come."""
    form = await entries_of(request)
    try:
        millionths = fee_forms.rate_typed(form, "tax")
        day = fee_forms.day_typed(form, "tax_from") if form.text("tax_from") else None
        form.check()
        await visit.db.transact(set_tax, visit.actor, FeeId(fee_id), millionths, day)
    except Invalid as refusal:
        return await _kind(visit, await visit.db.ask(kind, fee_id), form, errors_of(visit, refusal.fields))
    return redirect(visit, f"{KINDS}/{fee_id}", (visit.say(SAVED), "good"))


async def withdraw_tax(tx: Tx, actor: Actor, fee_id: FeeId, valid_from: datetime) -> None:
    if await commission.withdraw_tax(tx, fee_id, valid_from):
        await access.audit(tx, actor, "fees.withdraw_tax", str(fee_id), {"from": valid_from.isoformat()})


@post("/fees/kinds/{fee_id:uuid}/tax/withdraw", opt=NEEDS)
async def tax_withdrawn(visit: NamedDependency[Visit], request: WebRequest, fee_id: FromPath[UUID]) -> Redirect:
    """A planned rate does not come."""
    form = await entries_of(request)
    try:
        valid_from = datetime.fromisoformat(form.text("valid_from"))
    except ValueError:
        raise NotFound() from None
    return await done(
        visit,
        f"{KINDS}/{fee_id}",
        N_("It does not come."),
        lambda: visit.db.transact(withdraw_tax, visit.actor, FeeId(fee_id), valid_from),
    )


HANDLERS = [new_fee, fee_page, save_fee, fee_changed, tax_set, tax_withdrawn]
