"""The trial balance, and the way down from it: accounts of a kind, an account's entries, a document's transfers."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, OwnedBalance
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import book_tabs, frame
from steelyard.surfaces.operator.book_documents import Document, what_it_is
from steelyard.surfaces.operator.days import midnight_after
from steelyard.surfaces.operator.trial_balances import trial_of
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import address
from steelyard.surfaces.web.entries import as_uuid
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.visit import Visit

NEEDS = {"permission": "ledger.read"}
ENTRIES_PER_PAGE = 50
TRANSFERS = f"{frame.BOOKS}/transfers"


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[OwnedBalance]
    shops: Mapping[MerchantId, ShopCard]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    balance: ledger.Balance
    entries: Page[ledger.Entry]
    shop: ShopCard | None
    balances: list[int]
    reasons: list[str]


async def accounts(read: Read, kind: AccountKind, currency: str, cursor: str | None) -> Accounts:
    page = await ledger.accounts_of_kind(read, kind, currency, cursor, ENTRIES_PER_PAGE)
    return Accounts(page=page, shops=await merchants.cards(read, {MerchantId(each.owner_id) for each in page.items}))


async def account(
    read: Read, owner_id: UUID, kind: AccountKind, currency: str, cursor: str | None, reason: str | None
) -> Account:
    """Raises `NotFound`."""
    # A shop has a million entries and a buyer three: a plan made once for any of them reads far too much for some.
    await read.plan_anew()
    mine = await ledger.balances(read, owner_id)
    balance = next((each for each in mine if each.kind is kind and each.currency == currency), None)
    if balance is None:
        raise NotFound()
    cards = await merchants.cards(read, [MerchantId(owner_id)])
    entries = await ledger.entries(read, owner_id, kind, cursor, ENTRIES_PER_PAGE, currency=currency, reason=reason)
    return Account(
        balance=balance,
        entries=entries,
        shop=cards.get(MerchantId(owner_id)),
        balances=[] if reason else await running(read, owner_id, balance, entries.items),
        reasons=await ledger.reasons(read),
    )


async def running(read: Read, owner_id: UUID, account: ledger.Balance, entries: Sequence[ledger.Entry]) -> list[int]:
    """What stood on the account after each of these entries, which follow each other, the newest first."""
    if not entries:
        return []
    stood = await ledger.balance_before(read, owner_id, account.kind, account.currency, entries[-1].transfer_id)
    grows = await ledger.grows_on(read, account.kind)
    found: list[int] = []
    for entry in reversed(entries):
        stood += entry.amount if entry.side == grows else -entry.amount
        found.append(stood)
    return found[::-1]


async def _whole_account(
    read: Read, owner_id: UUID, kind: AccountKind, currency: str, reason: str | None
) -> Sequence[ledger.Entry]:
    return await exports.everything(
        lambda cursor: ledger.entries(
            read, owner_id, kind, cursor, ITEMS_PER_PAGE_MAX, currency=currency, reason=reason
        )
    )


def kind_of(name: str) -> AccountKind:
    """Raises `NotFound` for what is no kind of account."""
    try:
        return AccountKind(name)
    except ValueError:
        raise NotFound() from None


@get("/books", opt=NEEDS)
async def trial_balance(visit: NamedDependency[Visit]) -> Response[Any]:
    """The trial balance, as it was summed last, now (`?now=`) or at the end of a day (`?at=`), of everybody or of one owner
    (`?owner=`). A file is of now."""
    query = visit.connection.query_params
    day, owner_id = day_of(query.get("at", "")), as_uuid(query.get("owner", ""))
    exact = exports.wanted(visit) or "now" in query
    found = await visit.db.ask(trial_of, midnight_after(day) if day else None, owner_id, exact)
    if exports.wanted(visit):
        words = (N_("Ledger account"), N_("Currency"), N_("Debits"), N_("Credits"), N_("Balance"))
        rows = [
            (
                str(line.kind),
                line.currency,
                Money(line.debits, line.currency),
                Money(line.credits, line.currency),
                Money(line.balance, line.currency),
            )
            for each in found.currencies
            for line in each.lines
        ]
        return exports.csv_answer(visit, visit.say(N_("Trial balance")), [visit.say(word) for word in words], rows)
    return await frame.show(
        visit,
        "books.html",
        frame.BOOKS,
        currencies=found.currencies,
        summed_at=found.at,
        waited_for=found.waited_for,
        tabs=book_tabs.tabs(visit, frame.BOOKS),
        owner=found.owner,
        owner_id=owner_id,
        day=day,
        base=frame.BOOKS,
        transfers_href=TRANSFERS,
    )


@get("/books/{kind:str}/{currency:str}", opt=NEEDS)
async def accounts_page(
    visit: NamedDependency[Visit],
    kind: FromPath[str],
    currency: FromPath[str],
    cursor: FromQuery[str | None] = None,
) -> Response[Any]:
    """The accounts behind one line of the trial balance."""
    wanted, here = kind_of(kind), f"{frame.BOOKS}/{kind}/{currency}"
    if exports.wanted(visit):
        return _accounts_file(visit, await visit.db.ask(_all_accounts, wanted, currency))
    found = await visit.db.ask(accounts, wanted, currency, cursor)
    return await frame.show(
        visit,
        "books_kind.html",
        frame.BOOKS,
        counterparties=await visit.db.ask(ledger.counterparties),
        crumbs=[(visit.say(N_("Trial balance")), frame.BOOKS), (currency, None)],
        kind=wanted,
        currency=currency,
        found=found,
        base=here,
        next_href=address(here, cursor=found.page.next) if found.page.next else "",
        start_href=here if cursor else "",
    )


async def _all_accounts(read: Read, kind: AccountKind, currency: str) -> Accounts:
    found = await exports.everything(
        lambda cursor: ledger.accounts_of_kind(read, kind, currency, cursor, ITEMS_PER_PAGE_MAX)
    )
    shops = await merchants.cards(read, {MerchantId(each.owner_id) for each in found})
    return Accounts(page=Page(found, None), shops=shops)


def _accounts_file(visit: Visit, found: Accounts) -> Response[bytes]:
    words = (N_("Whose"), N_("Document"), N_("Currency"), N_("Debits"), N_("Credits"), N_("Balance"))
    rows = [
        (
            found.shops[MerchantId(each.owner_id)].name if each.owner_id in found.shops else visit.say(N_("Buyer")),
            str(each.owner_id),
            each.currency,
            Money(each.debits, each.currency),
            Money(each.credits, each.currency),
            Money(each.balance, each.currency),
        )
        for each in found.page.items
    ]
    return exports.csv_answer(visit, visit.say(N_("Accounts")), [visit.say(word) for word in words], rows)


@get("/books/{kind:str}/{currency:str}/{owner_id:uuid}", opt=NEEDS)
async def account_page(
    visit: NamedDependency[Visit],
    kind: FromPath[str],
    currency: FromPath[str],
    owner_id: FromPath[UUID],
    cursor: FromQuery[str | None] = None,
) -> Response[Any]:
    """One account's entries, the newest first. (An owner's account of a kind holds all its currencies' entries.)"""
    wanted, here = kind_of(kind), f"{frame.BOOKS}/{kind}/{currency}/{owner_id}"
    reason = visit.connection.query_params.get("reason") or None
    if exports.wanted(visit):
        return _entries_file(visit, await visit.db.ask(_whole_account, owner_id, wanted, currency, reason))
    found = await visit.db.ask(account, owner_id, wanted, currency, cursor, reason)
    return await frame.show(
        visit,
        "books_account.html",
        frame.BOOKS,
        counterparties=await visit.db.ask(ledger.counterparties),
        crumbs=[
            (visit.say(N_("Trial balance")), frame.BOOKS),
            (currency, f"{frame.BOOKS}/{kind}/{currency}"),
            (found.shop.name.in_language(visit.locale) if found.shop else str(owner_id)[:8], None),
        ],
        kind=wanted,
        found=found,
        owner_id=owner_id,
        reason=reason,
        base=here,
        next_href=address(here, reason=reason, cursor=found.entries.next) if found.entries.next else "",
        start_href=address(here, reason=reason) if cursor else "",
    )


