"""The demo as somebody at a terminal runs it: it starts, goes on, starts over, and leaves nothing behind."""

import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.cli.commands import (
    MEDIA,
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
            environment(home, PORT=str(port), STEELYARD_DEMO_SCALE="0.02", **environ),
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


def test_it_tells_where_everything_is_mends_itself_and_goes_on_with_its_data(
    start: Start, port: int, home: Path
) -> None:
    first = start()
    base = f"http://127.0.0.1:{port}"
    assert status(f"{base}/health/live") == 200
    assert status(f"{base}/health/ready") == 200
    assert [status(f"http://127.0.0.1:{port + after}/health") for after in SIMULATED[1:-1]] == [200] * 4
    first.until(lambda: status(f"http://127.0.0.1:{port + MEDIA[0]}/health") == 200)
    for login in ("operator", "merchant", "buyer"):
        assert f"{login}@steelyard.test" in first.said()
    others = run(["demo"], environment(home, PORT=str(port)))
    assert (others.returncode, f"Port {port} is taken" in others.stderr) == (1, True)

    # A part of it dies: it says so, and starts it again.
    worker = next(one for one in family(first.process, home) if called(one, "work"))
    worker.kill()
    first.until(lambda: "program.ended" in first.said() and "worker" in first.said())
    first.until(lambda: any(one != worker and called(one, "work") for one in family(first.process, home)))
    everybody = family(first.process, home)
    assert first.interrupt() == 0
    wait_until_gone(everybody)

    # The data is there still. When it is killed, everything that it started ends.
    second = start()
    assert password(second) == password(first)
    assert "Products" not in second.said(), "it was made again"
    everybody = family(second.process, home)
    assert len(everybody) > 4
    second.kill()
    wait_until_gone(everybody)

    fresh = start("--fresh")
    assert "Products" in fresh.said()
    assert password(fresh) != password(first)
    assert fresh.interrupt() == 0
    checked = run(["check"], environment(home))
    assert checked.returncode == 0, checked.stdout


def test_it_uses_the_database_that_it_is_told_and_makes_whole_what_was_broken_off(
    start: Start, empty_database_url: str, home: Path
) -> None:
    demo = start(DATABASE_URL=empty_database_url)
    assert demo.interrupt() == 0
    assert not list(home.glob("postgres*"))
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        before = counts(connection)
        assert before[0] > 100
        connection.execute("DELETE FROM operator_profile")  # it is written last

    again = start(DATABASE_URL=empty_database_url)

    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        assert counts(connection) == before
    assert again.interrupt() == 0

    # Anew, of an import alone: what stood there is gone. That shops are made again is seen above, in the embedded database.
    fresh = start("--fresh", "--from-import", DATABASE_URL=empty_database_url)
    assert fresh.interrupt() == 0
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        assert counts(connection) == (0, 0, 0, 0)
        assert connection.execute("SELECT count(*) FROM operator_profile").fetchone() == (1,)
    assert not list(home.glob("postgres*"))


def counts(connection: "psycopg.Connection[tuple[int, ...]]") -> tuple[int, ...]:
    row = connection.execute(
        """
        SELECT (SELECT count(*) FROM products), (SELECT count(*) FROM prices)
             , (SELECT count(*) FROM stock_movements WHERE reason = 'received'), (SELECT count(*) FROM purchases)
        """
    ).fetchone()
    assert row is not None
    return row
