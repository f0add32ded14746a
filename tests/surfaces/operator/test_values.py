"""The page of customers' values: of the house's orders on any day, and of imported events, with the figures that others published
for a public shop's year."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.operations import lake, segments
from tests.rules.reading import ROOT
from tests.support.browser import Browser, words
from tests.support.world import World
from tests.surfaces.merchant.test_lifecycle import traded

HERE = "/operator/lifecycle/values"
# A shop as those of Online Retail are: lines of invoices, prices of three decimals, a line that names nobody, a cancellation.
COLUMNS = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
ROWS = """
536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
536365,22423,STAND,1,2010-12-01 08:26:00,12.75,17850.0,United Kingdom
536366,22423,STAND,4,2010-12-20 10:00:00,12.75,17850.0,United Kingdom
536367,22423,STAND,2,2010-12-03 11:00:00,12.75,,United Kingdom
536370,85123A,HEART,4,2010-12-10 23:30:00,2.501,12583.0,France
C536379,22423,STAND,-2,2010-12-21 09:41:00,12.75,17850.0,United Kingdom
536381,21915,GIFT,1,2010-12-22 12:50:00,0,12583.0,France
"""


@pytest.fixture
def sample(app: Litestar, tmp_path: Path) -> Path:
    file = tmp_path / "sample.csv"
    file.write_text(COLUMNS + ROWS)
    lake.import_events(app.state.settings.home, [file], mapping="uci-online-retail-events", name="sample")
    return file


@pytest.mark.usefixtures("sample")
async def test_imported_events_are_told_as_the_command_tells_them(chief: Browser) -> None:
    page = words(await chief.get(HERE, dataset="sample"))

    # 88.804 paid: 15.30 + 12.75 + 51.00 of one, 10.004 of another; 25.50 given back.
    assert "2 customers had paid 3 orders that came to £89.054; £25.50 of it was given back" in page
    assert "By December 23, 2010 12:50" in page, "a day after the last event, by the shop's clock"
    assert "Last order, mean 7.5 days ago" in page, "3 days and 12 days"
    assert "Orders each, mean 1.5" in page
    assert "Net spending each, mean £31.78" in page
    assert "1 row of the file names no customer and is left out" in page
    assert "steelyard report rfm --dataset sample --on 2010-12-23T12:50:00" in page


@pytest.mark.usefixtures("sample")
async def test_what_was_paid_is_told_before_refunds_too(chief: Browser) -> None:
    net, gross = [words(await chief.get(HERE, dataset="sample", spending=each)) for each in ("net", "gross")]

    assert "Before refunds a customer spent £44.53 on average" in net
    assert "Spending each, mean £44.53" in gross and "--gross" in gross
    file = await chief.get(HERE, dataset="sample", spending="gross", format="csv")
    assert "79.05" in file.text and "10.00" in file.text


@pytest.mark.usefixtures("sample")
async def test_a_day_of_the_past_knows_nothing_of_later_orders(chief: Browser) -> None:
    page = words(await chief.get(HERE, dataset="sample", on="2010-12-05"))

    assert "By December 5, 2010 1 customer had paid 1 order that came to £28.05" in page, "the day is told, to its end"
    assert 'value="2010-12-05"' in (await chief.get(HERE, dataset="sample", on="2010-12-05")).text


@pytest.mark.usefixtures("sample")
async def test_before_the_first_order_there_is_nothing_to_tell(chief: Browser) -> None:
    early = await chief.get(HERE, dataset="sample", on="2010-11-30")
    nonsense = await chief.get(HERE, dataset="sample", on="yesterday")

    assert early.status_code == 422
    assert "The first order was paid on 2010-12-01" in words(early)
    assert nonsense.status_code == 422
    assert "Please write a day such as 2011-12-10" in words(nonsense)
    assert (await chief.get(HERE, dataset="no-such-set")).status_code == 200


async def test_the_orders_of_the_house_are_told_of_any_day(
    db: Database, world: World, chief: Browser, owner: Browser
) -> None:
    await traded(db, world)
    tomorrow, before = datetime.now(UTC) + timedelta(days=1), datetime.now(UTC) - timedelta(days=40)

    counted = words(await chief.get(HERE))
    gross = words(await chief.get(HERE, spending="gross", on=tomorrow.date().isoformat()))
    shop = words(await owner.get("/merchant/lifecycle/values", spending="gross"))
    early = await owner.get("/merchant/lifecycle/values", on=before.date().isoformat())

    assert "1 customer had paid 1 order " in counted, "a purchase at two shops is one of the marketplace"
    assert "counted" in counted and "as of" in gross
    assert (
        counted.split(" order that came to ")[1].split(";")[0] == gross.split(" order that came to ")[1].split(";")[0]
    )
    assert "1 customer had paid 1 order " in shop
    assert early.status_code == 422 and "There was no customer yet on this day" in words(early)
    assert "Of which orders" not in shop, "imported events are the marketplace's"


async def test_a_class_of_customers_becomes_a_segment(db: Database, world: World, owner: Browser) -> None:
    await traded(db, world)
    page = await owner.get("/merchant/lifecycle/values/champions")
    assert "Make a segment of them" not in page.text, "of nobody"
    lost = await owner.get("/merchant/lifecycle/values/lost")
    form = {"segment_id": lost.text.split('name="segment_id" value="')[1].split('"')[0], "rfm": "lost"}

    begun = await owner.post("/merchant/segments/new", form)

    draft = await db.ask(segments.draft, world.tea.merchant_id, UUID(form["segment_id"]))
    assert begun.status_code in (302, 303)
    assert draft is not None
    assert draft.name.in_language("en") == "Lost customers"
    assert "rfm" in str(draft.sketch)


@pytest.mark.data
async def test_the_published_figures_of_online_retail_stand_on_the_page(app: Litestar, chief: Browser) -> None:
    data = Path(os.environ.get("STEELYARD_DATA", ROOT.parent / "shared" / "data"))
    file = data / "online_retail" / "online_retail_2010_2011.parquet"
    if not file.exists():
        pytest.skip(f"{file} is not there; set STEELYARD_DATA to where the data are")
    lake.import_events(app.state.settings.home, [file], mapping="uci-online-retail-events", name="retail")

    page = words(await chief.get(HERE, dataset="retail", on="2011-12-10"))
    gross = words(await chief.get(HERE, dataset="retail", on="2011-12-10", spending="gross"))

    assert "4,338 customers had paid 18,532 orders that came to £8,911,407.904" in page
    assert "Last order, mean 92.54 days ago" in page
    assert "Orders each, mean 4.27" in page
    assert "a customer spent £2,054.27 on average, and the fifth who spent the most brought 74.59%" in page
    assert "73.56% of the net spending comes from the fifth of customers" in page
    assert "Net spending each, mean £1,915.74" in page
    assert "74.59% of the spending comes from the fifth of customers" in gross
    assert "Spending each, mean £2,054.27" in gross
