"""What a buyer can do with an order at a moment: one rule, by which pages offer exactly the commands that will succeed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec

from steelyard.kernel.db import Read
from steelyard.trade.aftersales.model import CancellationRequest
from steelyard.trade.aftersales.requests import requests_of_orders
from steelyard.trade.orders.model import REMINDERS_APART_HOURS, Order, OrderId, OrderState


class Action(StrEnum):
    """`drop` gives up an unpaid purchase, `cancel` calls a paid order off at once, `ask_to_cancel` asks the shop."""

    PAY = "pay"
    DROP = "drop"
    CANCEL = "cancel"
    ASK_TO_CANCEL = "ask_to_cancel"
    CHANGE_ADDRESS = "change_address"
    REMIND = "remind"
    RECEIVE = "receive"
    EXTEND = "extend"
    REVIEW = "review"
    BUY_AGAIN = "buy_again"
    HIDE = "hide"
    SHOW = "show"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An order and what was asked about it; `imported` orders were dealt with elsewhere."""

    order: Order
    request: CancellationRequest | None = None

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
        case OrderState.PAID:
            if order.packing_at is None:
                actions |= {Action.CANCEL, Action.CHANGE_ADDRESS}
            elif standing.request is None:
                actions.add(Action.ASK_TO_CANCEL)
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
    to_send = order.state in (OrderState.PAID, OrderState.PARTLY_SHIPPED)
    apart = timedelta(hours=REMINDERS_APART_HOURS)
    if to_send and (order.reminded_at is None or order.reminded_at <= now - apart):
        actions.add(Action.REMIND)
    if order.hidden_at is not None:
        actions.discard(Action.HIDE)
        actions.add(Action.SHOW)
    return frozenset(actions)


async def standing(read: Read, orders: Sequence[Order]) -> dict[OrderId, Standing]:
    """These orders with what was asked about each, in one question."""
    asked = await requests_of_orders(read, [order.order_id for order in orders])
    return {order.order_id: Standing(order=order, request=asked.get(order.order_id)) for order in orders}
