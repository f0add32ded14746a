"""One merchant, under tabs: how it does, its goods, orders, money, papers, people, and what was done."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductRow
from steelyard.kernel import ids
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.kernel.text import Text
from steelyard.money import ledger
from steelyard.operations import analytics
from steelyard.operations.analytics import DayFigures
from steelyard.parties import access, applications, merchants
from steelyard.parties.access.model import AccountKind, AuditEntry, StaffMember
from steelyard.parties.applications.model import ApplicationFile, ApplicationId
from steelyard.parties.merchants import Agreement
from steelyard.parties.merchants.model import LicenceRenewal, Merchant, MerchantId, MerchantStep, ShopCard
from steelyard.parties.policies import Version
from steelyard.surfaces.components.page import NavItem
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.closing import Closing, closing
from steelyard.surfaces.web import fee_words, settlement_words
from steelyard.surfaces.web.audit_details import Reader, raw, reader
from steelyard.surfaces.web.audit_words import ACTIONS
from steelyard.surfaces.web.category_names import names_of
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import commission, orders, settlement
from steelyard.trade.commission.model import Rule
from steelyard.trade.orders.model import Order, OrderState
from steelyard.trade.settlement import Statement, Waiting
from steelyard.trade.settlement.model import settlement_day

T = TypeVar("T")

DAYS_SHOWN = 14
RECENT = 10
READS = {"permission": "merchants.read"}
# (the end of the address, what it is called, who may)
TABS = (
    ("", N_("Overview"), "merchants.read"),
    ("/goods", N_("Goods"), "merchants.read"),
    ("/orders", N_("Orders"), "orders.read"),
    ("/money", N_("Money"), "merchants.read"),
    ("/papers", N_("Papers"), "merchants.read"),
    ("/staff", N_("Staff"), "merchants.read"),
    ("/audit", N_("Audit log"), "audit.read"),
)


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What stands above every tab."""

    merchant: Merchant
    card: ShopCard
    closing: Closing


async def head(read: Read, merchant_id: MerchantId) -> Head:
    """Raises `NotFound`."""
    merchant = await merchants.get(read, merchant_id)
    if merchant is None:
        raise NotFound()
    card = (await merchants.cards(read, [merchant_id]))[merchant_id]
    return Head(merchant=merchant, card=card, closing=await closing(read, merchant_id))


async def _show(visit: Visit, template: str, tab: str, found: Head, **values: Any) -> Response[Any]:
    own = f"{frame.MERCHANTS}/{found.merchant.merchant_id}"
    name = found.card.name.in_language(visit.locale)
    return await frame.show(
        visit,
        template,
        frame.MERCHANTS,
        crumbs=[(visit.say(N_("Merchants")), frame.MERCHANTS), (name, None)],
        found=found,
        merchant=found.merchant,
        card=found.card,
        name=name,
        own=own,
        tabs=[
            NavItem(visit.say(word), own + end, current=end == tab)
            for end, word, permission in TABS
            if visit.actor.may(permission)
        ],
        **values,
    )


def _onward(visit: Visit, page: Page[Any], cursor: str | None) -> dict[str, str]:
    here = visit.connection.url.path
    return {"next_href": address(here, cursor=page.next) if page.next else "", "start_href": here if cursor else ""}


class Overview(Head, frozen=True, kw_only=True):
    counts: dict[OrderState, int]
    days: list[DayFigures]
    waiting: list[Waiting]
    recent: list[Order]
    history: list[MerchantStep]


async def overview(read: Read, merchant_id: MerchantId) -> Overview:
    above = await head(read, merchant_id)
    return Overview(
        **msgspec.structs.asdict(above),
        counts=await orders.counts_of_merchant(read, merchant_id),
        days=await analytics.days_of_merchant(read, merchant_id, DAYS_SHOWN),
        waiting=await settlement.waiting(read, merchant_id),
        recent=(await orders.orders_of_merchant(read, merchant_id, limit=RECENT)).items,
        history=await merchants.history(read, merchant_id),
    )


@get("/merchants/{merchant_id:uuid}", opt=READS)
async def overview_tab(visit: NamedDependency[Visit], merchant_id: FromPath[UUID]) -> Response[Any]:
    """How it does, what is still open, and what became of it."""
    return await _show(visit, "merchant_overview.html", "", await visit.db.ask(overview, MerchantId(merchant_id)))


class Goods(Head, frozen=True, kw_only=True):
    page: Page[ProductRow]
    category_names: Mapping[UUID, Text]
    admitted: set[UUID]


async def goods(read: Read, merchant_id: MerchantId, cursor: str | None) -> Goods:
    above = await head(read, merchant_id)
    return Goods(
        **msgspec.structs.asdict(above),
        page=await catalog.products_page(read, merchant_id, cursor=cursor, limit=ROWS_PER_PAGE),
        category_names=names_of(await catalog.categories(read)),
        admitted=await merchants.categories_of(read, merchant_id),
    )


