"""The command line: everything that is done to an installation from a terminal.

Exit codes: 0 done; 1 it did not work, and one sentence on stderr says why; 2 the command was not understood; 3 what was
looked at is not as it should be (`check`, `doctor`, rejected rows of `import`).
"""

import asyncio
import gc
import json
import logging
import multiprocessing
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any, Literal, NoReturn

import click
import msgspec

from steelyard import __version__, knowing, reporting
from steelyard.experimenting import experiment
from steelyard.kernel import archive, checks, events, installation, migrations, processes
from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.db import Database, administer
from steelyard.kernel.processes import Program
from steelyard.kernel.settings import Settings
from steelyard.reconcile import reconcile
from steelyard.simulating import simulate
from steelyard.terminal import NOT_AS_IT_SHOULD_BE, Sentence, ask, bar, plainly, progressing, tell
from steelyard.verifying import verify_live

CONNECTIONS_WAITING_MAX = 4_096
REQUESTS_OPEN_MAX = 20_000
STOP_SECONDS_MAX = 15


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="steelyard")
def steelyard() -> None:
    """Steelyard 杆秤: a marketplace with its operations built in.

    Settings come from the environment: STEELYARD_HOME (data folder), DATABASE_URL (your own PostgreSQL), PORT.
    """
    processes.end_with_starter()


@steelyard.command()
@click.option("--fresh", is_flag=True, help="Throw the demo's data away and begin anew.")
@click.option("--from-import", is_flag=True, help="Show what was imported instead of the made-up marketplace.")
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same marketplace.")
@click.option(
    "--scale",
    type=click.FloatRange(0.02, 100),
    default=1.0,
    show_default=True,
    envvar="STEELYARD_DEMO_SCALE",
    help="So many times the orders, buyers and products: 10 or 100 to test under load, 0.1 to start sooner.",
)
@click.option("--traffic", default=0, metavar="N", help="N simulated shoppers browse and buy while it runs.")
@plainly
def demo(fresh: bool, from_import: bool, seed: int, scale: float, traffic: int) -> None:
    """Run a whole marketplace on this machine, with simulated payments, carriers, bank and mail."""
    from steelyard.demo import running
    from steelyard.kernel import logs

    logs.configure(level=logging.WARNING)  # the bars tell what goes on
    try:
        running.run(
            kernel_settings.load(), fresh=fresh, from_import=from_import, seed=seed, scale=scale, traffic=traffic
        )
    except running.Obstacle as obstacle:
        raise Sentence(str(obstacle)) from obstacle


@steelyard.command()
@click.option("--all", "everything", is_flag=True, help="Run the worker beside the web server.")
@plainly
def serve(everything: bool) -> None:
    """Serve the web pages and the API."""
    settings = kernel_settings.load()
    if processes.taken(settings.port):
        raise Sentence(f"Port {settings.port} is taken by another program: stop it, or set PORT.")
    with installation.opened_and_migrated(settings) as here:
        if everything:
            own = [sys.executable, "-m", "steelyard"]
            processes.run([Program("web", [*own, "serve"]), Program("worker", [*own, "work"])], _environ(here))
        else:
            os.environ.update(_environ(here))
            _serve(here)


def _environ(settings: Settings) -> dict[str, str]:
    assert settings.database_url is not None
    return {**os.environ, "DATABASE_URL": settings.database_url}


def _serve(settings: Settings) -> None:
    from granian import Granian
    from granian.constants import Interfaces, Loops

    processes.open_many_files()
    if multiprocessing.get_start_method() == "fork":
        gc.disable()  # what is made now stays; `app.settle` looks through it once
        from steelyard import app

        app.make_before_workers()
    Granian(
        "steelyard.app:web_worker",
        factory=True,
        address="127.0.0.1" if settings.loopback_only else "0.0.0.0",  # noqa: S104  # production listens to everybody
        port=settings.port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        workers=settings.workers,
        backlog=CONNECTIONS_WAITING_MAX,
        # Who watches a live session holds a request open: what is served at once is bounded by our own queues (kernel/batching).
        backpressure=REQUESTS_OPEN_MAX,
        workers_kill_timeout=STOP_SECONDS_MAX,
        respawn_failed_workers=True,
        websockets=False,
        log_access=False,
    ).serve()


@steelyard.command()
@plainly
def work() -> None:
    """Do what goes on by itself: jobs, subscribers, sweeps."""
    from steelyard import worker

    with installation.opened_and_migrated(kernel_settings.load()) as here:
        os.environ.update(_environ(here))
        worker.run(here)


@steelyard.command()
@plainly
def media() -> None:
    """Take hosts' live video by RTMP and hand it to players. See docs/guide/media.md."""
    from steelyard.kernel import logs
    from steelyard.media import serving
    from steelyard.media import settings as media_settings

    house = kernel_settings.load()
    if not house.media_webhook_secret:
        raise Sentence("STEELYARD_MEDIA_WEBHOOK_SECRET is not set: the house would not know who asks.")
    here = media_settings.of(house)
    for port in (here.http_port, here.rtmp_port):
        if processes.taken(port):
            raise Sentence(f"Port {port} is taken by another program.")
    logs.configure(house.log_format)
    click.echo(f"RTMP on port {here.rtmp_port}, players on {here.http_port}; the house is asked at {here.hooks_url}")
    serving.run(here)


@steelyard.command()
@plainly
def migrate() -> None:
    """Bring the database up to date."""
    with installation.opened(kernel_settings.load()) as here:
        assert here.database_url is not None
        ran = asyncio.run(migrations.migrate(here.database_url))
    click.echo("\n".join(ran) if ran else "The database is up to date.")


