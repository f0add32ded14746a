"""What the house itself knows about an order that is charged back, in the form in which banks ask for it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel import days
from steelyard.kernel.db import Read
from steelyard.kernel.money import Money
from steelyard.logistics import parcels
from steelyard.logistics.parcels.model import Parcel
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales import Case
from steelyard.trade.aftersales.model import OrderRefund
from steelyard.trade.orders.model import Order, OrderId, OrderLine

FACT_CHARACTERS_MAX = 1_000
MINUTES = "minutes"


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """An order with what was sold, how it was sent, and what was said and paid back since."""

    order: Order
    lines: Sequence[OrderLine]
    parcels: Sequence[Parcel]
    refunds: Sequence[OrderRefund]
    cases: Sequence[Case]


async def gathered(read: Read, of: Sequence[tuple[MerchantId, UUID]]) -> list[Gathered]:
    """What is known of these orders."""
    found = [await orders.order(read, merchant_id, OrderId(order_id)) for merchant_id, order_id in of]
    order_ids = [each.order_id for each in found if each is not None]
    lines = await orders.lines_of(read, order_ids)
    sent = await parcels.of_orders(read, order_ids)
    refunds = await aftersales.of_orders(read, order_ids)
    cases = await aftersales.cases_of_orders(read, order_ids)
    return [
        Gathered(
            order=each,
            lines=lines[each.order_id],
            parcels=sent[each.order_id],
            refunds=refunds[each.order_id],
            cases=cases[each.order_id],
        )
        for each in found
        if each is not None
    ]


def facts_of(found: Sequence[Gathered], locale: str) -> dict[str, str]:
    """By the names of `payments.EVIDENCE_FACTS`. The bank reads figures as they are written down, days in UTC."""
    if not found:
        return {}
    first = found[0].order
    sent = [parcel for each in found for parcel in each.parcels]
    to = first.address
    goods = [f"{line.quantity} × {line.title.in_language(locale)}" for each in found for line in each.lines]
    back = [
        f"{_day(refund.at)} {Money(refund.goods + refund.freight, refund.currency)}"
        for each in found
        for refund in each.refunds
    ]
    facts = {
        "customer_name": first.contact.name or to.name,
        "customer_email": first.contact.email,
        "address": ", ".join(
            part for part in (to.name, to.street, to.district, to.city, to.region, to.postal_code, to.country) if part
        ),
        "goods": "; ".join(goods),
        "sent_on": ", ".join(_day(parcel.sent_at) for parcel in sent),
        "carrier": ", ".join(parcel.carrier_name.in_language(locale) for parcel in sent),
        "tracking_number": ", ".join(parcel.number for parcel in sent),
        "refunds": "; ".join(back),
    }
    return {name: value[:FACT_CHARACTERS_MAX] for name, value in facts.items() if value}


def words_of(found: Sequence[Gathered], said: Sequence[str]) -> str:
    """A draft for staff to begin with: what happened to each order and when, and what the shops say."""
    told = []
    for each in found:
        steps = [
            ("placed", each.order.placed_at),
            ("paid", each.order.paid_at),
            ("sent", each.order.shipped_at),
            ("delivered", each.order.delivered_at),
            ("received", each.order.completed_at),
        ]
        told.append(f"{each.order.code}: " + ", ".join(f"{name} {_moment(at)}" for name, at in steps if at is not None))
        told += [f"{each.order.code}: after-sales {case.code}, {case.state}" for case in each.cases]
    return "\n".join([*told, *(words for words in said if words)])


def _day(at: datetime) -> str:
    return days.day_of(at).isoformat()


def _moment(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec=MINUTES)
