"""Experiments that were made elsewhere: a table of a row a unit is summed up, and the sums are all that is kept of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from steelyard.kernel import duck
from steelyard.kernel.db import Tx
from steelyard.operations.experiments.measuring import Counted, keep
from steelyard.operations.experiments.model import CONTROL, VARIANTS_MAX, NewExperiment, Variant
from steelyard.operations.experiments.service import keep_result

METRICS_MAX = 20


class UnreadableOutcomes(ValueError):
    """The file cannot be read as outcomes; the message says why in one sentence."""


def read_outcomes(
    file: Path, *, by: str, control: str, metrics: Sequence[str], before: str | None = None
) -> tuple[list[Variant], list[Counted]]:
    """The variants of the column `by` (`control` first, the others by name), and for each of the `metrics` (numeric columns) the
    sums of its values and, with those, of the column `before`. CSV, also compressed, and Parquet. Raises `UnreadableOutcomes`."""
    if not 0 < len(metrics) <= METRICS_MAX:
        raise UnreadableOutcomes(f"Between one and {METRICS_MAX} metrics are read at once.")
    with duck.connect() as engine:
        source = "read_parquet(?)" if file.suffix == ".parquet" else "read_csv(?)"
        try:
            engine.execute(f"CREATE TABLE outcomes AS SELECT * FROM {source}", [str(file)])  # noqa: S608  # one of two words
        except duckdb.Error as error:
            raise UnreadableOutcomes(f"{file} cannot be read: {str(error).splitlines()[0]}") from error
        columns = {name for name, *_ in engine.execute("DESCRIBE outcomes").fetchall()}
        missing = [each for each in (by, *metrics, *([before] if before else [])) if each not in columns]
        if missing:
            raise UnreadableOutcomes(f"{file} has no column {', '.join(missing)}; it has {', '.join(sorted(columns))}.")
        told = engine.execute(f"SELECT DISTINCT {_name(by)}::text FROM outcomes").fetchall()  # noqa: S608  # a column that is there
        names = [name for (name,) in told]
        if control not in names or not 2 <= len(names) <= VARIANTS_MAX or None in names:
            raise UnreadableOutcomes(
                f"Column {by} must hold {control} and one to {VARIANTS_MAX - 1} others; it holds {', '.join(map(str, names))}."
            )
        ordered = [control, *sorted(name for name in names if name != control)]
        counted = [each for metric in metrics for each in _sums(engine, by, ordered, metric, before)]
    return [Variant(variant=place, name=name) for place, name in enumerate(ordered)], counted


def _name(column: str) -> str:
    doubled = column.replace('"', '""')
    return f'"{doubled}"'


def _sums(
    engine: duckdb.DuckDBPyConnection, by: str, ordered: Sequence[str], metric: str, before: str | None
) -> list[Counted]:
    value, was = f"{_name(metric)}::double", f"{_name(before)}::double" if before else "0::double"
    try:
        rows = engine.execute(
            f"""
            SELECT {_name(by)}::text, count(*), sum({value}), sum({value} * {value}), sum({was}), sum({was} * {was})
                 , sum({value} * {was}), count({value}), count({was})
            FROM outcomes GROUP BY 1
            """  # noqa: S608  # columns that are there, quoted
        ).fetchall()
    except duckdb.Error as error:
        raise UnreadableOutcomes(f"{metric} is not a column of numbers: {str(error).splitlines()[0]}") from error
    if any(units != valued or units != known for _, units, *_, valued, known in rows):
        raise UnreadableOutcomes(f"Some rows have no {metric}{f' or no {before}' if before else ''}.")
    return [
        Counted(
            metric=metric,
            variant=ordered.index(name),
            units=units,
            summed=summed,
            squares=squares,
            before=of_before,
            before_squares=before_squares,
            products=products,
        )
        for name, units, summed, squares, of_before, before_squares, products, *_ in rows
    ]


async def import_outcomes(tx: Tx, new: NewExperiment, counted: Sequence[Counted], source: str, by: str) -> bool:
    """Keep an experiment that was made elsewhere with its sums; said twice, it is kept once. Returns whether it was new."""
    at = datetime.now(UTC)
    if not await keep_result(tx, new, source, at, by):
        return False
    assert {each.variant for each in counted} >= {CONTROL}
    await keep(tx, new.merchant_id, new.experiment_id, counted, at)
    return True
