"""Where a cluster's files are, and which user the server runs as.

`home/postgres-18/` holds `data/` (PostgreSQL's own), `password`, `port`, `settings.conf`, `server.log` and the lock
files. PostgreSQL refuses to run as root, so root gives the data to another user. When that user cannot reach `home`,
the directory is made elsewhere and `home/postgres-18` is a link to it.
"""

import os
import pwd
import stat
import tempfile
import zlib
from pathlib import Path

import msgspec

from steelyard.kernel.postgres.binaries import postgres_major
from steelyard.kernel.postgres.errors import (
    DataFromNewerVersion,
    DataFromOlderVersion,
    DataGone,
    NoPermission,
)

# Where a derived user id lies: above what systems hand out to people, below what they hand out to containers.
DERIVED_UID_FIRST = 52_000
DERIVED_UIDS = 8_000
_ELSEWHERE = (Path("/var/lib/steelyard"), Path("/var/tmp"))  # noqa: S108  # a folder of our own in it


class ServerUser(msgspec.Struct, frozen=True):
    """Whom the server runs as when we are root."""

    uid: int
    gid: int


class Place(msgspec.Struct, frozen=True):
    """The files of one cluster; `user` is None when the server runs as ourselves. `link` is what is seen in the home:
    the directory itself or a link to it."""

    link: Path
    directory: Path
    user: ServerUser | None

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def log(self) -> Path:
        return self.directory / "server.log"

    def give(self, path: Path, user: ServerUser | None) -> None:
        """Make `path` that user's; it stays ours when there is none. Raises `NoPermission`."""
        if user is not None:
            try:
                os.chown(path, user.uid, user.gid)
            except OSError as error:
                raise NoPermission(path, os.geteuid()) from error

    def keep(self, name: str, text: str, mode: int) -> Path:
        """Write the file `name` in one step; it belongs to whom the directory belongs to. A secret never has wider
        rights than `mode`, not even for a moment."""
        path = self.directory / name
        fresh = path.with_name(f".{name}.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as out:
            out.write(text)
        fresh.chmod(mode)
        if os.geteuid() == 0:
            owner = self.directory.stat()
            os.chown(fresh, owner.st_uid, owner.st_gid)
        fresh.replace(path)
        return path


def settle(home: Path) -> Place:
    """Find the place of the cluster under `home`, or make it.

    Raises `NoPermission`, `DataGone`, `DataFromNewerVersion`, `DataFromOlderVersion`.
    """
    home = home.expanduser().absolute()
    link = home / f"postgres-{postgres_major()}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        _refuse_other_versions(home, link)
        if link.is_symlink() and not link.exists():
            raise DataGone(link, link.readlink())
        user = _server_user(link / "data", home) if os.geteuid() == 0 else None
        if not link.exists():
            _make(link, user)
        directory = link.resolve()
        _refuse_other_owner(directory / "data", user)
    except PermissionError as error:
        raise NoPermission(Path(str(error.filename or home)), os.geteuid()) from error
    if user is not None and (obstacle := obstacle_for(user, directory)) is not None:
        raise NoPermission(obstacle, user.uid)
    return Place(link, directory, user)


def named_user(user: ServerUser | None) -> ServerUser | None:
    """The user itself when the system has a name for it, else one that has: initdb, and nothing else, insists."""
    if user is None or any(entry.pw_uid == user.uid for entry in pwd.getpwall()):
        return user
    nobody = pwd.getpwnam("nobody")
    return ServerUser(nobody.pw_uid, nobody.pw_gid)


def obstacle_for(user: ServerUser, path: Path) -> Path | None:
    """The outermost directory on the way to and including `path` that `user` cannot pass; None when there is none."""
    for step in reversed([path, *path.parents]):
        facts = step.stat()
        if facts.st_uid == user.uid:
            allowed = facts.st_mode & stat.S_IXUSR
        elif facts.st_gid == user.gid:
            allowed = facts.st_mode & stat.S_IXGRP
        else:
            allowed = facts.st_mode & stat.S_IXOTH
        if not allowed:
            return step
    return None


def _make(link: Path, user: ServerUser | None) -> None:
    """Make the directory itself where the server's user can reach it, else elsewhere with a link to it."""
    if user is None:
        link.mkdir(mode=0o700, exist_ok=True)
        return
    if obstacle_for(user, link.parent.resolve()) is None:
        link.mkdir(exist_ok=True)
        link.chmod(0o711)
        return
    elsewhere = _elsewhere(user)
    try:
        link.symlink_to(elsewhere)
    except FileExistsError:  # another process was quicker
        elsewhere.rmdir()


def _elsewhere(user: ServerUser) -> Path:
    for parent in _ELSEWHERE:
        try:
            parent.mkdir(mode=0o711, exist_ok=True)
            if obstacle_for(user, parent) is None:
                # A name of its own every time: a home that was removed and made anew must not find the old data.
                made = Path(tempfile.mkdtemp(prefix="steelyard-", dir=parent))
                made.chmod(0o711)
                return made
        except OSError:
            continue
    raise NoPermission(_ELSEWHERE[-1], user.uid)


def _server_user(data: Path, home: Path) -> ServerUser:
    """Who owns the data already; else the system's `postgres`; else a user id that this home always gets."""
    if data.exists() and (facts := data.stat()).st_uid != 0:
        return ServerUser(facts.st_uid, facts.st_gid)
    try:
        found = pwd.getpwnam("postgres")
        return ServerUser(found.pw_uid, found.pw_gid)
    except KeyError:
        pass
    start = zlib.crc32(os.fsencode(home))
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    uid = next(
        candidate
        for candidate in (DERIVED_UID_FIRST + (start + step) % DERIVED_UIDS for step in range(DERIVED_UIDS))
        if candidate not in taken
    )
    return ServerUser(uid, uid)


def _refuse_other_versions(home: Path, link: Path) -> None:
    major = postgres_major()
    others = {int(path.name.removeprefix("postgres-")): path for path in home.glob("postgres-[0-9][0-9]")}
    others.pop(major, None)
    newest = max(others, default=0)
    if newest > major:
        raise DataFromNewerVersion(others[newest], newest, major)
    if newest and not link.exists():
        raise DataFromOlderVersion(others[newest], newest, major)
    refuse_data_version(link / "data")


def refuse_data_version(data: Path) -> None:
    """Raises `DataFromNewerVersion` or `DataFromOlderVersion` when `data` was written by another major version."""
    major = postgres_major()
    try:
        written = int((data / "PG_VERSION").read_text().strip())
    except (FileNotFoundError, ValueError):
        return
    if written > major:
        raise DataFromNewerVersion(data, written, major)
    if written < major:
        raise DataFromOlderVersion(data, written, major)


def _refuse_other_owner(data: Path, user: ServerUser | None) -> None:
    if user is None and data.exists() and data.stat().st_uid != os.geteuid():
        raise NoPermission(data, os.geteuid())
