"""What a buyer wants of an order without changing its state: to hurry, to have more time, another address, to see it no
more; and the shop's word that it is being packed. Each is written down as an act of the order."""

from collections.abc import Collection, Sequence

import msgspec

from steelyard.goods import catalog
from steelyard.goods.catalog.model import SkuId
from steelyard.kernel import events
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, TransitionRefused
from steelyard.kernel.i18n import N_
from steelyard.logistics import freight
from steelyard.logistics.freight.model import Shipment
from steelyard.money import payments
from steelyard.parties.customers.model import Address, BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.orders.events import OrderReaddressed, ShopReminded
from steelyard.trade.orders.model import (
    EXTENSION_DAYS,
    MACHINE,
    REMINDERS_APART_HOURS,
    AddressCostsMore,
    AddressOutOfReach,
    ExtendedAlready,
    Order,
    OrderId,
    OrderState,
    PackedAlready,
    RemindedAlready,
)
from steelyard.trade.orders.queries import lines_of
from steelyard.trade.orders.service import lock_order

TO_SEND = frozenset({OrderState.PAID, OrderState.PARTLY_SHIPPED})
UNSENT = frozenset({OrderState.PLACED, OrderState.HELD, OrderState.PAID})
ENDED = frozenset({OrderState.COMPLETED, OrderState.CANCELLED})


async def begin_packing(tx: Tx, merchant_id: MerchantId, order_id: OrderId, by: str) -> None:
    """The shop packs this order: from now on a buyer asks before it is called off. Said twice, nothing changes.

    Raises `NotFound`, `TransitionRefused` unless something is to be sent.
    """
    order = await lock_order(tx, merchant_id, order_id)
    if order.packing_at is not None:
        return
    _only_in(order, TO_SEND)
    await tx.execute(
        "UPDATE orders SET packing_at = now() WHERE merchant_id = $1 AND order_id = $2", merchant_id, order_id
    )
    await _write(tx, order, "packing", by)
    await payments.want(tx, [(merchant_id, order_id)], "packing")


async def begin_packing_of(tx: Tx, merchant_id: MerchantId, order_ids: Collection[OrderId], by: str) -> list[str]:
    """The shop packs these: as `begin_packing`, for those of them that are to be sent and not packed yet. Returns their
    codes."""
    rows = await tx.fetch(
        """
        WITH chosen AS (
            SELECT order_id FROM orders
            WHERE merchant_id = $1 AND order_id = ANY($2) AND packing_at IS NULL AND state = ANY($3)
            ORDER BY order_id FOR UPDATE
        ), packed AS (
            UPDATE orders o SET packing_at = now() FROM chosen c
            WHERE o.merchant_id = $1 AND o.order_id = c.order_id RETURNING o.order_id, o.code
        ), told AS (
            INSERT INTO order_acts (merchant_id, order_id, act, kind, by)
            SELECT $1, p.order_id, 1 + coalesce((SELECT max(a.act) FROM order_acts a
                                                 WHERE a.merchant_id = $1 AND a.order_id = p.order_id), 0), 'packing', $4
            FROM packed p
        )
        SELECT order_id, code FROM packed ORDER BY code
        """,
        merchant_id,
        list(order_ids),
        sorted(TO_SEND),
        by,
    )
    if rows:
        await payments.want(tx, [(merchant_id, row["order_id"]) for row in rows], "packing")
    return [row["code"] for row in rows]


async def remind(tx: Tx, merchant_id: MerchantId, order_id: OrderId, by: str) -> None:
    """Ask the shop to send it. Raises `NotFound`, `TransitionRefused` unless something is to be sent,
    `RemindedAlready` within a day of the last time."""
    order = await lock_order(tx, merchant_id, order_id)
    _only_in(order, TO_SEND)
    reminded = await tx.value(
        """
        UPDATE orders SET reminded_at = now()
        WHERE merchant_id = $1 AND order_id = $2
          AND (reminded_at IS NULL OR reminded_at <= now() - $3 * interval '1 hour') RETURNING true
        """,
        merchant_id,
        order_id,
        REMINDERS_APART_HOURS,
    )
    if not reminded:
        raise RemindedAlready()
    await _write(tx, order, "reminded", by)
    await events.publish(tx, ShopReminded(merchant_id=merchant_id, order_id=order_id, buyer_id=order.buyer_id))


async def extend_receipt(tx: Tx, merchant_id: MerchantId, order_id: OrderId, by: str) -> None:
    """Give the buyer `EXTENSION_DAYS` more before receipt counts as confirmed, once.

    Raises `NotFound`, `TransitionRefused` unless all of it has been sent, `ExtendedAlready`.
    """
    order = await lock_order(tx, merchant_id, order_id)
    _only_in(order, {OrderState.SHIPPED})
    if order.extended_at is not None:
        raise ExtendedAlready()
    await tx.execute(
        """
        UPDATE orders SET extended_at = now(), receive_by = receive_by + $3 * interval '1 day'
        WHERE merchant_id = $1 AND order_id = $2
        """,
        merchant_id,
        order_id,
        EXTENSION_DAYS,
    )
    await _write(tx, order, "extended", by, {"days": EXTENSION_DAYS})


async def hide(tx: Tx, merchant_id: MerchantId, order_id: OrderId, by: str) -> None:
    """Take an ended order off the buyer's list. Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`."""
    order = await lock_order(tx, merchant_id, order_id)
    if order.hidden_at is not None:
        return
    _only_in(order, ENDED)
    await tx.execute(
        "UPDATE orders SET hidden_at = now() WHERE merchant_id = $1 AND order_id = $2", merchant_id, order_id
    )
    await _write(tx, order, "hidden", by)


