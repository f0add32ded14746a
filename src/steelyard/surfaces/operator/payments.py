"""Payments and refunds: how far each has come, and a failed refund sent once more."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.money import ledger, payments
from steelyard.money.payments.model import Message, Payment, PaymentSplit, PaymentState, Refund, RefundState, Step
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.days import midnight_after
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, InState, address, done
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.pages import local_path
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import orders
from steelyard.trade.orders.model import Order, Purchase, PurchaseId

# History that came from elsewhere.
ARCHIVE = "archive"
NEEDS = {"permission": "payments.read"}
PAYMENT_TABS: dict[str, tuple[str, PaymentState | None]] = {
    "all": (N_("All"), None),
    "pending": (N_("Pending"), PaymentState.PENDING),
    "authorised": (N_("Authorised"), PaymentState.AUTHORISED),
    "captured": (N_("Paid"), PaymentState.CAPTURED),
    "declined": (N_("Declined"), PaymentState.DECLINED),
    "cancelled": (N_("Cancelled"), PaymentState.CANCELLED),
    "instructed": (N_("Asked for"), PaymentState.INSTRUCTED),
}
REFUND_TABS: dict[str, tuple[str, RefundState | None]] = {
    "all": (N_("All"), None),
    "failed": (N_("Failed"), RefundState.FAILED),
    "instructed": (N_("Promised"), RefundState.INSTRUCTED),
    "sent": (N_("Sent"), RefundState.SENT),
    "succeeded": (N_("Refunded"), RefundState.SUCCEEDED),
}


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """`transfers` are what the payment itself, and its captures, moved in the books."""

    payment: Payment
    purchase: Purchase | None
    steps: list[Step]
    splits: list[PaymentSplit]
    orders: dict[UUID, Order]
    shops: dict[MerchantId, ShopCard]
    refunds: list[Refund]
    transfers: list[ledger.PostedTransfer]
    told: list[Message]
    captures: list[payments.Capture]
    releases: list[payments.Release]


async def whole(read: Read, payment_id: UUID) -> Whole:
    """Raises `NotFound`."""
    payment = await payments.get(read, payment_id)
    if payment is None:
        raise NotFound()
    refunds = await payments.refunds_of_payment(read, payment_id)
    splits = await payments.splits_of(read, payment_id)
    of_purchase = await orders.orders_of_purchase(read, PurchaseId(payment.purchase_id))
    captures = await payments.captures_of(read, payment_id) if payment.later else []
    return Whole(
        captures=captures,
        releases=await payments.releases_of_payment(read, payment_id) if payment.later else [],
        payment=payment,
        purchase=await orders.purchase(read, PurchaseId(payment.purchase_id)),
        steps=await payments.timeline(read, payment_id),
        splits=splits,
        orders={order.order_id: order for order in of_purchase},
        shops=await merchants.cards(read, {split.merchant_id for split in splits}),
        refunds=refunds,
        told=await payments.messages_about(read, [payment_id, *(refund.refund_id for refund in refunds)]),
        transfers=await ledger.transfers_of(read, sorted({payment_id, *(each.document for each in captures)})),
    )


def asked(visit: Visit, tab: str) -> tuple[dict[str, str], dict[str, Any]]:
    """The filters as they were typed, and what they mean to `payments.page`; what cannot be read narrows nothing down."""
    query = visit.connection.query_params
    typed = {name: value for name in ("channel", "from", "to") if (value := (query.get(name) or "").strip())}
    first, last = day_of(typed.get("from", "")), day_of(typed.get("to", ""))
    return typed, {
        "state": PAYMENT_TABS[tab][1],
        "channel": typed.get("channel"),
        "since": midnight_after(first - timedelta(days=1)) if first else None,
        "until": midnight_after(last) if last else None,
    }


async def _every(read: Read, wanted: dict[str, Any]) -> list[Payment]:
    return await exports.everything(
        lambda cursor: payments.page(read, cursor=cursor, limit=ITEMS_PER_PAGE_MAX, **wanted)
    )


@get("/payments", opt=NEEDS)
async def payment_list(
    visit: NamedDependency[Visit], wanted: InState = None, cursor: FromQuery[str | None] = None
) -> Response[Any]:
    tab = wanted if wanted in PAYMENT_TABS else "all"
    typed, narrowed = asked(visit, tab)
    if exports.wanted(visit):
        return _as_file(visit, await visit.db.ask(_every, narrowed))
    found: Page[Payment] = await visit.db.ask(partial(payments.page, **narrowed, cursor=cursor, limit=ROWS_PER_PAGE))
    here = {"state": tab, **typed}
    return await frame.show(
        visit,
        "payments.html",
        frame.PAYMENTS,
        found=found,
        tabs=[
            {
                "label": visit.say(word),
                "href": address(frame.PAYMENTS, **{**typed, "state": key}),
                "current": key == tab,
            }
            for key, (word, _) in PAYMENT_TABS.items()
        ],
        typed=typed,
        tab=tab,
        channels=[*payments.channels(visit.settings), ARCHIVE],
        clear_href=address(frame.PAYMENTS, state=tab),
        next_href=address(frame.PAYMENTS, **here, cursor=found.next) if found.next else "",
        start_href=address(frame.PAYMENTS, **here) if cursor else "",
    )


def _as_file(visit: Visit, found: list[Payment]) -> Response[bytes]:
    words = (
        N_("When"), N_("Channel"), N_("Reference"), N_("State"), N_("Currency"), N_("Amount"), N_("Captured"),
        N_("What failed"), N_("Document"),
    )  # fmt: skip
    rows = [
        (
            each.created_at,
            each.channel,
            each.channel_reference,
            each.state,
            each.currency,
            Money(each.amount, each.currency),
            each.captured_at,
            each.failure,
            str(each.payment_id),
        )
        for each in found
    ]
    return exports.csv_answer(visit, visit.say(N_("Payments")), [visit.say(word) for word in words], rows)


@get("/payments/{payment_id:uuid}", opt=NEEDS)
async def payment_page(visit: NamedDependency[Visit], payment_id: FromPath[UUID]) -> Response[Any]:
    """A payment with its history, the orders it is for, and what was given back of it."""
    found = await visit.db.ask(whole, payment_id)
    return await frame.show(
        visit,
        "payment.html",
        frame.PAYMENTS,
        crumbs=[(visit.say(N_("Payments")), frame.PAYMENTS), (found.payment.channel_reference or "–", None)],
        found=found,
        payment=found.payment,
    )


class Refunded(msgspec.Struct, frozen=True, kw_only=True):
    """Refunds with the codes of the orders that they are of, and the shops of those."""

    page: Page[Refund]
    codes: dict[UUID, str]
    shops: dict[MerchantId, ShopCard]


async def refunded(read: Read, state: RefundState | None, cursor: str | None) -> Refunded:
    return await _told_of(read, await payments.refunds_page(read, state=state, cursor=cursor, limit=ROWS_PER_PAGE))


async def _every_refund(read: Read, state: RefundState | None) -> Refunded:
    found = await exports.everything(
        lambda cursor: payments.refunds_page(read, state=state, cursor=cursor, limit=ITEMS_PER_PAGE_MAX)
    )
    return await _told_of(read, Page(found, None))


async def _told_of(read: Read, page: Page[Refund]) -> Refunded:
    return Refunded(
        page=page,
        codes=await orders.codes_of_all(read, [each.order_id for each in page.items]),
        shops=await merchants.cards(read, {each.merchant_id for each in page.items}),
    )


@get("/refunds", opt=NEEDS)
async def refund_list(
    visit: NamedDependency[Visit], wanted: InState = None, cursor: FromQuery[str | None] = None
) -> Response[Any]:
    tab = wanted if wanted in REFUND_TABS else "all"
    state = REFUND_TABS[tab][1]
    if exports.wanted(visit):
        return _refunds_file(visit, await visit.db.ask(_every_refund, state))
    found = await visit.db.ask(refunded, state, cursor)
    return await frame.show(
        visit,
        "refunds.html",
        frame.REFUNDS,
        found=found,
        tabs=[
            {"label": visit.say(word), "href": address(frame.REFUNDS, state=key), "current": key == tab}
            for key, (word, _) in REFUND_TABS.items()
        ],
        next_href=address(frame.REFUNDS, state=tab, cursor=found.page.next) if found.page.next else "",
        start_href=address(frame.REFUNDS, state=tab) if cursor else "",
    )


def _refunds_file(visit: Visit, found: Refunded) -> Response[bytes]:
    words = (
        N_("When"), N_("Order"), N_("Shop"), N_("Reason"), N_("State"), N_("Currency"), N_("Amount"), N_("Channel"),
        N_("Reference"), N_("What failed"), N_("Document"),
    )  # fmt: skip
    rows = [
        (
            each.created_at,
            found.codes.get(each.order_id, ""),
            found.shops[each.merchant_id].name if each.merchant_id in found.shops else "",
            each.reason,
            each.state,
            each.currency,
            Money(each.amount, each.currency),
            each.channel,
            each.channel_reference,
            each.failure,
            str(each.refund_id),
        )
        for each in found.page.items
    ]
    return exports.sheet(visit, N_("Refunds"), words, rows)


async def retry(tx: Tx, actor: Actor, merchant_id: UUID, refund_id: UUID, by: str) -> None:
    await payments.send_again(tx, merchant_id, refund_id, by)
    await access.audit(tx, actor, "refunds.retry", str(refund_id), merchant_id=merchant_id)


@post("/refunds/{merchant_id:uuid}/{refund_id:uuid}/retry", opt={"permission": "orders.manage"})
async def retry_refund(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], refund_id: FromPath[UUID]
) -> Redirect:
    """Send a failed refund once more, under a new key at the channel."""
    back = local_path((await entries_of(request)).text("back"), frame.REFUNDS)
    return await done(
        visit,
        back,
        N_("The refund is sent once more."),
        lambda: visit.db.transact(retry, visit.actor, merchant_id, refund_id, visit.by),
    )


async def ask_soon(tx: Tx, actor: Actor, payment_id: UUID) -> None:
    """Raises `NotFound`."""
    payment = await payments.get(tx, payment_id)
    if payment is None:
        raise NotFound()
    await payments.query_soon(tx, payment.payment_id)
    await access.audit(tx, actor, "payments.query", str(payment_id), {"state": payment.state})


@post("/payments/{payment_id:uuid}/query", opt={"permission": "orders.manage"})
async def query_payment(visit: NamedDependency[Visit], payment_id: FromPath[UUID]) -> Redirect:
    """Have the channel asked what became of a payment, in the next round."""
    return await done(
        visit,
        f"{frame.PAYMENTS}/{payment_id}",
        N_("The channel is asked within seconds; what it says is in the history."),
        lambda: visit.db.transact(ask_soon, visit.actor, payment_id),
    )


HANDLERS = [payment_list, payment_page, query_payment, refund_list, retry_refund]
