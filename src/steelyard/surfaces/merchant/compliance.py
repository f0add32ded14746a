"""How the shop stands: points and violations of the year, the deposit, the papers. Appeals, and paying into the deposit."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel import days, ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import Page
from steelyard.money.ledger.model import AccountKind
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import Merchant, MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import debt_papers, discipline_words
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.photographs import PHOTOGRAPHS_BYTES_MAX, photographs
from steelyard.surfaces.web.refusals import fields_of, sentence_of
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import discipline
from steelyard.trade.discipline import CLOSE_AT, RESTRICT_AT, SUSPEND_AT, Debt, Movement, Violation
from steelyard.trade.discipline.model import Standing

READS = {"permission": "shop.edit"}
PAYS = {"permission": "statements.read"}
MOVEMENTS_SHOWN = 10


class Found(msgspec.Struct, frozen=True, kw_only=True):
    merchant: Merchant
    standing: Standing
    violations: Page[Violation]
    movements: list[Movement]
    payable: int
    debts: list[Debt]


async def found(read: Read, merchant_id: MerchantId, now: datetime, cursor: str | None) -> Found:
    merchant = await merchants.get(read, merchant_id)
    assert merchant is not None
    standing = await discipline.standing(read, merchant_id, now)
    return Found(
        merchant=merchant,
        standing=standing,
        violations=await discipline.listed(read, merchant_id, cursor=cursor, limit=ROWS_PER_PAGE),
        movements=(await discipline.movements(read, merchant_id, limit=MOVEMENTS_SHOWN)).items,
        payable=await discipline.balance_of(read, merchant_id, AccountKind.PAYABLE, merchant.currency),
        debts=await discipline.debts(read, merchant_id),
    )


@get("/compliance", opt=READS)
async def compliance(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """Points, violations, deposit and papers."""
    return await _page(visit, cursor=cursor)


async def _page(
    visit: Visit, form: Entries | None = None, refusal: Refusal | None = None, cursor: str | None = None
) -> Response[Any]:
    now = datetime.now(UTC)
    known = await visit.merchant_db.ask(found, visit.merchant_id, now, cursor)
    errors = fields_of(refusal, visit.locale) if refusal else {}
    return await frame.show(
        visit,
        "compliance.html",
        frame.COMPLIANCE,
        status=refusal.status if refusal else 200,
        found=known,
        standing=known.standing,
        deposit=known.standing.deposit,
        today=days.day_of(now),
        words=discipline_words,
        limits=(RESTRICT_AT, SUSPEND_AT, CLOSE_AT),
        form=form or Entries({}, {}),
        errors=errors,
        refusal=sentence_of(refusal, visit.locale) if refusal and not errors else "",
        movement_id=(form.text("movement_id") if form else "") or ids.mint(),
        may_pay=visit.actor.may(PAYS["permission"]),
        next_href=address(frame.COMPLIANCE, cursor=known.violations.next) if known.violations.next else "",
        start_href=frame.COMPLIANCE if cursor else "",
    )


@get("/compliance/debts/{currency:str}/debt.pdf", opt=PAYS)
async def debt_paper(visit: NamedDependency[Visit], currency: FromPath[str]) -> Response[bytes]:
    """What the shop owes in a currency, as a PDF."""
    return await debt_papers.as_pdf(
        await visit.merchant_db.ask(debt_papers.found, visit.merchant_id, currency), visit.locale
    )


async def pay(tx: Tx, actor: Actor, merchant_id: MerchantId, movement_id: UUID, form: Entries, by: str) -> None:
    merchant = await merchants.get(tx, merchant_id)
    assert merchant is not None
    amount = form.money("amount", merchant.currency)
    form.check()
    assert amount is not None
    before = await discipline.deposit_of(tx, merchant_id)
    await discipline.pay_from_balance(tx, merchant_id, movement_id, amount, by)
    after = await discipline.deposit_of(tx, merchant_id)
    if after.balance != before.balance:
        facts = {"amount": Money(amount, merchant.currency).decimal()}
        await access.audit(tx, actor, "deposit.pay", str(merchant_id), facts)


@post("/compliance/deposit", opt=PAYS)
async def paid(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Pay into the deposit out of the balance."""
    form = await entries_of(request)
    try:
        movement_id = form.uuid("movement_id")
        form.check()
        await visit.merchant_db.transact(pay, visit.actor, visit.merchant_id, movement_id, form, visit.by)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(visit, form, refusal)
    return redirect(visit, frame.COMPLIANCE, (visit.say(N_("It is in your deposit.")), "good"))


class One(msgspec.Struct, frozen=True, kw_only=True):
    violation: Violation
    points: int


async def one(read: Read, merchant_id: MerchantId, violation_id: UUID) -> One:
    violation = await discipline.violation(read, merchant_id, violation_id)
    if violation is None:
        raise NotFound()
    return One(violation=violation, points=await discipline.points_of(read, merchant_id, violation.year))


@get("/compliance/{violation_id:uuid}", opt=READS)
async def violation_page(visit: NamedDependency[Visit], violation_id: FromPath[UUID]) -> Response[Any]:
    """What happened, what it costs, and the appeal."""
    return await _violation(visit, violation_id)


async def _violation(
    visit: Visit, violation_id: UUID, form: Entries | None = None, refusal: Refusal | None = None
) -> Response[Any]:
    known = await visit.merchant_db.ask(one, visit.merchant_id, violation_id)
    violation = known.violation
    errors = fields_of(refusal, visit.locale) if refusal else {}
    return await frame.show(
        visit,
        "violation.html",
        frame.COMPLIANCE,
        crumbs=[(visit.say(N_("Compliance")), frame.COMPLIANCE), (violation.name.in_language(visit.locale), None)],
        status=refusal.status if refusal else 200,
        violation=violation,
        points=known.points,
        can_appeal=discipline.appealable(violation, datetime.now(UTC)),
        appeal_until=violation.recorded_at + discipline.APPEAL_WITHIN,
        words=discipline_words,
        form=form or Entries({}, {}),
        errors=errors,
        refusal=sentence_of(refusal, visit.locale) if refusal and not errors else "",
    )


async def appeal(
    tx: Tx, actor: Actor, merchant_id: MerchantId, violation_id: UUID, words: str, pictures: Sequence[str], by: str
) -> None:
    if await discipline.appeal(tx, merchant_id, violation_id, words, by, datetime.now(UTC), pictures):
        facts = {"words": words, "pictures": len(pictures)}
        await access.audit(tx, actor, "violations.appeal", str(violation_id), facts)


@post("/compliance/{violation_id:uuid}/appeal", opt=READS, request_max_body_size=PHOTOGRAPHS_BYTES_MAX)
async def appealed(
    visit: NamedDependency[Visit], request: WebRequest, violation_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Appeal against a violation, once."""
    form = await entries_of(request)
    pictures, trouble = await photographs(visit, form, "pictures")
    try:
        if trouble:
            raise Invalid({"pictures": trouble})
        await visit.merchant_db.transact(
            appeal, visit.actor, visit.merchant_id, violation_id, form.text("appeal"), pictures, visit.by
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return await _violation(visit, violation_id, form, refusal)
    said = visit.say(N_("Your appeal is made. Somebody else than who recorded it decides."))
    return redirect(visit, f"{frame.COMPLIANCE}/{violation_id}", (said, "good"))


HANDLERS = [compliance, debt_paper, paid, violation_page, appealed]
