"""Months of the books: closed by two people, opened again for a reason, and nothing booked into a closed one."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Invalid, TransitionRefused
from steelyard.money import ledger
from steelyard.money.ledger import DatedTransfer, days, service
from steelyard.money.ledger.model import (
    BOOKS_ZONE,
    AccountKind,
    NotTheLastClosed,
    Period,
    PeriodClosed,
    PeriodInUse,
    PeriodNotOver,
    PeriodState,
    SecondPerson,
    Transfer,
    month_after,
    month_of,
)

ANN, BEN = "staff:ann", "staff:ben"
BANK, PAYABLE, COMMISSION, HELD = AccountKind.BANK_CASH, AccountKind.PAYABLE, AccountKind.COMMISSION, AccountKind.HELD


def months_back(count: int) -> date:
    first = month_of(datetime.now(UTC))
    for _ in range(count):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


def moved(owner: UUID, debit: AccountKind, credit: AccountKind, amount: int, **more: str) -> Transfer:
    return Transfer(
        owner_id=owner, debit=debit, credit=credit, amount=amount, currency=more.get("currency", "CNY"),
        reason="test", document=ids.mint(),
    )  # fmt: skip


def dated(transfer: Transfer, month: date, days: int = 3) -> DatedTransfer:
    return DatedTransfer.of(transfer, Period.of(month).begins + timedelta(days=days))


async def close(db: Database, month: date) -> list[Period]:
    await db.transact(ledger.propose_closing, month, ANN)
    return await db.transact(ledger.confirm_closing, month, BEN)


async def test_a_month_is_closed_by_two_people_with_those_before_it(db: Database) -> None:
    owner = ids.mint()
    await db.transact(ledger.bulk_post, [dated(moved(owner, BANK, PAYABLE, 70), months_back(back)) for back in (4, 2)])

    proposed = await db.transact(ledger.propose_closing, months_back(2), ANN)
    with pytest.raises(SecondPerson):
        await db.transact(ledger.confirm_closing, months_back(2), ANN)
    closed = await db.transact(ledger.confirm_closing, months_back(2), BEN)

    assert [each.period for each in proposed] == [each.period for each in closed] == [months_back(b) for b in (4, 3, 2)]
    states = {each.period: each.state for each in await db.ask(ledger.periods)}
    assert states[months_back(2)] is PeriodState.CLOSED and states[months_back(1)] is PeriodState.OPEN
    assert await db.ask(ledger.closed_until) == Period.of(months_back(1)).begins
    steps = await db.ask(ledger.period_history, months_back(4))
    assert [(step.to_state, step.by) for step in steps] == [("proposed", ANN), ("closed", BEN)]


async def test_this_month_is_not_closed_and_what_is_not_proposed_is_not_confirmed(db: Database) -> None:
    await db.transact(ledger.bulk_post, [dated(moved(ids.mint(), BANK, PAYABLE, 70), months_back(1))])

    with pytest.raises(PeriodNotOver):
        await db.transact(ledger.propose_closing, months_back(0), ANN)
    with pytest.raises(TransitionRefused):
        await db.transact(ledger.confirm_closing, months_back(1), BEN)
    await db.transact(ledger.propose_closing, months_back(1), ANN)
    await db.transact(ledger.withdraw_closing, months_back(1), ANN)
    with pytest.raises(TransitionRefused):
        await db.transact(ledger.confirm_closing, months_back(1), BEN)


async def test_nothing_is_dated_into_a_closed_month_until_it_is_opened_again(db: Database) -> None:
    owner = ids.mint()
    late = dated(moved(owner, BANK, PAYABLE, 5), months_back(1))
    await db.transact(ledger.bulk_post, [dated(moved(owner, BANK, PAYABLE, 70), months_back(2))])
    await close(db, months_back(1))

    with pytest.raises(PeriodClosed):
        await db.transact(ledger.bulk_post, [late])
    with pytest.raises(Invalid):
        await db.transact(ledger.ask_to_reopen, months_back(1), " ", ANN)
    with pytest.raises(NotTheLastClosed):
        await db.transact(ledger.ask_to_reopen, months_back(2), "an invoice was missing", ANN)
    with pytest.raises(TransitionRefused):  # nobody has asked
        await db.transact(ledger.reopen, months_back(1), BEN)
    for who in (ANN, BEN):  # the first asks
        await db.transact(ledger.ask_to_reopen, months_back(1), "an invoice was missing", who)
    with pytest.raises(SecondPerson):
        await db.transact(ledger.reopen, months_back(1), ANN)
    assert await db.transact(ledger.reopen, months_back(1), BEN) == "an invoice was missing"
    with pytest.raises(TransitionRefused):
        await db.transact(ledger.leave_closed, months_back(1))
    assert await db.transact(ledger.bulk_post, [late]) == 1
    await close(db, months_back(1))

    lines = await db.ask(ledger.trial_at, Period.of(months_back(1)).ends)
    assert {line.kind: line.balance for line in lines} == {BANK: 75, PAYABLE: 75}


@pytest.mark.parametrize("guarded", [True, False])
async def test_who_began_to_post_before_a_month_ended_is_not_overtaken_by_its_closing(
    db: Database, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control takes another lock than the closing does, and books behind its back."""
    owner, month = ids.mint(), months_back(1)
    await db.transact(ledger.bulk_post, [dated(moved(owner, BANK, PAYABLE, 70), month)])
    await db.transact(ledger.propose_closing, month, ANN)
    if not guarded:
        monkeypatch.setattr("steelyard.money.ledger.bulk.MONTH_LOCKS", service.MONTH_LOCKS + 1)
    written, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(tx: Tx) -> None:
        await ledger.bulk_post(tx, [dated(moved(owner, BANK, PAYABLE, 5), month)])
        written.set()
        await go_on.wait()
        if not guarded:
            raise InterruptedError

    posting = asyncio.create_task(db.transact(slowly))
    await written.wait()
    try:
        if guarded:
            with pytest.raises(PeriodInUse):
                await db.transact(ledger.confirm_closing, month, BEN)
        else:
            await db.transact(ledger.confirm_closing, month, BEN)
    finally:
        go_on.set()
    if not guarded:
        with pytest.raises(InterruptedError):
            await posting
        return
    await posting
    await db.transact(ledger.confirm_closing, month, BEN)
    lines = await db.ask(ledger.trial_at, Period.of(month).ends)
    assert {line.kind: line.balance for line in lines} == {BANK: 75, PAYABLE: 75}


