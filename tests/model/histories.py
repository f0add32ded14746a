"""Whether what many said at once, and what they were answered, can be explained by one order of events.

A history is linearizable when each request can be given a moment between its beginning and its answer, such that the
answers are those of a shop that serves one after the other (Herlihy and Wing, 1990). The search is Wing and Gong's with
Lowe's memory: from a state, any request may be next that began before the earliest answer among those still open; a set of
requests served and a state that has been tried once is not tried again.
"""

import itertools
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

State = TypeVar("State", bound=Hashable)


@dataclass(frozen=True)
class Call:
    """A request and its answer; `began` and `ended` count all beginnings and ends in the order in which they were seen."""

    what: str
    about: tuple[tuple[str, int], ...]
    answer: object
    began: int
    ended: int


def explained(
    calls: Sequence[Call], beginning: State, serve: Callable[[State, Call], State | None]
) -> list[Call] | None:
    """One order that explains the history, or None. `serve` is the shop: the state after a call that is answered as it
    was, None when no shop in this state answers so."""
    order = sorted(calls, key=lambda call: call.began)
    tried: set[tuple[int, State]] = set()
    # (served as bits, state, the way here as a linked list)
    waiting: list[tuple[int, State, tuple | None]] = [(0, beginning, None)]
    while waiting:
        served, state, way = waiting.pop()
        if served == (1 << len(order)) - 1:
            return _unrolled(way)
        earliest = min(call.ended for n, call in enumerate(order) if not served >> n & 1)
        for n, call in enumerate(order):
            if call.began > earliest:
                break
            if served >> n & 1:
                continue
            after = serve(state, call)
            step = (served | 1 << n, after)
            if after is not None and step not in tried:
                tried.add(step)
                waiting.append((*step, (call, way)))
    return None


def _unrolled(way: tuple | None) -> list[Call]:
    calls: list[Call] = []
    while way is not None:
        call, way = way
        calls.append(call)
    return calls[::-1]


def by_trying_all(
    calls: Sequence[Call], beginning: State, serve: Callable[[State, Call], State | None]
) -> list[Call] | None:
    """What `explained` finds, found by trying every order: for short histories."""
    for order in itertools.permutations(calls):
        if any(later.ended < earlier.began for earlier, later in itertools.combinations(order, 2)):
            continue
        state: State | None = beginning
        for call in order:
            state = None if state is None else serve(state, call)
        if state is not None:
            return list(order)
    return None


Free = tuple[tuple[str, int], ...]


def shelf(state: Free, call: Call) -> Free | None:
    """A shelf that serves one after the other; the state is how many pieces of each article are free.

    `take` is answered True, or with what is free of the articles it wanted when that is not enough; `put` and `give` always
    work; `scrap` is answered whether it was done; `look` with what is free.
    """
    free, wanted = dict(state), dict(call.about)
    match call.what, call.answer:
        case ("take", True) | ("scrap", True):
            if any(free[name] < pieces for name, pieces in wanted.items()):
                return None
            free |= {name: free[name] - pieces for name, pieces in wanted.items()}
        case "take", short:
            if short != {name: free[name] for name, pieces in wanted.items() if free[name] < pieces} or not short:
                return None
        case "scrap", False:
            if all(free[name] >= pieces for name, pieces in wanted.items()):
                return None
        case (("put" | "give"), _):
            free |= {name: free[name] + pieces for name, pieces in wanted.items()}
        case "look", seen:
            if seen != {name: free[name] for name in wanted}:
                return None
        case _:
            raise AssertionError(call)
    return tuple(sorted(free.items()))
