"""Experiments: two ways of doing something tried at once on people who are shared out by chance, and what came of it.

`assignment` says whose turn which variant is, `statistics` holds the sums behind a verdict, `judging` lays them side by side: all
three are pure. `service` draws experiments up, starts, stops, ships and archives them; `trying` is what it asks of
blocks and sorts; `exposing` notes who has seen what and
shares customers out to groups; `measuring` counts from orders and settlement; `outcomes` reads what was tried elsewhere. The
rules stand in docs/algorithms/experiments.md.
"""

from typing import TYPE_CHECKING

from steelyard.kernel import late
from steelyard.operations.experiments.assignment import variant_of
from steelyard.operations.experiments.exposing import (
    EXPOSURES_PER_BATCH_MAX,
    Exposure,
    OnSplit,
    Running,
    expose,
    forget,
    on_list,
    on_page,
    on_split,
)
from steelyard.operations.experiments.judging import days_left, judge
from steelyard.operations.experiments.measuring import Counted, keep
from steelyard.operations.experiments.queries import (
    OnJourney,
    course,
    experiment,
    experiments,
    history,
    looks,
    of_journey,
    results,
    running_on,
)
from steelyard.operations.experiments.service import (
    archive,
    draw_up,
    drop,
    end_with,
    locked,
    measure_soon,
    ship,
    start,
    stop,
)
from steelyard.operations.experiments.statistics import MISMATCH_P, Estimate, Sums, units_needed
from steelyard.operations.experiments.trying import owner_of

if TYPE_CHECKING:
    from steelyard.operations.experiments.outcomes import UnreadableOutcomes, import_outcomes, read_outcomes
else:
    __getattr__ = late.face(__name__, outcomes=("UnreadableOutcomes", "import_outcomes", "read_outcomes"))

__all__ = [
    "EXPOSURES_PER_BATCH_MAX",
    "MISMATCH_P",
    "Counted",
    "Estimate",
    "Exposure",
    "OnJourney",
    "OnSplit",
    "Running",
    "Sums",
    "UnreadableOutcomes",
    "archive",
    "course",
    "days_left",
    "draw_up",
    "drop",
    "end_with",
    "experiment",
    "experiments",
    "expose",
    "forget",
    "history",
    "import_outcomes",
    "judge",
    "keep",
    "locked",
    "looks",
    "measure_soon",
    "of_journey",
    "on_list",
    "on_page",
    "on_split",
    "owner_of",
    "read_outcomes",
    "results",
    "running_on",
    "ship",
    "start",
    "stop",
    "units_needed",
    "variant_of",
]
