"""Settings as the operator changes them: explained, checked, undone, and counted where they matter."""

from datetime import UTC, datetime, timedelta

from steelyard.kernel.db import Database
from steelyard.parties import access, policies
from steelyard.parties.policies.model import PAYMENT_WINDOW
from steelyard.trade import orders, settlement
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.world import World

HERE = "/operator/settings"


async def test_a_changed_setting_counts_for_the_next_purchase(db: Database, world: World, chief: Browser) -> None:
    page = words(await chief.follow(await chief.post(f"{HERE}/payment_window", {"payment_window": "90"})))
    assert "Changed" in page and "by Operator" in page

    purchase_id = await deal.placed(db, [(world.items["green"].sku_id, 1)])

    purchase = await db.ask(orders.purchase, purchase_id)
    assert purchase is not None and purchase.pay_by is not None
    assert abs(purchase.pay_by - datetime.now(UTC) - timedelta(minutes=90)) < timedelta(minutes=1)
    [entry] = [each for each in (await db.ask(access.audit_log)).items if each.action == "settings.change"]
    assert [(change.before, change.after) for change in entry.changes] == [(30, 90)]


async def test_what_is_outside_the_range_is_told_beside_the_field_and_the_default_comes_back(
    db: Database, world: World, chief: Browser
) -> None:
    wrong = await chief.post(f"{HERE}/payment_window", {"payment_window": "2"})
    assert wrong.status_code == 422 and "Please enter a whole number" in words(wrong)

    await chief.post(f"{HERE}/payment_window", {"payment_window": "60"})
    page = words(await chief.follow(await chief.post(f"{HERE}/payment_window/reset")))

    assert "The default counts again." in page
    assert (await chief.post(f"{HERE}/nothing/reset")).status_code == 404


async def test_a_setting_planned_from_a_day_is_shown_and_counts_by_itself_when_the_day_has_come(
    db: Database, world: World, chief: Browser
) -> None:
    today = settlement.settlement_day(datetime.now(UTC))
    day = today + timedelta(days=3)
    planned = {"payment_window": "60", "payment_window-from": day.isoformat()}

    page = words(await chief.follow(await chief.post(f"{HERE}/payment_window", planned)))

    assert "60" in page and "Withdraw" in page
    assert await db.ask(policies.number, PAYMENT_WINDOW) == 30
    for wrong in (today.isoformat(), "soon"):
        refused = await chief.post(f"{HERE}/payment_window", {**planned, "payment_window-from": wrong})
        assert refused.status_code == 422 and "day to come" in words(refused), wrong

    assert await db.transact(policies.begin_due, day - timedelta(days=1)) == 0
    assert await db.transact(policies.begin_due, day) == 1
    assert await db.transact(policies.begin_due, day) == 0
    assert await db.ask(policies.number, PAYMENT_WINDOW) == 60
    [change] = await db.ask(policies.changes, "payment_window")
    assert (change.before, change.after) == (30, 60)
    assert change.by == world.operator.account_id


async def test_a_plan_is_withdrawn(db: Database, world: World, chief: Browser) -> None:
    day = settlement.settlement_day(datetime.now(UTC)) + timedelta(days=3)
    await chief.post(f"{HERE}/payment_window", {"payment_window": "60", "payment_window-from": day.isoformat()})

    page = words(await chief.follow(await chief.post(f"{HERE}/payment_window/withdraw")))

    assert "The plan is withdrawn." in page
    assert await db.transact(policies.begin_due, day) == 0
    log = [entry.action for entry in (await db.ask(access.audit_log)).items]
    assert log[:2] == ["settings.withdraw_plan", "settings.plan"]
