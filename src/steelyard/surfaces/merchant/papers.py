"""What is printed for many orders at once: labels, packing slips, the pick list."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import anyio.to_thread
import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from steelyard.goods import inventory, warehouses
from steelyard.goods.inventory.model import Kept
from steelyard.goods.warehouses.model import Warehouse
from steelyard.kernel import i18n
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import LOCALES, N_
from steelyard.kernel.money import Money
from steelyard.logistics import fulfilment, parcels
from steelyard.logistics.fulfilment.model import LineStatus, ParcelLine
from steelyard.logistics.parcels.model import Parcel
from steelyard.money import payments
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.customers.model import Address
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.entries import as_uuid, entries_of
from steelyard.surfaces.web.paper import Label, Pick, Slip, SlipLine, labels, pick_list, slips
from steelyard.surfaces.web.postal import address_lines
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import orders
from steelyard.trade.orders.model import Order, OrderId, OrderLine

ORDERS_PER_PRINT_MAX = orders.ORDERS_PER_DISPATCH_MAX
PDF = "application/pdf"


class Papers(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that papers of these orders tell."""

    shop: ShopCard
    orders: list[Order]
    lines: dict[OrderId, list[OrderLine]]
    parcels: dict[UUID, list[Parcel]]
    contents: dict[UUID, list[ParcelLine]]
    left: dict[UUID, dict[int, LineStatus]]
    kept: list[Kept]
    warehouses: list[Warehouse]
    doors: dict[UUID, payments.DoorCollection]

    @property
    def sender(self) -> Address:
        """From where it is sent: the first open warehouse that has an address."""
        return next((each.address for each in self.warehouses if each.open and each.address.street), Address())


async def papers(read: Read, merchant_id: MerchantId, order_ids: Sequence[UUID]) -> Papers:
    """Raises `NotFound` when none of them is this merchant's."""
    found = await orders.of_merchant(read, merchant_id, order_ids)
    if not found:
        raise NotFound()
    ids_of = [order.order_id for order in found]
    return Papers(
        shop=(await merchants.cards(read, [merchant_id]))[merchant_id],
        orders=found,
        lines=await orders.lines_of(read, ids_of),
        parcels=await parcels.of_orders(read, ids_of),
        contents=await fulfilment.contents_of(read, ids_of),
        left=await fulfilment.status(read, ids_of),
        kept=await inventory.kept_where(read, merchant_id, ids_of),
        warehouses=await warehouses.of_merchant(read, merchant_id),
        doors=await payments.doors_of(read, merchant_id, ids_of),
    )


def chosen_ids(visit: Visit) -> list[UUID]:
    """The orders that the address names: `order=…&order=…`."""
    named = visit.connection.query_params.getall("order", [])
    return list(dict.fromkeys(found for each in named[:ORDERS_PER_PRINT_MAX] if (found := as_uuid(each)) is not None))


@get("/orders/papers.pdf", opt={"permission": "orders.read"})
async def print_papers(visit: NamedDependency[Visit]) -> Response[Any]:
    """`kind` is labels, slips or picks; `lang` the language they are printed in, the reader's when it says nothing."""
    query = visit.connection.query_params
    kind = query.get("kind", "slips")
    drawing = _KINDS.get(kind)
    if drawing is None:
        raise NotFound()
    found = await visit.merchant_db.ask(papers, visit.merchant_id, chosen_ids(visit))
    language = query.get("lang", "")
    locale = language if language in LOCALES else visit.locale
    title, draw = drawing
    words = _Words(locale)
    # Drawing keeps the processor busy for a while: other requests go on meanwhile.
    body = await anyio.to_thread.run_sync(draw, found, words, words.say(title))
    name = f"{words.say(title)}-{words.at(datetime.now(UTC))[:10]}.pdf"
    return Response(
        body,
        media_type=PDF,
        headers={
            "content-disposition": f"inline; filename=\"{kind}.pdf\"; filename*=UTF-8''{quote(name, safe='')}",
            "cache-control": "no-store",
        },
    )


async def begin_packing(tx: Tx, actor: Actor, merchant_id: MerchantId, order_ids: Sequence[UUID], by: str) -> None:
    for_packing = [OrderId(order_id) for order_id in order_ids]
    codes = await orders.begin_packing_of(tx, merchant_id, for_packing, by)
    if codes:
        facts = {"before": {"packing": False}, "after": {"packing": True}, "orders": codes}
        await access.audit(tx, actor, "orders.begin_packing", codes[0] if len(codes) == 1 else str(len(codes)), facts)


@post("/orders/papers", opt={"permission": "orders.ship"})
async def pack(visit: NamedDependency[Visit], request: WebRequest) -> Redirect:
    """Print slips or a pick list in order to pack: from now on buyers ask before these are cancelled or sent elsewhere."""
    form = await entries_of(request)
    named = [found for each in form.all("order")[:ORDERS_PER_PRINT_MAX] if (found := as_uuid(each)) is not None]
    await visit.merchant_db.transact(begin_packing, visit.actor, visit.merchant_id, named, visit.by)
    kind = form.text("kind") or visit.connection.query_params.get("kind", "")
    query = [*(("order", str(order_id)) for order_id in named), ("kind", kind if kind in _KINDS else "slips")]
    return Redirect(f"{frame.ORDERS}/papers.pdf?{urlencode(query)}", status_code=303)


