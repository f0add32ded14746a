"""RFM and lifetime value of events from anywhere: a sample by hand, and a public shop's year with its published numbers."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from steelyard.operations import lifecycle

NOW = datetime(2024, 1, 31, tzinfo=UTC)


def frame(rows: list[tuple[str, int, str, int, str]]) -> Any:
    """Rows of user, days before `NOW`, kind, amount and order."""
    return pa.table(
        {
            "user": [row[0] for row in rows],
            "at": pa.array([NOW - timedelta(days=row[1]) for row in rows], pa.timestamp("us", "UTC")),
            "kind": [row[2] for row in rows],
            "amount": pa.array([row[3] for row in rows], pa.int64()),
            "order_id": [row[4] for row in rows],
            "currency": ["CNY"] * len(rows),
        }
    )


def test_lines_of_an_order_are_one_order_and_refunds_are_taken_off() -> None:
    report = lifecycle.rfm(
        frame(
            [
                ("ann", 2, "pay", 500, "1"),
                ("ann", 2, "pay", 700, "1"),
                ("ann", 9, "pay", 800, "2"),
                ("ann", 1, "refund", 300, "1"),
                ("bob", 30, "pay", 100, "3"),
                ("cy", 3, "view", 0, ""),
            ]
        ),
        NOW,
    )

    assert (report.customers, report.frequency, report.recency_days) == (2, 1.5, 16.0)
    assert report.monetary == (1700 + 100) / 2
    assert {each.segment: each.customers for each in report.segments if each.customers} == {
        "lost": 1,
        "need_attention": 1,
    }


def test_of_too_few_customers_nothing_is_foretold() -> None:
    report = lifecycle.clv(frame([("ann", 2, "pay", 500, "1"), ("ann", 9, "pay", 800, "2")]), NOW)

    assert (report.customers, report.model, report.orders) == (1, None, 0.0)
    assert lifecycle.rfm(frame([]), NOW).customers == 0


def online_retail() -> Any:
    data = Path(os.environ.get("STEELYARD_DATA", Path(__file__).parents[4] / "shared" / "data"))
    file = data / "online_retail" / "online_retail_2010_2011.parquet"
    if not file.exists():
        pytest.skip(f"{file} is not there; set STEELYARD_DATA to where the data are")
    found: Any = duckdb.query(
        f"""
        SELECT CAST(CAST(CustomerID AS integer) AS varchar) AS "user", InvoiceNo AS order_id, 'pay' AS kind, 'GBP' AS currency
             , CAST(InvoiceDate AS timestamp) AS at, CAST(round(Quantity * UnitPrice * 1000) AS bigint) AS amount
        FROM '{file}' WHERE CustomerID IS NOT NULL AND Quantity > 0 AND UnitPrice > 0
        """
    )
    return found.to_arrow_table()


def test_a_public_shops_year_comes_to_what_was_published() -> None:
    # When everybody else takes it: the day after the last invoice, 2011-12-10 at 12:50.
    report = lifecycle.rfm(online_retail(), datetime(2011, 12, 10, 12, 50, tzinfo=UTC))

    assert report.customers == 4_338
    assert report.recency_days == pytest.approx(92.54, abs=0.005)
    assert report.frequency == pytest.approx(4.27, abs=0.005)
    assert report.monetary / 1000 == pytest.approx(2_054.27, abs=0.005)
    assert report.top_share == report.paid_top_share == pytest.approx(0.7459, abs=0.00005)
    assert (report.orders, report.spent) == (18_532, 8_911_407_904), "thousandths: prices have three decimals"
    assert sum(each.customers for each in report.segments) == 4_338


def test_a_shop_where_hardly_anybody_leaves_is_foretold_without_leaving() -> None:
    report = lifecycle.clv(online_retail(), datetime(2011, 12, 10, 12, 50, tzinfo=UTC))

    assert report.model == "nbd", "BG/NBD and MBG/NBD come out with a / (a + b) below .01"
    assert report.low < report.orders < report.high
    assert report.holdout is not None
    assert 0.6 < report.holdout.foretold / report.holdout.actual < 1.4


def test_what_happened_later_was_not_known_on_an_earlier_day() -> None:
    rows = [
        ("ann", 20, "pay", 500, "1"),
        ("ann", 5, "pay", 800, "2"),
        ("ann", 4, "refund", 300, "2"),
        ("bob", 3, "pay", 100, "3"),
    ]

    then = lifecycle.rfm(frame(rows), NOW - timedelta(days=10))
    now = lifecycle.rfm(frame(rows), NOW)

    assert (then.customers, then.orders, then.recency_days, then.monetary) == (1, 1, 10.0, 500)
    assert (now.customers, now.orders, now.spent, now.refunded) == (2, 3, 1_400, 300)
    assert lifecycle.clv(frame(rows), NOW - timedelta(days=10)).customers == 1


def test_spending_is_told_before_and_after_refunds() -> None:
    rows = [("ann", 2, "pay", 900, "1"), ("ann", 1, "refund", 800, "1"), ("bob", 3, "pay", 300, "2")]

    net, gross = lifecycle.rfm(frame(rows), NOW), lifecycle.rfm(frame(rows), NOW, gross=True)

    assert (net.monetary, net.top_share) == (200, 0.75), "bob spent the most of what is left"
    assert (net.paid_monetary, net.paid_top_share) == (600, 0.75)
    assert (gross.monetary, gross.top_share, gross.gross) == (600, 0.75, True)
    assert [each.customers for each in lifecycle.clv(frame(rows), NOW, gross=True).tiers] == [1, 0, 1]


def test_the_grid_has_everybody_once_by_recency_and_frequency() -> None:
    rows = [(f"u{n}", 10 + n, "pay", 100, f"{n}.{each}") for n in range(10) for each in range(n + 1)]

    report = lifecycle.rfm(frame(rows), NOW)

    assert sum(map(sum, report.grid)) == report.customers == 10
    assert report.grid[4][0] == 2, "who was here last has bought the least often"
    assert report.grid[0][4] == 2
