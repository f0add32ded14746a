"""Settlement: the run for a day, the statements, and failed payouts sent once more."""

from collections.abc import Awaitable
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.money import ledger
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import Merchant, MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.settlement_tabs import tabs
from steelyard.surfaces.operator.stripe_payouts import Sent, sent
from steelyard.surfaces.web import exports, settlement_words, statement_papers
from steelyard.surfaces.web.console import ROWS_PER_PAGE, InState, address, done
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import orders, settlement
from steelyard.trade.orders.model import OrderId
from steelyard.trade.settlement import Entry, Objected, Statement, StatementState, Step, settlement_day

NEEDS = {"permission": "settlement.run"}
ENTRIES_PER_PAGE = 100
# In a demo tomorrow need not be waited for: what is sold today is due then.
DEMO_DAYS_AHEAD = 31
# One click issues at most this many runs' worth of statements, each run in a transaction of its own.
RUNS_PER_CLICK_MAX = 20
# The tab of statements that merchants object to; the others are of states.
OBJECTED = "objected"
TABS: dict[str, tuple[str, StatementState | None]] = {
    "all": (N_("All"), None),
    "issued": (N_("Issued"), StatementState.ISSUED),
    "checked": (N_("To be paid"), StatementState.CHECKED),
    "batched": (N_("In a bank file"), StatementState.BATCHED),
    "paying": (N_("Being paid"), StatementState.PAYING),
    "held": (N_("Waits for Stripe"), StatementState.HELD),
    "paid": (N_("Paid out"), StatementState.PAID),
    "failed": (N_("Payout failed"), StatementState.FAILED),
    OBJECTED: (N_("Objected"), None),
}


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Statement] | Page[Objected]
    shops: dict[MerchantId, ShopCard]


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    statement: Statement
    merchant: Merchant
    shop: ShopCard
    steps: list[Step]
    entries: Page[Entry]
    codes: dict[OrderId, str]
    transfers: list[ledger.PostedTransfer]
    checks: list[settlement.Check]
    kinds: list[tuple[settlement.EntryKind, int, int]]
    disputed: dict[UUID, settlement.Dispute]
    fees: list[settlement.FeeSum]
    stripe: Sent | None


async def listed(read: Read, tab: str, cursor: str | None) -> Listed:
    page = await _page_of(read, tab, cursor, ROWS_PER_PAGE)
    return Listed(page=page, shops=await merchants.cards(read, {each.merchant_id for each in page.items}))


async def _page_of(read: Read, tab: str, cursor: str | None, limit: int) -> Page[Statement] | Page[Objected]:
    if tab == OBJECTED:
        return await settlement.objected(read, cursor=cursor, limit=limit)
    return await settlement.statements_page(read, state=TABS[tab][1], cursor=cursor, limit=limit)


async def _every(read: Read, tab: str) -> Listed:
    found: list[Statement] = await exports.everything(
        lambda cursor: cast("Awaitable[Page[Statement]]", _page_of(read, tab, cursor, ITEMS_PER_PAGE_MAX))
    )
    return Listed(page=Page(found, None), shops=await merchants.cards(read, {each.merchant_id for each in found}))


async def whole(read: Read, merchant_id: MerchantId, statement_id: UUID, cursor: str | None) -> Whole:
    """Raises `NotFound`."""
    statement = await settlement.statement(read, merchant_id, statement_id)
    merchant = await merchants.get(read, merchant_id)
    if statement is None or merchant is None:
        raise NotFound()
    entries = await settlement.entries(read, merchant_id, statement_id, cursor, ENTRIES_PER_PAGE)
    wanted = sorted({OrderId(entry.order_id) for entry in entries.items if entry.order_id})
    through = await sent(read, statement)
    return Whole(
        statement=statement,
        merchant=merchant,
        shop=(await merchants.cards(read, [merchant_id]))[merchant_id],
        steps=await settlement.timeline(read, merchant_id, statement_id),
        entries=entries,
        codes=await orders.codes_of(read, merchant_id, wanted),
        transfers=await ledger.transfers_of(read, [statement_id, *(through.documents if through else ())]),
        checks=await settlement.checks_of(read, merchant_id, statement_id),
        kinds=await settlement.by_kind(read, merchant_id, statement_id),
        disputed={each.entry_id: each for each in await settlement.disputes_of(read, merchant_id, statement_id)},
        fees=await settlement.fees_of_statement(read, merchant_id, statement_id),
        stripe=through,
    )


@get("/settlement", opt=NEEDS)
async def statement_list(
    visit: NamedDependency[Visit], wanted: InState = None, cursor: FromQuery[str | None] = None
) -> Response[Any]:
    tab = wanted if wanted in TABS else "all"
    if exports.wanted(visit):
        return _as_file(visit, await visit.db.ask(_every, tab))
    found = await visit.db.ask(listed, tab, cursor)
    return await frame.show(
        visit,
        "settlement.html",
        frame.SETTLEMENT,
        found=found,
        today=settlement_day(datetime.now(UTC)),
        latest=_latest(visit),
        sections=tabs(visit, frame.SETTLEMENT),
        tabs=[
            {"label": visit.say(word), "href": address(frame.SETTLEMENT, state=key), "current": key == tab}
            for key, (word, _) in TABS.items()
        ],
        next_href=address(frame.SETTLEMENT, state=tab, cursor=found.page.next) if found.page.next else "",
        start_href=address(frame.SETTLEMENT, state=tab) if cursor else "",
    )


