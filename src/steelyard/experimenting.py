"""`steelyard experiment`: what was tried elsewhere is judged and kept beside what is tried here."""

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, UUID, uuid5

import click

from steelyard.kernel.db import Database
from steelyard.terminal import Sentence, ask, plainly, tell

if TYPE_CHECKING:
    from steelyard.operations.experiments.model import Results


@click.group()
def experiment() -> None:
    """Experiments, and what came of them."""


@experiment.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", required=True, help="How it is called.")
@click.option("--by", required=True, help="The column that says who was in which variant.")
@click.option("--control", required=True, help="What stands there for the control.")
@click.option(
    "--metric", "metrics", required=True, multiple=True, help="A column of numbers; the first one judges. Repeat it."
)
@click.option("--before", help="A column of the units' past, by which intervals become narrower.")
@click.option("--currency", default="CNY", show_default=True, help="Of the metrics that are money.")
@click.option("--shop", help="Whose experiment it is: the shop's address; none: the marketplace's.")
@click.option("--json", "as_json", is_flag=True, help="Print the results for a program.")
@plainly
def import_(
    file: Path,
    name: str,
    by: str,
    control: str,
    metrics: tuple[str, ...],
    before: str | None,
    currency: str,
    shop: str | None,
    as_json: bool,
) -> None:
    """Judge an experiment made elsewhere from FILE (CSV or Parquet, a row a unit), and keep it."""
    from steelyard.operations import experiments
    from steelyard.operations.analytics import MARKETPLACE
    from steelyard.operations.experiments.model import ExperimentId, Kind, NewExperiment
    from steelyard.parties import merchants

    try:
        variants, counted = experiments.read_outcomes(file, by=by, control=control, metrics=metrics, before=before)
    except experiments.UnreadableOutcomes as error:
        raise Sentence(str(error)) from error
    source = f"{file.name}: {', '.join(metrics)} by {by}" + (f", {before} before" if before else "")
    units = sum(each.units for each in counted if each.metric == metrics[0])

    async def kept(db: Database) -> "Results":
        merchant_id: UUID = MARKETPLACE
        if shop:
            found = await db.ask(merchants.by_slug, shop)
            if found is None:
                raise Sentence(f"There is no shop at {shop}.")
            merchant_id = found.merchant_id
        new = NewExperiment(
            merchant_id=merchant_id,
            experiment_id=ExperimentId(uuid5(NAMESPACE_URL, f"experiment:{merchant_id}:{name}:{source}")),
            kind=Kind.IMPORTED,
            name=name,
            hypothesis=source,
            metric=metrics[0],
            currency=currency,
            variants=variants,
            units_planned=max(1, units),
        )
        await db.transact(experiments.import_outcomes, new, counted, source, "operator")
        return (await db.ask(experiments.results, merchant_id, new.experiment_id))[2]

    results = ask(kept)
    tell(results, as_json, lambda: click.echo("\n".join(_lines(results, [each.name for each in variants]))))


def _lines(results: "Results", names: list[str]) -> list[str]:
    lines = [f"{name}: {units:,} units" for name, units in zip(names, results.units, strict=True)]
    for each in results.findings:
        found = each.relative
        lines.append(
            f"{each.metric}, {names[each.variant]}: {found.difference:+.2%} ({found.low:+.2%} to {found.high:+.2%}), "
            f"absolute {each.absolute.difference:+.5f} ({each.absolute.low:+.5f} to {each.absolute.high:+.5f})"
        )
    return lines
