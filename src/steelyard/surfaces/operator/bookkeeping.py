"""The books as a bookkeeper reads them: the chart of accounts, the statement of an account, income and costs."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Stream

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.money import currencies, ledger
from steelyard.money.ledger.model import BOOKS_ZONE, AccountKind, Class
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import book_tabs, frame
from steelyard.surfaces.operator.books import ENTRIES_PER_PAGE, NEEDS
from steelyard.surfaces.operator.days import midnight_after
from steelyard.surfaces.web import exports, streamed
from steelyard.surfaces.web.console import address
from steelyard.surfaces.web.entries import as_uuid
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.visit import Visit

CLASSES = {
    Class.ASSET: N_("Assets"),
    Class.LIABILITY: N_("Liabilities"),
    Class.EQUITY: N_("Equity"),
    Class.INCOME: N_("Income"),
    Class.EXPENSE: N_("Expenses"),
}
MONEY_OF = {"cash": N_("Cash"), "buyers": N_("Buyers’ money"), "merchants": N_("Merchants’ money")}


async def _chart(read: Read) -> tuple[list[ledger.ChartLine], ledger.Summed]:
    return await ledger.chart(read), await ledger.summed(read)


@get("/books/chart", opt=NEEDS)
async def chart_page(visit: NamedDependency[Visit]) -> Response[Any]:
    """What every account is for, and what stands there in each currency."""
    chart, summed = await visit.db.ask(_chart)
    stands: dict[str, list[Money]] = {}
    for line in summed.lines:
        stands.setdefault(line.kind, []).append(Money(line.balance, line.currency))
    if exports.wanted(visit):
        columns = (N_("Ledger account"), N_("Class"), N_("Grows on"), N_("By hand"), N_("What it is for"))
        rows = [
            (str(line.kind), visit.say(CLASSES[line.class_]), line.normal, line.by_hand, line.purpose) for line in chart
        ]
        return exports.sheet(visit, N_("Chart of accounts"), columns, rows)
    return await frame.show(
        visit,
        "books_chart.html",
        frame.BOOKS,
        tabs=book_tabs.tabs(visit, book_tabs.CHART),
        classes=[(word, [line for line in chart if line.class_ == each]) for each, word in CLASSES.items()],
        money_of=MONEY_OF,
        stands=stands,
        summed=summed,
    )


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Whose statement: one kind of account in one currency, of everybody or of one owner, from a day to another."""

    kind: AccountKind
    currency: str
    owner_id: UUID | None
    first: date
    last: date

    @property
    def since(self) -> datetime:
        return midnight_after(self.first - timedelta(days=1))

    @property
    def until(self) -> datetime:
        return midnight_after(self.last)


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What stood there, what moved, what stands there, on the side that the account grows on, in minor units. `balances`:
    what stood after each of the `moved`, which are those of one page."""

    normal: str
    opening: ledger.Opening
    closing: ledger.Opening
    moved: list[ledger.PostedTransfer]
    balances: list[int]
    next: str | None
    shop: ShopCard | None
    currencies: list[str]
    counterparties: Mapping[UUID, str]


def asked_of(visit: Visit) -> Asked:
    query = visit.connection.query_params
    today = datetime.now(UTC).astimezone(BOOKS_ZONE).date()
    last = day_of(query.get("to", "")) or today
    first = day_of(query.get("from", "")) or last.replace(day=1)
    kind = query.get("kind", "")
    return Asked(
        kind=AccountKind(kind) if kind in set(AccountKind) else AccountKind.BANK_CASH,
        currency=query.get("currency") or "CNY",
        owner_id=as_uuid(query.get("owner", "")),
        first=min(first, last),
        last=last,
    )


def _signed(stood: ledger.Opening, normal: str) -> int:
    return (stood.debits - stood.credits) * (1 if normal == "debit" else -1)


async def statement(read: Read, asked: Asked, cursor: str | None) -> Statement:
    normal = await ledger.grows_on(read, asked.kind)
    after = paging.read_cursor(cursor, datetime, UUID, int)
    opening = await ledger.standing(read, asked.kind, asked.currency, asked.since, asked.owner_id)
    found = await ledger.journal(
        read,
        asked.since,
        asked.until,
        (after[0], after[1]) if after else None,
        kind=str(asked.kind),
        currency=asked.currency,
        owner_id=asked.owner_id,
        limit=ENTRIES_PER_PAGE + 1,
    )
    stands, balances = after[2] if after else _signed(opening, normal), list[int]()
    for each in found[:ENTRIES_PER_PAGE]:
        stands += each.amount if (each.debit == asked.kind) == (normal == "debit") else -each.amount
        balances.append(stands)
    more = len(found) > ENTRIES_PER_PAGE
    last = found[: len(balances)][-1] if balances else None
    owner = MerchantId(asked.owner_id) if asked.owner_id else None
    return Statement(
        normal=normal,
        opening=opening,
        closing=await ledger.standing(read, asked.kind, asked.currency, asked.until, asked.owner_id),
        moved=found[:ENTRIES_PER_PAGE],
        balances=balances,
        next=paging.write_cursor(last.at, last.transfer_id, stands) if more and last else None,
        shop=(await merchants.cards(read, [owner])).get(owner) if owner else None,
        currencies=[each.currency for each in await currencies.all(read)],
        counterparties=await ledger.counterparties(read),
    )


@get("/books/statement", opt=NEEDS)
async def statement_page(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any] | Stream:
    """`?kind=&currency=&owner=&from=&to=`: opening, movements, closing. A file has all movements, however many."""
    asked = asked_of(visit)
    found = await visit.db.ask(statement, asked, cursor)
    if exports.wanted(visit):
        return streamed.csv(visit, visit.say(N_("Account statement")), _rows(visit, asked, found))
    query = {
        "kind": asked.kind, "currency": asked.currency, "owner": asked.owner_id, "from": asked.first, "to": asked.last,
    }  # fmt: skip
    return await frame.show(
        visit,
        "books_statement.html",
        frame.BOOKS,
        tabs=book_tabs.tabs(visit, book_tabs.STATEMENT),
        asked=asked,
        found=found,
        kinds=list(AccountKind),
        opening=_signed(found.opening, found.normal),
        closing=_signed(found.closing, found.normal),
        next_href=address(book_tabs.STATEMENT, **query, cursor=found.next) if found.next else "",
        start_href=address(book_tabs.STATEMENT, **query) if cursor else "",
    )


async def _rows(visit: Visit, asked: Asked, found: Statement) -> AsyncIterator[Sequence[object]]:
    """The whole statement, the movements read page by page."""
    stands = _signed(found.opening, found.normal)
    heading = (
        N_("When"), N_("Reason"), N_("Against"), N_("Currency"), N_("Debit"), N_("Credit"), N_("Balance after"),
        N_("Whose"), N_("Document"),
    )  # fmt: skip
    yield [visit.say(word) for word in heading]
    yield (
        asked.since,
        visit.say(N_("Opening balance")),
        "",
        asked.currency,
        "",
        "",
        Money(stands, asked.currency),
        "",
        "",
    )
    async for each in streamed.journal_of(
        visit.db, asked.since, asked.until, kind=str(asked.kind), currency=asked.currency, owner_id=asked.owner_id
    ):
        debited = each.debit == asked.kind
        stands += each.amount if debited == (found.normal == "debit") else -each.amount
        amount = Money(each.amount, each.currency)
        yield (
            each.at, each.reason, str(each.credit if debited else each.debit), each.currency, amount if debited else "",
            "" if debited else amount, Money(stands, each.currency), str(each.owner_id), str(each.document),
        )  # fmt: skip
    yield (
        asked.until,
        visit.say(N_("Closing balance")),
        "",
        asked.currency,
        "",
        "",
        Money(stands, asked.currency),
        "",
        "",
    )


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Income and costs of one currency in a period, in minor units."""

    currency: str
    income: list[tuple[AccountKind, int]]
    costs: list[tuple[AccountKind, int]]

    @property
    def earned(self) -> int:
        return sum(amount for _, amount in self.income) - sum(amount for _, amount in self.costs)


