"""One process of a run makes all journeys, as long as there is other work for the others."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from tests.support.turns import OneHouse

OTHERS = [f"tests/{folder}/test_them.py::test_{n}" for folder in ("goods", "kernel", "trade") for n in range(3)]
JOURNEYS = [f"tests/journeys/test_{name}.py::test_{n}" for name in ("buyer", "deal", "group") for n in range(3)]


class Process:
    """Takes what it is given, and does it one after the other."""

    def __init__(self) -> None:
        self.given: list[int] = []
        self.done: list[int] = []
        self.shutting_down = False
        self.gateway = SimpleNamespace(id="gw")

    def send_runtest_some(self, numbers: Sequence[int]) -> None:
        self.given += numbers

    def shutdown(self) -> None:
        self.shutting_down = True


def played(tests: list[str], slower: int) -> list[list[str]]:
    """What each of two processes does, when the second one needs so many times as long for each test."""
    config: Any = SimpleNamespace(
        getvalue={"tx": ["2*popen"]}.get, option=SimpleNamespace(loadscopereorder=False), rootpath=None
    )
    turns = OneHouse(config)
    processes: list[Any] = [Process(), Process()]
    for each in processes:
        turns.add_node(each)
        turns.add_node_collection(each, tests)
    turns.schedule()
    for moment in range(100):
        for process in processes[: 2 if moment % slower == 0 else 1]:
            if len(process.done) < len(process.given):
                process.done.append(process.given[len(process.done)])
                turns.mark_test_complete(process, process.done[-1])
    return [[tests[number] for number in process.done] for process in processes]


def test_the_journeys_are_made_by_one_process_in_their_order_and_then_it_helps_the_other() -> None:
    first, second = played([*OTHERS[:3], *JOURNEYS, *OTHERS[3:]], slower=10)

    assert first[:9] == JOURNEYS
    assert first[9:] and {*first[9:]} | {*second} == {*OTHERS}


def test_where_there_are_only_journeys_both_make_them() -> None:
    first, second = played(JOURNEYS, slower=1)

    assert {*first} | {*second} == {*JOURNEYS} and first and second
