"""Tables of rates: each known shape is read, each line that cannot be read says why, and a history has one rate a day."""

import gzip
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from steelyard.goods import taxes
from steelyard.goods.taxes.model import EXEMPT, ZERO, DatedRate, Rate, RateHasBegun
from steelyard.goods.taxes.published import NO_CLASS, NO_COUNTRY, NO_DAY, NO_INCLUSIVE, NO_RATE, NO_TABLE, TWICE, Table
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid
from steelyard.kernel.text import text

ROOT = Path(__file__).parents[2]

OURS = b"""country,region,tax_class,rate,valid_from,valid_to,inclusive,name_zh,name_en
DE,,standard,19,2021-01-01,,yes,\xe5\xa2\x9e\xe5\x80\xbc\xe7\xa8\x8e,VAT
us,ny,standard,4 %,2005-06-01,,no,,
"""
TERRITORIES = b"""start_date,stop_date,territory_codes,currency_code,rate,rate_type,description
2019-01-01,,XA,EUR,0.2,standard,A state
2010-01-01,2019-01-01,XA,EUR,0.19,standard,
1984-01-01,,"XA-6691
XB-87491
EL-69",EUR,0.175,standard,Three places; two of them are postal codes
"""
PERIODS = b"""{"details": "and more", "version": 4, "items": {"XA": [
  {"effective_from": "2024-01-01", "rates": {"reduced": 12, "standard": 21, "press_publications": 0}},
  {"effective_from": "0000-01-01", "rates": {"reduced1": 10, "reduced2": 15, "standard": 20.5},
   "exceptions": [{"name": "An island", "postcode": "35", "standard": 0}]}]}}"""
STATES = b"""{"_meta": "what it is", "XC": {"name": "Sample", "state_bps": 725, "local_varies": true, "source": "and more"},
 "XD": {"name": "Other", "state_bps": 500, "scheduled_change": {"date": "2030-01-01", "state_bps": 475}}}"""
WORLD = b"""{"XA": {"type": "vat", "currency": "EUR", "rate": 0.19, "before": {
   "2020-12-31T22:00:00.000Z": {"type": "vat", "rate": 0.16}, "2020-06-30T22:00:00.000Z": {"type": "vat", "rate": 0.19}}},
 "CA": {"type": "gst", "rate": 0.05, "states": {"QC": {"rate": 0.09975, "type": "qst"},
   "NS": {"rate": 0.09, "type": "hst", "before": {"2025-04-01T00:00:00.000Z": {"rate": 0.1}}}}}}"""


def told(table: Table) -> set[tuple[str, str, str, str, int]]:
    assert table.problems == []
    return {
        (each.country, each.region, each.tax_class, each.valid_from.isoformat(), each.millionths)
        for each in table.rates
    }


def test_our_own_table_is_read() -> None:
    table = taxes.read_table(OURS)
    assert told(table) == {
        ("DE", "", "standard", "2021-01-01", 190_000),
        ("US", "NY", "standard", "2005-06-01", 40_000),
    }
    assert [each.inclusive for each in table.rates] == [True, False]
    assert table.rates[0].name == text("增值税", "VAT")


def test_the_history_of_territories_is_read_without_postal_codes() -> None:
    table = taxes.read_table(TERRITORIES)
    assert told(table) == {
        ("XA", "", "standard", "2019-01-01", 200_000),
        ("XA", "", "standard", "2010-01-01", 190_000),
        ("GR", "69", "standard", "1984-01-01", 175_000),
    }
    assert table.skipped == 2


def test_rates_by_period_are_read() -> None:
    table = taxes.read_table(PERIODS)
    assert told(table) == {
        ("XA", "", "standard", "2024-01-01", 210_000),
        ("XA", "", "reduced", "2024-01-01", 120_000),
        ("XA", "", "standard", "1970-01-01", 205_000),
        ("XA", "", "reduced", "1970-01-01", 100_000),
        ("XA", "", "reduced2", "1970-01-01", 150_000),
    }
    assert table.skipped == 2


def test_rates_of_states_are_read_with_what_is_planned() -> None:
    table = taxes.read_table(STATES)
    assert told(table) == {
        ("US", "XC", "standard", "1970-01-01", 72_500),
        ("US", "XD", "standard", "1970-01-01", 50_000),
        ("US", "XD", "standard", "2030-01-01", 47_500),
    }
    assert not any(each.inclusive for each in table.rates)


def test_rates_of_the_world_are_read_and_a_states_comes_on_top() -> None:
    table = taxes.read_table(WORLD)
    assert told(table) == {
        ("XA", "", "standard", "1970-01-01", 190_000),
        ("XA", "", "standard", "2020-07-01", 160_000),
        ("XA", "", "standard", "2021-01-01", 190_000),
        ("CA", "", "standard", "1970-01-01", 50_000),
        ("CA", "QC", "standard", "1970-01-01", 149_750),
        ("CA", "NS", "standard", "1970-01-01", 150_000),
        ("CA", "NS", "standard", "2025-04-01", 140_000),
    }


