"""The demo as somebody at a terminal runs it: it starts, goes on, starts over, and leaves nothing behind."""

import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.cli.commands import (
    SIMULATED,
    Running,
    called,
    environment,
    family,
    free_port,
    run,
    status,
    wait_until_gone,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Start = Callable[..., Running]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def start(home: Path, tmp_path: Path, port: int, request: pytest.FixtureRequest) -> Start:
    """`steelyard demo`, until it serves."""
    count = iter(range(100))

    def started(*arguments: str, **environ: str) -> Running:
        demo = Running(
            ["demo", *arguments],
            environment(home, PORT=str(port), STEELYARD_DEMO_SCALE="0.05", **environ),
            tmp_path / f"out{next(count)}",
        )
        request.addfinalizer(demo.kill)
        demo.until(lambda: "Ctrl-C stops everything" in demo.said())
        return demo

    return started


def password(demo: Running) -> str:
    found = re.search(r"password: (\S+)", demo.said())
    assert found, demo.said()
    return found[1]


def test_it_tells_where_everything_is_and_goes_on_with_its_data(start: Start, port: int, home: Path) -> None:
    first = start()
    base = f"http://127.0.0.1:{port}"
    assert status(f"{base}/health/live") == 200
    assert status(f"{base}/health/ready") == 200
    assert [status(f"http://127.0.0.1:{port + after}/health") for after in SIMULATED[1:-1]] == [200] * 4
    for login in ("operator", "merchant", "buyer"):
        assert f"{login}@steelyard.test" in first.said()
    others = run(["demo"], environment(home, PORT=str(port)))
    assert (others.returncode, f"Port {port} is taken" in others.stderr) == (1, True)
    everybody = family(first.process, home)
    assert first.interrupt() == 0
    wait_until_gone(everybody)

    second = start()
    assert password(second) == password(first)
    assert "Products" not in second.said(), "it was made again"
    assert second.interrupt() == 0

    fresh = start("--fresh")
    assert "Products" in fresh.said()
    assert password(fresh) != password(first)
    assert fresh.interrupt() == 0
    checked = run(["check"], environment(home))
    assert checked.returncode == 0, checked.stdout


def test_when_it_is_killed_everything_that_it_started_ends(start: Start, home: Path) -> None:
    demo = start()
    everybody = family(demo.process, home)
    assert len(everybody) > 4

    demo.kill()

    wait_until_gone(everybody)


def test_when_a_part_of_it_dies_it_says_so_and_starts_it_again(start: Start, home: Path) -> None:
    demo = start()
    worker = next(one for one in family(demo.process, home) if called(one, "work"))

    worker.kill()

    demo.until(lambda: "program.ended" in demo.said() and "worker" in demo.said())
    demo.until(lambda: any(one != worker and called(one, "work") for one in family(demo.process, home)))
    everybody = family(demo.process, home)
    assert demo.interrupt() == 0
    wait_until_gone(everybody)


def test_it_uses_the_database_that_it_is_told(start: Start, empty_database_url: str, home: Path) -> None:
    demo = start(DATABASE_URL=empty_database_url)
    assert demo.interrupt() == 0

    fresh = start("--fresh", DATABASE_URL=empty_database_url)
    assert fresh.interrupt() == 0
    with psycopg.connect(empty_database_url) as connection:
        found = connection.execute("SELECT count(*) FROM products").fetchone()
    assert found is not None
    assert found[0] > 100
    assert not list(home.glob("postgres*"))


def test_a_demo_that_was_broken_off_is_made_whole(start: Start, empty_database_url: str) -> None:
    assert start(DATABASE_URL=empty_database_url).interrupt() == 0
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        before = counts(connection)
        connection.execute("DELETE FROM operator_profile")  # it is written last

    demo = start(DATABASE_URL=empty_database_url)

    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        assert counts(connection) == before
    assert demo.interrupt() == 0


def counts(connection: "psycopg.Connection[tuple[int, ...]]") -> tuple[int, ...]:
    row = connection.execute(
        """
        SELECT (SELECT count(*) FROM products), (SELECT count(*) FROM prices)
             , (SELECT count(*) FROM stock_movements WHERE reason = 'received'), (SELECT count(*) FROM purchases)
        """
    ).fetchone()
    assert row is not None
    return row
