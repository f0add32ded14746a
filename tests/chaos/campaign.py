"""Faults in a row, under load, and the truth looked for after each.

    python -m tests.chaos.campaign --kills 1000 --seed 1

goes on where it was stopped, and ends with its summary (`make chaos KILLS=1000`).
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psycopg

from tests.chaos import truth
from tests.chaos.faults import FAULTS, planned
from tests.chaos.house import House, standing, until
from tests.chaos.load import Agent, Memory, shop

AGENTS = 6
# A house is given up for a new one after so many faults: what is looked at after each stays small.
FAULTS_PER_HOUSE = 50
LONGEST_STALL_SECONDS = 60.0
# `ruler` is soon sold out; of the others there is always some.
STOCK = {"ruler": 60, "black": 500_000, "hammer": 500_000, "nuts": 500_000}
RECORD = Path("build/chaos")

Tell = Callable[[dict[str, Any]], None]


@contextmanager
def under_load(house: House, seed: str) -> Iterator[Memory]:
    """Agents buy until the body is left; then each brings its last purchase to an end, unless something has gone wrong."""
    memory = Memory()
    skus = [house.world.items[ware].sku_id for ware in house.stock]
    failures: list[BaseException] = []

    async def everybody() -> None:
        agents = [Agent(house.url, memory, skus, f"{seed}/{number}") for number in range(AGENTS)]
        buying = asyncio.gather(*(shop(agent, stop) for agent in agents))
        torn_off = asyncio.create_task(gone_wrong.wait())
        await asyncio.wait([buying, torn_off], return_when=asyncio.FIRST_COMPLETED)
        torn_off.cancel()
        if buying.done():
            buying.result()

    runner = asyncio.Runner()
    loop = runner.get_loop()
    stop, gone_wrong = asyncio.Event(), asyncio.Event()

    def walk() -> None:
        try:
            runner.run(everybody())
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=walk, daemon=True)
    thread.start()
    try:
        yield memory
    except BaseException as error:
        loop.call_soon_threadsafe(gone_wrong.set)
        if failures:  # nobody buys any more, and this is why
            raise failures[0] from error
        raise
    finally:
        loop.call_soon_threadsafe(stop.set)
        while thread.is_alive():
            house.tend()
            thread.join(0.5)
        runner.close()
    if failures:
        raise failures[0]


def attack(house: House, names: Sequence[str], seed: str, tell: Tell) -> Memory:
    """Each fault in its turn, once the load is under way; afterwards the house must serve again by itself, and nothing may
    be untrue. At the end, once everybody is done, everything is accounted for. Raises `Untrue`, `Late`, `Unanswered`."""
    with under_load(house, seed) as memory:
        for number, name in enumerate(names):
            chance = random.Random(f"{seed}/{number}")
            answered(house, memory, chance.randint(2, 15))
            begun = time.monotonic()
            FAULTS[name][1](house, chance)
            over = time.monotonic()
            serves_again(house, memory, over, name)
            back = time.monotonic() - over
            looked_at(house, memory)
            tell(
                {
                    "fault": name,
                    "lasted": round(over - begun, 2),
                    "back": round(back, 2),
                    "purchases": len(memory.bought),
                }
            )
    truth.at_rest(house, memory)
    return memory


def answered(house: House, memory: Memory, more: int) -> None:
    """The load is under way: so many more requests have been answered."""
    before = memory.answers

    def reached() -> bool:
        house.tend()
        return memory.answers >= before + more

    until(reached, f"requests are answered: {dict(memory.seen)}")


def serves_again(house: House, memory: Memory, since: float, name: str) -> None:
    """Somebody who began after the fault has bought something, and the worker has heard of it."""

    def bought() -> list[str]:
        house.tend()
        return [each.purchase_id for each in memory.bought[-100:] if each.begun >= since]

    def heard() -> bool:
        try:
            return truth.heard_of(house, bought())
        except (psycopg.OperationalError, OSError):
            return False

    until(lambda: bool(bought()), f"somebody can buy after “{name}”: {dict(memory.seen)}")
    until(heard, f"the worker hears of a purchase after “{name}”")


def looked_at(house: House, memory: Memory) -> None:
    """A server that is just going down is looked at when it is back."""

    def seen() -> bool:
        house.tend()
        try:
            truth.at_any_moment(house, memory)
        except (psycopg.OperationalError, OSError):
            return False
        return True

    until(seen, "the database can be looked at")


def campaign(kills: int, seed: int, record: Path, beside: int) -> None:
    """House after house until so many faults have been survived, so many of them at once; what is on record is not done
    again. When one house has failed the others that stand are brought to their end, and none is begun."""
    record.mkdir(parents=True, exist_ok=True)
    file = record / f"seed-{seed}.jsonl"
    done = survived(file)
    left = iter([number for number in range(-(-kills // FAULTS_PER_HOUSE)) if number not in done])
    failures: list[BaseException] = []
    with ProcessPoolExecutor(beside, get_context("spawn")) as pool:
        stand = {pool.submit(one_house, number, kills, seed): number for number in islice(left, beside)}
        while stand:
            for fallen in wait(stand, return_when=FIRST_COMPLETED).done:
                number = stand.pop(fallen)
                if error := fallen.exception():
                    print(f"House {number} fell: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
                    failures.append(error)
                    continue
                done[number] = fallen.result()
                with file.open("a") as lines:
                    lines.write(json.dumps({"house": number, **done[number]}) + "\n")
            if not failures:
                stand |= {
                    pool.submit(one_house, number, kills, seed): number for number in islice(left, beside - len(stand))
                }
    if failures:
        raise failures[0]
    print(summary(list(done.values())))


def survived(file: Path) -> dict[int, dict[str, Any]]:
    """Which houses are on record, and what each came to."""
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return {line.get("house", place): line for place, line in enumerate(lines)}


def one_house(number: int, kills: int, seed: int) -> dict[str, Any]:
    """A house, its faults, and what came of it."""
    names = planned(min(FAULTS_PER_HOUSE, kills - number * FAULTS_PER_HOUSE), seed * 1_000 + number)
    told: list[dict[str, Any]] = []

    def tell(fact: dict[str, Any]) -> None:
        told.append(fact)
        place = number * FAULTS_PER_HOUSE + len(told)
        print(f"{place:>5}/{kills}  {fact['fault']:<42} back in {fact['back']:>6.2f} s", flush=True)

    with standing(STOCK) as house:
        house.longest_stall_seconds = LONGEST_STALL_SECONDS
        memory = attack(house, names, f"{seed}/{number}", tell)
    return {"faults": told, "purchases": len(memory.bought), "sold_out": memory.sold_out,
            "given_up": len(memory.given_up), "answers": memory.answers, "seen": dict(memory.seen)}  # fmt: skip


def summary(done: Sequence[dict[str, Any]]) -> str:
    """What a campaign came to."""
    back: dict[str, list[float]] = defaultdict(list)
    longest: dict[str, float] = defaultdict(float)
    for house in done:
        for fact in house["faults"]:
            back[fact["fault"]].append(fact["back"])
            longest[fact["fault"]] = max(longest[fact["fault"]], fact.get("lasted", 0))
    seen: Counter[str] = Counter()
    for house in done:
        seen.update(house["seen"])
    lines = ["", f"{'fault':<42}{'times':>6}{'lasted, most':>14}{'back, median':>14}{'slowest':>10}"]
    for name, seconds in sorted(back.items()):
        lines.append(
            f"{name:<42}{len(seconds):>6}{longest[name]:>12.1f} s{statistics.median(seconds):>12.1f} s{max(seconds):>8.1f} s"
        )
    total = {what: sum(house[what] for house in done) for what in ("purchases", "sold_out", "given_up", "answers")}
    faults = sum(len(seconds) for seconds in back.values())
    lines += [
        "",
        f"{faults} faults in {len(done)} houses; {total['purchases']} purchases acknowledged and found again, "
        f"{total['sold_out']} times sold out, {total['given_up']} given up, {total['answers']} answers.",
        "What the agents met: " + ", ".join(f"{what} × {times}" for what, times in seen.most_common()),
        "Nothing lost, nothing twice, nothing half made, nothing oversold; the books balance and every check holds.",
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Faults in a row, under load, and the truth looked for after each.")
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--beside", type=int, default=1, help="so many houses at once")
    parser.add_argument("--record", type=Path, default=RECORD, help="where what was survived is written down")
    wanted = parser.parse_args()
    try:
        campaign(wanted.kills, wanted.seed, wanted.record, wanted.beside)
    except AssertionError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
