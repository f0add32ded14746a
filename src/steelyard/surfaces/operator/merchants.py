"""The merchants: who sells here, suspended and reopened, and what commission they pay."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.goods.catalog.model import Category
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import PARTS_PER_MILLION
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.kernel.text import Text
from steelyard.money import ledger
from steelyard.operations import analytics
from steelyard.operations.analytics import DayFigures
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor, AuditEntry, StaffMember
from steelyard.parties.merchants.model import Merchant, MerchantId, MerchantState, MerchantStep, ShopCard, Wanted
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.closing import Closing, closing
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, SAVED, address, done
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import commission, orders, settlement
from steelyard.trade.commission.model import Rate, RateId
from steelyard.trade.orders.model import Order, OrderState
from steelyard.trade.settlement import Statement, Waiting

DAYS_SHOWN = 14
RECENT = 10
PERCENT_DIGITS = 4


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """`rates` are those that count for this merchant: its own, and everybody's."""

    merchant: Merchant
    card: ShopCard
    balances: list[ledger.Balance]
    waiting: list[Waiting]
    statements: list[Statement]
    recent: list[Order]
    counts: dict[OrderState, int]
    days: list[DayFigures]
    rates: list[Rate]
    category_names: dict[UUID, Text]
    closing: Closing
    history: list[MerchantStep]
    admitted: set[UUID]
    staff: Sequence[StaffMember]
    log: Sequence[AuditEntry]


async def whole(read: Read, merchant_id: MerchantId) -> Whole:
    """Raises `NotFound`."""
    merchant = await merchants.get(read, merchant_id)
    if merchant is None:
        raise NotFound()
    rates = await commission.valid_rates(read)
    return Whole(
        merchant=merchant,
        card=(await merchants.cards(read, [merchant_id]))[merchant_id],
        balances=await ledger.balances(read, merchant_id),
        waiting=await settlement.waiting(read, merchant_id),
        statements=(await settlement.statements_page(read, merchant_id=merchant_id, limit=RECENT)).items,
        recent=(await orders.orders_of_merchant(read, merchant_id, limit=RECENT)).items,
        counts=await orders.counts_of_merchant(read, merchant_id),
        days=await analytics.days_of_merchant(read, merchant_id, DAYS_SHOWN),
        rates=[rate for rate in rates if rate.merchant_id in (None, merchant_id)],
        category_names=names_of(await catalog.categories(read)),
        closing=await closing(read, merchant_id),
        history=await merchants.history(read, merchant_id),
        admitted=await merchants.categories_of(read, merchant_id),
        staff=await access.staff(read, merchant_id),
        log=(await access.audit_log(read, merchant_id, None, RECENT)).items,
    )


def names_of(tree: list[Category]) -> dict[UUID, Text]:
    """The names of all categories of a tree."""
    found: dict[UUID, Text] = {}
    for category in tree:
        found[category.category_id] = category.name
        found |= names_of(category.children)
    return found


@get("/merchants", opt={"permission": "merchants.read"})
async def merchant_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    query = visit.connection.query_params
    typed = {name: value for name in ("q", "state", "sort") if (value := (query.get(name) or "").strip())}
    state = typed.get("state", "")
    wanted = Wanted(
        words=typed.get("q", ""),
        state=MerchantState(state) if state in set(MerchantState) else None,
        sort=typed.get("sort", "oldest"),
    )
    if exports.wanted(visit):
        return _as_file(visit, await visit.db.ask(_every, wanted))
    found: Page[ShopCard] = await visit.db.ask(merchants.found, wanted, cursor, ROWS_PER_PAGE)
    return await frame.show(
        visit,
        "merchants.html",
        frame.MERCHANTS,
        found=found,
        typed=typed,
        states=list(MerchantState),
        base=frame.MERCHANTS,
        next_href=address(frame.MERCHANTS, **typed, cursor=found.next) if found.next else "",
        start_href=address(frame.MERCHANTS, **typed) if cursor else "",
    )


