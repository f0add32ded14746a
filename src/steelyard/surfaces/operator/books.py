"""The trial balance, and the way down from it: accounts of a kind, an account's entries, a document's transfers."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, OwnedBalance, TrialLine
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.console import address
from steelyard.surfaces.web.visit import Visit

NEEDS = {"permission": "ledger.read"}
ENTRIES_PER_PAGE = 50


class Currency(msgspec.Struct, frozen=True, kw_only=True):
    """One currency's trial balance. `debits` and `credits` are the same, or the books are broken."""

    currency: str
    lines: list[TrialLine]
    debits: int
    credits: int

    @property
    def balanced(self) -> bool:
        return self.debits == self.credits


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[OwnedBalance]
    shops: Mapping[MerchantId, ShopCard]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    balance: ledger.Balance
    entries: Page[ledger.Entry]
    shop: ShopCard | None


async def trial(read: Read) -> list[Currency]:
    lines = await ledger.trial_balance(read)
    found: list[Currency] = []
    for currency, group in groupby(lines, key=lambda line: line.currency):
        of_currency = list(group)
        debits, credits_ = sum(line.debits for line in of_currency), sum(line.credits for line in of_currency)
        found.append(Currency(currency=currency, lines=of_currency, debits=debits, credits=credits_))
    return found


async def accounts(read: Read, kind: AccountKind, currency: str, cursor: str | None) -> Accounts:
    page = await ledger.accounts_of_kind(read, kind, currency, cursor, ENTRIES_PER_PAGE)
    return Accounts(page=page, shops=await merchants.cards(read, {MerchantId(each.owner_id) for each in page.items}))


async def account(read: Read, owner_id: UUID, kind: AccountKind, currency: str, cursor: str | None) -> Account:
    """Raises `NotFound`."""
    mine = await ledger.balances(read, owner_id)
    balance = next((each for each in mine if each.kind is kind and each.currency == currency), None)
    if balance is None:
        raise NotFound()
    cards = await merchants.cards(read, [MerchantId(owner_id)])
    return Account(
        balance=balance,
        entries=await ledger.entries(read, owner_id, kind, cursor, ENTRIES_PER_PAGE),
        shop=cards.get(MerchantId(owner_id)),
    )


def kind_of(name: str) -> AccountKind:
    """Raises `NotFound` for what is no kind of account."""
    try:
        return AccountKind(name)
    except ValueError:
        raise NotFound() from None


@get("/books", opt=NEEDS)
async def trial_balance(visit: NamedDependency[Visit]) -> Response[Any]:
    return await frame.show(visit, "books.html", frame.BOOKS, currencies=await visit.db.ask(trial))


@get("/books/{kind:str}/{currency:str}", opt=NEEDS)
async def accounts_page(
    visit: NamedDependency[Visit],
    kind: FromPath[str],
    currency: FromPath[str],
    cursor: FromQuery[str | None] = None,
) -> Response[Any]:
    """The accounts behind one line of the trial balance."""
    wanted, here = kind_of(kind), f"{frame.BOOKS}/{kind}/{currency}"
    found = await visit.db.ask(accounts, wanted, currency, cursor)
    return await frame.show(
        visit,
        "books_kind.html",
        frame.BOOKS,
        crumbs=[(visit.say(N_("Trial balance")), frame.BOOKS), (currency, None)],
        kind=wanted,
        currency=currency,
        found=found,
        base=here,
        next_href=address(here, cursor=found.page.next) if found.page.next else "",
        start_href=here if cursor else "",
    )


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
    found = await visit.db.ask(account, owner_id, wanted, currency, cursor)
    return await frame.show(
        visit,
        "books_account.html",
        frame.BOOKS,
        crumbs=[
            (visit.say(N_("Trial balance")), frame.BOOKS),
            (currency, f"{frame.BOOKS}/{kind}/{currency}"),
            (found.shop.name.in_language(visit.locale) if found.shop else str(owner_id)[:8], None),
        ],
        kind=wanted,
        found=found,
        owner_id=owner_id,
        next_href=address(here, cursor=found.entries.next) if found.entries.next else "",
        start_href=here if cursor else "",
    )


@get("/books/documents/{document:uuid}", opt=NEEDS)
async def document_page(visit: NamedDependency[Visit], document: FromPath[UUID]) -> Response[Any]:
    """Everything that one payment, order, refund or statement moved."""
    found = await visit.db.ask(ledger.transfers_of, [document])
    if not found:
        raise NotFound()
    return await frame.show(
        visit,
        "books_document.html",
        frame.BOOKS,
        crumbs=[(visit.say(N_("Trial balance")), frame.BOOKS), (str(document), None)],
        document=document,
        transfers=found,
    )


HANDLERS = [trial_balance, accounts_page, account_page, document_page]
