"""What einvoices does when all of an order has left the house, and when money of one is given back."""

from collections.abc import Sequence

import structlog

from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.aftersales import OrderRefunded
from steelyard.trade.einvoices.model import NotEInvoiced, RulesBroken
from steelyard.trade.einvoices.queries import automatic, invoiced
from steelyard.trade.einvoices.service import credit, issue
from steelyard.trade.orders import OrderShipped
from steelyard.trade.orders.model import OrderId

log = structlog.get_logger()


async def issue_when_sent(tx: Tx, facts: Sequence[OrderShipped]) -> None:
    """Invoice what went to the EU, for the merchants that want it so. What cannot be invoiced stays in the merchant's list of
    orders without an invoice, where it is told why."""
    sent = sorted({(MerchantId(fact.merchant_id), OrderId(fact.order_id)) for fact in facts if fact.whole})
    for merchant_id, order_id in await automatic(tx, sent):
        try:
            await issue(tx, merchant_id, order_id)
        except (NotEInvoiced, RulesBroken) as refusal:
            log.warning("einvoice.not_issued", order_id=str(order_id), why=str(refusal))


async def credit_refunds(tx: Tx, facts: Sequence[OrderRefunded]) -> None:
    """Few orders have an e-invoice: only those are locked, in the order of their keys."""
    known = await invoiced(tx, [(MerchantId(fact.merchant_id), OrderId(fact.order_id)) for fact in facts])
    for fact in sorted(facts, key=lambda fact: (fact.merchant_id, fact.order_id)):
        if (fact.merchant_id, fact.order_id) in known:
            await credit(tx, MerchantId(fact.merchant_id), OrderId(fact.order_id), fact.refund_id)


SUBSCRIBER = Subscriber("einvoices", {OrderShipped: issue_when_sent, OrderRefunded: credit_refunds})
