"""Mails about what was paid to a buyer because a promise was not kept, or since a price has fallen."""

from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.kernel.money import Money
from steelyard.money.wallets import Purse
from steelyard.operations.service import buyer_mails
from steelyard.parties.notifications.model import CompensationPaid, Template
from steelyard.trade import promises
from steelyard.trade.aftersales.model import Reason
from steelyard.trade.orders.model import Order, Purchase


async def tell_compensated(tx: Tx, events: Sequence[promises.Compensated]) -> None:
    """One mail for all lines of an order that were paid for together: they stand together in the log."""
    for (order_id, cause), together in groupby(events, key=lambda event: (event.order_id, event.cause)):
        paid = list(together)
        order, purchase = await buyer_mails.found(tx, paid[0].merchant_id, order_id)
        rules = {each.document: each.rule for each in await promises.compensations_of(tx, [order_id])}
        documents = sorted(event.document for event in paid if event.document is not None)
        rule = next((rules[each] for each in documents if rules.get(each) is not None), None)
        if rule is None:
            continue  # announced before an announcement named its document
        amount = sum(event.amount for event in paid)
        facts = CompensationPaid(
            name=purchase.contact.name,
            order=order.code,
            shop=await buyer_mails.shop_of(tx, order.merchant_id),
            cause=cause,
            lines=await buyer_mails.lines_of(tx, order, [event.line for event in paid]),
            amount=Money(amount, order.currency),
            purse=paid[0].purse,
            points=amount if paid[0].purse == Purse.POINTS else 0,
            rule=rule,
            link=buyer_mails.page_of(purchase),
        )
        await buyer_mails.send(tx, purchase, Template.COMPENSATED, facts, documents[0])


async def tell_protected(tx: Tx, order: Order, purchase: Purchase, refund_id: UUID) -> None:
    """What a price has fallen by is on its way back, as the order was paid."""
    protected = next(each for each in await promises.protected_of(tx, [order.order_id]) if each.refund_id == refund_id)
    facts = CompensationPaid(
        name=purchase.contact.name,
        order=order.code,
        shop=await buyer_mails.shop_of(tx, order.merchant_id),
        cause=Reason.PRICE_PROTECTION,
        lines=await buyer_mails.lines_of(tx, order, [protected.line]),
        amount=Money(protected.amount, order.currency),
        rule=protected.rule,
        link=buyer_mails.page_of(purchase),
    )
    await buyer_mails.send(tx, purchase, Template.COMPENSATED, facts, refund_id)
