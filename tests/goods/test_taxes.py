"""Tax: dated rates of a place, in the price or on top of it, to the last cent."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.goods import taxes
from steelyard.goods.taxes.model import UNTAXED, DatedRate, Rate
from steelyard.kernel.db import Database
from steelyard.kernel.text import text

AMOUNTS = st.integers(-(10**12), 10**12)
RATES = st.builds(Rate, millionths=st.integers(0, 1_000_000), inclusive=st.booleans())


@pytest.mark.parametrize(
    ("amount", "millionths", "inclusive", "tax"),
    [
        (11_300, 130_000, True, 1_300),
        (10_000, 72_500, False, 725),
        (599, 150_000, False, 90),
        (1, 1_000_000, True, 1),
        (0, 200_000, True, 0),
        (-11_300, 130_000, True, -1_300),
    ],
)
def test_a_line_bears_what_its_rate_says(amount: int, millionths: int, inclusive: bool, tax: int) -> None:
    assert taxes.tax_of(amount, Rate(millionths=millionths, inclusive=inclusive)) == tax


@given(AMOUNTS, RATES)
def test_tax_is_at_most_half_a_cent_from_its_exact_value(amount: int, rate: Rate) -> None:
    part = Fraction(rate.millionths, 1_000_000)
    exact = amount * part / (1 + part) if rate.inclusive else amount * part

    assert abs(taxes.tax_of(amount, rate) - exact) <= Fraction(1, 2)
    assert taxes.tax_of(-amount, rate) == -taxes.tax_of(amount, rate)
    assert taxes.tax_added(amount, rate) == (0 if rate.inclusive else taxes.tax_of(amount, rate))


@given(st.integers(0, 10**12), st.integers(0, 1_000_000))
def test_the_tax_in_a_price_is_the_tax_on_what_is_left(amount: int, millionths: int) -> None:
    inside = taxes.tax_of(amount, Rate(millionths=millionths, inclusive=True))
    on_top = taxes.tax_of(amount - inside, Rate(millionths=millionths, inclusive=False))

    assert 0 <= inside <= amount
    assert abs(inside - on_top) <= 1


async def test_a_regions_own_rate_comes_before_the_countrys(db: Database) -> None:
    def rate(region: str, millionths: int) -> DatedRate:
        return DatedRate(
            country="CA",
            region=region,
            tax_class="standard",
            valid_from=date(2020, 1, 1),
            millionths=millionths,
            inclusive=False,
            name=text("税", "Tax"),
        )

    for each in (rate("", 50_000), rate("ON", 130_000)):
        await db.transact(taxes.set_rate, each)

    today = date(2026, 5, 1)
    assert (await db.ask(taxes.rates, "CA", "ON", today))["standard"].millionths == 130_000
    assert (await db.ask(taxes.rates, "ca", "bc", today))["standard"].millionths == 50_000
    assert await db.ask(taxes.rates, "CA", "ON", date(2019, 12, 31)) == {}
    assert await db.ask(taxes.rates, "", "", today) == {}


async def test_a_new_rate_ends_the_one_before(db: Database) -> None:
    change = date(2030, 7, 1)
    rate = DatedRate(
        country="CN",
        tax_class="standard",
        valid_from=change,
        millionths=120_000,
        inclusive=True,
        name=text("增值税 12%", "VAT 12 %"),
    )
    for _ in range(2):
        await db.transact(taxes.set_rate, rate)

    before = await db.ask(taxes.rates, "CN", "Zhejiang", change - timedelta(days=1))
    after = await db.ask(taxes.rates, "CN", "Zhejiang", change)
    assert (before["standard"].millionths, after["standard"].millionths) == (130_000, 120_000)
    assert taxes.rate_for(after, "reduced").millionths == 90_000
    assert taxes.rate_for(after, "unheard of") == after["standard"]
    assert taxes.rate_for({}, "standard") == UNTAXED
