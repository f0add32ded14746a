"""Settlement: what was released is on one statement, T+N days later, and nothing is on two."""

import asyncio
import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest

from steelyard.kernel import events, ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import NotFound, TransitionRefused
from steelyard.money.ledger.model import AccountKind
from steelyard.trade import settlement
from steelyard.trade.aftersales import OrderRefunded
from steelyard.trade.settlement import BankAnswer, NoPayoutAccount, StatementState
from steelyard.trade.settlement.model import STATEMENT_MACHINE, due_on
from steelyard.trade.settlement.subscribers import SUBSCRIBER
from tests.money.deals import Deal, at, balance, make_due, paid, refund
from tests.trade.merchants import MONDAY, complete, day_after, open_shop, refund_after_release

TUESDAY, WEDNESDAY = day_after(1), day_after(2)
PAID, REJECTED = BankAnswer(state="paid"), BankAnswer(state="rejected", failure="account closed")


def tomorrow() -> date:
    """What is refunded now is due on a run of this day, whatever day the test runs on."""
    return settlement.settlement_day(datetime.now(UTC)) + timedelta(days=1)


async def test_a_sale_is_on_the_statement_of_the_day_after_less_its_commission(db: Database) -> None:
    deal = await paid(db, Deal(amounts=(10_000,), merchants=[await open_shop(db)]))
    await complete(db, deal, commission=1_500)

    assert await db.transact(settlement.run, MONDAY) == []
    (issued,) = await db.transact(settlement.run, TUESDAY)

    assert (issued.sales, issued.commission, issued.payout) == (10_000, 1_500, 8_500)
    assert issued.state is StatementState.ISSUED
    assert await balance(db, deal.merchants[0], AccountKind.PAYABLE) == 0
    assert await balance(db, deal.merchants[0], AccountKind.PAYOUT_IN_TRANSIT) == 8_500
    assert await db.transact(settlement.run, TUESDAY) == []
    assert await db.transact(settlement.run, WEDNESDAY) == []


async def test_the_same_news_twice_are_one_entry(db: Database) -> None:
    deal = await paid(db, Deal(amounts=(10_000,), merchants=[await open_shop(db)]))

    for _ in range(2):
        await complete(db, deal)

    assert [w.amount for w in await db.ask(settlement.waiting, deal.merchants[0])] == [10_000]


@pytest.mark.parametrize(
    ("released", "days", "due"),
    [
        pytest.param("2026-03-02T15:59:59", 1, date(2026, 3, 3), id="before midnight in the settlement zone"),
        pytest.param("2026-03-02T16:00:00", 1, date(2026, 3, 4), id="midnight there is the next day"),
        pytest.param("2026-03-02T10:00:00", 0, date(2026, 3, 2), id="T+0"),
        pytest.param("2026-02-27T10:00:00", 7, date(2026, 3, 6), id="weekends count"),
    ],
)
async def test_t_plus_n_counts_days_of_the_settlement_zone(db: Database, released: str, days: int, due: date) -> None:
    deal = await paid(db, Deal(amounts=(10_000,), merchants=[await open_shop(db, settlement_days=days)]))
    await complete(db, deal, released=at(released))

    assert due_on(at(released), days) == due
    assert [w.next_due_on for w in await db.ask(settlement.waiting, deal.merchants[0])] == [due]
    assert await db.transact(settlement.run, due - timedelta(days=1)) == []
    assert len(await db.transact(settlement.run, due)) == 1


async def test_each_currency_has_its_own_statement(db: Database) -> None:
    shop = await open_shop(db)
    for amounts, currency in (((500,), "CNY"), ((700,), "JPY")):
        await complete(db, await paid(db, Deal(amounts=amounts, currency=currency, merchants=[shop])))

    issued = await db.transact(settlement.run, TUESDAY)

    assert [(s.currency, s.payout) for s in issued] == [("CNY", 500), ("JPY", 700)]


async def test_a_refund_after_release_comes_off_the_next_statement(db: Database) -> None:
    deal = await paid(db, Deal(amounts=(10_000,), merchants=[await open_shop(db)]))
    await complete(db, deal, commission=1_000)
    await refund_after_release(db, deal, 4_000, commission=400)

    (issued,) = await db.transact(settlement.run, tomorrow())

    assert (issued.sales, issued.commission, issued.refunds, issued.commission_returned) == (10_000, 1_000, 4_000, 400)
    assert issued.payout == 5_400


