"""`python -m bench [PART …]`: measure a house and tell the figures beside their targets.

Without PORT, a demo of its own is made (`--scale`), measured and thrown away; with PORT (and the STEELYARD_HOME of the demo
that runs there), that one. `STEELYARD_HOME` alone keeps the demo for the next time. Leaves `bench/latest.json`.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from bench import first_paint, list_pages
from bench.house import House, NotThere, opened
from bench.report import LATEST, Figure, table, write

# A part measures one thing and returns its figures. A new one is one line here.
PARTS: dict[str, Callable[[House], Coroutine[Any, Any, list[Figure]]]] = {
    "first_paint": first_paint.figures,
    "list_pages": list_pages.figures,
}


def main() -> int:
    """Measure the parts that were asked for; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; none means all")
    parser.add_argument("--scale", type=float, default=float(os.environ.get("BENCH_SCALE", "1")))
    asked = parser.parse_args()
    unknown = [name for name in asked.parts if name not in PARTS]
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}")
    measured: list[Figure] = []
    try:
        with opened(asked.scale) as house:
            for name in asked.parts or PARTS:
                print(f"── {name}", flush=True)
                busy = os.getloadavg()[0] / (os.cpu_count() or 1)
                found = asyncio.run(PARTS[name](house))
                # Above 1, others were at work on this machine before: then read times with that in mind.
                measured += [*found, Figure(f"{name}_load_per_core_before", round(busy, 2))]
    except NotThere as obstacle:
        print(obstacle, file=sys.stderr)
        return 1
    write(measured)
    print(table(measured))
    missed = [one.name for one in measured if not one.met]
    print(f"Missed: {', '.join(missed)}." if missed else "All targets are met.", f"Figures: {LATEST}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
