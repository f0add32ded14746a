"""What capture costs those who buy: `python -m bench capture_beside`.

Whole checkouts (W4) begin at half the rate that the house can do, each when it is due, whatever becomes of those before (open
loop), and beside each a page is asked for that does so many things. Now nobody writes those down, now they are captured in the
same web workers, where pages note them. In turn, so that whoever else is at work disturbs both alike; the slowest hundredth is
of all turns of a kind together.
"""

import itertools
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from bench import load, scripts, shop, watched
from bench.asked import Asked
from bench.load import Conversation, Result
from bench.report import Figure

CLIENTS = 64
# What somebody does on the way to an order, and those who do not buy beside them: of a hundred events that shops have, some
# ten are orders at most.
EVENTS_PER_CHECKOUT = 10
GROWTH_MAX = 1.2
# A slowest hundredth needs more than a hundred.
SECONDS_TIMES = 3
# Until both processes have imported what they need, and are connected.
READY_SECONDS = 4.0


def figures(asked: Asked) -> list[Figure]:
    """`capture_beside_…`: the slowest hundredth of checkouts in silence and beside capture, and how much it grew."""
    silent: list[Result] = []
    busy: list[Result] = []
    events = 0
    with shop.opened(asked.products) as quiet, shop.watched(quiet) as bench:
        skus = [str(each.sku_id) for each in bench.goods[2:]]
        most = load.run(scripts.purchases, bench.port, CLIENTS, asked.seconds, skus, bench.secret)
        rate = most.outcomes.get("completed", 0) / most.seconds / 2
        count = int(rate * asked.seconds * SECONDS_TIMES)
        assert count, "nobody could buy anything"
        for _ in range(asked.runs):
            for path, turns in ((watched.SILENT_PATH, silent), (watched.PATH, busy)):
                at = time.time() + READY_SECONDS
                with ThreadPoolExecutor(1) as beside:
                    pages = beside.submit(load.arrive, noted, bench.port, rate, count, at, path)
                    turns.append(load.arrive(scripts.purchases, bench.port, rate, count, at, skus, bench.secret))
                    events += pages.result().outcomes.get("noted", 0) * EVENTS_PER_CHECKOUT * (turns is busy)
    before, after = _slowest(silent), _slowest(busy)
    seconds = sum(each.seconds for each in busy)
    strange = {outcome for each in (*silent, *busy) for outcome in each.outcomes} - {"completed"}
    print(
        f"  {rate:,.0f} checkouts/s of {2 * rate:,.0f}, {events / seconds:,.0f} events/s; {strange or 'all completed'}"
    )
    return [
        Figure("capture_beside_checkouts_per_s", round(rate)),
        Figure("capture_beside_events_per_s", round(events / seconds)),
        Figure("capture_beside_silent_p99_ms", round(before, 1)),
        Figure("capture_beside_p99_ms", round(after, 1)),
        Figure("capture_beside_p99_growth", round(after / before, 3), GROWTH_MAX),
    ]


def _slowest(turns: list[Result]) -> float:
    return load.percentile(sorted(chain.from_iterable(each.latencies_ms for each in turns)), 0.99)


def noted(path: str) -> Iterator[Conversation]:
    """A page's worth of events at a time, for ever."""
    return (_noted(load.request("POST", f"{path}/{EVENTS_PER_CHECKOUT}", b"")) for _ in itertools.count())


def _noted(said: bytes) -> Conversation:
    status, _ = yield said
    return "noted" if status == 204 else f"not noted: {status}"
