"""The numbers of docs/algorithms/settlement.md about cycles, reserves, corrections and claw-backs, run."""

import re
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import yaml

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.money.ledger.model import AccountKind
from steelyard.trade import settlement
from steelyard.trade.settlement import BankAnswer, Cycle, EntryKind, Terms
from tests.money.deals import balance
from tests.trade.merchants import MONDAY, day_after, open_shop, refund_after_release
from tests.trade.settling import MAKER, agreed_shop, payable, sold, today

PAGE = Path(__file__).parents[2] / "docs" / "algorithms" / "settlement.md"
NUMBERS: dict[str, Any] = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[-1])


@pytest.mark.parametrize("told", NUMBERS["cycles"], ids=lambda told: f"{told['cycle']} {told['released']}")
def test_when_money_is_paid_that_is_released_on_a_day(told: dict[str, Any]) -> None:
    terms = Terms(
        cycle=Cycle(told["cycle"]), days=told["days"], weekday=told.get("weekday"), month_day=told.get("month_day")
    )
    released: date = told["released"]

    assert terms.due_on(datetime.combine(released, time(4), UTC)) == told["due"]


async def test_less_than_the_minimum_waits(db: Database) -> None:
    told = NUMBERS["minimum"]
    shop = await agreed_shop(db, Terms(minimum=told["least"]))
    paid: list[int] = []
    for number, amount in enumerate(told["sales"]):
        await sold(db, shop, amount)
        paid.append(sum(s.payout for s in await db.transact(settlement.run, day_after(number + 1))))

    assert paid == told["paid"]


async def test_a_share_is_kept_for_a_time(db: Database) -> None:
    told = NUMBERS["reserve"]
    shop = await agreed_shop(db, Terms(reserve_rate=told["rate"], reserve_days=told["days"]))
    await sold(db, shop, told["sales"], commission=told["commission"])

    (issued,) = await db.transact(settlement.run, day_after(1))
    assert (issued.payout, await balance(db, shop, AccountKind.RESERVE)) == (told["payout"], told["kept"])
    assert await db.transact(settlement.release_reserves, day_after(told["days"])) == 0
    await db.transact(settlement.release_reserves, day_after(told["days"] + 1))
    assert [s.payout for s in await db.transact(settlement.run, today())] == [told["next_payout"]]


async def test_a_correction_is_on_the_next_statement(db: Database) -> None:
    told = NUMBERS["correction"]
    shop = await open_shop(db)
    await sold(db, shop, told["sales"], commission=told["commission"])
    (issued,) = await db.transact(settlement.run, day_after(1))
    lines = (await db.ask(settlement.entries, shop, issued.statement_id)).items
    line = next(line for line in lines if line.kind == EntryKind.COMMISSION)
    dispute_id = ids.mint()

    await db.transact(settlement.dispute, shop, dispute_id, line.entry_id, "Too much", MAKER)
    await db.transact(settlement.answer_dispute, shop, dispute_id, told["correction"], "Yes", MAKER)

    assert issued.payout == told["payout"]
    assert await balance(db, shop, AccountKind.COMMISSION) == told["commission_left"]
    assert [s.payout for s in await db.transact(settlement.run, today())] == [told["next_payout"]]


async def test_a_refund_after_the_payout_is_clawed_back(db: Database) -> None:
    told = NUMBERS["clawed_back"]
    shop = await open_shop(db, settlement_days=0)
    deal = await sold(db, shop, told["sale"])
    (first,) = await db.transact(settlement.run, MONDAY)
    await refund_after_release(db, deal, told["refund"])
    paid: list[int] = []
    for amount in told["next_sales"]:
        await sold(db, shop, amount)
        paid.append(sum(s.payout for s in await db.transact(settlement.run, today())))

    assert (first.payout, paid) == (told["payout"], told["next_payouts"])
    assert await payable(db, shop) == 0


async def test_what_the_bank_sends_back_is_paid_once_more(db: Database) -> None:
    told = NUMBERS["sent_back"]
    shop = await open_shop(db)
    await sold(db, shop, told["payout"])
    (issued,) = await db.transact(settlement.run, day_after(1))

    async def pay() -> None:
        (due,) = await db.transact(settlement.to_pay, 9)
        said = BankAnswer(state="paid")
        await db.transact(settlement.record_payout, due.statement_id, due.attempt, said, "bank")

    async def send_back() -> None:
        await db.transact(settlement.take_back, shop, issued.statement_id, ids.mint(), "closed", MAKER)

    async def pay_once_more() -> None:
        await db.transact(settlement.pay_again, shop, issued.statement_id, MAKER)
        await pay()

    steps = {"paid": pay, "sent back": send_back, "paid once more": pay_once_more}
    for each in told["steps"]:
        if each["step"] in steps:
            await steps[each["step"]]()
        assert await balance(db, shop, AccountKind.PAYOUT_IN_TRANSIT) == each["in_transit"], each
        assert await balance(db, shop, AccountKind.BANK_CASH) == each["bank"], each
