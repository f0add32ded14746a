"""A shop's owner sees what it is paid, and keeps the shop, its people and its keys."""

from datetime import UTC, datetime, timedelta

from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.parties import access, merchants
from steelyard.trade import settlement
from tests.support import deal
from tests.support.browser import Browser, browsing, hidden, words
from tests.support.consoles import signed_in
from tests.support.world import PASSWORD, World


async def settled_order(db: Database, world: World) -> tuple[str, str, int]:
    """(order's code, statement's id, payout) of one order that went all the way."""
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await deal.shipped(db, order)
    await deal.received(db, order)
    await deal.at_rest(db)
    [statement] = await db.transact(settlement.run, settlement.settlement_day(datetime.now(UTC) + timedelta(days=2)))
    return order.code, str(statement.statement_id), statement.payout


async def test_every_entry_of_a_statement_leads_to_its_order(db: Database, world: World, owner: Browser) -> None:
    code, statement_id, payout = await settled_order(db, world)
    printed = await owner.get(f"/merchant/statements/{statement_id}/print")
    assert code in words(printed) and "Payout" in words(printed)

    listed = await owner.get("/merchant/statements")
    page = await owner.get(f"/merchant/statements/{statement_id}")

    assert f"/merchant/statements/{statement_id}" in listed.text
    said = words(page)
    assert said.count(code) == 2
    assert "Sale" in said
    assert f"{payout / 100:,.2f}" in said


async def test_a_statement_comes_as_csv(db: Database, world: World, owner: Browser) -> None:
    _, statement_id, payout = await settled_order(db, world)

    answer = await owner.get(f"/merchant/statements/{statement_id}/entries.csv")

    assert answer.headers["content-type"].startswith("text/csv")
    rows = [line.split(",") for line in answer.text.splitlines()]
    assert rows[0][:2] == ["earned_at", "kind"]
    assert round(sum(float(row[4]) for row in rows[1:]) * 100) == payout


async def test_earnings_that_wait_are_shown(db: Database, world: World, owner: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 1)])
    await deal.shipped(db, order)
    await deal.received(db, order)
    await deal.at_rest(db)

    page = await owner.get("/merchant/statements")

    assert "Waiting for the next statement" in words(page)
    assert order.code in words(page)


async def test_the_shop_is_renamed_and_the_payout_account_changed(db: Database, world: World, owner: Browser) -> None:
    await owner.post("/merchant/shop", {"name_zh": "新茶庄", "name_en": "New Tea", "notice_en": "Closed on Sundays"})
    account = {
        "payout_name": "Tea Ltd",
        "payout_bank": "Other Bank",
        "payout_account": "6222 1111 2222",
        "password": PASSWORD,
    }
    await owner.post("/merchant/shop/payout", account)

    card = (await db.ask(merchants.cards, [world.tea.merchant_id]))[world.tea.merchant_id]
    assert card.name == {"zh-Hans": "新茶庄", "en": "New Tea"}
    merchant = await db.ask(merchants.get, world.tea.merchant_id)
    assert merchant is not None
    assert merchant.payout.account == "622211112222"
    log = await db.ask(access.audit_log, world.tea.merchant_id)
    assert {"shop.change", "shop.payout"} <= {entry.action for entry in log.items}
    assert "622211112222" not in str([entry.facts for entry in log.items])


async def test_what_no_keyboard_has_is_left_out(world: World, owner: Browser) -> None:
    fields = {"name_zh": "三\x00秤行", "name_en": "\x00", "notice_zh": "a\x00b", "notice_en": ""}

    assert (await owner.post("/merchant/shop", fields)).status_code == 303
    assert "三秤行" in (await owner.get("/merchant/shop")).text
    for path in ("orders", "products", "stock"):
        assert (await owner.get(f"/merchant/{path}?q=a%00b")).status_code == 200


async def test_a_shop_keeps_a_name(world: World, owner: Browser) -> None:
    page = await owner.post("/merchant/shop", {"name_zh": "", "name_en": "", "notice_en": "Hello"})

    assert page.status_code == 422
    assert "Hello" in page.text


