"""Mails about invoices: to buyers that one is there, to owners that buyers wait for some, or what the platform charged."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.operations.service import buyer_mails
from steelyard.parties import access, merchants, notifications
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.notifications.model import InvoiceNews, MailId, Template
from steelyard.trade import einvoices, invoices
from steelyard.trade.invoices.model import InvoiceId


async def tell_invoiced(tx: Tx, events: Sequence[invoices.InvoiceIssued]) -> None:
    """The buyer can download it."""
    for event in events:
        found = await invoices.get(tx, MerchantId(event.merchant_id), InvoiceId(event.invoice_id))
        assert found is not None, "invoices are not deleted"
        what = "issued" if found.reverses is None else "credited"
        await _tell_buyer(tx, event.merchant_id, event.order_id, event.invoice_id, what, found.number)


async def tell_refused(tx: Tx, events: Sequence[invoices.InvoiceRefused]) -> None:
    """The buyer reads why there is none."""
    for event in events:
        found = await invoices.get(tx, MerchantId(event.merchant_id), InvoiceId(event.invoice_id))
        assert found is not None, "invoices are not deleted"
        await _tell_buyer(tx, event.merchant_id, event.order_id, event.invoice_id, "refused", "", found.reason)


async def tell_einvoiced(tx: Tx, events: Sequence[einvoices.EInvoiceIssued]) -> None:
    """The buyer of an order can download it; the platform's own are told to the shop's owners."""
    for event in events:
        if event.order_id is not None:
            what = "credited" if event.credit else "issued"
            await _tell_buyer(tx, event.merchant_id, event.order_id, event.einvoice_id, what, event.number)
        else:
            await tell_owners(tx, event.merchant_id, "charged", event.number, "/merchant/charges", event.einvoice_id)


async def tell_due(tx: Tx, events: Sequence[invoices.InvoicesDue]) -> None:
    """Owners read, once a day, how many invoices and red letters buyers wait for."""
    for event in events:
        what, count = ("overdue", event.overdue) if event.overdue else ("waiting", event.waiting)
        await tell_owners(tx, event.merchant_id, what, str(count), "/merchant/invoices", event.merchant_id, event.day)


async def _tell_buyer(
    tx: Tx, merchant_id: UUID, order_id: UUID, about: UUID, what: str, number: str, reason: str = ""
) -> None:
    order, purchase = await buyer_mails.found(tx, merchant_id, order_id)
    news = InvoiceNews(
        name=purchase.contact.name,
        shop=await buyer_mails.shop_of(tx, order.merchant_id),
        what=what,
        number=number,
        order=order.code,
        reason=reason,
        link=f"/orders/{order.code}/invoice",
    )
    await buyer_mails.send(tx, purchase, Template.INVOICE_NEWS, news, about, what)


async def tell_owners(tx: Tx, merchant_id: UUID, what: str, number: str, link: str, about: UUID, *more: str) -> None:
    shop = MerchantId(merchant_id)
    name = (await merchants.cards(tx, [shop]))[shop].name
    for owner in await access.owners_of(tx, [shop]):
        news = InvoiceNews(name=owner.name, shop=name, what=what, number=number, order="", reason="", link=link)
        await notifications.send(
            tx,
            recipient=owner.email,
            template=Template.INVOICE_NEWS,
            locale=owner.locale,
            facts=news,
            mail_id=MailId(ids.derived(about, Template.INVOICE_NEWS, what, owner.email, *more)),
        )
