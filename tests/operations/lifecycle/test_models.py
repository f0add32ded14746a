"""The models of how often and for how much customers buy come to what was published, and find what made the data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from steelyard.operations.lifecycle import purchasing, scoring, spending
from steelyard.operations.lifecycle.purchasing import Model, Numbers, Parameters
from steelyard.operations.lifecycle.spending import Spending

# Fader, Hardie and Lee (2005), table 2: CDNOW, 2,357 customers, weeks; Fader and Hardie (2013): 946 of them.
CDNOW = Parameters(0.243, 4.414, 0.793, 2.426)
CDNOW_SPENDING = Spending(6.25, 3.74, 15.44)
WEEKS = 39.0


def one(*figures: float) -> list[Numbers]:
    return [np.array([figure]) for figure in figures]


def lives(model: Model, parameters: Parameters, count: int, seed: int) -> tuple[Numbers, Numbers, Numbers]:
    """Customers who live as the model says: each has a rate and a chance to leave, and buys until then or the end."""
    chance = np.random.default_rng(seed)
    rate = np.maximum(chance.gamma(parameters.r, 1 / parameters.alpha, count), 1e-12)
    leaves = chance.beta(parameters.a, parameters.b, count)
    age = chance.uniform(27.0, WEEKS, count)
    x, t_x, at = np.zeros(count), np.zeros(count), np.zeros(count)
    here = chance.random(count) >= leaves if model is Model.MBG_NBD else np.ones(count, dtype=bool)
    while here.any():
        at = np.where(here, at + chance.exponential(1 / rate), at)
        bought = here & (at <= age)
        x, t_x = x + bought, np.where(bought, at, t_x)
        here = bought & (chance.random(count) >= leaves)
    return x, t_x, age


def test_what_is_expected_of_the_published_customer_is_the_published_number() -> None:
    told = purchasing.expected(Model.BG_NBD, CDNOW, WEEKS, *one(2, 30.43, 38.86))

    assert told[0] == pytest.approx(1.226, abs=5e-4)


def test_published_spending_comes_to_the_published_mean() -> None:
    assert CDNOW_SPENDING.mean == pytest.approx(35.22, abs=0.01)
    assert spending.expected(CDNOW_SPENDING, *one(0, 0.0))[0] == pytest.approx(CDNOW_SPENDING.mean)


@pytest.mark.parametrize("model", [Model.BG_NBD, Model.MBG_NBD])
def test_the_gradient_is_the_slope_of_the_likelihood(model: Model) -> None:
    known = lives(model, CDNOW, 300, seed=5)

    def whole(numbers: Numbers) -> float:
        return float(np.sum(purchasing.log_likelihood(model, Parameters(*numbers), *known)))

    slopes = purchasing.gradient(model, CDNOW, *known)

    assert slopes == pytest.approx(approx_fprime(np.array(CDNOW), whole, 1e-6), rel=1e-3, abs=1e-2)


@pytest.mark.parametrize("model", [Model.BG_NBD, Model.MBG_NBD])
def test_a_fit_finds_the_parameters_that_made_the_customers(model: Model) -> None:
    known = lives(model, CDNOW, 8_000, seed=7)

    found = purchasing.fit(model, *known)

    assert found.covariance is not None
    apart = np.abs(np.log(np.array(found.parameters)) - np.log(np.array(CDNOW))) / np.sqrt(np.diag(found.covariance))
    assert np.all(apart < 3.5), f"more than chance explains: {found.parameters}"
    assert found.log_likelihood >= float(np.sum(purchasing.log_likelihood(model, CDNOW, *known)))
    assert not found.parameters.degenerate


def test_nine_of_ten_refits_expect_what_the_interval_holds() -> None:
    held = 0
    truth = purchasing.expected(Model.BG_NBD, CDNOW, WEEKS, *one(2, 30.43, 38.86))[0]
    for seed in range(8):
        found = purchasing.fit(Model.BG_NBD, *lives(Model.BG_NBD, CDNOW, 800, seed=100 + seed))
        low, high = purchasing.interval(found, WEEKS, *one(2, 30.43, 38.86))
        held += bool(low[0] <= truth <= high[0])

    assert held >= 6


def test_where_nobody_leaves_the_simple_model_is_taken() -> None:
    chance = np.random.default_rng(11)
    age = chance.uniform(10.0, 52.0, 1_500)
    x = chance.poisson(chance.gamma(0.8, 1 / 9.0, 1_500) * age).astype(float)
    t_x = np.where(x > 0, age * chance.random(1_500) ** (1 / np.maximum(x, 1)), 0.0)

    found = purchasing.fit_best(x, t_x, age)

    assert found.model is Model.NBD
    assert found.parameters.r == pytest.approx(0.8, rel=0.2)
    assert np.all(purchasing.alive(found.model, found.parameters, x, t_x, age) == 1.0)


def test_spending_is_found_from_what_it_made() -> None:
    chance = np.random.default_rng(3)
    x = chance.integers(1, 8, 8_000).astype(float)
    rates = chance.gamma(CDNOW_SPENDING.q, 1 / CDNOW_SPENDING.v, 8_000)
    mean = chance.gamma(CDNOW_SPENDING.p * x) / rates / x

    found = spending.fit(x, mean)

    assert np.array(found) == pytest.approx(np.array(CDNOW_SPENDING), rel=0.25)
    assert found.mean == pytest.approx(CDNOW_SPENDING.mean, rel=0.02)


PAST = st.tuples(st.integers(0, 400), st.floats(0, 1), st.floats(0.01, 600))
ANY = st.builds(Parameters, *[st.floats(0.02, 40)] * 4)


@given(ANY, st.lists(PAST, min_size=1, max_size=20), st.sampled_from([Model.BG_NBD, Model.MBG_NBD]))
@settings(max_examples=60)
def test_no_customer_is_too_odd_for_the_sums(
    parameters: Parameters, pasts: list[tuple[int, float, float]], model: Model
) -> None:
    x = np.array([float(each[0]) for each in pasts])
    age = np.array([each[2] for each in pasts])
    t_x = np.array([each[1] for each in pasts]) * age * (x > 0)

    told = purchasing.log_likelihood(model, parameters, x, t_x, age)
    here = purchasing.alive(model, parameters, x, t_x, age)
    silent = purchasing.silent(model, parameters, 13.0, x, t_x, age)

    assert np.all(np.isfinite(told))
    assert np.all((here >= 0) & (here <= 1) & (silent >= 0) & (silent <= 1 + 1e-12))
    assert np.all(silent >= 1 - here - 1e-12), "who has left buys nothing"


@given(st.lists(st.integers(0, 30), min_size=1, max_size=200))
def test_equal_figures_have_equal_scores_and_more_is_never_scored_less(figures: list[int]) -> None:
    scores = scoring.quintiles(np.array(figures, dtype=float)).tolist()

    by_figure = dict(zip(figures, scores, strict=True))
    assert [by_figure[figure] for figure in figures] == scores
    ordered = [by_figure[figure] for figure in sorted(by_figure)]
    assert ordered == sorted(ordered)
    assert ordered[0] == 1
    assert 1 <= max(scores) <= 5


def test_a_hundred_different_figures_fall_into_five_equal_parts() -> None:
    scores = scoring.quintiles(np.arange(100.0))
    lately = scoring.quintiles(np.arange(100.0), less_is_better=True)

    assert [int(np.sum(scores == score)) for score in range(1, 6)] == [20] * 5
    assert lately.tolist() == scores[::-1].tolist()


def test_tiers_are_the_first_fifth_the_next_three_tenths_and_the_rest() -> None:
    tiers = scoring.tiers(np.arange(100.0))

    assert [int(np.sum(tiers == tier)) for tier in (1, 2, 3)] == [20, 30, 50]
    assert scoring.tiers(np.full(7, 5.0)).tolist() == [1] * 7
