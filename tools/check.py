"""The checks: what reads the code, then the fast tests; with --all every test, browser journeys included."""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import browser

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
TEST_PROCESSES = "2"
TYPES = (str(BIN / "basedpyright"),)
# Of one process and mostly waiting; `s` names what could not be tried here.
CHAOS = (sys.executable, "-m", "pytest", "-m", "chaos", "-rsfE", "tests/chaos")


def main() -> int:
    """Run the checks to the end, so that one run shows everything that is wrong; return 1 if anything was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="every test, not only the fast ones")
    everything: bool = parser.parse_args().all
    left_out = ""
    if everything and not browser.provide():
        left_out = browser.HOW_TO_GET_ONE
        if os.environ.get("CI", "false") not in {"", "0", "false"}:
            print(f"CI runs the browser journeys too, but {left_out}", file=sys.stderr)
            return 1
        print(f"The browser journeys are SKIPPED: {left_out}", file=sys.stderr)
    # What one process is long about begins first and is heard when all others have been.
    with ExitStack() as stack:
        beside = [stack.enter_context(Beside("types", TYPES))]
        if everything:
            beside.append(stack.enter_context(Beside("chaos", CHAOS)))
        failed = [name for name, command in reading().items() if not passes(name, command)]
        if not passes("tests", tests(everything=everything, journeys=not left_out)):
            failed.append("tests")
        failed += [check.name for check in beside if not check.passes()]
    if left_out:
        print(f"The browser journeys were SKIPPED: {left_out}", file=sys.stderr)
    print(f"NOT in order: {', '.join(failed)}" if failed else "All in order.")
    return 1 if failed else 0


def reading() -> dict[str, Sequence[str]]:
    """What judges the code without running it."""
    return {
        "lint": [str(BIN / "ruff"), "check"],
        "format": [str(BIN / "ruff"), "format", "--check"],
        "layers": [str(BIN / "lint-imports"), "--no-logo"],
    }


def tests(*, everything: bool, journeys: bool) -> Sequence[str]:
    wanted = {"journey": everything and journeys, "slow": everything, "chaos": False}
    left_out = [name for name, is_wanted in wanted.items() if not is_wanted]
    # A file stays with one process: what its tests share is made once. In the order of the folders, but for the journeys, which
    # one process makes in one house (tests/support/turns.py).
    command = [sys.executable, "-m", "pytest", "-n", TEST_PROCESSES, "--dist", "loadfile", "--no-loadscope-reorder"]
    command += ["--max-worker-restart", "1"]  # what ends its process is given one more, not eight
    if everything:
        command += ["--durations=20", "--durations-min=5"]  # what a shorter run would begin with
    return [*command, *(["-m", " and ".join(f"not {name}" for name in left_out)] if left_out else [])]


def passes(name: str, command: Sequence[str]) -> bool:
    announce(name, command)
    return subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode == 0


class Beside:
    """A check that goes on beside the others; what it says is kept until it is asked for, and it ends with us."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name, self._command = name, command
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115  # closed by __exit__
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment(), stdout=self._said, stderr=subprocess.STDOUT
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._said.close()

    def passes(self) -> bool:
        announce(self.name, self._command)
        passed = self._process.wait() == 0
        self._said.seek(0)
        print(self._said.read(), end="", flush=True)
        return passed


def announce(name: str, command: Sequence[str]) -> None:
    print(f"── {name}: {' '.join([Path(command[0]).name, *command[1:]])}", flush=True)


def environment() -> dict[str, str]:
    """What Python has compiled is kept, whatever it was told: many processes load the same sources."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        **inherited,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")])),
    }


if __name__ == "__main__":
    sys.exit(main())
