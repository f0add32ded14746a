"""/api/v1/statements for merchants; /api/v1/operator for the operator: merchants, orders, payments, books, settlement."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.money import ledger, payments
from steelyard.money.payments.model import Payment, PaymentState
from steelyard.parties import access, merchants
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.api.v1.callers import Caller, once
from steelyard.surfaces.api.v1.shapes import RunRequest, RunResult, StatementDetail, TrialBalance
from steelyard.trade import orders, settlement
from steelyard.trade.orders.model import Order, OrderState
from steelyard.trade.settlement.model import Statement


@get("/statements", opt={"permission": "statements.read"})
async def list_statements(
    caller: NamedDependency[Caller], cursor: FromQuery[str | None] = None, limit: FromQuery[int | None] = None
) -> Page[Statement]:
    """What was paid out, the newest first."""
    return await caller.db.ask(settlement.statements_page, merchant_id=caller.merchant_id, cursor=cursor, limit=limit)


@get("/statements/{statement_id:uuid}", opt={"permission": "statements.read"})
async def get_statement(
    caller: NamedDependency[Caller],
    statement_id: FromPath[UUID],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> StatementDetail:
    """One statement with its entries, a page of them."""
    return await caller.db.ask(_statement, caller.merchant_id, statement_id, cursor, limit)


async def _statement(
    read: Read, merchant_id: MerchantId, statement_id: UUID, cursor: str | None, limit: int | None
) -> StatementDetail:
    found = await settlement.statement(read, merchant_id, statement_id)
    if found is None:
        raise NotFound()
    page = await settlement.entries(read, merchant_id, statement_id, cursor, limit)
    return StatementDetail(statement=found, entries=page.items, next=page.next)


@get("/merchants", opt={"permission": "merchants.read"})
async def list_merchants(
    caller: NamedDependency[Caller], cursor: FromQuery[str | None] = None, limit: FromQuery[int | None] = None
) -> Page[ShopCard]:
    """All merchants with their shops, the oldest first."""
    return await caller.db.ask(merchants.listed, cursor, limit)


@get("/orders", opt={"permission": "orders.read"})
async def list_all_orders(
    caller: NamedDependency[Caller],
    in_state: Annotated[OrderState | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> Page[Order]:
    """Everybody's orders, the newest first."""
    return await caller.db.ask(orders.all_orders, states=[in_state] if in_state else [], cursor=cursor, limit=limit)


@get("/payments", opt={"permission": "payments.read"})
async def list_payments(
    caller: NamedDependency[Caller],
    in_state: Annotated[PaymentState | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int | None] = None,
) -> Page[Payment]:
    """All payments, the newest first."""
    return await caller.db.ask(payments.page, state=in_state, cursor=cursor, limit=limit)


@get("/trial-balance", opt={"permission": "ledger.read"})
async def trial_balance(caller: NamedDependency[Caller]) -> TrialBalance:
    """The books: every kind of account by currency."""
    return TrialBalance(lines=await caller.db.ask(ledger.trial_balance))


@post("/settlement-runs", opt={"permission": "settlement.run"}, status_code=201)
async def run_settlement(caller: NamedDependency[Caller], data: JSONBody[RunRequest]) -> Response[RunResult]:
    """Issue the statements that are due, as the nightly run does; said again, it issues what was left."""
    today = settlement.settlement_day(datetime.now(UTC))
    day = data.day or today
    if day > today:
        raise Invalid({"day": N_("A day to come is not settled")})

    async def work(_: UUID) -> RunResult:
        return RunResult(statements=await caller.db.transact(_run, caller, day))

    return await once(caller, RunResult, work, 201)


async def _run(tx: Tx, caller: Caller, day: date) -> list[Statement]:
    issued = await settlement.run(tx, day)
    await access.audit(tx, caller.actor, "settlement.run", day.isoformat(), {"statements": len(issued)})
    return issued


merchant_handlers = [list_statements, get_statement]
operator_handlers = [list_merchants, list_all_orders, list_payments, trial_balance, run_settlement]
