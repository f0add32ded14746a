"""The worked examples of docs/algorithms/customers.md."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.operations.lifecycle import Rule, Stage, purchasing, rule_of, scoring, spending
from steelyard.operations.lifecycle.purchasing import Model, Parameters
from steelyard.operations.lifecycle.scoring import Segment
from steelyard.operations.lifecycle.spending import Spending
from steelyard.operations.lifecycle.stages import history, stage_of
from tests.trade.examples import numbers

SAID = numbers("customers.md")
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    return BEGIN + timedelta(days=number)


def test_a_customers_way_through_the_stages() -> None:
    rule = Rule(
        dormant_days=int(SAID["rule"]["dormant"]),
        lost_days=int(SAID["rule"]["lost"]),
        loyal_orders=int(SAID["rule"]["loyal"]),
    )
    paid = [day(float(each)) for each in SAID["paid"]]

    moves = history(rule, day(float(SAID["today"])), first_seen=paid[0], wanted=paid[0], paid=paid)

    assert [[str(move.to_stage), str((move.at - BEGIN).days)] for move in moves] == SAID["moves"]


def test_scores_by_quintiles_and_segments() -> None:
    assert scoring.quintiles(np.array(SAID["orders"], dtype=float)).tolist() == [int(score) for score in SAID["scores"]]
    assert scoring.segment_of(5, 4, 4) == Segment.CHAMPIONS
    assert scoring.segment_of(1, 4, 5) == Segment.CANNOT_LOSE
    assert scoring.segment_of(3, 2, 3) == Segment.NEED_ATTENTION, "halves up"


def test_what_was_published() -> None:
    known = [np.array([float(SAID["customer"][name])]) for name in ("repeats", "last", "age")]
    parameters = Parameters(**{name: float(value) for name, value in SAID["bg_nbd"].items()})
    told = purchasing.expected(Model.BG_NBD, parameters, float(SAID["weeks"]), *known)

    assert told[0] == pytest.approx(float(SAID["expected"]), abs=5e-4)
    mean = spending.Spending(**{name: float(value) for name, value in SAID["gamma_gamma"].items()}).mean
    assert mean == pytest.approx(float(SAID["mean_order"]), abs=0.01)
    assert isinstance(Spending(1, 2, 3).mean, float)


def test_the_houses_own_rule_follows_the_interval() -> None:
    assert (rule_of(30).dormant_days, rule_of(30).lost_days) == (60, 120)
    assert (rule_of(3).dormant_days, rule_of(3).lost_days) == (14, 28)


@given(
    st.lists(st.floats(0, 1_000), max_size=8).map(sorted),
    st.integers(1, 100),
    st.integers(1, 200),
    st.integers(2, 6),
    st.floats(0, 2_000),
)
def test_a_history_ends_where_the_facts_stand(
    days: list[float], dormant: int, more: int, loyal: int, later: float
) -> None:
    rule = Rule(dormant_days=dormant, lost_days=dormant + more, loyal_orders=loyal)
    paid = [day(each) for each in days]
    now = day((days[-1] if days else 0) + later)

    moves = history(rule, now, first_seen=BEGIN, wanted=paid[0] if paid else None, paid=paid)
    standing = stage_of(
        rule,
        now,
        first_seen=BEGIN,
        wanted=paid[0] if paid else None,
        orders=len(paid),
        previous_paid=paid[-2] if len(paid) > 1 else None,
        last_paid=paid[-1] if paid else None,
    )

    assert moves[-1].to_stage == standing.stage
    assert moves[0].from_stage == "nowhere"
    assert all(one.to_stage == other.from_stage for one, other in pairwise(moves))
    assert [move.at for move in moves] == sorted(move.at for move in moves)
    assert (standing.moves_at is None) == (standing.stage in (Stage.VISITOR, Stage.LEAD, Stage.LOST))