def test_every_line_that_cannot_be_read_says_why() -> None:
    head = OURS.split(b"\n")[0]
    lines = [
        b"Germany,,standard,19,2021-01-01,,yes,,",
        b"DE,,luxury,19,2021-01-01,,yes,,",
        b"DE,,standard,nineteen,2021-01-01,,yes,,",
        b"DE,,standard,101,2021-01-01,,yes,,",
        b"DE,,standard,19,1.1.2021,,yes,,",
        b"DE,,standard,19,2021-01-01,soon,yes,,",
        b"DE,,standard,19,2021-01-01,,perhaps,,",
        b"DE,,standard,19,2022-01-01,,yes,,",
        b"DE,,standard,18,2022-01-01,,yes,,",
    ]
    table = taxes.read_table(b"\n".join([head, *lines]))
    assert [(each.where, each.what) for each in table.problems] == [
        ("2", NO_COUNTRY), ("3", NO_CLASS), ("4", NO_RATE), ("5", NO_RATE), ("6", NO_DAY), ("7", NO_DAY),
        ("8", NO_INCLUSIVE), ("10", TWICE),
    ]  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2", b"{", b"\xff\xfe", b'{"a": 1}', b"[1]", b"GIF89a"])
def test_what_is_no_table_is_refused(content: bytes) -> None:
    table = taxes.read_table(content)
    assert not table.rates
    assert [each.what for each in table.problems] == [NO_TABLE]


@pytest.mark.parametrize(
    "name",
    [
        "eu_vat_rates_history.csv.gz",
        "ibericode_vat-rates.json",
        "us_state_sales_tax.json",
        "world_sales_tax_rates.json",
    ],
)
async def test_the_published_tables_are_read_and_kept_whole(db: Database, name: str) -> None:
    file = Path(os.environ.get("STEELYARD_DATA", ROOT.parent / "shared" / "data")) / "tax" / name
    if not file.exists():
        pytest.skip(f"{file} is not there; set STEELYARD_DATA to where the data are")
    content = gzip.decompress(file.read_bytes()) if name.endswith(".gz") else file.read_bytes()

    table = taxes.read_table(content)

    assert table.problems == []
    assert len(table.rates) > 40
    await db.transact(taxes.keep_rates, table.rates)
    assert await db.transact(taxes.keep_rates, table.rates) == 0
    if name.startswith("eu"):
        assert [(await db.ask(taxes.rates, "DE", "", day))["standard"].millionths
                for day in (date(2020, 6, 30), date(2020, 7, 1), date(2021, 1, 1))] == [190_000, 160_000, 190_000]  # fmt: skip
        assert (await db.ask(taxes.rates, "PT", "20", date(2026, 1, 1)))["standard"].millionths < 230_000
    if name.startswith("us"):
        assert (await db.ask(taxes.rates, "US", "CA", date(2026, 1, 1)))["standard"].millionths == 72_500
        assert (await db.ask(taxes.rates, "US", "LA", date(2030, 1, 1)))["standard"].millionths == 47_500


def rate(first: date, millionths: int, last: date | None = None) -> DatedRate:
    return DatedRate(country="XA", tax_class="standard", valid_from=first, valid_to=last, millionths=millionths,
                     inclusive=True, name=text("税", "Tax"))  # fmt: skip


async def test_a_rate_ends_where_the_next_begins_in_whatever_order_they_come(db: Database) -> None:
    first, second, third = date(2030, 1, 1), date(2031, 1, 1), date(2032, 1, 1)
    await db.transact(taxes.keep_rates, [rate(third, 30_000), rate(first, 10_000)])
    await db.transact(taxes.set_rate, rate(second, 20_000))

    found = await db.ask(taxes.rates_of, "xa")
    assert [(each.valid_from, each.valid_to) for each in found] == [(third, None), (second, third), (first, second)]

    await db.transact(taxes.forget_rate, "XA", "", "standard", second, date(2029, 12, 31))
    assert [each.valid_to for each in await db.ask(taxes.rates_of, "XA")] == [None, third]
    with pytest.raises(RateHasBegun):
        await db.transact(taxes.forget_rate, "XA", "", "standard", third, third)
    with pytest.raises(Invalid):
        await db.transact(taxes.set_rate, rate(second, 10_000, first))


def test_what_is_zero_rated_or_exempt_bears_nothing_anywhere() -> None:
    rates = {"standard": Rate(millionths=72_500, inclusive=False), "reduced": Rate(millionths=20_000, inclusive=False)}
    for tax_class in (ZERO, EXEMPT):
        found = taxes.rate_for(rates, tax_class)
        assert (found.millionths, found.inclusive, taxes.tax_of(10_000, found)) == (0, False, 0)
    assert taxes.rate_for(rates, "reduced").millionths == 20_000


def test_a_tax_day_is_the_sellers() -> None:
    moment = datetime(2026, 6, 30, 17, 0, tzinfo=UTC)
    assert taxes.day_of("Asia/Shanghai", moment) == date(2026, 7, 1)
    assert taxes.day_of("Europe/Berlin", moment) == date(2026, 6, 30)
    assert taxes.day_of("Europe/Berlin", datetime(2026, 6, 30, 22, 30, tzinfo=UTC)) == date(2026, 7, 1)
