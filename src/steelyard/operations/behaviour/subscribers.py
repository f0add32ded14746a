"""Payments and refunds are things that people do, whoever carried the order in: they are taken from the house's own events."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.db import Row, Tx
from steelyard.kernel.events import Subscriber
from steelyard.operations.behaviour.links import Brought, credit
from steelyard.operations.behaviour.model import (
    BEHAVIOURS_PER_BATCH_MAX,
    Behaviour,
    Channel,
    Kind,
    Property,
    Surface,
    event_of,
)
from steelyard.operations.behaviour.recording import record
from steelyard.operations.behaviour.touching import Touch, devices, last_touches
from steelyard.trade import aftersales, orders

_SURFACES = {"live": Surface.LIVE, "ucp": Surface.UCP, "api": Surface.API, "shop": Surface.STOREFRONT}


async def on_paid(tx: Tx, events: Sequence[orders.PurchasePaid]) -> None:
    """One payment for each order of the purchase: amounts are minor units of the order's currency."""
    rows = await tx.fetch(
        """
        SELECT o.merchant_id, o.order_id, o.buyer_id, o.paid_at AS at, o.total AS amount, o.currency, o.source
             , (SELECT sum(l.quantity) FROM order_lines l
                WHERE (l.merchant_id, l.order_id) = (o.merchant_id, o.order_id))::integer AS pieces
        FROM orders o WHERE o.purchase_id = ANY($1) AND o.paid_at IS NOT NULL ORDER BY o.merchant_id, o.order_id
        """,
        [event.purchase_id for event in events],
    )
    people = [(row["buyer_id"], row["at"]) for row in rows]
    touches, held = await last_touches(tx, people), await devices(tx, people)
    happened = [_happened(row, Kind.PAY, row["order_id"], pieces=row["pieces"]) for row in rows]
    paid = [msgspec.structs.replace(each, device=device) for each, device in zip(happened, held, strict=True)]
    await _record_all(tx, [_touched(each, touch) for each, touch in zip(paid, touches, strict=True)])
    brought = [
        Brought(
            merchant_id=row["merchant_id"],
            order_id=row["order_id"],
            code=touch.link,
            paid=row["amount"],
            currency=row["currency"],
            at=row["at"],
        )
        for row, touch in zip(rows, touches, strict=True)
        if touch is not None and touch.link
    ]
    await credit(tx, brought)


def _touched(paid: Behaviour, touch: Touch | None) -> Behaviour:
    """A payment tells by what its buyer came last; what was bought in a live room came by it, whatever led there."""
    if touch is None:
        return paid
    channel = touch.channel if paid.channel is Channel.DIRECT else paid.channel
    more: dict[str, Property] = {**paid.properties, **({"link": touch.link} if touch.link else {})}
    return msgspec.structs.replace(
        paid, channel=channel, source=touch.source, medium=touch.medium, campaign=touch.campaign, properties=more
    )


async def on_refunded(tx: Tx, events: Sequence[aftersales.OrderRefunded]) -> None:
    """One for each refund, what goes back for freight with it."""
    rows = await tx.fetch(
        """
        SELECT r.merchant_id, r.order_id, o.buyer_id, r.at, r.goods + r.freight AS amount, r.currency, o.source
             , r.refund_id, r.reason
        FROM order_refunds r JOIN unnest($1::uuid[], $2::uuid[]) AS e (merchant_id, refund_id) USING (merchant_id, refund_id)
        JOIN orders o USING (merchant_id, order_id) ORDER BY r.merchant_id, r.refund_id
        """,
        [event.merchant_id for event in events],
        [event.refund_id for event in events],
    )
    await _record_all(tx, [_happened(row, Kind.REFUND, row["refund_id"], reason=row["reason"]) for row in rows])


async def _record_all(tx: Tx, happened: Sequence[Behaviour]) -> None:
    """Purchases have several orders: there may be more of them than one writing takes."""
    for part in range(0, len(happened), BEHAVIOURS_PER_BATCH_MAX):
        await record(tx, happened[part : part + BEHAVIOURS_PER_BATCH_MAX])


def _happened(row: Row, kind: Kind, document: UUID, **more: str | int) -> Behaviour:
    """Its id follows from what was paid or given back: read twice, it is written once."""
    way, _, rest = (row["source"] or "shop").partition(":")
    live = way == "live" or rest.startswith("replay:")
    return Behaviour(
        event_id=event_of(kind, document),
        kind=kind,
        at=row["at"],
        merchant_id=row["merchant_id"],
        visitor_id=row["buyer_id"],
        buyer_id=row["buyer_id"],
        order_id=row["order_id"],
        session_id=_session_of(way, rest),
        surface=_SURFACES.get(way, Surface.HOUSE),
        channel=Channel.LIVE if live else Channel.DIRECT,
        properties={"amount": row["amount"], "currency": row["currency"], **more},
    )


def _session_of(way: str, rest: str) -> UUID | None:
    parts = rest.split(":")
    named = parts[0] if way == "live" else parts[1] if parts[0] == "replay" and len(parts) > 1 else ""
    try:
        return UUID(named)
    except ValueError:
        return None


SUBSCRIBER = Subscriber(
    "behaviour",
    {orders.PurchasePaid: on_paid, aftersales.OrderRefunded: on_refunded},
)
