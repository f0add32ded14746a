"""Advisory file locks: how processes that share one server know of each other. The kernel releases a lock when its
process ends, however it ends, which is the whole point of them."""

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from steelyard.kernel.postgres.errors import NoPermission, TimedOut

POLL_SECONDS = 0.02


class FileLock:
    """One hold on the lock file at `path`; two instances exclude each other even within one process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def take(self, *, shared: bool) -> bool:
        """Take the lock if it is free just now; False when it is not."""
        assert self._descriptor is None, "a hold is taken once"
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except PermissionError as error:
            raise NoPermission(self.path, os.geteuid()) from error
        _give_to_owner_of_directory(self.path)
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def wait(self, *, shared: bool, seconds: int, step: str) -> None:
        """Take the lock as soon as it is free. Raises `TimedOut` after `seconds`."""
        deadline = time.monotonic() + seconds
        while not self.take(shared=shared):
            if time.monotonic() > deadline:
                raise TimedOut(step, seconds, self.path)
            time.sleep(POLL_SECONDS)

    def release(self) -> None:
        """Let go; letting go twice does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_free(path: Path) -> bool:
    """Whether nobody holds the lock exclusively at this moment."""
    lock = FileLock(path)
    free = lock.take(shared=True)
    lock.release()
    return free


@contextmanager
def alone(path: Path, *, seconds: int, step: str) -> Generator[None]:
    """Hold the lock at `path` exclusively for the body."""
    lock = FileLock(path)
    lock.wait(shared=False, seconds=seconds, step=step)
    try:
        yield
    finally:
        lock.release()


def _give_to_owner_of_directory(path: Path) -> None:
    # Started once as root in a directory of somebody else: the file must be theirs when they start it next.
    if os.geteuid() == 0:
        owner = path.parent.stat()
        if path.stat().st_uid != owner.st_uid:
            os.chown(path, owner.st_uid, owner.st_gid)