async def test_refunds_beyond_sales_wait_until_sales_make_up_for_them(db: Database) -> None:
    shop = await open_shop(db)
    first = await paid(db, Deal(amounts=(10_000,), merchants=[shop]))
    await complete(db, first)
    await db.transact(settlement.run, TUESDAY)
    await refund_after_release(db, first, 10_000)

    later = tomorrow()
    assert await db.transact(settlement.run, later) == []
    await complete(db, await paid(db, Deal(amounts=(9_999,), merchants=[shop])))
    assert await db.transact(settlement.run, later) == []
    await complete(db, await paid(db, Deal(amounts=(2,), merchants=[shop])))

    (issued,) = await db.transact(settlement.run, later)
    assert (issued.sales, issued.refunds, issued.payout) == (10_001, 10_000, 1)
    assert await balance(db, shop, AccountKind.PAYABLE) == 0


async def test_what_was_refunded_before_release_is_no_matter_of_settlement(db: Database) -> None:
    deal = await paid(db, Deal(amounts=(10_000,), merchants=[await open_shop(db)]))
    made = await refund(db, deal, 4_000)

    async def tell(tx: Tx) -> None:
        await events.publish(tx, OrderRefunded(
            refund_id=made.refund_id, merchant_id=made.merchant_id, order_id=made.order_id,
            goods=4_000, freight=0, commission=0, currency="CNY", released=False,
        ))  # fmt: skip

    await db.transact(tell)
    await events.drain(db, [SUBSCRIBER])

    assert await db.ask(settlement.waiting, deal.merchants[0]) == []


async def test_runs_at_the_same_time_put_no_entry_on_two_statements(db: Database) -> None:
    shops = [await open_shop(db) for _ in range(4)]
    for shop in shops:
        await complete(db, await paid(db, Deal(amounts=(1_000,), merchants=[shop])))

    runs = await asyncio.gather(*(db.transact(settlement.run, TUESDAY) for _ in range(4)))

    assert sorted(s.merchant_id for run in runs for s in run) == sorted(shops)


async def test_a_run_takes_so_many_and_the_next_takes_the_rest(db: Database) -> None:
    for _ in range(5):
        await complete(db, await paid(db, Deal(amounts=(1_000,), merchants=[await open_shop(db)])))

    sizes = [len(await db.transact(settlement.run, TUESDAY, 3)) for _ in range(3)]

    assert sizes == [3, 2, 0]


async def test_what_becomes_due_after_the_days_statement_waits_for_tomorrow(db: Database) -> None:
    shop = await open_shop(db, settlement_days=0)
    await complete(db, await paid(db, Deal(amounts=(1_000,), merchants=[shop])))
    await db.transact(settlement.run, MONDAY)
    await complete(db, await paid(db, Deal(amounts=(2_000,), merchants=[shop])))

    assert await db.transact(settlement.run, MONDAY) == []
    assert [s.payout for s in await db.transact(settlement.run, TUESDAY)] == [2_000]


async def issued_statement(db: Database, **payout: str) -> settlement.Statement:
    deal = await paid(db, Deal(amounts=(10_000,), merchants=[await open_shop(db, **payout)]))
    await complete(db, deal)
    (issued,) = await db.transact(settlement.run, TUESDAY)
    return issued


async def test_a_paid_payout_leaves_the_books_once(db: Database) -> None:
    issued = await issued_statement(db)
    (due,) = await db.transact(settlement.to_pay, 9)
    assert (due.amount, due.reference, due.asked_before) == (10_000, str(issued.statement_id), False)

    for answer in (PAID, REJECTED, PAID):
        await db.transact(settlement.record_payout, issued.statement_id, 1, answer, "bank")

    after = await db.ask(settlement.statement, issued.merchant_id, issued.statement_id)
    assert after is not None
    assert (after.state, after.bank_reference) == (StatementState.PAID, str(issued.statement_id))
    assert await balance(db, issued.merchant_id, AccountKind.PAYOUT_IN_TRANSIT) == 0
    assert await balance(db, issued.merchant_id, AccountKind.BANK_CASH) == -10_000


