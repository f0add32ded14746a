"""Programs that are kept running."""

import os
import signal
import sys
import threading
from pathlib import Path

import psutil
import pytest

from steelyard.kernel import processes
from steelyard.kernel.processes import Program, ProgramEnded
from tests.support.commands import is_gone, until

# Says that it has begun, starts somebody else, and goes on.
STEADY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
with open(sys.argv[1], "a") as begun:
    begun.write(f"{os.getpid()} {child.pid}\\n")
time.sleep(1000)
"""


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    (tmp_path / "begun").touch()
    return tmp_path / "begun"


def lives(begun: Path) -> list[list[int]]:
    return [
        [int(pid) for pid in line.split()]
        for line in begun.read_text().splitlines()
        if line.endswith(tuple("0123456789"))
    ]


def lives_on(pid: int) -> bool:
    try:
        return not is_gone(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False


def test_who_is_killed_is_started_again_and_what_it_had_started_is_gone(begun: Path) -> None:
    program = Program("steady", [sys.executable, "-c", STEADY, str(begun)])
    failures: list[BaseException] = []

    def killing() -> None:
        try:
            until(lambda: len(lives(begun)) == 1)
            first, its_child = lives(begun)[0]
            os.kill(first, signal.SIGKILL)
            until(lambda: len(lives(begun)) == 2)
            until(lambda: not lives_on(its_child))
        except BaseException as error:
            failures.append(error)
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    processes.run([program], os.environ, ready=killing)

    assert not failures, failures
    until(lambda: not any(lives_on(pid) for life in lives(begun) for pid in life))


def test_who_never_comes_up_ends_everything_and_is_told_of(tmp_path: Path, begun: Path) -> None:
    steady = Program("steady", [sys.executable, "-c", STEADY, str(begun)])
    wrong = Program("wrong", ["sh", "-c", "echo there is no such door; exit 3"], tmp_path / "wrong.log")

    with pytest.raises(ProgramEnded, match=r"wrong has ended with status 3(.|\n)*there is no such door"):
        processes.run([steady, wrong], os.environ)

    assert (tmp_path / "wrong.log").read_text().count("no such door") == processes.FALSE_STARTS_MAX
    assert threading.active_count() < 50
