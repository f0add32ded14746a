"""An order's page, and what staff do to it: ship, put a number right, cancel, refund, leave a note."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.channels import host_commission
from steelyard.channels.host_commission.model import Line as HostLine
from steelyard.goods import inventory
from steelyard.goods.inventory.model import MovementsWanted
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.logistics import fulfilment, parcels
from steelyard.logistics.fulfilment.model import Dispatch, LineStatus, Packed, ParcelLine
from steelyard.logistics.parcels.model import CORRECTION_HOURS, CarrierList, Parcel, ParcelId, ParcelState, Scan
from steelyard.money import payments
from steelyard.money.payments import DoorCollection, DoorState
from steelyard.money.payments.model import PaymentSplit, Refund, RefundId
from steelyard.operations import growth
from steelyard.operations.growth import Level
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.merchant import door_acts, frame
from steelyard.surfaces.merchant.order_requests import Asked, asked_about
from steelyard.surfaces.web import fee_words, giving, promise_words
from steelyard.surfaces.web.console import done
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.postal import address_lines
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import aftersales, chargebacks, groups, orders, promises, settlement
from steelyard.trade.aftersales import CallOff, Giver, WaitingRefund
from steelyard.trade.aftersales.model import OrderRefund, freight_of
from steelyard.trade.groups.model import Membership
from steelyard.trade.orders.model import Order, OrderId, OrderLine, OrderNote, OrderState, Step
from steelyard.trade.promises import Compensation

REFUNDABLE = (OrderState.PAID, OrderState.PARTLY_SHIPPED, OrderState.SHIPPED, OrderState.COMPLETED)


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that an order's page tells. `door`: it is paid there; `back`: the goods that were not are on the shelf again."""

    order: Order
    shop: ShopCard
    lines: list[OrderLine]
    history: list[Step]
    parcels: list[Parcel]
    scans: dict[UUID, list[Scan]]
    contents: dict[UUID, list[ParcelLine]]
    left: dict[int, LineStatus]
    refunds: list[OrderRefund]
    splits: list[PaymentSplit]
    sent_back: dict[UUID, Refund]
    carriers: CarrierList
    notes: list[OrderNote]
    payout: settlement.OrderPayout | None = None
    compensations: list[Compensation] = []
    waits: list[WaitingRefund] = []
    door: DoorCollection | None = None
    taken_back: Sequence[chargebacks.Part] = ()
    of_hosts: Sequence[HostLine] = ()
    carrier_collects: bool = False
    back: bool = False
    level: Level | None = None

    @property
    def income(self) -> int:
        """What the merchant gets of it, from the buyer and from the platform, less what its host gets."""
        return self.order.income - self.hosts_part

    @property
    def hosts_part(self) -> int:
        """What the host of the session that it came from gets, or will get."""
        return sum(each.left for each in self.of_hosts)

    asked: Asked
    team: Membership | None = None

    @property
    def freight_left(self) -> int:
        """Of what was paid for sending, what can still be given back."""
        return freight_of(self.order, self.lines) - sum(refund.freight for refund in self.refunds)

    @property
    def held_back(self) -> bool:
        """Whether it is held because of a chargeback."""
        return any(part.held for part in self.taken_back)

    @property
    def in_dispute(self) -> bool:
        """Whether the bank has money of it, and nobody knows yet whether for good: it cannot be called off meanwhile."""
        return any(part.state in chargebacks.TAKEN for part in self.taken_back)

    @property
    def to_ship(self) -> bool:
        return self.order.state in (OrderState.PAID, OrderState.PARTLY_SHIPPED)

    @property
    def refundable(self) -> bool:
        """Something is left to give back; what was imported was paid elsewhere, and is not given back from here."""
        elsewhere = (self.order.source or "").startswith("import:")
        return self.order.state in REFUNDABLE and self.order.kept > 0 and not elsewhere

    @property
    def fees(self) -> list[fee_words.Charged]:
        """What it is charged after refunds, fee by fee."""
        return fee_words.charged(self.order, self.lines, self.refunds)


