"""What is agreed with each shop: its cycle, what it is paid at least, what is kept back, and from when on."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.money.ledger.model import AccountKind
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantState
from steelyard.trade import settlement
from steelyard.trade.settlement import Cycle, StatementState, Terms, Way
from tests.money.deals import at, balance
from tests.trade.merchants import MONDAY, day_after, open_shop, refund_after_release
from tests.trade.settling import MAKER, agree, agreed_shop, payable, sold, state_of, today

WEEKLY = Terms(cycle=Cycle.WEEKLY, weekday=5)  # Friday
MONTHLY = Terms(cycle=Cycle.MONTHLY, month_day=31)


@pytest.mark.parametrize(
    ("terms", "released", "due"),
    [
        pytest.param(WEEKLY, "2026-03-02T04:00", date(2026, 3, 6), id="the Friday after"),
        pytest.param(WEEKLY, "2026-03-05T04:00", date(2026, 3, 6), id="Thursday's sale is due the day after"),
        pytest.param(
            WEEKLY, "2026-03-06T04:00", date(2026, 3, 13), id="Friday's own sale waits a day, and then a week"
        ),
        pytest.param(MONTHLY, "2026-02-03T04:00", date(2026, 2, 28), id="a short month ends on its last day"),
        pytest.param(MONTHLY, "2026-02-28T04:00", date(2026, 3, 31), id="the last day's sale waits a month"),
        pytest.param(Terms(cycle=Cycle.MONTHLY, month_day=1), "2026-12-15T04:00", date(2027, 1, 1), id="across a year"),
        pytest.param(Terms(days=0), "2026-03-02T04:00", MONDAY, id="T+0 every day"),
    ],
)
async def test_a_sale_is_due_on_a_day_of_its_shops_cycle(db: Database, terms: Terms, released: str, due: date) -> None:
    shop = await agreed_shop(db, terms, from_day=date(2026, 2, 1))
    await sold(db, shop, 1_000, released=at(released))

    assert [w.next_due_on for w in await db.ask(settlement.waiting, shop)] == [due]
    assert await db.transact(settlement.run, due - timedelta(days=1)) == []
    assert [s.payout for s in await db.transact(settlement.run, due)] == [1_000]


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 7), st.integers(1, 31))
def test_the_first_day_of_a_cycle_is_never_before_and_never_far(day: date, weekday: int, month_day: int) -> None:
    weekly = Terms(cycle=Cycle.WEEKLY, weekday=weekday).first_day(day)
    monthly = Terms(cycle=Cycle.MONTHLY, month_day=month_day).first_day(day)

    assert weekly.isoweekday() == weekday
    assert day <= weekly < day + timedelta(days=7)
    assert day <= monthly < day + timedelta(days=32)
    assert monthly.day == month_day or (monthly + timedelta(days=1)).day == 1


async def test_what_is_due_already_keeps_its_day_when_terms_change(db: Database) -> None:
    shop = await open_shop(db)
    await sold(db, shop, 1_000)
    await agree(db, shop, MONTHLY, day_after(1))
    await sold(db, shop, 500, released=at("2026-03-03T04:00"))

    assert [s.payout for s in await db.transact(settlement.run, day_after(1))] == [1_000]
    assert await db.transact(settlement.run, date(2026, 3, 30)) == []
    assert [s.payout for s in await db.transact(settlement.run, date(2026, 3, 31))] == [500]


async def test_a_refund_is_not_put_off_to_the_next_cycle(db: Database) -> None:
    shop = await open_shop(db)
    first = await sold(db, shop, 1_000)
    await db.transact(settlement.run, day_after(1))
    await agree(db, shop, MONTHLY, today())
    await refund_after_release(db, first, 400)
    (waits,) = await db.ask(settlement.waiting, shop)

    assert (waits.amount, waits.next_due_on) == (-400, today())


async def test_less_than_the_minimum_waits_for_more(db: Database) -> None:
    shop = await agreed_shop(db, Terms(minimum=1_000))
    await sold(db, shop, 999)
    assert await db.transact(settlement.run, day_after(1)) == []

    await sold(db, shop, 1)

    assert [s.payout for s in await db.transact(settlement.run, day_after(2))] == [1_000]


async def test_what_a_shop_that_is_not_open_any_more_has_left_is_paid_whatever_was_agreed(db: Database) -> None:
    shop = await agreed_shop(db, Terms(minimum=1_000, cycle=Cycle.ON_REQUEST))
    await sold(db, shop, 10)
    assert await db.transact(settlement.run, day_after(1)) == []

    await db.transact(merchants.set_state, shop, MerchantState.SUSPENDED)

    assert [s.payout for s in await db.transact(settlement.run, day_after(1))] == [10]


async def test_a_part_is_kept_in_reserve_and_comes_back_by_itself_once(db: Database) -> None:
    shop = await agreed_shop(db, Terms(reserve_rate=100_000, reserve_days=7))
    await sold(db, shop, 9_999, commission=500)

    (issued,) = await db.transact(settlement.run, day_after(1))

    # 10 % of 94.99, rounded down: 9.49 stay, 85.50 go
    assert (issued.sales, issued.commission, issued.adjustments, issued.payout) == (9_999, 500, -949, 8_550)
    assert await balance(db, shop, AccountKind.RESERVE) == 949
    assert [(r.amount, r.release_on) for r in await db.ask(settlement.reserves_of, shop)] == [(949, day_after(8))]
    assert await db.transact(settlement.release_reserves, day_after(7)) == 0
    assert await db.transact(settlement.release_reserves, day_after(8)) == 1
    assert await db.transact(settlement.release_reserves, day_after(8)) == 0
    assert (await balance(db, shop, AccountKind.RESERVE), await payable(db, shop)) == (0, 949)
    # nothing is kept back of what was kept back before
    assert [s.payout for s in await db.transact(settlement.run, today())] == [949]
    assert await balance(db, shop, AccountKind.RESERVE) == 0


async def test_staff_release_a_reserve_before_its_time_once(db: Database) -> None:
    shop = await agreed_shop(db, Terms(reserve_rate=500_000, reserve_days=90))
    await sold(db, shop, 1)
    await sold(db, shop, 1_000)
    (issued,) = await db.transact(settlement.run, day_after(1))
    assert issued.payout == 501

    await db.transact(settlement.release_reserve, shop, issued.statement_id, MAKER)

    assert await payable(db, shop) == 500
    with pytest.raises(NotFound):
        await db.transact(settlement.release_reserve, shop, issued.statement_id, MAKER)


async def test_a_shop_that_is_paid_on_request_is_paid_when_it_asks_once_a_day(db: Database) -> None:
    shop = await agreed_shop(db, Terms(cycle=Cycle.ON_REQUEST, minimum=500))
    await sold(db, shop, 400)
    day = day_after(1)
    assert await db.transact(settlement.run, day) == []
    with pytest.raises(Invalid):
        await db.transact(settlement.withdraw, shop, "CNY", day)
    await sold(db, shop, 100)

    assert (await db.as_merchant(shop).transact(settlement.withdraw, shop, "CNY", day)).payout == 500

    with pytest.raises(Invalid):
        await db.transact(settlement.withdraw, shop, "CNY", day)
    other = await open_shop(db)
    with pytest.raises(Invalid):
        await db.transact(settlement.withdraw, other, "CNY", day)


async def test_the_payout_waits_for_the_merchants_word_and_no_longer_than_agreed(db: Database) -> None:
    shop = await agreed_shop(db, Terms(check_days=3))
    silent = await agreed_shop(db, Terms(check_days=3, way=Way.FILE))
    for each in (shop, silent):
        await sold(db, each, 1_000)
    issued = {s.merchant_id: s for s in await db.transact(settlement.run, day_after(1))}
    assert await db.transact(settlement.to_pay, 9) == []
    by = issued[shop].check_by
    assert by is not None

    await db.transact(
        settlement.check_statement, shop, issued[shop].statement_id, agreed=False, words="One is missing", by=MAKER
    )
    assert (await state_of(db, issued[shop])).state is StatementState.ISSUED
    await db.transact(settlement.check_statement, shop, issued[shop].statement_id, agreed=True, words="", by=MAKER)
    assert await db.transact(settlement.silently_checked, by - timedelta(seconds=1)) == 0
    assert await db.transact(settlement.silently_checked, by + timedelta(seconds=1)) == 1

    assert {(await state_of(db, s)).state for s in issued.values()} == {StatementState.CHECKED}
    # what goes in a file is not given to the connected bank
    assert [due.merchant_id for due in await db.transact(settlement.to_pay, 9)] == [shop]


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (Terms(days=91), "days"),
        (Terms(cycle=Cycle.WEEKLY), "weekday"),
        (Terms(cycle=Cycle.MONTHLY, month_day=32), "month_day"),
        (Terms(minimum=-1), "minimum"),
        (Terms(reserve_rate=500_001, reserve_days=1), "reserve_rate"),
        (Terms(reserve_rate=1), "reserve_days"),
        (Terms(check_days=31), "check_days"),
    ],
)
async def test_terms_that_cannot_be_kept_are_refused(db: Database, terms: Terms, field: str) -> None:
    shop = await open_shop(db)

    with pytest.raises(Invalid) as refused:
        await agree(db, shop, terms)

    assert set(refused.value.fields) == {field}


async def test_terms_of_the_past_cannot_be_agreed_nor_called_off_once_begun(db: Database) -> None:
    shop = await open_shop(db)
    with pytest.raises(Invalid):
        await db.transact(settlement.agree, shop, Terms(from_day=day_after(-1)), MAKER, MONDAY)
    with pytest.raises(NotFound):
        await db.transact(settlement.agree, ids.mint(), Terms(from_day=MONDAY), MAKER, MONDAY)
    for days in (0, 1):
        await agree(db, shop, Terms(days=9, from_day=None), day_after(days))

    await db.transact(settlement.call_off, shop, day_after(1), MONDAY)
    with pytest.raises(NotFound):
        await db.transact(settlement.call_off, shop, MONDAY, MONDAY)

    known = (await db.ask(settlement.agreed, [shop])).of[shop]
    assert [terms.from_day for terms in known] == [MONDAY, None]
