"""Events to analyse, written by hand: the Parquet file that every analysis reads."""

import random
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from steelyard.operations import lake

EMPTY = dict.fromkeys(lake.COLUMNS, "")
BEGIN = datetime(2026, 3, 2)  # noqa: DTZ001  # a Monday; the frame's moments are UTC without saying so


def written(folder: Path, events: Iterable[Mapping[str, Any]], name: str = "events.parquet") -> Path:
    """A file of events; what is not said of one is empty, and what has no moment happens at the beginning."""
    rows = [{**EMPTY, "at": BEGIN, "amount": None, **event} for event in events]
    file = folder / name
    pq.write_table(pa.Table.from_pylist(rows, schema=lake.EVENT_FRAME), file)
    return file


def in_a_row(user: str, kinds: Iterable[str], *, minutes: int = 1, **more: Any) -> list[dict[str, Any]]:
    """What one person does, one thing after the other, so many minutes apart."""
    return [
        {"user": user, "kind": kind, "at": BEGIN + timedelta(minutes=minutes * number), **more}
        for number, kind in enumerate(kinds)
    ]


def made_up(events: int = 3_000, users: int = 120, days: int = 90, seed: int = 7) -> list[dict[str, Any]]:
    """Events of every kind in no order, many at the same moment: where engines could differ, these make them."""
    chance = random.Random(seed)
    found: list[dict[str, Any]] = []
    for _ in range(events):
        kind = chance.choice(["arrive", "view", "view", "cart", "checkout", "pay", "refund"])
        event = {
            "user": f"u{chance.randrange(users)}",
            "at": BEGIN + timedelta(minutes=10 * chance.randrange(6 * 24 * days)),
            "kind": kind,
            "item": f"i{chance.randrange(9)}",
            "category": f"c{chance.randrange(15)}",
            "merchant": chance.choice(["m1", "m2"]),
            "channel": chance.choice(["direct", "search", "ad"]),
            "device": chance.choice(["phone", "desk"]),
        }
        if kind in ("pay", "refund"):
            more = {"amount": chance.randrange(10_000), "currency": chance.choice(["CNY", "CNY", "USD"])}
            event |= {**more, "order_id": f"o{chance.randrange(events // 10)}"}
        found.append(event)
    return found
