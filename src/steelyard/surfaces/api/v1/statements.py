"""A merchant's statements: what it is paid, and for what."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.money import Money
from steelyard.kernel.paging import Page
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.api.v1.calls import Call
from steelyard.surfaces.api.v1.words import Cursor, Limit, shown
from steelyard.trade import settlement
from steelyard.trade.settlement.model import Entry, EntryKind, StatementState

InStatementState = Annotated[
    StatementState | None, QueryParameter(name="state", description="Only what is in this state.")
]
TAGS = ["Statements"]
READ = {"permission": "statements.read"}


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant is paid for one settlement day: payout = sales + subsidy − commission − refunds + commission returned −
    subsidy returned + adjustments (goodwill of the platform, deposit, fines). The subsidy is what the marketplace pays of
    what its promotions took off."""

    statement_id: UUID
    merchant_id: UUID
    code: str
    day: date
    state: StatementState
    sales: Money
    commission: Money
    refunds: Money
    commission_returned: Money
    subsidy: Money
    subsidy_returned: Money
    adjustments: Money
    payout: Money
    issued_at: datetime
    paid_at: datetime | None
    failure: str | None
    bank_reference: str | None


class StatementList(msgspec.Struct, frozen=True, kw_only=True):
    """Statements, the newest first. `next` is the `cursor` of the following page; null on the last."""

    items: list[Statement]
    next: str | None


class StatementEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What an order, a refund or something else (`document`) earned; commission, refunds, subsidies taken back, what goes into
    the deposit and fines are negative. `order_id` is null where it is about no order."""

    entry_id: UUID
    order_id: UUID | None
    document: UUID
    kind: EntryKind
    amount: Money
    earned_at: datetime


class StatementEntries(msgspec.Struct, frozen=True, kw_only=True):
    """The entries of a statement. `next` is the `cursor` of the following page; null on the last."""

    items: list[StatementEntry]
    next: str | None


@get("/statements", opt=READ, tags=TAGS, summary="List your statements")
async def list_statements(
    call: NamedDependency[Call],
    in_state: InStatementState = None,
    cursor: Cursor = None,
    limit: Limit = None,
) -> StatementList:
    """Your statements, the newest first, in one state or in all."""
    page = await call.db.ask(
        settlement.statements_page, merchant_id=call.merchant_id, state=in_state, cursor=cursor, limit=limit
    )
    return listed(page)


@get("/statements/{statement_id:uuid}", opt=READ, tags=TAGS, summary="Show a statement")
async def get_statement(call: NamedDependency[Call], statement_id: FromPath[UUID]) -> Statement:
    """One of your statements."""
    found = await call.db.ask(settlement.statement, call.merchant_id, statement_id)
    if found is None:
        raise NotFound()
    return shown(Statement, found, found.currency)


@get("/statements/{statement_id:uuid}/entries", opt=READ, tags=TAGS, summary="List a statement's entries")
async def list_entries(
    call: NamedDependency[Call], statement_id: FromPath[UUID], cursor: Cursor = None, limit: Limit = None
) -> StatementEntries:
    """What a statement is made of, in the order in which it was entered."""
    page = await call.db.ask(_entries, call.merchant_id, statement_id, cursor, limit)
    items = [shown(StatementEntry, each, each.currency) for each in page.items]
    return StatementEntries(items=items, next=page.next)


async def _entries(
    read: Read, merchant_id: MerchantId, statement_id: UUID, cursor: str | None, limit: int | None
) -> Page[Entry]:
    if await settlement.statement(read, merchant_id, statement_id) is None:
        raise NotFound()
    return await settlement.entries(read, merchant_id, statement_id, cursor, limit)


def listed(page: Page[settlement.Statement]) -> StatementList:
    return StatementList(items=[shown(Statement, each, each.currency) for each in page.items], next=page.next)


HANDLERS = [list_statements, get_statement, list_entries]