def _entries_file(visit: Visit, entries: Sequence[ledger.Entry]) -> Response[bytes]:
    words = (N_("When"), N_("Reason"), N_("Against"), N_("Side"), N_("Currency"), N_("Amount"), N_("Document"))
    rows = [
        (
            each.at,
            each.reason,
            str(each.against),
            each.side,
            each.currency,
            Money(each.amount, each.currency),
            str(each.document),
        )
        for each in entries
    ]
    return exports.csv_answer(visit, visit.say(N_("Entries")), [visit.say(word) for word in words], rows)


@get("/books/documents/{document:uuid}", opt=NEEDS)
async def document_page(visit: NamedDependency[Visit], document: FromPath[UUID]) -> Response[Any]:
    """Everything that one payment, order, refund or statement moved."""
    found, what, shops = await visit.db.ask(_moved, document)
    if exports.wanted(visit):
        return _transfers_file(visit, found)
    return await frame.show(
        visit,
        "books_document.html",
        frame.BOOKS,
        counterparties=await visit.db.ask(ledger.counterparties),
        crumbs=[(visit.say(N_("Trial balance")), frame.BOOKS), (str(document), None)],
        document=document,
        what=what,
        shops=shops,
        transfers=found,
        correctable=await visit.db.ask(_correctable, found),
    )


