"""Asking a shop to call off an order that it is packing already: asked, answered, or granted when no answer came."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from steelyard.kernel import events, paging
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.money.payments.model import RefundId
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import orders
from steelyard.trade.aftersales.events import CancellationAnswered, CancellationAsked
from steelyard.trade.aftersales.model import (
    ANSWER_HOURS,
    CANCELLATION_MACHINE,
    CANCELLATION_REASONS,
    NOTE_CHARACTERS_MAX,
    OVERDUE,
    AskedAlready,
    AskInstead,
    CancelAtOnce,
    CancellationRequest,
    CancellationState,
)
from steelyard.trade.aftersales.service import cancel
from steelyard.trade.aftersales.wording import answered, claimed
from steelyard.trade.orders.model import MACHINE, Order, OrderId, OrderState

REQUESTS_MAX = 500


async def cancel_for_buyer(
    tx: Tx, merchant_id: MerchantId, order_id: OrderId, refund_id: RefundId, by: str, now: datetime | None = None
) -> None:
    """Call off a paid order that the shop has not begun to pack, or of which nothing was sent by the day that its presale
    agreed, whatever the shop does with it (decision 0106); all of its money goes back at once.

    Said twice, the second changes nothing. Raises `AskInstead` when it is being packed, and what `cancel` raises.
    """
    order = await orders.lock_order(tx, merchant_id, order_id)
    overdue = order.is_overdue(now or datetime.now(UTC))
    if order.state is OrderState.PAID and order.packing_at is not None and not overdue:
        raise AskInstead()
    await cancel(tx, merchant_id, order_id, refund_id, OVERDUE if overdue else "cancelled_by_buyer", by)


async def ask_to_cancel(
    tx: Tx, merchant_id: MerchantId, order_id: OrderId, refund_id: RefundId, reason: str, note: str, by: str
) -> None:
    """Ask the shop to call off an order that it is packing. Said twice with the same refund id, nothing changes.

    Raises `NotFound`, `TransitionRefused` unless it is paid and unsent, `CancelAtOnce` when nobody has to be asked,
    `AskedAlready` after the first time, `Invalid`.
    """
    order = await orders.lock_order(tx, merchant_id, order_id)
    before = await request_of(tx, merchant_id, order_id)
    if before is not None and before.refund_id == refund_id:
        return
    if order.state is not OrderState.PAID:
        raise TransitionRefused(machine=MACHINE.name, state=str(order.state), wanted=str(OrderState.CANCELLED))
    if order.packing_at is None or order.is_overdue(datetime.now(UTC)):
        raise CancelAtOnce()
    if before is not None:
        raise AskedAlready()
    if reason not in CANCELLATION_REASONS:
        raise Invalid({"reason": N_("Please choose a reason.")})
    if len(note) > NOTE_CHARACTERS_MAX:
        raise Invalid({"note": N_("Please be brief: 500 characters at most")})
    note = await claimed(tx, "note", note)
    await tx.execute(
        """
        INSERT INTO cancellation_requests (merchant_id, order_id, buyer_id, refund_id, state, reason, note, answer_by)
        VALUES ($1, $2, $3, $4, 'asked', $5, $6, now() + $7)
        """,
        merchant_id,
        order_id,
        order.buyer_id,
        refund_id,
        reason,
        note,
        timedelta(hours=ANSWER_HOURS),
    )
    await _note(tx, merchant_id, order_id, "nowhere", CancellationState.ASKED, by)
    await events.publish(tx, CancellationAsked(merchant_id=merchant_id, order_id=order_id, buyer_id=order.buyer_id))


async def grant_cancellation(tx: Tx, merchant_id: MerchantId, order_id: OrderId, by: str) -> None:
    """The shop agrees: the order is called off and all of its money goes back. Said twice, nothing changes.

    Raises `NotFound`, `TransitionRefused` when it was answered otherwise, `AlreadyLeft` when something has been sent.
    """
    order, request = await _locked(tx, merchant_id, order_id)
    if request.state is CancellationState.GRANTED:
        return
    CANCELLATION_MACHINE.check(request.state, CancellationState.GRANTED)
    await cancel(tx, merchant_id, order_id, request.refund_id, "cancelled_by_buyer", by)
    await _answer(tx, order, CancellationState.GRANTED, "", by)


async def refuse_cancellation(tx: Tx, merchant_id: MerchantId, order_id: OrderId, answer: str, by: str) -> None:
    """The shop does not agree, and says why. Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`,
    `Invalid` without a reason."""
    order, request = await _locked(tx, merchant_id, order_id)
    if request.state is CancellationState.REFUSED:
        return
    CANCELLATION_MACHINE.check(request.state, CancellationState.REFUSED)
    if not answer.strip():
        raise Invalid({"answer": N_("Please say why: the buyer reads it.")})
    if len(answer) > NOTE_CHARACTERS_MAX:
        raise Invalid({"answer": N_("Please be brief: 500 characters at most")})
    answer = await answered(tx, "answer", answer.strip())
    await _answer(tx, order, CancellationState.REFUSED, answer, by)


async def overtake(tx: Tx, refs: Sequence[tuple[MerchantId, OrderId]]) -> None:
    """These orders were sent, or ended otherwise: what was still asked about them is answered by that."""
    await tx.execute(
        """
        WITH moved AS (
            UPDATE cancellation_requests r SET state = 'overtaken', answered_at = now()
            FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, order_id)
            WHERE r.merchant_id = w.merchant_id AND r.order_id = w.order_id AND r.state = 'asked'
            RETURNING r.merchant_id, r.order_id
        )
        INSERT INTO cancellation_history (merchant_id, order_id, step, from_state, to_state, by)
        SELECT merchant_id, order_id, 2, 'asked', 'overtaken', 'system' FROM moved
        """,
        [merchant_id for merchant_id, _ in refs],
        [order_id for _, order_id in refs],
    )


async def request_of(read: Read, merchant_id: MerchantId, order_id: OrderId) -> CancellationRequest | None:
    """What the buyer asked about this order, and what came of it."""
    return (await requests_of_orders(read, [order_id])).get(order_id)


async def requests_of_orders(read: Read, order_ids: Sequence[OrderId]) -> dict[OrderId, CancellationRequest]:
    """The request to cancel each of these orders, where there is one."""
    return {
        found.order_id: found
        for found in await read.all(
            CancellationRequest,
            """
            SELECT merchant_id, order_id, buyer_id, refund_id, state, reason, note, answer, asked_at, answer_by, answered_at
            FROM cancellation_requests WHERE (merchant_id, order_id) IN (
                SELECT merchant_id, order_id FROM orders WHERE order_id = ANY($1)) LIMIT $2
            """,
            list(order_ids),
            REQUESTS_MAX,
        )
    }


async def open_requests_of_merchant(
    read: Read, merchant_id: MerchantId, *, cursor: str | None = None, limit: int | None = None
) -> Page[CancellationRequest]:
    """What a shop has still to answer, the most urgent first."""
    most = paging.limit(limit)
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    found = await read.all(
        CancellationRequest,
        """
        SELECT merchant_id, order_id, buyer_id, refund_id, state, reason, note, answer, asked_at, answer_by, answered_at
        FROM cancellation_requests
        WHERE merchant_id = $1 AND state = 'asked'
          AND ($2::timestamptz IS NULL OR (answer_by, order_id) > ($2, $3::uuid))
        ORDER BY answer_by, order_id LIMIT $4
        """,
        merchant_id,
        *key,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.answer_by, last.order_id))


async def count_open_requests(read: Read, merchant_id: MerchantId) -> int:
    """How many requests to cancel a shop has still to answer: for its to-dos."""
    return await read.value(
        "SELECT count(*)::integer FROM cancellation_requests WHERE merchant_id = $1 AND state = 'asked'", merchant_id
    )


async def asked_by_buyer(read: Read, buyer_ids: Sequence[BuyerId]) -> int:
    """How many of a buyer's requests wait for a shop's answer."""
    return await read.value(
        "SELECT count(*)::integer FROM cancellation_requests WHERE buyer_id = ANY($1) AND state = 'asked'",
        list(buyer_ids),
    )


async def _locked(tx: Tx, merchant_id: MerchantId, order_id: OrderId) -> tuple[Order, CancellationRequest]:
    order = await orders.lock_order(tx, merchant_id, order_id)
    request = await request_of(tx, merchant_id, order_id)
    if request is None:
        raise NotFound()
    return order, request


async def _answer(tx: Tx, order: Order, following: CancellationState, answer: str, by: str) -> None:
    await tx.execute(
        """
        UPDATE cancellation_requests SET state = $3, answer = $4, answered_at = now()
        WHERE merchant_id = $1 AND order_id = $2
        """,
        order.merchant_id,
        order.order_id,
        following,
        answer,
    )
    await _note(tx, order.merchant_id, order.order_id, CancellationState.ASKED, following, by)
    await events.publish(
        tx,
        CancellationAnswered(
            merchant_id=order.merchant_id,
            order_id=order.order_id,
            buyer_id=order.buyer_id,
            granted=following is CancellationState.GRANTED,
        ),
    )


async def _note(
    tx: Tx, merchant_id: MerchantId, order_id: OrderId, before: str, following: CancellationState, by: str
) -> None:
    await tx.execute(
        """
        INSERT INTO cancellation_history (merchant_id, order_id, step, from_state, to_state, by)
        SELECT $1, $2, count(*) + 1, $3, $4, $5 FROM cancellation_history WHERE merchant_id = $1 AND order_id = $2
        """,
        merchant_id,
        order_id,
        before,
        following,
        by,
    )
