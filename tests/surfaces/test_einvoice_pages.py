"""E-invoices on the pages: a shop enters its VAT number, issues, takes files along; its buyer and nobody else downloads them; the
platform's invoices in both consoles."""

from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.trade import einvoices
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.consoles import app, chief, database_url, owner, signed_in, world
from tests.support.world import World
from tests.trade.test_einvoices import booked, bought, month_before, open_to_the_eu

__all__ = ["app", "chief", "database_url", "owner", "world"]
HERE = "/merchant/e-invoices"
TYPED = {
    "legal_name": "Tea GmbH", "vat_number": "DE136695976", "street": "Allee 1", "city": "Berlin", "postal_code": "10115",
    "country": "DE", "email": "post@example.com", "automatic": "",
}  # fmt: skip


async def test_a_shop_says_who_it_is_issues_and_takes_files_along(
    db: Database, world: World, app: Litestar, owner: Browser
) -> None:
    assert "Enter your VAT number" in words(await owner.get(HERE))
    wrong = await owner.post(f"{HERE}/settings", {**TYPED, "vat_number": "DE1", "city": ""})
    assert wrong.status_code == 422 and 'value="DE1"' in wrong.text and "check the VAT number" in words(wrong)
    await open_to_the_eu(db, world)
    assert (await owner.post(f"{HERE}/settings", TYPED)).status_code == 303
    assert 'value="DE136695976"' in (await owner.get(f"{HERE}/settings")).text

    order = await bought(db, world, buyer_id=world.buyer.buyer_id)
    await deal.shipped(db, order)
    await deal.at_rest(db)
    page = await owner.get(HERE)
    assert order.code in words(page) and "without an e-invoice" in words(page)
    for _ in range(2):
        told = await owner.follow(await owner.post(f"{HERE}/issue/{order.order_id}"))
    assert "without an e-invoice" not in words(told) and "-000001" in words(told)
    [made] = await db.ask(einvoices.of_order, order.merchant_id, order.order_id)
    xml = await owner.get(f"{HERE}/{made.einvoice_id}/invoice.xml")
    assert einvoices.violations(xml.content) == [] and "attachment" in xml.headers["content-disposition"]
    pdf = await owner.get(f"{HERE}/{made.einvoice_id}/invoice.pdf")
    assert pdf.content.startswith(b"%PDF-") and pdf.headers["content-type"] == "application/pdf"
    assert made.number in (await owner.get(HERE, format="csv")).content.decode("utf-8-sig")
    assert (await owner.get(f"/merchant/charges/{made.einvoice_id}/invoice.xml")).status_code == 404

    other = await signed_in(app, world.tools.owner)
    for path in (f"{HERE}/{made.einvoice_id}/invoice.xml", f"{HERE}/{made.einvoice_id}/invoice.pdf"):
        assert (await other.get(path)).status_code == 404
    assert (await other.post(f"{HERE}/issue/{order.order_id}")).status_code == 404
    await other.close()

    buyer = await signed_in(app, world.buyer)
    page = await buyer.get(f"/orders/{order.code}/invoice")
    assert made.number in words(page)
    for ending in ("xml", "pdf"):
        path = f"/orders/{order.code}/e-invoices/{made.einvoice_id}/invoice.{ending}"
        assert (await buyer.get(path)).status_code == 200
        stranger = await signed_in(app, world.other_buyer)
        assert (await stranger.get(path)).status_code == 404
        await stranger.close()
    await buyer.close()


async def test_the_platforms_invoices_are_issued_listed_and_handed_over(
    db: Database, world: World, app: Litestar, owner: Browser, chief: Browser
) -> None:
    month = month_before()
    await booked(db, world.tea.merchant_id, month, 4_200)
    assert "42.00" in words(await chief.get("/operator/charges"))
    told = await chief.follow(await chief.post("/operator/charges/issue"))
    assert "1 invoices" in words(told) and "-000001" in words(told)
    assert "0 invoices" in words(await chief.follow(await chief.post("/operator/charges/issue")))
    [made] = await db.ask(einvoices.charges_of_months, month, month)
    for browser, base in ((chief, "/operator/charges"), (owner, "/merchant/charges")):
        for ending, begins in (("xml", b"<?xml"), ("pdf", b"%PDF-")):
            answer = await browser.get(f"{base}/{made.einvoice_id}/invoice.{ending}")
            assert answer.status_code == 200 and answer.content.startswith(begins)
    assert made.number in words(await owner.get("/merchant/charges"))
    assert "42.00" in (await owner.get("/merchant/charges", format="csv")).content.decode("utf-8-sig")
    assert "42.00" in (await chief.get("/operator/charges", format="csv", span=f"{month:%Y-%m}")).content.decode(
        "utf-8-sig"
    )
    assert (await owner.get(f"{HERE}/{made.einvoice_id}/invoice.xml")).status_code == 404
    other = await signed_in(app, world.tools.owner)
    assert (await other.get(f"/merchant/charges/{made.einvoice_id}/invoice.pdf")).status_code == 404
    assert made.number not in words(await other.get("/merchant/charges"))
    await other.close()
    clerk = await signed_in(app, world.tea.staff["merchant_clerk"])
    for path in ("/merchant/charges", HERE, f"{HERE}/settings"):
        assert (await clerk.get(path)).status_code == 403
    await clerk.close()
