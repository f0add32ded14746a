"""The operator's staff see how the marketplace does, and act where something is wrong."""

from datetime import UTC, datetime, timedelta
from functools import partial

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.logistics import parcels
from steelyard.logistics.parcels.model import Scan
from steelyard.money import payments
from steelyard.money.payments.model import RefundAnswer, RefundState
from steelyard.operations import analytics
from steelyard.parties import access, merchants, operator
from steelyard.parties.merchants.model import MerchantState
from steelyard.surfaces.operator.figures import WAYS
from steelyard.trade import commission, settlement
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.commission.model import Channel, Sale
from steelyard.trade.settlement import BankAnswer
from tests.support import deal
from tests.support.browser import Browser, hidden, words
from tests.support.world import World


async def rolled_up(db: Database) -> None:
    """Everybody has read the news, and the days have been counted."""
    await deal.at_rest(db)
    await db.transact(analytics.roll_up)


async def test_the_dashboard_counts_orders_and_money(db: Database, world: World, chief: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await deal.placed(db, [(world.items["black"].sku_id, 1)])
    await rolled_up(db)

    page = await chief.get("/operator")

    said = words(page)
    assert f"Amount paid CN¥{order.total / 100:,.2f}" in said
    assert "Orders 2" in said
    assert "Today in CNY: 2 orders" in said


async def test_each_way_to_look_at_the_figures_is_a_page_and_a_file(db: Database, world: World, chief: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await rolled_up(db)

    for way in WAYS:
        page = await chief.get(f"/operator/figures/{way}", period="7d")
        file = await chief.get(f"/operator/figures/{way}", period="7d", format="csv")
        assert page.status_code == 200, way
        assert file.headers["content-type"].startswith("text/csv")
        if way != "visitors":
            assert f"{order.total / 100:.2f}" in file.text or f"{order.goods / 100:.2f}" in file.text, way
    assert (await chief.get("/operator/figures/nonsense")).status_code == 404


async def test_a_period_that_cannot_be_read_is_the_usual_one(world: World, chief: Browser) -> None:
    page = await chief.get("/operator", period="custom", **{"from": "soon", "to": "=1+1"}, currency="XYZ")

    assert page.status_code == 200


async def test_a_suspended_merchants_shop_is_closed_until_it_is_reopened(
    db: Database, world: World, chief: Browser
) -> None:
    here = f"/operator/merchants/{world.tea.merchant_id}"
    assert (await chief.get(here)).status_code == 200

    await chief.post(f"{here}/suspend", {"reason": "No licence"})
    merchant = await db.ask(merchants.get, world.tea.merchant_id)
    assert merchant is not None
    assert merchant.state is MerchantState.SUSPENDED
    await deal.at_rest(db)

    await chief.post(f"{here}/reopen")
    merchant = await db.ask(merchants.get, world.tea.merchant_id)
    assert merchant is not None
    assert merchant.state is MerchantState.OPEN
    log = await db.ask(access.audit_log, world.tea.merchant_id)
    assert any(entry.facts.get("reason") == "No licence" for entry in log.items)


async def test_a_merchants_commission_counts_from_the_next_order_on(db: Database, world: World, chief: Browser) -> None:
    here = f"/operator/merchants/{world.tea.merchant_id}"
    page = await chief.get(f"{here}/money")
    fields = {"rate_id": hidden(page, "rate_id"), "rate": "7.25", "category": ""}

    for _ in range(2):
        await chief.post(f"{here}/commission", fields)

    sales = [
        Sale(merchant_id=each.merchant_id, path=[], product_id=ids.mint(), channel=Channel.SHOP, currency="CNY")
        for each in (world.tea, world.tools)
    ]
    stacks = await db.ask(commission.rules_for, sales)
    assert [[rule.millionths for rule in rules] for rules in stacks] == [[72_500], [50_000]]
    wrong = await chief.follow(await chief.post(f"{here}/commission", {"rate": "101"}))
    assert "between 0 and 100" in words(wrong)


async def test_a_merchants_page_has_a_tab_for_each_of_its_affairs(db: Database, world: World, chief: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 1)])
    here = f"/operator/merchants/{world.tea.merchant_id}"
    await chief.post(f"{here}/terms", {"settlement_days": "5", "receipt_days": "10"})
    says = {
        "": order.code,
        "/goods": f"/products/{world.items['green'].product_id}",
        "/orders": order.code,
        "/money": "New sales commission",
        "/papers": "Licence good until",
        "/staff": world.tea.owner.email,
        "/audit": "Changed a merchant’s terms",
    }

    for tab, told in says.items():
        page = await chief.get(here + tab)
        assert told in words(page) or told in page.text, tab
        assert all(f'href="{here}{other}"' in page.text for other in says), tab
        assert (await chief.get(f"/operator/merchants/{order.order_id}{tab}")).status_code == 404, tab


