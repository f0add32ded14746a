"""`python -m bench.trade`: how many orders a second, and how quick the doors for programs are, beside what PostgreSQL and the
bare stack do on the same machine in the same run.

Everything is measured for a few seconds, several times, in turn, so that whoever else is at work on the machine disturbs all
of it alike; the ratios are of medians.
"""

import argparse
import asyncio
import statistics
import sys
from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

import asyncpg
import psutil

from bench import baseline, load, prepared, rush, scripts, shop
from bench.asked import Asked
from bench.load import Result
from bench.programs import end_as_told
from bench.report import Figure, table
from bench.shop import Bench
from steelyard.kernel.db import Database, Tx, administer

SCARCE = 1
ORDERS_PER_SECOND_MAX = 8_000
PIECES, ATTEMPTS = 300, 600
BASE = 64  # as many as pgbench has; every crowd of ours is measured against that
TARGETS = {
    "placement_random_c64_ratio": 1.2,
    "placement_hot_c64_ratio": 4.0,
    "w1_json_ratio": 0.3,
    "w2_json_ratio": 0.35,
    "w3_json_ratio": 0.05,
    "w1_html_ratio": 0.1,
    "w2_html_ratio": 0.1,
    "w3_html_ratio": 0.1,
    "w4_c64_ratio": 0.5,
    "w4_c256_ratio": 0.5,
    "w5_c64_ratio": 2.0,
    "w5_c256_ratio": 2.0,
    "w6_ratio": 0.7,
    "w6_sold": 300.0,
}
AT_MOST = {
    "w3_json_p99_ms": 30.0,
    "w4_c64_p99_ms": 100.0,
    "w5_oversold": 0.0,
    "w6_oversold": 0.0,
    "w6_most_per_buyer": 1.0,
}

Measure = Callable[[], float]


class Figures(dict[str, float]):
    """What was measured, by name; the runs of one name are gathered and their median counts."""

    def __init__(self) -> None:
        super().__init__()
        self._runs: dict[str, list[float]] = {}

    def add(self, name: str, value: float) -> None:
        runs = self._runs.setdefault(name, [])
        runs.append(value)
        self[name] = statistics.median(runs)

    def ratio(self, name: str, of: str, to: str) -> None:
        if self.get(of) is not None and self.get(to):
            self[name] = self[of] / self[to]


class Trial:
    """One house under measurement."""

    def __init__(self, bench: Bench, seconds: float) -> None:
        self.bench = bench
        self.seconds = seconds
        self.figures = Figures()
        self.strange: dict[str, dict[str, int]] = {}
        self._database = asyncio.run(_postmaster(bench.database_url))

    def measure(
        self,
        name: str,
        script: load.Script,
        clients: int,
        good: str,
        *args: object,
        bare: bool = False,
        at: Bench | None = None,
    ) -> Result:
        """One run: how many a second went well, how long the slowest hundredth took, and who used how much of the cores.
        `at` another house on the same database."""
        bench = at or self.bench
        before = self._cpu(bench)
        port = bench.bare_port if bare else bench.port
        result = load.run(script, port, clients, self.seconds, *args)
        app, database = (now - then for now, then in zip(self._cpu(bench), before, strict=True))
        went_well = result.outcomes.get(good, 0)
        self.figures.add(f"{name}_per_s", went_well / result.seconds)
        if went_well:
            self.figures.add(f"{name}_p50_ms", result.percentile(0.5))
            self.figures.add(f"{name}_p99_ms", result.percentile(0.99))
            self.figures.add(f"{name}_clients_share", result.share)
            if not bare:
                self.figures.add(f"{name}_app_us", app / result.done * 1e6)
                self.figures.add(f"{name}_database_us", database / result.done * 1e6)
        if went_well != result.done:
            self.strange[name] = result.outcomes
        return result

    def _cpu(self, bench: Bench) -> tuple[float, float]:
        """Seconds that the web workers and PostgreSQL have used so far."""
        return _used([psutil.Process(pid) for pid in bench.server_pids]), _used(
            [self._database, *self._database.children()]
        )


