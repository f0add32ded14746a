"""Product and customer files."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from steelyard.channels.feeds import open_records, parse_map
from tests.channels.feeds.conftest import WriteCsv

PRODUCTS = parse_map("of: products", "canonical", "products")
CUSTOMERS = parse_map("of: customers", "canonical", "customers")
PRODUCT_HEADER = ("merchant", "sku", "title", "title_zh", "price", "currency", "stock")


def test_products_are_read_typed_and_each_once(write_csv: WriteCsv, tmp_path: Path) -> None:
    first = write_csv(
        "a.csv",
        PRODUCT_HEADER,
        [
            ("m", "tea", "Tea", "茶", "12.345", "GBP", "7"),
            ("m", "tea", "Tea again", "", "1", "GBP", ""),
            ("m", "pot", "Pot", "", "-1", "GBP", ""),
            ("n", "tea", "Tea", "", "120", "JPY", ""),
        ],
    )
    second = write_csv(
        "b.csv",
        PRODUCT_HEADER,
        [("m", "tea", "Tea", "", "9", "GBP", ""), ("m", "cup", "Cup", "", "1", "EUR", "")],
    )
    with open_records([first, second], PRODUCTS, chunk_rows=2) as feed:
        chunks = list(feed.chunks())
        assert feed.summary.reasons == {"duplicate": 1, "negative_price": 1}
        assert feed.summary.overlapping == 1
        assert [c.rows.to_pylist() for c in feed.chunks(after=1)] == [c.rows.to_pylist() for c in chunks[1:]]
        assert feed.write_rejects(tmp_path / "r.csv") == 2
    records = [record for chunk in chunks for record in chunk.rows.to_pylist()]
    assert [(r["merchant"], r["sku"], r["price_minor"], r["stock"], r["kind"]) for r in records] == [
        ("m", "tea", 1235, 7, "goods"),
        ("n", "tea", 120, None, "goods"),
        ("m", "cup", 100, None, "goods"),
    ]
    assert records[0]["title_zh"] == "茶"


def test_customers_are_read_with_foreign_columns_and_decimal_commas(write_csv: WriteCsv) -> None:
    mapping = parse_map(
        """
        of: customers
        columns:
          merchant: {constant: m}
          customer_id: Kundennummer
          country: {from: Land, values: {Deutschland: DE}}
          since: {from: Seit, formats: ["%d.%m.%Y"], time_zone: Europe/Berlin}
        csv: {delimiter: ";"}
        """,
        "de",
        "customers",
    )
    path = write_csv("k.csv", ["Kundennummer;Land;Seit"], [["7;Deutschland;24.12.2023"]])
    with open_records([path], mapping) as feed:
        [record] = next(feed.chunks()).rows.to_pylist()
    assert (record["customer_id"], record["country"], record["country_name"]) == ("7", "DE", "Deutschland")
    assert record["since"] == datetime(2023, 12, 23, 23, tzinfo=UTC)


@pytest.mark.parametrize("text", ["1.234,50", "1234,5"])
def test_a_decimal_comma_is_read_where_the_map_says_so(text: str, write_csv: WriteCsv) -> None:
    mapping = parse_map("{of: products, columns: {price: {from: price, decimal_mark: ','}}}", "m", "products")
    path = write_csv("p.csv", PRODUCT_HEADER, [("m", "tea", "Tea", "", text, "EUR", "")])
    with open_records([path], mapping) as feed:
        assert next(feed.chunks()).rows.to_pylist()[0]["price_minor"] == 123450


def test_an_empty_file_has_no_chunks(write_csv: WriteCsv) -> None:
    with open_records([write_csv("c.csv", ["merchant", "customer_id"], [])], CUSTOMERS) as feed:
        assert list(feed.chunks()) == []
