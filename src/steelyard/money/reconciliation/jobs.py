"""Statements are asked for when their day is over, each by a job of its own, and run when they are here."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import structlog

from steelyard.kernel import jobs
from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Refusal
from steelyard.kernel.sweeps import Sweep
from steelyard.money.reconciliation.fetching import ask_again, claim, fetch
from steelyard.money.reconciliation.gateways import Sender, senders
from steelyard.money.reconciliation.model import NoSuchSource
from steelyard.money.reconciliation.running import run

EVERY_SECONDS = 60.0

log = structlog.get_logger()


async def _sweep(db: Database) -> int:
    return await defer_due(db, senders(kernel_settings.load()), datetime.now(UTC))


async def defer_due(db: Database, known: Mapping[str, Sender], now: datetime) -> int:
    """A job for each day of each source that is due; returns how many."""
    deferred = 0
    for name, sender in sorted(known.items()):
        try:
            deferred += await db.transact(_defer, name, sender, now)
        except Refusal as refusal:  # a source that is not known here: nothing that asking again would change
            log.error("reconciliation.refused", source=name, why=str(refusal))
    return deferred


async def _defer(tx: Tx, name: str, sender: Sender, now: datetime) -> int:
    days = await claim(tx, name, sender.after, now)
    for day in days:
        await _ask(tx, name, day)
    return len(days)


async def _ask(tx: Tx, source: str, day: date) -> None:
    name = f"reconciliation.fetch:{source}"
    await jobs.defer(tx, fetch_day.with_options(lock=name, once=f"{name}:{day}"), source=source, day=day)


async def fetch_again(tx: Tx, sender: Sender, day: date, now: datetime) -> None:
    """The day is asked for in the background, whatever came of it before. Raises `NotFound` and `NotOver`."""
    await ask_again(tx, sender.source, day, sender.after, now)
    await _ask(tx, sender.source, day)


# (What fails is due again by its row, and not by the queue.)
@jobs.job("reconciliation.fetch_day", tries_max=1)
async def fetch_day(db: Database, *, source: str, day: date) -> None:
    """Ask one who sends statements for one day of theirs. Raises `NoSuchSource` for one who is not set up any more."""
    sender = senders(kernel_settings.load()).get(source)
    if sender is None:
        raise NoSuchSource(source=source)
    await fetch(db, sender, day, datetime.now(UTC))


@jobs.job("reconciliation.run_day")
async def run_day(db: Database, *, source: str, day: date) -> None:
    """Lay a day beside the books: for statements that nobody waits for in a browser."""
    await run(db, source, day)


SWEEPS = [Sweep("reconciliation.fetch", EVERY_SECONDS, _sweep)]
