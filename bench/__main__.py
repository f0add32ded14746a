"""`python -m bench [PART …]`: measure Steelyard and tell the figures beside their targets.

`first_paint` and `list_pages` look at a house that is lived in: without PORT, a demo of its own (`--scale`), made, measured and
thrown away; with PORT (and the STEELYARD_HOME of the demo that runs there), that one. `STEELYARD_HOME` alone keeps the demo for
the next time. The other parts make a shop of `--products`, which BENCH_HOME keeps. Leaves `bench/latest.json`.
"""

import argparse
import asyncio
import os
import sys
import traceback
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from typing import Any

from bench import (
    capture,
    capture_beside,
    first_paint,
    journeys,
    large,
    list_pages,
    live_figures,
    reconciling,
    refunds,
    reports,
    rest,
    segments,
    settling,
    trade,
    values,
)
from bench.asked import Asked
from bench.house import House, opened
from bench.programs import NotThere, end_as_told
from bench.report import LATEST, Figure, machine, table, write

# A part measures one thing and returns its figures. A new one is one line here.
IN_A_HOUSE: dict[str, Callable[[House], Coroutine[Any, Any, list[Figure]]]] = {
    "first_paint": first_paint.figures,
    "list_pages": list_pages.figures,
}
IN_A_SHOP: dict[str, Callable[[Asked], list[Figure]]] = {
    "trade": trade.figures,
    "rest": rest.figures,
    "refunds": refunds.figures,
    "large": large.figures,
    "settling": settling.figures,
    "capture": capture.figures,
    "capture_beside": capture_beside.figures,
    "reports": reports.figures,
    "values": values.figures,
    "reconciling": reconciling.figures,
    "live": live_figures.figures,
    "segments": segments.figures,
    "journeys": journeys.figures,
}
PARTS = [*IN_A_SHOP, *IN_A_HOUSE]
# Take minutes or gigabytes: only where they are asked for.
_LONG = (
    "large", "settling", "reconciling", "live", "segments", "journeys", "capture_beside", "reports", "values",
)  # fmt: skip
USUAL = [name for name in PARTS if name not in _LONG]


def main() -> int:
    """Measure the parts that were asked for; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help=f"of {', '.join(PARTS)}; none means all but {', '.join(_LONG)}",
    )
    parser.add_argument(
        "--large", action="store_true", help="search among a million products, too: minutes, and 8 GB of disk"
    )
    parser.add_argument("--scale", type=float, default=float(os.environ.get("BENCH_SCALE", "1")), help="of the demo")
    Asked.options(parser)
    told = parser.parse_args()
    unknown = [name for name in told.parts if name not in PARTS]
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}")
    end_as_told()
    print(machine())
    try:
        parts = [*(told.parts or USUAL), *(["large"] if told.large else [])]
        measured, failed = _measured(list(dict.fromkeys(parts)), Asked.read(told), told.scale)
    except NotThere as obstacle:
        print(obstacle, file=sys.stderr)
        return 1
    print(table(measured))
    missed = [one.name for one in measured if not one.met]
    print(f"Missed: {', '.join(missed)}." if missed else "All targets are met.", f"Figures: {LATEST}")
    if failed:
        print(f"Not measured to its end: {', '.join(failed)}; why stands above.", file=sys.stderr)
    return int(bool(missed or failed))


def _measured(parts: Sequence[str], asked: Asked, scale: float) -> tuple[list[Figure], list[str]]:
    """What the parts found, and those that failed: minutes of the others are not lost with them."""
    measured: list[Figure] = []
    failed: list[str] = []
    with ExitStack() as stack:
        house: House | None = None
        for name in parts:
            print(f"── {name}", flush=True)
            if name in IN_A_HOUSE and house is None:
                house = stack.enter_context(opened(scale))
            busy = os.getloadavg()[0] / (os.cpu_count() or 1)
            try:
                found = asyncio.run(IN_A_HOUSE[name](house)) if house and name in IN_A_HOUSE else IN_A_SHOP[name](asked)
            except NotThere:
                raise
            except Exception:
                traceback.print_exc()
                failed.append(name)
                continue
            # Above 1, others were at work on this machine before: then read times with that in mind.
            measured += [*found, Figure(f"{name}_load_per_core_before", round(busy, 2))]
            write(measured)
    return measured, failed


if __name__ == "__main__":
    sys.exit(main())
