"""The shop that is measured: a database of its own, filled, and web workers in front of it."""

import asyncio
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from uuid import UUID

import msgspec
import psutil

from bench import baseline
from bench.door import SECRET_VARIABLE
from bench.house import READY
from bench.programs import free_port, running
from steelyard.goods import catalog, inventory, pricing, search, taxes, warehouses
from steelyard.goods.catalog.model import CategoryId, NewCategory, NewProduct, NewSku, ProductId, ProductState, SkuId
from steelyard.goods.pricing.model import MerchantPrice, NewPrice
from steelyard.goods.taxes.model import DatedRate
from steelyard.goods.warehouses.model import Warehouse, WarehouseId
from steelyard.kernel import ids, installation, migrations
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.settings import Settings
from steelyard.kernel.text import text
from steelyard.logistics import freight
from steelyard.logistics.freight.model import Method, Template, TemplateId, Zone
from steelyard.parties import merchants
from steelyard.parties.customers.model import Address
from steelyard.parties.merchants.model import Merchant, MerchantId, Payout, Shop
from steelyard.simulators.settings import Settings as SimulatorSettings
from steelyard.trade import commission
from steelyard.trade.commission.model import RuleId

NAMESPACE = UUID("bec4bec4-0000-4000-8000-000000000001")
ROOT = Path(__file__).parent.parent
WORKERS = 2
MERCHANTS = 20
CATEGORIES = 50
CHUNK = 500
PIECES = 1_000_000
PRICE = 9_900
CURRENCY = "CNY"
READY_SECONDS_MAX = 300.0  # on a machine with much else to do
HOT = 0
WORDS = ("皮鞋", "雨伞", "茶壶", "台灯", "背包", "毛巾", "书桌", "耳机", "围巾", "水杯")
ENGLISH = ("shoes", "umbrella", "teapot", "lamp", "backpack", "towel", "desk", "headphones", "scarf", "mug")
ADDRESS = Address(
    name="Wang Wei", phone="13900000000", country="CN", region="上海市", city="上海市", district="黄浦区",
    street="中山东一路 1 号", postal_code="200001",
)  # fmt: skip


class Goods(msgspec.Struct, frozen=True):
    merchant_id: MerchantId
    product_id: ProductId
    sku_id: SkuId


class Bench(msgspec.Struct, frozen=True):
    """Where everything is. `goods` in their order; the first is the hot one."""

    settings: Settings
    port: int
    bare_port: int
    secret: str
    goods: Sequence[Goods]
    server_pids: Sequence[int]

    @property
    def database_url(self) -> str:
        assert self.settings.database_url is not None
        return self.settings.database_url


def made(*names: object) -> UUID:
    return ids.derived(NAMESPACE, *map(str, names))


def _goods(number: int) -> Goods:
    """The goods are known by their numbers: nobody has to ask for their ids."""
    return Goods(
        MerchantId(made("merchant", number % MERCHANTS)),
        ProductId(made("product", number)),
        SkuId(made("sku", number)),
    )


@contextmanager
def opened(products: int, *, workers: int = WORKERS, home: Path | None = None) -> Generator[Bench]:
    """A shop with so many products and web workers in front of it."""
    with kept(products, workers=workers, home=home) as settings, installation.opened(settings) as here:
        secret = secrets.token_hex(16)
        with (
            _served(here, "house", secret, workers) as (port, pids),
            _served(here, "bare", secret, workers) as bare,
        ):
            yield Bench(here, port, bare[0], secret, [_goods(number) for number in range(products)], pids)


@contextmanager
def simulated(bench: Bench) -> Generator[Bench]:
    """The same shop with web workers that pay through the payment simulator, which runs for as long as this is open."""
    channel = SimulatorSettings(home=bench.settings.home / "simulators", payments_port=free_port())
    told = {
        "STEELYARD_SIMPAY_URL": channel.payments_url,
        "STEELYARD_SIMPAY_KEY": channel.api_key,
        "STEELYARD_SIMPAY_WEBHOOK_SECRET": channel.webhook_secret,
    }
    command = [sys.executable, "-m", "steelyard", "simulate", "payments", "--port", str(channel.payments_port)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "STEELYARD_HOME": str(bench.settings.home)}
    log = bench.settings.home / "simulator.log"
    with (
        running(command, environ, log, channel.payments_url, patience_seconds=READY_SECONDS_MAX),
        _served(bench.settings, "simulated", "", bench.settings.workers, told) as (port, pids),
    ):
        yield msgspec.structs.replace(bench, port=port, server_pids=pids)


@contextmanager
def watched(bench: Bench) -> Generator[Bench]:
    """The same shop with web workers that write down what visitors do at a door of its own (`bench.watched`)."""
    with _served(bench.settings, "watched", bench.secret, bench.settings.workers, module="watched") as (port, pids):
        yield msgspec.structs.replace(bench, port=port, server_pids=pids)


