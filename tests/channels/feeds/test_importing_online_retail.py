"""Two years of a real shop in the marketplace: the published figures from the database, books that balance, a shop
that sells, a month that is reviewed."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import pytest_asyncio

from steelyard.channels import feeds
from steelyard.goods import search
from steelyard.goods.search.model import Query
from steelyard.kernel import checks
from steelyard.kernel.db import Database, Read
from steelyard.money import ledger
from steelyard.operations import analytics, business_reviews
from steelyard.operations.business_reviews import Figures, Period, Review, Span
from steelyard.operations.business_reviews.jobs import write_next
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.web.business_review_words import Words
from tests.channels.feeds.importing import brought
from tests.operations.business_reviews.test_reviews import adds_up
from tests.support.cluster import TestServer

pytestmark = [pytest.mark.data, pytest.mark.asyncio(loop_scope="module")]
UCI = "uci-online-retail"
YEAR = (date(2010, 12, 1), date(2011, 12, 9))
# The aim is 60 s on two cores of one's own; a machine that is busy with other things gets more.
SECONDS_MAX = 600


@pytest.fixture(scope="module")
def imported(
    database_server: TestServer, online_retail: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, feeds.Result, float]:
    """The database after both files were imported, what the import said, and the seconds it took."""
    url, home, began = database_server.url(database_server.clone()), tmp_path_factory.mktemp("home"), time.monotonic()
    result = asyncio.run(brought(url, home, "orders", online_retail, mapping=UCI))
    return url, result, time.monotonic() - began


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(imported: tuple[str, feeds.Result, float]) -> AsyncIterator[Database]:
    database = await Database.connect(imported[0], size=2)
    yield database
    await database.close()


async def test_every_line_came_in_once(imported: tuple[str, feeds.Result, float]):
    _, result, seconds = imported
    assert (result.read, result.overlapping, result.rejected, result.accepted) == (1_067_370, 22_523, 0, 1_044_847)
    assert (result.orders, result.documents, result.refunds) == (40_083, 13_545, 8_553)
    assert (result.products, result.customers, result.merchants) == (5_131, 5_942, 1)
    assert seconds < SECONDS_MAX


@pytest.mark.parametrize(
    ("definition", "figures"),
    [
        ("published", (397_884, 4_338, 18_532, Decimal("8911407.90"))),
        ("net", (541_909, 4_372, 25_900, Decimal("9747747.93"))),
    ],
)
async def test_the_report_prints_the_published_figures(
    shop: Database, definition: analytics.Definition, figures: object
):
    told = await shop.ask(analytics.sales_report, *YEAR, definition)

    assert (told.rows, told.customers, told.invoices, told.revenue) == figures


async def test_the_books_balance_and_nothing_is_left_to_pay(shop: Database, imported: tuple[str, feeds.Result, float]):
    async def left(read: Read) -> tuple[int, int]:
        owed = await read.value("SELECT count(*) FROM ledger_accounts WHERE kind = 'payable' AND credits <> debits")
        return owed, await read.value("SELECT count(*) FROM settlement_entries WHERE statement_id IS NULL")

    balance = await shop.ask(ledger.trial_balance)
    assert sum(line.debits - line.credits for line in balance) == 0
    assert await shop.ask(left) == (0, 0)
    assert not await checks.run(imported[0])


async def test_the_storefront_sells_them(shop: Database):
    found = await shop.ask(search.find, Query(text="heart t-light holder", in_stock=True))

    assert found.hits
    assert {hit.currency for hit in found.hits} == {"GBP"}
    assert (await shop.ask(search.find, Query())).count == 2_000


NOVEMBER = Period(span=Span.MONTH, first=date(2011, 11, 1))
# Of each month of the house's calendar, who bought, for how many orders and for how much, straight from the files.
SOLD = """
    WITH lines AS (
        SELECT Invoice AS invoice, "Customer ID"::text AS customer, Quantity * Price AS pounds, InvoiceDate::timestamp AS clock
        FROM read_parquet($older)
        WHERE InvoiceDate::date < DATE '2010-12-01' AND Quantity > 0 AND (Price > 0 OR "Customer ID" IS NOT NULL)
        UNION ALL
        SELECT InvoiceNo, CustomerID::text, Quantity * UnitPrice, InvoiceDate::timestamp
        FROM read_parquet($newer) WHERE Quantity > 0 AND (UnitPrice > 0 OR CustomerID IS NOT NULL)
    ), orders AS (
        SELECT invoice, customer, sum(round(pounds * 100))::bigint AS paid
             , timezone('Asia/Shanghai', timezone('Europe/London', min(clock))) AS moment
        FROM lines WHERE invoice NOT LIKE 'A%' GROUP BY ALL
    ), firsts AS (
        SELECT customer, date_trunc('month', min(moment)) AS month FROM orders WHERE customer IS NOT NULL GROUP BY ALL
    )
    SELECT date_trunc('month', moment)::date AS month
         , CASE WHEN customer IS NULL THEN 'unknown' WHEN firsts.month < date_trunc('month', moment) THEN 'returning'
                ELSE 'new' END AS kind
         , count(DISTINCT coalesce(customer, invoice)), count(*), sum(paid)::bigint
    FROM orders LEFT JOIN firsts USING (customer) GROUP BY ALL
