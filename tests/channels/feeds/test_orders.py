"""What an order file may hold, and what becomes of it."""

import csv
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.channels.feeds import FeedUnreadable, OrderFeed, load_map, open_orders, parse_map
from steelyard.channels.feeds.model import HISTORY
from tests.channels.feeds.conftest import UCI_COLUMNS, WriteCsv

HEADER = (
    *(
        "merchant",
        "order_id",
        "line_no",
        "placed_at",
        "customer_id",
        "sku",
        "title",
        "quantity",
        "unit_price",
    ),
    *("currency", "country", "kind", "refers_to"),
)
CANONICAL = parse_map("of: orders", "canonical", "orders")
UCI = load_map("uci-online-retail", "orders")


def row(
    order: str = "A1", sku: str = "tea", quantity: object = 1, price: object = "2.50", **other: object
) -> list[object]:
    facts: dict[str, object] = {
        "merchant": "m",
        "order_id": order,
        "placed_at": "2024-03-01 10:00:00",
        "customer_id": "ann",
        "sku": sku,
        "title": sku.upper(),
        "quantity": quantity,
        "unit_price": price,
        "currency": "GBP",
        "country": "GB",
        **other,
    }
    return [facts.get(name, "") for name in HEADER]


def all_lines(feed: OrderFeed) -> list[dict[str, object]]:
    return [line for chunk in feed.chunks() for line in chunk.lines.to_pylist()]


def all_refunds(feed: OrderFeed) -> list[dict[str, object]]:
    return [refund for chunk in feed.chunks() for refund in chunk.refunds.to_pylist()]


def reasons(feed: OrderFeed, tmp_path: Path) -> list[tuple[str, str, str]]:
    report = tmp_path / "rejects.csv"
    feed.write_rejects(report)
    with report.open(encoding="utf-8-sig", newline="") as stream:
        return [(r["line"], r["reason"], r["field"]) for r in csv.DictReader(stream)]


def test_a_line_is_read_with_its_exact_price_and_its_time_in_utc(write_csv: WriteCsv) -> None:
    path = write_csv("o.csv", HEADER, [row(quantity=3, price="0.005", placed_at="2024-07-01T12:00:00+02:00")])
    with open_orders([path], CANONICAL) as feed:
        [chunk] = feed.chunks()
    [line], [document] = chunk.lines.to_pylist(), chunk.documents.to_pylist()
    assert line["unit_price_micros"] == 5_000
    assert line["amount_minor"] == 2, "1.5 pence is rounded away from zero"
    assert line["line_id"] == "tea:3:0.005:1"
    assert document["placed_at"] == datetime(2024, 7, 1, 10, tzinfo=UTC)


def test_a_return_line_is_rounded_like_the_sale_that_it_takes_back(write_csv: WriteCsv) -> None:
    rows = [row(quantity=3, price="0.005"), row("A2", quantity=-3, price="0.005", placed_at="2024-03-02")]
    with open_orders([write_csv("o.csv", HEADER, rows)], CANONICAL) as feed:
        lines = all_lines(feed)
    assert [line["amount_minor"] for line in lines] == [2, -2]


def test_an_order_keeps_every_line_of_the_same_product(write_csv: WriteCsv) -> None:
    with open_orders([write_csv("o.csv", HEADER, [row(), row(), row(quantity=2)])], CANONICAL) as feed:
        lines = all_lines(feed)
    assert [line["line_id"] for line in lines] == ["tea:1:2.5:1", "tea:1:2.5:2", "tea:2:2.5:1"]
    assert [line["ordinal"] for line in lines] == [1, 2, 3]


def test_an_overlap_in_another_sequence_does_not_double(write_csv: WriteCsv) -> None:
    first = write_csv("a.csv", HEADER, [row(), row(), row(sku="pot"), row("A0")])
    second = write_csv("b.csv", HEADER, [row("A3"), row(sku="pot"), row(), row()])
    with open_orders([first, second], CANONICAL) as feed:
        summary, lines = feed.summary, all_lines(feed)
    assert (summary.read, summary.overlapping, summary.accepted) == (8, 3, 5)
    assert {line["order_id"] for line in lines if line["file"] == 2} == {"A3"}


