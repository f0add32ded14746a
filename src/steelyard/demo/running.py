"""`steelyard demo`: a whole marketplace on one machine, with the outside world played by simulators."""

import asyncio
import base64
import os
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import msgspec
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from steelyard.demo import generator, rooms
from steelyard.demo.generator import Size
from steelyard.kernel import installation, migrations, processes
from steelyard.kernel.db import Database
from steelyard.kernel.postgres import Cluster, create_database, drop_database
from steelyard.kernel.processes import Program, Running
from steelyard.kernel.settings import WEBHOOK_SECRET_PREFIX, Settings, secret
from steelyard.simulators import programs, walletpay
from steelyard.simulators.settings import API_KEY_DEMO, WEBHOOK_SECRET_DEMO
from steelyard.simulators.settings import Settings as SimulatorSettings

SIMULATORS_AFTER_PORT = 101
SMTP_AFTER_PORT = 125
MEDIA_HTTP_AFTER_PORT = 111
MEDIA_RTMP_AFTER_PORT = 135
STRIPE_AFTER_FIRST = 8
READY_SECONDS_MAX = 60
PACE_VARIABLE = "STEELYARD_SIMULATED_SECONDS"
FREE_MEGABYTES_MIN = 500
MEGABYTE = 1024 * 1024

_console = Console()


class Obstacle(Exception):
    """Something on this machine is in the way; the message says what, in one sentence."""


def simulators(settings: Settings, first_port: int | None = None) -> SimulatorSettings:
    """The simulators of this installation: their ports follow the web server's, so that two demos can stand side by side.

    STEELYARD_SIMULATED_SECONDS in the environment says how long a refund, a stage of a parcel and a transfer take.
    """
    first = first_port or settings.port + SIMULATORS_AFTER_PORT
    plain = SimulatorSettings(
        home=settings.home / "simulators",
        payments_port=first,
        stripe_port=first + STRIPE_AFTER_FIRST,
        stripe_webhook_url=f"{settings.base_url}/webhooks/stripe",
        stripe_connect_webhook_url=f"{settings.base_url}/webhooks/stripe-connect",
        carriers_port=first + 1,
        bank_port=first + 2,
        mail_port=first + 3,
        alipay_port=first + 6,
        wechatpay_port=first + 7,
        smtp_port=first + SMTP_AFTER_PORT - SIMULATORS_AFTER_PORT,
        messages_webhook_url=f"{settings.base_url}/webhooks/messages",
        pays_out=True,
    )
    pace = os.environ.get(PACE_VARIABLE)
    if not pace:
        return plain
    seconds = float(pace)
    return msgspec.structs.replace(plain, refund_seconds=seconds, stage_seconds=seconds, transfer_seconds=seconds)


def run(settings: Settings, *, fresh: bool, from_import: bool, seed: int, scale: float = 1.0, traffic: int = 0) -> None:
    """Make the marketplace if it is not there, serve it until Ctrl-C. Raises `Obstacle`, `ClusterError`, `ProgramEnded`."""
    settings = msgspec.structs.replace(settings, home=settings.home.absolute())
    outside = simulators(settings)
    _look_around(settings, outside)
    if fresh:
        _throw_away(settings)
    with installation.opened(settings) as bare:
        here = _with_simulators(bare, outside)
        environ = {**os.environ, **_environ(here)}
        own = [sys.executable, "-m", "steelyard"]
        logs = here.home / "logs"
        world = [*own, "simulate", "all", "--port", str(outside.payments_port)]
        with processes.started([Program("simulators", world, logs / "simulators.log")], environ) as playing:
            _prepare(here, outside, playing, seed=seed, made_up=not from_import, size=Size(scale))
            _console.print(f"Starting … (logs are in {logs})")
            processes.run(
                [
                    Program("worker", [*own, "work"], logs / "worker.log"),
                    Program("web", [*own, "serve"], logs / "web.log"),
                    Program("media", [*own, "media"], logs / "media.log"),
                    Program("host", [*own, "simulate", "host"], logs / "host.log"),
                    *_shoppers(own, logs, traffic),
                ],
                environ,
                beside=playing,
                ready=lambda: _tell_when_ready(here, outside, from_import=from_import),
            )
    _console.print("Stopped. The data is kept; `make demo` goes on with it.")