async def _every(read: Read, wanted: Wanted) -> list[ShopCard]:
    return await exports.everything(lambda cursor: merchants.found(read, wanted, cursor, ITEMS_PER_PAGE_MAX))


def _as_file(visit: Visit, found: list[ShopCard]) -> Response[bytes]:
    words = (N_("Shop"), N_("Address"), N_("Country"), N_("Currency"), N_("State"), N_("Self-operated"), N_("Document"))
    rows = [
        (
            card.name,
            f"/shops/{card.slug}",
            card.country,
            card.currency,
            card.state,
            card.self_operated,
            card.merchant_id,
        )
        for card in found
    ]
    return exports.csv_answer(visit, visit.say(N_("Merchants")), [visit.say(word) for word in words], rows)


@get("/merchants/{merchant_id:uuid}", opt={"permission": "merchants.read"})
async def merchant_page(visit: NamedDependency[Visit], merchant_id: FromPath[UUID]) -> Response[Any]:
    found = await visit.db.ask(whole, MerchantId(merchant_id))
    name = found.card.name.in_language(visit.locale)
    return await frame.show(
        visit,
        "merchant.html",
        frame.MERCHANTS,
        crumbs=[(visit.say(N_("Merchants")), frame.MERCHANTS), (name, None)],
        found=found,
        merchant=found.merchant,
        card=found.card,
        name=name,
        own=f"{frame.MERCHANTS}/{merchant_id}",
        rate_id=ids.mint(),
        parts=PARTS_PER_MILLION,
    )


async def known(visit: Visit, merchant_id: UUID) -> Merchant:
    """Raises `NotFound`."""
    merchant = await visit.db.ask(merchants.get, MerchantId(merchant_id))
    if merchant is None:
        raise NotFound()
    return merchant


async def set_rate(
    tx: Tx, actor: Actor, rate_id: RateId, millionths: int, merchant_id: MerchantId, category_id: UUID | None
) -> None:
    rates = await commission.valid_rates(tx)
    own = (each for each in rates if (each.merchant_id, each.category_id) == (merchant_id, category_id))
    was = next(own, None)
    await commission.set_rate(tx, rate_id, millionths, merchant_id=merchant_id, category_id=category_id)
    facts = {"category_id": str(category_id) if category_id else None}
    await access.audit(
        tx,
        actor,
        "commission.set_rate",
        str(merchant_id),
        facts,
        merchant_id=merchant_id,
        before={"millionths": was.millionths if was else None},
        after={"millionths": millionths},
    )


@post("/merchants/{merchant_id:uuid}/commission", opt={"permission": "merchants.manage"})
async def change_commission(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID]
) -> Redirect:
    """What this merchant pays from now on; orders placed before keep theirs."""
    merchant = await known(visit, merchant_id)
    form = await entries_of(request)
    back = f"{frame.MERCHANTS}/{merchant_id}"
    millionths = millionths_of(form)
    if millionths is None:
        return redirect(visit, back, (visit.say(N_("Please enter a rate between 0 and 100 %.")), "bad"))
    return await done(
        visit,
        back,
        SAVED,
        lambda: visit.db.transact(
            set_rate,
            visit.actor,
            RateId(form.uuid("rate_id")),
            millionths,
            merchant.merchant_id,
            as_uuid(form.text("category")),
        ),
    )


def millionths_of(form: Entries) -> int | None:
    """The percentage of the field `rate` in parts per million; none for what is none."""
    try:
        percent = Decimal(form.text("rate").removesuffix("%").strip())
    except InvalidOperation:
        return None
    if not percent.is_finite() or not 0 <= percent <= 100 or percent != round(percent, PERCENT_DIGITS):
        return None
    return int(percent * (PARTS_PER_MILLION // 100))


HANDLERS = [merchant_list, merchant_page, change_commission]
