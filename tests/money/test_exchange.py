"""Exchanges: four eyes, rates as dated data, and gains that add up whatever order positions are opened and closed in."""

import asyncio
import gzip
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, TransitionRefused
from steelyard.money import exchange, ledger
from steelyard.money.exchange import ExchangeId, ExchangeState, Leg, NoRate, Position, moved
from steelyard.money.exchange.model import AnotherMustAgree, NotAtTheRate, RateDiffers, RatesUnreadable
from steelyard.money.ledger.model import AccountKind

ANN, BEN = "staff:ann", "staff:ben"
DAY = date(2026, 3, 2)
RATES = b"Date,USD,JPY,CNY,XXX,\n2026-03-02,1.1000,160.00,7.9000,N/A,\n2026-02-27,1.0900,159.50,7.8800,1,\n"
BANK, OWN = AccountKind.BANK_CASH, AccountKind.OWN_FUNDS


async def bank(db: Database) -> UUID:
    await db.transact(exchange.take_rates, RATES)
    return await db.transact(ledger.counterparty, "bank")


def leg(owner: UUID, amount: int, currency: str, kind: AccountKind = BANK) -> Leg:
    return Leg(owner_id=owner, kind=kind, currency=currency, amount=amount)


async def proposed(db: Database, gone: Leg, come: Leg, day: date = DAY) -> ExchangeId:
    exchange_id = ExchangeId(ids.mint())
    await db.transact(exchange.propose, exchange_id, day, gone, come, "", ANN)
    return exchange_id


async def test_an_exchange_needs_another_person_and_is_posted_once(db: Database) -> None:
    owner = await bank(db)
    exchange_id = await proposed(db, leg(owner, 1_000, "EUR"), leg(owner, 7_880, "CNY"))
    assert await db.ask(ledger.trial_balance) == []

    with pytest.raises(AnotherMustAgree):
        await db.transact(exchange.agree, exchange_id, ANN)
    done = await asyncio.gather(
        *(db.transact(exchange.agree, exchange_id, who) for who in (BEN, "staff:cy")), return_exceptions=True
    )

    assert sorted(type(each).__name__ for each in done) == ["Exchange", "TransitionRefused"]
    with pytest.raises(TransitionRefused):
        await db.transact(exchange.decline, exchange_id, BEN)
    [position] = await db.ask(exchange.positions, DAY)
    assert (position.quantity, position.cost, position.unrealised) == (-1_000, -7_880, -20)


async def test_two_exchanges_of_one_currency_at_once_both_count(db: Database) -> None:
    owner = await bank(db)
    both = [await proposed(db, leg(owner, 1_000, "EUR"), leg(owner, 7_900, "CNY")) for _ in range(2)]

    await asyncio.gather(*(db.transact(exchange.agree, each, BEN) for each in both))

    [position] = await db.ask(exchange.positions, DAY)
    assert (position.quantity, position.cost) == (-2_000, -15_800)


async def test_between_two_foreign_currencies_the_reference_rate_says_the_value(db: Database) -> None:
    owner = await bank(db)
    exchange_id = await proposed(db, leg(owner, 11_000, "USD"), leg(owner, 16_000, "JPY"))

    done = await db.transact(exchange.agree, exchange_id, BEN)

    assert (done.value, done.realised) == (79_000, 0), "110 dollars are 100 euros are 790 yuan"
    found = {each.currency: (each.quantity, each.cost) for each in await db.ask(exchange.positions, DAY)}
    assert found == {"USD": (-11_000, -79_000), "JPY": (16_000, 79_000)}


async def test_what_makes_no_sense_is_refused_beside_its_field(db: Database) -> None:
    owner = await bank(db)
    for gone, come, field in [
        (leg(owner, 5, "EUR"), leg(owner, 5, "EUR"), "to_currency"),
        (leg(owner, 0, "EUR"), leg(owner, 5, "CNY"), "from_amount"),
        (leg(owner, 5, "EUR", AccountKind.HELD), leg(owner, 5, "CNY"), "from_kind"),
        (leg(owner, 5, "EUR", OWN), leg(owner, 5, "CNY"), "to_kind"),
        (leg(ids.mint(), 5, "EUR"), leg(owner, 5, "CNY"), "from_owner"),
        (leg(owner, 5, "XXX"), leg(owner, 5, "CNY"), "from_currency"),
    ]:
        with pytest.raises(Invalid) as refused:
            await proposed(db, gone, come)
        assert field in refused.value.fields
    with pytest.raises(Invalid):
        await proposed(db, leg(owner, 5, "EUR"), leg(owner, 5, "CNY"), datetime.now(UTC).date() + timedelta(days=2))
    with pytest.raises(NoRate):
        await proposed(db, leg(owner, 5, "USD"), leg(owner, 5, "JPY"), date(2020, 1, 1))
    with pytest.raises(NotAtTheRate) as rate:
        await proposed(db, leg(owner, 780, "CNY", OWN), leg(owner, 100, "EUR", OWN))
    assert rate.value.amount == "7.90 CNY"


