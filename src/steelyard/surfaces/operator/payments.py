"""Payments: how far each has come. Refunds have pages of their own."""

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
from steelyard.money.payments.model import Message, Payment, PaymentSplit, PaymentState, Refund, Step
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.days import midnight_after
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, InState, address, done
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.visit import Visit
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


HANDLERS = [payment_list, payment_page, query_payment]
