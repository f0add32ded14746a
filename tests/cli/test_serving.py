"""`serve`, `work` and `simulate` as programs: they run until Ctrl-C and end with 0."""

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.cli.commands import (
    Running,
    all_gone,
    called,
    environment,
    family,
    free_port,
    run,
    status,
    wait_until_gone,
)
from tests.support.cluster import TestServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Start = Callable[..., Running]


@pytest.fixture
def start(home: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Start:
    def started(*arguments: str, **environ: str) -> Running:
        running = Running(list(arguments), environment(home, **environ), tmp_path / "out")
        request.addfinalizer(running.kill)
        return running

    return started


def test_pages_and_work_are_served_by_one_command(start: Start, database_url: str, home: Path) -> None:
    port = free_port()
    house = start("serve", "--all", DATABASE_URL=database_url, PORT=str(port))
    house.until(lambda: status(f"http://127.0.0.1:{port}/health/ready") == 200)
    house.until(lambda: "worker.started" in house.said())
    everybody = family(house.process, home)

    assert house.interrupt() == 0
    wait_until_gone(everybody)


def test_a_house_whose_starter_is_killed_ends(start: Start, database_url: str, home: Path) -> None:
    port = free_port()
    house = start("serve", "--all", DATABASE_URL=database_url, PORT=str(port))
    house.until(lambda: status(f"http://127.0.0.1:{port}/health/ready") == 200)
    everybody = family(house.process, home)

    house.kill()

    wait_until_gone(everybody)


def test_pages_without_a_database_are_alive_but_not_ready(
    start: Start, database_server: TestServer, home: Path
) -> None:
    port, name = free_port(), database_server.clone()
    house = start("serve", PORT=str(port), DATABASE_URL=database_server.url(name))
    base = f"http://127.0.0.1:{port}"
    house.until(lambda: status(f"{base}/health/ready") == 200)

    database_server.drop(name)

    house.until(lambda: status(f"{base}/health/ready") == 503)
    assert status(f"{base}/health/live") == 200
    assert house.interrupt() == 0


def test_whatever_dies_comes_back_by_itself(start: Start, home: Path) -> None:
    port = free_port()
    migrated = run(["migrate"], environment(home))
    assert migrated.returncode == 0, migrated.stderr
    house = start("serve", "--all", PORT=str(port))
    ready = f"http://127.0.0.1:{port}/health/ready"
    house.until(lambda: status(ready) == 200 and "worker.started" in house.said())

    def killed(name: str) -> psutil.Process:
        found = next(one for one in family(house.process, home) if called(one, name))
        found.kill()
        return found

    for name in ("postgres", "serve", "work"):
        gone = killed(name)
        house.until(lambda gone=gone, name=name: all_gone([gone]) and again(house, home, name, gone))
        house.until(lambda: status(ready) == 200)

    everybody = family(house.process, home)
    assert house.interrupt() == 0
    wait_until_gone(everybody)


def again(house: Running, home: Path, name: str, gone: psutil.Process) -> bool:
    """Whether a successor of who has gone is there."""
    return any(one != gone and called(one, name) for one in family(house.process, home))


def test_the_worker_works_until_it_is_told_to_stop(start: Start, database_url: str) -> None:
    worker = start("work", DATABASE_URL=database_url)
    worker.until(lambda: "worker.started" in worker.said())

    assert worker.interrupt() == 0
    assert "worker.stopped" in worker.said()


def test_the_outside_world_is_played_where_it_says(start: Start, database_url: str) -> None:
    port = free_port()
    world = start("simulate", "payments", "bank", "--port", str(port), DATABASE_URL=database_url)
    world.until(lambda: status(f"http://127.0.0.1:{port}/health") == 200)

    assert f"payments: http://127.0.0.1:{port}" in world.said()
    assert status(f"http://127.0.0.1:{port + 2}/health") == 200
    assert status(f"http://127.0.0.1:{port + 1}/health") == 0, "nobody asked for carriers"
    assert world.interrupt() == 0


def test_pages_of_a_database_that_is_not_migrated_are_not_served(home: Path, empty_database_url: str) -> None:
    told = run(["serve"], environment(home, DATABASE_URL=empty_database_url, PORT=str(free_port())))

    assert told.returncode == 1
    assert "Run: steelyard migrate" in told.stderr
