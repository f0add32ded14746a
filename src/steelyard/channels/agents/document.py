"""An order as UCP tells it: one purchase, whole, as it stands; each merchant's part is an expectation of its own."""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from steelyard.channels.agents.model import ORDER
from steelyard.kernel.db import Read
from steelyard.logistics import fulfilment, parcels
from steelyard.logistics.fulfilment.model import LineStatus
from steelyard.logistics.parcels.model import Parcel, ParcelState
from steelyard.money import payments
from steelyard.money.payments.model import RefundState
from steelyard.parties import merchants
from steelyard.parties.customers.model import Address
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.trade import aftersales, checkout, orders
from steelyard.trade.aftersales.model import OrderRefund
from steelyard.trade.checkout.model import CheckoutId, Line
from steelyard.trade.orders.model import NewLine, Order, OrderId, OrderLine, OrderState, Purchase, PurchaseId

REFUND_LINES_MAX = 1_000

LineKey = tuple[OrderId, int]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known of a purchase. `parts` are its orders, `names` the line ids its checkout gave."""

    purchase: Purchase
    checkout_id: UUID | None
    parts: list[Order]
    lines: dict[OrderId, list[OrderLine]]
    names: dict[LineKey, str]
    shops: dict[MerchantId, ShopCard]
    sent: dict[UUID, dict[int, LineStatus]]
    parcels: dict[UUID, list[Parcel]]
    packed: dict[UUID, dict[int, int]]
    refunds: dict[OrderId, list[OrderRefund]]
    refunded_lines: dict[UUID, dict[int, int]]
    refund_states: dict[UUID, RefundState]


async def facts(read: Read, purchase_id: PurchaseId) -> Facts | None:
    """What there is to tell of a purchase, asked set by set."""
    purchase = await orders.purchase(read, purchase_id)
    if purchase is None:
        return None
    parts = await orders.orders_of_purchase(read, purchase_id)
    order_ids = [part.order_id for part in parts]
    lines = await orders.lines_of(read, order_ids)
    checkout_id = await read.value("SELECT checkout_id FROM checkouts WHERE purchase_id = $1 LIMIT 1", purchase_id)
    opened = await checkout.get(read, CheckoutId(checkout_id)) if checkout_id else None
    return Facts(
        purchase=purchase,
        checkout_id=checkout_id,
        parts=parts,
        lines=lines,
        names=line_names(opened.lines if opened else [], lines),
        shops=await merchants.cards(read, [part.merchant_id for part in parts]),
        sent=await fulfilment.status(read, order_ids),
        parcels=await parcels.of_orders(read, order_ids),
        packed=await _packed(read, order_ids),
        refunds=await aftersales.of_orders(read, order_ids),
        refunded_lines=await _refunded_lines(read, order_ids),
        refund_states={
            refund.refund_id: refund.state
            for part in parts
            for refund in await payments.refunds_of_order(read, part.merchant_id, part.order_id)
        },
    )


def line_names(
    said: Sequence[Line], lines: Mapping[OrderId, Sequence[OrderLine] | Sequence[NewLine]]
) -> dict[LineKey, str]:
    """The line of the checkout that each line of its orders was: the same goods, in the same order."""
    waiting: dict[UUID, deque[str]] = {}
    for line in said:
        waiting.setdefault(line.sku_id, deque()).append(line.line_id)
    names: dict[LineKey, str] = {}
    for order_id, of_order in lines.items():
        for line in of_order:
            left = waiting.get(line.sku_id)
            names[order_id, line.line] = left.popleft() if left else f"{order_id}_{line.line}"
    return names


async def _packed(read: Read, order_ids: Sequence[OrderId]) -> dict[UUID, dict[int, int]]:
    found: dict[UUID, dict[int, int]] = {}
    for order_id in order_ids:
        for parcel_id, items in (await fulfilment.contents(read, order_id)).items():
            found[parcel_id] = {item.line: item.quantity for item in items}
    return found


async def _refunded_lines(read: Read, order_ids: Sequence[OrderId]) -> dict[UUID, dict[int, int]]:
    found: dict[UUID, dict[int, int]] = {}
    for row in await read.fetch(
        """
        SELECT refund_id, line, quantity FROM order_refund_lines
        WHERE order_id = ANY($1) AND quantity > 0 ORDER BY line LIMIT $2
        """,
        list(order_ids),
        REFUND_LINES_MAX,
    ):
        found.setdefault(row["refund_id"], {})[row["line"]] = row["quantity"]
    return found


def order_document(found: Facts, base_url: str, version: str, locale: str) -> dict[str, Any]:
    """The order entity of the protocol, whole: never a delta."""
    goods = sum(part.goods for part in found.parts)
    discount = sum(line.discount for part in found.parts for line in found.lines[part.order_id])
    freight = sum(part.freight for part in found.parts)
    tax = sum(part.tax_added for part in found.parts)
    permalink = f"{base_url}/purchases/{found.purchase.code}"
    return {
        "ucp": {"version": version, "status": "success", "capabilities": {ORDER: [{"version": version}]}},
        "id": str(found.purchase.purchase_id),
        "label": found.purchase.code,
        "checkout_id": str(found.checkout_id or found.purchase.purchase_id),
        "permalink_url": permalink,
        "currency": found.purchase.currency,
        "line_items": [
            _line(found, part, line, base_url, locale) for part in found.parts for line in found.lines[part.order_id]
        ],
        "fulfillment": {
            "expectations": [_expectation(found, part, base_url, locale) for part in found.parts],
            "events": sorted(
                (
                    event
                    for part in found.parts
                    for parcel in found.parcels.get(part.order_id, [])
                    for event in _events(found, part, parcel, permalink, locale)
                ),
                key=lambda event: event["occurred_at"],
            ),
        },
        "adjustments": [
            _adjustment(found, part, refund) for part in found.parts for refund in found.refunds[part.order_id]
        ],
        "totals": [
            {"type": "subtotal", "amount": goods + discount},
            *([{"type": "items_discount", "amount": -discount}] if discount else []),
            {"type": "fulfillment", "amount": freight},
            *([{"type": "tax", "amount": tax}] if tax else []),
            {"type": "total", "amount": found.purchase.total},
        ],
    }


def merchant_note(shop: ShopCard, base_url: str, locale: str) -> dict[str, str]:
    """The merchant of a line or of a way of delivery, as our extension of the protocol tells it."""
    return {
        "id": str(shop.merchant_id),
        "name": shop.name.in_language(locale),
        "url": f"{base_url}/shops/{shop.slug}",
    }


def postal_address(address: Address) -> dict[str, str]:
    """Our address in the protocol's words; what is not known is left out."""
    words = {
        "first_name": address.name,
        "phone_number": address.phone,
        "address_country": address.country,
        "address_region": address.region,
        "address_locality": " ".join(filter(None, (address.city, address.district))),
        "street_address": address.street,
        "postal_code": address.postal_code,
    }
    return {name: value for name, value in words.items() if value}