async def test_one_that_is_declined_leaves_nothing(db: Database) -> None:
    owner = await bank(db)
    exchange_id = await proposed(db, leg(owner, 1_000, "EUR"), leg(owner, 7_880, "CNY"))

    await db.transact(exchange.decline, exchange_id, ANN)

    assert (await db.ask(exchange.exchange, exchange_id)).state is ExchangeState.DECLINED
    assert await db.ask(exchange.positions, DAY) == [] and await db.ask(ledger.trial_balance) == []


async def test_rates_are_read_whole_or_not_at_all_and_never_change(db: Database) -> None:
    assert await db.transact(exchange.take_rates, RATES) == 6
    assert await db.transact(exchange.take_rates, RATES) == 0
    for wrong in (
        b"",
        b"Day,CNY\n2026-03-02,7",
        b"Date,CNY\n2026-13-02,7",
        b"Date,CNY\n2026-03-03,0",
        b"Date,CNY\n2026-03-03,x",
    ):
        with pytest.raises(RatesUnreadable):
            await db.transact(exchange.take_rates, wrong)
    with pytest.raises(RateDiffers):
        await db.transact(exchange.take_rates, b"Date,CNY\n2026-03-03,7.91\n2026-03-02,7.91\n")

    assert (await db.ask(exchange.rates_of, date(2026, 3, 1)))["CNY"] == 7_880_000, "a Sunday has Friday's"
    assert (await db.ask(exchange.rates_of, date(2026, 3, 3)))["CNY"] == 7_900_000, "nothing of the refused file"
    assert await db.ask(exchange.rates_of, date(2026, 3, 20)) == {}


async def test_the_real_rates_of_a_quarter_of_a_century_can_be_read(db: Database) -> None:
    data = Path(os.environ.get("STEELYARD_DATA", Path(__file__).parents[3] / "shared" / "data"))
    file = data / "fx" / "eurofxref-hist.csv.gz"
    if not file.exists():
        pytest.skip(f"{file} is not there; set STEELYARD_DATA to where the data are")

    fresh = await db.transact(exchange.take_rates, gzip.decompress(file.read_bytes()))

    assert fresh > 30_000
    newest = {rate.currency: rate for rate in await db.ask(exchange.last_rates)}
    assert set(newest) == {"CNY", "USD", "GBP", "JPY", "HKD"}
    assert exchange.converted(100_00, "EUR", "CNY", {"CNY": newest["CNY"].micros}) == newest["CNY"].micros // 100


MOVES = st.lists(st.tuples(st.integers(-500, 500).filter(bool), st.integers(0, 10_000)), min_size=1, max_size=30)


@given(moves=MOVES)
def test_a_position_gives_back_all_that_it_has_cost(moves: list[tuple[int, int]]) -> None:
    """What was paid less what came back is what is still open and what was lost, to the last cent, in whatever order."""
    position, gained, paid = Position(currency="EUR"), 0, 0
    for quantity, value in moves:
        position, more = moved(position, quantity, value)
        gained += more
        paid += value if quantity > 0 else -value
        assert paid == position.cost - gained
        assert position.quantity != 0 or position.cost == 0
        assert position.quantity * position.cost >= 0
    assert position.quantity == sum(quantity for quantity, _ in moves)


@given(amount=st.integers(-(10**12), 10**12), one=st.integers(1, 10**9), other=st.integers(1, 10**9))
def test_a_conversion_is_rounded_once_and_half_away_from_zero(amount: int, one: int, other: int) -> None:
    got = exchange.converted(amount, "USD", "GBP", {"USD": one, "GBP": other})
    assert abs(2 * (got * one - amount * other)) <= one
    assert got == -exchange.converted(-amount, "USD", "GBP", {"USD": one, "GBP": other})
    assert exchange.converted(100, "EUR", "JPY", {"JPY": 160_000_000}) == 160
