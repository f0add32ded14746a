"""Invoices on the pages: a special one, another title, the shop's batch, files by their numbers, and nobody else's."""

import io

from litestar import Litestar
from openpyxl import load_workbook

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.trade import invoices
from steelyard.trade.invoices.model import InvoiceId, InvoiceState
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.consoles import app, chief, database_url, owner, signed_in, world
from tests.support.world import World
from tests.trade.test_invoices import COMPANY, FILE, PERSON

__all__ = ["app", "chief", "database_url", "owner", "world"]
HERE = "/merchant/invoices"
SPECIAL = {
    "kind": "company", "name": COMPANY.name, "tax_number": COMPANY.tax_number, "special": "yes", "address": "某路 1 号",
    "phone": "021-0", "bank": "某银行", "account": "6222",
}  # fmt: skip


async def test_a_shop_writes_many_at_once_and_a_buyer_changes_the_title(
    db: Database, world: World, app: Litestar, owner: Browser
) -> None:
    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, 2)], world.buyer.buyer_id)
    await deal.shipped(db, order)
    buyer = await signed_in(app, world.buyer)
    page = f"/orders/{order.code}/invoice"
    wrong = await buyer.post(page, {**SPECIAL, "bank": ""})
    assert (
        wrong.status_code == 422 and 'value="某路 1 号"' in wrong.text and "special invoice needs this" in words(wrong)
    )
    assert (await buyer.post(page, SPECIAL)).status_code == 303
    assert "Special invoice" in words(await owner.get(HERE))

    book = load_workbook(io.BytesIO((await owner.get(f"{HERE}/to-issue.xlsx")).content))
    serial = next(row[0] for row in book.worksheets[0].iter_rows(min_row=2, values_only=True))
    table = f"发票流水号,发票号码,开票日期\n{serial},24310000000000000051,2026-07-01\nx,1,2026-07-01\n"
    told = await owner.upload(f"{HERE}/numbers", {}, {"numbers": ("back.csv", table.encode())})
    assert (
        told.status_code == 422
        and "1 invoices are issued" in words(told)
        and "No invoice with this serial" in words(told)
    )
    assert "Download" not in words(await buyer.get(page))
    told = await owner.upload(f"{HERE}/files", {}, {"documents": ("dzfp_24310000000000000051.pdf", FILE)})
    assert told.status_code == 303
    told = await owner.upload(f"{HERE}/files", {}, {"documents": ("dzfp_1.pdf", FILE)})
    assert told.status_code == 422 and "No issued invoice without a file" in words(told)
    [made] = (await db.ask(invoices.invoices_of_orders, [(order.merchant_id, order.order_id)]))[order.order_id]
    assert (await buyer.get(f"{page}/{made.invoice_id}")).content == FILE

    person = {"kind": "personal", "name": PERSON.name, "invoice_id": str(ids.mint())}
    assert "Another title is needed" in words(await buyer.get(page))
    for _ in range(2):
        assert (await buyer.post(f"{page}/reissue", person)).status_code == 303
    red = next(
        each
        for each in (await db.ask(invoices.invoices_of_merchant, order.merchant_id, InvoiceState.REQUESTED)).items
        if each.reverses
    )
    listed = words(await owner.get(HERE))
    assert "Red letter" in listed and PERSON.name in listed
    first = {"number": "24310000000000000052", "issued_on": "2026-07-02"}
    refused = await owner.upload(f"{HERE}/{person['invoice_id']}/issue", first, {})
    assert refused.status_code == 422 and "reversed first" in words(refused)
    assert "24310000000000000051" in words(await owner.get(f"{HERE}/{red.invoice_id}"))
    assert (await owner.upload(f"{HERE}/{red.invoice_id}/issue", first, {})).status_code == 303
    second = {**first, "number": "24310000000000000053"}
    assert (await owner.upload(f"{HERE}/{person['invoice_id']}/issue", second, {})).status_code == 303
    assert "Reversed" in words(await buyer.get(page))

    stranger = await signed_in(app, world.other_buyer)
    assert (await stranger.get(page)).status_code == 404
    assert (await stranger.post(f"{page}/reissue", person)).status_code == 404
    other = await signed_in(app, world.tools.owner)
    told = await other.upload(f"{HERE}/files", {}, {"documents": ("24310000000000000053.pdf", FILE)})
    assert told.status_code == 422
    told = await other.upload(f"{HERE}/files", {"invoice_id": person["invoice_id"]}, {"documents": ("a.pdf", FILE)})
    assert told.status_code == 422
    assert await db.ask(invoices.document, order.merchant_id, InvoiceId(made.invoice_id)) is not None
    for browser in (stranger, other, buyer):
        await browser.close()


async def test_a_shop_says_its_classification_code(owner: Browser) -> None:
    wrong = await owner.post(f"{HERE}/terms", {"goods_code": "12", "freight_code": ""})
    assert wrong.status_code == 422 and 'value="12"' in wrong.text and "19 digits" in words(wrong)
    code = "1030101000000000000"
    assert (await owner.post(f"{HERE}/terms", {"goods_code": code, "freight_code": ""})).status_code == 303
    assert code in (await owner.get(HERE)).text
