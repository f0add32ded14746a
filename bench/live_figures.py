"""The live room beside its targets (`python -m bench live`): a crowd with a drop in the middle of its session, a crowd of twice
that size held, and the video. Leaves `bench/live.json`."""

import asyncio

from bench import live_media
from bench.asked import Asked
from bench.live import VIEWERS, Wanted, hold, keep, run
from bench.report import Figure

HELD = 10_000
P99_MS_MAX = 1_100.0
DROP_P99_MS_MAX = 2_000.0
PARTS_LATE_P99_MS_MAX = 500.0
LATENCY_P95_MS_MAX = 1_500.0
RETURNED_P95_MS_MAX = 2_000.0
ROOMS_PERCENT_MAX = 25.0
ROOMS_MB_MAX = 150.0


def figures(_: Asked) -> list[Figure]:
    """The live room: the crowd with a drop, a crowd of twice that size held, and the video."""
    found = run(Wanted())
    held = hold(HELD)
    video = asyncio.run(live_media.all_of_it())
    keep({**found, **held, **video})
    numbers = {
        name: float(value) for name, value in {**found, **held, **video}.items() if isinstance(value, int | float)
    }
    targets: dict[str, tuple[float, bool]] = {
        "viewers": (VIEWERS, True), "missing": (0, False), "p99_ms": (P99_MS_MAX, False),
        "lost_connections": (0, False), "parts_late_p99_ms": (PARTS_LATE_P99_MS_MAX, False),
        "drop_sold": (numbers["drop_stock"], True), "drop_orders": (numbers["drop_stock"], False),
        "drop_unanswered": (0, False), "drop_p99_ms": (DROP_P99_MS_MAX, False),
        "held_viewers": (HELD, True), "held_missing": (0, False), "held_p99_ms": (P99_MS_MAX, False),
        "latency_p95_ms": (LATENCY_P95_MS_MAX, False), "returned_p95_ms": (RETURNED_P95_MS_MAX, False),
        "core_percent": (ROOMS_PERCENT_MAX, False), "megabytes": (ROOMS_MB_MAX, False),
    }  # fmt: skip
    told: list[Figure] = []
    for name, value in numbers.items():
        target, at_least = targets.get(name, (None, False))
        told.append(Figure(f"live_{name}", value, target, at_least=at_least))
    return told
