"""What the operator's programs see: merchants, everybody's orders, payments, the books; and the settlement run."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.money import Money
from steelyard.money import ledger, payments
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments.model import PaymentState
from steelyard.parties import access, merchants
from steelyard.parties.merchants.model import MerchantId, MerchantState
from steelyard.surfaces.api.v1 import order_shapes
from steelyard.surfaces.api.v1.calls import Call, Once
from steelyard.surfaces.api.v1.order_shapes import OrderDetail, OrderList
from steelyard.surfaces.api.v1.statements import Statement
from steelyard.surfaces.api.v1.words import Cursor, Limit, Words, shown
from steelyard.trade import orders, settlement
from steelyard.trade.orders.model import OrderId, OrderState

InOrderState = Annotated[OrderState | None, QueryParameter(name="state", description="Only what is in this state.")]
InPaymentState = Annotated[PaymentState | None, QueryParameter(name="state", description="Only what is in this state.")]
TAGS = ["Operator"]
STATEMENTS_PER_RUN_MAX = 100


class Merchant(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant with its shop. Prices are in `currency`."""

    merchant_id: UUID
    slug: str
    name: Words
    state: MerchantState
    country: str
    currency: str
    self_operated: bool


class MerchantList(msgspec.Struct, frozen=True, kw_only=True):
    """Merchants, the oldest first. `next` is the `cursor` of the following page; null on the last."""

    items: list[Merchant]
    next: str | None


class MerchantDetail(Merchant, frozen=True, kw_only=True):
    """A merchant as it was admitted: money released on day T is paid out `settlement_days` later, and receipt counts as
    confirmed `receipt_days` after delivery."""

    code: str
    legal_name: str
    credit_code: str
    settlement_days: int
    receipt_days: int


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """A try to pay a purchase through a channel. A `surplus` payment came too late or twice, and goes back whole."""

    payment_id: UUID
    purchase_id: UUID
    buyer_id: UUID
    channel: str
    amount: Money
    state: PaymentState
    channel_reference: str | None
    failure: str | None
    surplus: bool
    created_at: datetime
    expires_at: datetime
    captured_at: datetime | None
    authorised_until: datetime | None
    instalments: int


class PaymentList(msgspec.Struct, frozen=True, kw_only=True):
    """Payments, the newest first. `next` is the `cursor` of the following page; null on the last."""

    items: list[Payment]
    next: str | None