def _as_file(visit: Visit, found: Listed) -> Response[bytes]:
    words = (
        N_("Statement"), N_("Shop"), N_("Day"), N_("State"), N_("Currency"), N_("Sales"), N_("Commission"), N_("Refunds"),
        N_("Commission returned"), N_("Paid by the platform"), N_("Taken back by the platform"), N_("Adjustments"),
        N_("Payout"), N_("Paid out"), N_("Bank reference"), N_("What failed"),
    )  # fmt: skip
    rows = [
        (
            each.code,
            found.shops[each.merchant_id].name if each.merchant_id in found.shops else "",
            each.day,
            each.state,
            each.currency,
            *(
                Money(amount, each.currency)
                for amount in (
                    each.sales,
                    each.commission,
                    each.refunds,
                    each.commission_returned,
                    each.subsidy,
                    each.subsidy_returned,
                    each.adjustments,
                    each.payout,
                )
            ),
            each.paid_at,
            each.bank_reference,
            each.failure,
        )
        for each in found.page.items
    ]
    return exports.sheet(visit, N_("Statements"), words, rows)


def _latest(visit: Visit) -> date:
    """The last day for which statements may be issued."""
    return settlement_day(datetime.now(UTC)) + timedelta(days=DEMO_DAYS_AHEAD if visit.settings.development else 0)


async def run(tx: Tx, actor: Actor, day: date, after: UUID) -> settlement.RunStep:
    done = await settlement.step(tx, day, after)
    if done.statements:
        codes = [each.code for each in done.statements]
        await access.audit(tx, actor, "settlement.run", day.isoformat(), {"statements": codes})
    return done


@post("/settlement/run", opt=NEEDS)
async def run_settlement(visit: NamedDependency[Visit], request: WebRequest) -> Redirect:
    """Issue statements for all that is due by the chosen day. Twice changes nothing; a day to come is refused."""
    form = await entries_of(request)
    day = day_of(form.text("day"))
    if day is None or day > _latest(visit):
        return redirect(visit, frame.SETTLEMENT, (visit.say(N_("Please choose a day up to today.")), "bad"))
    count, after = 0, settlement.BEGINNING
    for _ in range(RUNS_PER_CLICK_MAX):
        done = await visit.db.transact(run, visit.actor, day, after)
        count += len(done.statements)
        if done.after is None:
            break
        after = done.after
    message = N_("{count} statements issued.") if count else N_("Nothing is due: no statement was issued.")
    return redirect(visit, frame.SETTLEMENT, (visit.say(message, count=count), "good" if count else "info"))


@get("/settlement/{merchant_id:uuid}/{statement_id:uuid}", opt=NEEDS)
async def statement_page(
    visit: NamedDependency[Visit],
    merchant_id: FromPath[UUID],
    statement_id: FromPath[UUID],
    cursor: FromQuery[str | None] = None,
) -> Response[Any]:
    found = await visit.db.ask(whole, MerchantId(merchant_id), statement_id, cursor)
    base = f"{frame.SETTLEMENT}/{merchant_id}/{statement_id}"
    return await frame.show(
        visit,
        "statement.html",
        frame.SETTLEMENT,
        crumbs=[(visit.say(N_("Settlement")), frame.SETTLEMENT), (found.statement.code, None)],
        found=found,
        statement=found.statement,
        base=base,
        return_id=ids.mint(),
        reversal_id=ids.mint(),
        words=settlement_words,
        next_href=address(base, cursor=found.entries.next) if found.entries.next else "",
        start_href=base if cursor else "",
    )


async def pay_again(tx: Tx, actor: Actor, merchant_id: UUID, statement_id: UUID, by: str) -> None:
    statement = await settlement.pay_again(tx, merchant_id, statement_id, by)
    await access.audit(tx, actor, "settlement.pay_again", statement.code, merchant_id=merchant_id)


@post("/settlement/{merchant_id:uuid}/{statement_id:uuid}/pay-again", opt=NEEDS)
async def retry_payout(
    visit: NamedDependency[Visit], merchant_id: FromPath[UUID], statement_id: FromPath[UUID]
) -> Redirect:
    """Instruct the bank once more, to the merchant's account as it is now."""
    return await done(
        visit,
        f"{frame.SETTLEMENT}/{merchant_id}/{statement_id}",
        N_("The bank is instructed once more."),
        lambda: visit.db.transact(pay_again, visit.actor, merchant_id, statement_id, visit.by),
    )


async def take_back(
    tx: Tx, actor: Actor, merchant_id: UUID, statement_id: UUID, return_id: UUID, reason: str, by: str
) -> None:
    if await settlement.take_back(tx, merchant_id, statement_id, return_id, reason, by):
        facts = {"reason": reason}
        await access.audit(tx, actor, "settlement.sent_back", str(statement_id), facts, merchant_id=merchant_id)


@post("/settlement/{merchant_id:uuid}/{statement_id:uuid}/sent-back", opt=NEEDS)
async def payout_sent_back(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], statement_id: FromPath[UUID]
) -> Redirect:
    """The bank has sent a payout back that it had paid."""
    form = await entries_of(request)
    return_id, reason = form.uuid("return_id"), form.text("reason")
    return await done(
        visit,
        f"{frame.SETTLEMENT}/{merchant_id}/{statement_id}",
        N_("Written down. It can be paid once more."),
        lambda: visit.db.transact(take_back, visit.actor, merchant_id, statement_id, return_id, reason, visit.by),
    )


@get("/settlement/{merchant_id:uuid}/{statement_id:uuid}/statement.pdf", opt=NEEDS)
async def statement_file(
    visit: NamedDependency[Visit], merchant_id: FromPath[UUID], statement_id: FromPath[UUID]
) -> Response[bytes]:
    """The statement as PDF."""
    found = await visit.db.ask(statement_papers.found, MerchantId(merchant_id), statement_id)
    return await statement_papers.as_pdf(found, visit.locale)


HANDLERS = [statement_list, run_settlement, statement_page, retry_payout, payout_sent_back, statement_file]
