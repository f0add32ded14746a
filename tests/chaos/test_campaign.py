"""A campaign that was stopped goes on where it was."""

import json
from pathlib import Path

from tests.chaos.campaign import survived
from tests.chaos.faults import FAULTS, planned


def test_a_campaign_knows_which_houses_have_stood_whichever_fell_first(tmp_path: Path) -> None:
    record = tmp_path / "seed-1.jsonl"
    assert survived(record) == {}

    record.write_text("".join(json.dumps(line) + "\n" for line in [{"answers": 7}, {"house": 3, "answers": 8}]))

    assert {number: house["answers"] for number, house in survived(record).items()} == {0: 7, 3: 8}


def test_each_kind_of_fault_comes_once_before_chance_decides_and_alike_for_the_same_seed() -> None:
    assert sorted(planned(len(FAULTS), 7)) == sorted(FAULTS)
    assert planned(50, 7) == planned(50, 7) != planned(50, 8)