async def show_again(tx: Tx, merchant_id: MerchantId, order_id: OrderId, by: str) -> None:
    """Put an order back on the buyer's list. Said twice, nothing changes. Raises `NotFound`."""
    order = await lock_order(tx, merchant_id, order_id)
    if order.hidden_at is None:
        return
    await tx.execute(
        "UPDATE orders SET hidden_at = NULL WHERE merchant_id = $1 AND order_id = $2", merchant_id, order_id
    )
    await _write(tx, order, "shown", by)


async def change_address(tx: Tx, merchant_id: MerchantId, order_id: OrderId, address: Address, by: str) -> None:
    """Send an order elsewhere, as long as nothing of it is packed and it costs no more. Said twice, nothing changes.

    What was paid for delivery stays as it was, also where it would be cheaper. Raises `NotFound`, `TransitionRefused`,
    `PackedAlready`, `AddressCostsMore`, `AddressOutOfReach`, `Invalid` for an address that no carrier finds.
    """
    order = await lock_order(tx, merchant_id, order_id)
    if order.address == address:
        return
    _only_in(order, UNSENT)
    if order.packing_at is not None:
        raise PackedAlready()
    if not address.complete:
        raise Invalid({"street": N_("Please enter the whole address.")})
    fee = await fee_to(tx, order, address)
    if fee is None:
        raise AddressOutOfReach()
    if fee > order.freight:
        raise AddressCostsMore(paid=order.freight, fee=fee, currency=order.currency)
    await tx.execute(
        "UPDATE orders SET address = $3 WHERE merchant_id = $1 AND order_id = $2", merchant_id, order_id, address
    )
    facts = {"before": msgspec.to_builtins(order.address), "after": msgspec.to_builtins(address)}
    await _write(tx, order, "readdressed", by, facts)
    await events.publish(tx, OrderReaddressed(merchant_id=merchant_id, order_id=order_id, buyer_id=order.buyer_id))


async def fee_to(read: Read, order: Order, address: Address) -> int | None:
    """What sending the order to this address costs today in the way that was chosen; none where it does not lead, which
    any other country is: taxes and customs were reckoned for the one that was chosen."""
    if address.country != order.address.country:
        return None
    lines = (await lines_of(read, [order.order_id]))[order.order_id]
    cards = await catalog.cards(read, [SkuId(line.sku_id) for line in lines])
    weights = {sku_id: card.weight_grams for sku_id, card in cards.items()}
    shipment = Shipment(
        merchant_id=order.merchant_id,
        pieces=sum(line.quantity for line in lines),
        weight_grams=sum(line.quantity * weights.get(SkuId(line.sku_id), 0) for line in lines),
        goods_amount=order.goods,
        currency=order.currency,
    )
    offered = (await freight.options(read, [shipment], address)).get(order.merchant_id, [])
    return next((option.fee for option in offered if option.template_id == order.delivery.template_id), None)


def _only_in(order: Order, states: "frozenset[OrderState] | set[OrderState]") -> None:
    if order.state not in states:
        raise TransitionRefused(machine=MACHINE.name, state=str(order.state), wanted=str(min(states)))


async def _write(tx: Tx, order: Order, kind: str, by: str, facts: "dict[str, object] | None" = None) -> None:
    await tx.execute(
        """
        INSERT INTO order_acts (merchant_id, order_id, act, kind, facts, by)
        SELECT $1, $2, coalesce(max(act), 0) + 1, $3, $4, $5 FROM order_acts WHERE merchant_id = $1 AND order_id = $2
        """,
        order.merchant_id,
        order.order_id,
        kind,
        facts or {},
        by,
    )


async def blank_records(tx: Tx, buyer_ids: Sequence[BuyerId], years: int) -> None:
    """Take the people out of purchases and orders of forgotten buyers that ended so long ago: sums and goods stay."""
    await tx.execute(
        """
        WITH old AS (
            UPDATE orders SET contact = '{}', address = jsonb_build_object('country', address -> 'country'), note = ''
            WHERE buyer_id = ANY($1) AND state IN ('completed', 'cancelled')
              AND coalesce(completed_at, cancelled_at) < now() - $2 * interval '1 year' AND contact <> '{}'
            RETURNING merchant_id, order_id
        )
        UPDATE order_acts a SET facts = '{}' FROM old
        WHERE a.merchant_id = old.merchant_id AND a.order_id = old.order_id
        """,
        list(buyer_ids),
        years,
    )
    await tx.execute(
        """
        UPDATE purchases p SET contact = '{}', address = jsonb_build_object('country', p.address -> 'country')
        WHERE p.buyer_id = ANY($1) AND p.contact <> '{}'
          AND NOT EXISTS (SELECT FROM orders o WHERE o.purchase_id = p.purchase_id AND o.contact <> '{}')
        """,
        list(buyer_ids),
    )


async def count_cases(tx: Tx, merchant_id: MerchantId, order_id: OrderId, open_cases: int) -> None:
    """So many after-sales cases of a locked order are open: as long as there is one, receipt is confirmed by hand alone."""
    await tx.execute(
        "UPDATE orders SET open_cases = $3 WHERE merchant_id = $1 AND order_id = $2", merchant_id, order_id, open_cases
    )
