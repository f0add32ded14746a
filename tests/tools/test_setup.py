"""Set-up says in one sentence what keeps it from going on, and does nothing twice."""

import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

from tools import browser, setup

ROOT = Path(__file__).resolve().parents[2]


def program(path: Path, source: str) -> Path:
    path.write_text(f"#!/bin/sh\n{source}\n")
    path.chmod(0o755)
    return path


def find_python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", str(ROOT / "tools" / "python"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_taken_port_is_told_before_anything_is_installed() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(setup.Trouble, match=f"Port {port} is taken"):
            setup.require_free_port(str(port))

    setup.require_free_port(str(port))


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(setup.Trouble, match="is not a port"):
        setup.require_free_port(port)


def test_a_full_disk_is_told_with_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(setup.FREE_SPACE_NEEDED_GB, "run", 1e9)

    with pytest.raises(setup.Trouble, match=r"needs 1000000000\.0 GB .* and [\d.]+ GB are free"):
        setup.require_space("run")


def test_a_python_that_is_too_old_is_told_in_one_sentence(tmp_path: Path) -> None:
    program(tmp_path / "python3", 'test "$1" = --version && echo "Python 3.8.18" || exit 1')

    told = find_python("-V", PATH=str(tmp_path))

    assert told.returncode == 1
    assert told.stderr.startswith("Steelyard needs Python 3.11 or newer (found: Python 3.8.18).")
    assert told.stderr.count("\n") == 1


def test_the_python_that_is_named_is_taken(tmp_path: Path) -> None:
    named = program(tmp_path / "mine", 'test "$1" = -c || echo "mine: $*"')

    told = find_python("x.py", PATH=os.environ["PATH"], PYTHON=str(named))

    assert told.stdout == "mine: x.py\n"


def test_what_belongs_to_another_checkout_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (tmp_path / "link").symlink_to(other)
    (tmp_path / "package.json").write_text("{}")
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "VENV", tmp_path / "link")
    monkeypatch.setattr(setup, "NODE_MODULES", tmp_path / "link")

    setup.make_environment(dev=True)
    setup.fetch_frontend_packages(dev=True)

    assert list(other.iterdir()) == []


def test_an_environment_that_was_moved_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stamp = tmp_path / "stamp.json"
    monkeypatch.setattr(setup, "VENV_STAMP", stamp)
    setup.write_stamp(stamp, {}, root=str(tmp_path / "where it was"))

    assert not setup.environment_works()


def test_a_script_that_only_names_another_package_is_no_browser(tmp_path: Path) -> None:
    stub = program(tmp_path / "chromium-browser", 'echo "Please install the snap"; exit 1')

    assert not browser.starts(str(stub))
    assert not browser.starts(str(tmp_path / "nothing"))
    assert browser.starts(str(program(tmp_path / "chromium", "echo Chromium 150")))


def test_make_alone_lists_every_door() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (doors,) = re.findall(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)

    listed = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert {line.split()[0] for line in listed.splitlines() if line.startswith("  ")} == set(doors.split())
