"""Search among a million products: `python -m bench --large`.

The house is filled with what a bulk import leaves, table by table by COPY, with indexes made afterwards: `--large-home` keeps it
for the next time (some 5 GB), else it is thrown away. What is asked is published here: a third rare words, a third common
ones, a third Chinese, as W3 asks them, with pages of 10 to 50 so that few answers are said again.
"""

import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import asyncpg

from bench import load, scripts, shop
from bench.asked import Asked
from bench.load import Conversation
from bench.programs import NotThere
from bench.report import Figure
from bench.shop import made
from bench.trade import Trial
from steelyard.goods import search
from steelyard.goods.search import words
from steelyard.kernel.db import Database, administer

CLIENTS = 4
P99_MILLISECONDS_MAX = 60.0
PER_COPY = 20_000
# While they are filled in.
BYTES_PER_PRODUCT_MAX = 8_000
PAGES = range(10, 51)
MATERIALS = (
    "羊毛 真丝 陶瓷 玻璃 纯棉 不锈钢 竹制 搪瓷 亚麻 羊绒 牛皮 帆布 胡桃木 橡木 黄铜 银制 琉璃 紫砂 骨瓷 水晶",
    "wool silk ceramic glass cotton steel bamboo enamel linen cashmere leather canvas walnut oak brass silver glaze clay china"
    " crystal",
)
THINGS = (
    "围巾 茶壶 杯子 台灯 雨伞 背包 毛毯 地垫 皮鞋 耳机 书桌 毛巾 水杯 枕头 床单 窗帘 花瓶 挂钟 手表 钱包 皮带 帽子 手套 袜子 拖鞋"
    " 衬衫 外套 长裤 短裙 睡衣",
    "scarf teapot mug lamp umbrella bag blanket mat shoes headphones desk towel tumbler pillow sheet curtain vase clock watch"
    " wallet belt hat gloves socks slippers shirt coat trousers skirt pyjamas",
)
# Each is in one title of so many: words of some 1,400 hits among a million.
BRANDS = 700
# The first thing is in one title of four, the last in one of a hundred.
WEIGHTS = [1 / (place + 1) for place in range(30)]
FILLED = ("products", "skus", "prices", "stock", "search_figures", "search_entries")
_LANDING = """
    CREATE UNLOGGED TABLE bench_landing (
        n bigint, merchant_id uuid, product_id uuid, sku_id uuid, category_id uuid, warehouse_id uuid, zh text, en text
      , words text, price bigint, sold integer)
"""
_FILL = """
    INSERT INTO products (merchant_id, product_id, category_id, slug, title, description, state)
    SELECT merchant_id, product_id, category_id, 'large-' || n, jsonb_build_object('zh-Hans', zh, 'en', en), '{}', 'on_shelf'
    FROM bench_landing;
    INSERT INTO skus (merchant_id, sku_id, product_id, code, weight_grams)
    SELECT merchant_id, sku_id, product_id, 'L-' || n, 500 FROM bench_landing;
    INSERT INTO prices (merchant_id, sku_id, currency, amount) SELECT merchant_id, sku_id, 'CNY', price FROM bench_landing;
    INSERT INTO stock (merchant_id, sku_id, warehouse_id, on_hand) SELECT merchant_id, sku_id, warehouse_id, 1000
    FROM bench_landing;
    INSERT INTO search_figures (merchant_id, product_id, sold) SELECT merchant_id, product_id, sold FROM bench_landing;
    INSERT INTO search_entries (merchant_id, product_id, category_path, words, title, slug, currency, price, price_to
                              , in_stock, sold, listed_at)
    SELECT merchant_id, product_id, ARRAY[category_id], words::tsvector, jsonb_build_object('zh-Hans', zh, 'en', en)
         , 'large-' || n, 'CNY', price, price, true, sold, now() - n * interval '1 second'
    FROM bench_landing;
    DROP TABLE bench_landing
"""


def figures(asked: Asked) -> list[Figure]:
    """`w3_large_…`: search at this many products, its p99 with 4 clients; and how long the filling took, on how much disk."""
    free = shutil.disk_usage(
        asked.large_home if asked.large_home and asked.large_home.exists() else tempfile.gettempdir()
    ).free
    if free < asked.large * BYTES_PER_PRODUCT_MAX:
        raise NotThere(f"{asked.large:,} products need {asked.large * BYTES_PER_PRODUCT_MAX / 1e9:.0f} GB of disk.")
    with shop.opened(0, home=asked.large_home) as bench:
        took = asyncio.run(_filled(bench.database_url, asked.large))
        disk = sum(file.stat().st_size for file in bench.settings.home.rglob("*") if file.is_file())
        print(f"  {asked.large:,} products, filled in {took:.0f} s, {disk / 1e9:.1f} GB in {bench.settings.home}")
        trial = Trial(bench, asked.seconds)
        for _ in range(asked.runs):
            for kind, script in (("", mixed), *((f"_{name}", each) for name, each in KINDS.items())):
                trial.measure(f"w3_large{kind}", script, CLIENTS, "good", asked.large)
    for name, outcomes in trial.strange.items():
        print(f"! {name}: {outcomes}")
    measured = {"large_products": asked.large, "large_fill_s": round(took, 1), "large_disk_mb": round(disk / 1e6)}
    targets = {"w3_large_p99_ms": P99_MILLISECONDS_MAX}
    return [Figure(name, round(value, 3), targets.get(name)) for name, value in {**measured, **trial.figures}.items()]


