"""What invoices does when a purchase is paid whose buyer wanted one, when an order of one that was held is let go, and when
money of an order is given back."""

from collections.abc import Sequence

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.events import Subscriber
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import checkout, orders
from steelyard.trade.aftersales import OrderRefunded
from steelyard.trade.invoices.model import InvoicedAlready, InvoiceId, NotInvoiced, Title
from steelyard.trade.invoices.reversing import settle_all
from steelyard.trade.invoices.service import request
from steelyard.trade.orders import OrderLetGo, PurchasePaid
from steelyard.trade.orders.model import OrderId, PurchaseId


async def ask_as_wished(tx: Tx, facts: Sequence[PurchasePaid | OrderLetGo]) -> None:
    """Ask each shop of a purchase for the invoice that its buyer wanted at the checkout; few want one."""
    for fact in facts:
        purchase_id = PurchaseId(fact.purchase_id)
        wish = await checkout.invoice_wish(tx, purchase_id)
        if wish is None:
            continue
        purchase = await orders.purchase(tx, purchase_id)
        name = wish.name or (purchase.contact.name if purchase else "")
        title = Title(company=wish.company, name=name, tax_number=wish.tax_number)
        for order in await orders.orders_of_purchase(tx, purchase_id):
            invoice_id = InvoiceId(ids.derived(order.order_id, "invoice", "wished"))
            try:
                await request(tx, order.merchant_id, order.order_id, invoice_id, title, "buyer")
            except (NotInvoiced, InvoicedAlready, Invalid):
                continue  # called off meanwhile, asked for by hand, or held: there is nothing to do


async def note_refunds(tx: Tx, facts: Sequence[OrderRefunded]) -> None:
    await settle_all(tx, sorted({(MerchantId(fact.merchant_id), OrderId(fact.order_id)) for fact in facts}))


SUBSCRIBER = Subscriber(
    "invoices", {PurchasePaid: ask_as_wished, OrderLetGo: ask_as_wished, OrderRefunded: note_refunds}
)