def _used(processes: list[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        # A connection that has gone is counted with the server that it belonged to.
        total += times.user + times.system + times.children_user + times.children_system
    return total


async def _postmaster(url: str) -> psutil.Process:
    connection = await asyncpg.connect(url)
    try:
        parent = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()")).parent()
    finally:
        await connection.close()
    assert parent is not None
    return parent


def reading(trial: Trial, clients: int) -> None:
    """W1 to W3, as JSON and as pages, and the bare endpoint."""
    goods = trial.bench.goods[:: max(1, len(trial.bench.goods) // 500)]
    categories = [f"category-{number}" for number in range(shop.CATEGORIES)]
    ids = [str(each.product_id) for each in goods]
    trial.measure("bare", scripts.bare, clients, "good", bare=True)
    trial.measure("w1_json", scripts.lists, clients, "good", categories)
    trial.measure("w2_json", scripts.products, clients, "good", ids)
    trial.measure("w3_json", scripts.searches, clients, "good")
    trial.measure("w1_html", scripts.pages, clients, "good", [f"/c/{slug}" for slug in categories])
    # Most of these are looked at for the first time since they were last forgotten, and drawn; then they are kept.
    trial.measure("w2_html_first", scripts.pages, clients, "good", [f"/products/{each}" for each in ids])
    trial.measure("w2_html", scripts.pages, clients, "good", [f"/products/{each}" for each in ids])
    trial.measure("w3_html", scripts.pages, clients, "good", [f"/search?q={query}" for query in scripts.QUERIES])
    for name in ("w1_json", "w2_json", "w3_json", "w1_html", "w2_html_first", "w2_html", "w3_html"):
        trial.figures.ratio(f"{name}_ratio", f"{name}_per_s", "bare_per_s")


def placing(trial: Trial, clients: int) -> None:
    """Placement alone, of random SKUs and of one; and PostgreSQL with the same writes."""
    bench, name = trial.bench, f"c{clients}"
    for kind, goods in (("random", bench.goods[2:]), ("hot", bench.goods[:1])):
        sku_ids: list[UUID] = [each.sku_id for each in goods]
        model = _one_order(bench, sku_ids[0])
        ready = asyncio.run(prepared.prepare(bench, sku_ids, int(trial.seconds * ORDERS_PER_SECOND_MAX)))
        asyncio.run(_baseline(bench, model, ready))
        alone = baseline.run(bench.database_url, clients=clients, seconds=trial.seconds)
        trial.figures.add(f"pgbench_{kind}_{name}_per_s", alone)
        # As long as the first, if it is four times as quick; there are only so many checkouts.
        left = len(ready) - asyncio.run(_with(bench, _turns))
        many = baseline.run_many(bench.database_url, min(left, int(alone * trial.seconds * 4)))
        trial.figures.add(f"pgbench_{kind}_by_{baseline.PER_TRANSACTION}_per_s", many)
        ready = asyncio.run(prepared.prepare(bench, sku_ids, int(trial.seconds * ORDERS_PER_SECOND_MAX)))
        trial.measure(f"placement_{kind}_{name}", scripts.completions, clients, "completed", ready, bench.secret)
        trial.figures.ratio(
            f"placement_{kind}_{name}_ratio", f"placement_{kind}_{name}_per_s", f"pgbench_{kind}_{name}_per_s"
        )


def _one_order(bench: Bench, sku_id: UUID) -> UUID:
    """A purchase that was made at the door, as any other: the model for the baseline."""
    (checkout_id,) = asyncio.run(prepared.prepare(bench, [sku_id], 1))
    made = load.run(scripts.completions, bench.port, 1, 60.0, [checkout_id], bench.secret)
    assert made.outcomes == {"completed": 1}, made.outcomes
    return UUID(checkout_id)


async def _baseline(bench: Bench, model: UUID, ready: Sequence[str]) -> None:
    async with administer(bench.database_url) as owner, owner.transaction():
        tx = Tx(owner)
        await baseline.install(tx, await tx.value("SELECT purchase_id FROM checkouts WHERE checkout_id = $1", model))
        await baseline.ready(tx, [UUID(each) for each in ready])


def buying(trial: Trial, clients: int) -> None:
    """W4 and W5: from nothing to paid. `p50` and `p99` are of the whole checkout, which is two calls, one after the other;
    `call_p99` is of one call, whichever of the two, and `create_p99` and `complete_p99` of each of them."""
    bench, name = trial.bench, f"c{clients}"
    random_skus = [str(each.sku_id) for each in bench.goods[2:]]
    hot = [str(bench.goods[shop.HOT].sku_id)]
    for which, skus in (("w4", random_skus), ("w5", hot)):
        _calls(
            trial.figures,
            f"{which}_{name}",
            trial.measure(f"{which}_{name}", scripts.purchases, clients, "completed", skus, bench.secret),
        )
    for which, kind in (("w4", "random"), ("w5", "hot")):
        trial.figures.ratio(f"{which}_{name}_ratio", f"{which}_{name}_per_s", f"pgbench_{kind}_c{BASE}_per_s")


def _calls(figures: Figures, name: str, result: Result) -> None:
    if result.latencies_ms:
        figures.add(f"{name}_call_p99_ms", result.percentile_of_calls(0.99))
        for call, taken in zip(("create", "complete"), result.calls_ms, strict=False):
            figures.add(f"{name}_{call}_p99_ms", load.percentile(sorted(taken), 0.99))


def selling_out(trial: Trial, clients: int) -> None:
    """W5 with 300 pieces and 600 attempts: how many were sold beyond what there was."""
    bench = trial.bench
    sku_id = bench.goods[SCARCE].sku_id
    asyncio.run(_with(bench, partial(_only, sku_id=sku_id)))
    result = load.run(scripts.purchases, bench.port, clients, 120.0, [str(sku_id)], bench.secret, ATTEMPTS)
    sold: int = asyncio.run(_with(bench, partial(_promised, sku_id=sku_id)))
    trial.figures["w5_sold"] = sold
    trial.figures["w5_oversold"] = max(0, sold - PIECES)
    trial.figures["w5_acknowledged"] = result.outcomes.get("completed", 0)


def rushing(trial: Trial, clients: int) -> None:
    """W6: W5 at a flash price, with a limit of one for each buyer; the ratio is to W5 of as many clients."""
    bench, name = trial.bench, f"w6_c{clients}"
    wanted = asyncio.run(rush.planned(bench, rush.PLENTIFUL, shop.PIECES // 10))
    sku_id = str(bench.goods[rush.PLENTIFUL].sku_id)
    _calls(
        trial.figures,
        name,
        trial.measure(name, scripts.purchases, clients, "completed", [sku_id], bench.secret),
    )
    sold, most = asyncio.run(rush.over(bench, wanted))
    assert sold >= most == 1, (sold, most)
    trial.figures.ratio("w6_ratio", f"{name}_per_s", f"w5_c{clients}_per_s")


def rushing_out(trial: Trial, clients: int) -> None:
    """W6 with 300 pieces and 2,000 buyers: how many were sold, and how many the buyer with the most has."""
    bench = trial.bench
    wanted = asyncio.run(rush.planned(bench, rush.FEW, rush.PIECES))
    buyers = rush.crowd()
    ready = asyncio.run(prepared.prepare(bench, [bench.goods[rush.FEW].sku_id], len(buyers), buyers))
    result = load.run(scripts.completions, bench.port, clients, 120.0, ready, bench.secret)
    sold, most = asyncio.run(rush.over(bench, wanted))
    trial.figures["w6_sold"] = sold
    trial.figures["w6_oversold"] = max(0, sold - rush.PIECES)
    trial.figures["w6_most_per_buyer"] = most
    trial.figures["w6_acknowledged"] = result.outcomes.get("completed", 0)


def gateway(trial: Trial, clients: int) -> None:
    """W4g: as W4, paid through the payment simulator, which takes its part of the cores."""
    sku_ids = [str(each.sku_id) for each in trial.bench.goods[2:]]
    with shop.simulated(trial.bench) as there:
        trial.measure(f"w4g_c{clients}", scripts.purchases, clients, "completed", sku_ids, "", at=there)


async def _with(bench: Bench, command: Callable[[Tx], object]) -> int:
    db = await Database.connect_as_owner(bench.database_url, size=1)
    try:
        return await db.transact(command)  # pyright: ignore
    finally:
        await db.close()


async def _safe(url: str) -> str:
    """Its version, and whether it writes as it must in a shop."""
    names = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers")
    async with administer(url) as owner:
        said = [f"{name} {await owner.fetchval('SELECT current_setting($1)', name)}" for name in names]
    return ", ".join(said)


async def _turns(tx: Tx) -> int:
    return await tx.value("SELECT nextval('bench_turn')")


async def _only(tx: Tx, sku_id: UUID) -> int:
    return await tx.execute("UPDATE stock SET on_hand = reserved + $2 WHERE sku_id = $1", sku_id, PIECES)


async def _promised(tx: Tx, sku_id: UUID) -> int:
    row = await tx.row("SELECT sum(reserved) AS reserved, sum(on_hand) AS on_hand FROM stock WHERE sku_id = $1", sku_id)
    assert row is not None
    return PIECES - (row["on_hand"] - row["reserved"])


PARTS = {
    "reading": reading,
    "placing": placing,
    "buying": buying,
    "gateway": gateway,
    "selling_out": selling_out,
    "rushing": rushing,
    "rushing_out": rushing_out,
}


# How many at once where the crowd's size is not the question.
CLIENTS = {
    "reading": [16],
    "placing": [BASE],
    "gateway": [BASE],
    "selling_out": [BASE],
    "rushing": [BASE],
    "rushing_out": [BASE],
}


def figures(asked: Asked, parts: Sequence[str] = tuple(PARTS)) -> list[Figure]:
    """Each part with each number of clients, in turn, so many times."""
    with shop.opened(asked.products) as bench:
        trial = Trial(bench, asked.seconds)
        print(f"  PostgreSQL {asyncio.run(_safe(bench.database_url))}")
        for _ in range(asked.runs):
            for name in parts:
                for clients in asked.clients if name == "buying" else CLIENTS[name]:
                    PARTS[name](trial, clients)
    for name, outcomes in trial.strange.items():
        print(f"! {name}: {outcomes}")
    return [
        Figure(name, round(value, 3), {**TARGETS, **AT_MOST}.get(name), at_least=name in TARGETS)
        for name, value in trial.figures.items()
    ]


def main() -> int:
    """Only these parts; leaves no file."""
    parser = argparse.ArgumentParser(prog="python -m bench.trade", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="none means all")
    Asked.options(parser)
    told = parser.parse_args()
    end_as_told()
    print(table(figures(Asked.read(told), told.parts or tuple(PARTS))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
