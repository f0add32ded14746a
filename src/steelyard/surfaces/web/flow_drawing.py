"""A flow chart of who moved where (a Sankey diagram), drawn on the server: bands from stages on the left to stages on the
right, as thick as many moved. Pure: numbers in, the numbers of an SVG out."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from steelyard.operations.lifecycle import Flow

WIDTH = 720.0
HEIGHT = 360.0
BAR = 10.0
LABEL = 150.0
GAP = 8.0
THIN = 1.0


class Bar(NamedTuple):
    """A stage on one side: where its bar stands, how many moves, and where its words are written."""

    label: str
    moves: int
    x: float
    y: float
    height: float
    text_x: float
    at_end: bool


class Band(NamedTuple):
    """Moves from one stage to another: the path of the band, and what it says."""

    path: str
    title: str


class Drawing(NamedTuple):
    """Of an SVG with this view box."""

    width: float
    height: float
    bars: list[Bar]
    bands: list[Band]


def drawn(flows: Sequence[Flow], order: Sequence[str], name: Callable[[str], str]) -> Drawing | None:
    """The chart of these flows, stages from the top in this order; none where nobody moved."""
    total = sum(flow.moves for flow in flows)
    if not total:
        return None
    left = _side({flow.from_stage for flow in flows}, flows, order, "from_stage", total)
    right = _side({flow.to_stage for flow in flows}, flows, order, "to_stage", total)
    per_move = min(left[1], right[1])
    starts, left_bars = _stacked(left[0], per_move, LABEL, name, at_end=True)
    ends, right_bars = _stacked(right[0], per_move, WIDTH - LABEL - BAR, name, at_end=False)
    bands: list[Band] = []
    for flow in sorted(flows, key=lambda flow: (order.index(flow.from_stage), order.index(flow.to_stage))):
        thick = flow.moves * per_move
        bands.append(_band(starts[flow.from_stage], ends[flow.to_stage], thick, flow, name))
        starts[flow.from_stage] += thick
        ends[flow.to_stage] += thick
    return Drawing(WIDTH, HEIGHT, left_bars + right_bars, bands)


def _side(
    stages: set[str], flows: Sequence[Flow], order: Sequence[str], side: str, total: int
) -> tuple[list[tuple[str, int]], float]:
    """The stages of a side with their moves, and how high one move may be so that all fit in."""
    found = [
        (stage, sum(flow.moves for flow in flows if getattr(flow, side) == stage))
        for stage in sorted(stages, key=order.index)
    ]
    return found, (HEIGHT - GAP * 2 * len(found)) / total


def _stacked(
    stages: Sequence[tuple[str, int]], per_move: float, x: float, name: Callable[[str], str], *, at_end: bool
) -> tuple[dict[str, float], list[Bar]]:
    y, places, bars = GAP, dict[str, float](), list[Bar]()
    for stage, moves in stages:
        high = max(moves * per_move, THIN)
        places[stage] = y
        bars.append(Bar(name(stage), moves, x, y, high, x - GAP if at_end else x + BAR + GAP, at_end))
        # Two lines of small print find place beside the thinnest bar.
        y += max(high, 2 * GAP) + GAP
    return places, bars


def _band(start: float, end: float, thick: float, flow: Flow, name: Callable[[str], str]) -> Band:
    x1, x2 = LABEL + BAR, WIDTH - LABEL - BAR
    middle, thick = (x1 + x2) / 2, max(thick, THIN)
    path = (
        f"M{x1:.1f} {start:.1f}C{middle:.1f} {start:.1f} {middle:.1f} {end:.1f} {x2:.1f} {end:.1f}"
        f"V{end + thick:.1f}C{middle:.1f} {end + thick:.1f} {middle:.1f} {start + thick:.1f} {x1:.1f} {start + thick:.1f}Z"
    )
    return Band(path, f"{name(flow.from_stage)} → {name(flow.to_stage)}: {flow.moves}")
