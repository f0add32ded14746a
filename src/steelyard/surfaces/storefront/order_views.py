"""A buyer's orders as pages show them: with goods, shop, parcels, what happened, and what can be done now."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.logistics import parcels
from steelyard.logistics.parcels.model import Parcel, ParcelState, Scan
from steelyard.money import payments
from steelyard.money.payments import DoorState
from steelyard.money.payments.model import Refund, RefundRoute
from steelyard.parties import merchants
from steelyard.parties.customers.model import Address, BuyerId
from steelyard.parties.merchants.model import ShopCard
from steelyard.surfaces.components.page import Tone
from steelyard.surfaces.storefront import words
from steelyard.surfaces.storefront.shell import Shell, shell
from steelyard.trade import aftersales, chargebacks, checkout, groups, orders, promises, reviews
from steelyard.trade.aftersales import Action, Case
from steelyard.trade.aftersales.model import CancellationRequest
from steelyard.trade.groups.model import Membership
from steelyard.trade.orders import Act
from steelyard.trade.orders.model import Booking, Order, OrderId, OrderLine, OrderState, Purchase, PurchaseState, Step
from steelyard.trade.promises import Compensation, Drop, Protected

TO_REVIEW_LINES_MAX = 200


class Tab(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the list; `counted` states stand as a number beside its name."""

    name: str
    label: str
    states: Sequence[OrderState] = ()
    counted: Sequence[OrderState] = ()
    refunded: bool = False
    to_review: bool = False


TABS = (
    Tab(name="", label=N_("All")),
    Tab(name="to-pay", label=N_("To pay"), states=(OrderState.PLACED,), counted=(OrderState.PLACED,)),
    Tab(
        name="to-send",
        label=N_("To be sent"),
        states=(OrderState.HELD, OrderState.PAID, OrderState.PARTLY_SHIPPED),
        counted=(OrderState.HELD, OrderState.PAID, OrderState.PARTLY_SHIPPED),
    ),
    Tab(
        name="to-receive",
        label=N_("To receive"),
        states=(OrderState.PARTLY_SHIPPED, OrderState.SHIPPED),
        counted=(OrderState.SHIPPED,),
    ),
    Tab(
        name="to-review",
        label=N_("To review"),
        states=(OrderState.SHIPPED, OrderState.COMPLETED),
        to_review=True,
    ),
    Tab(name="refunds", label=N_("Refunds"), refunded=True),
    Tab(name="done", label=N_("Done"), states=(OrderState.COMPLETED,)),
    Tab(name="cancelled", label=N_("Cancelled"), states=(OrderState.CANCELLED,)),
)


