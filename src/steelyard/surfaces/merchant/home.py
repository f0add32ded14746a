"""The workbench: what waits for the shop, what is urgent, how today goes; for a new shop, what is still to be set up."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from steelyard.goods import catalog, inventory
from steelyard.goods.catalog.model import ProductState
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.i18n import N_
from steelyard.operations import analytics, workboard
from steelyard.operations.analytics import DayFigures
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import Merchant, MerchantId, Pause
from steelyard.surfaces.merchant import frame, setting_up
from steelyard.surfaces.merchant.setting_up import Progress
from steelyard.surfaces.web.guards import ANY_STAFF
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.task_pages import own_roles
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import aftersales, chargebacks, invoices, orders, reviews, settlement
from steelyard.trade.aftersales import RequestSide
from steelyard.trade.aftersales.model import CancellationRequest
from steelyard.trade.orders.model import Order, OrderId, ToDo
from steelyard.trade.settlement import StatementState, settlement_day

DAYS_SHOWN = 14
WEEK = 7
URGENT_SHOWN = 6
COUNTED_MAX = 100
LICENCE_SHOWN_DAYS = 30


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for the shop's people, besides orders; counted up to `COUNTED_MAX`."""

    cancellations: int
    cases: int
    low: int
    sent_back: int
    opinions: reviews.Waiting
    failed_payouts: int
    invoices: int
    statements: int
    chargebacks: int
    approvals: int


class Urgent(msgspec.Struct, frozen=True, kw_only=True):
    """Something with a deadline: an order to send, or one whose buyer waits for an answer."""

    order: Order
    due: datetime
    cancellation: bool


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    merchant: Merchant
    to_do: ToDo
    waiting: Waiting
    urgent: list[Urgent]
    figures: list[DayFigures]
    payouts: list[settlement.Waiting]
    progress: Progress
    tasks: workboard.Counts


async def overview(read: Read, merchant_id: MerchantId, account_id: UUID | None, roles: Sequence[str]) -> Overview:
    merchant = await merchants.get(read, merchant_id)
    assert merchant is not None
    to_do = await orders.to_do(read, merchant_id, account_id)
    return Overview(
        merchant=merchant,
        to_do=to_do,
        waiting=await waiting(read, merchant_id),
        urgent=await urgent(read, merchant_id, to_do.pause),
        figures=await analytics.days_of_merchant(read, merchant_id, DAYS_SHOWN),
        payouts=await settlement.waiting(read, merchant_id),
        progress=await setting_up.progress(read, merchant),
        tasks=await workboard.counts(read, merchant_id, account_id, roles),
    )


async def waiting(read: Read, merchant_id: MerchantId) -> Waiting:
    sent_back = await catalog.products_page(read, merchant_id, ProductState.SENT_BACK, limit=COUNTED_MAX)
    failed = await settlement.statements_page(
        read, merchant_id=merchant_id, state=StatementState.FAILED, limit=COUNTED_MAX
    )
    return Waiting(
        cancellations=await aftersales.count_open_requests(read, merchant_id),
        cases=await aftersales.count_for_shop(read, merchant_id),
        low=await inventory.count_low(read, merchant_id, COUNTED_MAX),
        sent_back=len(sent_back.items),
        opinions=await reviews.waiting_for_shop(read, merchant_id),
        failed_payouts=len(failed.items),
        invoices=await invoices.count_requested(read, merchant_id, COUNTED_MAX),
        statements=await settlement.unchecked(read, merchant_id, COUNTED_MAX),
        chargebacks=await chargebacks.to_answer_count(read, merchant_id, COUNTED_MAX),
        approvals=await aftersales.count_waiting(read, RequestSide.MERCHANT, merchant_id),
    )


async def urgent(read: Read, merchant_id: MerchantId, pause: Pause | None) -> list[Urgent]:
    """The nearest deadlines, the first first."""
    waiting = await orders.next_due(read, merchant_id, URGENT_SHOWN)
    asking = (await aftersales.open_requests_of_merchant(read, merchant_id, limit=URGENT_SHOWN)).items
    order_of = {order.order_id: order for order in await orders.of_merchant(read, merchant_id, _orders_of(asking))}
    found = [
        Urgent(order=order_of[request.order_id], due=request.answer_by, cancellation=True)
        for request in asking
        if request.order_id in order_of
    ]
    for order in waiting:
        due = order.due(pause)
        if due is not None:
            found.append(Urgent(order=order, due=due, cancellation=False))
    return sorted(found, key=lambda each: each.due)[:URGENT_SHOWN]


def _orders_of(asking: Sequence[CancellationRequest]) -> list[OrderId]:
    return [request.order_id for request in asking]


def day_by_day(figures: Sequence[DayFigures], currency: str, count: int) -> list[DayFigures]:
    """One row for each of the last `count` days, quiet ones included."""
    known = {each.day: each for each in figures if each.currency == currency}
    last = settlement_day(datetime.now(UTC))
    wanted: list[date] = [last - timedelta(days=back) for back in reversed(range(count))]
    return [known.get(day) or DayFigures(day=day, currency=currency) for day in wanted]


