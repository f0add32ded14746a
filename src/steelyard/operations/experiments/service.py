"""Commands on experiments: drawn up, started, stopped, made everybody's, and put away with what was learned."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from steelyard.goods import promotions
from steelyard.kernel import ids, keeping
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import PARTS_PER_MILLION
from steelyard.kernel.states import NOWHERE
from steelyard.operations import merchandising
from steelyard.operations.experiments.model import (
    BOUGHT_DAYS_MAX,
    CONTROL,
    DAYS_MAX,
    MACHINE,
    NAME_CHARACTERS_MAX,
    ON_PAGES,
    UNITS_PLANNED_MAX,
    VARIANTS_MAX,
    WEIGHT_MAX,
    WORDS_CHARACTERS_MAX,
    Experiment,
    ExperimentId,
    Kind,
    Metric,
    NewExperiment,
    NothingToShip,
    PageIsTaken,
    SplitIsTaken,
    State,
)
from steelyard.operations.experiments.queries import experiment, running_on
from steelyard.operations.experiments.trying import (
    check_blocks,
    check_control,
    check_sorts,
    make_everybodys,
    owner_of,
)

RUNNING_PAGES = "experiments.pages"
EVERYBODY = PARTS_PER_MILLION


async def draw_up(tx: Tx, new: NewExperiment, by: str) -> None:
    """Write an experiment down, as a draft that can be looked at and dropped. Said twice, it is drawn up once. Raises
    `Invalid`."""
    wrong = _wrong(new)
    if wrong:
        raise Invalid(wrong)
    if new.kind is Kind.PAGE:
        await _check_versions(tx, new)
    if new.kind is Kind.BLOCK:
        await check_blocks(tx, new)
    if new.kind is Kind.SORT:
        check_sorts(new)
    if new.kind is Kind.GROUPS:
        await _check_groups(tx, new)
    made = await _insert(tx, new, State.DRAFT, source="", at=None)
    if made:
        await _note(tx, new.merchant_id, [(new.experiment_id, NOWHERE)], State.DRAFT, by, "")


def _wrong(new: NewExperiment) -> dict[str, str]:
    missing, number = N_("Please fill this in"), N_("Please enter a number that can be")
    known = set(Metric)
    checks = {
        "name": (0 < len(new.name) <= NAME_CHARACTERS_MAX, missing),
        "hypothesis": (0 < len(new.hypothesis) <= WORDS_CHARACTERS_MAX, missing),
        "metric": (new.metric in known, N_("Please choose one of these")),
        "guardrails": (set(new.guardrails) <= known and new.metric not in new.guardrails, N_("Please choose others")),
        "variants": (
            2 <= len(new.variants) <= VARIANTS_MAX
            and [each.variant for each in new.variants] == list(range(len(new.variants)))
            and all(0 < len(each.name) <= NAME_CHARACTERS_MAX for each in new.variants)
            and all(0 < each.weight <= WEIGHT_MAX for each in new.variants),
            N_("Two to five variants, each with a name and a weight"),
        ),
        "share": (0 < new.share <= EVERYBODY and (new.kind is not Kind.JOURNEY or new.share == EVERYBODY), number),
        "alpha": (0 < new.alpha < 500_000, number),
        "units_planned": (0 < new.units_planned <= UNITS_PLANNED_MAX, number),
        "days_max": (0 < new.days_max <= DAYS_MAX, number),
        "bought_days": (
            (new.bought_days is not None) == (new.kind is Kind.GROUPS)
            and (new.bought_days is None or 0 < new.bought_days <= BOUGHT_DAYS_MAX),
            number,
        ),
        "page": ((new.page is not None) == (new.kind in ON_PAGES), missing),
        "block": ((new.block_id is not None) == (new.kind is Kind.BLOCK), missing),
        "box": ({new.journey_id is not None, new.box is not None} == {new.kind is Kind.JOURNEY}, missing),
    }
    return {field: message for field, (holds, message) in checks.items() if not holds}


async def _check_versions(tx: Tx, new: NewExperiment) -> None:
    assert new.page is not None
    wanted = [each.version for each in new.variants]
    there = {each.version for each in await merchandising.versions(tx, owner_of(new.merchant_id), new.page)}
    if not set(wanted) <= there or len(set(wanted)) < len(wanted):
        raise Invalid({"variants": N_("Please choose a different version of the page for each variant")})


async def _check_groups(tx: Tx, new: NewExperiment) -> None:
    wanted = [each.group_id for each in new.variants[1:]]
    there = {each.group_id for each in await promotions.customer_groups(tx, new.merchant_id)}
    if new.variants[CONTROL].group_id is not None or not set(wanted) <= there or len(set(wanted)) < len(wanted):
        raise Invalid(
            {"variants": N_("Please choose a different customer group for each variant, and none for the first")}
        )


async def _insert(tx: Tx, new: NewExperiment, state: State, *, source: str, at: datetime | None) -> bool:
    """Whether it was not there. `at`: when it was stopped, where it is born so."""
    made = await tx.execute(
        """
        INSERT INTO experiments (merchant_id, experiment_id, kind, state, name, hypothesis, page, metric, guardrails, currency
                               , share, alpha, units_planned, days_max, salt, bought_days, source
                               , started_at, stopped_at, measured_at, block_id, journey_id, box)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18, $18, $19, $20, $21)
        ON CONFLICT (merchant_id, experiment_id) DO NOTHING
        """,
        new.merchant_id,
        new.experiment_id,
        new.kind,
        state,
        new.name,
        new.hypothesis,
        new.page,
        new.metric,
        list(new.guardrails),
        new.currency,
        new.share,
        new.alpha,
        new.units_planned,
        new.days_max,
        ids.mint(),
        new.bought_days,
        source,
        at,
        new.block_id,
        new.journey_id,
        new.box,
    )
    if not made:
        return False
    await tx.execute(
        """
        INSERT INTO experiment_variants (merchant_id, experiment_id, variant, name, weight, version, group_id, block, sort)
        SELECT $1, $2, v.* FROM unnest($3::smallint[], $4::text[], $5::integer[], $6::integer[], $7::uuid[], $8::jsonb[]
                                     , $9::text[]) AS v
        """,
        new.merchant_id,
        new.experiment_id,
        [each.variant for each in new.variants],
        [each.name for each in new.variants],
        [each.weight for each in new.variants],
        [each.version for each in new.variants],
        [each.group_id for each in new.variants],
        [each.block for each in new.variants],
        [each.sort for each in new.variants],
    )
    return True


async def keep_result(tx: Tx, new: NewExperiment, source: str, at: datetime, by: str) -> bool:
    """An experiment that was made elsewhere, over since `at`; whether it was not there yet. The caller writes its sums."""
    made = await _insert(tx, new, State.STOPPED, source=source, at=at)
    if made:
        await _note(tx, new.merchant_id, [(new.experiment_id, NOWHERE)], State.STOPPED, by, source)
    return made


async def locked(tx: Tx, merchant_id: UUID, experiment_id: UUID) -> Experiment:
    """The experiment, its row held until the end. Raises `NotFound`."""
    await tx.execute(
        "SELECT FROM experiments WHERE merchant_id = $1 AND experiment_id = $2 FOR NO KEY UPDATE",
        merchant_id,
        experiment_id,
    )
    found, _ = await experiment(tx, merchant_id, experiment_id)
    return found


async def start(tx: Tx, merchant_id: UUID, experiment_id: UUID, by: str, *, journey_version: int | None = None) -> None:
    """From now on its variants are shown; of a split, to who came in by `journey_version` or a later one. Said twice, nothing
    changes. Raises `NotFound`, `TransitionRefused`, `PageIsTaken`, `ControlHasChanged`, `SplitIsTaken`."""
    now = await locked(tx, merchant_id, experiment_id)
    if now.state is State.RUNNING:
        return
    MACHINE.check(now.state, State.RUNNING)
    assert (journey_version is None) == (now.journey_id is None), "a split is judged from a version on"
    if now.journey_id is None:
        await _check_page(tx, now)
    elif any(each.box == now.box for each in await running_on(tx, merchant_id, now.journey_id)):
        raise SplitIsTaken()
    keeping.forget(tx, RUNNING_PAGES)
    await tx.execute(
        """
        UPDATE experiments SET state = 'running', started_at = now(), measured_at = NULL, journey_version = $3
        WHERE merchant_id = $1 AND experiment_id = $2
        """,
        merchant_id,
        experiment_id,
        journey_version,
    )
    await _note(tx, merchant_id, [(now.experiment_id, now.state)], State.RUNNING, by, "")


async def _check_page(tx: Tx, now: Experiment) -> None:
    # All that could begin on the page are held, so that of two at once one sees the other.
    others = await tx.fetch(
        """
        SELECT state FROM experiments WHERE merchant_id = $1 AND page = $2 AND state IN ('draft', 'running')
        ORDER BY experiment_id FOR NO KEY UPDATE
        """,
        now.merchant_id,
        now.page,
    )
    if any(other["state"] == State.RUNNING for other in others):
        raise PageIsTaken()
    _, variants = await experiment(tx, now.merchant_id, now.experiment_id)
    await check_control(tx, now, variants[CONTROL])


async def stop(tx: Tx, merchant_id: UUID, experiment_id: UUID, by: str, note: str = "") -> None:
    """Everybody sees again what they would without it; who was shared out to groups leaves them. What was counted stays, and is
    counted once more. Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`."""
    now = await locked(tx, merchant_id, experiment_id)
    if now.state is State.STOPPED:
        return
    MACHINE.check(now.state, State.STOPPED)
    keeping.forget(tx, RUNNING_PAGES)
    await tx.execute(
        """
        UPDATE experiments SET state = 'stopped', stopped_at = now(), measured_at = NULL
        WHERE merchant_id = $1 AND experiment_id = $2
        """,
        merchant_id,
        experiment_id,
    )
    await _note(tx, merchant_id, [(now.experiment_id, now.state)], State.STOPPED, by, note)


async def drop(tx: Tx, merchant_id: UUID, experiment_id: UUID, by: str) -> None:
    """A draft that nobody wants any more. Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`."""
    now = await locked(tx, merchant_id, experiment_id)
    if now.state is State.DROPPED:
        return
    MACHINE.check(now.state, State.DROPPED)
    await tx.execute(
        "UPDATE experiments SET state = 'dropped' WHERE merchant_id = $1 AND experiment_id = $2",
        merchant_id,
        experiment_id,
    )
    await _note(tx, merchant_id, [(now.experiment_id, now.state)], State.DROPPED, by, "")


async def ship(tx: Tx, merchant_id: UUID, experiment_id: UUID, variant: int, by: str) -> None:
    """Show everybody what this variant shows; a running experiment is stopped by that. Said twice, it is done once. Raises
    `NotFound`, `NothingToShip`, `TransitionRefused`."""
    now = await locked(tx, merchant_id, experiment_id)
    _, variants = await experiment(tx, merchant_id, experiment_id)
    if now.page is None or not 0 <= variant < len(variants):
        raise NothingToShip()
    if now.shipped == variant:
        return
    await end_with(tx, now, variant, by)
    await make_everybodys(tx, now, variants[variant], by)


async def end_with(tx: Tx, now: Experiment, variant: int, by: str) -> None:
    """One whose row is held has this variant made everybody's: the caller does it. Raises `TransitionRefused`."""
    if now.state is not State.STOPPED:
        await stop(tx, now.merchant_id, now.experiment_id, by)
    await tx.execute(
        "UPDATE experiments SET shipped = $3 WHERE merchant_id = $1 AND experiment_id = $2",
        now.merchant_id,
        now.experiment_id,
        variant,
    )


