"""What moved between two measurements."""

import json
from pathlib import Path

import pytest

from bench import compare


def test_only_what_moved_beyond_the_noise_is_told_the_largest_move_first() -> None:
    old = {"w4_c64_per_s": 100.0, "w4_c64_p99_ms": 50.0, "ready_s": 3.0, "idle_memory_mb": 300.0}
    new = {"w4_c64_per_s": 130.0, "w4_c64_p99_ms": 80.0, "ready_s": 3.1, "idle_memory_mb": 300.0}

    found = compare.moved(old, new)

    assert [(name, better) for name, _, better in found] == [("w4_c64_p99_ms", False), ("w4_c64_per_s", True)]


@pytest.mark.parametrize(("name", "better"), [("w1_json_ratio", True), ("w1_json_p99_ms", False), ("ready_s", False)])
def test_more_is_better_only_of_rates_and_ratios(name: str, better: bool) -> None:
    assert compare.moved({name: 1.0}, {name: 2.0}) == [(name, 2.0, better)]
    assert compare.moved({name: 2.0}, {name: 1.0}) == [(name, 0.5, not better)]


def test_targets_and_the_machines_other_work_are_no_moves() -> None:
    assert compare.moved({"target_ready_s": 5, "trade_load_per_core_before": 0.1}, {"target_ready_s": 4}) == []
    assert compare.moved({"trade_load_per_core_before": 0.1}, {"trade_load_per_core_before": 3.0}) == []


def test_what_comes_from_or_goes_to_nothing_is_a_move(tmp_path: Path) -> None:
    assert compare.moved({"w5_oversold": 0.0}, {"w5_oversold": 2.0}) == [("w5_oversold", float("inf"), False)]
    assert compare.moved({"w5_oversold": 2.0}, {"w5_oversold": 0.0}) == [("w5_oversold", 0.0, True)]


def test_the_command_fails_when_something_has_become_worse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps({"ready_s": 3.0, "gone": 1.0}))
    new.write_text(json.dumps({"ready_s": 6.0}))
    monkeypatch.setattr("sys.argv", ["compare", str(old), str(new)])

    assert compare.main() == 1

    assert "- ready_s" in (said := capsys.readouterr().out)
    assert "only in the old" in said
