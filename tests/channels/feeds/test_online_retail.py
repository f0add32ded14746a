"""Two years of a real shop: the published figures, and every count that docs/guide/import.md states."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from steelyard.channels.feeds import OrderFeed, load_map, open_orders

pytestmark = pytest.mark.data
UCI = load_map("uci-online-retail", "orders")
YEAR = {"since": date(2010, 12, 1), "until": date(2011, 12, 9)}


@pytest.fixture(scope="module")
def both(online_retail: list[Path]) -> Iterator[OrderFeed]:
    with open_orders(online_retail, UCI) as feed:
        yield feed


class Told:
    """All chunks of the feed, to be asked in SQL: `lines`, `refunds`, `documents`, each with the number of its chunk."""

    def __init__(self, feed: OrderFeed) -> None:
        self._tables: dict[str, list[pa.Table]] = {"lines": [], "refunds": [], "documents": []}
        for number, chunk in enumerate(feed.chunks()):
            for name, tables in self._tables.items():
                table = pa.Table.from_batches([getattr(chunk, name)])
                tables.append(table.append_column("chunk", pa.array([number] * table.num_rows, pa.int32())))
        self._answers = duckdb.connect()
        for name, tables in self._tables.items():
            self._answers.register(name, pa.concat_tables(tables))

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        return self._answers.execute(question).fetchall()

    def row(self, question: str) -> tuple[Any, ...]:
        [row] = self.rows(question)
        return row


@pytest.fixture(scope="module")
def told(both: OrderFeed) -> Told:
    return Told(both)


def test_the_overlap_of_nine_days_does_not_double(both: OrderFeed) -> None:
    summary = both.summary
    assert (summary.read, summary.overlapping, summary.rejected) == (1_067_370, 22_523, 0)
    assert summary.accepted == 1_067_370 - 22_523


def test_the_published_figures_come_out_to_the_cent(both: OrderFeed) -> None:
    [figures] = both.figures(**YEAR, definition="published")
    assert (figures.rows, figures.customers, figures.invoices) == (397_884, 4_338, 18_532)
    assert figures.revenue == Decimal("8911407.90")
    assert figures.revenue_unrounded == Decimal("8911407.904"), "as it was published, before lines are rounded"


def test_net_of_returns_every_line_of_the_later_file_is_there(both: OrderFeed) -> None:
    [figures] = both.figures(**YEAR, definition="net")
    assert (figures.rows, figures.customers, figures.invoices) == (541_909, 4_372, 25_900)
    assert (figures.revenue, figures.revenue_unrounded) == (Decimal("9747747.93"), Decimal("9747747.934"))


def test_the_later_file_alone_and_both_in_the_other_sequence_give_the_same_figures(
    online_retail: list[Path],
) -> None:
    older, later = online_retail
    for files in ([later], [later, older]):
        with open_orders(files, UCI) as feed:
            [figures] = feed.figures(**YEAR, definition="published")
            assert (figures.rows, figures.revenue) == (397_884, Decimal("8911407.90"))
            assert feed.summary.accepted == (541_909 if len(files) == 1 else 1_044_847)


def test_kinds_and_roles_are_as_documented(both: OrderFeed) -> None:
    assert both.summary.roles == {"adjustment": 6, "return": 19_164, "sale": 1_020_371, "stock": 5_306}
    assert both.summary.kinds == {
        "goods": 1_039_035, "shipping": 3_788, "manual": 1_403, "discount": 173, "fee": 152, "sample": 119,
        "voucher": 101, "adjustment": 70, "bad_debt": 6,
    }  # fmt: skip


def test_returns_are_matched_as_documented_and_never_above_the_sale(both: OrderFeed, told: Told) -> None:
    summary = both.summary
    assert (summary.returns_matched, summary.returns_split) == (15_659, 129)
    assert summary.returns_unmatched == {
        "kind_not_matched": 314,
        "more_than_sold": 548,
        "no_earlier_sale": 1_894,
        "unknown_customer": 620,
    }
    # What is refunded is of a sale that came before, or with it, and all of it together is no more than that sale.
    above, before, refunded = told.row(
        """
        SELECT count(*) FILTER (WHERE s.quantity - r.quantity < 0 OR s.amount_minor - r.amount < 0 OR s.quantity IS NULL)
             , count(*) FILTER (WHERE r.chunk < s.chunk OR r.least < 0), sum(r.amount)
        FROM (SELECT order_id, order_line_id, sum(quantity) AS quantity, sum(amount_minor) AS amount, min(chunk) AS chunk
                   , min(least(quantity, amount_minor)) AS least
              FROM refunds GROUP BY ALL) r
        LEFT JOIN (SELECT * FROM lines WHERE role = 'sale') s ON (s.order_id, s.line_id) = (r.order_id, r.order_line_id)
        """
    )
    assert (above, before) == (0, 0)
    returned, credited = told.row("SELECT -sum(amount_minor), sum(credited_minor) FROM lines WHERE role = 'return'")
    assert refunded + credited == returned


def test_the_second_file_after_the_first_finds_its_overlap_in_what_was_imported(
    both: OrderFeed, online_retail: list[Path]
) -> None:
    older, later = online_retail
    with open_orders([older], UCI) as first:
        history = list(first.as_history())
    with open_orders([later], UCI, history=history) as second:
        assert (second.summary.already_imported, second.summary.rejected) == (22_523, 0)
        assert second.summary.accepted == both.summary.accepted - first.summary.accepted
        matched = first.summary.returns_matched + second.summary.returns_matched
    assert matched == both.summary.returns_matched


def test_every_count_of_the_guide_is_true(both: OrderFeed, told: Told) -> None:
    kinds = {
        (kind, role): lines for kind, role, lines in told.rows("SELECT kind, role, count(*) FROM lines GROUP BY ALL")
    }
    assert kinds == {
        ("goods", "sale"): 1_015_793, ("goods", "return"): 17_974, ("goods", "stock"): 5_268,
        ("shipping", "sale"): 3_536, ("shipping", "return"): 238, ("shipping", "stock"): 14,
        ("manual", "sale"): 869, ("manual", "return"): 534, ("discount", "sale"): 5, ("discount", "return"): 168,
        ("fee", "sale"): 37, ("fee", "return"): 115, ("sample", "sale"): 15, ("sample", "return"): 103,
        ("sample", "stock"): 1, ("voucher", "sale"): 77, ("voucher", "return"): 1, ("voucher", "stock"): 23,
        ("adjustment", "sale"): 39, ("adjustment", "return"): 31, ("bad_debt", "adjustment"): 6,
    }  # fmt: skip
    # What was sold for nothing, by whether it is known to whom; what was counted out of the stock, and in.
    free = dict(
        told.rows(
            """
            SELECT CASE WHEN l.role = 'stock' THEN CASE WHEN l.quantity < 0 THEN 'out' ELSE 'in' END
                        WHEN d.customer_id IS NULL THEN 'unknown' ELSE 'known' END, count(*)
            FROM lines l LEFT JOIN (SELECT order_id, any_value(customer_id) AS customer_id FROM documents
                                    WHERE role = 'sale' GROUP BY 1) d USING (order_id)
            WHERE l.role = 'stock' OR (l.role = 'sale' AND l.unit_price_micros = 0) GROUP BY 1
            """
        )
    )
    assert free == {"known": 70, "unknown": 648, "out": 3_393, "in": 1_913}
    unknown = dict(told.rows("SELECT role, sum(lines) FROM documents WHERE customer_id IS NULL GROUP BY 1"))
    assert unknown == {"sale": 229_257, "return": 718, "stock": 5_306, "adjustment": 6}
    names, countries, pairs = told.row(
        "SELECT count(DISTINCT country_name), count(DISTINCT country), count(DISTINCT (country_name, country)) FROM documents"
    )
    assert names == countries == pairs == 43
    tiny, credited = told.row(
        "SELECT count(*) FILTER (WHERE unit_price_micros > 0 AND unit_price_micros < 10000), sum(credited_minor) FROM lines"
    )
    empty_orders = told.row("SELECT count(*) FROM documents WHERE role = 'sale' AND amount_minor = 0")[0]
    parts, refunded = told.row("SELECT count(*), sum(amount_minor) FROM refunds")
    assert (empty_orders, tiny, parts) == (6, 18, 16_140)
    assert (refunded, credited) == (76_328_203, 70_239_520)
    by_nobody = "SELECT count(DISTINCT order_id) FROM documents WHERE role = 'sale' AND customer_id IS NULL"
    assert told.row(by_nobody) == (3_108,)
    assert sum(batch.num_rows for batch in both.products()) == 5_131
    assert sum(batch.num_rows for batch in both.customers()) == 5_942
