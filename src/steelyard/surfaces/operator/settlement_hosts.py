"""What is owed to hosts of live sessions and their agencies, and what was paid: the finance staff write it down."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.channels import host_commission
from steelyard.channels.host_commission.model import Owed, Payee, Payment, PaymentId
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.settlement_tabs import HOSTS, tabs
from steelyard.surfaces.web import live_words
from steelyard.surfaces.web.console import ROWS_PER_PAGE, SAVED, address, done, errors_of, told
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import settlement

NEEDS = {"permission": "settlement.run"}
EMPTY = Entries({}, {})


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Owed]
    shops: dict[MerchantId, ShopCard]


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    payee: Payee
    shop: ShopCard | None
    balances: Sequence[Owed]
    payments: Sequence[Payment]


async def listed(read: Read, cursor: str | None) -> Listed:
    page = await host_commission.to_pay(read, cursor, ROWS_PER_PAGE)
    return Listed(page=page, shops=await merchants.cards(read, {MerchantId(each.merchant_id) for each in page.items}))


async def whole(read: Read, merchant_id: MerchantId, payee_id: UUID) -> Whole:
    """Raises `NotFound`."""
    payee = await host_commission.payee(read, merchant_id, payee_id)
    if payee is None:
        raise NotFound()
    return Whole(
        payee=payee,
        shop=(await merchants.cards(read, {merchant_id})).get(merchant_id),
        balances=await host_commission.balances(read, merchant_id, payee_id),
        payments=await host_commission.payments(read, merchant_id, payee_id),
    )


@get("/settlement/hosts", opt=NEEDS)
async def host_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """To whom something is owed."""
    found = await visit.db.ask(listed, cursor)
    return await frame.show(
        visit,
        "settlement_hosts.html",
        frame.SETTLEMENT,
        found=found,
        sections=tabs(visit, HOSTS),
        kinds=live_words.said(visit, live_words.PAYEE_KINDS),
        next_href=address(HOSTS, cursor=found.page.next) if found.page.next else "",
        start_href=HOSTS if cursor else "",
    )


async def page_view(
    visit: Visit,
    merchant_id: UUID,
    payee_id: UUID,
    form: Entries | None = None,
    errors: dict[str, str] | None = None,
) -> Response[Any]:
    found = await visit.db.ask(whole, MerchantId(merchant_id), payee_id)
    return await frame.show(
        visit,
        "settlement_host.html",
        frame.SETTLEMENT,
        status=422 if errors else 200,
        crumbs=[
            (visit.say(N_("Settlement")), frame.SETTLEMENT),
            (visit.say(N_("Hosts and agencies")), HOSTS),
            (found.payee.name, None),
        ],
        found=found,
        payee=found.payee,
        here=f"{HOSTS}/{merchant_id}/{payee_id}",
        form=form or EMPTY,
        errors=errors or {},
        payment_id=(form.text("payment_id") if form else "") or ids.mint(),
        today=settlement.settlement_day(datetime.now(UTC)).isoformat(),
        kinds=live_words.said(visit, live_words.PAYEE_KINDS),
        currency_options=[(each.currency, each.currency) for each in found.balances if each.owed > 0],
    )


@get("/settlement/hosts/{merchant_id:uuid}/{payee_id:uuid}", opt=NEEDS)
async def host_page(
    visit: NamedDependency[Visit], merchant_id: FromPath[UUID], payee_id: FromPath[UUID]
) -> Response[Any]:
    return await page_view(visit, merchant_id, payee_id)


class _Paid(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: MerchantId
    payee_id: UUID
    payment_id: PaymentId
    amount: int
    currency: str
    reference: str
    paid_on: date


async def _pay(tx: Tx, actor: Actor, paid: _Paid) -> None:
    await host_commission.pay(
        tx,
        paid.merchant_id,
        paid.payee_id,
        paid.payment_id,
        paid.amount,
        paid.currency,
        paid.reference,
        paid.paid_on,
        actor.by,
    )
    facts = {"amount": paid.amount, "currency": paid.currency, "reference": paid.reference}
    await access.audit(tx, actor, "settlement.pay_host", str(paid.payee_id), facts, merchant_id=paid.merchant_id)


@post("/settlement/hosts/{merchant_id:uuid}/{payee_id:uuid}", opt=NEEDS)
async def pay(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], payee_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """So much was transferred. A second click writes nothing more."""
    form = await entries_of(request)
    found = await visit.db.ask(whole, MerchantId(merchant_id), payee_id)
    owed = {each.currency for each in found.balances}
    currency = form.text("currency")
    day = day_of(form.text("paid_on"))
    if day is None:
        form.refuse("paid_on", N_("Please enter a day"))
    if currency not in owed:
        form.refuse("currency", N_("Please choose one."))
    try:
        amount = form.money("amount", currency if currency in owed else "CNY") or 0
        form.check()
        paid = _Paid(
            merchant_id=MerchantId(merchant_id),
            payee_id=payee_id,
            payment_id=PaymentId(form.uuid("payment_id")),
            amount=amount,
            currency=currency,
            reference=form.text("reference"),
            paid_on=day or settlement.settlement_day(datetime.now(UTC)),
        )
        await visit.db.transact(_pay, visit.actor, paid)
    except NotFound:
        raise
    except Invalid as refusal:
        return await page_view(visit, merchant_id, payee_id, form, errors_of(visit, refusal.fields))
    except Refusal as refusal:
        return await page_view(visit, merchant_id, payee_id, form, {"amount": told(visit, refusal)})
    here = f"{HOSTS}/{merchant_id}/{payee_id}"
    return redirect(visit, here, (visit.say(N_("The payment is written down.")), "good"))


async def _undo(tx: Tx, actor: Actor, merchant_id: MerchantId, payment_id: UUID, why: str) -> None:
    await host_commission.undo_payment(tx, merchant_id, payment_id, why, actor.by)
    await access.audit(
        tx, actor, "settlement.undo_host_payment", str(payment_id), {"why": why}, merchant_id=merchant_id
    )


@post("/settlement/hosts/{merchant_id:uuid}/{payee_id:uuid}/payments/{host_payment_id:uuid}/undo", opt=NEEDS)
async def undo(
    visit: NamedDependency[Visit],
    request: WebRequest,
    merchant_id: FromPath[UUID],
    payee_id: FromPath[UUID],
    host_payment_id: FromPath[UUID],
) -> Redirect:
    """The bank sent it back, or it was written down wrongly."""
    why = (await entries_of(request)).text("why")
    return await done(
        visit,
        f"{HOSTS}/{merchant_id}/{payee_id}",
        SAVED,
        lambda: visit.db.transact(_undo, visit.actor, MerchantId(merchant_id), host_payment_id, why),
    )


HANDLERS = [host_list, host_page, pay, undo]
