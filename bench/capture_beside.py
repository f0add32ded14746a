"""What capture costs those who buy: `python -m bench capture_beside`.

Whole checkouts (W4) begin at half the rate that the house can do, each when it is due, whatever becomes of those before (open
loop), and beside each a page is asked for that does so many things. Now nobody writes those down, now they are captured in the
same web workers, where pages note them: once what a buyer does on the way to an order, once as much as a shop sees with those who
do not buy. The turns of a run go forth and back, so that a house that becomes slower, or somebody else at work, disturbs all
alike; the slowest hundredth is of all turns of a kind together.
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
# A search, a product, the cart, the checkout: what W4 leaves behind where people do it. (That it was paid is written by a
# subscriber, in every turn.)
EVENTS_OF_A_BUYER = 4
# With those who look and do not buy: of a hundred events that shops have, some ten are orders at most.
EVENTS_OF_ALL = 10
GROWTH_MAX = 1.2
# A slowest hundredth needs more than a hundred.
SECONDS_TIMES = 3
# Until both processes have imported what they need, and are connected.
READY_SECONDS = 4.0


def figures(asked: Asked) -> list[Figure]:
    """`capture_beside_…`: the slowest hundredth of checkouts in silence and beside capture, and how much it grew."""
    turns: dict[int, list[Result]] = {0: [], EVENTS_OF_A_BUYER: [], EVENTS_OF_ALL: []}
    noted: dict[int, list[Result]] = {events: [] for events in turns}
    with shop.opened(asked.products) as quiet, shop.watched(quiet) as bench:
        skus = [str(each.sku_id) for each in bench.goods[2:]]
        most = load.run(scripts.purchases, bench.port, CLIENTS, asked.seconds, skus, bench.secret)
        rate = most.outcomes.get("completed", 0) / most.seconds / 2
        count = int(rate * asked.seconds * SECONDS_TIMES)
        assert count, "nobody could buy anything"
        for events in [*turns, *reversed(turns)] * max(1, asked.runs // 2):
            at = time.time() + READY_SECONDS
            with ThreadPoolExecutor(1) as beside:
                pages = beside.submit(load.arrive, looked, bench.port, rate, count, at, events)
                turns[events].append(load.arrive(scripts.purchases, bench.port, rate, count, at, skus, bench.secret))
                noted[events].append(pages.result())
    slowest = {events: _at(each, 0.99) for events, each in turns.items()}
    per_second = {
        events: events
        * sum(each.outcomes.get("looked", 0) for each in pages)
        / sum(each.seconds for each in turns[events])
        for events, pages in noted.items()
    }
    strange = {outcome for each in chain(*turns.values()) for outcome in each.outcomes} - {"completed"}
    print(f"  {rate:,.0f} checkouts/s of {2 * rate:,.0f}; {strange or 'all completed'}")
    for events, each in turns.items():
        print(
            f"  {per_second[events]:,.0f} events/s: median {_at(each, 0.5):,.0f} ms, slowest hundredth {slowest[events]:,.0f}"
        )
    return [
        Figure("capture_beside_checkouts_per_s", round(rate)),
        Figure("capture_beside_events_per_s", round(per_second[EVENTS_OF_A_BUYER])),
        Figure("capture_beside_silent_p99_ms", round(slowest[0], 1)),
        Figure("capture_beside_p99_ms", round(slowest[EVENTS_OF_A_BUYER], 1)),
        Figure("capture_beside_p99_growth", round(slowest[EVENTS_OF_A_BUYER] / slowest[0], 3), GROWTH_MAX),
        Figure("capture_beside_all_events_per_s", round(per_second[EVENTS_OF_ALL])),
        Figure("capture_beside_all_p99_growth", round(slowest[EVENTS_OF_ALL] / slowest[0], 3)),
    ]


def _at(turns: list[Result], share: float) -> float:
    return load.percentile(sorted(chain.from_iterable(each.latencies_ms for each in turns)), share)


def looked(events: int) -> Iterator[Conversation]:
    """A page's worth of events at a time, for ever; without any, as much is made and let go."""
    path = f"{watched.PATH}/{events}" if events else f"{watched.SILENT_PATH}/{EVENTS_OF_A_BUYER}"
    return (_looked(load.request("POST", path, b"")) for _ in itertools.count())


def _looked(said: bytes) -> Conversation:
    status, _ = yield said
    return "looked" if status == 204 else f"not looked: {status}"