async def archive(tx: Tx, merchant_id: UUID, experiment_id: UUID, learning: str, by: str) -> None:
    """Put it away with what was learned, which the next ones find. Said twice, nothing changes. Raises `NotFound`, `Invalid`,
    `TransitionRefused`."""
    now = await locked(tx, merchant_id, experiment_id)
    if now.state is State.ARCHIVED:
        return
    MACHINE.check(now.state, State.ARCHIVED)
    if not 0 < len(learning) <= WORDS_CHARACTERS_MAX:
        raise Invalid({"learning": N_("Please write down what was learned, or that nothing was")})
    await tx.execute(
        "UPDATE experiments SET state = 'archived', learning = $3 WHERE merchant_id = $1 AND experiment_id = $2",
        merchant_id,
        experiment_id,
        learning,
    )
    await _note(tx, merchant_id, [(now.experiment_id, now.state)], State.ARCHIVED, by, learning)


async def measure_soon(tx: Tx, merchant_id: UUID, experiment_id: UUID) -> None:
    """Have its sums counted anew within some seconds. Raises `NotFound`."""
    touched = await tx.execute(
        """
        UPDATE experiments SET measured_at = NULL
        WHERE merchant_id = $1 AND experiment_id = $2 AND state IN ('running', 'stopped') AND kind <> 'imported'
        """,
        merchant_id,
        experiment_id,
    )
    if not touched:
        raise NotFound()


