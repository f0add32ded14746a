"""`steelyard report trend|funnel|…`: the analyses of what people do, for a terminal or a program."""

import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec
from uuid import UUID

import click
import msgspec
from rich.console import Console
from rich.table import Table

from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.settings import Settings
from steelyard.terminal import NOT_AS_IT_SHOULD_BE, Sentence, ask, plainly, progressing, tell

if TYPE_CHECKING:
    from steelyard.operations.reports.model import Answer, Question, Scope

P = ParamSpec("P")

DAYS_ASKED = 30
DIGITS = 2
HOUSE_OFFSET_MINUTES = 480
SECONDS_MAX = 600.0
TERMINAL_MEMORY = "2GB"
COST_UNCLEAR = "--cost is said as CHANNEL=AMOUNT, such as ad=1200.50."
_AMOUNTS = {"amount", "total", "cost"}
_COLUMNS = ["kind", "item", "category", "channel", "source", "medium", "campaign", "device", "currency", "merchant"]


def _asking(command: Callable[P, None]) -> Callable[P, None]:
    """The options that every analysis has."""
    options = [
        click.option(
            "--dataset", metavar="NAME", help="Of imported events (see `steelyard import events`); else of this house."
        ),
        click.option("--merchant", metavar="ID", help="Of one shop, by its id."),
        click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), help="The first day."),
        click.option("--to", "until", type=click.DateTime(["%Y-%m-%d"]), help="The last day."),
        click.option("--channel", "channels", multiple=True, help="Only what came through it; may be said again."),
        click.option("--device", "devices", multiple=True, help="Only on it; may be said again."),
        click.option("--category", "categories", multiple=True, help="Only of it; may be said again."),
        click.option("--users", type=click.Path(exists=True, path_type=Path), help="Only these: a file, an id a line."),
        click.option("--currency", help="Amounts in this currency; without it in the one most used."),
        click.option("--compare", is_flag=True, help="With the same of as many days before."),
        click.option("--json", "as_json", is_flag=True, help="Print the answer for a program."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


_every = click.option("--every", type=click.Choice(["day", "week", "month"]), default="day", show_default=True)
_every_month = click.option("--every", type=click.Choice(["day", "week", "month"]), default="month", show_default=True)
_by = click.option("--by", type=click.Choice(_COLUMNS), help="Broken down by this column.")
_periods = click.option("--periods", default=12, show_default=True, help="So many periods after the first.")
_gap = click.option("--gap-minutes", default=30, show_default=True, help="A longer pause ends a session.")


@click.command()
@_asking
@click.option("--kind", "kinds", multiple=True, help="Of these kinds of event; may be said again. Without: all.")
@click.option(
    "--measure", "measures", multiple=True, type=click.Choice(["events", "users", "orders", "amount"]),
    default=("events", "users"), show_default=True, help="What is counted; may be said again.",
)  # fmt: skip
@_every
@_by
@plainly
def trend(kinds: tuple[str, ...], measures: Any, every: Any, by: Any, **asked: Any) -> None:
    """How often something happens, by period."""
    from steelyard.operations.reports.model import Trend

    _report(Trend(kinds=kinds, measures=measures, every=every, by=by), asked)


@click.command()
@_asking
@click.argument("steps", nargs=-1, required=True)
@click.option("--window-hours", default=168.0, show_default=True, help="All steps within so long after the first.")
@click.option("--mode", type=click.Choice(["default", "strict", "strict_order"]), default="default", show_default=True)
@_by
@plainly
def funnel(steps: tuple[str, ...], window_hours: float, mode: Any, by: Any, **asked: Any) -> None:
    """How far people come through STEPS in their order, each a kind, or kind:column=value."""
    from steelyard.operations.reports.model import Funnel

    seconds = round(window_hours * 3600) if math.isfinite(window_hours) else 0
    _report(Funnel(steps=steps, window_seconds=seconds, mode=mode, by=by), asked)


@click.command()
@_asking
@click.option("--first", default="pay", show_default=True, help="What makes somebody one of a cohort.")
@click.option("--again", default="pay", show_default=True, help="What they come back for.")
@_every_month
@_periods
@_by
@plainly
def retention(first: str, again: str, every: Any, periods: int, by: Any, **asked: Any) -> None:
    """Who comes back, by the period of the first time."""
    from steelyard.operations.reports.model import Retention

    _report(Retention(first=first, again=again, every=every, periods=periods, by=by), asked)


@click.command()
@_asking
@click.option("--kind", "kinds", multiple=True, help="Of these kinds of event; may be said again. Without: all.")
@click.option("--by", type=click.Choice(_COLUMNS), default="kind", show_default=True, help="What a stop is.")
@click.option("--steps", default=5, show_default=True, help="So many steps from the beginning of a session.")
@click.option("--top", default=10, show_default=True, help="So many transitions of each step.")
@_gap
@plainly
def paths(kinds: tuple[str, ...], by: Any, steps: int, top: int, gap_minutes: int, **asked: Any) -> None:
    """What people do after what, within a session."""
    from steelyard.operations.reports.model import Paths

    _report(Paths(kinds=kinds, by=by, steps=steps, top=top, gap_seconds=gap_minutes * 60), asked)


@click.command()
@_asking
@click.argument("first")
@click.argument("then")
@_by
@plainly
def intervals(first: str, then: str, by: Any, **asked: Any) -> None:
    """How long it is from FIRST to the next THEN, in seconds; from order to order with `pay pay`."""
    from steelyard.operations.reports.model import Intervals

    _report(Intervals(first=first, then=then, by=by), asked)


@click.command()
@_asking
@click.option("--kind", default="pay", show_default=True, help="Of this kind of event.")
@click.option("--of", type=click.Choice(["events", "orders", "days"]), default="orders", show_default=True)
@_by
@plainly
def distribution(kind: str, of: Any, by: Any, **asked: Any) -> None:
    """How many people did it how many times."""
    from steelyard.operations.reports.model import Distribution

    _report(Distribution(kind=kind, of=of, by=by), asked)


@click.command()
@_asking
@_every
@_gap
@_by
@plainly
def sessions(every: Any, gap_minutes: int, by: Any, **asked: Any) -> None:
    """Visits: what somebody does without a longer pause."""
    from steelyard.operations.reports.model import Sessions

    _report(Sessions(every=every, gap_seconds=gap_minutes * 60, by=by), asked)


@click.command()
@_asking
@click.option("--model", type=click.Choice(["first", "last", "linear"]), default="last", show_default=True)
@click.option(
    "--by", type=click.Choice(["channel", "source", "medium", "campaign"]), default="channel", show_default=True
)
@click.option("--touch", default="arrive", show_default=True, help="What leads to an order.")
@click.option("--window-days", default=30, show_default=True, help="Touches within so long before an order.")
@click.option(
    "--cost", "costs", multiple=True, metavar="CHANNEL=AMOUNT",
    help="What a channel cost, instead of what was entered of it in this house; may be said again.",
)  # fmt: skip
@plainly
def attribution(model: Any, by: Any, touch: str, window_days: int, costs: tuple[str, ...], **asked: Any) -> None:
    """Which channel brought the orders, and what came back of its cost."""
    from steelyard.operations import reports
    from steelyard.operations.reports.model import Attribution

    said = _amounts(costs)
    answer = _worked_out(Attribution(model=model, by=by, touch=touch, window_days=window_days), asked)
    entered = {} if asked["dataset"] is not None or by == "medium" else _entered(answer, by)
    spent = {name: int(amount * 10**answer.digits) for name, amount in said.items()}
    _show(reports.with_costs(answer, {**entered, **spent}), asked)


def _amounts(costs: Sequence[str]) -> Mapping[str, Decimal]:
    """What `--cost` says, by channel."""
    parts = [cost.partition("=") for cost in costs]
    try:
        found = {name: Decimal(amount) for name, _, amount in parts}
    except ArithmeticError as error:
        raise Sentence(COST_UNCLEAR) from error
    if not all(name and amount.is_finite() for name, amount in found.items()):
        raise Sentence(COST_UNCLEAR)
    return found


def _entered(answer: "Answer", by: str) -> Mapping[str, int]:
    """What was entered in this house of the days and in the currency of an attribution, as its page has it."""
    from steelyard.operations import behaviour

    scope = answer.scope
    try:
        shop = UUID(scope.merchant) if scope.merchant else behaviour.MARKETPLACE
    except ValueError:  # no shop of ours
        return {}
    found = ask(lambda db: db.ask(behaviour.costs_of_channels, shop, scope.since, scope.until, by))
    return found.get(scope.currency, {})


@click.command()
@_asking
@_every_month
@_periods
@_by
@plainly
def ltv(every: Any, periods: int, by: Any, **asked: Any) -> None:
    """What the customers of a cohort have paid in the end, less refunds."""
    from steelyard.operations.reports.model import Lifetime

    _report(Lifetime(every=every, periods=periods, by=by), asked)


COMMANDS = [trend, funnel, retention, paths, intervals, distribution, sessions, attribution, ltv]


def import_events(
    files: Sequence[Path], mapping: str | None, rejects: Path | None, name: str | None, as_json: bool
) -> None:
    """`steelyard import events`: exit code 3 where rows were rejected."""
    from steelyard.operations import lake

    home = kernel_settings.load().home
    with progressing() as progress:
        bar = progress.add_task("rows", total=None)
        told = lake.import_events(
            home, files, mapping=mapping, name=name, rejects=rejects,
            progress=lambda done, of: progress.update(bar, completed=done, total=of),
        )  # fmt: skip
    tell(told, as_json, lambda: click.echo(told.summary()))
    if told.rejected:
        sys.exit(NOT_AS_IT_SHOULD_BE)


class _Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where the events are, and what is to be known of them."""

    files: Sequence[Path]
    since: date
    until: date
    digits: int
    utc_offset_minutes: int


def _source(settings: Settings, dataset: str | None) -> _Source:
    from steelyard.operations import lake

    if dataset is None:
        today = datetime.now(UTC) + timedelta(minutes=HOUSE_OFFSET_MINUTES)
        return _Source(
            files=ask(lambda db: db.ask(lake.files, settings.home)),
            since=(today - timedelta(days=DAYS_ASKED - 1)).date(),
            until=today.date(),
            digits=DIGITS,
            utc_offset_minutes=HOUSE_OFFSET_MINUTES,
        )
    facts, file = lake.dataset(settings.home, dataset)
    return _Source(
        files=[file],
        since=facts.since,
        until=facts.until,
        digits=facts.digits,
        utc_offset_minutes=facts.utc_offset_minutes,
    )


def _scope(source: _Source, asked: Mapping[str, Any]) -> "Scope":
    from steelyard.operations.reports.model import Scope

    users: Path | None = asked["users"]
    return Scope(
        since=asked["since"].date() if asked["since"] else source.since,
        until=asked["until"].date() if asked["until"] else source.until,
        merchant=asked["merchant"] or "",
        channels=asked["channels"],
        devices=asked["devices"],
        categories=asked["categories"],
        users=tuple(users.read_text("utf-8").split()) if users else None,
        currency=asked["currency"] or "",
        offset_minutes=source.utc_offset_minutes,
    )


def _report(question: "Question", asked: Mapping[str, Any]) -> None:
    _show(_worked_out(question, asked), asked)


def _show(answer: "Answer", asked: Mapping[str, Any]) -> None:
    tell(answer, asked["as_json"], lambda: _print(answer))


def _worked_out(question: "Question", asked: Mapping[str, Any]) -> "Answer":
    from steelyard.operations import reports

    settings = kernel_settings.load()
    source = _source(settings, asked["dataset"])
    scope = _scope(source, asked)
    which = settings.analytics
    limits: dict[str, Any] = {"memory_limit": TERMINAL_MEMORY, "seconds_max": SECONDS_MAX} if which == "duckdb" else {}
    engine = reports.open_engine(which, source.files, **limits)
    try:
        return reports.answer(engine, scope, question, compare=asked["compare"], digits=source.digits)
    finally:
        engine.close()


def _print(answer: "Answer") -> None:
    # What is not looked at by a person is not cut to a screen's width.
    out = Console(width=None if os.isatty(1) else 200)
    heading = f"{answer.name}, {answer.scope.since} to {answer.scope.until}"
    out.print(_table(answer, answer.rows, f"{heading} {answer.scope.currency}".strip()))
    if answer.before is not None:
        before = answer.scope.before
        out.print(_table(answer, answer.before, f"{before.since} to {before.until}"))


def _table(answer: "Answer", rows: Sequence[Mapping[str, object]], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in answer.columns:
        table.add_column(column, justify="left" if column in ("group", "source", "target", "channel") else "right")
    for row in rows:
        table.add_row(*(_words(answer, column, row.get(column)) for column in answer.columns))
    return table


def _words(answer: "Answer", column: str, value: Any) -> str:
    if value is None:
        return ""
    if column in _AMOUNTS:
        return f"{Decimal(str(value)) / 10**answer.digits:,.{answer.digits}f}"
    return f"{round(value, 2):,}" if isinstance(value, int | float) else str(value)