async def whole(read: Read, merchant_id: MerchantId, order_id: OrderId) -> Whole:
    """Raises `NotFound`: another merchant's order is not there."""
    order = await orders.order(read, merchant_id, order_id)
    if order is None:
        raise NotFound()
    sent = (await parcels.of_orders(read, [order_id]))[order_id]
    refunds = await payments.refunds_of_order(read, merchant_id, order_id)
    splits = await payments.splits_of_order(read, merchant_id, order_id)
    lines = (await orders.lines_of(read, [order_id]))[order_id]
    return Whole(
        order=order,
        shop=(await merchants.cards(read, [merchant_id]))[merchant_id],
        lines=lines,
        history=await orders.history(read, merchant_id, order_id),
        parcels=sent,
        scans={parcel.parcel_id: await parcels.scans(read, merchant_id, parcel.parcel_id) for parcel in sent},
        contents=await fulfilment.contents(read, order_id),
        left=(await fulfilment.status(read, [order_id])).get(order_id, {}),
        refunds=(await aftersales.of_orders(read, [order_id]))[order_id],
        splits=splits,
        sent_back={refund.refund_id: refund for refund in refunds},
        carriers=await parcels.carriers_of(read, merchant_id),
        notes=(await orders.notes_of(read, merchant_id, [order_id]))[order_id],
        payout=(await settlement.payouts_of(read, merchant_id, [order_id])).get(order_id),
        asked=await asked_about(read, merchant_id, order_id),
        team=(await groups.of_orders(read, [order_id])).get(order_id) if order.state is OrderState.HELD else None,
        waits=(await aftersales.waiting_of_orders(read, [order_id]))[order_id],
        compensations=await promises.compensations_of(read, [order_id]) if _promised(order, lines) else [],
        taken_back=await chargebacks.parts_of_orders(read, [order_id]),
        of_hosts=await host_commission.lines_of_order(read, merchant_id, order_id) if _live(order) else [],
        door=(door := (await payments.doors_of(read, merchant_id, [order_id])).get(order_id)),
        carrier_collects=door is not None and bool(await parcels.collected_by(read, merchant_id, [order_id])),
        level=(await growth.levels_of(read, merchant_id, [order.buyer_id])).get(order.buyer_id),
        back=door is not None and door.state is DoorState.REFUSED and await _back(read, merchant_id, order_id),
    )


def _live(order: Order) -> bool:
    return (order.source or "").startswith("live:")


async def _back(read: Read, merchant_id: MerchantId, order_id: OrderId) -> bool:
    """Whether what nobody paid for at the door is on the shelf again."""
    wanted = MovementsWanted(document=aftersales.returned_of(order_id))
    return bool((await inventory.find_movements(read, merchant_id, wanted)).items)


def _promised(order: Order, lines: Sequence[OrderLine]) -> bool:
    return order.ship_by is not None or any(line.authentic_times or line.free_returns for line in lines)


@get("/orders/{order_id:uuid}", opt={"permission": "orders.read"})
async def order_page(visit: NamedDependency[Visit], order_id: FromPath[UUID]) -> Response[Any]:
    """One order with all that happened to it. The forms carry the ids of what they would make, so that a second click
    makes nothing more."""
    found = await visit.merchant_db.ask(whole, visit.merchant_id, OrderId(order_id))
    staff = await visit.db.ask(access.staff, visit.merchant_id)
    me = visit.account.account_id if visit.account else None
    if me is not None and any(me in note.mentions for note in found.notes):
        await visit.merchant_db.transact(orders.see_notes, visit.merchant_id, OrderId(order_id), me)
    return await frame.show(
        visit,
        "order.html",
        frame.ORDERS,
        crumbs=[(visit.say(N_("Orders")), frame.ORDERS), (found.order.code, None)],
        found=found,
        order=found.order,
        parcel_id=ids.mint(),
        refund_id=ids.mint(),
        note_id=ids.mint(),
        people={f"staff:{member.account_id}": member.name for member in staff},
        colleagues=[member for member in staff if member.account_id != me and member.disabled_at is None],
        ship_by=found.order.due(found.shop.pause),
        now=datetime.now(UTC),
        promise_words=promise_words,
        address_text=address_text(found.order),
        correctable=correctable(found.parcels),
    )


def correctable(sent: Sequence[Parcel]) -> set[UUID]:
    """The parcels whose number may still be put right, as far as one can see from here."""
    since = datetime.now(UTC) - timedelta(hours=CORRECTION_HOURS)
    return {parcel.parcel_id for parcel in sent if parcel.state is ParcelState.HANDED_OVER and parcel.sent_at > since}


def address_text(order: Order) -> str:
    """Whom and where, as one pastes it into a carrier's form."""
    to = order.address
    who = [to.name or order.contact.name, to.phone or order.contact.phone]
    return " ".join(part for part in (*who, *address_lines(to)) if part)


async def ship(tx: Tx, actor: Actor, dispatch: Dispatch, by: str) -> None:
    order = await orders.ship(tx, dispatch, by)
    facts = {"carrier": dispatch.carrier, "number": dispatch.number, "parcel_id": str(dispatch.parcel_id)}
    await access.audit(tx, actor, "orders.ship", order.code, facts)


@post("/orders/{order_id:uuid}/ship", opt={"permission": "orders.ship"})
async def ship_order(visit: NamedDependency[Visit], request: WebRequest, order_id: FromPath[UUID]) -> Redirect:
    """Send what was ticked, or all that is left, under a tracking number."""
    form = await entries_of(request)
    dispatch = Dispatch(
        merchant_id=visit.merchant_id,
        order_id=order_id,
        parcel_id=ParcelId(form.uuid("parcel_id")),
        carrier=form.text("carrier"),
        number=form.text("number"),
        lines=None if form.flag("whole") else [Packed(line, pieces) for line, pieces in _lines(form)],
    )
    return await done(
        visit,
        f"{frame.ORDERS}/{order_id}",
        N_("The parcel is on its way, and the buyer is told."),
        lambda: visit.merchant_db.transact(ship, visit.actor, dispatch, visit.by),
    )


