"""A shop's points, its deposit and what it owes, as the operator's staff see and set them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.money.ledger.model import AccountKind
from steelyard.parties import access, merchants, policies
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.parties.policies.model import DEPOSIT_DAYS
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import debt_papers, discipline_words
from steelyard.surfaces.web.console import SAVED
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import fields_of, sentence_of
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import discipline, settlement
from steelyard.trade.discipline import CLOSE_AT, RESTRICT_AT, SUSPEND_AT, Debt, Movement
from steelyard.trade.discipline.model import Standing

NEEDS = {"permission": "merchants.discipline"}
MOVEMENTS_SHOWN = 30


class Found(msgspec.Struct, frozen=True, kw_only=True):
    shop: ShopCard
    standing: Standing
    movements: list[Movement]
    debts: list[Debt]
    payable: int
    days: int


async def found(read: Read, merchant_id: MerchantId, now: datetime) -> Found:
    standing = await discipline.standing(read, merchant_id, now)
    return Found(
        shop=(await merchants.cards(read, [merchant_id]))[merchant_id],
        standing=standing,
        movements=(await discipline.movements(read, merchant_id, limit=MOVEMENTS_SHOWN)).items,
        debts=await discipline.debts(read, merchant_id),
        payable=await discipline.balance_of(read, merchant_id, AccountKind.PAYABLE, standing.deposit.currency),
        days=await policies.number(read, DEPOSIT_DAYS),
    )


@get("/violations/{merchant_id:uuid}", opt=NEEDS)
async def standing_page(visit: NamedDependency[Visit], merchant_id: FromPath[UUID]) -> Response[Any]:
    """How a shop stands: its points, its deposit and what moved it."""
    return await _page(visit, MerchantId(merchant_id))


async def _page(
    visit: Visit, merchant_id: MerchantId, form: Entries | None = None, refusal: Refusal | None = None
) -> Response[Any]:
    known = await visit.db.ask(found, merchant_id, datetime.now(UTC))
    errors = fields_of(refusal, visit.locale) if refusal else {}
    return await frame.show(
        visit,
        "deposit.html",
        frame.VIOLATIONS,
        crumbs=[
            (visit.say(N_("Violations of rules")), frame.VIOLATIONS),
            (known.shop.name.in_language(visit.locale), None),
        ],
        status=refusal.status if refusal else 200,
        found=known,
        standing=known.standing,
        deposit=known.standing.deposit,
        limits=(RESTRICT_AT, SUSPEND_AT, CLOSE_AT),
        words=discipline_words,
        form=form or Entries({}, {}),
        errors=errors,
        refusal=sentence_of(refusal, visit.locale) if refusal and not errors else "",
        movement_id=(form.text("movement_id") if form else "") or ids.mint(),
        payment_id=(form.text("payment_id") if form else "") or ids.mint(),
        base=f"{frame.VIOLATIONS}/{merchant_id}",
    )


async def set_terms(tx: Tx, actor: Actor, merchant_id: MerchantId, form: Entries) -> None:
    before = await discipline.deposit_of(tx, merchant_id)
    required = form.money("required", before.currency)
    typed = form.text("due_on")
    due_on = day_of(typed)
    form.check()
    if typed and due_on is None:
        raise Invalid({"due_on": N_("Please enter a day.")})
    assert required is not None
    await discipline.set_terms(tx, merchant_id, required, due_on, settlement.settlement_day(datetime.now(UTC)))
    after = await discipline.deposit_of(tx, merchant_id)
    await access.audit(
        tx,
        actor,
        "deposit.terms",
        str(merchant_id),
        merchant_id=merchant_id,
        before={"required": before.own, "due_on": before.due_on},
        after={"required": after.own, "due_on": after.due_on},
    )


async def transfer(tx: Tx, actor: Actor, merchant_id: MerchantId, form: Entries) -> None:
    before = await discipline.deposit_of(tx, merchant_id)
    amount, movement_id, reference = (
        form.money("amount", before.currency),
        form.uuid("movement_id"),
        form.text("reference"),
    )
    form.check()
    assert amount is not None
    await discipline.record_transfer(tx, merchant_id, movement_id, amount, reference, actor.by)
    if (await discipline.deposit_of(tx, merchant_id)).balance != before.balance:
        facts = {"amount": Money(amount, before.currency).decimal(), "reference": reference}
        await access.audit(tx, actor, "deposit.transfer", str(merchant_id), facts, merchant_id=merchant_id)


@get("/violations/{merchant_id:uuid}/debts/{currency:str}/debt.pdf", opt=NEEDS)
async def debt_paper(
    visit: NamedDependency[Visit], merchant_id: FromPath[UUID], currency: FromPath[str]
) -> Response[bytes]:
    """What a shop owes in a currency, as a PDF."""
    return await debt_papers.as_pdf(
        await visit.db.ask(debt_papers.found, MerchantId(merchant_id), currency), visit.locale
    )


async def pay_debt(tx: Tx, actor: Actor, merchant_id: MerchantId, form: Entries) -> None:
    currency = (await discipline.deposit_of(tx, merchant_id)).currency
    amount = form.money("paid", currency)
    payment_id, reference = form.uuid("payment_id"), form.text("paid_reference")
    form.check()
    assert amount is not None
    try:
        booked = await discipline.pay_debt(tx, merchant_id, payment_id, currency, amount, reference, actor.by)
    except Invalid as wrong:
        # The other form of the page has fields of these names.
        names = {"amount": "paid", "reference": "paid_reference"}
        raise Invalid({names[name]: what for name, what in wrong.fields.items()}) from wrong
    if booked:
        facts = {"amount": Money(amount, currency).decimal(), "reference": reference}
        await access.audit(tx, actor, "debts.transfer", str(merchant_id), facts, merchant_id=merchant_id)


async def give_back(tx: Tx, actor: Actor, merchant_id: MerchantId, form: Entries) -> None:
    movement_id = form.uuid("movement_id")
    form.check()
    currency = (await discipline.deposit_of(tx, merchant_id)).currency
    amount = await discipline.return_deposit(tx, merchant_id, movement_id, actor.by, datetime.now(UTC))
    if amount:
        facts = {"amount": Money(amount, currency).decimal()}
        await access.audit(tx, actor, "deposit.return", str(merchant_id), facts, merchant_id=merchant_id)


async def _do(
    visit: Visit, request: WebRequest, merchant_id: UUID, command: Any, said: str
) -> Response[Any] | Redirect:
    form = await entries_of(request)
    try:
        await visit.db.transact(command, visit.actor, MerchantId(merchant_id), form)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(visit, MerchantId(merchant_id), form, refusal)
    return redirect(visit, f"{frame.VIOLATIONS}/{merchant_id}", (visit.say(said), "good"))


@post("/violations/{merchant_id:uuid}/deposit", opt=NEEDS)
async def terms_set(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """How much deposit is asked for, and until when what is missing is due."""
    return await _do(visit, request, merchant_id, set_terms, SAVED)


@post("/violations/{merchant_id:uuid}/deposit/transfer", opt=NEEDS)
async def transferred(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """A transfer has arrived at the bank."""
    return await _do(visit, request, merchant_id, transfer, N_("The transfer is in the deposit."))


@post("/violations/{merchant_id:uuid}/deposit/return", opt=NEEDS)
async def returned(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """The whole deposit goes back to a shop that has left."""
    said = N_("The deposit is on the shop's balance, and goes out with its next statement.")
    return await _do(visit, request, merchant_id, give_back, said)


@post("/violations/{merchant_id:uuid}/debt", opt=NEEDS)
async def debt_paid(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """A transfer for what a shop owes has arrived at the bank."""
    return await _do(visit, request, merchant_id, pay_debt, N_("The transfer is booked against what the shop owes."))


HANDLERS = [debt_paid, debt_paper, standing_page, terms_set, transferred, returned]
