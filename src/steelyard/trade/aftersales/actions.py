"""What a buyer can do with an order at a moment: one rule, by which pages offer exactly the commands that will succeed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec

from steelyard.kernel.db import Read
from steelyard.trade import rights
from steelyard.trade.aftersales.case_model import Kind
from steelyard.trade.aftersales.case_queries import Pieces, pieces_of_orders, reasons_for
from steelyard.trade.aftersales.model import CancellationRequest
from steelyard.trade.aftersales.requests import requests_of_orders
from steelyard.trade.orders.model import REMINDERS_APART_HOURS, Order, OrderId, OrderState
from steelyard.trade.rights.model import Rules


class Action(StrEnum):
    """`drop` gives up an unpaid purchase, `cancel` calls a paid order off at once, `ask_to_cancel` asks the shop;
    `after_sales` asks for money back for some pieces."""

    PAY = "pay"
    DROP = "drop"
    CANCEL = "cancel"
    ASK_TO_CANCEL = "ask_to_cancel"
    CHANGE_ADDRESS = "change_address"
    REMIND = "remind"
    RECEIVE = "receive"
    EXTEND = "extend"
    AFTER_SALES = "after_sales"
    REVIEW = "review"
    BUY_AGAIN = "buy_again"
    HIDE = "hide"
    SHOW = "show"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An order and what was asked about it, and how many of its `pieces` can still be asked for; `imported` orders were
    dealt with elsewhere."""

    order: Order
    request: CancellationRequest | None = None
    pieces: Pieces = Pieces()
    rules: Rules = Rules(())

    @property
    def imported(self) -> bool:
        return (self.order.source or "").startswith("import:")


def offered(standing: Standing, now: datetime | None = None) -> frozenset[Action]:
    """What the buyer can do with the order now."""
    order = standing.order
    now = now or datetime.now(UTC)
    actions: set[Action] = {Action.BUY_AGAIN}
    match order.state:
        case OrderState.PLACED:
            actions |= {Action.PAY, Action.DROP, Action.CHANGE_ADDRESS}
        case OrderState.HELD | OrderState.PAID:
            actions |= _calling_off(standing, now)
        case OrderState.SHIPPED:
            actions.add(Action.RECEIVE)
            if order.extended_at is None:
                actions.add(Action.EXTEND)
        case OrderState.COMPLETED:
            actions |= {Action.REVIEW, Action.HIDE}
        case OrderState.CANCELLED:
            actions.add(Action.HIDE)
        case OrderState.PARTLY_SHIPPED:
            pass
    if not standing.imported and _askable(standing, now):
        actions.add(Action.AFTER_SALES)
    to_send = order.state in (OrderState.PAID, OrderState.PARTLY_SHIPPED)
    apart = timedelta(hours=REMINDERS_APART_HOURS)
    if to_send and (order.reminded_at is None or order.reminded_at <= now - apart):
        actions.add(Action.REMIND)
    if order.hidden_at is not None:
        actions.discard(Action.HIDE)
        actions.add(Action.SHOW)
    return frozenset(actions)


def _calling_off(standing: Standing, now: datetime) -> set[Action]:
    """How a paid order of which nothing was sent is called off: until it is packed, or past the day that was agreed, by right."""
    if standing.order.packing_at is None:
        return {Action.CANCEL, Action.CHANGE_ADDRESS}
    if standing.order.is_overdue(now):
        return {Action.CANCEL}
    return {Action.ASK_TO_CANCEL} if standing.request is None else set()


def _askable(standing: Standing, now: datetime) -> bool:
    """Whether there is something to ask for: in time, and not all that there is of an order that can be called off."""
    order, pieces = standing.order, standing.pieces
    if not pieces.free or (order.state is OrderState.PAID and pieces.kept < 2):
        return False
    return any(reasons_for(order, kind, standing.rules, pieces.goods, now) for kind in Kind)


async def standing(read: Read, orders: Sequence[Order]) -> dict[OrderId, Standing]:
    """These orders with what was asked about each, how many pieces of each can be asked for, and by which rules."""
    order_ids = [order.order_id for order in orders]
    asked = await requests_of_orders(read, order_ids)
    pieces = await pieces_of_orders(read, order_ids)
    known = await rights.rules(read)
    return {
        order.order_id: Standing(
            order=order,
            request=asked.get(order.order_id),
            pieces=pieces.get(order.order_id, Pieces()),
            rules=known,
        )
        for order in orders
    }