def _lines(form: Entries) -> list[tuple[int, int]]:
    """`line_<n>`: how many pieces of line n. Lines with none are left out."""
    chosen: list[tuple[int, int]] = []
    for name in form.names("line_"):
        pieces = form.number(f"line_{name}", otherwise=0)
        if name.isdecimal() and pieces:
            chosen.append((int(name), pieces))
    form.check()
    return chosen


async def cancel(tx: Tx, actor: Actor, giver: Giver, command: CallOff, by: str) -> WaitingRefund | None:
    waits = await aftersales.give(tx, giver, command, by)
    if waits is not None:
        await giving.audit_waiting(tx, actor, waits)
        return waits
    await access.audit(tx, actor, "orders.cancel", str(command.order_id), {"reason": command.reason})
    return None


@post("/orders/{order_id:uuid}/cancel", opt={"permission": "orders.cancel"})
async def cancel_order(visit: NamedDependency[Visit], request: WebRequest, order_id: FromPath[UUID]) -> Redirect:
    """Call a paid order off; all of its money goes back."""
    form = await entries_of(request)
    if await visit.merchant_db.ask(orders.order, visit.merchant_id, OrderId(order_id)) is None:
        raise NotFound()
    refund_id = RefundId(form.uuid("refund_id"))
    reason = form.text("reason", required=True, most=200)
    if form.errors:
        return redirect(visit, f"{frame.ORDERS}/{order_id}", (visit.say(N_("Please say why.")), "bad"))
    who = await giving.giver(visit)
    command = CallOff(merchant_id=visit.merchant_id, order_id=OrderId(order_id), refund_id=refund_id, reason=reason)
    return await giving.gave(
        visit,
        f"{frame.ORDERS}/{order_id}",
        N_("The order is cancelled, and all of its money goes back to the buyer."),
        lambda: visit.merchant_db.transact(cancel, visit.actor, who, command, visit.by),
    )


async def correct(
    tx: Tx, actor: Actor, merchant_id: MerchantId, parcel_id: ParcelId, carrier: str, number: str, by: str
) -> None:
    changed = await parcels.correct_number(tx, merchant_id, parcel_id, carrier, number, by)
    if changed is not None:
        facts = {
            "before": {"carrier": changed.carrier_was, "number": changed.number_was},
            "after": {"carrier": changed.carrier, "number": changed.number},
        }
        await access.audit(tx, actor, "orders.correct_number", str(parcel_id), facts)


@post("/orders/{order_id:uuid}/parcels/{parcel_id:uuid}/number", opt={"permission": "orders.ship"})
async def correct_number(
    visit: NamedDependency[Visit], request: WebRequest, order_id: FromPath[UUID], parcel_id: FromPath[UUID]
) -> Redirect:
    """Put a tracking number right that was typed in wrong."""
    form = await entries_of(request)
    sent = await visit.merchant_db.ask(parcels.of_orders, [order_id])
    if parcel_id not in {parcel.parcel_id for parcel in sent[order_id]}:
        raise NotFound()
    carrier, number = form.text("carrier"), form.text("number")
    return await done(
        visit,
        f"{frame.ORDERS}/{order_id}",
        N_("The number is changed, and the buyer sees the new one."),
        lambda: visit.merchant_db.transact(
            correct, visit.actor, visit.merchant_id, ParcelId(parcel_id), carrier, number, visit.by
        ),
    )


@post("/orders/{order_id:uuid}/notes", opt={"permission": "orders.read"})
async def leave_note(visit: NamedDependency[Visit], request: WebRequest, order_id: FromPath[UUID]) -> Redirect:
    """Tell colleagues something about an order; those who are named find it on their workbench."""
    form = await entries_of(request)
    if await visit.merchant_db.ask(orders.order, visit.merchant_id, OrderId(order_id)) is None:
        raise NotFound()
    staff = {member.account_id for member in await visit.db.ask(access.staff, visit.merchant_id)}
    named = [account_id for account_id in form.uuids("mentions") if account_id in staff]
    note_id, said = form.uuid("note_id"), form.text("note")
    return await done(
        visit,
        f"{frame.ORDERS}/{order_id}",
        N_("Your note is kept. Buyers never see it."),
        lambda: visit.merchant_db.transact(
            orders.write_note, visit.merchant_id, OrderId(order_id), note_id, said, named, visit.by
        ),
    )


HANDLERS = [order_page, *door_acts.HANDLERS, ship_order, correct_number, cancel_order, leave_note]