def to_dos(visit: Visit, found: Overview) -> list[dict[str, Any]]:
    """The lines of the list, for what the person may do: only what waits, the worst first."""
    work, more = found.to_do, found.waiting
    until = found.merchant.licence_until
    licence_days = (until - settlement_day(datetime.now(UTC))).days if until else LICENCE_SHOWN_DAYS + 1
    known = [
        ("orders.ship", "bad", "timer-off", N_("Not sent in time"), work.late, "/orders?state=to_ship&trouble=late"),
        ("orders.cancel", "bad", "message-circle-x", N_("Buyers ask to cancel"), more.cancellations,
         "/orders?state=to_ship&trouble=cancellation"),
        ("orders.refund", "bad", "undo-2", N_("Refunds and returns to answer"), more.cases, "/after-sales"),
        ("orders.refund", "bad", "shield-alert", N_("Chargebacks to answer"), more.chargebacks, "/chargebacks"),
        ("refunds.approve", "bad", "users-round", N_("Refunds for a second person"), more.approvals, "/refunds/approvals"),
        ("statements.read", "bad", "landmark", N_("Payouts that the bank refused"), more.failed_payouts, "/statements"),
        ("orders.read", "bad", "package-x", N_("Parcels lost"), work.lost, "/orders?state=all&trouble=lost"),
        ("orders.ship", "warn", "package", N_("Orders to ship"), work.to_send, "/orders?state=to_ship"),
        ("orders.ship", "warn", "bell-ring", N_("Buyers ask to hurry"), work.reminded,
         "/orders?state=to_ship&trouble=reminded"),
        ("tasks.work", "bad", "list-checks", N_("Tasks that are late"), found.tasks.late, "/tasks?whose=late"),
        ("orders.read", "warn", "truck", N_("Parcels stuck on the way"), work.stuck, "/orders?state=all&trouble=stuck"),
        ("orders.read", "info", "at-sign", N_("Notes that name you"), work.named, "/orders?state=all&named=yes"),
        ("reviews.answer", "warn", "star-half", N_("Low ratings without a reply"), more.opinions.low_reviews,
         "/reviews?state=low"),
        ("reviews.answer", "info", "message-circle-question-mark", N_("Questions without an answer"),
         more.opinions.questions, "/questions"),
        ("products.edit", "warn", "undo-2", N_("Products sent back by the review"), more.sent_back,
         "/products?state=sent_back"),
        ("invoices.manage", "warn", "receipt-text", N_("Invoices to write"), more.invoices, "/invoices"),
        ("stock.read", "warn", "boxes", N_("Articles that run low"), more.low, "/stock?low=yes"),
        ("statements.read", "info", "file-check", N_("Statements to check"), more.statements, "/statements"),
        ("shop.edit", "bad" if licence_days < 0 else "warn", "file-clock", N_("Licence that ends soon"),
         int(licence_days <= LICENCE_SHOWN_DAYS), "/shop#terms"),
        ("tasks.work", "info", "list-checks", N_("Tasks for you"), found.tasks.mine, "/tasks?whose=mine"),
        ("tasks.work", "info", "list-checks", N_("Tasks for your role"), found.tasks.role, "/tasks?whose=role"),
        ("orders.read", "info", "hourglass", N_("Waiting for payment"), work.unpaid, "/orders?state=placed"),
    ]  # fmt: skip
    return [
        {
            "label": visit.say(word),
            "href": f"{frame.HOME}{path}",
            "count": f"{COUNTED_MAX}+" if count == COUNTED_MAX and "orders" not in path else count,
            "icon": icon,
            "tone": tone,
        }
        for permission, tone, icon, word, count, path in known
        if count and visit.actor.may(permission)
    ]


@get("/", opt={"permission": ANY_STAFF})
async def front(visit: NamedDependency[Visit]) -> Response[Any]:
    """What waits, what is urgent, today against a week ago."""
    account_id = visit.account.account_id if visit.account else None
    roles = await visit.db.ask(own_roles, visit)
    found = await visit.merchant_db.ask(overview, visit.merchant_id, account_id, roles)
    rows = day_by_day(found.figures, found.merchant.currency, DAYS_SHOWN)
    staff = len(await visit.db.ask(access.staff, visit.merchant_id))
    return await frame.show(
        visit,
        "home.html",
        frame.HOME,
        overview=found,
        to_dos=to_dos(visit, found),
        days=rows,
        today=rows[-1],
        week_ago=rows[-1 - WEEK],
        change=change,
        steps=setting_up.steps(visit, found.progress, staff),
        now=datetime.now(UTC),
        to_ship=found.to_do.to_send,
    )


def change(now: int, before: int) -> str:
    """By how many per cent a figure has changed, with its sign; nothing when there is nothing to compare with."""
    if not before:
        return ""
    # A figure to look at, not one to reckon with.
    return f"{(now - before) / before:+.0%}".replace("-", "−")


async def put_away(tx: Tx, actor: Actor, merchant_id: MerchantId) -> None:
    await merchants.put_checklist_away(tx, merchant_id)
    await access.audit(tx, actor, "shop.put_checklist_away", str(merchant_id))


@post("/set-up/put-away", opt={"permission": "shop.edit"})
async def put_checklist_away(visit: NamedDependency[Visit]) -> Redirect:
    """The checklist is done with."""
    await visit.merchant_db.transact(put_away, visit.actor, visit.merchant_id)
    return redirect(visit, frame.HOME, (visit.say(N_("The checklist is put away.")), "good"))


HANDLERS = [front, put_checklist_away]
