"""Mails about teams of buyers: it is whole, and what was bought is sent; or it came to nothing, and the money goes back."""

from collections.abc import Sequence

from steelyard.kernel.db import Tx
from steelyard.kernel.money import Money
from steelyard.operations.service import buyer_mails
from steelyard.parties.notifications.model import TeamNews, Template
from steelyard.trade import orders
from steelyard.trade.orders.model import Order, Purchase

# Why an order was called off, where a team was the reason, and what is told of it.
TEAM_REASONS = {"group_failed": "failed", "group_too_late": "too_late"}


async def tell_let_go(tx: Tx, events: Sequence[orders.OrderLetGo]) -> None:
    for event in events:
        order, purchase = await buyer_mails.found(tx, event.merchant_id, event.order_id)
        if purchase.team_id is not None:
            await tell(tx, order, purchase, "whole")


async def tell(tx: Tx, order: Order, purchase: Purchase, what: str) -> None:
    facts = TeamNews(
        name=purchase.contact.name,
        order=order.code,
        shop=await buyer_mails.shop_of(tx, order.merchant_id),
        what=what,
        lines=await buyer_mails.lines_of(tx, order),
        refund=Money(order.refunded, order.currency) if order.refunded else None,
        link=buyer_mails.page_of(purchase),
    )
    await buyer_mails.send(tx, purchase, Template.TEAM_NEWS, facts, order.order_id, what)
