"""Imports, whole: what they leave behind is true, is there once, and is the same after a kill."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from steelyard.channels import feeds
from steelyard.channels.feeds import Mapping, load_map, open_orders, parse_map
from steelyard.goods import catalog, search
from steelyard.goods.catalog.model import ProductState
from steelyard.goods.search.model import Query
from steelyard.kernel import checks
from steelyard.kernel.db import Database, Read, administer
from steelyard.kernel.errors import Refusal
from steelyard.money import ledger, payments
from steelyard.operations import analytics
from steelyard.parties import merchants
from steelyard.trade import orders, settlement
from tests.channels.feeds.conftest import UCI_COLUMNS, WriteCsv
from tests.channels.feeds.importing import COLUMNS, brought, left_behind, shop_life
from tests.support.cluster import TestServer

UCI = "uci-online-retail"
MUG, BAG = ("85123A", "WHITE HANGING HEART"), ("22423", "CAKE STAND BAG")
# A known customer buys twice and brings some back; somebody unknown buys; samples, a stock count, a bad debt.
RETAIL = [
    ("536365", *MUG, 6, "2010-12-01 08:26:00", "2.55", "17850.0", "United Kingdom"),
    ("536365", *BAG, 1, "2010-12-01 08:26:00", "12.75", "17850.0", "United Kingdom"),
    ("536365", "POST", "POSTAGE", 1, "2010-12-01 08:26:00", "18", "17850.0", "United Kingdom"),
    ("536370", *MUG, 4, "2010-12-02 23:30:00", "2.55", "17850.0", "EIRE"),
    ("536371", *MUG, 1, "2010-12-03 10:00:00", "0.001", "12583.0", "Channel Islands"),
    ("536372", *BAG, 2, "2010-12-03 11:00:00", "12.75", "", "Unspecified"),
    ("C536379", *MUG, -8, "2010-12-04 09:41:00", "2.55", "17850.0", "United Kingdom"),
    ("C536380", "D", "Discount", -1, "2010-12-04 09:42:00", "27.5", "12583.0", "United Kingdom"),
    ("536381", *BAG, -10, "2010-12-05 09:00:00", "0", "", "United Kingdom"),
    ("A563185", "B", "Adjust bad debt", 1, "2010-12-05 10:00:00", "-11062.06", "", "United Kingdom"),
    ("536382", "NEVER", "never sold", 1, "2010-12-05 11:00:00", "0", "12583.0", "United Kingdom"),
]


@pytest.fixture
def retail(write_csv: WriteCsv) -> Path:
    return write_csv("retail.csv", UCI_COLUMNS, RETAIL)


async def shop_of(db: Database, slug: str = UCI) -> merchants.model.MerchantId:
    card = await db.ask(merchants.by_slug, slug)
    assert card is not None
    return card.merchant_id


async def test_an_import_is_a_history_that_balances(db: Database, database_url: str, retail: Path, tmp_path: Path):
    result = await brought(database_url, tmp_path, "orders", [retail], mapping=UCI)

    assert (result.read, result.accepted, result.rejected) == (11, 11, 0)
    assert (result.orders, result.documents, result.refunds, result.products) == (5, 4, 2, 6)
    shop = await shop_of(db)
    sold = (await db.ask(orders.orders_of_merchant, shop)).items
    assert [(o.source, o.total, o.refunded, o.state) for o in sold][::-1] == [
        (f"import:{UCI}:536365", 1530 + 1275 + 1800, 4 * 255, "completed"),
        (f"import:{UCI}:536370", 1020, 1020, "completed"),
        (f"import:{UCI}:536371", 0, 0, "completed"),
        (f"import:{UCI}:536372", 2550, 0, "completed"),
        (f"import:{UCI}:536382", 0, 0, "completed"),
    ]
    balance = await db.ask(ledger.trial_balance)
    assert sum(line.debits - line.credits for line in balance) == 0
    assert await db.ask(settlement.waiting, shop) == []
    assert await db.transact(settlement.to_pay, 10) == []
    assert await db.transact(payments.to_query, 10) == []
    assert await db.transact(payments.to_refund, 10) == []


async def test_no_events_of_orders_no_mails_no_tasks(db: Database, database_url: str, retail: Path, tmp_path: Path):
    await brought(database_url, tmp_path, "orders", [retail], mapping=UCI)

    async def told(read: Read) -> tuple[list[str], int, int]:
        kinds = [row["kind"] for row in await read.fetch("SELECT DISTINCT kind FROM events ORDER BY kind")]
        mails = await read.value("SELECT count(*) FROM mails")
        return kinds, mails, await read.value("SELECT count(*) FROM fulfilment_lines")

    # What is told is of the shop that the orders are of, when it is made.
    assert await db.ask(told) == (["freight.delivery_changed", "merchants.shop_changed"], 0, 0)


async def test_a_second_run_imports_nothing_and_says_so(
    db: Database, database_url: str, retail: Path, tmp_path: Path, write_csv: WriteCsv
):
    await brought(database_url, tmp_path, "orders", [retail], mapping=UCI)
    before = await left_behind(database_url)

    again = await brought(database_url, tmp_path, "orders", [retail], mapping=UCI)
    turned = write_csv("turned.csv", UCI_COLUMNS, RETAIL[::-1])
    other = await brought(database_url, tmp_path, "orders", [turned], mapping=UCI)

    assert again.finished_before
    assert "Nothing new" in again.summary()
    assert (other.finished_before, other.accepted, other.already_imported, other.orders) == (False, 0, 11, 0)
    assert await left_behind(database_url) == before


async def test_a_later_file_goes_on_where_the_earlier_ended(
    db: Database, database_url: str, tmp_path: Path, write_csv: WriteCsv
):
    early, late = write_csv("early.csv", UCI_COLUMNS, RETAIL[:6]), write_csv("late.csv", UCI_COLUMNS, RETAIL[5:])
    await brought(database_url, tmp_path, "orders", [early], mapping=UCI)

    later = await brought(database_url, tmp_path, "orders", [late], mapping=UCI)

    assert (later.already_imported, later.refunds) == (1, 2)
    sold = (await db.ask(orders.orders_of_merchant, await shop_of(db))).items
    assert [o.refunded for o in sold][::-1] == [1020, 1020, 0, 0, 0]


@pytest.mark.parametrize("definition", ["published", "net"])
async def test_the_report_says_what_the_files_say(
    db: Database, database_url: str, retail: Path, tmp_path: Path, definition: analytics.Definition
):
    await brought(database_url, tmp_path, "orders", [retail], mapping=UCI)
    first, last = date(2010, 12, 1), date(2010, 12, 4)
    with open_orders([retail], load_map(UCI, "orders")) as feed:
        [expected] = feed.figures(since=first, until=last, definition=definition)

    told = await db.ask(analytics.sales_report, first, last, definition)

    assert (told.rows, told.customers, told.invoices) == (expected.rows, expected.customers, expected.invoices)
    assert (told.revenue, told.currency) == (expected.revenue, "GBP")


async def test_the_storefront_sells_what_was_imported(db: Database, database_url: str, retail: Path, tmp_path: Path):
    await brought(database_url, tmp_path, "orders", [retail], mapping=UCI)
    shop = await shop_of(db)

    found = (await db.ask(search.find, Query(text="cake stand"))).hits
    on_shelf = (await db.ask(catalog.products_page, shop, ProductState.ON_SHELF)).items
    off_shelf = (await db.ask(catalog.products_page, shop, ProductState.OFF_SHELF)).items

    assert [(hit.price, hit.currency, hit.in_stock) for hit in found] == [(1275, "GBP", True)]
    assert {product.slug for product in on_shelf} == {"white-hanging-heart", "cake-stand-bag"}
    assert {product.slug for product in off_shelf} == {"postage", "discount", "adjust-bad-debt", "never-sold"}


async def test_several_merchants_and_currencies(db: Database, database_url: str, tmp_path: Path, write_csv: WriteCsv):
    file = write_csv("two.csv", COLUMNS, shop_life(120))

    result = await brought(database_url, tmp_path, "orders", [file], chunk_lines=50)

    assert result.merchants == 2
    assert result.refunds > 0
    for slug, currency in (("garn", "GBP"), ("nadel", "EUR")):
        card = await db.ask(merchants.by_slug, slug)
        assert card is not None
        assert card.currency == currency


KILLED = """
import sys
from pathlib import Path
from steelyard.channels import feeds
from steelyard.kernel.settings import Settings