async def test_a_post_to_new_accounts_shares_the_month_and_one_of_a_closed_month_counts_in_the_next(
    db: Database,
) -> None:
    async def shared(tx: Tx) -> int:
        await ledger.post(tx, [moved(ids.mint(), BANK, PAYABLE, 1)])
        return await tx.value(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = $1::oid AND pid = pg_backend_pid()"
            " AND mode = 'ShareLock'",
            service.MONTH_LOCKS,
        )

    assert await db.transact(shared) == 1

    # A month that is closed while it lasts (by hand here: a transaction over a month's end, seen from the next month).
    now = month_of(datetime.now(UTC))
    this = Period.of(now)

    async def closed_already(tx: Tx) -> datetime:
        await tx.execute(
            "INSERT INTO ledger_periods VALUES ($1, $2, $3, 'closed', 'staff:a', 'staff:b', now())",
            this.period, this.begins, this.ends,
        )  # fmt: skip
        owner = ids.mint()
        await ledger.post(tx, [moved(owner, BANK, PAYABLE, 1)])
        at = await tx.value("SELECT at FROM ledger_transfers WHERE owner_id = $1", owner)
        await tx.execute("DELETE FROM ledger_periods")
        await tx.execute("DELETE FROM ledger_accounts WHERE false")
        return at

    assert await db.transact(closed_already) == Period.of(month_after(now)).begins


