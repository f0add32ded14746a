"""Money is added, compared and split, to the last cent."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel.money import MixedCurrencies, Money, minor_digits, share, split, total

amounts = st.integers(-(10**15), 10**15)
weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=30)


@given(amounts, weights)
def test_what_is_split_adds_up(amount: int, shares: list[int]) -> None:
    assert sum(split(amount, shares)) == amount


@given(amounts, weights.filter(any))
def test_no_share_is_a_whole_cent_off(amount: int, shares: list[int]) -> None:
    for part, weight in zip(split(amount, shares), shares, strict=True):
        assert abs(part - Fraction(amount * weight, sum(shares))) < 1
        assert weight or part == 0


@given(amounts, weights)
def test_the_same_split_again_is_the_same(amount: int, shares: list[int]) -> None:
    assert split(amount, shares) == split(amount, list(shares))
    assert split(-amount, shares) == [-part for part in split(amount, shares)]


@given(st.integers(0, 10**12), weights.filter(any))
def test_the_largest_remainders_get_the_cents(amount: int, shares: list[int]) -> None:
    whole = sum(shares)
    rest = {i: amount * weight % whole for i, weight in enumerate(shares)}
    raised = {i for i, part in enumerate(split(amount, shares)) if part > amount * shares[i] // whole}
    kept = set(rest) - raised
    assert all(rest[i] >= rest[j] for i in raised for j in kept)


def test_cents_are_split_by_hand() -> None:
    assert split(599, [85, 15]) == [509, 90]
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(2, [0, 0, 0]) == [1, 1, 0]
    assert split(0, [3, 4]) == [0, 0]
    with pytest.raises(AssertionError):
        split(1, [])
    with pytest.raises(AssertionError):
        split(1, [1, -1])


@given(amounts, st.integers(0, 1_000_000))
def test_what_a_rate_takes_and_leaves_adds_up(amount: int, millionths: int) -> None:
    taken = share(amount, millionths)
    assert abs(taken - Fraction(amount * millionths, 1_000_000)) <= Fraction(1, 2)
    assert taken == -share(-amount, millionths)
    assert abs(taken) + abs(amount - taken) == abs(amount)


def test_fifteen_percent_of_599_is_90() -> None:
    assert share(599, 150_000) == 90


def test_currencies_do_not_mix() -> None:
    with pytest.raises(MixedCurrencies):
        Money(1, "CNY") + Money(1, "USD")
    with pytest.raises(MixedCurrencies):
        _ = Money(1, "CNY") < Money(1, "USD")
    assert Money(1, "CNY") != Money(1, "USD")


def test_money_is_counted() -> None:
    ten = Money.of("10.00", "CNY")
    assert ten == Money(1_000, "CNY")
    assert ten * 3 - ten == Money(2_000, "CNY")
    assert -ten < Money.zero("CNY") <= ten
    assert max(ten, ten * 2) == ten * 2
    assert not Money.zero("CNY")
    assert total([ten, ten], "CNY") == ten * 2
    assert total([], "JPY") == Money(0, "JPY")
    assert str(ten) == "10.00 CNY"
    with pytest.raises(AssertionError):
        ten * 0.5  # pyright: ignore[reportOperatorIssue]


def test_each_currency_has_its_digits() -> None:
    assert (minor_digits("CNY"), minor_digits("JPY"), minor_digits("KWD")) == (2, 0, 3)
    assert Money.of("1234", "JPY").amount == 1_234
    assert Money.of("1.2345", "KWD").amount == 1_235
    assert Money.of("0.005", "GBP").amount == 1
    assert Money.of("-0.005", "GBP").amount == -1
    assert Money(1_235, "KWD").decimal() == Decimal("1.235")


@given(amounts, st.sampled_from(["CNY", "JPY", "KWD"]))
def test_major_units_and_back(amount: int, currency: str) -> None:
    money = Money(amount, currency)
    assert Money.of(money.decimal(), currency) == money
