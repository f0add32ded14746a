"""Everybody's orders: the list, search by code, one purchase's order with all that belongs to it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.logistics import parcels
from steelyard.logistics.parcels.model import Parcel
from steelyard.money import ledger, payments
from steelyard.money.payments.model import Message, Payment, Refund
from steelyard.money.payments.model import Step as PaymentStep
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.days import midnight_after
from steelyard.surfaces.operator.figures import DEFAULT_CURRENCY
from steelyard.surfaces.web import exports, fee_words
from steelyard.surfaces.web.console import ROWS_PER_PAGE, InState, address
from steelyard.surfaces.web.entries import Entries
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import aftersales, chargebacks, orders, settlement
from steelyard.trade.aftersales.model import OrderRefund
from steelyard.trade.orders.model import Order, OrderId, OrderLine, OrderState, Purchase, Step

NEEDS = {"permission": "orders.read"}
FILTERS = ("shop", "from", "to", "least", "most")
SHOPS_MAX = 50
# The tab of orders that wait because a parcel of theirs is lost; the others are of states.
LOST = "lost"
TABS: dict[str, tuple[str, tuple[OrderState, ...]]] = {
    "all": (N_("All"), ()),
    "placed": (N_("To pay"), (OrderState.PLACED,)),
    "held": (N_("On hold"), (OrderState.HELD,)),
    "to_ship": (N_("To ship"), (OrderState.PAID, OrderState.PARTLY_SHIPPED)),
    "shipped": (N_("On its way"), (OrderState.SHIPPED,)),
    LOST: (N_("Lost parcels"), ()),
    "completed": (N_("Completed"), (OrderState.COMPLETED,)),
    "cancelled": (N_("Cancelled"), (OrderState.CANCELLED,)),
}


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Order]
    shops: dict[MerchantId, ShopCard]


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """`siblings` are the other orders of the purchase; `transfers` what this order, its payments and refunds moved; `told` is
    what the channels said about those; `earned` what it brought the merchant, on `statements` or waiting for one."""

    order: Order
    purchase: Purchase
    siblings: list[Order]
    shops: dict[MerchantId, ShopCard]
    lines: list[OrderLine]
    history: list[Step]
    parcels: list[Parcel]
    payments: list[Payment]
    refunds: list[OrderRefund]
    sent_back: dict[UUID, Refund]
    transfers: list[ledger.PostedTransfer]
    answers: dict[UUID, list[PaymentStep]]
    told: list[Message]
    earned: list[settlement.Entry]
    statements: dict[UUID, settlement.Statement]
    taken_back: list[chargebacks.Part]

    @property
    def fees(self) -> list[fee_words.Charged]:
        """What it is charged after refunds, fee by fee."""
        return fee_words.charged(self.order, self.lines, self.refunds)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the address asks for: a tab, the filters as they were typed, what of them cannot be read."""

    tab: str
    typed: dict[str, str]
    errors: dict[str, str]
    since: datetime | None
    until: datetime | None
    least: int | None
    most: int | None


def asked(visit: Visit, tab: str | None) -> Asked:
    """Read the filters politely: what cannot be read narrows nothing down and is told beside its field."""
    query = visit.connection.query_params
    typed = {name: value.strip() for name in FILTERS if (value := query.get(name) or "").strip()}
    said = Entries({name: [value] for name, value in typed.items()}, {})
    first, last = day_of(typed.get("from", "")), day_of(typed.get("to", ""))
    for name, day in (("from", first), ("to", last)):
        if name in typed and day is None:
            said.refuse(name, N_("Please enter a day such as 2026-03-01"))
    least = said.money("least", DEFAULT_CURRENCY, required=False)
    most = said.money("most", DEFAULT_CURRENCY, required=False)
    return Asked(
        tab=tab if tab in TABS else "all",
        typed=typed,
        errors={name: visit.say(str(what)) for name, what in said.errors.items()},
        since=midnight_after(first - timedelta(days=1)) if first else None,
        until=midnight_after(last) if last else None,
        least=least,
        most=most,
    )


async def page_of(read: Read, wanted: Asked, cursor: str | None, limit: int) -> Page[Order]:
    if wanted.tab == LOST:
        return await orders.with_lost_parcels(read, cursor=cursor, limit=limit)
    shop = wanted.typed.get("shop", "")
    of = [card.merchant_id for card in await merchants.sought(read, shop, limit=SHOPS_MAX)] if shop else None
    return await orders.all_orders(
        read,
        states=TABS[wanted.tab][1],
        merchant_ids=of,
        since=wanted.since,
        until=wanted.until,
        least=wanted.least,
        most_money=wanted.most,
        cursor=cursor,
        limit=limit,
    )


async def listed(read: Read, wanted: Asked, cursor: str | None) -> Listed:
    page = await page_of(read, wanted, cursor, ROWS_PER_PAGE)
    return Listed(page=page, shops=await merchants.cards(read, {order.merchant_id for order in page.items}))


async def everything(read: Read, wanted: Asked) -> Listed:
    """All orders that the filters let through, as many as a file holds."""
    found = await exports.everything(lambda cursor: page_of(read, wanted, cursor, ITEMS_PER_PAGE_MAX))
    shops = await merchants.cards(read, {order.merchant_id for order in found})
    return Listed(page=Page(found, None), shops=shops)


