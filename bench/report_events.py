"""The events that reports are measured on: made by DuckDB, the same whenever they are made, in files such as the lake's.

What was done before today lies in a file a day, sorted as `lake.keeping.compact` leaves it; today's in a file an hour, as it
came; and trade in a file a day, its lines as `lake.writing` tells them. Who does what follows from numbers by hashes.
"""

import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq

from steelyard.kernel import duck
from steelyard.operations import lake

FIRST_DAY = date(2026, 3, 1)
DAYS = 90
HOUSE_HOURS = 8
EVENTS_PER_VISIT = 5
EVENTS_PER_PERSON = 20
EVENTS_PER_ORDER = 10
HOURS = 24
# `chance` is a number below `most`, the same for the same `n` and `salt`; some people are about more often than others.
_NAMES = """
    CREATE MACRO chance(n, salt, most) AS (hash(n, salt) % most)::BIGINT;
    CREATE MACRO named(kind, n) AS md5(kind || n)::UUID::VARCHAR;
    CREATE TABLE people AS SELECT n, named('person', n) AS id FROM range($people) AS r (n);
    CREATE TABLE goods AS
    SELECT n, named('product', n) AS id, 'category-' || n % 50 AS category, named('shop', n % 20) AS merchant
    FROM range(10000) AS r (n);
"""
_DONE = """
    WITH visits AS (
        SELECT v, (pow(chance(v, 1, 1000000) / 1e6, 1.3) * $people)::BIGINT AS person
             , $begins::TIMESTAMP + to_seconds(chance(v, 2, 86400)) AS began
             , ['direct', 'search', 'ad', 'live', 'message', 'link'][1 + chance(v, 3, 6)] AS channel
             , ['phone', 'phone', 'desk'][1 + chance(v, 4, 3)] AS device
        FROM range($first, $last) AS r (v)
    ), done AS (
        SELECT v.*, s, v * $most + s AS n, began + to_seconds(s * 45 + chance(v * $most + s, 5, 90)) AS "at"
             , CASE WHEN s = 0 THEN 'arrive' WHEN chance(v * $most + s, 6, 10) < 6 THEN 'view'
                    ELSE ['search', 'favourite', 'cart', 'checkout'][1 + chance(v * $most + s, 10, 4)] END AS kind
        FROM visits AS v, range($most) AS r (s)
    )
    SELECT p.id AS "user", d."at", d.kind, CASE WHEN d.kind IN ('arrive', 'search') THEN '' ELSE g.id END AS item
         , CASE WHEN d.kind IN ('arrive', 'search') THEN '' ELSE g.category END AS category
         , NULL::BIGINT AS amount, '' AS currency
         , CASE WHEN d.kind IN ('arrive', 'search') THEN '00000000-0000-0000-0000-000000000000' ELSE g.merchant END AS merchant
         , '' AS order_id, CASE WHEN d.kind = 'arrive' THEN d.channel ELSE 'direct' END AS channel
         , CASE WHEN d.kind = 'arrive' THEN 'source-' || chance(d.v, 7, 20) ELSE '' END AS source
         , CASE WHEN d.kind = 'arrive' THEN 'paid' ELSE '' END AS medium
         , CASE WHEN d.kind = 'arrive' THEN 'campaign-' || chance(d.v, 8, 30) ELSE '' END AS campaign, d.device
    FROM done AS d JOIN people AS p ON p.n = d.person JOIN goods AS g ON g.n = chance(d.n, 9, 10000)
"""
_TRADED = """
    WITH sold AS (
        SELECT o, (pow(chance(o, 11, 1000000) / 1e6, 1.3) * $people * 0.6)::BIGINT AS person
             , $begins::TIMESTAMP + to_seconds(chance(o, 12, 86000)) AS "at", chance(o, 13, 100) < 98 AS cny
        FROM range($first, $last) AS r (o)
    ), lines AS (
        SELECT s.*, l, 1000 + chance(s.o * 3 + l, 14, 20000) AS amount, chance(s.o * 3 + l, 15, 10000) AS good
        FROM sold AS s, range(3) AS r (l) WHERE l <= chance(s.o, 16, 3)
    ), facts AS (
        SELECT 'order' AS kind, o, person, "at", cny, sum(amount)::BIGINT + 800 AS amount, NULL::BIGINT AS good FROM lines
        GROUP BY o, person, "at", cny
        UNION ALL
        SELECT 'pay', o, person, "at" + INTERVAL 60 SECOND, cny, amount, good FROM lines WHERE chance(o, 17, 100) < 92
        UNION ALL
        SELECT 'pay', o, person, "at" + INTERVAL 60 SECOND, cny, 800, NULL FROM sold WHERE chance(o, 17, 100) < 92
        UNION ALL
        SELECT 'refund', o, person, "at" + INTERVAL 60 SECOND, cny, amount, NULL FROM lines
        WHERE l = 0 AND chance(o, 17, 100) < 92 AND chance(o, 18, 20) = 0
    )
    SELECT p.id AS "user", f."at", f.kind, coalesce(g.id, '') AS item, coalesce(g.category, '') AS category, f.amount
         , CASE WHEN f.cny THEN 'CNY' ELSE 'USD' END AS currency, named('shop', f.o % 20) AS merchant
         , named('order', f.o) AS order_id
         , 'shop' AS channel, '' AS source, '' AS medium, '' AS campaign, '' AS device
    FROM facts AS f JOIN people AS p ON p.n = f.person LEFT JOIN goods AS g ON g.n = f.good
    ORDER BY merchant, "user", "at", kind, order_id, item
"""