def _line(found: Facts, part: Order, line: OrderLine, base_url: str, locale: str) -> dict[str, Any]:
    cancelled = part.state is OrderState.CANCELLED
    total = 0 if cancelled else line.quantity - line.refunded_quantity
    status = found.sent.get(part.order_id, {}).get(line.line)
    fulfilled = min(status.shipped if status else 0, total)
    if total == 0:
        word = "removed"
    elif fulfilled == total:
        word = "fulfilled"
    else:
        word = "partial" if fulfilled else "processing"
    item: dict[str, Any] = {"id": str(line.sku_id), "title": title_of(line, locale), "price": line.unit_price}
    if line.picture:
        item["image_url"] = f"{base_url}/media/{line.picture}"
    return {
        "id": found.names[part.order_id, line.line],
        "item": item,
        "quantity": {"original": line.quantity, "total": total, "fulfilled": fulfilled},
        "totals": [
            {"type": "subtotal", "amount": line.amount + line.discount},
            *([{"type": "items_discount", "amount": -line.discount}] if line.discount else []),
            {"type": "total", "amount": line.amount},
        ],
        "status": word,
        "merchant": merchant_note(found.shops[part.merchant_id], base_url, locale),
    }


def title_of(line: OrderLine | NewLine, locale: str) -> str:
    """The product with its choice, as in "Claw hammer (Red)"."""
    chosen = ", ".join(value.in_language(locale) for _, value in line.options)
    return line.title.in_language(locale) + (f" ({chosen})" if chosen else "")


def _expectation(found: Facts, part: Order, base_url: str, locale: str) -> dict[str, Any]:
    return {
        "id": str(part.order_id),
        "line_items": _items(found, part, {line.line: line.quantity for line in found.lines[part.order_id]}),
        "method_type": "shipping",
        "destination": postal_address(part.address),
        "description": part.delivery.name.in_language(locale),
        "merchant": merchant_note(found.shops[part.merchant_id], base_url, locale),
    }


def _items(found: Facts, part: Order, quantities: Mapping[int, int], sign: int = 1) -> list[dict[str, Any]]:
    return [
        {"id": found.names[part.order_id, line], "quantity": sign * quantity}
        for line, quantity in quantities.items()
        if quantity
    ]


def _events(found: Facts, part: Order, parcel: Parcel, permalink: str, locale: str) -> list[dict[str, Any]]:
    """A parcel left; it arrived, or the carrier has trouble with it."""
    happened: list[tuple[str, datetime]] = [("shipped", parcel.sent_at)]
    if parcel.delivered_at is not None:
        happened.append(("delivered", max(parcel.delivered_at, parcel.sent_at)))
    elif parcel.state in (ParcelState.LOST, ParcelState.REFUSED):
        happened.append(("failed_attempt", parcel.sent_at))
    return [
        {
            "id": f"{parcel.parcel_id}_{kind}",
            "type": kind,
            "occurred_at": at.isoformat(),
            "line_items": _items(found, part, found.packed.get(parcel.parcel_id, {})),
            "tracking_number": parcel.number,
            "tracking_url": permalink,
            "carrier": parcel.carrier_name.in_language(locale),
        }
        for kind, at in happened
    ]


def _adjustment(found: Facts, part: Order, refund: OrderRefund) -> dict[str, Any]:
    match found.refund_states.get(refund.refund_id):
        case RefundState.SUCCEEDED:
            status = "completed"
        case RefundState.FAILED:
            status = "failed"
        case _:
            status = "pending"
    lines = _items(found, part, found.refunded_lines.get(refund.refund_id, {}), sign=-1)
    return {
        "id": str(refund.refund_id),
        "type": "cancellation" if refund.reason == "cancelled" else "refund",
        "occurred_at": refund.at.isoformat(),
        "status": status,
        **({"line_items": lines} if lines else {}),
        "totals": [{"type": "total", "amount": -(refund.goods + refund.freight)}],
        **({"description": refund.note} if refund.note else {}),
    }