def _shoppers(own: list[str], logs: Path, number: int) -> list[Program]:
    if not number:
        return []
    return [Program("shoppers", [*own, "simulate", "shoppers", "--number", str(number)], logs / "shoppers.log")]


def _look_around(settings: Settings, outside: SimulatorSettings) -> None:
    ports = {
        settings.port,
        outside.smtp_port,
        *(outside.payments_port + n for n in range(4)),
        outside.alipay_port,
        outside.wechatpay_port,
        outside.stripe_port,
        settings.port + MEDIA_HTTP_AFTER_PORT,
        settings.port + MEDIA_RTMP_AFTER_PORT,
    }
    for port in sorted(ports):
        if processes.taken(port):
            raise Obstacle(
                f"Port {port} is taken by another program. Stop it, or choose another: PORT={settings.port + 1000} make demo"
            )
    settings.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free // MEGABYTE
    if free < FREE_MEGABYTES_MIN:
        raise Obstacle(f"Only {free} MB are free under {settings.home}; the demo needs {FREE_MEGABYTES_MIN} MB.")


def _throw_away(settings: Settings) -> None:
    """Begin anew: the database and everything the simulators remember. Somebody else's PostgreSQL keeps its other databases."""
    if settings.database_url is None:
        Cluster(settings.home / installation.CLUSTER_FOLDER).erase()
    else:
        _recreate(settings.database_url)
    for folder in ("simulators", "media", "files", "videos", "logs", "secrets"):
        shutil.rmtree(settings.home / folder, ignore_errors=True)


def _recreate(url: str) -> None:
    """Drop and make the database that the URL names, from the maintenance database beside it."""
    base, slash, name = url.partition("?")[0].rpartition("/")
    options = url[len(base) + len(slash) + len(name) :]
    maintenance = f"{base}/postgres{options}"
    drop_database(maintenance, name)
    create_database(maintenance, name)


def _prepare(
    settings: Settings, outside: SimulatorSettings, playing: Running, *, seed: int, made_up: bool, size: Size
) -> None:
    if not comes_up(f"{outside.payments_url}/health", playing):
        raise Obstacle(f"The simulators do not start; see {settings.home / 'logs' / 'simulators.log'}.")
    assert settings.database_url is not None
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=_console) as progress:
        bar = progress.add_task("Bringing the database up to date", total=1)
        asyncio.run(migrations.migrate(settings.database_url))
        progress.update(bar, completed=1)
        asyncio.run(_generate(settings, seed, made_up, size, progress))


async def _generate(settings: Settings, seed: int, made_up: bool, size: Size, progress: Progress) -> None:
    assert settings.database_url is not None
    db = await Database.connect(settings.database_url, size=4, patient=True)
    filling = await Database.connect_to_fill(settings.database_url, size=2)
    try:
        if await db.ask(generator.is_made):
            await rooms.of_today(db, settings)
        else:
            await generator.make(
                db,
                settings,
                seed=seed,
                made_up=made_up,
                password=password(settings.home),
                step=_steps(progress),
                size=size,
                filling=filling,
            )
    finally:
        await filling.close()
        await db.close()


def _steps(progress: Progress) -> Callable[[str, int, int], None]:
    bars: dict[str, int] = {}

    def step(what: str, done: int, of: int) -> None:
        if what not in bars:
            bars[what] = progress.add_task(what, total=of)
        progress.update(bars[what], completed=done, total=of)  # pyright: ignore[reportArgumentType]  # rich's TaskID

    return step


def _with_simulators(settings: Settings, outside: SimulatorSettings) -> Settings:
    """The settings of an installation whose outside world is simulated."""
    return msgspec.structs.replace(
        settings,
        development=True,
        simpay_url=outside.payments_url,
        simpay_key=API_KEY_DEMO,
        simpay_webhook_secret=WEBHOOK_SECRET_DEMO,
        messages_url=outside.mail_url,
        messages_key=API_KEY_DEMO,
        messages_webhook_secret=WEBHOOK_SECRET_DEMO,
        transfer_account="6200 0000 0000 0000 000",
        transfer_bank="模拟银行 Simulated Bank",
        transfer_holder="Steelyard 示例商城",
        cod_currencies="CNY",
        stripe_url=outside.stripe_url,
        stripe_key=API_KEY_DEMO,
        stripe_webhook_secret=outside.stripe_webhook_secret,
        stripe_connect_webhook_secret=outside.stripe_connect_webhook_secret,
        carriers_url=outside.carriers_url,
        carriers_key=API_KEY_DEMO,
        carriers_webhook_secret=WEBHOOK_SECRET_DEMO,
        bank_url=outside.bank_url,
        bank_key=API_KEY_DEMO,
        bank_webhook_secret=WEBHOOK_SECRET_DEMO,
        **_media(settings),
        smtp_port=outside.smtp_port,
        **_wallets(outside),
        # What the conformance runner needs of a server (docs/guide/ucp.md); a real installation leaves it off.
        ucp_lenient=True,
    )