async def _correctable(read: Read, found: Sequence[ledger.PostedTransfer]) -> set[UUID]:
    """Those that people may reverse by hand: of a channel or bank, and of no statement."""
    hands, known = await ledger.kinds_by_hand(read), await ledger.counterparties(read)
    return {each.transfer_id for each in found if each.owner_id in known and ledger.correctable(each, hands)}


async def _moved(
    read: Read, document: UUID
) -> tuple[list[ledger.PostedTransfer], Document | None, Mapping[MerchantId, ShopCard]]:
    """Raises `NotFound`."""
    found = await ledger.transfers_of(read, [document])
    if not found:
        raise NotFound()
    shops = await merchants.cards(read, {MerchantId(each.owner_id) for each in found})
    return found, await what_it_is(read, document, found), shops


class Transfers(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[ledger.PostedTransfer]
    sums: list[ledger.Sum]
    shops: Mapping[MerchantId, ShopCard]
    reasons: list[str]


async def transfers_of_figure(read: Read, which: ledger.Which, cursor: str | None) -> Transfers:
    page = await ledger.transfers(read, which, cursor, ENTRIES_PER_PAGE)
    owners = {MerchantId(each.owner_id) for each in page.items} | (
        {MerchantId(which.owner_id)} if which.owner_id else set[MerchantId]()
    )
    return Transfers(
        page=page,
        sums=await ledger.sums(read, which),
        shops=await merchants.cards(read, owners),
        reasons=await ledger.reasons(read),
    )


async def _all_transfers(read: Read, which: ledger.Which) -> Sequence[ledger.PostedTransfer]:
    return await exports.everything(lambda cursor: ledger.transfers(read, which, cursor, ITEMS_PER_PAGE_MAX))


@get("/books/transfers", opt=NEEDS)
async def transfers_page(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """The transfers that make up a figure: `?owner=&kind=&side=&currency=&reason=&from=&to=`. Any page that shows an
    amount leads here with what made it up."""
    query = visit.connection.query_params
    asked = {name: query.get(name, "") for name in ("owner", "kind", "side", "currency", "reason", "from", "to")}
    first, last = day_of(asked["from"]), day_of(asked["to"])
    which = ledger.Which(
        owner_id=as_uuid(asked["owner"]),
        kind=AccountKind(asked["kind"]) if asked["kind"] in set(AccountKind) else None,
        side=asked["side"] if asked["side"] in ("debit", "credit") else None,
        currency=asked["currency"] or None,
        reason=asked["reason"] or None,
        since=midnight_after(first - timedelta(days=1)) if first else None,
        until=midnight_after(last) if last else None,
    )
    if exports.wanted(visit):
        return _transfers_file(visit, await visit.db.ask(_all_transfers, which))
    found = await visit.db.ask(transfers_of_figure, which, cursor)
    return await frame.show(
        visit,
        "books_transfers.html",
        frame.BOOKS,
        counterparties=await visit.db.ask(ledger.counterparties),
        crumbs=[(visit.say(N_("Trial balance")), frame.BOOKS), (visit.say(N_("Transfers")), None)],
        found=found,
        asked=asked,
        kinds=list(AccountKind),
        summed_max=ledger.SUMMED_MAX,
        base=TRANSFERS,
        next_href=address(TRANSFERS, **asked, cursor=found.page.next) if found.page.next else "",
        start_href=address(TRANSFERS, **asked) if cursor else "",
    )


def _transfers_file(visit: Visit, found: Sequence[ledger.PostedTransfer]) -> Response[bytes]:
    words = (
        N_("When"), N_("Debit"), N_("Credit"), N_("Reason"), N_("Currency"), N_("Amount"), N_("Whose"), N_("Document"),
    )  # fmt: skip
    rows = [
        (
            each.at,
            str(each.debit),
            str(each.credit),
            each.reason,
            each.currency,
            Money(each.amount, each.currency),
            str(each.owner_id),
            str(each.document),
        )
        for each in found
    ]
    return exports.csv_answer(visit, visit.say(N_("Transfers")), [visit.say(word) for word in words], rows)


HANDLERS = [trial_balance, accounts_page, account_page, document_page, transfers_page]
