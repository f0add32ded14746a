"""How long every list page takes on the server, and whether one of its questions reads a large table from end to end.

    STEELYARD_HOME=… PYTHONPATH=src python -m bench list_pages

on the home of a demo, best one that was made with `--scale 100`. The application is asked in this process, so that what is
measured is its own time and the database's, not the network's.
"""

import logging
import os
import re
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID

import httpx
import msgspec
from litestar import Litestar

from bench.house import House
from bench.pages import PAGES
from bench.report import Figure
from steelyard.app import create_app
from steelyard.demo.running import password
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.settings import Settings

BASE = "http://shop.test"
TIMES = 12
SECONDS_MAX = 0.050
LARGE_FROM_ROWS = 5_000
# How long ago `{since}` is.
DAYS = 30


class Looked(msgspec.Struct, frozen=True):
    """A page that was looked at: how long each time took, which large tables were read
    whole by which question, and how many questions it asked."""

    login: str
    path: str
    status: int
    seconds: Sequence[float]
    scans: Sequence[str]
    asked: int

    @property
    def usual(self) -> float:
        return median(self.seconds)

    @property
    def wrong(self) -> bool:
        return self.status != 200 or bool(self.scans) or self.usual > SECONDS_MAX

    @property
    def best(self) -> float:
        """What it takes when nobody else needs the machine at that moment."""
        return min(self.seconds)


class Overhearing:
    """Asks PostgreSQL about each question how it goes about it, while `on`."""

    def __init__(self) -> None:
        self.on = False
        self.asked = 0
        self.scans: list[str] = []
        self.large: set[str] = set()

    async def hear(self, read: Read, sql: str, *args: Any) -> None:
        if not self.on or not re.match(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)", sql):
            return
        self.asked += 1
        connection = read._connection  # pyright: ignore[reportPrivateUsage]  # what the question goes through
        if not self.large:
            rows = await connection.fetch(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > $1", LARGE_FROM_ROWS
            )
            self.large = {row["relname"] for row in rows}
        plan = await connection.fetchval("EXPLAIN (FORMAT JSON) " + sql, *args)
        self.scans += [f"{table}: {' '.join(sql.split())[:110]}" for table in self._whole(plan[0]["Plan"])]

    def _whole(self, plan: dict[str, Any]) -> Iterator[str]:
        if plan["Node Type"] == "Seq Scan" and plan.get("Relation Name") in self.large:
            yield plan["Relation Name"]
        for child in plan.get("Plans", []):
            # The first rows of a table, whichever they are, are not the table.
            if not (plan["Node Type"] == "Limit" and child["Node Type"] == "Seq Scan" and "Filter" not in child):
                yield from self._whole(child)


@contextmanager
def overheard() -> Generator[Overhearing]:
    """All that is asked of any database of this process is heard."""
    hearing = Overhearing()
    spoken = {(kind, name): getattr(kind, name) for kind, name in _SPOKEN}

    def listening(say: Any) -> Any:
        async def said(read: Read, sql: str, *args: Any) -> Any:
            await hearing.hear(read, sql, *args)
            return await say(read, sql, *args)

        return said

    try:
        for (kind, name), say in spoken.items():
            setattr(kind, name, listening(say))
        yield hearing
    finally:
        for (kind, name), say in spoken.items():
            setattr(kind, name, say)


_SPOKEN = ((Read, "fetch"), (Read, "row"), (Read, "value"), (Tx, "execute"))


class Place(msgspec.Struct, frozen=True):
    """What the addresses of the pages name."""

    product: UUID
    shop: UUID


async def place(read: Read) -> Place:
    """The login's shop, and what it sells most."""
    found = await read.one(
        Place,
        """
        SELECT e.product_id AS product, e.merchant_id AS shop FROM search_entries e JOIN shops s USING (merchant_id)
        WHERE s.slug = 'zoufang' ORDER BY e.sold DESC, e.product_id LIMIT 1
        """,
    )
    assert found, "the demo has its shops"
    return found


async def look(app: Litestar, hearing: Overhearing, secret: str, times: int = TIMES) -> list[Looked]:
    """Every list page, so many times."""
    found: list[Looked] = []
    here = await app.state.db.ask(place)
    today = datetime.now(UTC).date()
    names = {"product": here.product, "shop": here.shop, "today": today, "since": today - timedelta(days=DAYS)}
    for login, paths in PAGES.items():
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app),  # pyright: ignore[reportArgumentType]  # ASGI by another name
            base_url=BASE,
            headers={"accept": "text/html", "accept-language": "zh-CN"},
            timeout=60,
        ) as browser:
            if login:
                await _sign_in(browser, f"{login}@steelyard.test", secret)
            found += [await _looked(browser, hearing, login, path, names, times) for path in paths]
    return found


async def _sign_in(browser: httpx.AsyncClient, email: str, secret: str) -> None:
    page = await browser.get("/sign-in")
    token = re.search(r'name="_csrf_token" value="([0-9a-f]+)"', page.text)
    assert token, page.text[:500]
    answer = await browser.post("/sign-in", data={"_csrf_token": token[1], "email": email, "password": secret})
    assert answer.status_code == 303, answer.text[:500]


async def _looked(
    browser: httpx.AsyncClient, hearing: Overhearing, login: str, path: str, names: Mapping[str, object], times: int
) -> Looked:
    address = path.format(**names)
    first = await browser.get(address)
    if first.status_code in (301, 308):
        address = first.headers["location"]
    hearing.scans, hearing.asked, hearing.on = [], 0, True
    try:
        status = (await browser.get(address)).status_code
    finally:
        hearing.on = False
    scans, seconds = hearing.scans, []
    for _ in range(times):
        begun = time.perf_counter()
        await browser.get(address)
        seconds.append(time.perf_counter() - begun)
    return Looked(login=login, path=path, status=status, seconds=seconds, scans=sorted(set(scans)), asked=hearing.asked)


async def measure(settings: Settings) -> list[Looked]:
    """All of them, in the house of these settings."""
    logging.disable(logging.WARNING)
    app = create_app(msgspec.structs.replace(settings, base_url=BASE))
    with overheard() as hearing:
        async with app.lifespan():
            return await look(app, hearing, os.environ.get("DEMO_PASSWORD") or password(settings.home))


def shown(looked: Sequence[Looked]) -> str:
    """A line for each page, the slowest first, those that miss the target marked."""
    lines: list[str] = []
    for one in sorted(looked, key=lambda one: -one.usual):
        took = f"{one.usual * 1000:7.1f} ms usual {one.best * 1000:7.1f} ms best {one.asked:3} questions"
        lines.append(f"{'!' if one.wrong else ' '} {took}  {one.status}  {one.login or 'visitor':9} {one.path}")
        lines += [f"             reads {scan}" for scan in one.scans]
    return "\n".join(lines)


async def figures(house: House) -> list[Figure]:
    """The slowest page of each surface, and how many pages read a large table whole or are no pages."""
    looked = await measure(house.settings)
    print(shown(looked))
    return [
        *(
            Figure(
                f"list_pages_slowest_of_{login or 'visitor'}_ms",
                round(max(one.usual for one in looked if one.login == login) * 1000, 1),
                SECONDS_MAX * 1000,
            )
            for login in PAGES
        ),
        Figure("list_pages_measured", len(looked)),
        Figure("list_pages_later_than_target", sum(one.usual > SECONDS_MAX for one in looked), 0),
        Figure("list_pages_with_a_scan", sum(bool(one.scans) for one in looked), 0),
        Figure("list_pages_that_fail", sum(one.status != 200 for one in looked), 0),
    ]