@settings(max_examples=15, deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from("XYZ"), st.sampled_from("pq"), st.integers(1, 2)), min_size=1, max_size=25),
    chunk_lines=st.integers(1, 30),
    seed=st.randoms(use_true_random=False),
)
def test_identities_do_not_depend_on_chunks_or_on_sequence(
    rows: list[tuple[str, str, int]],
    chunk_lines: int,
    seed: "st.Random",  # pyright: ignore
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("feed")

    def read(order: Iterable[tuple[str, str, int]], size: int) -> list[tuple[object, object]]:
        path = folder / "rows.csv"
        with path.open("w", newline="") as stream:
            csv.writer(stream).writerows([HEADER, *(row(o, s, q) for o, s, q in order)])
        with open_orders([path], CANONICAL, chunk_lines=size) as feed:
            chunks = list(feed.chunks())
        owners = [d["order_id"] for chunk in chunks for d in chunk.documents.to_pylist()]
        assert len(owners) == len(set(owners)), "no order is in two chunks"
        assert [chunk.number for chunk in chunks] == sorted({chunk.number for chunk in chunks})
        return sorted((line["order_id"], line["line_id"]) for chunk in chunks for line in chunk.lines.to_pylist())

    shuffled = list(rows)
    seed.shuffle(shuffled)
    found = read(rows, 10_000)
    assert len(set(found)) == len(rows)
    assert read(shuffled, chunk_lines) == found


def test_a_killed_import_goes_on_after_its_last_chunk(write_csv: WriteCsv) -> None:
    path = write_csv("o.csv", HEADER, [row(f"A{n:02}", placed_at=f"2024-03-{n + 1:02}") for n in range(20)])
    with open_orders([path], CANONICAL, chunk_lines=3) as feed:
        whole, fingerprint = [c.lines.to_pylist() for c in feed.chunks()], feed.fingerprint
    with open_orders([path], CANONICAL, chunk_lines=3) as feed:
        seen: list[tuple[int, int | None]] = []
        rest = list(feed.chunks(after=4, progress=lambda done, total: seen.append((done, total))))
        assert feed.fingerprint == fingerprint
    assert [c.number for c in rest] == [5, 6, 7]
    assert [c.lines.to_pylist() for c in rest] == whole[4:]
    assert seen == [(15, 20), (18, 20), (20, 20)]


def test_what_is_imported_already_is_left_out_and_a_new_line_of_it_is_rejected(
    write_csv: WriteCsv, tmp_path: Path
) -> None:
    known = dict.fromkeys(HISTORY.names) | {
        "merchant": "m", "order_id": "A1", "line_id": "tea:1:2.5:1", "role": "sale", "customer_id": "ann",
        "sku": "tea", "currency": "GBP", "placed_at": datetime(2024, 1, 1, tzinfo=UTC), "quantity": 1,
        "unit_price_micros": 2_500_000, "amount_minor": 250, "refunded_quantity": 0, "refunded_minor": 0,
    }  # fmt: skip
    history = [pa.RecordBatch.from_pylist([known], schema=HISTORY)]
    rows = [row(), row(sku="pot"), row("A2", quantity=-1, placed_at="2024-03-05")]
    with open_orders([write_csv("o.csv", HEADER, rows)], CANONICAL, history=history) as feed:
        assert (feed.summary.already_imported, feed.summary.rejected, feed.summary.accepted) == (1, 1, 1)
        [refund] = all_refunds(feed)
        assert reasons(feed, tmp_path) == [("3", "order_already_imported", "order_id")]
    assert (refund["order_id"], refund["order_line_id"], refund["quantity"]) == ("A1", "tea:1:2.5:1", 1)


@pytest.mark.parametrize(
    ("wrong", "reason", "field"),
    [
        ({"sku": " "}, "missing", "sku"),
        ({"quantity": "two"}, "bad_number", "quantity"),
        ({"quantity": "0"}, "zero_quantity", "quantity"),
        ({"quantity": "9999999999"}, "out_of_range", "quantity"),
        ({"unit_price": "1e3"}, "bad_number", "unit_price"),
        ({"unit_price": "0.0000001"}, "too_precise", "unit_price"),
        ({"unit_price": "-1"}, "negative_price", "unit_price"),
        ({"placed_at": "31/12/2024"}, "bad_time", "placed_at"),
        ({"placed_at": "infinity"}, "bad_time", "placed_at"),
        ({"currency": "POUND"}, "unknown_currency", "currency"),
        ({"country": "United Kingdom"}, "unknown_country", "country"),
        ({"kind": "gadget"}, "unknown_kind", "kind"),
        ({"title": "x" * 501}, "too_long", "title"),
        ({"title": "x\0y"}, "bad_text", "title"),
        ({"unit_price": "99999999", "quantity": "9999"}, "out_of_range", "unit_price"),
    ],
)
def test_a_wrong_row_is_rejected_with_its_line_and_reason(
    wrong: dict[str, object], reason: str, field: str, write_csv: WriteCsv, tmp_path: Path
) -> None:
    facts = {"order": "A2", "sku": "tea", "quantity": 1, "price": "1"} | wrong
    facts["price"] = facts.pop("unit_price", facts["price"])
    path = write_csv("o.csv", HEADER, [row(), row(**facts), row("A3")])
    with open_orders([path], CANONICAL) as feed:
        assert reasons(feed, tmp_path) == [("3", reason, field)]
        assert [line["order_id"] for line in all_lines(feed)] == ["A1", "A3"]
        assert feed.summary.reasons == {reason: 1}


def test_rows_with_too_few_cells_are_rejected_and_later_lines_keep_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    good = ",".join(str(cell) for cell in row())
    path.write_text("\n".join([",".join(HEADER), good, "m,A1", good, "", good.replace("GBP", "?"), good, ""]))
    with open_orders([path], CANONICAL) as feed:
        assert reasons(feed, tmp_path) == [("3", "malformed", ""), ("6", "unknown_currency", "currency")]
        assert [line["line"] for line in all_lines(feed)] == [2, 4, 7]
        assert feed.summary.read == 5


def test_lines_of_one_order_with_two_customers_or_numbered_twice_are_rejected(
    write_csv: WriteCsv, tmp_path: Path
) -> None:
    rows = [
        row(),
        row(customer_id="bob", sku="pot"),
        row("A2", line_no="1"),
        row("A2", sku="cup", line_no="1"),
    ]
    with open_orders([write_csv("o.csv", HEADER, rows)], CANONICAL) as feed:
        assert reasons(feed, tmp_path) == [("3", "mixed_order", "order_id"), ("5", "duplicate", "line_no")]


def test_a_return_takes_back_the_latest_earlier_sale_and_the_rest_stays_a_credit(write_csv: WriteCsv) -> None:
    rows = [
        row("A1", quantity=2, placed_at="2024-01-01"),
        row("A2", quantity=1, placed_at="2024-01-02"),
        row("A3", quantity=-4, placed_at="2024-01-03"),
        row("A4", quantity=9, placed_at="2024-01-04"),
    ]
    with open_orders([write_csv("o.csv", HEADER, rows)], CANONICAL, chunk_lines=1) as feed:
        refunds, lines = all_refunds(feed), all_lines(feed)
        assert feed.summary.returns_split == 1
    assert [(r["order_id"], r["part"], r["quantity"], r["amount_minor"]) for r in refunds] == [
        ("A2", 1, 1, 250),
        ("A1", 2, 2, 500),
    ]
    [credit] = [line for line in lines if line["role"] == "return"]
    assert (credit["credited_quantity"], credit["credited_minor"]) == (1, 250)
    assert credit["credited_because"] == "more_than_sold"


def test_a_return_that_names_its_invoice_takes_back_that_one_even_of_an_unknown_customer(
    write_csv: WriteCsv,
) -> None:
    nobody = {"customer_id": ""}
    rows = [
        row("A1", placed_at="2024-01-01", **nobody),
        row("A2", placed_at="2024-01-02", **nobody),
        row("A3", quantity=-1, placed_at="2024-01-03", refers_to="A1", **nobody),
        row("A4", quantity=-1, placed_at="2024-01-04", **nobody),
    ]
    with open_orders([write_csv("o.csv", HEADER, rows)], CANONICAL) as feed:
        [refund] = all_refunds(feed)
        assert feed.summary.returns_unmatched == {"unknown_customer": 1}
    assert (refund["return_id"], refund["order_id"]) == ("A3", "A1")


def test_merchants_and_currencies_are_kept_apart(write_csv: WriteCsv) -> None:
    rows = [
        row(merchant="m1"), row(merchant="m2", currency="JPY", price="120"),
        row("A2", merchant="m2", quantity=-1, price="120", currency="JPY", placed_at="2024-03-02"),
        row("A3", merchant="m1", quantity=-1, currency="EUR", placed_at="2024-03-02"),
    ]  # fmt: skip
    with open_orders([write_csv("o.csv", HEADER, rows)], CANONICAL) as feed:
        [refund] = all_refunds(feed)
        figures = feed.figures(since=date(2024, 1, 1), until=date(2024, 12, 31))
    assert (refund["merchant"], refund["amount_minor"], refund["currency"]) == ("m2", 120, "JPY")
    assert [(f.currency, str(f.revenue)) for f in figures] == [
        ("EUR", "-2.50"),
        ("GBP", "2.50"),
        ("JPY", "0"),
    ]


def uci(
    invoice: str, code: str, quantity: int, price: object, customer: object = "17850", **other: object
) -> list[object]:
    facts = {
        "InvoiceNo": invoice, "StockCode": code, "Description": f"{code} thing", "Quantity": quantity,
        "InvoiceDate": "2011-07-01 08:26:00", "UnitPrice": price, "CustomerID": customer,
        "Country": "EIRE", **other,
    }  # fmt: skip
    return [facts[name] for name in UCI_COLUMNS]


def test_the_uci_map_tells_kinds_and_roles(write_csv: WriteCsv, tmp_path: Path) -> None:
    rows = [
        uci("1", "85123a", 6, "2.55"), uci("1", "POST", 1, "18", "17850.0"), uci("1", "22139", 1, "0"),
        uci("2", "gift_0001_10", 1, "8.69", ""), uci("2", "DOT", 1, "5", ""), uci("2", "21000", 1, "0", ""),
        uci("C3", "D", -1, "4"), uci("C4", "AMAZONFEE", -1, "90", ""), uci("A5", "B", 1, "-11062.06", ""),
        uci("6", "21001", -7, "0", "", Description="smashed"), uci("7", "M", 1, "3"), uci("8", "S", 1, "1"),
        uci("9", "85123A", -1, "2.55"), uci("10", "ADJUST", 1, "1"), uci("11", "PADS", 1, "0.001"),
    ]  # fmt: skip
    with open_orders([write_csv("u.csv", UCI_COLUMNS, rows)], UCI) as feed:
        lines = {(line["order_id"], line["sku"]): (line["role"], line["kind"]) for line in all_lines(feed)}
        documents = [d for chunk in feed.chunks() for d in chunk.documents.to_pylist()]
        assert reasons(feed, tmp_path) == [("14", "not_a_cancellation", "quantity")]
    assert lines == {
        ("1", "85123A"): ("sale", "goods"), ("1", "POST"): ("sale", "shipping"),
        ("1", "22139"): ("sale", "goods"),
        ("2", "GIFT_0001_10"): ("sale", "voucher"), ("2", "DOT"): ("sale", "shipping"),
        ("2", "21000"): ("sale", "goods"), ("C3", "D"): ("return", "discount"),
        ("C4", "AMAZONFEE"): ("return", "fee"), ("A5", "B"): ("adjustment", "bad_debt"),
        ("6", "21001"): ("stock", "goods"), ("7", "M"): ("sale", "manual"), ("8", "S"): ("sale", "sample"),
        ("10", "ADJUST"): ("sale", "adjustment"), ("11", "PADS"): ("sale", "goods"),
    }  # fmt: skip
    assert {(d["country"], d["country_name"]) for d in documents} == {("IE", "EIRE")}
    assert documents[0]["placed_at"] == datetime(2011, 7, 1, 7, 26, tzinfo=UTC), "British summer time"


def test_floats_of_a_parquet_file_are_read_as_the_decimals_they_stand_for(tmp_path: Path) -> None:
    table = pa.table(
        {
            "Invoice": ["1", "1"], "StockCode": ["a", "b1"], "Description": [None, " B "], "Quantity": [3, 1],
            "InvoiceDate": pa.array(["2011-01-01T09:00:00"] * 2).cast(pa.timestamp("us")),
            "Price": [1.15, 0.001], "Customer ID": [12346.0, 12346.0], "Country": ["RSA", "RSA"],
        }
    )  # fmt: skip
    pq.write_table(table, tmp_path / "u.parquet")
    with open_orders([tmp_path / "u.parquet"], UCI) as feed:
        lines = all_lines(feed)
        [customer] = [c for batch in feed.customers() for c in batch.to_pylist()]
        products = [p for batch in feed.products() for p in batch.to_pylist()]
    assert [(x["unit_price_micros"], x["amount_minor"], x["line_id"]) for x in lines] == [
        (1_150_000, 345, "A:3:1.15:1"),
        (1_000, 0, "B1:1:0.001:1"),
    ]
    assert (customer["customer_id"], customer["country"]) == ("12346", "ZA")
    assert [(p["title"], p["price_minor"]) for p in products] == [("A", 115), ("B", None)], "sold for nothing"


def test_a_chinese_spreadsheet_in_gbk_is_read_and_broken_bytes_are_named(write_csv: WriteCsv, tmp_path: Path) -> None:
    path = write_csv("o.csv", HEADER, [row(title="纽扣")], encoding="gbk")
    with open_orders([path], CANONICAL) as feed:
        assert all_lines(feed)[0]["title"] == "纽扣"
        assert feed.files[0].encoding == "gb18030"
    broken = tmp_path / "broken.csv"
    broken.write_bytes(path.read_bytes() + b"\xff\xff\xff")
    with pytest.raises(FeedUnreadable, match="not utf-8 near byte"):
        open_orders([broken], CANONICAL)


def test_a_file_without_a_needed_column_or_with_a_column_twice_is_refused(write_csv: WriteCsv) -> None:
    with pytest.raises(FeedUnreadable, match="no column placed_at"):
        open_orders([write_csv("a.csv", ["merchant", "order_id"], [["m", "1"]])], CANONICAL)
    with pytest.raises(FeedUnreadable, match="same name"):
        open_orders([write_csv("b.csv", ["sku", "SKU"], [["m", "1"]])], CANONICAL)
    with pytest.raises(FeedUnreadable, match="no such file"):
        open_orders([Path("nowhere.csv")], CANONICAL)


def test_a_spreadsheets_byte_order_mark_is_no_part_of_the_first_column(write_csv: WriteCsv) -> None:
    with open_orders([write_csv("o.csv", HEADER, [row()], encoding="utf-8-sig")], CANONICAL) as feed:
        assert feed.summary.accepted == 1


def test_scratch_files_are_gone_afterwards_even_those_of_a_killed_import(write_csv: WriteCsv, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    (scratch / f"steelyard-feed-{process.pid}-left").mkdir(parents=True)
    with open_orders([write_csv("o.csv", HEADER, [row()])], CANONICAL, folder=scratch):
        assert len(list(scratch.iterdir())) == 1
    assert list(scratch.iterdir()) == []


def test_an_empty_file_is_an_empty_feed(write_csv: WriteCsv, tmp_path: Path) -> None:
    with open_orders([write_csv("o.csv", HEADER, [])], CANONICAL) as feed:
        assert list(feed.chunks()) == []
        assert feed.write_rejects(tmp_path / "r.csv") == 0


def test_the_report_cannot_run_in_a_spreadsheet(write_csv: WriteCsv, tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text(",".join(HEADER) + "\n=HYPERLINK(1)\n")
    with open_orders([path], CANONICAL) as feed:
        feed.write_rejects(tmp_path / "r.csv")
    assert "'=HYPERLINK(1)" in (tmp_path / "r.csv").read_text("utf-8-sig")
