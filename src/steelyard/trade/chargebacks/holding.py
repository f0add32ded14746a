"""Orders of which nothing has been sent are held while their money is charged back, until it is decided, or their shop says
that it sends them all the same: at its own risk, and with a reason."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import groups, orders
from steelyard.trade.chargebacks.model import TAKEN, WHY_CHARACTERS_MAX, ChargebackId, NotHeldBack, Part
from steelyard.trade.orders.model import OrderId, OrderState

BY = "system"
REASON = "chargeback"


async def withhold(tx: Tx, order_ids: Sequence[UUID], by: str) -> None:
    """Those of these orders of which nothing has left the house, and whose money is taken back, are not sent before it is
    decided; not those that their shop sends anyway. Said twice, the second changes nothing. What is held for another reason is
    held by that first: when it is let go, this is said again."""
    asked = await _to_hold(tx, order_ids)
    if not asked:
        return
    # Whoever decides a chargeback holds its orders: what was decided while we waited for them holds nothing.
    await orders.lock_orders(tx, asked)
    open_ones = [order_id for _, order_id in await _to_hold(tx, order_ids)]
    moved = await orders.hold_back(tx, open_ones, by, begun=True)
    await tx.execute(
        """
        UPDATE chargeback_parts p SET held = true
        WHERE p.order_id = ANY($1) AND p.state = ANY($2) AND NOT p.held AND p.sent_anyway_at IS NULL
          AND (p.order_id = ANY($3) OR EXISTS (SELECT FROM chargeback_parts e
                                               WHERE (e.merchant_id, e.order_id) = (p.merchant_id, p.order_id) AND e.held))
        """,
        open_ones,
        sorted(TAKEN),
        moved,
    )


async def _to_hold(read: Read, order_ids: Sequence[UUID]) -> list[tuple[UUID, UUID]]:
    """Those of these orders, (merchant, order), that an open chargeback does not hold yet and that are not sent anyway."""
    rows = await read.fetch(
        """
        SELECT DISTINCT merchant_id, order_id FROM chargeback_parts
        WHERE order_id = ANY($1) AND state = ANY($2) AND NOT held AND sent_anyway_at IS NULL
        """,
        list(order_ids),
        sorted(TAKEN),
    )
    return [(row["merchant_id"], row["order_id"]) for row in rows]


async def release(tx: Tx, chargeback_id: ChargebackId, order_ids: Sequence[UUID], by: str) -> None:
    """This chargeback holds these orders no more: they are sent, unless another holds them still."""
    rows = await tx.fetch(
        """
        WITH freed AS (
            UPDATE chargeback_parts SET held = false WHERE chargeback_id = $1 AND order_id = ANY($2) AND held
            RETURNING merchant_id, chargeback_id, order_id
        )
        SELECT f.order_id FROM freed f
        WHERE NOT EXISTS (SELECT FROM chargeback_parts e
                          WHERE (e.merchant_id, e.order_id) = (f.merchant_id, f.order_id) AND e.held
                            AND e.chargeback_id <> f.chargeback_id)
        """,
        chargeback_id,
        list(order_ids),
    )
    await orders.let_go(tx, [row["order_id"] for row in rows], by)


async def call_off_lost(tx: Tx, parts: Sequence[Part], by: str) -> None:
    """What is lost has all of its order's money with it: an order that is held, for whatever reason, is called off, and its
    pieces can be sold again. Of one that keeps some of its money its shop says what becomes of it: it stays held."""
    # As they are now: what is lost by the first word of it was held a moment ago, in this transaction.
    now = await orders.lock_orders(tx, [(part.merchant_id, part.order_id) for part in parts])
    for part in parts:
        order = now[OrderId(part.order_id)]
        if order.state is OrderState.HELD and part.amount == order.kept:
            await groups.leave(tx, [order.order_id])
            await orders.cancel_order(tx, order, REASON, by)


async def overtaken(tx: Tx, order_ids: Sequence[UUID]) -> None:
    """What was called off is held by nothing any more."""
    await tx.execute("UPDATE chargeback_parts SET held = false WHERE order_id = ANY($1) AND held", list(order_ids))


async def send_anyway(
    tx: Tx, merchant_id: MerchantId, chargeback_id: ChargebackId, order_id: UUID, why: str, by: str
) -> None:
    """The shop sends an order that is held because of this chargeback all the same, though its money may be lost. Said twice, the
    second changes nothing.

    Raises `NotFound`, `NotHeldBack`, `Invalid` without a reason.
    """
    order = await orders.lock_order(tx, merchant_id, OrderId(order_id))
    rows = await tx.fetch(
        """
        SELECT chargeback_id, held, sent_anyway_at FROM chargeback_parts WHERE merchant_id = $1 AND order_id = $2
        ORDER BY chargeback_id FOR UPDATE
        """,
        merchant_id,
        order_id,
    )
    asked = next((row for row in rows if row["chargeback_id"] == chargeback_id), None)
    if asked is None:
        raise NotFound()
    if asked["sent_anyway_at"] is not None:
        return
    if not asked["held"] or order.state is not OrderState.HELD:
        raise NotHeldBack()
    why = why.strip()
    if not why:
        raise Invalid({"why": N_("Please say why you send it although its money may be lost.")})
    if len(why) > WHY_CHARACTERS_MAX:
        raise Invalid({"why": N_("Please be brief: 500 characters at most")})
    await tx.execute(
        """
        UPDATE chargeback_parts SET held = false, sent_anyway_at = now(), sent_anyway_by = $3, sent_anyway_why = $4
        WHERE merchant_id = $1 AND order_id = $2 AND held
        """,
        merchant_id,
        order_id,
        by,
        why,
    )
    await orders.let_go(tx, [order_id], by)
