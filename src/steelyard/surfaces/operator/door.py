"""Cash on delivery: what carriers have collected and not paid on, by age; what is under way; and what they paid on."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.logistics import parcels
from steelyard.logistics.parcels.model import Carrier
from steelyard.money import currencies, payments
from steelyard.money.payments import DoorCollection, Owed, Remittance
from steelyard.money.reconciliation.model import UPLOAD_BYTES_MAX, DayTaken, File, FileKnown, FileTooLarge
from steelyard.parties import access, policies
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.policies.model import CARRIER_DAYS
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.reconciliation import FILES
from steelyard.surfaces.web.console import SAVED, done, errors_of
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import aftersales, orders
from steelyard.trade.orders import Remitted
from steelyard.trade.orders.model import OrderId
from steelyard.trade.settlement.model import settlement_day

NEEDS = {"permission": "payments.read"}
WRITES = {"permission": "orders.manage"}
BANK_NUMBER_CHARACTERS_MAX = 64
FORM_BYTES_MAX = UPLOAD_BYTES_MAX + 64 * 1024


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """`days`: after which what a carrier has is late; `codes` of the orders under way."""

    owed: Sequence[Owed]
    under_way: Sequence[DoorCollection]
    remittances: Sequence[Remittance]
    carriers: Mapping[str, Carrier]
    codes: Mapping[UUID, str]
    days: int


async def whole(read: Read) -> Whole:
    days = await policies.number(read, CARRIER_DAYS)
    under_way = await payments.under_way(read)
    return Whole(
        owed=await payments.owed(read, days),
        under_way=under_way,
        remittances=await payments.remittances(read),
        carriers={each.carrier: each for each in await parcels.carriers(read)},
        codes=await orders.codes_of_all(read, [each.order_id for each in under_way]),
        days=days,
    )


@get("/cash-on-delivery", opt=NEEDS)
async def door_page(visit: NamedDependency[Visit]) -> Response[Any]:
    found = await visit.db.ask(whole)
    return await frame.show(visit, "door.html", frame.DOOR, found=found, base=frame.DOOR)


class One(msgspec.Struct, frozen=True, kw_only=True):
    """What one carrier has in one currency, order by order."""

    carrier: Carrier
    held: Sequence[DoorCollection]
    codes: Mapping[UUID, str]


async def one(read: Read, carrier: str, currency: str) -> One:
    """Raises `NotFound`."""
    known = {each.carrier: each for each in await parcels.carriers(read)}
    if carrier not in known or currency not in {each.currency for each in await currencies.all(read)}:
        raise NotFound()
    held = await payments.with_carrier(read, carrier, currency)
    codes = await orders.codes_of_all(read, [each.order_id for each in held])
    return One(carrier=known[carrier], held=held, codes=codes)


@get("/cash-on-delivery/{carrier:str}/{currency:str}", opt=NEEDS)
async def carrier_page(visit: NamedDependency[Visit], carrier: FromPath[str], currency: FromPath[str]) -> Response[Any]:
    """What a carrier has, to be ticked off against what it paid on."""
    return await _page(visit, carrier, currency)


async def _page(
    visit: Visit, carrier: str, currency: str, form: Entries | None = None, errors: Mapping[str, str] | None = None
) -> Response[Any]:
    found = await visit.db.ask(one, carrier, currency)
    ticked = form.all("orders") if form else [_named(each) for each in found.held]
    return await frame.show(
        visit,
        "door_carrier.html",
        frame.DOOR,
        crumbs=[(visit.say(N_("Cash on delivery")), frame.DOOR), (found.carrier.name.in_language(visit.locale), None)],
        status=422 if errors else 200,
        found=found,
        currency=currency,
        named=_named,
        ticked=ticked,
        total=sum(each.told or 0 for each in found.held),
        typed={
            name: form.text(name) if form else ""
            for name in ("bank_number", "amount", "fee", "on_day", "file_number", "file_day")
        },
        errors=errors or {},
        today=settlement_day(datetime.now(UTC)),
        here=f"{frame.DOOR}/{carrier}/{currency}",
    )


def _named(each: DoorCollection) -> str:
    return f"{each.merchant_id}.{each.order_id}"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the bank statement as it was typed, and the orders that were ticked."""

    bank_number: str
    amount: int
    fee: int
    on_day: date
    orders: Sequence[tuple[UUID, UUID]]


def line_of(form: Entries, currency: str) -> Line:
    """Raises `Invalid`."""
    amount = form.money("amount", currency) or 0
    if not amount and "amount" not in form.errors:
        form.refuse("amount", N_("Please enter an amount such as 12.50"))
    typed = form.text("on_day", required=True)
    day = day_of(typed)
    if typed and (day is None or day > settlement_day(datetime.now(UTC))):
        form.refuse("on_day", N_("Please choose a day that has come."))
    pairs = [each.partition(".") for each in form.all("orders")[: payments.ORDERS_PER_REMITTANCE_MAX]]
    named = [(first, second) for a, _, b in pairs if (first := as_uuid(a)) and (second := as_uuid(b))]
    if not named:
        form.refuse("orders", N_("Please tick the orders that it is for."))
    made = Line(
        bank_number=form.text("bank_number", required=True, most=BANK_NUMBER_CHARACTERS_MAX),
        amount=amount,
        fee=form.money("fee", currency, required=False) or 0,
        on_day=day or date.min,
        orders=named,
    )
    form.check()
    return made