async def _income(read: Read, since: datetime, until: datetime) -> list[Result]:
    classes = {line.kind: line.class_ for line in await ledger.chart(read)}
    moved = await ledger.moved_between(read, since, until)
    return [
        Result(
            currency=currency,
            income=_of(moved, currency, {kind for kind, each in classes.items() if each is Class.INCOME}),
            costs=_of(moved, currency, {kind for kind, each in classes.items() if each is Class.EXPENSE}),
        )
        for currency in sorted({line.currency for line in moved})
    ]


def _of(moved: Sequence[ledger.TrialLine], currency: str, kinds: set[AccountKind]) -> list[tuple[AccountKind, int]]:
    return [(line.kind, line.balance) for line in moved if line.currency == currency and line.kind in kinds]


@get("/books/income", opt=NEEDS)
async def income_page(visit: NamedDependency[Visit]) -> Response[Any]:
    """What the platform earned and what it cost, from a day to another: this month unless asked otherwise."""
    asked = asked_of(visit)
    results = await visit.db.ask(_income, asked.since, asked.until)
    if exports.wanted(visit):
        columns = (N_("Currency"), N_("Class"), N_("Ledger account"), N_("Amount"))
        rows = [
            (each.currency, visit.say(word), str(kind), Money(amount, each.currency))
            for each in results
            for word, lines in ((CLASSES[Class.INCOME], each.income), (CLASSES[Class.EXPENSE], each.costs))
            for kind, amount in lines
        ]
        return exports.sheet(visit, N_("Income and costs"), columns, rows)
    return await frame.show(
        visit,
        "books_income.html",
        frame.BOOKS,
        tabs=book_tabs.tabs(visit, book_tabs.INCOME),
        results=results,
        asked=asked,
        base=book_tabs.INCOME,
    )


HANDLERS = [chart_page, statement_page, income_page]