class Events(msgspec.Struct, frozen=True, kw_only=True):
    """The files, and the days that they are of (both included)."""

    files: list[Path]
    since: date
    until: date
    rows: int
    bytes: int
    seconds: float


def made(folder: Path, events: int, days: int = DAYS) -> Events:
    """So many events of what people do in `folder`, and the trade of a tenth as many orders; what is there already is kept."""
    began = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    with duck.connect(threads=2, memory_limit="1500MB", temp_directory=str(folder / ".spill")) as engine:
        people = max(events // EVENTS_PER_PERSON, 1)
        for statement in _NAMES.split(";")[:-1]:
            engine.execute(statement, {"people": people} if "$people" in statement else None)
        files = [
            *_days(engine, folder, days, events // EVENTS_PER_VISIT, people),
            *_trade(engine, folder, days, events // EVENTS_PER_ORDER, people),
        ]
    return Events(
        files=files,
        since=FIRST_DAY,
        until=FIRST_DAY + timedelta(days=days - 1),
        rows=sum(pq.read_metadata(file).num_rows for file in files),
        bytes=sum(file.stat().st_size for file in files),
        seconds=time.perf_counter() - began,
    )


def _begins(day: int) -> datetime:
    """The UTC moment at which a day of the house begins."""
    return datetime.combine(FIRST_DAY + timedelta(days=day), datetime.min.time()) - timedelta(hours=HOUSE_HOURS)


def _days(engine: Any, folder: Path, days: int, visits: int, people: int) -> Iterator[Path]:
    for day in range(days):
        asked = {
            "first": visits * day // days,
            "last": visits * (day + 1) // days,
            "begins": _begins(day),
            "people": people,
        }
        asked["most"] = EVENTS_PER_VISIT
        if day == days - 1:
            yield from _hours(engine, folder, asked)
            continue
        file = folder / f"day-{day:03}.parquet"
        if not file.exists():
            draft = file.with_suffix(".draft")
            # As `lake.manifest.rewrite` writes it.
            engine.execute(
                f"COPY ({_DONE} ORDER BY merchant, 1, \"at\") TO '{draft}' (FORMAT parquet, COMPRESSION zstd)",
                asked,
            )
            draft.replace(file)
        yield file


def _hours(engine: Any, folder: Path, asked: dict[str, Any]) -> Iterator[Path]:
    files = [folder / f"hour-{hour:02}.parquet" for hour in range(HOURS)]
    if not all(file.exists() for file in files):
        engine.execute(f"CREATE OR REPLACE TABLE today AS {_DONE}", asked)
        for hour, file in enumerate(files):
            # What happens after the day's end came with its last hour.
            until = hour + 1 if hour < HOURS - 1 else 2 * HOURS
            told = engine.sql(
                """
                SELECT * FROM today
                WHERE "at" >= $begins::TIMESTAMP + to_hours($hour) AND "at" < $begins::TIMESTAMP + to_hours($until) ORDER BY "at"
                """,
                params={"begins": asked["begins"], "hour": hour, "until": until},
            )
            _write(told.to_arrow_table(), file)
    yield from files


def _trade(engine: Any, folder: Path, days: int, orders: int, people: int) -> Iterator[Path]:
    for day in range(days):
        file = folder / f"trade-{day:03}.parquet"
        if not file.exists():
            asked = {
                "first": orders * day // days,
                "last": orders * (day + 1) // days,
                "begins": _begins(day),
                "people": people,
            }
            _write(engine.sql(_TRADED, params=asked).to_arrow_table(), file)
        yield file


def _write(table: Any, file: Path) -> None:
    """As `lake.manifest.write` writes it."""
    draft = file.with_suffix(".draft")
    pq.write_table(table.cast(lake.EVENT_FRAME), draft, compression="zstd")
    draft.replace(file)