def _media(settings: Settings) -> dict[str, object]:
    """Live video by the origin that comes with the house; its ports follow the web server's."""
    http, rtmp = settings.port + MEDIA_HTTP_AFTER_PORT, settings.port + MEDIA_RTMP_AFTER_PORT
    key = base64.b64encode(secret(settings.home, "media-webhooks").encode()).decode()
    return {
        "media_webhook_secret": WEBHOOK_SECRET_PREFIX + key,
        "media_push_url": f"rtmp://127.0.0.1:{rtmp}/live",
        "media_play_url": f"http://127.0.0.1:{http}/live/{{stream}}/index.m3u8",
        "media_whip_url": f"http://127.0.0.1:{http}/whip/{{stream}}",
        "media_api_url": f"http://127.0.0.1:{http}",
        "media_hooks_url": f"{settings.base_url}/hooks/media",
        "media_http_port": http,
        "media_rtmp_port": rtmp,
    }


def _wallets(outside: SimulatorSettings) -> dict[str, object]:
    """Alipay and WeChat Pay, simulated, with the keys that they have given their merchant."""
    alipay, wechatpay = (walletpay.folder_of(outside.home, name) for name in ("alipay", "wechatpay"))
    walletpay.keys(outside.home, "alipay")
    return {
        "alipay_app_id": walletpay.APP_ID,
        "alipay_private_key_file": alipay / "merchant_private.pem",
        "alipay_public_key_file": alipay / "platform" / "public.pem",
        "alipay_url": f"{outside.alipay_url}/gateway.do",
        "wechatpay_mchid": walletpay.MCHID,
        "wechatpay_appid": walletpay.APPID,
        "wechatpay_serial": walletpay.keys(outside.home, "wechatpay").merchant_serial,
        "wechatpay_private_key_file": wechatpay / "merchant_private.pem",
        "wechatpay_key_file": wechatpay / "api_v3_key",
        "wechatpay_platform_folder": wechatpay / "platform",
        "wechatpay_url": outside.wechatpay_url,
    }


def _environ(settings: Settings) -> dict[str, str]:
    """The settings as the environment of the programs that are started with them."""
    given = msgspec.structs.asdict(settings).items()
    words = {f"STEELYARD_{name.upper()}": _word(value) for name, value in given if value is not None}
    return {**words, "DATABASE_URL": settings.database_url or "", "PORT": str(settings.port)}


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def password(home: Path) -> str:
    """The demo's one password, made for this installation."""
    return secret(home, "demo-password")[:16]


def _tell_when_ready(settings: Settings, outside: SimulatorSettings, *, from_import: bool) -> None:
    if not comes_up(f"{settings.base_url}/health/ready"):
        return  # it was stopped, or has ended, which is told elsewhere; or it is in such trouble that its log says more
    lines = [
        f"[bold]{settings.base_url}[/bold]   shop 商城",
        f"{settings.base_url}/merchant   merchant console 商家后台",
        f"{settings.base_url}/operator   operator console 平台后台",
        *(f"{url}   {name} (simulated)" for name, url in programs.addresses(outside).items()),
        "",
        *([] if from_import else ["buyer@steelyard.test · merchant@steelyard.test"]),
        "operator@steelyard.test",
        f"password: [bold]{password(settings.home)}[/bold]",
        "",
        "Ctrl-C stops everything.",
    ]
    _console.print(Panel("\n".join(lines), title="Steelyard 杆秤", expand=False))


def comes_up(url: str, programs: Running | None = None) -> bool:
    """Whether this address answers within a minute. `programs` that end meanwhile are started again, as one does whose port
    was taken for a moment, between asking and using it; one that cannot come up raises `ProgramEnded`."""
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        for program in programs or []:
            program.tend()
        if _answers(url):
            return True
        time.sleep(0.1)
    return False


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  # our own address
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
