"""Where a member stands: pure sums over the lines of growth, so that a level is never kept but always follows from them.

The growth of a day is the sum of the lines that count on it. The level of a day is that of the greatest growth of this day and
of the `keep_days` before it: up at once, and down so long after the growth ceased to suffice. What is taken back carries the
days of what it takes back, so it is as if that had never been earned. docs/algorithms/membership.md has an example.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

import msgspec


class Span(NamedTuple):
    """So much counts from `day` to the day before `until`."""

    amount: int
    day: date
    until: date


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """`check_on`: the day on which it may be otherwise, or somebody is to be told, though nothing is earned."""

    growth: int
    rank: int
    falls_on: date | None
    check_on: date | None


def growth_on(spans: Sequence[Span], day: date) -> int:
    """What counts on a day; never below nothing."""
    return max(0, sum(span.amount for span in spans if span.day <= day < span.until))


def rank_of(growth: int, thresholds: Sequence[int]) -> int:
    """Which level so much growth makes, from 1; 0 below the first. The thresholds rise."""
    return sum(growth >= threshold for threshold in thresholds)


def standing(spans: Sequence[Span], today: date, thresholds: Sequence[int], keep_days: int, warn_days: int) -> Standing:
    """Where somebody with these lines stands today, and from when on it is otherwise."""
    turns = sorted({span.day for span in spans} | {span.until for span in spans})
    first = today - timedelta(days=keep_days)
    seen = [first, *(turn for turn in turns if first < turn < today), today]
    rank = rank_of(max(growth_on(spans, day) for day in seen), thresholds)
    falls_on = _falls_on(spans, turns, today, thresholds, rank, keep_days)
    soon = [turn for turn in turns if turn > today]
    if falls_on is not None:
        soon += [day for day in (falls_on - timedelta(days=warn_days), falls_on) if day > today]
    return Standing(growth=growth_on(spans, today), rank=rank, falls_on=falls_on, check_on=min(soon) if soon else None)


def _falls_on(
    spans: Sequence[Span], turns: Sequence[date], today: date, thresholds: Sequence[int], rank: int, keep_days: int
) -> date | None:
    """The first day on which the level is lower if nothing more is earned; none below the first level."""
    if rank == 0:
        return None
    needed = thresholds[rank - 1]
    # Growth changes on `turns` alone: it last suffices on the day before one of them.
    lasts = [after - timedelta(days=1) for begin, after in pairwise(turns) if growth_on(spans, begin) >= needed]
    return max(lasts) + timedelta(days=keep_days + 1)