class SplitOfPayment(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a payment that is for one merchant's order: `authorised` is kept back or taken, `capturing` being taken,
    `released` let go without being taken; `refunding` is on its way back, `refunded` has arrived."""

    merchant_id: UUID
    order_id: UUID
    amount: Money
    authorised: Money
    capturing: Money
    captured: Money
    released: Money
    refunding: Money
    refunded: Money


class PaymentDetail(Payment, frozen=True, kw_only=True):
    """A payment with its parts."""

    splits: list[SplitOfPayment]


class TrialBalanceLine(msgspec.Struct, frozen=True, kw_only=True):
    """All accounts of one kind and currency. `balance` is on the side that the kind grows on."""

    kind: AccountKind
    debits: Money
    credits: Money
    balance: Money


class TrialBalance(msgspec.Struct, frozen=True, kw_only=True):
    """The books in sum. Per currency, debits and credits add up to the same."""

    lines: list[TrialBalanceLine]


class SettlementRun(msgspec.Struct, frozen=True, kw_only=True):
    """The statements that a run issued for its settlement day. `more` says that there may be others due: run again."""

    day: date
    statements: list[Statement]
    more: bool


@get("/merchants", opt={"permission": "merchants.read"}, tags=TAGS, summary="List merchants")
async def list_merchants(call: NamedDependency[Call], cursor: Cursor = None, limit: Limit = None) -> MerchantList:
    """All merchants, suspended and closed ones too."""
    page = await call.db.ask(merchants.listed, cursor, limit)
    return MerchantList(items=[shown(Merchant, each, "") for each in page.items], next=page.next)


@get("/merchants/{merchant_id:uuid}", opt={"permission": "merchants.read"}, tags=TAGS, summary="Show a merchant")
async def get_merchant(call: NamedDependency[Call], merchant_id: FromPath[UUID]) -> MerchantDetail:
    """One merchant."""
    return await call.db.ask(_merchant, MerchantId(merchant_id))


async def _merchant(read: Read, merchant_id: MerchantId) -> MerchantDetail:
    found = await merchants.get(read, merchant_id)
    if found is None:
        raise NotFound()
    shop = (await merchants.cards(read, [merchant_id]))[merchant_id]
    return shown(MerchantDetail, found, "", slug=shop.slug, name=shop.name)


@get("/orders", opt={"permission": "orders.read"}, tags=TAGS, summary="List everybody's orders")
async def list_all_orders(
    call: NamedDependency[Call],
    in_state: InOrderState = None,
    cursor: Cursor = None,
    limit: Limit = None,
) -> OrderList:
    """All merchants' orders, the newest first, of one state or of all."""
    states = [in_state] if in_state else []
    return order_shapes.listed(await call.db.ask(orders.all_orders, states=states, cursor=cursor, limit=limit))


@get(
    "/merchants/{merchant_id:uuid}/orders/{order_id:uuid}",
    opt={"permission": "orders.read"},
    tags=TAGS,
    summary="Show a merchant's order",
)
async def get_order_of(
    call: NamedDependency[Call], merchant_id: FromPath[UUID], order_id: FromPath[UUID]
) -> OrderDetail:
    """An order of any merchant, with lines, parcels, refunds and history."""
    return await call.db.ask(order_shapes.whole, MerchantId(merchant_id), OrderId(order_id))


@get("/payments", opt={"permission": "payments.read"}, tags=TAGS, summary="List payments")
async def list_payments(
    call: NamedDependency[Call],
    in_state: InPaymentState = None,
    cursor: Cursor = None,
    limit: Limit = None,
) -> PaymentList:
    """All payments, the newest first, in one state or in all."""
    page = await call.db.ask(payments.page, state=in_state, cursor=cursor, limit=limit)
    return PaymentList(items=[shown(Payment, each, each.currency) for each in page.items], next=page.next)


@get("/payments/{payment_id:uuid}", opt={"permission": "payments.read"}, tags=TAGS, summary="Show a payment")
async def get_payment(call: NamedDependency[Call], payment_id: FromPath[UUID]) -> PaymentDetail:
    """One payment, with the orders that it is for."""
    return await call.db.ask(_payment, payment_id)


async def _payment(read: Read, payment_id: UUID) -> PaymentDetail:
    found = await payments.get(read, payment_id)
    if found is None:
        raise NotFound()
    splits = [shown(SplitOfPayment, each, each.currency) for each in await payments.splits_of(read, payment_id)]
    return shown(PaymentDetail, found, found.currency, splits=splits)


@get("/trial-balance", opt={"permission": "ledger.read"}, tags=TAGS, summary="Show the trial balance")
async def get_trial_balance(call: NamedDependency[Call]) -> TrialBalance:
    """All accounts of the books, by kind and currency."""
    lines = await call.db.ask(ledger.trial_balance)
    return TrialBalance(lines=[shown(TrialBalanceLine, line, line.currency) for line in lines])


@post("/settlement-runs", opt={"permission": "settlement.run"}, tags=TAGS, summary="Run settlement")
async def run_settlement(call: NamedDependency[Call], once: NamedDependency[Once]) -> Response[SettlementRun]:
    """Issue the statements that are due today, at most 100 of them. The bank is instructed soon after. A merchant has at
    most one statement a day and currency."""
    return await once(lambda _: call.db.transact(_run, call), status=201)


async def _run(tx: Tx, call: Call) -> SettlementRun:
    day = settlement.settlement_day(datetime.now(UTC))
    done = await settlement.step(tx, day, limit=STATEMENTS_PER_RUN_MAX)
    issued = done.statements
    await access.audit(tx, call.actor, "settlement.run", day.isoformat(), {"statements": len(issued)})
    return SettlementRun(
        day=day,
        statements=[shown(Statement, each, each.currency) for each in issued],
        more=done.after is not None,
    )


HANDLERS = [
    list_merchants,
    get_merchant,
    list_all_orders,
    get_order_of,
    list_payments,
    get_payment,
    get_trial_balance,
    run_settlement,
]
