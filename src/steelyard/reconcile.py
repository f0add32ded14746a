"""`steelyard reconcile`: statements of channels and banks from a terminal, also those that are too large for a browser."""

import asyncio
import sys
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from steelyard.kernel.db import Database
from steelyard.terminal import NOT_AS_IT_SHOULD_BE, Sentence, ask, plainly, tell

_DAY = click.DateTime(["%Y-%m-%d"])
BY = "terminal"


@click.group()
def reconcile() -> None:
    """Lay statements of channels and banks beside the books."""


@reconcile.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="Whose statement it is: simpay, stripe, alipay, wechatpay, simbank.")
@click.option("--day", required=True, type=_DAY, help="The day it is of, as its sender counts days.")
@click.option("--json", "as_json", is_flag=True, help="Print the result for a program.")
@plainly
def take_in(file: Path, source: str, day: Any, as_json: bool) -> None:
    """Keep a statement and lay it beside the books; lines that cannot be read are told, and then none of it counts. Broken
    off, it goes on where it was when it is said again."""
    from steelyard.money import reconciliation

    async def question(db: Database) -> dict[str, Any]:
        known = await db.ask(reconciliation.source_called, source)
        traded = await db.ask(reconciliation.traded)
        content = await asyncio.to_thread(file.read_bytes)
        arrival = reconciliation.Arrival(source=known, day=day.date(), name=file.name, content=content)
        kept = await reconciliation.receive(db, arrival, traded, BY)
        ran = None if kept.problems else await reconciliation.run(db, source, day.date())
        return {"file": kept, "problems": await db.ask(reconciliation.problems, source, kept.file_id), "run": ran}

    found = ask(question, patient=True)
    tell(found, as_json, lambda: _say(found))
    if found["problems"]:
        sys.exit(NOT_AS_IT_SHOULD_BE)


def _say(found: dict[str, Any]) -> None:
    from steelyard.money.reconciliation.model import PROBLEMS

    for problem in found["problems"]:
        click.echo(f"line {problem.number}: {PROBLEMS[problem.problem]} {problem.told}".rstrip())
    if found["problems"]:
        click.echo(f"{found['file'].problems} lines cannot be read: nothing of this file counts.")
        return
    _say_run(found["run"])


def _say_run(ran: Any) -> None:
    differences = ", ".join(f"{kind} {count}" for kind, count in sorted(ran.found.items())) or "none"
    click.echo(f"{ran.source} {ran.day}: {ran.matched:,} of {ran.lines:,} lines matched; differences: {differences}")
    if ran.unfinished:
        click.echo(f"{ran.unfinished} wait, for the next day or for somebody: see /operator/reconciliation")


@reconcile.command()
@click.option("--source", required=True, help="Whose day.")
@click.option("--day", required=True, type=_DAY, help="The day, as its sender counts days.")
@click.option("--json", "as_json", is_flag=True, help="Print the result for a program.")
@plainly
def run(source: str, day: Any, as_json: bool) -> None:
    """Run a day again: its statement is here, and the books may know more now."""
    from steelyard.money import reconciliation

    ran = ask(lambda db: reconciliation.run(db, source, day.date()), patient=True)
    tell(ran, as_json, lambda: _say_run(ran))


@reconcile.command()
@click.option("--source", help="Of one channel or bank only.")
@click.option("--day", type=_DAY, help="Of one day only.")
@click.option("--all", "everything", is_flag=True, help="Those that are explained, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the list for a program.")
@plainly
def differences(source: str | None, day: Any, everything: bool, as_json: bool) -> None:
    """List what statements and books say differently."""
    from steelyard.money import reconciliation
    from steelyard.money.reconciliation.model import UNFINISHED

    states = None if everything else [str(state) for state in UNFINISHED]
    wanted: date | None = day.date() if day else None
    pages: list[Any] = []

    async def question(db: Database) -> None:
        cursor: str | None = None
        while True:
            page = await db.ask(
                reconciliation.differences, source=source, states=states, day=wanted, cursor=cursor, limit=200
            )
            pages.extend(page.items)
            cursor = page.next
            if cursor is None:
                return

    ask(question)
    tell(pages, as_json, lambda: click.echo("\n".join(_line(each) for each in pages) or "Nothing differs."))


def _line(each: Any) -> str:
    ours = f"{each.ours} {each.our_currency}"
    return f"{each.day}  {each.source:<10} {each.kind:<14} {each.state:<9} theirs {each.theirs} {each.currency}, ours {ours}"


@reconcile.command()
@click.option("--source", help="Of one channel or bank only.")
@click.option("--json", "as_json", is_flag=True, help="Print the list for a program.")
@plainly
def files(source: str | None, as_json: bool) -> None:
    """List the newest statements: whether they count, and how much of those that are arriving is here."""
    from steelyard.money import reconciliation

    page = ask(lambda db: db.ask(reconciliation.files, source, limit=200))
    said = [_said_of(each) for each in page.items]
    tell(page.items, as_json, lambda: click.echo("\n".join(said) or "No statement has come yet."))


def _said_of(each: Any) -> str:
    lines = f"{each.arrived:,} of {each.lines:,}" if each.state == "arriving" else f"{each.lines:,}"
    return f"{each.day}  {each.source:<10} {each.state:<9} {lines} lines  {each.name}  {each.file_id}"


@reconcile.command(name="give-up")
@click.option("--source", required=True, help="Whose statement.")
@click.option("--file", "file_id", required=True, type=click.UUID, help="Its number, as `files` shows it.")
@plainly
def give_up(source: str, file_id: UUID) -> None:
    """Withdraw a statement that has not wholly arrived, and of which no line counts."""
    from steelyard.money import reconciliation

    file = ask(lambda db: db.transact(reconciliation.give_up, source, file_id))
    click.echo(f"{file.name} does not arrive any more.")


@reconcile.command()
@click.option("--source", required=True, help="Whose statement.")
@click.option("--day", required=True, type=_DAY, help="The day, as its sender counts days.")
@click.confirmation_option(prompt="Its matches go, and its fees are posted back. Withdraw it?")
@plainly
def withdraw(source: str, day: Any) -> None:
    """Let a day's statement count no more, so that another takes its place."""
    from steelyard.money import reconciliation

    file = ask(lambda db: db.transact(reconciliation.withdraw, source, day.date(), BY), patient=True)
    if file is None:
        raise Sentence("There is no such statement.")
    click.echo(f"{file.name} does not count any more.")