async def remit(tx: Tx, actor: Actor, carrier: str, currency: str, line: Line, by: str) -> None:
    fresh = await payments.remit(
        tx, carrier, bank_number=line.bank_number, amount=line.amount, fee=line.fee, currency=currency, on_day=line.on_day,
        orders=line.orders, by=by,
    )  # fmt: skip
    if fresh:
        facts = {"bank_number": line.bank_number, "amount": line.amount, "fee": line.fee, "currency": currency}
        await access.audit(tx, actor, "door.remit", carrier, facts)


@post("/cash-on-delivery/{carrier:str}/{currency:str}", opt=WRITES)
async def write_down(
    visit: NamedDependency[Visit], request: WebRequest, carrier: FromPath[str], currency: FromPath[str]
) -> Response[Any] | Redirect:
    """Write down what a carrier paid on, as it stands on the bank statement."""
    form = await entries_of(request)
    await visit.db.ask(one, carrier, currency)
    try:
        line = line_of(form, currency)
        await visit.db.transact(remit, visit.actor, carrier, currency, line, visit.by)
    except Invalid as refusal:
        return await _page(visit, carrier, currency, form, errors_of(visit, refusal.fields))
    except payments.DoesNotAddUp as refusal:
        return await _page(visit, carrier, currency, form, {"amount": visit.refused(refusal)})
    except payments.RemittanceKnown as refusal:
        return await _page(visit, carrier, currency, form, {"bank_number": visit.refused(refusal)})
    except payments.NotWithTheCarrier as refusal:
        return await _page(visit, carrier, currency, form, {"orders": visit.refused(refusal)})
    return redirect(visit, frame.DOOR, (visit.say(SAVED), "good"))


async def lay_beside(tx: Tx, actor: Actor, sent: Remitted, by: str) -> File:
    file = await orders.lay_remittance_beside(tx, sent, by)
    facts = {"bank_number": sent.bank_number, "lines": file.lines, "problems": file.problems, "currency": sent.currency}
    await access.audit(tx, actor, "door.file", f"{sent.carrier}/{file.name}", facts)
    return file


async def _sent(form: Entries, carrier: str, currency: str) -> Remitted:
    """Raises `Invalid`."""
    number = form.text("file_number", required=True, most=BANK_NUMBER_CHARACTERS_MAX)
    typed = form.text("file_day", required=True)
    day = day_of(typed)
    if typed and (day is None or day > settlement_day(datetime.now(UTC))):
        form.refuse("file_day", N_("Please choose a day that has come."))
    uploads = [each for each in form.files("file") if each.filename]
    if not uploads:
        form.refuse("file", N_("Please choose a file."))
    form.check()
    content = await uploads[0].read()
    return Remitted(
        carrier=carrier, currency=currency, name=uploads[0].filename, content=content, bank_number=number,
        on_day=day or date.min,
    )  # fmt: skip


@post("/cash-on-delivery/{carrier:str}/{currency:str}/file", opt=WRITES, request_max_body_size=FORM_BYTES_MAX)
async def upload(
    visit: NamedDependency[Visit], request: WebRequest, carrier: FromPath[str], currency: FromPath[str]
) -> Response[Any] | Redirect:
    """Take in a carrier's file of what it pays on, and lay it beside the books. Twice the same file is once."""
    form = await entries_of(request)
    await visit.db.ask(one, carrier, currency)
    try:
        sent = await _sent(form, carrier, currency)
        file = await visit.db.transact(lay_beside, visit.actor, sent, visit.by)
    except Invalid as refusal:
        return await _page(visit, carrier, currency, form, errors_of(visit, refusal.fields))
    except FileKnown as known:
        return redirect(visit, f"{FILES}/carrier:{carrier}/{known.facts['file_id']}", (visit.refused(known), "warn"))
    except (DayTaken, FileTooLarge) as refusal:
        return await _page(visit, carrier, currency, form, {"file": visit.refused(refusal)})
    except (payments.RemittanceKnown, payments.DoesNotAddUp, payments.NotWithTheCarrier) as refusal:
        return await _page(visit, carrier, currency, form, {"file_number": visit.refused(refusal)})
    said = (visit.say(N_("The file is laid beside the books.")), "good")
    if file.state != "read":
        said = (visit.say(N_("It cannot be read.")), "bad")
    return redirect(visit, f"{FILES}/{file.source}/{file.file_id}", said)


async def refuse(tx: Tx, actor: Actor, merchant_id: MerchantId, order_id: OrderId, by: str) -> None:
    await aftersales.refuse_at_the_door(tx, merchant_id, order_id, by)
    await access.audit(tx, actor, "door.refused", str(order_id), merchant_id=merchant_id)


@post("/cash-on-delivery/orders/{merchant_id:uuid}/{order_id:uuid}/refused", opt=WRITES)
async def not_paid(visit: NamedDependency[Visit], merchant_id: FromPath[UUID], order_id: FromPath[UUID]) -> Redirect:
    """A carrier says otherwise than by its messages that nobody paid, or that the parcel is lost: the order is called off."""
    return await done(
        visit,
        frame.DOOR,
        N_("The order is called off; the buyer owes nothing."),
        lambda: visit.db.transact(refuse, visit.actor, MerchantId(merchant_id), OrderId(order_id), visit.by),
    )


HANDLERS = [door_page, carrier_page, write_down, upload, not_paid]