async def _filled(url: str, products: int) -> float:
    """Seconds that the filling took; 0 for a house that has them."""
    begun = time.monotonic()
    async with administer(url) as owner:
        there: int = await owner.fetchval("SELECT count(*) FROM products")
        if there >= products:
            return 0.0
        await owner.execute("DROP TABLE IF EXISTS bench_landing")
        await owner.execute(_LANDING)
        for first in range(there, products, PER_COPY):
            numbers = range(first, min(first + PER_COPY, products))
            await owner.copy_records_to_table("bench_landing", records=[_row(number) for number in numbers])
        indexes = await _without_indexes(owner)
        # References are not asked: all that they name stands in the same row of what has just been landed.
        async with owner.transaction():
            await owner.execute("SET LOCAL session_replication_role = replica")
            await owner.execute(_FILL)
        await owner.execute("SET maintenance_work_mem = '512MB'")
        await owner.execute("ANALYZE search_entries")
        await _ahead(url, products)
        for index in indexes:
            await owner.execute(index)
        await owner.execute("VACUUM (ANALYZE)")
        await owner.execute("CHECKPOINT")
    return time.monotonic() - begun


async def _ahead(url: str, products: int) -> None:
    """As a sweep of the worker does it, all at once."""
    db = await Database.connect_to_fill(url, size=1)
    try:
        await db.transact(search.choose_ahead, products)
    finally:
        await db.close()


async def _without_indexes(owner: asyncpg.Connection) -> list[str]:
    """Drop the indexes that hold no rule, and return how to make them again."""
    rows = await owner.fetch(
        """
        SELECT c.oid::regclass::text AS name, pg_get_indexdef(c.oid) AS said
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
        WHERE t.relname = ANY($1) AND NOT i.indisunique AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = c.oid)
        """,
        FILLED,
    )
    for row in rows:
        await owner.execute(f"DROP INDEX {row['name']}")
    return [row["said"] for row in rows]


def _row(number: int) -> tuple[Any, ...]:
    chance = random.Random(number)  # noqa: S311  # the same goods each time
    merchant, category = number % shop.MERCHANTS, number % shop.CATEGORIES
    zh, en = _title(number, chance)
    texts = [("A", zh), ("A", en), ("A", f"L-{number}"), ("C", f"类目 {category}"), ("C", f"Category {category}")]
    texts += [("C", f"第 {merchant} 号店"), ("C", f"Shop {merchant}")]
    return (
        number, made("merchant", merchant), made("large", number), made("large sku", number), made("category", category),
        made("warehouse", merchant), zh, en, words.vector(texts), chance.randrange(100, 500_000), chance.randrange(500),
    )  # fmt: skip


def _title(number: int, chance: random.Random) -> tuple[str, str]:
    (thing,) = chance.choices(range(len(WEIGHTS)), WEIGHTS)
    material, brand = chance.randrange(20), chance.randrange(BRANDS)
    zh, en = (f"{_word(MATERIALS, at, material)}{'' if at == 0 else ' '}{_word(THINGS, at, thing)}" for at in (0, 1))
    return f"{zh} {number} 号", f"{_brand(brand)} {en} m{number}"


def _word(known: Sequence[str], language: int, place: int) -> str:
    return known[language].split()[place]


def _brand(number: int) -> str:
    """A made-up name: letters alone, so that it is one word."""
    letters = "bdfgklmnprstvz"
    first, second, third = number % 14, number // 14 % 14, number // 196
    return f"{letters[first]}a{letters[second]}o{letters[third]}i"


def rare(products: int) -> Iterator[Conversation]:
    """A brand of some 1,400 goods, or the number of one."""
    return _asking(lambda: random.choice((_brand(random.randrange(BRANDS)), f"m{random.randrange(products)}")))  # noqa: S311  # no secret


def common(_products: int) -> Iterator[Conversation]:
    """A thing or a material, of some ten thousands to a quarter of a million."""
    return _asking(lambda: random.choice((THINGS[1], MATERIALS[1])[random.randrange(2)].split()))  # noqa: S311  # no secret


def chinese(_products: int) -> Iterator[Conversation]:
    """A thing, or a thing of some material in one run of characters."""

    def said() -> str:
        thing = random.choice(THINGS[0].split())  # noqa: S311  # no secret
        return thing if random.random() < 1 / 3 else random.choice(MATERIALS[0].split()) + thing  # noqa: S311  # no secret

    return _asking(said)


KINDS: dict[str, load.Script] = {"rare": rare, "common": common, "chinese": chinese}


def mixed(products: int) -> Iterator[Conversation]:
    """A third each."""
    kinds = [script(products) for script in KINDS.values()]
    while True:
        yield next(random.choice(kinds))  # noqa: S311  # no secret


def _asking(said: Callable[[], str]) -> Iterator[Conversation]:
    while True:
        limit = random.choice(PAGES)  # noqa: S311  # no secret
        body = {"query": said(), "pagination": {"limit": limit}}
        yield scripts.one(scripts.ask("/catalog/search", body), b'"products"')
