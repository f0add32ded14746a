"""What was tried, what runs, and what is known of it."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.operations.experiments.judging import judge
from steelyard.operations.experiments.model import (
    DAYS_MAX,
    EXPERIMENTS_SHOWN,
    SPLITS_MAX,
    Experiment,
    Finding,
    Look,
    Results,
    State,
    Step,
    Variant,
)
from steelyard.operations.experiments.statistics import Sums


async def experiments(
    read: Read, merchant_id: UUID, state: str | None = None, before: tuple[datetime, UUID] | None = None
) -> list[Experiment]:
    """A page of them, the newest first, of one state if it is named; what was dropped is shown only when asked for."""
    return await read.all(
        Experiment,
        """
        SELECT merchant_id, experiment_id, kind, state, name, hypothesis, page, block_id, journey_id, box, journey_version
             , metric, guardrails, currency, share, alpha, units_planned, days_max, salt, bought_days, source, created_at
             , started_at, stopped_at, shipped, learning, measured_at, mixed
        FROM experiments
        WHERE merchant_id = $1 AND ($2::text = state OR ($2 IS NULL AND state <> 'dropped'))
          AND ($3::timestamptz IS NULL OR (created_at, experiment_id) < ($3, $4))
        ORDER BY created_at DESC, experiment_id DESC LIMIT $5
        """,
        merchant_id,
        state,
        before[0] if before else None,
        before[1] if before else None,
        EXPERIMENTS_SHOWN + 1,
    )


async def experiment(read: Read, merchant_id: UUID, experiment_id: UUID) -> tuple[Experiment, list[Variant]]:
    """Raises `NotFound`."""
    found = await read.one(
        Experiment,
        """
        SELECT merchant_id, experiment_id, kind, state, name, hypothesis, page, block_id, journey_id, box, journey_version
             , metric, guardrails, currency, share, alpha, units_planned, days_max, salt, bought_days, source, created_at
             , started_at, stopped_at, shipped, learning, measured_at, mixed
        FROM experiments WHERE merchant_id = $1 AND experiment_id = $2
        """,
        merchant_id,
        experiment_id,
    )
    if found is None:
        raise NotFound()
    variants = await read.all(
        Variant,
        """
        SELECT variant, name, weight, version, group_id, block, sort FROM experiment_variants
        WHERE merchant_id = $1 AND experiment_id = $2 ORDER BY variant
        """,
        merchant_id,
        experiment_id,
    )
    return found, variants


class OnJourney(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment of which a journey's split is tried, in a line."""

    experiment_id: UUID
    box: str
    name: str
    state: State
    journey_version: int | None


async def of_journey(read: Read, merchant_id: UUID, journey_id: UUID) -> list[OnJourney]:
    """What is and was tried on the splits of a journey, the newest first; not what was dropped."""
    return await read.all(
        OnJourney,
        """
        SELECT experiment_id, box, name, state, journey_version FROM experiments
        WHERE merchant_id = $1 AND journey_id = $2 AND state <> 'dropped'
        ORDER BY created_at DESC, experiment_id DESC LIMIT $3
        """,
        merchant_id,
        journey_id,
        EXPERIMENTS_SHOWN,
    )


async def running_on(read: Read, merchant_id: UUID, journey_id: UUID) -> list[OnJourney]:
    """What runs on the splits of a journey: at most one on each."""
    return await read.all(
        OnJourney,
        """
        SELECT experiment_id, box, name, state, journey_version FROM experiments
        WHERE merchant_id = $1 AND journey_id = $2 AND state = 'running' ORDER BY experiment_id LIMIT $3
        """,
        merchant_id,
        journey_id,
        SPLITS_MAX,
    )


async def history(read: Read, merchant_id: UUID, experiment_id: UUID) -> list[Step]:
    return await read.all(
        Step,
        """
        SELECT to_state, at, by, note FROM experiment_history WHERE merchant_id = $1 AND experiment_id = $2 ORDER BY step
        """,
        merchant_id,
        experiment_id,
    )


async def looks(read: Read, merchant_id: UUID, experiment_id: UUID, metric: str | None = None) -> list[Look]:
    """The last look of every metric; of one metric, the looks of all its days."""
    rows = await read.fetch(
        """
        SELECT day, metric, variant, units, summed, squares, before, before_squares, products
        FROM experiment_looks l
        WHERE merchant_id = $1 AND experiment_id = $2
          AND CASE WHEN $3::text IS NULL
                   THEN day = (SELECT max(day) FROM experiment_looks WHERE merchant_id = $1 AND experiment_id = $2)
                   ELSE metric = $3 END
        ORDER BY day, metric, variant LIMIT $4
        """,
        merchant_id,
        experiment_id,
        metric,
        10 * DAYS_MAX,
    )
    return [
        Look(day=day, metric=of, arms=[Sums(**{name: row[name] for name in Sums.__struct_fields__}) for row in arms])
        for (day, of), arms in groupby(rows, key=lambda row: (row["day"], row["metric"]))
    ]


async def results(read: Read, merchant_id: UUID, experiment_id: UUID) -> tuple[Experiment, list[Variant], Results]:
    """What is known by now. Raises `NotFound`."""
    found, variants = await experiment(read, merchant_id, experiment_id)
    return found, variants, judge(found, variants, await looks(read, merchant_id, experiment_id))


async def course(read: Read, found: Experiment, variants: Sequence[Variant]) -> list[tuple[Look, list[Finding]]]:
    """Of the metric by which it is judged, what each day said."""
    days = await looks(read, found.merchant_id, found.experiment_id, found.metric)
    return [(look, judge(found, variants, [look]).of(found.metric)) for look in days]
