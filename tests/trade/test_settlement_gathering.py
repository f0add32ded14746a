"""A shop with more entries than one step may write: its statement is gathered over several transactions, and is one statement."""

import pytest

from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import settlement
from steelyard.trade.settlement import Cycle, Terms, runs
from tests.trade.merchants import open_shop, refund_after_release
from tests.trade.settling import agree, payable, sold, today

STEP = 4
SALES = 11


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "ENTRIES_PER_STEP_MAX", STEP)


async def large_shop(db: Database, *, fee: int = 0) -> MerchantId:
    shop = await open_shop(db, settlement_days=0)
    for _ in range(SALES):
        await sold(db, shop, 1_000, commission=fee)
    return shop


async def test_a_large_statement_is_gathered_some_at_a_time_and_issued_once(db: Database) -> None:
    shop, small = await large_shop(db, fee=50), await open_shop(db, settlement_days=0)
    await sold(db, small, 700)

    steps, after = [], settlement.BEGINNING
    while after is not None:
        steps.append(await db.transact(settlement.step, today(), after))
        after = steps[-1].after

    issued = {s.merchant_id: s.payout for step in steps for s in step.statements}
    assert issued == {shop: SALES * 950, small: 700}
    assert [step.gathered for step in steps if step.gathered] == [STEP] * (2 * SALES // STEP)
    assert await db.ask(settlement.waiting, shop) == []
    assert await db.transact(settlement.run, today()) == []


async def test_a_run_that_was_killed_while_it_gathered_is_taken_up_where_it_was(db: Database) -> None:
    shop = await large_shop(db)
    for _ in range(2):
        await db.transact(settlement.step, today())

    assert (await db.ask(settlement.statements_page, merchant_id=shop)).items == []
    assert [w.amount for w in await db.ask(settlement.waiting, shop)] == [(SALES - 2 * STEP) * 1_000]

    assert await settlement.settle(db, today()) == 1

    [issued] = (await db.ask(settlement.statements_page, merchant_id=shop)).items
    assert issued.payout == SALES * 1_000
    assert await payable(db, shop) == 0


async def test_what_is_given_back_while_it_is_gathered_is_on_the_statement_and_never_looks_like_a_debt(
    db: Database,
) -> None:
    shop = await open_shop(db, settlement_days=0)
    deals = [await sold(db, shop, 1_000) for _ in range(SALES)]
    await db.transact(settlement.step, today())
    for deal in deals[:STEP]:
        await refund_after_release(db, deal, 600)

    await db.transact(settlement.step, today())

    [waits] = await db.ask(settlement.waiting, shop)
    assert waits.amount == (SALES - STEP) * 1_000, "refunds first: what is left waiting is what is owed to the shop"
    assert await settlement.settle(db, today()) == 1
    assert await payable(db, shop) == 0


async def test_nobody_withdraws_what_is_being_gathered(db: Database) -> None:
    shop = await large_shop(db)
    await db.transact(settlement.step, today())
    await agree(db, shop, Terms(cycle=Cycle.ON_REQUEST), today())

    with pytest.raises(Invalid):
        await db.transact(settlement.withdraw, shop, "CNY", today())

    assert await settlement.settle(db, today()) == 1, (
        "what was begun is brought to its end, whatever is agreed meanwhile"
    )


async def test_a_large_shop_that_is_owed_nothing_yet_does_not_keep_those_behind_it_waiting(db: Database) -> None:
    first, second = sorted([await open_shop(db, settlement_days=0), await open_shop(db, settlement_days=0)])
    await agree(db, first, Terms(minimum=1_000_000), today())
    for _ in range(SALES):
        await sold(db, first, 1_000)
    await sold(db, second, 500)

    assert await settlement.settle(db, today()) == 1

    [issued] = (await db.ask(settlement.statements_page)).items
    assert (issued.merchant_id, issued.payout) == (second, 500)
    [waits] = await db.ask(settlement.waiting, first)
    assert waits.entries == SALES