url, home, file = sys.argv[1:]
feeds.import_files(Settings(home=Path(home), database_url=url), "orders", [Path(file)], chunk_lines=100)
"""


async def chunks_written(url: str) -> int:
    async with administer(url) as connection:
        return await connection.fetchval("SELECT coalesce(max(chunks), 0) FROM import_runs")


async def test_after_a_kill_the_same_command_goes_on(
    database_server: TestServer, database_url: str, tmp_path: Path, write_csv: WriteCsv
):
    file = write_csv("life.csv", COLUMNS, shop_life(3_000))
    whole = database_server.url(database_server.clone())
    expected = await brought(whole, tmp_path, "orders", [file], chunk_lines=100)

    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, database_url, str(tmp_path), str(file), env={**os.environ, "PYTHONPATH": "src"}
    )
    while await chunks_written(database_url) < 10:
        assert victim.returncode is None, "it was over before it could be killed"
        await asyncio.sleep(0.01)
    victim.send_signal(signal.SIGKILL)
    await victim.wait()
    written = await chunks_written(database_url)
    assert not await checks.run(database_url), "what a killed import leaves is true, too"

    result = await brought(database_url, tmp_path, "orders", [file], chunk_lines=100)

    assert 10 <= written < 90
    assert (result.orders, result.refunds, result.documents) == (expected.orders, expected.refunds, expected.documents)
    ours, theirs = await left_behind(database_url), await left_behind(whole)
    for table, rows in theirs.items():
        assert ours[table] == rows, table
    assert not await checks.run(database_url)
    assert not list((tmp_path / "imports").glob("past-*"))


async def test_rejected_rows_are_reported_and_the_rest_comes_in(
    db: Database, database_url: str, tmp_path: Path, write_csv: WriteCsv
):
    bad = (*RETAIL[3][:5], "cheap", *RETAIL[3][6:])
    file = write_csv("bad.csv", UCI_COLUMNS, [*RETAIL[:3], bad])

    result = await brought(database_url, tmp_path, "orders", [file], mapping=UCI, rejects=tmp_path / "rejects.csv")

    assert (result.rejected, result.orders, result.reasons) == (1, 1, {"bad_number": 1})
    assert "bad.csv,5,bad_number,unit_price" in (tmp_path / "rejects.csv").read_text("utf-8-sig")


async def test_a_currency_that_the_marketplace_does_not_know_is_refused_before_anything_is_written(
    db: Database, database_url: str, tmp_path: Path, write_csv: WriteCsv
):
    row = ("garn", "O1", "2024-01-01", "k1", "A1", "Article", 1, "5", "BHD", "BH")
    file = write_csv("dinar.csv", COLUMNS, [row])

    with pytest.raises(feeds.CurrencyUnknown) as refused:
        await brought(database_url, tmp_path, "orders", [file])

    assert refused.value.facts == {"currencies": "BHD"}
    assert await db.ask(merchants.by_slug, "garn") is None


def test_an_unknown_map_is_refused(tmp_path: Path, write_csv: WriteCsv):
    with pytest.raises(Refusal, match="map"):
        load_map("no-such-map", "orders")


def test_a_map_says_what_is_wrong_with_its_shops_and_shelf():
    words = """
        of: orders
        shops: {garn: {name: {fr: Laine}, country: gb, time_zone: Mars/Olympus, delivery: {fee: "-1"}}}
        shelf: {language: la, opening_stock: -1, categories: [{slug: a, name: {en: A}}, {slug: b, name: {en: B}, sku: "("}]}
    """
    with pytest.raises(feeds.MapInvalid) as refused:
        parse_map(words, "mine", "orders")

    said = str(refused.value.facts["problems"])
    for part in (
        "shops.garn.name",
        "delivery",
        "country",
        "time_zone",
        "shelf.language",
        "opening_stock",
        "[1]",
        "[2]",
    ):
        assert part in said, part


def test_the_command_prints_what_came_in(database_url: str, retail: Path, tmp_path: Path):
    environ = {**os.environ, "PYTHONPATH": "src", "DATABASE_URL": database_url, "STEELYARD_HOME": str(tmp_path)}
    own = [sys.executable, "-m", "steelyard"]

    imported = subprocess.run(
        [*own, "import", "orders", str(retail), "--map", UCI, "--json"], env=environ, capture_output=True, check=True
    )
    report = subprocess.run(
        [*own, "report", "sales", "--from", "2010-12-01", "--to", "2010-12-03", "--definition", "published", "--json"],
        env=environ, capture_output=True, check=True,
    )  # fmt: skip

    assert json.loads(imported.stdout)["orders"] == 5
    told = json.loads(report.stdout)
    assert {key: told[key] for key in ("rows", "customers", "invoices", "revenue")} == {
        "rows": 5, "customers": 2, "invoices": 3, "revenue": "56.25"
    }  # fmt: skip


assert Mapping(of="orders").shelf.opening_stock == 0
