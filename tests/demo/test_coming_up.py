"""A demo begins though a port of its simulators was taken for a moment; one that never comes up is told with its log."""

import sys
from pathlib import Path

import pytest

from steelyard.demo.running import comes_up
from steelyard.kernel import processes
from steelyard.kernel.processes import Program, ProgramEnded
from tests.cli.commands import free_port

# What a program does whose port is taken the first time and free the second.
SECOND_TIME_LUCKY = """
import pathlib, sys
from http.server import HTTPServer, SimpleHTTPRequestHandler
tried = pathlib.Path(sys.argv[1])
if not tried.exists():
    tried.touch()
    sys.exit("Port is taken by another program.")
HTTPServer(("127.0.0.1", int(sys.argv[2])), SimpleHTTPRequestHandler).serve_forever()
"""


def test_who_ends_before_it_answers_is_started_again(tmp_path: Path) -> None:
    port, tried = free_port(), tmp_path / "tried"
    program = Program("lucky", [sys.executable, "-c", SECOND_TIME_LUCKY, str(tried), str(port)], tmp_path / "log")

    with processes.started([program], {}) as playing:
        assert comes_up(f"http://127.0.0.1:{port}/", playing)

    assert tried.exists() and "Port is taken" in (tmp_path / "log").read_text()


def test_who_never_comes_up_is_told_with_its_log(tmp_path: Path) -> None:
    never = Program("never", [sys.executable, "-c", "raise SystemExit('Port is taken.')"], tmp_path / "log")

    with processes.started([never], {}) as playing, pytest.raises(ProgramEnded, match="Port is taken"):
        comes_up(f"http://127.0.0.1:{free_port()}/", playing)


def test_two_houses_are_never_given_the_same_ports() -> None:
    assert abs(free_port() - free_port()) > 125
