"""Invoices: for what was paid and not given back, once at a time, issued by the shop or refused with a reason."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import checkout, invoices
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.checkout.model import SHOP, CheckoutId, InvoiceWish
from steelyard.trade.invoices.model import (
    DOCUMENT_BYTES_MAX,
    OFD,
    PDF,
    DocumentRefused,
    Invoice,
    InvoicedAlready,
    InvoiceId,
    InvoiceState,
    NotInvoiced,
    Title,
    TitleId,
    kind_of,
)
from steelyard.trade.orders.model import Order
from tests.support import deal
from tests.support.world import World

TODAY = datetime.now(UTC).date()
COMPANY = Title(company=True, name="某市秤杆商贸有限公司", tax_number="91310000MA1FL000XG")
PERSON = Title(name="张三")
FILE = b"%PDF-1.7 an invoice"


async def one_paid(db: Database, world: World, pieces: int = 2) -> Order:
    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, pieces)])
    return order


async def asked(db: Database, order: Order, title: Title = COMPANY) -> InvoiceId:
    invoice_id = InvoiceId(ids.mint())
    await db.transact(invoices.request, order.merchant_id, order.order_id, invoice_id, title, "buyer")
    return invoice_id


async def issued(db: Database, order: Order, invoice_id: InvoiceId, number: str = "24310000000012345678") -> None:
    await db.transact(invoices.issue, order.merchant_id, invoice_id, number, TODAY, FILE, "staff:1")


async def found(db: Database, order: Order, invoice_id: InvoiceId) -> Invoice:
    invoice = await db.ask(invoices.get, order.merchant_id, invoice_id)
    assert invoice is not None
    return invoice


async def test_an_invoice_is_asked_for_once_after_payment(shop: Database, world: World):
    [unpaid] = await deal.orders_of(shop, await deal.placed(shop, [(world.items["nuts"].sku_id, 1)]))
    with pytest.raises(NotInvoiced):
        await asked(shop, unpaid)
    order = await one_paid(shop, world)

    invoice_id = await asked(shop, order)
    await shop.transact(invoices.request, order.merchant_id, order.order_id, invoice_id, COMPANY, "buyer")

    with pytest.raises(InvoicedAlready):
        await asked(shop, order)
    invoice = await found(shop, order, invoice_id)
    assert (invoice.amount, invoice.state, invoice.order_code) == (order.total, InvoiceState.REQUESTED, order.code)
    assert await shop.ask(invoices.count_requested, order.merchant_id) == 1
    await shop.transact(invoices.withdraw, order.merchant_id, invoice_id, "buyer")
    await asked(shop, order, PERSON)


@pytest.mark.parametrize(
    ("title", "field"),
    [
        (Title(), "name"),
        (Title(name="x" * 101), "name"),
        (Title(company=True, name="Firma", tax_number="91310000MA1FL000X1"), "tax_number"),
        (Title(company=True, name="Firma"), "tax_number"),
    ],
)
async def test_a_title_that_no_invoice_can_bear_is_refused(shop: Database, world: World, title: Title, field: str):
    order = await one_paid(shop, world)
    with pytest.raises(Invalid) as refused:
        await asked(shop, order, title)
    assert set(refused.value.fields) == {field}


async def test_a_shop_issues_with_number_day_and_file(shop: Database, world: World):
    order = await one_paid(shop, world)
    invoice_id = await asked(shop, order)
    desk = shop.as_merchant(order.merchant_id)
    for number, day, content, refusal in (
        ("", TODAY, FILE, Invalid),
        ("1", TODAY + timedelta(days=3), FILE, Invalid),
        ("1", TODAY, b"MZ a program", DocumentRefused),
        ("1", TODAY, b"", DocumentRefused),
        ("1", TODAY, b"%PDF-" + b" " * DOCUMENT_BYTES_MAX, DocumentRefused),
    ):
        with pytest.raises(refusal):
            await desk.transact(invoices.issue, order.merchant_id, invoice_id, number, day, content, "staff:1")

    for _ in range(2):
        await issued(desk, order, invoice_id)

    invoice = await found(shop, order, invoice_id)
    assert (invoice.state, invoice.issued_on) == (InvoiceState.ISSUED, TODAY)
    document = await shop.ask(invoices.document, order.merchant_id, invoice_id)
    assert document is not None
    assert (document.content, document.content_type) == (FILE, PDF)
    with pytest.raises(TransitionRefused):
        await shop.transact(invoices.refuse, order.merchant_id, invoice_id, "Too late", "staff:1")
    other = shop.as_merchant(world.tools.merchant_id)
    assert await other.ask(invoices.document, order.merchant_id, invoice_id) is None
    with pytest.raises(NotFound):
        await other.transact(invoices.refuse, order.merchant_id, invoice_id, "Mine", "staff:1")


def test_a_file_is_what_its_bytes_say():
    assert kind_of(b"PK\x03\x04 ... OFD.xml ...") == OFD
    with pytest.raises(DocumentRefused):
        kind_of(b"PK\x03\x04 some other archive")


async def test_a_shop_refuses_with_a_reason(shop: Database, world: World):
    order = await one_paid(shop, world)
    invoice_id = await asked(shop, order)
    with pytest.raises(Invalid):
        await shop.transact(invoices.refuse, order.merchant_id, invoice_id, "", "staff:1")
    for _ in range(2):
        await shop.transact(invoices.refuse, order.merchant_id, invoice_id, "Wrong company", "staff:1")
    assert (await found(shop, order, invoice_id)).reason == "Wrong company"
    await asked(shop, order, PERSON)


async def test_a_refund_outdates_what_was_issued_and_lowers_what_is_asked_for(shop: Database, world: World):
    written, waiting = await one_paid(shop, world), await one_paid(shop, world)
    first = await asked(shop, written)
    await issued(shop, written, first)
    second = await asked(shop, waiting)
    for order in (written, waiting):
        await deal.shipped(shop, order)
        await deal.refunded(shop, order, Returned(1, 1))

    await deal.at_rest(shop)

    assert (await found(shop, written, first)).state is InvoiceState.OUTDATED
    kept = (await deal.again(shop, waiting)).kept
    assert (await found(shop, waiting, second)).amount == kept < waiting.total
    again = await asked(shop, written)
    assert (await found(shop, written, again)).amount == kept


async def test_what_is_all_given_back_has_no_invoice(shop: Database, world: World):
    order = await one_paid(shop, world, 1)
    invoice_id = await asked(shop, order)
    await deal.shipped(shop, order)
    await deal.refunded(shop, order, Returned(1, 1), freight=order.freight)
    await deal.at_rest(shop)

    assert (await found(shop, order, invoice_id)).state is InvoiceState.WITHDRAWN
    with pytest.raises(NotInvoiced):
        await asked(shop, order)


async def test_what_was_wished_at_the_checkout_is_asked_for_when_it_is_paid(shop: Database, world: World):
    buyer, checkout_id = BuyerId(ids.mint()), CheckoutId(ids.mint())
    wanted = [(world.items["nuts"].sku_id, 1), (world.items["ruler"].sku_id, 1)]
    wish = InvoiceWish(company=True, name=COMPANY.name, tax_number=COMPANY.tax_number)
    draft = msgspec.structs.replace(deal.draft(wanted), invoice=wish)
    await shop.transact(checkout.open_checkout, checkout_id, buyer, draft, client=SHOP)
    purchase_id = await shop.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
    await deal.at_rest(shop)
    assert (await shop.ask(invoices.invoices_of_buyer, [buyer])).items == []

    await deal.captured(shop, await deal.instructed(shop, purchase_id))
    await deal.at_rest(shop)

    found_now = (await shop.ask(invoices.invoices_of_buyer, [buyer])).items
    assert {invoice.merchant_id for invoice in found_now} == {world.tea.merchant_id, world.tools.merchant_id}
    assert {invoice.tax_number for invoice in found_now} == {COMPANY.tax_number}


async def test_titles_have_one_default(shop: Database):
    buyer, first, second = BuyerId(ids.mint()), TitleId(ids.mint()), TitleId(ids.mint())
    for _ in range(2):
        await shop.transact(invoices.save_title, buyer, first, PERSON)
    await shop.transact(invoices.save_title, buyer, second, COMPANY, is_default=True)
    assert [(each.title_id, each.is_default) for each in await shop.ask(invoices.titles, buyer)] == [
        (second, True),
        (first, False),
    ]
    await shop.transact(invoices.remove_title, buyer, second)
    assert [each.is_default for each in await shop.ask(invoices.titles, buyer)] == [True]
    with pytest.raises(NotFound):
        await shop.transact(invoices.remove_title, BuyerId(ids.mint()), first)