async def test_orders_are_found_by_either_code(db: Database, world: World, chief: Browser) -> None:
    orders = await deal.paid(db, [(world.items["green"].sku_id, 1), (world.items["hammer"].sku_id, 1)])

    listed = await chief.get("/operator/orders")
    found = await chief.get("/operator/orders", q=orders[1].code)
    page = await chief.follow(found)

    assert all(order.code in words(listed) for order in orders)
    assert found.headers["location"].endswith(str(orders[1].order_id))
    assert orders[0].code in words(page), "its siblings are named"
    assert "No order and no purchase" in words(await chief.get("/operator/orders", q="nonsense"))


async def test_a_failed_refund_is_sent_once_more(db: Database, world: World, chief: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await deal.refunded(db, order, Returned(1, 1))
    [due] = await db.transact(payments.to_refund, 10)
    failed = RefundAnswer(reference=None, state=RefundState.FAILED, failure="account closed")
    await db.transact(payments.record_refund, due.refund_id, due.attempt, failed, "channel")

    listed = await chief.get("/operator/refunds", state="failed")
    assert "account closed" in words(listed)
    after = await chief.post(f"/operator/refunds/{due.merchant_id}/{due.refund_id}/retry", {"back": "//evil.example"})

    assert after.headers["location"] == "/operator/refunds"
    refund = await db.ask(payments.refund_of, due.refund_id)
    assert refund is not None
    assert refund.state is RefundState.INSTRUCTED
    payment = await chief.get(f"/operator/payments/{due.payment_id}")
    assert order.code in words(payment)


async def test_a_lost_parcel_asks_for_somebody(db: Database, world: World, chief: Browser, owner: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    parcel_id = await deal.shipped(db, order)
    pages = {
        chief: f"/operator/orders/{order.merchant_id}/{order.order_id}", owner: f"/merchant/orders/{order.order_id}"
    }  # fmt: skip
    assert "Lost parcels 0" in words(await chief.get("/operator"))
    for browser, page in pages.items():
        assert "A parcel is lost" not in words(await browser.get(page))

    trouble = [Scan(at=datetime.now(UTC), code="exception")]
    await db.transact(partial(parcels.record_scans, carrier="simex", number=f"SX{parcel_id.hex[-12:]}", scans=trouble))

    assert "Lost parcels 1" in words(await chief.get("/operator"))
    assert order.code in words(await chief.get("/operator/orders", state="lost"))
    for browser, page in pages.items():
        assert "A parcel is lost" in words(await browser.get(page))


async def test_the_books_balance_and_lead_down_to_each_transfer(db: Database, world: World, chief: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])

    books = await chief.get("/operator/books")
    kind = await chief.get("/operator/books/held/CNY")
    account = await chief.get(f"/operator/books/held/CNY/{order.merchant_id}")
    document = account.text.split('href="/operator/books/documents/')[1].split('"')[0]
    transfers = await chief.get(f"/operator/books/documents/{document}")

    assert "Debits equal credits" in words(books)
    assert "Difference" in books.text
    assert "Tea on the Cloud" in words(kind)
    assert f"{order.total / 100:,.2f}" in words(account)
    assert "Allotted to the order" in words(transfers)
    assert (await chief.get("/operator/books/nothing/CNY")).status_code == 404


async def test_settlement_runs_for_a_day_and_a_failed_payout_is_paid_again(
    db: Database, world: World, chief: Browser
) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await deal.shipped(db, order)
    await deal.received(db, order)
    await deal.at_rest(db)
    refused = await chief.follow(await chief.post("/operator/settlement/run", {"day": "2099-01-01"}))
    assert "up to today" in words(refused)
    nothing = await chief.follow(await chief.post("/operator/settlement/run", {"day": "2026-01-01"}))
    assert "Nothing is due" in words(nothing)
    [statement] = await db.transact(settlement.run, settlement.settlement_day(datetime.now(UTC) + timedelta(days=1)))
    [due] = await db.transact(settlement.to_pay, 10)
    answer = BankAnswer(state="rejected", failure="wrong account")
    await db.transact(settlement.record_payout, statement.statement_id, due.attempt, answer, "bank")
    here = f"/operator/settlement/{statement.merchant_id}/{statement.statement_id}"
    page = await chief.get(here)
    assert "wrong account" in words(page)
    assert order.code in words(page)

    await chief.follow(await chief.post(f"{here}/pay-again"))

    again = await db.ask(settlement.statement, statement.merchant_id, statement.statement_id)
    assert again is not None
    assert again.state is settlement.StatementState.PAYING


async def test_a_category_is_added_below_another(db: Database, world: World, chief: Browser) -> None:
    page = await chief.get("/operator/categories")
    fields = {
        "category_id": hidden(page, "category_id"), "name_zh": "乌龙茶", "name_en": "Oolong", "slug": "oolong",
        "parent": str(world.categories["tea"]), "icon": "leaf",
    }  # fmt: skip
    for _ in range(2):
        after = await chief.follow(await chief.post("/operator/categories", fields))

    assert words(after).count("oolong") == 1
    taken = await chief.post("/operator/categories", {"name_zh": "茶", "slug": "oolong"})
    assert taken.status_code == 422
    assert "already called" in words(taken)


async def test_the_operators_profile_is_checked_to_its_check_digit(db: Database, chief: Browser) -> None:
    fields = {
        "name_zh": "新市集", "legal_name": "某公司", "credit_code": "91310000MA1FL000XX", "icp_number": "沪ICP备12345678号",
        "address_zh": "上海", "phone": "021", "email": "a@example.com", "country": "CN", "currency": "CNY",
    }  # fmt: skip

    page = await chief.post("/operator/profile", fields)

    assert page.status_code == 422
    assert "This is not a unified social credit code." in words(page)
    profile = await db.ask(operator.profile)
    assert profile is not None
    assert profile.legal_name != "某公司"


async def test_a_key_of_the_operator_is_shown_once_and_works_until_it_is_revoked(
    db: Database, world: World, chief: Browser
) -> None:
    await chief.get("/operator/api-keys")
    page = await chief.post("/operator/api-keys", {"name": "Ledger export", "scopes": "ledger.read"})
    key = next(word for word in words(page).split() if word.startswith("sy_") and not word.endswith("…"))
    actor = await db.ask(access.api_key, key)
    assert actor is not None
    assert actor.permissions == {"ledger.read"}
    listed = await chief.get("/operator/api-keys")
    assert "Ledger export" in words(listed)
    assert key not in listed.text

    revoke = page.text.split('action="/operator/api-keys/')[1].split('"')[0]
    await chief.post(f"/operator/api-keys/{revoke}")

    assert await db.ask(access.api_key, key) is None
    assert "Ledger export" not in words(await chief.get("/operator/api-keys"))


async def test_a_key_without_a_name_or_a_permission_is_not_made(db: Database, world: World, chief: Browser) -> None:
    for fields in ({"name": "", "scopes": "ledger.read"}, {"name": "Ledger export"}):
        assert (await chief.post("/operator/api-keys", fields)).status_code == 422

    assert await db.ask(access.api_keys_of_staff, None) == []


async def test_merchants_and_the_operator_see_each_their_own_keys(
    db: Database, world: World, chief: Browser, owner: Browser
) -> None:
    await chief.post("/operator/api-keys", {"name": "Ledger export", "scopes": "ledger.read"})
    await owner.post("/merchant/api-keys", {"name": "Till", "scopes": "orders.read"})

    operators, shops = words(await chief.get("/operator/api-keys")), words(await owner.get("/merchant/api-keys"))

    assert "Ledger export" in operators and "Till" not in operators
    assert "Till" in shops and "Ledger export" not in shops
    [key] = await db.ask(access.api_keys_of_staff, world.tea.merchant_id)
    assert (await chief.post(f"/operator/api-keys/{key.api_key_id}/revoke")).status_code == 404


async def test_every_place_of_the_navigation_opens_in_both_languages(
    db: Database, world: World, chief: Browser
) -> None:
    await deal.paid(db, [(world.items["green"].sku_id, 1)])
    for language in ("en", "zh-CN"):
        chief.http.headers["accept-language"] = language
        front = await chief.get("/operator")
        places = {part.split('"')[0] for part in front.text.split('href="/operator')[1:]}
        assert len(places) > 10
        for place in places:
            assert (await chief.get(f"/operator{place}".replace("&amp;", "&"))).status_code == 200, place