async def test_a_rejected_payout_is_paid_again_under_another_reference(db: Database) -> None:
    issued = await issued_statement(db)
    await db.transact(settlement.to_pay, 9)
    await db.transact(settlement.record_payout, issued.statement_id, 1, REJECTED, "bank")
    failed = await db.ask(settlement.statement, issued.merchant_id, issued.statement_id)
    assert failed is not None
    assert (failed.state, failed.failure) == (StatementState.FAILED, "account closed")
    assert await db.transact(settlement.to_pay, 9) == []

    await db.transact(settlement.pay_again, issued.merchant_id, issued.statement_id, "staff:1")
    (due,) = await db.transact(settlement.to_pay, 9)

    assert due.reference == f"{issued.statement_id}.2"
    assert not due.asked_before
    late = await db.transact(settlement.record_payout, issued.statement_id, 1, REJECTED, "bank")
    assert late is StatementState.PAYING
    assert await db.transact(settlement.record_payout, issued.statement_id, 2, PAID, "bank") is StatementState.PAID
    steps = await db.ask(settlement.timeline, issued.merchant_id, issued.statement_id)
    assert [step.to_state for step in steps] == ["issued", "paying", "failed", "paying", "paid"]


async def test_only_a_failed_payout_is_paid_again(db: Database) -> None:
    issued = await issued_statement(db)

    with pytest.raises(TransitionRefused):
        await db.transact(settlement.pay_again, issued.merchant_id, issued.statement_id, "staff:1")
    with pytest.raises(NotFound):
        await db.transact(settlement.pay_again, issued.merchant_id, ids.mint(), "staff:1")


async def test_a_payout_without_an_account_is_not_instructed_again(db: Database) -> None:
    issued = await issued_statement(db, account="")
    await db.transact(settlement.to_pay, 9)
    await db.transact(settlement.record_payout, issued.statement_id, 1, REJECTED, "bank")

    with pytest.raises(NoPayoutAccount):
        await db.transact(settlement.pay_again, issued.merchant_id, issued.statement_id, "staff:1")


async def test_a_payout_is_taken_by_one_process_and_asked_for_when_that_dies(db: Database) -> None:
    issued = await issued_statement(db)

    taken = await asyncio.gather(*(db.transact(settlement.to_pay, 9) for _ in range(3)))
    assert sum(len(batch) for batch in taken) == 1
    await make_due(db)

    again = await db.transact(settlement.to_pay, 9)
    assert [(due.reference, due.asked_before) for due in again] == [(str(issued.statement_id), True)]


async def test_statements_and_entries_come_in_pages(db: Database) -> None:
    shop = await open_shop(db)
    for _ in range(3):
        await complete(db, await paid(db, Deal(amounts=(1_000,), merchants=[shop])), commission=10)
    (issued,) = await db.transact(settlement.run, TUESDAY)
    await complete(db, await paid(db, Deal(amounts=(50,), merchants=[shop])))
    await db.transact(settlement.run, WEDNESDAY)

    statements = await db.ask(settlement.statements_page, merchant_id=shop, limit=1)
    older = await db.ask(settlement.statements_page, merchant_id=shop, limit=1, cursor=statements.next)
    assert [s.payout for s in [*statements.items, *older.items]] == [50, 2_970]
    assert older.next is None
    assert (await db.ask(settlement.statements_page, merchant_id=ids.mint())).items == []

    first = await db.ask(settlement.entries, shop, issued.statement_id, None, 4)
    rest = await db.ask(settlement.entries, shop, issued.statement_id, first.next, 4)
    assert sorted(e.amount for e in [*first.items, *rest.items]) == [-10] * 3 + [1_000] * 3
    table = list(csv.DictReader(io.StringIO(await db.ask(settlement.statement_csv, shop, issued.statement_id))))
    assert sorted(row["amount"] for row in table) == ["-0.10"] * 3 + ["10.00"] * 3
    assert table[0]["earned_at"].endswith("+08:00")


async def test_a_merchant_reads_its_own_statements_only(db: Database) -> None:
    issued, other = await issued_statement(db), await issued_statement(db)
    merchant = db.as_merchant(issued.merchant_id)

    mine = await merchant.ask(settlement.statements_page)

    assert [s.statement_id for s in mine.items] == [issued.statement_id]
    assert await merchant.ask(settlement.statement, other.merchant_id, other.statement_id) is None


async def test_statement_states_follow_each_other_in_sql_as_in_python(db: Database) -> None:
    async def pairs(read: Read) -> set[tuple[str, str]]:
        rows = await read.fetch("SELECT from_state, to_state FROM statement_transitions")
        return {(row["from_state"], row["to_state"]) for row in rows}

    assert await db.ask(pairs) == STATEMENT_MACHINE.pairs()