@contextmanager
def kept(products: int, *, workers: int = WORKERS, home: Path | None = None) -> Generator[Settings]:
    """The folder of a shop with so many products, thrown away afterwards. `home`, or without it `BENCH_HOME`, keeps it for
    the next time."""
    given = str(home) if home else os.environ.get("BENCH_HOME")
    home = Path(given or tempfile.mkdtemp(prefix="steelyard-bench-"))
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o711)
    settings = Settings(home=home, ucp_fetch_profiles=False, workers=workers, log_format="json")
    try:
        with installation.opened(settings) as here:
            assert here.database_url is not None
            asyncio.run(_filled(here.database_url, products))
        yield settings
    finally:
        if not given:
            shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _served(
    settings: Settings,
    factory: str,
    secret: str,
    workers: int,
    more: Mapping[str, str] = MappingProxyType({}),
    module: str = "door",
) -> Generator[tuple[int, list[int]]]:
    port = free_port()
    assert settings.database_url is not None
    environ = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}",
        "STEELYARD_HOME": str(settings.home),
        "DATABASE_URL": settings.database_url,
        "STEELYARD_UCP_FETCH_PROFILES": "false",
        "PORT": str(port),
        SECRET_VARIABLE: secret,
        **more,
    }
    command = [
        sys.executable, "-m", "granian", "--interface", "asgi", "--factory", f"bench.{module}:{factory}", "--port", str(port),
        "--workers", str(workers), "--loop", "uvloop", "--no-ws", "--no-access-log", "--log-level", "warning",
    ]  # fmt: skip
    url = f"http://127.0.0.1:{port}" + ("/" if factory == "bare" else READY)
    log = settings.home / f"{factory}.log"
    with running(command, environ, log, url, patience_seconds=READY_SECONDS_MAX) as (process, _):
        children = psutil.Process(process.pid).children(recursive=True)
        yield port, [process.pid, *(child.pid for child in children)]


async def _filled(url: str, products: int) -> None:
    await baseline.clear(url)
    await migrations.migrate(url)
    db = await Database.connect(url, size=2)
    try:
        if await db.ask(merchants.by_slug, "bench-0") is not None:
            return
        await db.transact(_houses)
        numbers = iter(range(products))
        while chunk := list(islice(numbers, CHUNK)):
            await db.transact(_shelves, chunk)
    finally:
        await db.close()
    owner = await Database.connect_as_owner(url, size=1)
    await owner.transact(_analyzed)
    await owner.close()


async def _analyzed(tx: Tx) -> None:
    await tx.analyze(
        ("products", "skus", "prices", "stock", "search_entries", "product_pictures", "merchants", "shops")
    )


async def _houses(tx: Tx) -> None:
    for number in range(CATEGORIES):
        await catalog.create_category(
            tx,
            NewCategory(
                category_id=CategoryId(made("category", number)), slug=f"category-{number}", parent_id=None,
                name=text(f"类目 {number}", f"Category {number}"), place=number,
            ),
        )  # fmt: skip
    await taxes.set_rate(
        tx,
        DatedRate(
            country="CN", tax_class="standard", valid_from=date(2020, 1, 1), millionths=130_000, inclusive=True,
            name=text("增值税", "VAT"),
        ),
    )  # fmt: skip
    await commission.set_rate(tx, RuleId(made("commission")), 50_000)
    for number in range(MERCHANTS):
        await _merchant(tx, number)


async def _merchant(tx: Tx, number: int) -> None:
    merchant_id = MerchantId(made("merchant", number))
    name = text(f"第 {number} 号店", f"Shop {number}")
    await merchants.open_merchant(
        tx,
        Merchant(
            merchant_id=merchant_id, code=f"M-BENCH{number}", legal_name=f"Bench {number} Ltd", country="CN",
            currency=CURRENCY, self_operated=False, payout=Payout(name="Bench", bank="Bench", account=str(number)),
        ),
        Shop(merchant_id=merchant_id, slug=f"bench-{number}", name=name, notice=text("", "")),
    )  # fmt: skip
    await warehouses.open_warehouse(
        tx,
        Warehouse(
            merchant_id=merchant_id, warehouse_id=WarehouseId(made("warehouse", number)), name="上海仓", address=ADDRESS
        ),
    )
    await freight.save_template(
        tx,
        Template(
            merchant_id=merchant_id, template_id=TemplateId(made("freight", number)), name=text("标准快递", "Standard"),
            method=Method.PIECE, currency=CURRENCY, days_from=2, days_to=4,
            zones=[Zone(countries=["CN"], first_fee=800, next_fee=200)],
        ),
    )  # fmt: skip


async def _shelves(tx: Tx, numbers: Sequence[int]) -> None:
    here = [_goods(number) for number in numbers]
    await catalog.bulk_create(tx, list(_products(numbers, here)), "bench")
    await pricing.bulk_set(
        tx,
        [
            MerchantPrice(
                merchant_id=each.merchant_id,
                price=NewPrice(sku_id=each.sku_id, currency=CURRENCY, amount=PRICE + number % 1_000),
            )
            for number, each in zip(numbers, here, strict=True)
        ],
    )
    await inventory.bulk_receive(
        tx,
        [
            (each.merchant_id, each.sku_id, made("warehouse", number % MERCHANTS), PIECES)
            for number, each in zip(numbers, here, strict=True)
        ],
        document=made("receipt", numbers[0]),
        by="bench",
    )
    await search.reindex_products(tx, [(each.merchant_id, each.product_id) for each in here])


def _products(numbers: Sequence[int], here: Sequence[Goods]) -> Iterator[tuple[MerchantId, NewProduct]]:
    for number, each in zip(numbers, here, strict=True):
        word = number % len(WORDS)
        title = text(f"{WORDS[word]} {number} 号", f"{ENGLISH[word]} number {number}")
        yield each.merchant_id, NewProduct(
            product_id=each.product_id, category_id=CategoryId(made("category", number % CATEGORIES)),
            slug=f"product-{number}", title=title, description=title, state=ProductState.ON_SHELF,
            skus=[NewSku(sku_id=each.sku_id, code=f"B-{number}", weight_grams=500)],
        )  # fmt: skip
