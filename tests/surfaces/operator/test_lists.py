"""The operator's lists are narrowed down and taken away as files, and an amount leads to what it is made of."""

from datetime import UTC, datetime, timedelta

from litestar import Litestar

from steelyard.goods import catalog
from steelyard.goods.catalog import AttributeKind, Definition
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from steelyard.money import payments
from steelyard.parties import access, merchants
from steelyard.parties.access.model import AccountId, Actor
from steelyard.trade import settlement
from steelyard.trade.aftersales.model import Returned
from tests.support import deal
from tests.support.browser import Browser, hidden, words
from tests.support.world import World


async def test_orders_are_narrowed_by_shop_day_and_amount(db: Database, world: World, chief: Browser) -> None:
    tea, tool = await deal.paid(db, [(world.items["green"].sku_id, 2), (world.items["hammer"].sku_id, 1)])
    least = f"{max(tea.total, tool.total) / 100:.2f}"

    of_shop = words(await chief.get("/operator/orders", shop="Tea on the"))
    of_amount = words(await chief.get("/operator/orders", least=least))
    long_ago = words(await chief.get("/operator/orders", to="2020-01-01"))
    unread = words(await chief.get("/operator/orders", **{"from": "soon"}, most="much"))
    file = await chief.get("/operator/orders", shop="Tea on the", format="csv")

    assert tea.code in of_shop
    assert tool.code not in of_shop
    assert [order.code in of_amount for order in (tea, tool)] == [f"{o.total / 100:.2f}" == least for o in (tea, tool)]
    assert tea.code not in long_ago
    assert tea.code in unread
    assert "Please enter a day" in unread
    assert file.headers["content-type"].startswith("text/csv")
    assert tea.code in file.text
    assert tool.code not in file.text


