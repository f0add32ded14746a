"""A disk that is full, and then is not: what was acknowledged is there, and the house goes on by itself."""

import errno
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.chaos import truth
from tests.chaos.campaign import STOCK, answered, looked_at, serves_again, under_load
from tests.chaos.house import standing, until
from tests.chaos.load import Memory

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]

MEGABYTES = 700
BLOCK = bytes(1 << 20)
FAILURES = 20


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own with little room."""
    mountpoint = Path(tempfile.mkdtemp(prefix="steelyard-full-"))
    mountpoint.chmod(0o711)
    command = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=711", "tmpfs", str(mountpoint)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
        why = mounted.stderr.strip() if mounted.returncode else ""
    except OSError as error:
        why = str(error)
    if why:
        mountpoint.rmdir()
        pytest.skip(f"a small disk needs the right to mount one: {why}")
    try:
        folder = mountpoint / "house"
        folder.mkdir(mode=0o711)
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(mountpoint)], check=True)
        mountpoint.rmdir()


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Not a byte is free."""
    filler = folder.parent / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(BLOCK)
        except OSError as error:
            assert error.errno == errno.ENOSPC
    try:
        yield
    finally:
        filler.unlink()


def failures(memory: Memory) -> int:
    return sum(times for what, times in memory.seen.items() if not what.startswith(("2", "4")))


def test_a_full_disk_loses_nothing_and_the_house_goes_on_when_there_is_room_again(small_disk: Path) -> None:
    with standing(STOCK, folder=small_disk) as house:
        with under_load(house, "full") as memory:
            answered(house, memory, 20)
            with filled(small_disk):
                before = failures(memory)
                until(lambda: failures(memory) >= before + FAILURES, "the full disk is noticed")
            serves_again(house, memory, time.monotonic(), "full disk")
            looked_at(house, memory)
        truth.at_rest(house, memory)
