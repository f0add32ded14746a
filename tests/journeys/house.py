"""The whole house as `steelyard demo` runs it: pages, worker and simulators, on ports and in a folder of its own."""

import re
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psycopg

from steelyard.kernel.installation import CLUSTER_FOLDER
from steelyard.kernel.postgres import Cluster
from tests.cli import commands
from tests.support.folders import scratch

# A refund, a stage of a parcel, a transfer.
SIMULATED_SECONDS = "0.2"
SCALE = "0.1"  # enough for every page to be full, and made in seconds
# Characters of a log: of what came before the first error in it, and in all.
LED_TO_IT, TROUBLE_SHOWN = 1_500, 6_000
# Asked of the database while the house comes up: a command of ours takes a second of processor each time.
AT_REST = """
    SELECT count(*) FILTER (WHERE subscriber = 'settlement') = 1
       AND bool_and(NOT EXISTS (SELECT FROM events e WHERE (e.xid, e.position) > (c.xid, c.position)))
    FROM event_cursors c
"""


class House(msgspec.Struct, frozen=True):
    home: Path
    url: str
    password: str
    environ: dict[str, str]

    def command(self, *arguments: str) -> str:
        """What a command on this installation says; it must succeed."""
        done = commands.run(list(arguments), self.environ)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def rests(self) -> bool:
        """Whether everybody who reads the event log has read all of it."""
        with psycopg.connect(commands.owner_url(self.home), autocommit=True) as owner:
            row = owner.execute(AT_REST).fetchone()
        return row == (True,)

    def limits_forgotten(self) -> None:
        """Time has passed for everybody who was counted: all who come here come from one address."""
        with psycopg.connect(commands.owner_url(self.home), autocommit=True) as owner:
            owner.execute("DELETE FROM rate_limits")


def trouble_in(logged: str) -> str:
    """The first error that was logged, and what was logged before it; nothing, where there is none."""
    first = logged.find("Traceback")
    return "" if first < 0 else logged[max(first - LED_TO_IT, 0) :][:TROUBLE_SHOWN]


@contextmanager
def running() -> Generator[House]:
    """The house, gone afterwards. What its programs have logged is shown when one of them has died."""
    folder = scratch("steelyard-journeys-")
    home, port = folder / "home", commands.free_port()
    environ = commands.environment(
        home,
        PORT=str(port),
        STEELYARD_SIMULATED_SECONDS=SIMULATED_SECONDS,
        STEELYARD_DEMO_SCALE=SCALE,
        STEELYARD_KEPT_PAGE_SECONDS="0",  # what was changed is looked at in the next moment, by somebody else
    )
    demo = commands.Running(["demo"], environ, folder / "output")
    try:
        demo.until(lambda: "Ctrl-C stops everything" in demo.said())
        password = re.search(r"password: (\S+)", demo.said())
        assert password, demo.said()
        house = House(home, f"http://127.0.0.1:{port}", password[1], environ)
        demo.until(house.rests)
        yield house
        assert demo.process.poll() is None, demo.said()
        assert demo.interrupt() == 0, demo.said()
        for log in (home / "logs").iterdir():
            assert not (trouble := trouble_in(log.read_text(errors="replace"))), f"{log.name}\n{trouble}"
    finally:
        demo.kill()
        if (home / CLUSTER_FOLDER).exists():
            commands.wait_until_gone(commands.working_in(home))
            Cluster(home / CLUSTER_FOLDER).erase()
        shutil.rmtree(folder)
