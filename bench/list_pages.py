"""How long every list page takes on the server, and whether one of its questions reads a large table from end to end.

    DATABASE_URL=… STEELYARD_HOME=… python bench/list_pages.py

on the database of a demo that was made with `--scale 10` or `--scale 100` (and is not running). The application is asked in
this process, so that what is measured is its own time and the database's, not the network's.
"""

import asyncio
import os
import re
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import msgspec
from litestar import Litestar

from steelyard.app import create_app
from steelyard.demo.running import password
from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.db import Read, Tx

BASE = "http://shop.test"
TIMES = 12
SECONDS_MAX = 0.050
LARGE_FROM_ROWS = 5_000

# Who looks, and at which lists. `{…}` is filled in from the page before it in the row: the last link of that kind.
PAGES: dict[str, tuple[str, ...]] = {
    "": (
        "/",
        "/categories",
        "/c/shoes",
        "/c/shoes?sort=price_up",
        "/c/sneakers?sort=sales",
        "/search?q=皮鞋",
        "/search?q=umbrella&sort=newest",
        "/search?sort=sales",
        "/shops/zoufang",
    ),
    "buyer": ("/orders", "/orders?state=shipped", "/cart", "/account/favourites", "/account/history"),
    "merchant": (
        "/merchant",
        "/merchant/orders",
        "/merchant/orders?state=completed",
        "/merchant/orders?state=all",
        "/merchant/products",
        "/merchant/products?state=on_shelf",
        "/merchant/stock",
        "/merchant/statements",
        "/merchant/freight",
        "/merchant/staff",
        "/merchant/audit",
    ),
    "operator": (
        "/operator",
        "/operator/merchants",
        "/operator/orders",
        "/operator/orders?state=completed",
        "/operator/payments",
        "/operator/refunds",
        "/operator/settlement",
        "/operator/books",
        "/operator/books/payable/CNY",
        "/operator/books/channel_cash/CNY",
        "/operator/audit",
        "/operator/categories",
        "/operator/product-reviews",
        "/operator/system",
    ),
}


class Looked(msgspec.Struct, frozen=True):
    """A page that was looked at: how long each time took, and which large tables were read whole by which question."""

    login: str
    path: str
    status: int
    seconds: Sequence[float]
    scans: Sequence[str]

    @property
    def usual(self) -> float:
        return median(self.seconds)

    @property
    def best(self) -> float:
        """What it takes when nobody else needs the machine at that moment."""
        return min(self.seconds)


class Overhearing:
    """Asks PostgreSQL about each question how it goes about it, while `on`."""

    def __init__(self) -> None:
        self.on = False
        self.scans: list[str] = []
        self.large: set[str] = set()

    async def hear(self, read: Read, sql: str, *args: Any) -> None:
        if not self.on or not re.match(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)", sql):
            return
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


async def look(app: Litestar, hearing: Overhearing, secret: str, times: int = TIMES) -> list[Looked]:
    """Every list page, so many times."""
    found: list[Looked] = []
    for login, paths in PAGES.items():
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app),  # pyright: ignore[reportArgumentType]  # ASGI by another name
            base_url=BASE,
            headers={"accept": "text/html", "accept-language": "zh-CN"},
        ) as browser:
            if login:
                await _sign_in(browser, f"{login}@steelyard.test", secret)
            found += [await _looked(browser, hearing, login, path, times) for path in paths]
    return found


async def _sign_in(browser: httpx.AsyncClient, email: str, secret: str) -> None:
    page = await browser.get("/sign-in")
    token = re.search(r'name="_csrf_token" value="([0-9a-f]+)"', page.text)
    assert token, page.text[:500]
    answer = await browser.post("/sign-in", data={"_csrf_token": token[1], "email": email, "password": secret})
    assert answer.status_code == 303, answer.text[:500]


async def _looked(browser: httpx.AsyncClient, hearing: Overhearing, login: str, path: str, times: int) -> Looked:
    hearing.scans, hearing.on = [], True
    try:
        status = (await browser.get(path)).status_code
    finally:
        hearing.on = False
    scans, seconds = hearing.scans, []
    for _ in range(times):
        begun = time.perf_counter()
        await browser.get(path)
        seconds.append(time.perf_counter() - begun)
    return Looked(login=login, path=path, status=status, seconds=seconds, scans=sorted(set(scans)))


async def measure() -> int:
    """Print a row for each page; returns how many are too slow, fail, or read a large table whole."""
    settings = kernel_settings.load()
    app = create_app(msgspec.structs.replace(settings, base_url=BASE))
    with overheard() as hearing:
        async with app.lifespan():
            looked = await look(app, hearing, os.environ.get("DEMO_PASSWORD") or password(Path(settings.home)))
    for one in looked:
        wrong = one.status != 200 or one.scans or one.best > SECONDS_MAX
        took = f"{one.best * 1000:7.1f} ms  {one.usual * 1000:7.1f} ms"
        print(f"{'!' if wrong else ' '} {took}  {one.status}  {one.login or 'visitor':9} {one.path}")
        for scan in one.scans:
            print(f"             reads {scan}")
    return sum(one.status != 200 or bool(one.scans) or one.best > SECONDS_MAX for one in looked)


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(measure()) else 0)
