"""The rows of sending many orders at once: what each says, what is wrong with it, what a sheet or a carrier fills in."""

import re
from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.goods import catalog, warehouses
from steelyard.goods.catalog.model import SkuId
from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.logistics import fulfilment, parcels
from steelyard.logistics.fulfilment.model import LineStatus
from steelyard.logistics.parcels.model import CarrierList, NewParcel, NewWaybill, ParcelId
from steelyard.parties import merchants
from steelyard.parties.customers.model import Address
from steelyard.parties.merchants.model import MerchantId, Pause
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import orders
from steelyard.trade.orders.model import Order, OrderId, OrderLine, OrderState

ROWS_MAX = orders.ORDERS_PER_DISPATCH_MAX
GRAMS_MAX = 1_000_000
CODE = re.compile(r"^S-[0-9A-Z]{5}-[0-9A-Z]{5}$", re.IGNORECASE)


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    orders: list[Order]
    lines: dict[OrderId, list[OrderLine]]
    left: dict[UUID, dict[int, LineStatus]]
    carriers: CarrierList
    pause: Pause | None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed in for one order. `changed`: it came out of a sheet just now."""

    parcel_id: UUID
    carrier: str = ""
    number: str = ""
    changed: bool = False
    error: str = ""


async def rows_of(read: Read, merchant_id: MerchantId, order_ids: Sequence[UUID]) -> Rows:
    found = await orders.of_merchant(read, merchant_id, order_ids)
    to_send = [order for order in found if order.state in (OrderState.PAID, OrderState.PARTLY_SHIPPED)]
    named = [order.order_id for order in to_send]
    return Rows(
        orders=to_send[:ROWS_MAX],
        lines=await orders.lines_of(read, named),
        left=await fulfilment.status(read, named),
        carriers=await parcels.carriers_of(read, merchant_id),
        pause=await merchants.pause_of(read, merchant_id),
    )


def checked(visit: Visit, typed: dict[UUID, Row], carriers: set[str]) -> tuple[list[NewParcel], dict[UUID, Row]]:
    """The parcels that the rows ask for, and the rows with what is wrong with them."""
    going: list[NewParcel] = []
    rows: dict[UUID, Row] = {}
    seen: dict[tuple[str, str], UUID] = {}
    for order_id, row in typed.items():
        rows[order_id] = row
        if not row.number:
            continue
        try:
            number = parcels.clean_number(row.number)
        except Invalid as refusal:
            rows[order_id] = msgspec.structs.replace(row, error=visit.say(str(refusal.fields["number"])))
            continue
        if row.carrier not in carriers:
            rows[order_id] = msgspec.structs.replace(row, error=visit.say(N_("Please choose a carrier")))
        elif (row.carrier, number) in seen:
            rows[order_id] = msgspec.structs.replace(row, error=visit.say(N_("This number stands in two rows.")))
        seen[row.carrier, number] = order_id
        going.append(
            NewParcel(parcel_id=ParcelId(row.parcel_id), order_id=order_id, carrier=row.carrier, number=number)
        )
    return going, rows


def place(told_rows: Sequence[Sequence[str]], found: Rows, typed: dict[UUID, Row]) -> tuple[dict[UUID, Row], list[str]]:
    """The rows with what a sheet says, and the order codes in it that are none of these.

    A row with an order's code goes to that order: its last cell that is no carrier is the number. Rows without codes are a
    column of numbers, for the orders in their order.
    """
    filled = dict(typed)
    names = {
        word.lower(): carrier.carrier
        for carrier in found.carriers.carriers
        for word in (carrier.carrier, *carrier.name.values())
    }
    order_of = {order.code: order.order_id for order in found.orders}
    coded = any(CODE.match(cell) for row in told_rows for cell in row)
    unknown: list[str] = []
    in_turn = iter([order.order_id for order in found.orders])
    for row in told_rows:
        code = next((cell.upper() for cell in row if CODE.match(cell)), None)
        if coded and code is None:
            continue  # a heading, or a sum
        carrier = next((names[cell.lower()] for cell in row if cell.lower() in names), None)
        number = "" if not row or row[-1].lower() in names or row[-1].upper() == code else row[-1]
        if code is None and not any(letter.isdecimal() for letter in number):
            continue  # a heading over the column
        order_id = order_of.get(code) if code else next(in_turn, None)
        if order_id is None:
            unknown.append(code or number)
        elif number:
            known = filled[order_id]
            filled[order_id] = msgspec.structs.replace(
                known, carrier=carrier or known.carrier, number=number, changed=True
            )
    return filled, unknown


async def waybills_for(
    read: Read, merchant_id: MerchantId, found: Rows, wanted: Sequence[tuple[Order, Row]]
) -> list[NewWaybill] | None:
    """What carriers are asked for; none when nobody knows where the shop sends from."""
    places = await warehouses.of_merchant(read, merchant_id)
    sender = next((each.address for each in places if each.open and each.address.street), None)
    if sender is None:
        return None
    cards = await catalog.cards(read, {line.sku_id for order, _ in wanted for line in found.lines[order.order_id]})
    asked: list[NewWaybill] = []
    for order, row in wanted:
        grams = sum(
            cards[SkuId(line.sku_id)].weight_grams * line.quantity
            for line in found.lines[order.order_id]
            if line.sku_id in cards
        )
        to = msgspec.structs.replace(order.address, name=order.address.name or order.contact.name or order.code)
        asked.append(
            NewWaybill(
                merchant_id=merchant_id,
                waybill_id=ParcelId(row.parcel_id),
                order_id=order.order_id,
                carrier=row.carrier,
                sender=_plain(sender),
                recipient=_plain(to),
                weight_grams=max(1, min(grams, GRAMS_MAX)),
            )
        )
    return asked


def _plain(address: Address) -> dict[str, str]:
    return msgspec.to_builtins(address)