async def test_a_shop_on_holiday_says_so_to_buyers_and_to_its_own_people(
    app: Litestar, world: World, owner: Browser
) -> None:
    item = world.items["green"]
    wrong = await owner.post("/merchant/shop/pause", {"ends_at": "2020-01-01T10:00", "away_notice_en": "Gone skiing"})
    assert wrong.status_code == 422
    assert "Gone skiing" in wrong.text
    back_on = (datetime.now(UTC) + timedelta(days=5)).strftime("%Y-%m-%dT%H:%M")

    await owner.follow(
        await owner.post("/merchant/shop/pause", {"ends_at": back_on, "sells": "no", "away_notice_en": "Gone skiing"})
    )

    assert "Your shop is away until" in words(await owner.get("/merchant"))
    buyer = await signed_in(app, world.buyer)
    page = words(await buyer.get(f"/products/{item.product_id}"))
    assert "The shop is away until" in page
    assert "Gone skiing" in page
    await buyer.post("/cart/lines", {"product_id": str(item.product_id), "quantity": "1"})
    assert "The shop is away until" in words(await buyer.get("/cart"))
    await owner.post("/merchant/shop/back")
    assert "The shop is away" not in words(await buyer.get("/cart"))
    assert "shop.back" in (await owner.get("/merchant/audit")).text


async def test_the_carriers_of_a_shop_stand_in_its_forms(db: Database, world: World, owner: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    wrong = await owner.post("/merchant/carriers", {"carriers": "simpost", "preferred": "simex"})
    assert wrong.status_code == 422

    await owner.follow(await owner.post("/merchant/carriers", {"carriers": "simpost", "preferred": "simpost"}))

    page = await owner.get(f"/merchant/orders/{order.order_id}")
    assert 'value="simpost"' in page.text
    assert 'value="simex"' not in page.text
    assert "simex" not in (await owner.get(f"/merchant/orders/ship?order={order.order_id}")).text


async def test_somebody_is_invited_given_other_roles_and_disabled(db: Database, world: World, owner: Browser) -> None:
    page = await owner.get("/merchant/staff")
    fields = {
        "account_id": hidden(page, "account_id"), "name": "Zhao", "email": "zhao@example.com", "locale": "en",
        "roles": "merchant_clerk",
    }  # fmt: skip
    for _ in range(2):
        after = await owner.follow(await owner.post("/merchant/staff", fields))
    assert "Invited" in words(after)
    here = f"/merchant/staff/{fields['account_id']}"

    await owner.post(f"{here}/roles", {"roles": "merchant_accountant"})
    await owner.post(f"{here}/disable")

    member = next(each for each in await db.ask(access.staff, world.tea.merchant_id) if each.name == "Zhao")
    assert member.roles == ["merchant_accountant"]
    assert member.disabled_at is not None


async def test_an_owner_hands_over_with_the_password_and_finds_the_doors_of_the_owner_closed(
    world: World, owner: Browser
) -> None:
    heir = world.tea.staff["merchant_clerk"]
    here = f"/merchant/staff/{heir.account_id}/transfer"
    assert heir.email in words(await owner.get(here))

    refused = await owner.post(here, {"role": "merchant_accountant", "password": "not it"})
    assert refused.status_code == 422
    assert "This is not your password" in refused.text
    await owner.follow(await owner.post(here, {"role": "merchant_accountant", "password": PASSWORD}))

    assert (await owner.get("/merchant/money")).status_code == 200
    assert (await owner.get("/merchant/staff")).status_code in (403, 404)


async def test_the_last_owner_stays(world: World, owner: Browser) -> None:
    after = await owner.follow(await owner.post(f"/merchant/staff/{world.tea.owner.account_id}/disable"))

    assert "the last one with this role" in words(after)


async def test_a_key_is_shown_once_and_works_until_it_is_revoked(db: Database, world: World, owner: Browser) -> None:
    await owner.get("/merchant/api-keys")
    page = await owner.post("/merchant/api-keys", {"name": "Till", "scopes": "orders.read"})
    key = next(word for word in words(page).split() if word.startswith("sy_") and not word.endswith("…"))
    actor = await db.ask(access.api_key, key)
    assert actor is not None
    assert actor.permissions == {"orders.read"}
    assert key not in (await owner.get("/merchant/api-keys")).text

    revoke = page.text.split('action="/merchant/api-keys/')[1].split('"')[0]
    await owner.post(f"/merchant/api-keys/{revoke}")

    assert await db.ask(access.api_key, key) is None


async def test_the_navigation_shows_what_one_may_see(app: Litestar, world: World) -> None:
    accountant = await signed_in(app, world.tea.staff["merchant_accountant"])
    page = await accountant.get("/merchant")
    await accountant.close()

    assert 'href="/merchant/statements"' in page.text
    for hidden_place in ("/merchant/products", "/merchant/staff", "/merchant/stock"):
        assert f'href="{hidden_place}"' not in page.text
    async with browsing(app) as nobody:
        led = await nobody.get("/merchant/orders?state=all")
        assert led.headers["location"] == "/sign-in?return_to=%2Fmerchant%2Forders%3Fstate%3Dall"
