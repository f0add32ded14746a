"""A refund that failed has its ways out on its own page."""

from steelyard.kernel.db import Database
from steelyard.money import payments
from steelyard.money.payments.model import RefundAnswer, RefundState
from steelyard.trade.aftersales.model import Returned
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.world import World


async def test_a_refund_that_came_back_is_transferred_under_a_number_that_is_used_once(
    db: Database, world: World, chief: Browser
) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 3)])
    for _ in range(2):
        await deal.refunded(db, order, Returned(1, 1))
    dues = await db.transact(payments.to_refund, 10)
    for due in dues:
        for state in (RefundState.SUCCEEDED, RefundState.FAILED):
            told = RefundAnswer(reference="re_1", state=state, failure="account closed")
            await db.transact(payments.record_refund, due.refund_id, due.attempt, told, "channel")
    one, other = [f"/operator/refunds/{due.merchant_id}/{due.refund_id}" for due in dues]
    line = {"bank_number": "B-77", "party": "Li Na", "on_day": "2026-11-01"}

    page = await chief.get(one)
    assert "It came back after it had arrived" in words(page)
    assert "balance" not in words(page).lower() or "Into the balance" not in words(page)
    assert (await chief.post(f"{one}/by-hand", {**line, "party": ""})).status_code == 422
    assert (await chief.post(f"{one}/by-hand", line)).status_code == 303
    refused = await chief.post(f"{other}/by-hand", line)
    assert refused.status_code == 422
    assert "used before" in words(refused) and 'value="B-77"' in refused.text

    after = await chief.get(one)
    assert "Transferred by hand" in words(after) and "B-77" in words(after)
    assert (await chief.post(f"{one}/came-back", {"why": "closed"})).status_code == 303
    known = await db.ask(payments.refund_of, dues[0].refund_id)
    assert known is not None and known.state is RefundState.FAILED
    assert "Failed refunds 2" in words(await chief.get("/operator"))
    assert order.code in words(await chief.get("/operator/refunds", state="failed", shop="tea"))