# Calling off gives all of the money back, which the bank has at the moment.
CALLING_OFF = {Action.CANCEL, Action.ASK_TO_CANCEL}


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """One merchant's part of a purchase; history, parcels, refunds, cases and what was paid for promises only on the pages of an
    order or a purchase. `team`: for which it waits; `door`: it is paid there; `disputed`: its
    money is charged back, and that is not decided; `withheld`: it is on hold because of a chargeback."""

    order: Order
    shop: ShopCard
    lines: Sequence[OrderLine]
    actions: frozenset[Action]
    request: CancellationRequest | None = None
    steps: Sequence[Step] = ()
    acts: Sequence[Act] = ()
    parcels: Sequence[tuple[Parcel, Sequence[Scan]]] = ()
    refunds: Sequence[Refund] = ()
    cases: Sequence[Case] = ()
    team: Membership | None = None
    compensations: Sequence[Compensation] = ()
    protected: Sequence[Protected] = ()
    drops: Mapping[int, Drop] = {}
    door: payments.DoorCollection | None = None
    disputed: bool = False
    withheld: bool = False

    @property
    def pieces(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def ship_by(self) -> datetime | None:
        """By when the first of it is promised to leave, as long as it has not; the shop's pauses are counted in."""
        promised = self.order.ship_by is not None and self.order.state is OrderState.PAID
        return self.order.due(self.shop.pause) if promised else None

    @property
    def overdue(self) -> bool:
        """Whether its buyer can cancel it by right, since nothing was sent by the day that was agreed."""
        return self.order.is_overdue(datetime.now(UTC))

    @property
    def arrived(self) -> bool:
        """Whether all of it was sent and each parcel delivered, and the buyer has not said so yet. (The order is told a
        moment after its last parcel.)"""
        delivered = [parcel.state is ParcelState.DELIVERED for parcel, _ in self.parcels]
        told = self.order.delivered_at is not None
        return self.order.state is OrderState.SHIPPED and (told or (bool(delivered) and all(delivered)))

    @property
    def state(self) -> tuple[str, Tone]:
        """How far it is, as its buyer says it: what the carrier has delivered is not on its way, and what is paid at the door is
        not paid before."""
        if self.door is not None and self.door.left and self.order.state is OrderState.PAID:
            return N_("Being packed, paid on delivery"), "info"
        return words.PARCEL_STATES[ParcelState.DELIVERED] if self.arrived else words.ORDER_STATES[self.order.state]


class PurchaseView(msgspec.Struct, frozen=True, kw_only=True):
    """`means`: by which it is paid, where it is not by one alone; `kept`: what is authorised first and taken when it is sent;
    `booking`: it is of a presale."""

    purchase: Purchase
    orders: Sequence[OrderView]
    means: Sequence[payments.Means] = ()
    booking: Booking | None = None
    kept: Sequence[payments.PaymentSplit] = ()

    @property
    def charged(self) -> int:
        """Of what was authorised, what was taken, in minor units."""
        return sum(split.captured for split in self.kept)

    @property
    def not_charged(self) -> int:
        """Of what was authorised, what may still be taken."""
        return sum(split.authorised - split.captured - split.released for split in self.kept)

    @property
    def let_go(self) -> int:
        """Of what was authorised, what was let go and never taken."""
        return sum(split.released for split in self.kept)

    def paid_by(self, channel: str) -> int:
        return sum(each.amount for each in self.means if each.channel == channel)

    @property
    def channels(self) -> list[str]:
        return list(dict.fromkeys(each.channel for each in self.means))

    @property
    def payable(self) -> bool:
        return self.purchase.state is PurchaseState.PLACED

    @property
    def state(self) -> tuple[str, Tone]:
        """How far it is: what is still to be paid at a door is not paid, and what nobody paid for there never was."""
        doors = [each.door for each in self.orders if each.door is not None]
        if any(door.left for door in doors):
            return N_("To be paid on delivery"), "info"
        if doors and all(door.state in (DoorState.REFUSED, DoorState.VOID) for door in doors):
            return words.PURCHASE_STATES[PurchaseState.CANCELLED]
        return words.PURCHASE_STATES[self.purchase.state]

    @property
    def due(self) -> int:
        """What a channel collects now; nothing, where the balance of a presale is not due yet."""
        if self.booking is not None:
            return self.booking.due(datetime.now(UTC)) or 0
        return self.purchase.total - self.purchase.tendered

    @property
    def address(self) -> Address:
        """Where all of it goes; the address it was bought with, where its orders go to different ones."""
        asked = {each.order.address for each in self.orders}
        return asked.pop() if len(asked) == 1 else self.purchase.address

    def sum(self, name: str) -> int:
        """A column of the orders, such as freight, added up."""
        return sum(getattr(each.order, name) for each in self.orders)


class ListPage(msgspec.Struct, frozen=True, kw_only=True):
    """`counts` by the names of tabs."""

    shell: Shell
    purchases: Page[PurchaseView]
    counts: dict[str, int]


class PurchasePage(msgspec.Struct, frozen=True, kw_only=True):
    """`standing` of the channels, and for what they are wanted, where something is to be paid."""

    shell: Shell
    view: PurchaseView
    standing: payments.Standing | None = None
    wanted: payments.Wanted | None = None


async def tab_counts(read: Read, owners: Sequence[BuyerId]) -> dict[str, int]:
    """How many orders wait in each of the tabs that count."""
    counts = await orders.counts_of_buyer(read, owners)
    waiting = {tab.name: sum(counts.get(state, 0) for state in tab.counted) for tab in TABS if tab.counted}
    return waiting | {tab.name: len(await _to_review(read, owners)) for tab in TABS if tab.to_review}


async def _to_review(read: Read, owners: Sequence[BuyerId]) -> set[OrderId]:
    """The orders of which something has arrived and is not reviewed."""
    return {line.order_id for line in await reviews.to_review(read, owners, TO_REVIEW_LINES_MAX)}


async def list_page(
    read: Read, buyer_id: BuyerId, owners: Sequence[BuyerId], tab: Tab, search: str, after: str | None
) -> ListPage:
    """A page of what these buyers ordered, with goods and shops, purchase by purchase."""
    page = await orders.orders_of_buyer(
        read,
        owners,
        states=tab.states,
        refunded=tab.refunded,
        search=search,
        only=sorted(await _to_review(read, owners)) if tab.to_review else None,
        cursor=after,
    )
    views = await _brief(read, page.items)
    bought = await orders.purchases_of(read, [order.purchase_id for order in page.items])
    return ListPage(
        shell=await shell(read, buyer_id),
        purchases=Page(
            [
                PurchaseView(purchase=bought[purchase_id], orders=list(part))
                for purchase_id, part in groupby(views, key=lambda view: view.order.purchase_id)
            ],
            page.next,
        ),
        counts=await tab_counts(read, owners),
    )


async def _brief(read: Read, found: Sequence[Order]) -> list[OrderView]:
    lines = await orders.lines_of(read, [order.order_id for order in found])
    shops = await merchants.cards(read, {order.merchant_id for order in found})
    standings = await aftersales.standing(read, found)
    written = await reviews.of_orders(read, [order.order_id for order in found])
    held = [order.order_id for order in found if order.state is OrderState.HELD]
    teams = await groups.of_orders(read, held) if held else {}
    unsent = [order.order_id for order in found if order.state in (OrderState.HELD, OrderState.PAID)]
    taken_back = await chargebacks.parts_of_orders(read, unsent) if unsent else []
    gone = {part.order_id for part in taken_back if part.state in chargebacks.TAKEN}
    doors = await payments.doors_of_all(read, [(order.merchant_id, order.order_id) for order in found])
    write_until = (await reviews.rules(read)).write_days

    def actions(order: Order) -> frozenset[Action]:
        """What is offered; a review only as long as something of the order waits for one."""
        received = reviews.received_at(order)
        open_lines = [
            line
            for line in lines[order.order_id]
            if reviews.reviewable(line) and (order.order_id, line.line) not in written
        ]
        waits = open_lines and received and received > datetime.now(UTC) - timedelta(days=write_until)
        can = aftersales.offered(standings[order.order_id])
        can = can - CALLING_OFF if order.order_id in gone else can
        return can | {Action.REVIEW} if waits else can - {Action.REVIEW}

    return [
        OrderView(
            order=order,
            shop=shops[order.merchant_id],
            lines=lines[order.order_id],
            actions=_allowed(actions(order), doors.get(order.order_id)),
            request=standings[order.order_id].request,
            team=teams.get(order.order_id),
            door=doors.get(order.order_id),
        )
        for order in found
    ]


async def whole_orders(read: Read, found: Sequence[Order]) -> list[OrderView]:
    """These orders with everything that happened to each."""
    sent = await parcels.of_orders(read, [order.order_id for order in found])
    cases = await aftersales.cases_of_orders(read, [order.order_id for order in found])
    brief = await _brief(read, found)
    compensations, protected = await _promises(read, brief)
    taken_back = await chargebacks.parts_of_orders(read, [view.order.order_id for view in brief])
    disputed = {part.order_id for part in taken_back if part.state in chargebacks.OPEN}
    withheld = {part.order_id for part in taken_back if part.held}
    return [
        msgspec.structs.replace(
            view,
            steps=await orders.history(read, view.order.merchant_id, view.order.order_id),
            acts=await orders.acts_of(read, view.order.merchant_id, view.order.order_id),
            parcels=[
                (parcel, await parcels.scans(read, parcel.merchant_id, parcel.parcel_id))
                for parcel in sent[view.order.order_id]
            ],
            refunds=_given_back(await payments.refunds_of_order(read, view.order.merchant_id, view.order.order_id)),
            cases=cases[view.order.order_id],
            compensations=[each for each in compensations if each.order_id == view.order.order_id],
            protected=[each for each in protected if each.order_id == view.order.order_id],
            drops=await promises.drops(read, view.order, view.lines),
            disputed=view.order.order_id in disputed,
            withheld=view.order.order_id in withheld,
        )
        for view in brief
    ]


def _given_back(found: Sequence[Refund]) -> list[Refund]:
    """What was taken off what is to be paid at the door is no money that came back."""
    return [each for each in found if each.channel != payments.AT_THE_DOOR or each.route is not RefundRoute.ORIGIN]


def _allowed(actions: frozenset[Action], door: payments.DoorCollection | None) -> frozenset[Action]:
    """Receipt of what is paid at the door is confirmed once that is done."""
    return actions - {Action.RECEIVE} if door is not None and door.left else actions


async def _promises(read: Read, views: Sequence[OrderView]) -> tuple[list[Compensation], list[Protected]]:
    """What was paid for promises of these orders; asked only where something was promised, or given back."""
    promised = [
        view.order.order_id
        for view in views
        if view.order.ship_by or any(line.authentic_times or line.free_returns for line in view.lines)
    ]
    given = [view.order.order_id for view in views if view.order.refunded]
    return (
        await promises.compensations_of(read, promised) if promised else [],
        await promises.protected_of(read, given) if given else [],
    )


async def purchase_page(read: Read, buyer_id: BuyerId, purchase: Purchase) -> PurchasePage:
    """A purchase with everything that happened to each of its orders."""
    parts = await orders.orders_of_purchase(read, purchase.purchase_id)
    view = PurchaseView(
        purchase=purchase,
        orders=await whole_orders(read, parts),
        means=await _means(read, purchase, parts),
        kept=await _kept(read, parts),
        booking=await booking_of(read, purchase),
    )
    return await _page(read, buyer_id, view, [part.merchant_id for part in parts])


async def order_page(read: Read, buyer_id: BuyerId, order: Order) -> PurchasePage:
    """One order with everything that happened to it, within its purchase."""
    purchase = await orders.purchase(read, order.purchase_id)
    assert purchase is not None, "an order is part of a purchase"
    view = PurchaseView(
        purchase=purchase,
        orders=await whole_orders(read, [order]),
        means=await _means(read, purchase, [order]),
        kept=await _kept(read, [order]),
        booking=await booking_of(read, purchase),
    )
    return await _page(read, buyer_id, view, [order.merchant_id])


async def _page(read: Read, buyer_id: BuyerId, view: PurchaseView, shops: Sequence[UUID]) -> PurchasePage:
    if not view.payable:
        return PurchasePage(shell=await shell(read, buyer_id), view=view)
    now = await payments.standing(read)
    wanted = await checkout.ways.of_purchase(read, view.purchase, view.booking, shops, view.due)
    return PurchasePage(shell=await shell(read, buyer_id), view=view, standing=now, wanted=wanted)


async def booking_of(read: Read, purchase: Purchase) -> Booking | None:
    """What a purchase that is paid in two parts is of a presale; nothing is asked for any other."""
    return await orders.booking_of(read, purchase.purchase_id) if purchase.deposit else None


async def _kept(read: Read, parts: Sequence[Order]) -> list[payments.PaymentSplit]:
    """What channels keep back for these orders, or took of what they kept back, as long as they are under way or were called off;
    nothing is asked for others."""
    under_way = [part for part in parts if part.paid_at is not None and part.state is not OrderState.COMPLETED]
    wanted = [(part.merchant_id, part.order_id) for part in under_way]
    return await payments.kept_back(read, wanted) if wanted else []


async def _means(read: Read, purchase: Purchase, parts: Sequence[Order]) -> list[payments.Means]:
    """By which means these orders of a purchase are paid, if purses pay of it."""
    if not purchase.tendered:
        return []
    shown = {part.order_id for part in parts}
    return [each for each in await payments.means_of(read, purchase.purchase_id) if each.order_id in shown]
