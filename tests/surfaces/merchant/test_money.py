"""What a shop has earned, when it will be paid, and what its staff say of a statement."""

from datetime import UTC, datetime, timedelta

from litestar import Litestar

from steelyard.kernel.db import Database, Read
from steelyard.parties import access, merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import settlement
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.consoles import signed_in
from tests.support.world import PASSWORD, World


async def test_what_is_expected_is_what_will_be_on_the_statement(db: Database, world: World, owner: Browser) -> None:
    green = world.items["green"].sku_id
    [waiting] = await deal.paid(db, [(green, 1)])
    [sent] = await deal.paid(db, [(green, 2)])
    await deal.shipped(db, sent)
    [done] = await deal.paid(db, [(green, 3)])
    await deal.shipped(db, done)
    await deal.received(db, done)
    await deal.at_rest(db)

    expected = await db.ask(settlement.expected, world.tea.merchant_id)
    assert sum(day.earned for day in expected) == done.kept - done.commission_kept
    assert sum(day.awaited for day in expected) == sent.kept - sent.commission_kept
    [held] = await db.ask(settlement.held, world.tea.merchant_id)
    assert held.income == waiting.kept - waiting.commission_kept

    last = max(day.day for day in expected)
    await deal.received(db, sent)
    await deal.at_rest(db)
    [statement] = await db.transact(settlement.run, last)
    assert statement.payout == sum(day.earned + day.awaited for day in expected)

    page = await owner.get("/merchant/money")
    assert page.status_code == 200
    assert "Expected payouts" in words(page)


async def test_the_balance_names_each_order_that_is_awaited(db: Database, world: World, owner: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await deal.shipped(db, order)

    assert order.code in words(await owner.get("/merchant/money"))
    rows = (await owner.get("/merchant/money/expected?format=csv")).content.decode("utf-8-sig").strip().split("\r\n")
    assert len(rows) == 2
    assert order.code in rows[1]


async def test_a_statement_is_objected_to_with_a_reason_and_agreed_with_once(
    app: Litestar, db: Database, world: World, owner: Browser
) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await deal.shipped(db, order)
    await deal.received(db, order)
    await deal.at_rest(db)
    [statement] = await db.transact(
        settlement.run, settlement.settlement_day(datetime.now(UTC) + timedelta(days=2))
    )  # fmt: skip
    here = f"/merchant/statements/{statement.statement_id}"

    wordless = await owner.follow(await owner.post(f"{here}/check", {"verdict": "objected"}))
    assert "missing or wrong" in words(wordless) or "say what is wrong" in words(wordless)
    after = await owner.follow(await owner.post(f"{here}/check", {"verdict": "objected", "words": "One order lacks"}))
    assert "One order lacks" in words(after)
    for _ in range(2):
        await owner.post(f"{here}/check", {"verdict": "agreed"})

    said = await db.ask(settlement.checks_of, world.tea.merchant_id, statement.statement_id)
    assert [check.agreed for check in said] == [False, True]
    stranger = await signed_in(app, world.tools.owner)
    assert (await stranger.post(f"{here}/check", {"verdict": "agreed"})).status_code == 404
    await stranger.close()


async def test_where_the_money_goes_changes_with_the_password_and_every_owner_is_told(
    db: Database, world: World, owner: Browser
) -> None:
    fields = {"payout_name": "Tea Ltd", "payout_bank": "Some Bank", "payout_account": "6222 0000 1234"}
    merchant_id = MerchantId(world.tea.merchant_id)

    refused = await owner.post("/merchant/shop/payout", {**fields, "password": "not this one"})
    assert refused.status_code == 422
    assert "not your password" in words(refused)
    merchant = await db.ask(merchants.get, merchant_id)
    assert merchant is not None
    assert merchant.payout.bank != "Some Bank"

    await owner.post("/merchant/shop/payout", {**fields, "password": PASSWORD})
    await deal.at_rest(db)

    merchant = await db.ask(merchants.get, merchant_id)
    assert merchant is not None
    assert merchant.payout.account == "622200001234"
    mails = await db.ask(mails_to, world.tea.owner.email)
    assert mails == ["payout_account_changed"]
    log = await db.ask(access.audit_log, merchant_id)
    assert "shop.payout" in {entry.action for entry in log.items}


async def mails_to(read: Read, email: str) -> list[str]:  # a Read
    rows = await read.fetch("SELECT template FROM mails WHERE recipient = $1 ORDER BY mail_id", email)
    return [row["template"] for row in rows]
