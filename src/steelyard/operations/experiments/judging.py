"""What the sums say: each treatment against the control, and what is to be done. Pure."""

from collections.abc import Sequence
from datetime import datetime

from steelyard.operations.experiments.model import (
    CONTROL,
    LESS_IS_BETTER,
    Advice,
    Experiment,
    Finding,
    Kind,
    Look,
    Results,
    State,
    Variant,
    Verdict,
)
from steelyard.operations.experiments.statistics import (
    MISMATCH_P,
    Estimate,
    Sums,
    adjusted,
    compare,
    mismatch,
    shared_alpha,
)

PARTS = 1_000_000


def judge(experiment: Experiment, variants: Sequence[Variant], looks: Sequence[Look]) -> Results:
    """The results of the looks of one day (none: nothing was counted yet).

    While it can still be looked at again, intervals are sequential; what was made elsewhere and is over is looked at once.
    Several treatments share the level that the experiment allows itself. Guardrails count at the same level: each is a
    question of its own.
    """
    treatments = list(range(1, len(variants)))
    alpha = shared_alpha(experiment.alpha / PARTS, len(treatments))
    expected = None if experiment.kind is Kind.IMPORTED else experiment.units_planned
    arms = {look.metric: look.arms for look in looks}
    findings = [
        _finding(metric, variant, adjusted(of), alpha, expected)
        for metric, of in arms.items()
        if len(of) == len(variants)
        for variant in treatments
    ]
    units = [arm.units for arm in arms.get(experiment.metric, ())] or [0] * len(variants)
    away = mismatch(units, [each.weight for each in variants])
    advice, leader = _advice(experiment, findings, away)
    return Results(
        day=max((look.day for look in looks), default=None),
        units=units,
        mismatch=away,
        arms=arms,
        findings=findings,
        advice=advice,
        leader=leader,
    )


def _finding(metric: str, variant: int, arms: Sequence[Sums], alpha: float, expected: int | None) -> Finding:
    control, treatment = arms[CONTROL], arms[variant]
    absolute = compare(control, treatment, alpha=alpha, relative=False, expected=expected)
    return Finding(
        metric=metric,
        variant=variant,
        relative=compare(control, treatment, alpha=alpha, expected=expected),
        absolute=absolute,
        verdict=_verdict(metric, absolute),
    )


def _verdict(metric: str, found: Estimate) -> Verdict:
    if not found.decided:
        return Verdict.OPEN
    more = found.low > 0
    return Verdict.BETTER if more != (metric in LESS_IS_BETTER) else Verdict.WORSE


def _advice(experiment: Experiment, findings: Sequence[Finding], away: float) -> tuple[Advice, int | None]:
    if experiment.kind is not Kind.IMPORTED and away < MISMATCH_P:
        return Advice.BROKEN, None
    harmed = {
        each.variant for each in findings if each.metric in experiment.guardrails and each.verdict is Verdict.WORSE
    }
    own = [each for each in findings if each.metric == experiment.metric]
    better = [each for each in own if each.verdict is Verdict.BETTER]
    # Of several that are better, the one that is so by most.
    better.sort(key=lambda each: abs(each.absolute.difference), reverse=True)
    unharmed = [each for each in better if each.variant not in harmed]
    if unharmed:
        return Advice.SHIP, unharmed[0].variant
    if better:
        return Advice.HARMFUL, better[0].variant
    worse = [each for each in own if each.verdict is Verdict.WORSE]
    if worse and len(worse) == len(own):
        return Advice.DIFFERENT, worse[0].variant
    return (Advice.WAIT if experiment.state is State.RUNNING else Advice.NOTHING), None


def days_left(experiment: Experiment, now: datetime) -> int:
    """Until it is stopped by itself."""
    begun = experiment.started_at
    return experiment.days_max if begun is None else max(0, experiment.days_max - (now - begun).days)