@steelyard.command(name="import")
@click.argument("what", type=click.Choice(["products", "customers", "orders", "events"]))
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--map", "mapping", help="A mapping file, or the name of one that ships with Steelyard.")
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="Where rejected rows are written.")
@click.option("--name", help="What events are to be called; without it by the first file's name.")
@click.option("--json", "as_json", is_flag=True, help="Print the result for a program.")
@plainly
def import_(
    what: str, files: tuple[Path, ...], mapping: str | None, rejects: Path | None, name: str | None, as_json: bool
) -> None:
    """Import products, customers, orders or events from CSV or Parquet files. See docs/guide/import.md, and for events
    docs/guide/events.md."""
    if what == "events":
        reporting.import_events(files, mapping, rejects, name, as_json)
        return
    if name is not None:
        raise Sentence("--name is of events.")
    from steelyard.channels import feeds

    with installation.opened_and_migrated(kernel_settings.load()) as here, progressing() as progress:
        result = feeds.import_files(here, what, files, mapping=mapping, rejects=rejects, progress=progress)
    tell(result, as_json, lambda: click.echo(result.summary()))
    if result.rejected:
        sys.exit(NOT_AS_IT_SHOULD_BE)


@steelyard.group()
def report() -> None:
    """Figures from the database."""


@report.command()
@click.option("--from", "first", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The first day.")
@click.option("--to", "last", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The last day.")
@click.option("--definition", type=click.Choice(["net", "published"]), default="net", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the figures for a program.")
@plainly
def sales(first: Any, last: Any, definition: Literal["net", "published"], as_json: bool) -> None:
    """Sales of a period: net of returns with everything included, or by the published definition (customer known,
    quantity and price above zero)."""
    from steelyard.operations import analytics

    async def question(db: Database) -> analytics.SalesReport:
        return await db.ask(analytics.sales_report, _day(first), _day(last), definition)

    figures = ask(question)
    lines = [f"{name:>12}  {value}" for name, value in msgspec.to_builtins(figures).items()]
    tell(figures, as_json, lambda: click.echo("\n".join(lines)))


for analysis in [*reporting.COMMANDS, *knowing.COMMANDS]:
    report.add_command(analysis)


def _day(moment: Any) -> date:
    return moment.date()


@steelyard.command()
@click.option("--json", "as_json", is_flag=True, help="Print the violations for a program.")
@plainly
def check(as_json: bool) -> None:
    """Run every checks.sql: the truths that must hold over the whole database."""
    with installation.opened_and_migrated(kernel_settings.load()) as here:
        assert here.database_url is not None
        violations = asyncio.run(checks.run(here.database_url))
    facts = [{"check": found.name, "rows": [_plain(row) for row in found.rows]} for found in violations]
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False, indent=2))
    for found in violations if not as_json else ():
        click.echo(f"✗ {found.name}: {len(found.rows)} row(s), such as {_plain(found.rows[0])}")
    if violations:
        sys.exit(NOT_AS_IT_SHOULD_BE)
    if not as_json:
        click.echo(f"All {len(checks.collect())} checks hold.")


def _plain(row: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in row.items()}


@steelyard.command(context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[PART ...] [OPTION ...]")
@plainly
def bench(words: tuple[str, ...]) -> None:
    """Measure Steelyard beside its targets.

    For a checkout with its development packages; `steelyard bench -- --help` tells the parts and the options.
    """
    checkout = Path(__file__).parents[2]
    if not (checkout / "bench" / "__main__.py").exists():
        raise Sentence("The measurements are in the source's own folder, and this is an installed package.")
    path = os.pathsep.join(filter(None, [str(checkout / "src"), os.environ.get("PYTHONPATH")]))
    environ = {**os.environ, "PYTHONPATH": path}
    sys.exit(subprocess.run([sys.executable, "-m", "bench", *words], cwd=checkout, env=environ, check=False).returncode)  # noqa: S603


@steelyard.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@plainly
def backup(file: Path) -> None:
    """Write the whole database to one FILE, while everybody goes on working."""
    with installation.opened(kernel_settings.load()) as here, progressing() as progress:
        assert here.database_url is not None
        made = archive.backup(here.database_url, file, bar(progress, "tables"))
    click.echo(f"{made.file}: {made.tables} tables, {made.size_bytes:,} bytes")


@steelyard.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@plainly
def restore(file: Path) -> None:
    """Fill this installation's empty database from a backup FILE."""
    with installation.opened(kernel_settings.load()) as here, progressing() as progress:
        assert here.database_url is not None
        archive.restore(here.database_url, file, bar(progress, "tables"), after=_go_on)
    click.echo("Restored. Next: steelyard check")


def _go_on(url: str) -> None:
    """A restored copy goes on: newer migrations run, and its event log is numbered in this cluster's terms."""

    async def renumbered() -> None:
        await migrations.migrate(url)
        async with administer(url) as connection, connection.transaction():
            await events.renumber(events.Tx(connection))

    asyncio.run(renumbered())


@steelyard.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings for a program.")
@plainly
def doctor(as_json: bool) -> None:
    """Explain what is wrong with this installation."""
    from steelyard import diagnosis

    findings = diagnosis.examine(kernel_settings.load())
    tell(findings, as_json, lambda: click.echo("\n".join(finding.line() for finding in findings)))
    if not all(finding.good for finding in findings):
        sys.exit(NOT_AS_IT_SHOULD_BE)


steelyard.add_command(reconcile)
steelyard.add_command(knowing.recount)
steelyard.add_command(simulate)
steelyard.add_command(experiment)
steelyard.add_command(verify_live)


def main() -> NoReturn:
    """The entry point of the command `steelyard`."""
    steelyard()
    raise AssertionError("click ends the program")