MOVES = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from([(BANK, PAYABLE), (PAYABLE, COMMISSION), (PAYABLE, BANK), (BANK, AccountKind.OWN_FUNDS)]),
        st.integers(1, 10**6),
        st.sampled_from(["CNY", "EUR", "JPY"]),
        st.integers(0, 4),
        st.integers(0, 27),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moves=MOVES, closings=st.lists(st.integers(1, 4), min_size=1, max_size=3), asked=st.integers(0, 150),
    swept=st.lists(st.integers(0, 40), min_size=3, max_size=3), closes=st.booleans(),
)  # fmt: skip
async def test_snapshots_bases_and_tail_are_the_full_sum_at_any_day(
    db: Database, moves: list[tuple[int, tuple[AccountKind, AccountKind], int, str, int, int]], closings: list[int],
    asked: int, swept: list[int], closes: bool,
) -> None:  # fmt: skip
    """`swept`: how many days ago the sweep of days thinks that it is, after each lot."""
    today = datetime.now(BOOKS_ZONE).date()
    owners = [ids.mint() for _ in range(3)]
    pending = [
        dated(moved(owners[who], *sides, amount, currency=currency), months_back(back), day)
        for who, sides, amount, currency, back, day in moves
    ]
    for closing, ago in zip(closings, swept, strict=False):
        until = await db.ask(ledger.closed_until)
        now = [each for each in pending if until is None or each.at >= until]
        await db.transact(ledger.bulk_post, now[: len(now) // 2 + 1])
        pending = now[len(now) // 2 + 1 :]
        await db.transact(days.sum_days, today - timedelta(days=ago))
        if not closes:
            continue
        known = {each.period: each.state for each in await db.ask(ledger.periods)}
        month = months_back(closing)
        if known.get(month) is PeriodState.OPEN:
            await close(db, month)
        elif known.get(month) is PeriodState.CLOSED and month_of((await _until(db)) - timedelta(days=1)) == month:
            await db.transact(ledger.ask_to_reopen, month, "again", ANN)
            await db.transact(ledger.reopen, month, BEN)

    moment = datetime.now(UTC) - timedelta(days=asked)
    lines = await db.ask(ledger.trial_at, moment)
    for currency in ("CNY", "EUR", "JPY"):
        assert sum(line.debits - line.credits for line in lines if line.currency == currency) == 0
    full = {
        (row["kind"], row["currency"]): (row["debits"], row["credits"]) for row in await db.ask(_full, moment, owners)
    }
    ours = await db.ask(_mine, moment, owners)
    assert ours == {key: value for key, value in full.items() if value != (0, 0)}
    everybody = {
        (str(line.kind), line.currency): (line.debits, line.credits) for line in lines if line.debits or line.credits
    }
    assert everybody == {
        (row["kind"], row["currency"]): (row["debits"], row["credits"]) for row in await db.ask(_full, moment, None)
    }


async def _until(db: Database) -> datetime:
    until = await db.ask(ledger.closed_until)
    assert until is not None
    return until


async def _full(read: Read, until: datetime, owners: list[UUID] | None) -> list[dict[str, object]]:
    rows = await read.fetch(
        """
        SELECT kind, currency, sum(debits)::bigint AS debits, sum(credits)::bigint AS credits FROM (
            SELECT debit AS kind, currency, amount AS debits, 0 AS credits FROM ledger_transfers
            WHERE at < $1 AND ($2::uuid[] IS NULL OR owner_id = ANY ($2))
            UNION ALL
            SELECT credit, currency, 0, amount FROM ledger_transfers
            WHERE at < $1 AND ($2::uuid[] IS NULL OR owner_id = ANY ($2))
        ) AS sides GROUP BY kind, currency
        """,
        until,
        owners,
    )
    return [dict(row) for row in rows]


async def _mine(read: Read, until: datetime, owners: list[UUID]) -> dict[tuple[str, str], tuple[int, int]]:
    """The same, account by account, as statements open."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for kind in (BANK, PAYABLE, COMMISSION, AccountKind.OWN_FUNDS):
        for currency in ("CNY", "EUR", "JPY"):
            stood = [await ledger.standing(read, kind, currency, until, owner) for owner in owners]
            sums = (sum(each.debits for each in stood), sum(each.credits for each in stood))
            if sums != (0, 0):
                found[str(kind), currency] = sums
    return found
