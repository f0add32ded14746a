"""Every list page of the lived-in house is there, and none of its questions reads a large table from end to end."""

from pathlib import Path

import pytest
from litestar.routes import HTTPRoute

from bench.list_pages import BASE, LARGE_FROM_ROWS, Looked, look, overheard
from bench.pages import NO_LISTS, PAGES
from steelyard.app import create_app
from steelyard.demo import generator
from steelyard.kernel.db import Database, Read, administer
from steelyard.kernel.settings import Settings

SECRET = "a long enough password"
# Enough orders for the tables around them to be large.
SIZE = generator.Size(0.6, goods=0.3)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def nothing(_what: str, _done: int, _of: int) -> None:
    """Nobody watches the progress."""


async def large_tables(read: Read) -> set[str]:
    rows = await read.fetch("SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > $1", LARGE_FROM_ROWS)
    return {row["relname"] for row in rows}


async def looked_at(db: Database, database_url: str, home: Path) -> list[Looked]:
    settings = Settings(home=home, database_url=database_url, base_url=BASE, pool_size=4)
    await generator.make(db, settings, seed=1, made_up=True, password=SECRET, step=nothing, size=SIZE)
    async with administer(database_url) as connection:
        await connection.execute("ANALYZE")
    app = create_app(settings)
    app.state.db = db
    with overheard() as hearing:
        return await look(app, hearing, SECRET, times=1)


async def test_no_list_page_reads_a_large_table_whole(db: Database, database_url: str, tmp_path: Path):
    looked = await looked_at(db, database_url, tmp_path)

    large = await db.ask(large_tables)
    assert large >= {"orders", "order_lines", "payments", "ledger_transfers", "parcels", "stock_movements"}
    assert len(looked) == sum(len(paths) for paths in PAGES.values())
    assert not {f"{one.login} {one.path}": one.status for one in looked if one.status != 200}
    # A trial balance is the sum of all accounts; when they are many, it is not summed while somebody waits.
    sums = {
        "/operator/books",
        "/operator/books/chart",
        "/operator/money",
        "/operator/wallets",
        "/operator/wallets/sold",
    }
    assert not {
        f"{one.login} {one.path}": one.scans for one in looked if one.scans and one.path.partition("?")[0] not in sums
    }


async def test_a_scan_from_end_to_end_would_be_heard(db: Database):
    async def everything(read: Read) -> None:
        await read.fetch("SELECT count(*) FROM orders WHERE note = $1", "?")

    with overheard() as hearing:
        hearing.on, hearing.large = True, {"orders"}
        await db.ask(everything)

    assert hearing.scans == ["orders: SELECT count(*) FROM orders WHERE note = $1"]


# What programs ask for, and what stands for itself.
_NOT_FOR_PEOPLE = ("/api/", "/ucp/", "/.well-known/", "/health/", "/assets/", "/media/", "/hooks/")


async def test_every_list_page_is_known_to_the_measurements(tmp_path: Path):
    app = create_app(Settings(home=tmp_path))
    listed = {path.partition("?")[0] for paths in PAGES.values() for path in paths}

    addresses = {
        route.path
        for route in app.routes
        if isinstance(route, HTTPRoute)
        and any("GET" in handler.http_methods for handler in route.route_handlers)
        and "{" not in route.path
        and not route.path.startswith(_NOT_FOR_PEOPLE)
    }

    assert addresses - listed - NO_LISTS == set()
    assert addresses >= NO_LISTS, "what is gone is gone from the exceptions, too"
