"""What may be wrong with an installation, looked at from the ground up: what `steelyard doctor` says."""

import asyncio
import shutil
import socket
from contextlib import closing
from pathlib import Path

import msgspec

from steelyard.kernel import checks, events, installation, migrations
from steelyard.kernel.db import Database, Read
from steelyard.kernel.postgres import ClusterError
from steelyard.kernel.settings import Settings
from steelyard.money import payments
from steelyard.surfaces.components.assets import Assets

FREE_MEGABYTES_MIN = 500
MEGABYTE = 1024 * 1024
LAG_EVENTS_MAX = 900
POSTGRESQL_MIN = 15


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at; `advice` says what to do when it is not good."""

    what: str
    good: bool
    detail: str
    advice: str = ""

    def line(self) -> str:
        return f"{'✓' if self.good else '✗'} {self.what}: {self.detail}" + (f" → {self.advice}" if self.advice else "")


def examine(settings: Settings) -> list[Finding]:
    """Everything that can be looked at; what cannot, since something below it is broken, is left out."""
    findings = [_home(settings.home), _assets(), *_outside(settings)]
    try:
        with installation.opened(settings) as here:
            assert here.database_url is not None
            findings += asyncio.run(_database(here.database_url))
    except installation.BAD_ADDRESS as error:
        findings.append(Finding("database", False, str(error), "DATABASE_URL is postgresql://user:password@host/name"))
    except (ClusterError, *installation.NO_ANSWER) as error:
        findings.append(Finding("database", False, str(error) or type(error).__name__, "see docs/guide/running.md"))
    return findings


def _home(home: Path) -> Finding:
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / ".probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        return Finding("data folder", False, str(error), "set STEELYARD_HOME to a folder that this user may write to")
    free = shutil.disk_usage(home).free // MEGABYTE
    if free < FREE_MEGABYTES_MIN:
        return Finding("data folder", False, f"{home}, {free} MB free", "make room")
    return Finding("data folder", True, f"{home}, {free:,} MB free")


def _assets() -> Finding:
    try:
        Assets()
    except FileNotFoundError as error:
        return Finding("front-end packages", False, str(error), "run: make setup")
    return Finding("front-end packages", True, "all there")


def _outside(settings: Settings) -> list[Finding]:
    findings = [_mail(settings)]
    findings.append(_channels(settings))
    for name in ("simpay", "carriers", "bank", "stripe", "messages"):
        there = settings.stripe_key if name == "stripe" else getattr(settings, f"{name}_url")
        if there and not getattr(settings, f"{name}_webhook_secret"):
            variable = f"STEELYARD_{name.upper()}_WEBHOOK_SECRET"
            findings.append(
                Finding(f"webhooks of {name}", False, "all are refused: there is no secret", f"set {variable}")
            )
    return findings


def _channels(settings: Settings) -> Finding:
    """Whether buyers can pay, and the keys of each channel are what they should be."""
    try:
        names = ", ".join(payments.channels(settings))
    except msgspec.ValidationError as error:
        return Finding("payment channels", False, str(error), "see docs/guide/running.md")
    if not names:
        return Finding("payment channels", False, "none is set up", "see docs/guide/running.md, or run the demo")
    return Finding("payment channels", True, names)


def _mail(settings: Settings) -> Finding:
    with closing(socket.socket()) as probe:
        probe.settimeout(2)
        there = probe.connect_ex((settings.smtp_host, settings.smtp_port)) == 0
    where = f"{settings.smtp_host}:{settings.smtp_port}"
    return Finding(
        "mail server",
        there,
        where,
        "" if there else "mails wait until STEELYARD_SMTP_HOST and _PORT name one that answers",
    )


async def _database(url: str) -> list[Finding]:
    pending = await migrations.pending(url)
    if pending:
        return [Finding("migrations", False, f"{len(pending)} have not run", "run: steelyard migrate")]
    findings = [Finding("migrations", True, "up to date")]
    db = await Database.connect(url, size=1)
    try:
        version = int(await db.ask(_version))
        findings.append(Finding("PostgreSQL", version >= POSTGRESQL_MIN, str(version), ""))
        for lag in await db.ask(events.lags):
            good = lag.error is None and lag.events < LAG_EVENTS_MAX
            detail = lag.error or f"{lag.events} event(s) behind"
            findings.append(
                Finding(f"subscriber {lag.subscriber}", good, detail, "" if good else "run: steelyard work")
            )
        held = await db.ask(events.holding_back)
        if held:
            findings.append(Finding("event log", False, held, "end that transaction: it holds all readers back"))
    finally:
        await db.close()
    violations = await checks.run(url)
    findings += [
        Finding(found.name, False, f"{len(found.rows)} row(s)", "run: steelyard check") for found in violations
    ]
    return findings


async def _version(read: Read) -> str:
    return await read.value("SELECT current_setting('server_version_num')::integer / 10000")
