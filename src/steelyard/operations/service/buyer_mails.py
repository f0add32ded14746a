"""Mails to who bought something: to the address of the purchase, in the language in which it was bought."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.money import Money
from steelyard.kernel.text import Text
from steelyard.parties import merchants, notifications
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.notifications.model import Facts, Line, MailId, Template
from steelyard.trade import orders
from steelyard.trade.orders.model import Order, OrderId, Purchase


async def found(read: Read, merchant_id: UUID, order_id: UUID) -> tuple[Order, Purchase]:
    order = await orders.order(read, MerchantId(merchant_id), OrderId(order_id))
    assert order is not None, "orders are not deleted"
    purchase = await orders.purchase(read, order.purchase_id)
    assert purchase is not None, "an order is part of a purchase"
    return order, purchase


async def shop_of(read: Read, merchant_id: MerchantId) -> Text:
    return (await merchants.cards(read, [merchant_id]))[merchant_id].name


async def lines_of(read: Read, order: Order, only: Sequence[int] | None = None) -> list[Line]:
    """What was bought, with what was paid for each; or of it these lines, without."""
    return [
        Line(
            title=line.title,
            quantity=line.quantity,
            amount=Money(line.amount, order.currency) if only is None else None,
        )
        for line in (await orders.lines_of(read, [order.order_id]))[order.order_id]
        if only is None or line.line in only
    ]


def page_of(purchase: Purchase) -> str:
    """The page of the purchase, which a guest opens by code and e-mail address."""
    return f"/purchases/{purchase.code}"


async def send(tx: Tx, purchase: Purchase, template: Template, facts: Facts, about: UUID, *more: str) -> None:
    """Tell the buyer; said twice of the same thing (and `more`), one mail goes out."""
    if not purchase.contact.email:
        return
    await notifications.send(
        tx,
        recipient=purchase.contact.email,
        template=template,
        locale=purchase.locale,
        facts=facts,
        mail_id=MailId(ids.derived(about, template, *more)),
    )
