"""What a document of the books is: the payment, order, refund or statement that moved the money, and where its page is."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.money import ledger, payments
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.operator import frame
from steelyard.trade import orders, settlement
from steelyard.trade.orders.model import OrderId


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """`word` is the kind of paper it is, `name` its own; who has `permission` may open `href`."""

    word: str
    name: str
    href: str
    permission: str


async def what_it_is(read: Read, document: UUID, moved: Sequence[ledger.PostedTransfer]) -> Document | None:
    """`moved` says whose it is: an order, refund or statement is a merchant's."""
    payment = await payments.get(read, document)
    if payment is not None:
        name = payment.channel_reference or payment.channel
        return Document(word=N_("Payment"), name=name, href=f"{frame.PAYMENTS}/{document}", permission="payments.read")
    refund = await payments.refund_of(read, document)
    owners = {MerchantId(each.owner_id) for each in moved}
    order_id = OrderId(refund.order_id if refund else document)
    for owner in {MerchantId(refund.merchant_id)} if refund else owners:
        order = await orders.order(read, owner, order_id)
        if order is not None:
            href = f"{frame.ORDERS}/{owner}/{order_id}"
            word = N_("Refund of the order") if refund else N_("Order")
            return Document(word=word, name=order.code, href=href, permission="orders.read")
        statement = await settlement.statement(read, owner, document)
        if statement is not None:
            href = f"{frame.SETTLEMENT}/{owner}/{document}"
            return Document(word=N_("Statement"), name=statement.code, href=href, permission="settlement.run")
    return None