@get("/merchants/{merchant_id:uuid}/goods", opt=READS)
async def goods_tab(
    visit: NamedDependency[Visit], merchant_id: FromPath[UUID], cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """What it offers, and in which categories it may."""
    found = await visit.db.ask(goods, MerchantId(merchant_id), cursor)
    return await _show(visit, "merchant_goods.html", "/goods", found, **_onward(visit, found.page, cursor))


class Orders(Head, frozen=True, kw_only=True):
    page: Page[Order]


async def its_orders(read: Read, merchant_id: MerchantId, cursor: str | None) -> Orders:
    above = await head(read, merchant_id)
    page = await orders.orders_of_merchant(read, merchant_id, cursor=cursor, limit=ROWS_PER_PAGE)
    return Orders(**msgspec.structs.asdict(above), page=page)


@get("/merchants/{merchant_id:uuid}/orders", opt={"permission": "orders.read"})
async def orders_tab(
    visit: NamedDependency[Visit], merchant_id: FromPath[UUID], cursor: FromQuery[str | None] = None
) -> Response[Any]:
    found = await visit.db.ask(its_orders, MerchantId(merchant_id), cursor)
    return await _show(visit, "merchant_orders.html", "/orders", found, **_onward(visit, found.page, cursor))


class Money(Head, frozen=True, kw_only=True):
    """`rules` are those of fees that can count for this merchant now: its own, and everybody's."""

    balances: list[ledger.Balance]
    waiting: list[Waiting]
    page: Page[Statement]
    rules: list[Rule]
    category_names: Mapping[UUID, Text]
    terms: settlement.Terms
    named: fee_words.Named


async def its_money(read: Read, merchant_id: MerchantId, cursor: str | None) -> Money:
    above = await head(read, merchant_id)
    rules = await commission.rules_of_merchant(read, merchant_id)
    return Money(
        **msgspec.structs.asdict(above),
        balances=await ledger.balances(read, merchant_id),
        waiting=await settlement.waiting(read, merchant_id),
        page=await settlement.statements_page(read, merchant_id=merchant_id, cursor=cursor, limit=ROWS_PER_PAGE),
        rules=rules,
        named=await fee_words.named(read, rules),
        category_names=names_of(await catalog.categories(read)),
        terms=(await settlement.agreed(read, [merchant_id])).on(
            merchant_id, settlement.settlement_day(datetime.now(UTC))
        ),
    )


@get("/merchants/{merchant_id:uuid}/money", opt=READS)
async def money_tab(
    visit: NamedDependency[Visit], merchant_id: FromPath[UUID], cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """Statements, accounts, commission and terms."""
    found = await visit.db.ask(its_money, MerchantId(merchant_id), cursor)
    return await _show(
        visit,
        "merchant_money.html",
        "/money",
        found,
        rate_id=ids.mint(),
        words=settlement_words,
        channels=fee_words.CHANNELS,
        **_onward(visit, found.page, cursor),
    )


class Papers(Head, frozen=True, kw_only=True):
    """`scans` came with the application, none for a merchant that was never an applicant; `renewals` are new licences
    that it handed in later; `agreements` say which rules were agreed to, and who did so; `outstanding` is what was not
    agreed to yet, and from `agree_by` on nothing new goes onto its shelf."""

    scans: Mapping[str, ApplicationFile]
    renewals: Sequence[LicenceRenewal]
    agreements: Sequence[tuple[Agreement, str]]
    outstanding: Version | None
    agree_by: date | None


async def papers(read: Read, merchant_id: MerchantId) -> Papers:
    above = await head(read, merchant_id)
    scans = await applications.files_of(read, ApplicationId(merchant_id))
    names = {member.account_id: member.name for member in await access.staff(read, merchant_id)}
    outstanding = await merchants.rules_outstanding(read, merchant_id)
    return Papers(
        **msgspec.structs.asdict(above),
        scans=scans,
        renewals=await merchants.renewals_of(read, merchant_id),
        agreements=[(each, names.get(each.account_id, "")) for each in await merchants.agreements(read, merchant_id)],
        outstanding=outstanding,
        agree_by=await merchants.agree_by(read, outstanding) if outstanding else None,
    )


@get("/merchants/{merchant_id:uuid}/papers", opt=READS)
async def papers_tab(visit: NamedDependency[Visit], merchant_id: FromPath[UUID]) -> Response[Any]:
    """Who it is before the law, and how long its licence is good."""
    found = await visit.db.ask(papers, MerchantId(merchant_id))
    return await _show(visit, "merchant_papers.html", "/papers", found, today=settlement_day(datetime.now(UTC)))


class People(Head, frozen=True, kw_only=True):
    staff: Sequence[StaffMember]
    roles: Mapping[str, Text]


async def people(read: Read, merchant_id: MerchantId) -> People:
    above = await head(read, merchant_id)
    roles = await access.roles(read, AccountKind.MERCHANT, merchant_id)
    return People(
        **msgspec.structs.asdict(above),
        staff=await access.staff(read, merchant_id),
        roles={role.role_id: role.name for role in roles},
    )


@get("/merchants/{merchant_id:uuid}/staff", opt=READS)
async def staff_tab(visit: NamedDependency[Visit], merchant_id: FromPath[UUID]) -> Response[Any]:
    """Who signs in for it."""
    return await _show(visit, "merchant_staff.html", "/staff", await visit.db.ask(people, MerchantId(merchant_id)))


class Log(Head, frozen=True, kw_only=True):
    page: Page[AuditEntry]
    reader: Reader


async def log(read: Read, merchant_id: MerchantId, locale: str, cursor: str | None) -> Log:
    above = await head(read, merchant_id)
    page = await access.audit_log(read, merchant_id, cursor, ROWS_PER_PAGE)
    its = await reader(read, locale, AccountKind.OPERATOR, merchant_id, page.items)
    return Log(**msgspec.structs.asdict(above), page=page, reader=its)


@get("/merchants/{merchant_id:uuid}/audit", opt={"permission": "audit.read"})
async def audit_tab(
    visit: NamedDependency[Visit], merchant_id: FromPath[UUID], cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """What its staff, and the operator's, have done in its shop."""
    found = await visit.db.ask(log, MerchantId(merchant_id), visit.locale, cursor)
    return await _show(
        visit, "merchant_audit.html", "/audit", found, words=ACTIONS, raw=raw, **_onward(visit, found.page, cursor)
    )


HANDLERS = [overview_tab, goods_tab, orders_tab, money_tab, papers_tab, staff_tab, audit_tab]
