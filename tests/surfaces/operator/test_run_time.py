"""Settings as the operator changes them: explained, checked, undone, and counted where they matter."""

from datetime import UTC, datetime, timedelta

from steelyard.kernel.db import Database
from steelyard.parties import access
from steelyard.trade import orders
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
