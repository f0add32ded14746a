"""Stripe's statement beside the books: what it has sent on to shops, and taken back."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from steelyard.kernel.db import Database
from steelyard.money import ledger, reconciliation
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments.bill_model import Bills
from steelyard.money.payments.gateways.stripe import Stripe
from steelyard.money.reconciliation.model import DayRun, Difference
from steelyard.money.reconciliation.taking import read_statement, traded
from steelyard.simulators.settings import Settings as SimulatorSettings
from steelyard.trade import settlement
from tests.money.test_channel_contract import HOST
from tests.trade.connecting import Played, issued, played, stripe_shop, sweep
from tests.trade.merchants import refund_after_release

SECONDS_A_DAY = 86_400


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Played]:
    async with played(tmp_path) as world:
        yield world


async def a_day(db: Database, play: Played) -> tuple[date, bytes]:
    """A payout through Stripe, of which something is taken back, and what Stripe's list says of the day."""
    shop, _ = await stripe_shop(db, play)
    play.clock.at -= SECONDS_A_DAY
    await play.top_up(50_000)
    play.clock.at += SECONDS_A_DAY
    day = datetime.fromtimestamp(play.clock.at, UTC).date()
    deal, statement = await issued(db, shop, 10_000)
    await sweep(db, play, statement)
    await refund_after_release(db, deal, 4_000)
    await db.transact(settlement.take_back_owed, shop, "CNY", "staff:1")
    await sweep(db, play, statement)
    gateway = Stripe(HOST, SimulatorSettings(home=Path()).api_key, "", client=play.stripe._http)
    told = await gateway.bills(day)
    assert isinstance(told, Bills)
    return day, told.parts[0]


async def run(db: Database, day: date, content: bytes) -> tuple[DayRun, list[Difference]]:
    source = next(each for each in await db.ask(reconciliation.sources) if each.source == "stripe")
    statement = read_statement(source, day, "stripe.csv", content, await db.ask(traded))
    assert not statement.problems, statement.problems
    await db.transact(reconciliation.take, statement, "staff:1")
    done = await reconciliation.run(db, "stripe", day)
    return done, (await db.ask(reconciliation.differences)).items


async def test_transfers_and_reversals_are_matched_with_what_was_paid(db: Database, play: Played) -> None:
    day, content = await a_day(db, play)

    done, differences = await run(db, day, content)

    assert (done.lines, done.matched, done.unfinished, differences) == (2, 2, 0, [])
    (total,) = await db.ask(reconciliation.totals, "stripe", day)
    assert (total.theirs, total.ours, total.fees) == (-6_000, -6_000, 0)


async def test_another_amount_and_a_transfer_of_nobodys_are_listed(db: Database, play: Played) -> None:
    day, content = await a_day(db, play)
    header, *rows = content.decode().splitlines()
    sent = next(row for row in rows if ",transfer," in row)
    more = sent.replace("-100.00", "-100.01")
    strange = re.sub(r"tr_\w+", "tr_strange", sent.replace("txn_", "txn_x"))
    others = [row for row in rows if row != sent]

    _, differences = await run(db, day, "\n".join([header, more, strange, *others, ""]).encode())

    found = sorted((each.kind, each.state, each.theirs, each.ours) for each in differences)
    assert found == [("amount", "open", -10_001, -10_000), ("missing_here", "waiting", -10_000, 0)]


async def test_what_stripe_does_not_tell_of_is_missing_there(db: Database, play: Played) -> None:
    day, content = await a_day(db, play)
    header, *rows = content.decode().splitlines()
    kept = [row for row in rows if ",transfer_reversal," in row]

    _, (missing,) = await run(db, day, "\n".join([header, *kept, ""]).encode())

    assert (missing.kind, missing.state, missing.ours) == ("missing_there", "waiting", -10_000)


async def test_what_the_platform_pays_into_its_balance_leaves_the_bank_and_is_no_difference(
    db: Database, play: Played
) -> None:
    await play.top_up(50_000)
    day = datetime.fromtimestamp(play.clock.at, UTC).date()
    gateway = Stripe(HOST, SimulatorSettings(home=Path()).api_key, "", client=play.stripe._http)
    told = await gateway.bills(day)
    assert isinstance(told, Bills)

    done, differences = await run(db, day, told.parts[0])

    assert (done.unfinished, differences) == (0, [])
    (total,) = await db.ask(reconciliation.totals, "stripe", day)
    assert (total.theirs, total.paid_on) == (0, -50_000)
    owner = await db.transact(ledger.counterparty, "stripe")
    accounts = {each.kind: each.balance for each in await db.ask(ledger.balances, owner)}
    assert (accounts[AccountKind.CHANNEL_CASH], accounts[AccountKind.BANK_CASH]) == (50_000, -50_000)