"""
# As docs/algorithms/reviews.md has it.
SAID = [
    "£1,503,915.31 came in for 2,761 orders; the period before brought £1,155,029.01 (+30.2%).",
    "The same period of last year brought £1,461,215.93 (+2.9%).",
    "Of the change: Customers +£246,692.53, Orders a customer +£156,211.32, Basket (an order’s amount) −£54,017.55.",
    "By customers: Returning customers +£145,729.37, Newly won customers −£27,048.34, Unknown +£230,205.27.",
    "That is as the days before it had led one to expect: £1,353,888.54, between £1,187,645.87 and £1,845,640.06.",
    "Last year’s season multiplied the expectation by 1.16.",
    "Days outside their bounds: Nov 12, 2011 (£13,877.59), Nov 19, 2011 (£3,918.33), Nov 26, 2011 (£5,276.29).",
    "Rose most: “RABBIT NIGHT LIGHT” (+£22,146.16).",
]


async def review_of(shop: Database, period: Period) -> Review:
    """The review, written by a worker after the import's days have been counted."""

    async def only_one(read: Read) -> MerchantId:
        return await read.value("SELECT merchant_id FROM merchants")

    merchant_id = await shop.ask(only_one)
    await shop.transact(analytics.mark_history)
    await shop.transact(business_reviews.want, merchant_id, period, "staff:a")
    assert await write_next(shop) == 1
    [brief] = (await shop.ask(business_reviews.reviews, merchant_id)).items
    return await shop.ask(business_reviews.review, merchant_id, brief.review_id)


def kinds(figures: Figures) -> dict[str, tuple[int, int, int]]:
    """Of new, returning and unknown customers: people, orders, money."""
    return {
        name: (each.people, each.orders, each.paid)
        for name, each in (("new", figures.new), ("returning", figures.returning), ("unknown", figures.unknown))
    }


async def test_the_review_of_a_month_says_what_happened_why_and_how_usual_it_is(
    shop: Database, online_retail: list[Path]
):
    with duckdb.connect() as files:
        rows = files.execute(SOLD, dict(zip(("older", "newer"), map(str, online_retail), strict=True))).fetchall()
    sold = {month: {kind: tuple(told) for at, kind, *told in rows if at == month} for month, *_ in rows}

    facts = (await review_of(shop, NOVEMBER)).facts

    assert facts.year is not None
    sides = {NOVEMBER: facts.figures, NOVEMBER.before: facts.before.figures, NOVEMBER.year_ago: facts.year.figures}
    assert {period: kinds(figures) for period, figures in sides.items()} == {
        period: sold[period.first] for period in sides
    }
    adds_up(facts)
    assert Words("en", facts).sentences()[: len(SAID)] == SAID