async def stop_due(tx: Tx) -> int:
    """Stop what has run for as long as was planned; returns how many. What measures a coupon ends with it."""
    rows = await tx.fetch(
        """
        UPDATE experiments e SET state = 'stopped', stopped_at = now(), measured_at = NULL
        FROM (SELECT merchant_id, experiment_id FROM experiments
              WHERE state = 'running' AND kind <> 'coupons' AND started_at + days_max * interval '1 day' <= now()
              ORDER BY measured_at NULLS FIRST LIMIT 100 FOR NO KEY UPDATE SKIP LOCKED) due
        WHERE e.merchant_id = due.merchant_id AND e.experiment_id = due.experiment_id
        RETURNING e.merchant_id, e.experiment_id
        """
    )
    for row in rows:
        stopped = [(ExperimentId(row["experiment_id"]), State.RUNNING)]
        await _note(tx, row["merchant_id"], stopped, State.STOPPED, "system", "")
    return len(rows)


async def _note(
    tx: Tx, merchant_id: UUID, moved: Sequence[tuple[ExperimentId, str]], to_state: State, by: str, note: str
) -> None:
    await tx.execute(
        """
        INSERT INTO experiment_history (merchant_id, experiment_id, step, from_state, to_state, by, note)
        SELECT $1, m.experiment_id, 1 + (SELECT count(*) FROM experiment_history h
                                         WHERE h.merchant_id = $1 AND h.experiment_id = m.experiment_id)
             , m.from_state, $4, $5, $6
        FROM unnest($2::uuid[], $3::text[]) AS m (experiment_id, from_state)
        """,
        merchant_id,
        [experiment_id for experiment_id, _ in moved],
        [str(from_state) for _, from_state in moved],
        to_state,
        by,
        note,
    )
