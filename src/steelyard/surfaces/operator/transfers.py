"""Bank transfers: what is waited for, what came (too little, too much, too late), and what has to be transferred back."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel import codes
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.money import payments
from steelyard.money.payments import BankMovement, ByHand, ExpectedTransfer, OwedBack
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.console import SAVED, address, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import checkout
from steelyard.trade.settlement.model import settlement_day

NEEDS = {"permission": "payments.read"}
WRITES = {"permission": "orders.manage"}
BANK_NUMBER_CHARACTERS_MAX = 64
PARTY_CHARACTERS_MAX = 200


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    expected: Sequence[ExpectedTransfer]
    owed: Sequence[OwedBack]
    movements: Sequence[BankMovement]


async def waiting(read: Read, reference: str) -> Waiting:
    return Waiting(
        expected=await payments.expected_transfers(read, reference),
        owed=await payments.owed_back(read),
        movements=await payments.bank_movements(read),
    )


@get("/transfers", opt=NEEDS)
async def transfer_list(visit: NamedDependency[Visit], q: FromQuery[str] = "") -> Response[Any]:
    """Transfers that are waited for or of which something is left, refunds to be made, and the account's last lines."""
    typed = q.strip()[:BANK_NUMBER_CHARACTERS_MAX]
    found = await visit.db.ask(waiting, codes.read(typed) if typed else "")
    return await frame.show(visit, "transfers.html", frame.TRANSFERS, found=found, q=typed, base=frame.TRANSFERS)


@get("/transfers/{payment_id:uuid}", opt=NEEDS)
async def transfer_page(visit: NamedDependency[Visit], payment_id: FromPath[UUID]) -> Response[Any]:
    """`?bank_number=&amount=&on_day=`: filled in from a line of the bank's statement."""
    query = visit.connection.query_params
    given = {name: [query[name]] for name in ("bank_number", "amount", "on_day", "party") if query.get(name)}
    return await _page(visit, payment_id, Entries({**given, "form": ["receive"]}, {}) if given else None)


async def _page(
    visit: Visit, payment_id: UUID, form: Entries | None = None, errors: Mapping[str, str] | None = None
) -> Response[Any]:
    found = await visit.db.ask(payments.expected_transfer, payment_id)
    if found is None:
        raise NotFound()
    names = ("bank_number", "amount", "party", "on_day")
    return await frame.show(
        visit,
        "transfer.html",
        frame.TRANSFERS,
        crumbs=[(visit.say(N_("Bank transfers")), frame.TRANSFERS), (found.reference or "–", None)],
        status=422 if errors else 200,
        found=found,
        typed={name: form.text(name) if form else "" for name in names},
        wrong_form=form.text("form") if form else "",
        errors=errors or {},
        today=settlement_day(datetime.now(UTC)),
        here=f"{frame.TRANSFERS}/{payment_id}",
    )


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the bank statement as it was typed."""

    bank_number: str
    amount: int
    party: str
    on_day: date


def line_of(form: Entries, currency: str) -> Line:
    """Raises `Invalid`."""
    amount = form.money("amount", currency) or 0
    if not amount and "amount" not in form.errors:
        form.refuse("amount", N_("Please enter an amount such as 12.50"))
    typed = form.text("on_day", required=True)
    day = day_of(typed)
    if typed and (day is None or day > settlement_day(datetime.now(UTC))):
        form.refuse("on_day", N_("Please choose a day that has come."))
    made = Line(
        bank_number=form.text("bank_number", required=True, most=BANK_NUMBER_CHARACTERS_MAX),
        amount=amount,
        party=form.text("party", required=True, most=PARTY_CHARACTERS_MAX),
        on_day=day or date.min,
    )
    form.check()
    return made


async def write(tx: Tx, actor: Actor, payment_id: UUID, line: Line, currency: str, came: bool, by: str) -> None:
    command = checkout.receive_transfer if came else checkout.return_transfer
    stands = await command(
        tx, payment_id, bank_number=line.bank_number, amount=line.amount, currency=currency, party=line.party,
        on_day=line.on_day, by=by,
    )  # fmt: skip
    facts = {"bank_number": line.bank_number, "amount": line.amount, "currency": currency, "state": str(stands.state)}
    await access.audit(tx, actor, "transfers.receive" if came else "transfers.return", str(payment_id), facts)


@post("/transfers/{payment_id:uuid}", opt=WRITES)
async def write_down(
    visit: NamedDependency[Visit], request: WebRequest, payment_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Write down a line of the bank statement: money that came, or, with `form=return`, that was given back."""
    form = await entries_of(request)
    found = await visit.db.ask(payments.expected_transfer, payment_id)
    if found is None:
        raise NotFound()
    came = form.text("form") != "return"
    try:
        line = line_of(form, found.currency)
        await visit.db.transact(write, visit.actor, payment_id, line, found.currency, came, visit.by)
    except Invalid as refusal:
        return await _page(visit, payment_id, form, errors_of(visit, refusal.fields))
    except (payments.MovementKnown, payments.NotLeftOver) as refusal:
        field = "amount" if isinstance(refusal, payments.NotLeftOver) else "bank_number"
        return await _page(visit, payment_id, form, {field: visit.refused(refusal)})
    return redirect(visit, f"{frame.TRANSFERS}/{payment_id}", (visit.say(SAVED), "good"))


async def made(tx: Tx, actor: Actor, refund_id: UUID, bank_number: str, by: str) -> None:
    """Raises `NumberUsed`."""
    owed = next((each for each in await payments.owed_back(tx) if each.refund_id == refund_id), None)
    if owed is None:
        return
    line = ByHand(bank_number=bank_number, party=owed.party, on_day=settlement_day(datetime.now(UTC)))
    await payments.made_by_hand(tx, owed.merchant_id, refund_id, line, by)
    facts = {"bank_number": bank_number, "amount": owed.amount, "currency": owed.currency}
    await access.audit(tx, actor, "transfers.refund", str(refund_id), facts, merchant_id=owed.merchant_id)


@post("/transfers/refunds/{refund_id:uuid}", opt=WRITES)
async def refund_made(visit: NamedDependency[Visit], request: WebRequest, refund_id: FromPath[UUID]) -> Redirect:
    """A refund was transferred, under this number of the bank, which is used once."""
    number = (await entries_of(request)).text("bank_number", most=BANK_NUMBER_CHARACTERS_MAX)
    if not number or len(number) > BANK_NUMBER_CHARACTERS_MAX:
        return redirect(
            visit, frame.TRANSFERS, (visit.say(N_("Please enter the bank’s number of the transfer.")), "bad")
        )
    try:
        await visit.db.transact(made, visit.actor, refund_id, number, visit.by)
    except Refusal as refusal:
        return redirect(visit, frame.TRANSFERS, (visit.refused(refusal), "bad"))
    return redirect(visit, address(frame.TRANSFERS), (visit.say(SAVED), "good"))


HANDLERS = [transfer_list, transfer_page, write_down, refund_made]
