"""Analyses of what people do: trends, funnels, retention, paths, intervals, distributions, sessions, attribution, lifetime value.

Each is an Ibis expression over the one frame of events (`lake.EVENT_FRAME`), so that DuckDB and Spark work out the same
(`engines`). `trends`, `funnels`, `cohorts`, `visits` and `attributions` hold the expressions, `scoping` what they share: filters,
days, breakdowns. `answers` asks a question of an engine, `inside` says who is in a cell of its answer, `comparing` puts
the period before beside it, `costing` what channels cost, and `working` does it beside a web server.
"""

from typing import TYPE_CHECKING

from steelyard.kernel import late
from steelyard.operations.reports.comparing import BEFORE, beginning, beside, nth
from steelyard.operations.reports.costing import with_costs
from steelyard.operations.reports.queries import saved
from steelyard.operations.reports.service import drop, save
from steelyard.operations.reports.working import answered, people_of

if TYPE_CHECKING:
    from steelyard.operations.reports.answers import QUESTIONS, answer, expression, people
    from steelyard.operations.reports.engines import DuckDb, Engine, Spark, open_engine, stop_spark
else:
    __getattr__ = late.face(
        __name__,
        answers=("QUESTIONS", "answer", "expression", "people"),
        engines=("DuckDb", "Engine", "Spark", "open_engine", "stop_spark"),
    )

__all__ = [
    "BEFORE",
    "QUESTIONS",
    "DuckDb",
    "Engine",
    "Spark",
    "answer",
    "answered",
    "beginning",
    "beside",
    "drop",
    "expression",
    "nth",
    "open_engine",
    "people",
    "people_of",
    "save",
    "saved",
    "stop_spark",
    "with_costs",
]
