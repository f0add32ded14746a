"""`steelyard report rfm|clv` and `steelyard recount customers`: what is known of customers, for a terminal or a program."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click
import msgspec

from steelyard.kernel import ids
from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.db import Database
from steelyard.terminal import Sentence, ask, plainly, tell

if TYPE_CHECKING:
    from steelyard.operations.lifecycle import ClvReport, RfmReport, ValueRun


def _asking(command: Any) -> Any:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the answer for a program."),
        click.option("--merchant", metavar="ID", type=click.UUID, help="Of one shop, by its id; without: the marketplace."),
        click.option(
            "--on", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
            help="As known at this moment (UTC); without: a day after the last event.",
        ),
        click.option("--dataset", metavar="NAME", help="Of imported events; without: as last counted of this house."),
        click.option("--gross", is_flag=True, help="Spending is what was paid, and what was given back is not taken off it."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command()
@_asking
@plainly
def rfm(dataset: str | None, on: datetime | None, merchant: UUID | None, gross: bool, as_json: bool) -> None:
    """How lately, how often and for how much customers bought, and in which segments they are."""
    from steelyard.operations import lifecycle

    if dataset is None:
        return _as_counted(merchant, on, gross, as_json)
    frame, moment, digits = _frame(dataset, on, merchant)
    report: RfmReport = lifecycle.rfm(frame, moment, gross=gross)
    lines = [
        f"{report.customers:,} customers on {moment:%Y-%m-%d %H:%M}, {report.currency}",
        f"{report.orders:,} orders, {_money(report.spent, digits)} paid, {_money(report.refunded, digits)} given back",
        f"mean days since the last order {report.recency_days:,.2f}, orders {report.frequency:,.2f}, "
        f"{'spending' if gross else 'net spending'} {_money(report.monetary, digits)}",
        f"{report.top_share:.2%} of it from the fifth of customers who spent the most",
        f"before refunds: spending {_money(report.paid_monetary, digits)}, {report.paid_top_share:.2%} of it from the fifth",
        *(f"{each.segment:>16}  {each.customers:>8,}  {_money(each.net, digits):>16}" for each in report.segments),
    ]
    tell(report, as_json, lambda: click.echo("\n".join(lines)))
    return None


@click.command()
@_asking
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 3650), help="So many days are foretold.")
@plainly
def clv(dataset: str | None, on: datetime | None, merchant: UUID | None, gross: bool, as_json: bool, days: int) -> None:
    """How many orders are to be expected of customers, what they come to, and how well that is foretold."""
    from steelyard.operations import lifecycle

    if dataset is None:
        return _as_counted(merchant, on, gross, as_json)
    frame, moment, digits = _frame(dataset, on, merchant)
    report: ClvReport = lifecycle.clv(frame, moment, days, gross=gross)
    lines = [f"{report.customers:,} customers on {moment:%Y-%m-%d %H:%M}, {report.currency}, next {days} days"]
    if report.model is None:
        lines.append("too few customers for a model")
    else:
        lines += [
            f"model {report.model}: " + ", ".join(f"{name} {value:,.4g}" for name, value in report.parameters.items()),
            f"expected orders {report.orders:,.1f} ({report.low:,.1f} to {report.high:,.1f}), "
            f"spending {_money(report.spent, digits)}",
        ]
    if report.holdout is not None:
        held = report.holdout
        lines.append(
            f"of the last {held.days} days, held out: foretold {held.foretold:,.1f}, were {held.actual:,}; "
            f"mean error {held.error:.3f} orders a customer, of going on as before {held.naive_error:.3f}"
        )
    tell(report, as_json, lambda: click.echo("\n".join(lines)))
    return None


def _frame(dataset: str, on: datetime | None, merchant: UUID | None) -> tuple[Any, datetime, int]:
    from steelyard.operations import lake, lifecycle

    facts, file = lake.dataset(kernel_settings.load().home, dataset)
    shop = str(merchant or "")
    last = lifecycle.last_moment([file], shop)
    if last is None:
        raise Sentence("There is no such event in this set.")
    end = on.replace(tzinfo=UTC) if on else last + timedelta(days=1)
    return lifecycle.Payments(files=[file], merchant=shop), end, facts.digits


def _as_counted(merchant: UUID | None, on: datetime | None, gross: bool, as_json: bool) -> None:
    """What the last counting of this house says, scores and predictions alike."""
    if on is not None or gross:
        raise Sentence(
            "--on and --gross are of imported events: say --dataset, or look at the page of customers' values."
        )
    from steelyard.operations import lifecycle

    async def question(db: Database) -> "ValueRun | None":
        return await db.ask(lifecycle.value_run, merchant or lifecycle.MARKETPLACE)

    run: ValueRun | None = ask(question)
    if run is None or run.facts is None:
        raise Sentence("No customers have been valued yet: say `steelyard recount customers`, and have a worker run.")
    facts = run.facts
    lines = [f"{name:>16}  {value}" for name, value in msgspec.to_builtins(facts).items() if value is not None]
    tell(
        run,
        as_json,
        lambda: click.echo("\n".join([f"{run.customers:,} customers, {run.counted_at:%Y-%m-%d %H:%M}", *lines])),
    )


def _money(minor: float, digits: int) -> str:
    return f"{Decimal(round(minor)) / 10**digits:,.{digits}f}"


@click.group()
def recount() -> None:
    """Count anew what the house knows by counting."""


@recount.command()
@click.option(
    "--from-nothing", is_flag=True, help="Forget the stages that were noted, and tell their history by today's rules."
)
@click.option("--json", "as_json", is_flag=True, help="Print what was found for a program.")
@plainly
def customers(from_nothing: bool, as_json: bool) -> None:
    """Count all customers anew from their orders; tells of how many the facts were otherwise."""
    from steelyard.operations import lifecycle

    async def counted(db: Database) -> "lifecycle.Recount":
        recount_id = f"command:{ids.mint()}"
        if from_nothing:
            await db.transact(lifecycle.start_over)
        await db.transact(lifecycle.ask_for_recount, recount_id)
        while True:
            found = await db.ask(lifecycle.recount_of, recount_id)
            assert found is not None
            if found.finished_at is not None:
                return found
            await db.transact(lifecycle.recount_some, datetime.now(UTC))

    found = ask(counted)
    tell(
        found, as_json, lambda: click.echo(f"{found.buyers:,} buyers counted; {found.changed:,} facts were otherwise.")
    )


COMMANDS = [rfm, clv]