class _Words:
    """The language of a paper."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self._catalogue = i18n.translations(locale)

    def say(self, message: str) -> str:
        return self._catalogue.gettext(message)

    def at(self, moment: datetime) -> str:
        return f"{moment.astimezone(exports.ZONE):%Y-%m-%d %H:%M}"

    def options(self, line: OrderLine) -> str:
        return " · ".join(value.in_language(self.locale) for _, value in line.options)

    def title(self, line: OrderLine) -> str:
        return line.title.in_language(self.locale)


def _asked(found: Papers, order: Order, words: _Words) -> str:
    """What is to be collected when the parcel is handed over, to be read by whoever does."""
    door = found.doors.get(order.order_id)
    if door is None or not door.left:
        return ""
    said = words.say(N_("To collect at the door"))
    return f"{said}: {door.currency} {Money(door.left, door.currency).decimal()}"


def _labels(found: Papers, words: _Words, title: str) -> bytes:
    """A label for each parcel of each order; an order that has none yet gets one without bars."""
    made: list[Label] = []
    sender = found.sender
    for order in found.orders:
        to = order.address
        line_of = {line.line: line for line in found.lines[order.order_id]}
        for parcel in found.parcels[order.order_id]:
            inside = found.contents.get(parcel.parcel_id, [])
            made.append(
                Label(
                    carrier=parcel.carrier_name.in_language(words.locale),
                    number=parcel.number,
                    order=order.code,
                    service=order.delivery.name.in_language(words.locale),
                    name=to.name or order.contact.name,
                    phone=to.phone or order.contact.phone,
                    lines=address_lines(to),
                    sorting=" ".join(
                        part for part in (to.region, to.city if to.city != to.region else "", to.district) if part
                    )
                    if to.country == "CN"
                    else f"{to.country} {to.postal_code}",
                    sender_name=sender.name or found.shop.name.in_language(words.locale),
                    sender_phone=sender.phone,
                    sender_lines=address_lines(sender),
                    contents=[
                        (
                            f"{words.title(line_of[item.line])} {words.options(line_of[item.line])}".strip(),
                            item.quantity,
                        )
                        for item in inside
                        if item.line in line_of
                    ],
                    note=" · ".join(part for part in (_asked(found, order, words), order.note) if part),
                    printed=words.at(datetime.now(UTC)),
                )
            )
    if not made:
        raise NotFound()
    return labels(made, words.say, title)


def _slips(found: Papers, words: _Words, title: str) -> bytes:
    made: list[Slip] = []
    for order in found.orders:
        status = found.left.get(order.order_id, {})
        going = any(state.left for state in status.values())
        made.append(
            Slip(
                shop=found.shop.name.in_language(words.locale),
                order=order.code,
                placed=words.at(order.placed_at),
                delivery=order.delivery.name.in_language(words.locale),
                name=order.address.name or order.contact.name,
                phone=order.address.phone or order.contact.phone,
                address=address_lines(order.address),
                note=" · ".join(part for part in (_asked(found, order, words), order.note) if part),
                # While something is to be sent, the slip lists that; later, all that was bought.
                lines=[
                    SlipLine(title=words.title(line), options=words.options(line), code=line.sku_code, pieces=pieces)
                    for line in found.lines[order.order_id]
                    if (pieces := status[line.line].left if going and line.line in status else line.quantity)
                ],
                numbers=[parcel.number for parcel in found.parcels[order.order_id]],
                foot=words.say(N_("Thank you for your order.")),
            )
        )
    return slips(made, words.say, title)


def _picks(found: Papers, words: _Words, title: str) -> bytes:
    name_of: dict[UUID, tuple[int, str]] = {each.warehouse_id: (each.place, each.name) for each in found.warehouses}
    code_of = {order.order_id: order.code for order in found.orders}
    line_of = {line.sku_id: line for lines in found.lines.values() for line in lines}
    picks: dict[tuple[int, str, str, UUID], list[tuple[str, int]]] = {}
    for kept in found.kept:
        place, name = name_of[kept.warehouse_id]
        if kept.sku_id in line_of:
            key = (place, name, line_of[kept.sku_id].sku_code, kept.sku_id)
            picks.setdefault(key, []).append((code_of[OrderId(kept.order_id)], kept.quantity))
    return pick_list(
        [
            Pick(
                warehouse=key[1],
                title=words.title(line_of[key[3]]),
                options=words.options(line_of[key[3]]),
                code=key[2],
                pieces=sum(pieces for _, pieces in whose),
                orders=whose,
            )
            for key, whose in sorted(picks.items(), key=lambda pair: pair[0])
        ],
        words.say,
        shop=found.shop.name.in_language(words.locale),
        printed=words.at(datetime.now(UTC)),
        orders=len(found.orders),
        title=title,
    )


_KINDS: dict[str, tuple[str, Callable[[Papers, _Words, str], bytes]]] = {
    "labels": (N_("Labels"), _labels),
    "slips": (N_("Packing slips"), _slips),
    "picks": (N_("Pick list"), _picks),
}

HANDLERS = [print_papers, pack]
