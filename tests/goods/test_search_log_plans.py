"""The log of searches: what the operator and the sweep ask of thousands of days and words goes by an index."""

from datetime import date, timedelta

import pytest

from steelyard.goods import search
from steelyard.goods.search.searches import count_searches
from steelyard.kernel.db import Database, Tx, administer
from tests.support.plans import Listening

ROWS = 12_000
WORDS = 600


async def crowd(url: str) -> None:
    async with administer(url) as connection:
        await connection.execute(
            """
            INSERT INTO search_days (day, words, searches, found)
            SELECT current_date - n / $2, 'word ' || n % $2, 1, CASE WHEN n % 20 = 0 THEN 0 ELSE 5 END
            FROM generate_series(0, $1 - 1) AS g (n)
            """,
            ROWS,
            WORDS,
        )
        await connection.execute(
            """
            INSERT INTO search_log (search_id, words, found)
            SELECT md5(n::text)::uuid, 'word ' || n % $2, 3 FROM generate_series(1, $1) AS g (n)
            """,
            ROWS,
            WORDS,
        )
        await connection.execute("ANALYZE search_days, search_log")


class NeverMind(Exception):
    """What was done to see how is undone."""


async def test_searches_are_counted_and_looked_through_by_an_index(db: Database, database_url: str) -> None:
    await crowd(database_url)
    heard: list[str] = []

    async def listen(tx: Tx) -> None:
        listening = Listening(tx, {"search_days", "search_log"})
        await search.unfound(listening)
        await count_searches(listening)
        heard.extend(listening.scans)
        raise NeverMind

    with pytest.raises(NeverMind):
        await db.transact(listen)

    assert not heard


async def test_what_is_found_again_later_is_no_search_in_vain(db: Database, database_url: str) -> None:
    today = date.today()  # noqa: DTZ011  # as the database's current_date
    days = [("vase", 2, 0), ("kite", 2, 0), ("kite", 1, 9), ("lamp", 400, 0)]
    async with administer(database_url) as connection:
        await connection.executemany(
            "INSERT INTO search_days (day, words, searches, found) VALUES ($1, $2, 3, $3)",
            [(today - timedelta(days=ago), words, found) for words, ago, found in days],
        )

    assert [(each.words, each.searches) for each in await db.ask(search.unfound)] == [("vase", 3)]
