"""The embedded PostgreSQL: it starts, is shared, goes with its users, and comes back after a kill."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from steelyard.kernel.postgres import (
    Cluster,
    InUse,
    PortTaken,
    clone_database,
    create_database,
    drop_database,
    server,
)
from steelyard.kernel.postgres.place import settle
from tests.support.cluster import TestServer
from tests.support.commands import OtherCommand, StartCommand, ask, is_gone, postmaster, until


@pytest.fixture
def other_command(home: Path) -> Iterator[StartCommand]:
    made: list[OtherCommand] = []

    def start(*, fast: bool = True) -> OtherCommand:
        made.append(OtherCommand(home, fast=fast))
        return made[-1]

    yield start
    for command in made:
        if command.process.poll() is None:
            command.kill()


def test_a_server_starts_with_what_the_house_relies_on(home: Path) -> None:
    with Cluster(home) as cluster:
        cluster.create_database("shop")
        url = cluster.url("shop")
        names = ["fsync", "synchronous_commit", "jit", "TimeZone", "max_connections", "listen_addresses"]
        settings = [ask(url, f"SHOW {name}")[0] for name in names]
        locale = ask(url, "SELECT datlocprovider::text || datlocale || pg_encoding_to_char(encoding) FROM pg_database")
        order = ask(url, "SELECT string_agg(w, '' ORDER BY w) FROM unnest(ARRAY['b', 'A', '秤', 'a', 'É', 'B']) w")
    assert settings == ["on", "on", "off", "UTC", "200", "127.0.0.1"]
    assert set(locale) == {"bC.UTF-8UTF8"}
    assert order == ["ABabÉ秤"]


def test_only_who_knows_the_password_gets_in_and_no_secret_can_be_read_by_others(home: Path) -> None:
    with Cluster(home, fast=True) as cluster:
        right = cluster.url()
        password = (cluster.directory / "password").read_text().strip()
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(right.replace(password, "guessed"))
        open_to_others = [
            path.name
            for path in cluster.directory.iterdir()
            if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH) and path.is_file()
        ]
        logged = (cluster.directory / "server.log").read_text()
    assert sorted(open_to_others) == ["port", "settings.conf"]
    assert stat.S_IMODE((home / "postgres-18/data").stat().st_mode) == 0o700
    assert password not in logged


def test_data_password_and_port_are_the_same_after_a_restart(home: Path) -> None:
    with Cluster(home, fast=True) as cluster:
        first = cluster.url()
        ask(first, "CREATE TABLE kept AS SELECT 7 AS seven")
    with Cluster(home, fast=True) as cluster:
        assert cluster.url() == first
        assert ask(first, "SELECT seven FROM kept") == ["7"]


def test_a_taken_port_is_exchanged_for_a_free_one(home: Path) -> None:
    with Cluster(home, fast=True):
        pass
    taken = int((home / "postgres-18/port").read_text())
    with socket.create_server((server.HOST, taken)), Cluster(home, fast=True) as cluster:
        assert f":{taken}/" not in cluster.url()
        assert ask(cluster.url(), "SELECT 1") == ["1"]


def test_a_port_that_is_taken_between_our_look_and_the_start_is_said_to_be_so(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server((server.HOST, 0)) as squatter:
        port = squatter.getsockname()[1]
        monkeypatch.setattr(server, "_choose_port", lambda _place: port)
        with pytest.raises(PortTaken) as refusal:
            Cluster(home, fast=True).start()
    assert (refusal.value.host, refusal.value.port) == (server.HOST, port)
    assert str(refusal.value) == f"Port {port} of 127.0.0.1 is taken by another program."


def test_a_second_command_attaches_and_leaves_the_server_running(home: Path, other_command: StartCommand) -> None:
    with Cluster(home, fast=True) as cluster:
        second = other_command()
        assert (second.started, second.url) == (False, cluster.url())
        second.finish()
        assert ask(cluster.url(), "SELECT 1") == ["1"]


def test_the_server_outlives_its_starter_while_another_command_uses_it(home: Path, other_command: StartCommand) -> None:
    first, second = other_command(), other_command()
    assert (first.started, second.started) == (True, False)
    first.finish()
    assert ask(second.url, "SELECT 1") == ["1"]
    running = postmaster(home)
    second.finish()
    assert is_gone(running), "the last to stop waits for the end of the server"


def test_the_server_goes_when_its_only_user_is_killed_and_nothing_committed_is_lost(
    home: Path, other_command: StartCommand
) -> None:
    command = other_command()
    ask(command.url, "CREATE TABLE kept AS SELECT 7 AS seven")
    running = postmaster(home)
    command.kill()
    until(lambda: is_gone(running))
    with Cluster(home, fast=True) as cluster:
        assert ask(cluster.url(), "SELECT seven FROM kept") == ["7"]


def test_a_start_right_after_a_kill_waits_for_the_former_server(home: Path, other_command: StartCommand) -> None:
    command = other_command()
    command.kill()
    with Cluster(home, fast=True) as cluster:
        assert ask(cluster.url(), "SELECT 1") == ["1"]


def test_everything_killed_at_once_is_recovered(home: Path, other_command: StartCommand) -> None:
    command = other_command(fast=False)
    ask(command.url, "CREATE TABLE kept AS SELECT 7 AS seven")
    running = postmaster(home)
    watchdog = running.parent()
    assert watchdog is not None
    watchdog.suspend()  # as in a power cut: it has no time to do anything
    running.kill()
    watchdog.kill()
    command.kill()
    with Cluster(home) as cluster:
        assert ask(cluster.url(), "SELECT seven FROM kept") == ["7"]
        assert "automatic recovery in progress" in (cluster.directory / "server.log").read_text()


def test_a_server_without_its_watchdog_does_not_stay_in_the_way(home: Path, other_command: StartCommand) -> None:
    command = other_command()
    running = postmaster(home)
    watchdog = running.parent()
    assert watchdog is not None
    watchdog.kill()
    if sys.platform == "linux":
        until(lambda: is_gone(running))
    command.kill()
    with Cluster(home, fast=True) as cluster:
        assert is_gone(running)
        assert ask(cluster.url(), "SELECT 1") == ["1"]


def test_a_server_that_dies_is_started_again_at_its_address_by_who_holds_it(home: Path) -> None:
    with Cluster(home) as cluster:
        url = cluster.url()
        ask(url, "CREATE TABLE kept AS SELECT 7 AS seven")
        assert not cluster.mend(), "it runs"
        former = postmaster(home)
        former.kill()
        until(lambda: is_gone(former))

        until(cluster.mend)

        assert cluster.url() == url
        assert ask(url, "SELECT seven FROM kept") == ["7"]
    assert not cluster.mend(), "who has let go does not start it"


def test_a_leftover_process_number_that_now_is_somebody_elses_is_not_believed(home: Path) -> None:
    with Cluster(home, fast=True) as cluster:
        data = cluster.directory / "data"
    user = data.stat()
    innocent = subprocess.Popen(["sleep", "60"], cwd="/", user=user.st_uid, group=user.st_gid)
    try:
        (data / "postmaster.pid").write_text(f"{innocent.pid}\n{data}\n1\n5432\n\n127.0.0.1\n1 1\nready   \n")
        os.chown(data / "postmaster.pid", user.st_uid, user.st_gid)
        with Cluster(home, fast=True) as cluster:
            assert ask(cluster.url(), "SELECT 1") == ["1"]
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


def test_ctrl_c_reaches_us_and_not_the_server(other_command: StartCommand) -> None:
    command = other_command()
    os.killpg(command.process.pid, signal.SIGINT)
    assert command.read_line() == "still there\n"
    command.finish()


async def test_commands_that_start_at_once_share_one_server(home: Path) -> None:
    clusters = [Cluster(home, fast=True) for _ in range(4)]
    started = await asyncio.gather(*(asyncio.to_thread(cluster.start) for cluster in clusters))
    assert sorted(started) == [False, False, False, True]
    assert len({cluster.url() for cluster in clusters}) == 1
    await asyncio.gather(*(asyncio.to_thread(cluster.stop) for cluster in clusters))
    assert server.is_watched(settle(home)) is False


def test_data_in_use_is_not_erased_and_erasing_leaves_nothing(home: Path) -> None:
    cluster = Cluster(home, fast=True)
    cluster.start()
    with pytest.raises(InUse):
        Cluster(home).erase()
    assert ask(cluster.url(), "SELECT 1") == ["1"]
    cluster.stop()
    cluster.erase()
    assert list(home.iterdir()) == []


def test_a_database_is_made_once_cloned_whole_and_dropped_with_its_guests(database_server: TestServer) -> None:
    url = database_server.url()
    template, clone = database_server.empty(), "steelyard_clone"
    create_database(url, template)
    ask(database_server.url(template), "CREATE TABLE kept AS SELECT 7 AS seven")
    clone_database(url, template, clone)
    assert ask(database_server.url(clone), "SELECT seven FROM kept") == ["7"]
    with psycopg.connect(database_server.url(clone)):
        drop_database(url, clone)
    drop_database(url, clone)
    drop_database(url, template)
    assert ask(url, f"SELECT datname FROM pg_database WHERE datname = '{clone}'") == []
