"""A part that fails takes nothing from the others."""

import json
from functools import partial
from pathlib import Path

import pytest

import bench.__main__ as command
from bench.asked import Asked
from bench.report import Figure, write


def works(asked: Asked) -> list[Figure]:
    return [Figure("found_per_s", 7)]


def fails(asked: Asked) -> list[Figure]:
    raise RuntimeError("a browser went away")


def test_what_one_part_found_is_kept_when_the_next_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "latest.json"
    monkeypatch.setattr(command, "write", partial(write, path=kept))
    monkeypatch.setattr(command, "IN_A_SHOP", {"trade": works, "rest": fails, "large": works})
    monkeypatch.setattr("sys.argv", ["bench", "trade", "rest"])

    ended = command.main()

    printed = capsys.readouterr()
    assert ended == 1
    assert json.loads(kept.read_text())["found_per_s"] == 7
    assert "found_per_s" in printed.out
    assert "rest" in printed.err and "a browser went away" in printed.err
