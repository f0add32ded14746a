"""A day's statement beside the books: what matches, what differs, what is booked, and who may say so."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, TransitionRefused
from steelyard.money import ledger, payments, reconciliation
from steelyard.money.ledger.model import AccountKind
from steelyard.money.reconciliation.model import (
    AnotherPerson,
    DayBooked,
    DayTaken,
    DifferenceState,
    FileKnown,
    Kind,
    NoStatement,
    NothingToBook,
)
from tests.money.deals import CAPTURED, Deal, record
from tests.money.statements import Row, Sale, listed, noon, received, reconciled, sold, written
from tests.support.database import assert_checks

DAY = date(2026, 3, 5)
NEXT = DAY + timedelta(days=1)
ADA, BEN = "staff:ada", "staff:ben"


async def balances(db: Database, name: str = "simpay") -> dict[tuple[str, str], int]:
    found = await db.ask(ledger.balances, ledger.counterparty_id(name))
    return {(each.kind, each.currency): each.balance for each in found if each.balance}


async def test_a_day_without_differences_is_closed_and_its_fees_are_a_cost(db: Database) -> None:
    rows = await sold(db, [Sale(10_000, noon(DAY)), Sale(250, noon(DAY), refund=100), Sale(700, noon(DAY), "EUR")])

    done = await reconciled(db, DAY, rows)

    assert (done.lines, done.matched, done.found, done.unfinished, done.closed) == (4, 4, {}, 0, True)
    assert await balances(db) == {
        ("channel_fees", "CNY"): 62,
        ("channel_cash", "CNY"): -62,
        ("channel_fees", "EUR"): 4,
        ("channel_cash", "EUR"): -4,
    }
    [cny, eur] = await db.ask(reconciliation.totals, "simpay", DAY)
    assert (cny.theirs, cny.ours, cny.fees) == (10_150, 10_150, 62)
    assert (eur.theirs, eur.ours, eur.fees) == (700, 700, 4)


async def test_a_day_that_is_run_again_books_nothing_again_and_lists_nothing_twice(db: Database) -> None:
    rows = await sold(db, [Sale(10_000, noon(DAY)), Sale(2_000, noon(DAY)), Sale(3_000, noon(DAY))])
    first = await reconciled(db, DAY, [rows[0].but(amount=9_999), rows[1], rows[1]])
    before = await balances(db)

    again = await reconciliation.run(db, "simpay", DAY)

    assert again.found == first.found == {"amount": 1, "duplicate": 1, "missing_there": 1}
    assert await balances(db) == before


async def test_a_channels_payout_moves_its_cash_to_the_bank_and_the_banks_statement_says_it_came(db: Database) -> None:
    rows = await sold(db, [Sale(10_000, noon(DAY))])
    payout = Row(noon(DAY), "payout", "po_1", "", "po_1", "CNY", -9_940)
    await reconciled(db, DAY, [*rows, payout])
    assert await balances(db) == {
        ("channel_fees", "CNY"): 60,
        ("channel_cash", "CNY"): -10_000,
        ("bank_cash", "CNY"): 9_940,
    }
    today = datetime.now(UTC).date()
    bank = (
        f"time,direction,id,reference,party,currency,amount\n{datetime.now(UTC).isoformat()},in,in_1,po_1,simpay,CNY,"
    )

    done = await reconciled(db, today, f"{bank}9940\n".encode(), "simbank")

    assert (done.matched, done.found, done.closed) == (1, {}, True)


async def test_what_only_one_side_knows_waits_a_day_and_then_is_open(db: Database) -> None:
    rows = await sold(db, [Sale(10_000, noon(DAY)), Sale(2_000, noon(DAY))])
    stray = Row(noon(DAY), "capture", "pay_x", "pay_x", str(ids.mint()), "CNY", 700, 4)

    first = await reconciled(db, DAY, [rows[0], stray])
    waiting = await listed(db)
    await reconciled(db, NEXT)

    assert first.unfinished == 2
    assert {(each.kind, each.state) for each in waiting} == {("missing_here", "waiting"), ("missing_there", "waiting")}
    assert {(each.kind, each.state, each.difference) for each in await listed(db)} == {
        ("missing_here", "open", 700),
        ("missing_there", "open", -2_000),
    }


async def test_what_stands_on_the_next_days_statement_closes_by_itself(db: Database) -> None:
    late, *_ = rows = await sold(db, [Sale(10_000, noon(DAY) + timedelta(hours=11)), Sale(2_000, noon(DAY))])
    await reconciled(db, DAY, rows[1:])

    done = await reconciled(db, NEXT, [late.but(at=noon(NEXT) - timedelta(hours=11))])

    assert done.closed
    found = await listed(db)
    assert sorted((each.kind, each.state, each.document) for each in found) == sorted(
        [("missing_there", "closed", late.document), ("day", "closed", late.document)]
    )
    days = await db.ask(reconciliation.days)
    assert all(day.closed_at for day in days.items)


async def test_money_that_we_write_down_late_closes_what_was_missing_here_and_reverses_what_was_booked(
    db: Database,
) -> None:
    deal = Deal((7_000,))
    await db.transact(payments.instruct, deal.instruction())
    today = datetime.now(UTC).date()
    at = datetime.now(UTC)
    line = Row(at, "capture", "pay_1", "pay_1", str(deal.payment_id), "CNY", 7_000, 42)
    await reconciled(db, today, [line])
    [item] = await listed(db)
    assert (item.kind, item.document) == (Kind.MISSING_HERE, deal.payment_id)
    await _open(db, today)
    await db.transact(reconciliation.settle, "simpay", item.item_id, AccountKind.SUSPENSE, "", ADA)

    await record(db, deal, CAPTURED)
    await reconciliation.run(db, "simpay", today)

    [item] = await listed(db)
    assert (item.state, item.booking) == (DifferenceState.CLOSED, None)
    assert ("suspense", "CNY") not in await balances(db)


async def _open(db: Database, day: date) -> None:
    """Nobody has anything for it on the day after."""
    await reconciled(db, day + timedelta(days=1))


@pytest.mark.parametrize(
    ("kind", "changes", "difference"),
    [
        ("amount", {"amount": 10_500}, 500),
        ("amount", {"amount": 9_000, "fee": 54}, -1_000),
        ("fee", {"fee": 61}, 1),
        ("currency", {"currency": "USD"}, 10_000),
        ("day", {"at": noon(DAY + timedelta(days=3))}, 0),
    ],
)
async def test_a_line_that_says_something_else_is_listed_as_that(
    db: Database, kind: str, changes: dict[str, object], difference: int
) -> None:
    [row] = await sold(db, [Sale(10_000, noon(DAY))])

    await reconciled(db, DAY, [row.but(**changes)])

    [item] = await listed(db)
    assert (item.kind, item.state, item.document, item.difference) == (kind, "open", row.document, difference)


async def test_what_two_people_decided_two_take_back(db: Database) -> None:
    [row] = await sold(db, [Sale(10_000_000, noon(DAY))])
    await reconciled(db, DAY, [row.but(amount=9_000_000)])
    [item] = await listed(db)
    await db.transact(reconciliation.settle, "simpay", item.item_id, AccountKind.SUSPENSE, "asked", ADA)
    await db.transact(reconciliation.agree, "simpay", item.item_id, BEN)
    booked = await balances(db)

    assert await db.transact(reconciliation.take_back, "simpay", item.item_id, "wrong", ADA) == "booked"
    with pytest.raises(AnotherPerson):
        await db.transact(reconciliation.take_back, "simpay", item.item_id, "wrong", ADA)
    await db.transact(reconciliation.leave_be, "simpay", item.item_id)
    assert await balances(db) == booked
    assert await db.transact(reconciliation.take_back, "simpay", item.item_id, "wrong", ADA) == "booked"
    assert await db.transact(reconciliation.take_back, "simpay", item.item_id, "", BEN) == "open"

    assert (await balances(db)).get(("suspense", "CNY"), 0) == 0
    steps = await db.ask(reconciliation.history, "simpay", item.item_id)
    assert (steps[-1].by, steps[-1].words) == (BEN, "wrong")
    again = await db.ask(reconciliation.difference, "simpay", item.item_id)
    assert again.undo_asked_by is None


async def test_a_difference_is_booked_into_suspense_and_taken_back_by_the_opposite_entry(db: Database) -> None:
    [row] = await sold(db, [Sale(10_000, noon(DAY))])
    await reconciled(db, DAY, [row.but(amount=9_500)])
    [item] = await listed(db)
    before = await balances(db)

    state = await db.transact(reconciliation.settle, "simpay", item.item_id, AccountKind.SUSPENSE, "asked", ADA)

    assert state is DifferenceState.BOOKED
    assert await balances(db) == {
        **before,
        ("channel_cash", "CNY"): before["channel_cash", "CNY"] - 500,
        ("suspense", "CNY"): 500,
    }
    [day] = (await db.ask(reconciliation.days)).items
    assert day.closed_at

    await db.transact(reconciliation.take_back, "simpay", item.item_id, "wrong account", BEN)

    assert await balances(db) == before
    [day] = (await db.ask(reconciliation.days)).items
    assert day.closed_at is None
    steps = await db.ask(reconciliation.history, "simpay", item.item_id)
    assert [step.to_state for step in steps] == ["open", "booked", "open"]


async def test_above_the_limit_another_person_must_agree(db: Database) -> None:
    [row] = await sold(db, [Sale(100_000, noon(DAY))])
    await reconciled(db, DAY, [row.but(amount=80_000)])
    [item] = await listed(db)

    state = await db.transact(reconciliation.settle, "simpay", item.item_id, AccountKind.SUSPENSE, "", ADA)

    assert state is DifferenceState.PROPOSED
    assert ("suspense", "CNY") not in await balances(db)
    with pytest.raises(AnotherPerson):
        await db.transact(reconciliation.agree, "simpay", item.item_id, ADA)
    assert await db.transact(reconciliation.agree, "simpay", item.item_id, BEN) is DifferenceState.BOOKED
    assert (await balances(db))["suspense", "CNY"] == 20_000


async def test_what_is_accepted_says_why_and_above_the_limit_needs_the_second_person_too(db: Database) -> None:
    [row] = await sold(db, [Sale(100_000, noon(DAY))])
    await reconciled(db, DAY, [row.but(amount=80_000)])
    [item] = await listed(db)

    with pytest.raises(Invalid):
        await db.transact(reconciliation.settle, "simpay", item.item_id, None, " ", ADA)
    assert (
        await db.transact(reconciliation.settle, "simpay", item.item_id, None, "known", ADA) is DifferenceState.PROPOSED
    )
    assert await db.transact(reconciliation.agree, "simpay", item.item_id, BEN) is DifferenceState.ACCEPTED
    with pytest.raises(TransitionRefused):
        await db.transact(reconciliation.settle, "simpay", item.item_id, None, "again", ADA)


async def test_two_people_who_decide_at_once_book_once(db: Database) -> None:
    [row] = await sold(db, [Sale(10_000, noon(DAY))])
    await reconciled(db, DAY, [row.but(amount=9_500)])
    [item] = await listed(db)

    answers = await asyncio.gather(
        *(
            db.transact(reconciliation.settle, "simpay", item.item_id, AccountKind.SUSPENSE, "", by)
            for by in (ADA, BEN)
        ),
        return_exceptions=True,
    )

    assert Counter(type(answer) for answer in answers) == {DifferenceState: 1, TransitionRefused: 1}
    assert (await balances(db))["suspense", "CNY"] == 500


async def test_another_day_moves_no_money(db: Database) -> None:
    [row] = await sold(db, [Sale(10_000, noon(DAY))])
    await reconciled(db, DAY, [row.but(at=noon(DAY + timedelta(days=4)))])
    [item] = await listed(db)

    with pytest.raises(NothingToBook):
        await db.transact(reconciliation.settle, "simpay", item.item_id, AccountKind.SUSPENSE, "", ADA)
    assert await db.transact(reconciliation.settle, "simpay", item.item_id, None, "their clock", ADA) == "accepted"


async def test_the_same_bytes_are_known_and_a_day_has_one_statement(db: Database) -> None:
    rows = await sold(db, [Sale(10_000, noon(DAY))])
    await received(db, "simpay", DAY, written(rows))

    with pytest.raises(FileKnown):
        await received(db, "simpay", NEXT, written(rows))
    with pytest.raises(DayTaken):
        await received(db, "simpay", DAY, written([]))
    with pytest.raises(NoStatement):
        await reconciliation.run(db, "simpay", NEXT)


async def test_a_file_with_a_bad_line_is_kept_with_what_is_wrong_and_none_of_it_counts(db: Database) -> None:
    rows = await sold(db, [Sale(10_000, noon(DAY)), Sale(2_000, noon(DAY)), Sale(3_000, noon(DAY))])
    good = written(rows).decode().splitlines()
    bad = [*good[:2], good[2].replace(",2000,", ",2o00,"), good[3].replace(",2982", ",2981"), "x"]
    content = ("\n".join(bad) + "\n").encode()

    file = await received(db, "simpay", DAY, content)

    assert (file.state, file.problems) == ("refused", 3)
    wrong = await db.ask(reconciliation.problems, "simpay", file.file_id)
    assert [(each.number, each.problem) for each in wrong] == [(3, "amount"), (4, "net"), (5, "cells")]
    assert await db.ask(reconciliation.content_of, "simpay", file.file_id) == content
    with pytest.raises(NoStatement):
        await reconciliation.run(db, "simpay", DAY)
    assert (await reconciled(db, DAY, rows)).closed


async def test_a_file_that_could_not_be_read_counts_once_it_can_be(db: Database) -> None:
    [row] = await sold(db, [Sale(10_000, noon(DAY))])
    content = written([row])
    source = await db.ask(reconciliation.source_called, "simpay")
    before = reconciliation.read_statement(source, DAY, "x.csv", content, ["EUR"])
    refused = await db.transact(reconciliation.take, before, ADA)
    assert refused.state == "refused"
    with pytest.raises(FileKnown):
        await db.transact(reconciliation.take, before, ADA)

    assert (await reconciled(db, DAY, content)).closed

    with pytest.raises(FileKnown):
        await received(db, "simpay", NEXT, content)


async def test_a_payout_that_is_named_twice_is_booked_once_and_listed(db: Database) -> None:
    payouts = [
        Row(noon(DAY), "payout", f"m_{each}", "", "po_1", "CNY", amount) for each, amount in ((1, -900), (2, -400))
    ]
    later = Row(noon(NEXT), "payout", "m_3", "", "po_1", "CNY", -300)

    first = await reconciled(db, DAY, payouts)
    second = await reconciled(db, NEXT, [later])

    assert (first.found, second.found) == ({"duplicate": 1}, {"duplicate": 1})
    assert (await balances(db))["bank_cash", "CNY"] == 900


async def test_a_statement_can_be_withdrawn_and_another_takes_its_place(db: Database) -> None:
    rows = await sold(db, [Sale(10_000, noon(DAY)), Sale(2_000, noon(DAY))])
    wrong = await reconciled(db, DAY, [rows[0].but(amount=1), rows[1]])
    assert wrong.found == {"amount": 1}

    file = await db.transact(reconciliation.withdraw, "simpay", DAY, ADA)

    assert file.state == "withdrawn"
    assert await balances(db) == {}
    right = await reconciled(db, DAY, rows[:1])
    assert (right.matched, right.unfinished) == (1, 1)
    assert {(each.kind, each.state) for each in await listed(db)} == {
        ("amount", "closed"),
        ("missing_there", "waiting"),
    }


async def test_a_statement_on_which_something_was_decided_is_not_withdrawn(db: Database) -> None:
    [row] = await sold(db, [Sale(10_000, noon(DAY))])
    await reconciled(db, DAY, [row.but(amount=9_500)])
    [item] = await listed(db)
    await db.transact(reconciliation.settle, "simpay", item.item_id, AccountKind.SUSPENSE, "", ADA)

    with pytest.raises(DayBooked):
        await db.transact(reconciliation.withdraw, "simpay", DAY, ADA)


async def test_lines_that_name_nothing_are_paired_by_amount_where_both_sides_are_as_many(db: Database) -> None:
    rows = await sold(
        db,
        [Sale(990, noon(DAY)), Sale(990, noon(DAY)), Sale(500, noon(DAY)), Sale(700, noon(DAY)), Sale(700, noon(DAY))],
    )
    nameless = [row.but(reference="") for row in rows[:4]]

    done = await reconciled(db, DAY, nameless)

    assert done.matched == 3
    assert done.found == {"missing_here": 1, "missing_there": 2}


async def test_another_channels_payments_are_not_missing(db: Database) -> None:
    await sold(db, [Sale(990, noon(DAY))], channel="stripe")

    assert (await reconciled(db, DAY, [])).closed


async def test_what_is_not_explained_is_shown_day_by_day(db: Database) -> None:
    rows = await sold(db, [Sale(10_000, noon(DAY)), Sale(2_000, noon(DAY))])
    late = await sold(db, [Sale(3_000, noon(NEXT))])
    await reconciled(db, DAY, [rows[0].but(amount=10_300)])
    await reconciled(db, NEXT, [*late, rows[1].but(at=noon(NEXT))])

    found = await db.ask(reconciliation.unexplained, "CNY", DAY - timedelta(days=1), NEXT)

    assert [(each.amount, each.count) for each in found] == [(0, 0), (2_300, 2), (300, 1)]


SPOILT = ("right", "drop", "double", "amount", "amount and fee", "fee", "currency", "day", "next day")


def spoil(row: Row, how: str) -> tuple[list[Row], list[tuple[str, UUID]]]:
    """The lines that come instead of a row, and how it must be listed."""
    said = [(how, row.document)]
    match how:
        case "drop":
            return [], [("missing_there", row.document)]
        case "double":
            return [row, row], [("duplicate", row.document)]
        case "amount":
            return [row.but(amount=row.amount * 2)], said
        case "amount and fee":
            return [row.but(amount=row.amount * 2, fee=row.fee + 1)], [("amount", row.document)]
        case "fee":
            return [row.but(fee=row.fee + 1)], said
        case "currency":
            return [row.but(currency="EUR" if row.currency == "CNY" else "CNY")], said
        case "day":
            return [row.but(at=row.at + timedelta(days=3))], said
        case "next day":
            return [row.but(at=row.at + timedelta(days=1))], [("day", row.document)]
        case _:
            return [row], []


sales = st.lists(
    st.tuples(
        st.integers(100, 10**7),
        st.sampled_from(["CNY", "USD", "JPY"]),
        st.booleans(),
        st.sampled_from(SPOILT),
        st.sampled_from(SPOILT),
    ),
    max_size=12,
)


async def test_whatever_is_spoilt_is_listed_once_as_what_it_is_and_nothing_else_is(
    db: Database, database_url: str
) -> None:
    loop = asyncio.get_running_loop()
    days = iter(range(10, 10_000, 10))
    seen: Counter[str] = Counter()

    async def live(given_sales: list[tuple[int, str, bool, str, str]], stray: int) -> None:
        day = DAY + timedelta(days=next(days))
        rows: list[Row] = []
        expected: list[tuple[str, UUID]] = []
        for amount, currency, refunded, how, how_back in given_sales:
            own = await sold(db, [Sale(amount, noon(day), currency, amount - 1 if refunded else 0)])
            for row, way in zip(own, (how, how_back), strict=False):
                lines, listed_as = spoil(row, way)
                rows += lines
                expected += listed_as
        for _ in range(stray):
            rows.append(Row(noon(day), "capture", f"pay_{ids.mint().hex}", "", str(ids.mint()), "CNY", 100, 1))
            expected.append(("missing_here", rows[-1].document))
        await reconciled(db, day, rows)
        await reconciled(db, day + timedelta(days=1))

        found = await listed(db, day=day)
        assert Counter((each.kind, each.document) for each in found) == Counter(expected)
        assert not await listed(db, day=day + timedelta(days=1))
        assert all(each.state in ("open", "closed") for each in found)
        seen.update(each.kind for each in found)
        await assert_checks(database_url)

    @settings(
        max_examples=20,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(sales, st.integers(0, 2))
    def run(given_sales: list[tuple[int, str, bool, str, str]], stray: int) -> None:
        asyncio.run_coroutine_threadsafe(live(given_sales, stray), loop).result()

    await asyncio.to_thread(run)
    assert set(seen) == set(Kind)


async def test_each_of_two_currencies_has_its_own_limit(db: Database) -> None:
    [row] = await sold(db, [Sale(9_000, noon(DAY), "JPY")])
    await reconciled(db, DAY, [row.but(currency="CNY")])
    [item] = await listed(db)

    state = await db.transact(reconciliation.settle, "simpay", item.item_id, AccountKind.SUSPENSE, "", ADA)

    assert state is DifferenceState.PROPOSED, "90.00 yuan one person may explain; 9,000 yen they may not"


async def test_a_channel_that_names_another_channels_payment_has_captured_nothing_of_ours(db: Database) -> None:
    paid = await sold(db, [Sale(990, noon(DAY), refund=100)], channel="stripe")

    done = await reconciled(db, DAY, paid)

    assert (done.matched, done.found) == (0, {"missing_here": 2})
