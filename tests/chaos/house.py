"""The real programs in a scratch folder: what `steelyard serve --all` starts, and the payment channel and mail beside it."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import psutil

from steelyard.demo.month import clock
from steelyard.goods import inventory
from steelyard.kernel import ids, installation
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.events import drain
from steelyard.kernel.postgres import Cluster
from steelyard.kernel.postgres.place import settle
from steelyard.kernel.processes import STARTER_VARIABLE
from steelyard.kernel.settings import Settings
from steelyard.simulators.settings import API_KEY_DEMO, WEBHOOK_SECRET_DEMO
from steelyard.worker import subscribers
from tests.cli import commands
from tests.support.folders import scratch
from tests.support.world import World, seed

SABOTAGE = Path(__file__).parent / "sabotage"
# On a busy machine everything takes long: these bound what hangs, they are no measure.
DEADLINE_SECONDS = 240
POLL_SECONDS = 0.05
WEB_WORKERS = 2
SIMULATORS_AFTER_PORT = 101


H = TypeVar("H", bound="House")


class Late(AssertionError):
    """Something did not happen in `DEADLINE_SECONDS`."""


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise Late(what)
        time.sleep(POLL_SECONDS)


class House:
    """One installation, with so many pieces of each article in `stock`. `sabotage` names the guard that is switched off,
    for a control."""

    def __init__(self, folder: Path, stock: dict[str, int], sabotage: str = "") -> None:
        self.stock = stock
        self.longest_stall_seconds = 2.0
        self.folder = folder
        self.home = folder / "home"
        self.port = commands.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.channel_url = f"http://127.0.0.1:{self.port + SIMULATORS_AFTER_PORT}"
        path = [str(SABOTAGE), os.environ.get("PYTHONPATH", "")]
        self.environ = commands.environment(
            self.home,
            PORT=str(self.port),
            STEELYARD_WORKERS=str(WEB_WORKERS),
            STEELYARD_POOL_SIZE="4",
            STEELYARD_SIMPAY_URL=self.channel_url,
            STEELYARD_SIMPAY_KEY=API_KEY_DEMO,
            STEELYARD_SIMPAY_WEBHOOK_SECRET=WEBHOOK_SECRET_DEMO,
            STEELYARD_SMTP_PORT=str(self.port + commands.SIMULATED[-1]),
            STEELYARD_UCP_FETCH_PROFILES="false",
            STEELYARD_SIMULATED_SECONDS="0.2",
            CHAOS_SABOTAGE=sabotage,
        )
        self.environ["PYTHONPATH"] = os.pathsep.join([self.environ["PYTHONPATH"], *filter(None, path)])
        self.world: World
        self._alive, self._holding = os.pipe()  # should we be killed, everything ends with us
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    # Beginning and end

    def make(self) -> None:
        """The database, with the small world in it."""
        done = commands.run(["migrate"], self.environ)
        assert done.returncode == 0, done.stderr
        with installation.opened(Settings(home=self.home)) as here:
            assert here.database_url is not None
            clock.inject(here.database_url)
            self.world = asyncio.run(_seeded(here.database_url, self.stock))

    def start(self) -> None:
        self.start_channel()
        self.start_house()
        until(self.ready, "the house is ready")

    def start_house(self) -> None:
        self._running["house"] = self._started("house", "serve", "--all")

    def start_channel(self) -> None:
        self._running["channel"] = self._started("channel", "simulate", "payments", "mail")

    def _started(self, name: str, *arguments: str) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "steelyard", *arguments],
                env={**self.environ, STARTER_VARIABLE: str(self._alive)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[self._alive],
            )

    @property
    def kept(self) -> list[tuple[str, Callable[[], None]]]:
        """What an init system starts again, and how."""
        return [("house", self.start_house), ("channel", self.start_channel)]

    def tend(self) -> None:
        """What an init system does: what it keeps is started again when it has ended."""
        for name, start in self.kept:
            if self._running[name].poll() is not None:
                _end_group(self._running[name].pid)
                start()

    def stop(self) -> None:
        for process in self._running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(60)
            _end_group(process.pid)
            process.wait()
        os.close(self._holding)
        os.close(self._alive)

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return commands.run(list(arguments), self.environ)

    # Looking

    def ready(self) -> bool:
        self.tend()
        return commands.status(f"{self.url}/health/ready") == 200

    def database_url(self) -> str:
        return commands.owner_url(self.home)

    def logs(self) -> str:
        return "\n".join(
            f"── {log.name}\n{log.read_text(errors='replace')[-6_000:]}" for log in self.folder.glob("*.log")
        )

    # Who is who

    def supervisor(self) -> list[psutil.Process]:
        return _alive([psutil.Process(self._running["house"].pid)])

    def channel(self) -> list[psutil.Process]:
        return _alive([psutil.Process(self._running["channel"].pid)])

    def web(self) -> list[psutil.Process]:
        """The program that holds the port and its workers."""
        return self._of_house("serve")

    def worker(self) -> list[psutil.Process]:
        return self._of_house("work")

    def web_workers(self) -> list[psutil.Process]:
        return [child for main in self.web() for child in _children(main)]

    def _of_house(self, last: str) -> list[psutil.Process]:
        children = [child for one in self.supervisor() for child in _children(one)]
        return [one for one in children if _words(one)[-1:] == [last]]

    def postgres(self) -> list[psutil.Process]:
        """The postmaster."""
        with suppress(OSError, ValueError, IndexError, psutil.Error):
            file = settle(self.home / installation.CLUSTER_FOLDER).data / "postmaster.pid"
            return _alive([psutil.Process(int(file.read_text().splitlines()[0]))])
        return []

    def watchdog(self) -> list[psutil.Process]:
        return [one for one in commands.working_in(self.home) if any("watchdog.py" in word for word in _words(one))]

    def backends(self) -> list[psutil.Process]:
        return [child for one in self.postgres() for child in _children(one)]


def _end_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _alive(found: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in found if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def _children(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return _alive(process.children())
    return []


def _words(process: psutil.Process) -> list[str]:
    with suppress(psutil.Error):
        return process.cmdline()
    return []


async def _seeded(url: str, stock: dict[str, int]) -> World:
    db = await Database.connect(url, size=2)
    try:
        return await db.transact(_stocked, stock)
    finally:
        await drain(db, subscribers())
        await db.close()


async def _stocked(tx: Tx, stock: dict[str, int]) -> World:
    world = await seed(tx)
    places = {trader.merchant_id: trader.warehouse_id for trader in world.merchants}
    for ware, pieces in stock.items():
        item = world.items[ware]
        lines = [(item.sku_id, places[item.merchant_id], pieces)]
        await inventory.count(tx, item.merchant_id, lines, document=ids.mint(), by="test")
    return world


@contextmanager
def standing(
    stock: dict[str, int], sabotage: str = "", folder: Path | None = None, kind: type[H] = House
) -> Iterator[H]:
    """A house that serves, gone afterwards; when something goes wrong, what its programs said is told."""
    folder = folder or scratch("steelyard-chaos-")
    house = kind(folder, stock, sabotage)
    try:
        house.make()
        house.start()
        try:
            yield house
        except BaseException:
            print(house.logs())
            raise
        finally:
            house.stop()
    finally:
        cluster = house.home / installation.CLUSTER_FOLDER
        if cluster.exists():
            commands.wait_until_gone(commands.working_in(house.home))
            Cluster(cluster).erase()
        shutil.rmtree(folder)