async def test_payments_are_narrowed_by_channel_and_day(db: Database, world: World, chief: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    [payment] = await db.ask(payments.of_purchase, order.purchase_id)
    here = f"/operator/payments/{payment.payment_id}"

    assert here in (await chief.get("/operator/payments", channel=payment.channel, state="captured")).text
    assert here not in (await chief.get("/operator/payments", channel="nobody")).text
    assert here not in (await chief.get("/operator/payments", to="2020-01-01")).text
    assert str(payment.payment_id) in (await chief.get("/operator/payments", format="csv")).text


async def test_merchants_are_searched_sorted_and_taken_away(world: World, chief: Browser) -> None:
    found = words(await chief.get("/operator/merchants", q="tea on", sort="newest"))
    closed = words(await chief.get("/operator/merchants", state="closed"))
    file = await chief.get("/operator/merchants", sort="address", format="csv")

    assert "Tea on the Cloud" in found
    assert "No merchant fits" in closed
    assert str(world.tea.merchant_id) in file.text
    assert file.text.count("/shops/") == 2


async def test_an_orders_page_tells_the_whole_chain(db: Database, world: World, chief: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    [payment] = await db.ask(payments.of_purchase, order.purchase_id)
    said = {"type": "payment.captured", "data": {"reference": str(payment.payment_id)}}
    await db.transact(payments.receive, "simpay", "evt_1", said, payment.payment_id)
    await deal.shipped(db, order)
    await deal.received(db, order)
    await deal.at_rest(db)

    page = await chief.get(f"/operator/orders/{order.merchant_id}/{order.order_id}")

    assert f"/operator/payments/{payment.payment_id}" in page.text
    assert f"/operator/books/documents/{payment.payment_id}" in page.text
    assert "payment.captured Payment" in words(page)
    assert "What it brings the merchant" in words(page)
    assert "waits until" in words(page)


async def test_what_became_of_a_payment_is_asked_again(db: Database, world: World, chief: Browser) -> None:
    payment_id = await deal.instructed(db, await deal.placed(db, [(world.items["green"].sku_id, 1)]))
    here = f"/operator/payments/{payment_id}"
    assert "Ask the channel now" in words(await chief.get(here))

    await chief.post(f"{here}/query")

    due = await db.transact(payments.to_query, 10)
    assert [each.payment_id for each in due] == [payment_id]
    log = await db.ask(access.audit_log)
    assert log.items[0].action == "payments.query"


async def test_a_new_rate_is_written_down_beside_the_one_before(db: Database, world: World, chief: Browser) -> None:
    here = f"/operator/merchants/{world.tea.merchant_id}"
    for rate in ("7.25", "8"):
        fields = {"rate_id": hidden(await chief.get(f"{here}/money"), "rate_id"), "rate": rate, "category": ""}
        await chief.post(f"{here}/commission", fields)

    log = await db.ask(access.audit_log, world.tea.merchant_id)

    [change] = log.items[0].changes
    assert (change.field, change.before, change.after) == ("millionths", 72_500, 80_000)


async def test_every_list_of_the_house_is_a_file_too(db: Database, world: World, chief: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await chief.post("/operator/settings/payment_minutes", {"payment_minutes": "45"})
    files = {
        "/operator/books/held/CNY": f"{order.total / 100:.2f}",
        "/operator/buyers": "***",
        "/operator/staff": "@",
        "/operator/settings": "",
        "/operator/system/subscribers": "",
        "/operator/system/jobs": "",
    }

    for path, says in files.items():
        file = await chief.get(path, format="csv")
        assert file.headers.get("content-type", "").startswith("text/csv"), path
        assert says in file.text, path


async def test_a_document_of_the_books_names_the_payment_and_the_order_it_is(
    db: Database, world: World, chief: Browser
) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    [payment] = await db.ask(payments.of_purchase, order.purchase_id)
    await deal.shipped(db, order)
    await deal.received(db, order)

    of_payment = await chief.get(f"/operator/books/documents/{payment.payment_id}")
    of_order = await chief.get(f"/operator/books/documents/{order.order_id}")

    assert f'href="/operator/payments/{payment.payment_id}"' in of_payment.text
    assert f'href="/operator/orders/{order.merchant_id}/{order.order_id}"' in of_order.text


async def test_a_statement_that_is_objected_to_is_found_by_the_operator_until_it_is_agreed_to(
    app: Litestar, db: Database, world: World, chief: Browser, owner: Browser
) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await deal.shipped(db, order)
    await deal.received(db, order)
    await deal.at_rest(db)
    tomorrow = datetime.now(UTC) + timedelta(days=2)
    [statement] = await db.transact(settlement.run, settlement.settlement_day(tomorrow))
    check, objected = f"/merchant/statements/{statement.statement_id}/check", "/operator/settlement?state=objected"
    here = f"/operator/settlement/{world.tea.merchant_id}/{statement.statement_id}"
    assert here not in (await chief.get(objected)).text

    await owner.post(check, {"verdict": "objected", "words": "One order lacks"})

    listed, page = await chief.get(objected), words(await chief.get(here))
    assert here in listed.text
    assert "One order lacks" in words(listed)
    assert "Objected" in page
    assert "One order lacks" in page
    assert "Statements objected to" in words(await chief.get("/operator"))
    assert [each.objection for each in (await db.ask(settlement.objected)).items] == ["One order lacks"]

    await owner.post(check, {"verdict": "agreed"})

    assert here not in (await chief.get(objected)).text
    assert "agreed" in words(await chief.get(here))


async def test_refunds_and_statements_are_taken_away_as_files(db: Database, world: World, chief: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await deal.refunded(db, order, Returned(1, 1))

    page, file = await chief.get("/operator/refunds"), await chief.get("/operator/refunds", format="csv")

    assert order.code in words(page)
    assert order.code in file.text
    for name in ("settlement", "system/sweeps", "system/batches", "system/checks", "system/subscribers", "system/jobs"):
        taken = await chief.get(f"/operator/{name}", format="csv")
        assert taken.headers["content-type"].startswith("text/csv"), name


async def test_merchants_whose_licence_ends_are_found(db: Database, world: World, chief: Browser) -> None:
    today = datetime.now(UTC).date()
    await db.transact(merchants.set_licence, world.tea.merchant_id, today + timedelta(days=20))
    await db.transact(merchants.set_licence, world.tools.merchant_id, today - timedelta(days=1))

    ending = words(await chief.get("/operator/merchants", licence="ending"))
    ended = words(await chief.get("/operator/merchants", licence="ended"))

    assert [name in ending for name in ("Tea on the Cloud", "Tools of")] == [True, "Tools of" in ended]
    assert "Tea on the Cloud" not in ended
    assert "Licences that end soon 2" in words(await chief.get("/operator"))


async def test_categories_attributes_product_reviews_roles_and_keys_are_taken_away_as_files(
    db: Database, world: World, chief: Browser, owner: Browser
) -> None:
    actor = Actor(
        account=await db.ask(access.account, AccountId(world.operator.account_id)),
        permissions=frozenset({"settings.manage", "api_keys.manage", "orders.read"}),
    )
    _, key = await db.transact(access.create_api_key, actor, name="Bookkeeping", scopes={"orders.read"})
    material = Definition(code="material", name=text("材质", "Material"), kind=AttributeKind.TEXT)
    await db.transact(catalog.define_attribute, material)
    files = {
        "/operator/categories": ["Where,Category,Web address,Products in it,And below", "/c/tea"],
        "/operator/attributes": ["Attribute,Code,Kind,Unit,Values,Filter", "Material,material,Words"],
        "/operator/product-reviews": ["Product,Shop,What,Category,Asked at,State,Decided at,Reasons"],
        "/operator/product-reviews?tab=decided": ["Product,Shop"],
        "/operator/roles": ["Role,Built in,May,People", ",yes,"],
        "/operator/api-keys": ["Program,Begins with,Made by,May,Made", f"Bookkeeping,{key[:9]},"],
    }

    for path, says in files.items():
        assert "format=csv" in (await chief.get(path)).text or "product-reviews" in path, path
        file = await chief.get(f"{path}{'&' if '?' in path else '?'}format=csv")
        assert file.headers.get("content-type", "").startswith("text/csv"), path
        assert all(each in file.text for each in says), (path, file.text[:400])
    assert key not in (await chief.get("/operator/api-keys", format="csv")).text
    for path in ("/merchant/roles", "/merchant/api-keys"):
        taken = await owner.get(path, format="csv")
        assert taken.headers["content-type"].startswith("text/csv") and "Bookkeeping" not in taken.text, path