async def whole(read: Read, merchant_id: MerchantId, order_id: OrderId) -> Whole:
    """Raises `NotFound`."""
    order = await orders.order(read, merchant_id, order_id)
    if order is None:
        raise NotFound()
    purchase = await orders.purchase(read, order.purchase_id)
    assert purchase is not None
    siblings = await orders.orders_of_purchase(read, order.purchase_id)
    refunds = (await aftersales.of_orders(read, [order_id]))[order_id]
    documents = [order_id, *(refund.refund_id for refund in refunds)]
    sent_back = await payments.refunds_of_order(read, merchant_id, order_id)
    tries = await payments.of_purchase(read, order.purchase_id)
    paid_by = [each.payment_id for each in tries]
    moved = await ledger.transfers_of(read, [*documents, *paid_by])
    earned = await settlement.entries_about(read, merchant_id, documents)
    on = {each.statement_id for each in earned if each.statement_id}
    return Whole(
        order=order,
        purchase=purchase,
        siblings=[each for each in siblings if each.order_id != order_id],
        shops=await merchants.cards(read, {each.merchant_id for each in siblings}),
        lines=(await orders.lines_of(read, [order_id]))[order_id],
        history=await orders.history(read, merchant_id, order_id),
        parcels=(await parcels.of_orders(read, [order_id]))[order_id],
        payments=tries,
        refunds=refunds,
        sent_back={refund.refund_id: refund for refund in sent_back},
        # Of a payment, the buyer's side and this merchant's part: what others got of it is theirs.
        transfers=[each for each in moved if each.owner_id in (merchant_id, order.buyer_id)],
        answers=await payments.timelines(read, paid_by),
        told=await payments.messages_about(read, [*paid_by, *(refund.refund_id for refund in refunds)]),
        earned=earned,
        statements={each.statement_id: each for each in await settlement.statements_named(read, merchant_id, on)},
        taken_back=await chargebacks.parts_of_orders(read, [order_id]),
    )


async def found_by_code(read: Read, code: str) -> tuple[UUID, UUID] | None:
    """(merchant, order) of an order's code, or of the first order of a purchase's code."""
    owner = await orders.by_code(read, code)
    if owner is None:
        return None
    if owner.order_id is not None and owner.merchant_id is not None:
        return owner.merchant_id, owner.order_id
    of_purchase = await orders.orders_of_purchase(read, owner.purchase_id)
    return (of_purchase[0].merchant_id, of_purchase[0].order_id) if of_purchase else None


@get("/orders", opt=NEEDS)
async def order_list(
    visit: NamedDependency[Visit],
    wanted: InState = None,
    cursor: FromQuery[str | None] = None,
    q: FromQuery[str | None] = None,
) -> Response[Any] | Redirect:
    """The newest orders, or straight to the one whose code, or whose purchase's code, was searched for."""
    code = (q or "").strip()
    if code:
        found = await visit.db.ask(found_by_code, code)
        if found is not None:
            return Redirect(f"{frame.ORDERS}/{found[0]}/{found[1]}", status_code=303)
    narrowed = asked(visit, wanted)
    if exports.wanted(visit):
        return _as_file(visit, await visit.db.ask(everything, narrowed))
    shown, here = await visit.db.ask(listed, narrowed, cursor), {"state": narrowed.tab, **narrowed.typed}
    return await frame.show(
        visit,
        "orders.html",
        frame.ORDERS,
        search=code,
        unknown_code=code,
        tabs=[
            {
                "label": visit.say(word),
                "href": address(frame.ORDERS, **{**narrowed.typed, "state": key}),
                "current": key == narrowed.tab,
            }
            for key, (word, _) in TABS.items()
        ],
        asked=narrowed,
        clear_href=address(frame.ORDERS, state=narrowed.tab),
        shown=shown,
        next_href=address(frame.ORDERS, **here, cursor=shown.page.next) if shown.page.next else "",
        start_href=address(frame.ORDERS, **here) if cursor else "",
    )


def _as_file(visit: Visit, found: Listed) -> Response[bytes]:
    """Without what is only the buyer's: name, telephone and address stay on the order's page."""
    words = (
        N_("Order"), N_("Shop"), N_("State"), N_("Placed"), N_("Paid at"), N_("Currency"), N_("Goods"), N_("Freight"),
        N_("Total"), N_("Refunded"), N_("Commission"),
    )  # fmt: skip
    rows = [
        (
            order.code,
            found.shops[order.merchant_id].name if order.merchant_id in found.shops else "",
            order.state,
            order.placed_at,
            order.paid_at,
            order.currency,
            Money(order.goods, order.currency),
            Money(order.freight, order.currency),
            Money(order.total, order.currency),
            Money(order.refunded, order.currency),
            Money(order.commission_kept, order.currency),
        )
        for order in found.page.items
    ]
    return exports.csv_answer(visit, visit.say(N_("Orders")), [visit.say(word) for word in words], rows)


@get("/orders/{merchant_id:uuid}/{order_id:uuid}", opt=NEEDS)
async def order_page(
    visit: NamedDependency[Visit], merchant_id: FromPath[UUID], order_id: FromPath[UUID]
) -> Response[Any]:
    """One order, the purchase around it, its payment, and what it moved in the books."""
    found = await visit.db.ask(whole, MerchantId(merchant_id), OrderId(order_id))
    return await frame.show(
        visit,
        "order.html",
        frame.ORDERS,
        crumbs=[(visit.say(N_("Orders")), frame.ORDERS), (found.order.code, None)],
        found=found,
        order=found.order,
        purchase=found.purchase,
        shop=found.shops[found.order.merchant_id],
    )


HANDLERS = [order_list, order_page]
