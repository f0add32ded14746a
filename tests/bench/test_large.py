"""The house of a million products, in small."""

from collections.abc import Iterator
from itertools import islice

import msgspec

from bench import large
from bench.load import Conversation
from steelyard.goods import search
from steelyard.goods.search.model import Query
from steelyard.kernel.db import Database, administer

PRODUCTS = 300


async def indexes(url: str) -> list[str]:
    async with administer(url) as owner:
        rows = await owner.fetch("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexdef")
    return [row["indexdef"] for row in rows]


def said(kind: Iterator[Conversation], count: int) -> list[str]:
    """The words of so many questions."""
    bodies = [next(each).partition(b"\r\n\r\n")[2] for each in islice(kind, count)]
    return [msgspec.json.decode(body)["query"] for body in bodies]


async def test_it_is_filled_once_with_every_index_and_what_is_asked_is_found(database_url: str) -> None:
    before = await indexes(database_url)

    await large._filled(database_url, PRODUCTS)

    assert await indexes(database_url) == before
    assert await large._filled(database_url, PRODUCTS) == 0.0, "what is kept is not filled again"
    db = await Database.connect(database_url, size=1)
    try:
        for name in ("围巾", "scarf"):
            assert (await db.ask(search.find, Query(text=name))).count > PRODUCTS / 10, "the thing that is most common"
        found = [(await db.ask(search.find, Query(text=words))).count for words in said(large.mixed(PRODUCTS), 60)]
        assert any(found)
        assert (await db.ask(search.find, Query(text=f"m{PRODUCTS - 1}"))).count == 1
    finally:
        await db.close()


def test_a_third_each_is_asked_of_rare_common_and_chinese_words() -> None:
    words = said(large.mixed(1_000_000), 600)

    chinese = [each for each in words if not each.isascii()]
    common = [each for each in words if each in f"{large.THINGS[1]} {large.MATERIALS[1]}".split()]

    assert 100 < len(chinese) < 300
    assert 100 < len(common) < 300
    assert len(set(words)) > 200, "few questions are the same"
