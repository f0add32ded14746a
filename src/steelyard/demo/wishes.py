"""What buyers of the demo marketplace want of their orders: to hurry, to cancel what is being packed, an invoice. A few of each
wait in every console, and some are answered."""

from uuid import UUID

from steelyard.demo.products import made
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Refusal
from steelyard.money.payments.model import RefundId
from steelyard.operations import privacy
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import aftersales, invoices, orders
from steelyard.trade.invoices.model import InvoiceId, Title, TitleId
from steelyard.trade.orders.model import Order, OrderState

COMPANY = Title(company=True, name="温州市某某贸易有限公司", tax_number="91310000MA1FL000XG")
PERSON = Title(name="李小秤")
PER_SHOP = 6
INVOICE = b"%PDF-1.4\n% the invoice of a demo marketplace\n%%EOF\n"


async def wish(db: Database, buyer_id: UUID, merchant_ids: list[UUID]) -> None:
    """Ask for things about orders that wait and orders that are done."""
    await db.transact(_keep_titles, BuyerId(buyer_id))
    for merchant_id in merchant_ids:
        waiting = await db.ask(_some, merchant_id, OrderState.PAID)
        for place, order in enumerate(waiting):
            await _tried(db, order, place)
        for place, order in enumerate(await db.ask(_some, merchant_id, OrderState.COMPLETED)):
            await _tried_invoice(db, order, place)


async def _some(read: Read, merchant_id: UUID, state: OrderState) -> list[Order]:
    page = await orders.orders_of_merchant(read, MerchantId(merchant_id), states=[state], limit=PER_SHOP)
    return [order for order in page.items if not (order.source or "").startswith("import:")]


async def _tried(db: Database, order: Order, place: int) -> None:
    try:
        if place % 3 == 0:
            await db.transact(orders.remind, order.merchant_id, order.order_id, "buyer")
        if place % 3 == 1:
            await db.transact(orders.begin_packing, order.merchant_id, order.order_id, "system")
            await db.transact(_ask_to_cancel, order)
    except Refusal:
        return  # it went on meanwhile: the marketplace is alive


async def _ask_to_cancel(tx: Tx, order: Order) -> None:
    refund_id = RefundId(made("wish", "cancel", str(order.order_id)))
    await aftersales.ask_to_cancel(
        tx, order.merchant_id, order.order_id, refund_id, "wrong_choice", "拍错颜色了，麻烦取消一下", "buyer"
    )


async def _tried_invoice(db: Database, order: Order, place: int) -> None:
    invoice_id = InvoiceId(made("wish", "invoice", str(order.order_id)))
    title = COMPANY if place % 2 else PERSON
    try:
        await db.transact(invoices.request, order.merchant_id, order.order_id, invoice_id, title, "buyer")
        if place % 3 == 0:
            day = order.placed_at.date()
            number = f"2633{place:04}{order.order_id.int % 10**8:08}"
            await db.transact(invoices.issue, order.merchant_id, invoice_id, number, day, INVOICE, "system")
    except Refusal:
        return


async def _keep_titles(tx: Tx, buyer_id: BuyerId) -> None:
    await invoices.save_title(tx, buyer_id, TitleId(made("wish", "title", "company")), COMPANY, is_default=True)
    await invoices.save_title(tx, buyer_id, TitleId(made("wish", "title", "person")), PERSON)
    await privacy.record_consents(tx, buyer_id, "registering")
