"""Two years of a real shop: the published figures, and every count that docs/guide/import.md states."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from steelyard.channels.feeds import OrderFeed, load_map, open_orders

pytestmark = pytest.mark.data
UCI = load_map("uci-online-retail", "orders")
YEAR = {"since": date(2010, 12, 1), "until": date(2011, 12, 9)}


@pytest.fixture(scope="module")
def both(online_retail: list[Path]) -> Iterator[OrderFeed]:
    with open_orders(online_retail, UCI) as feed:
        yield feed


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


def test_returns_are_matched_as_documented_and_never_above_the_sale(both: OrderFeed) -> None:
    summary = both.summary
    assert (summary.returns_matched, summary.returns_split) == (15_659, 129)
    assert summary.returns_unmatched == {
        "kind_not_matched": 314,
        "more_than_sold": 548,
        "no_earlier_sale": 1_894,
        "unknown_customer": 620,
    }
    left: dict[tuple[str, str], list[int]] = {}
    returned = credited = refunded = 0
    for chunk in both.chunks():
        lines = chunk.lines.to_pydict()
        keys = zip(lines["order_id"], lines["line_id"], strict=True)
        for key, role, quantity, amount, credit in zip(
            keys,
            lines["role"],
            lines["quantity"],
            lines["amount_minor"],
            lines["credited_minor"],
            strict=True,
        ):
            if role == "sale":
                left[key] = [quantity, amount]
            elif role == "return":
                returned, credited = returned - amount, credited + credit
        for refund in chunk.refunds.to_pylist():
            line = left[refund["order_id"], refund["order_line_id"]]
            line[0] -= refund["quantity"]
            line[1] -= refund["amount_minor"]
            assert min(line) >= 0
            refunded += refund["amount_minor"]
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


def test_every_count_of_the_guide_is_true(both: OrderFeed) -> None:
    kinds: Counter[tuple[str, str]] = Counter()
    free: Counter[str] = Counter()
    customers: dict[tuple[str, str], str | None] = {}
    unknown: Counter[str] = Counter()
    names: dict[str, str] = {}
    empty_orders = tiny = credited = refunded = parts = 0
    for chunk in both.chunks():
        for d in chunk.documents.to_pylist():
            customers[d["order_id"], d["role"]] = d["customer_id"]
            unknown[d["role"]] += d["lines"] if d["customer_id"] is None else 0
            names[d["country_name"]] = d["country"]
            empty_orders += d["role"] == "sale" and d["amount_minor"] == 0
        for line in chunk.lines.to_pylist():
            kinds[line["kind"], line["role"]] += 1
            tiny += 0 < line["unit_price_micros"] < 10_000
            credited += line["credited_minor"]
            if line["unit_price_micros"] == 0 and line["role"] == "sale":
                free["unknown" if customers[line["order_id"], "sale"] is None else "known"] += 1
            if line["role"] == "stock":
                free["out" if line["quantity"] < 0 else "in"] += 1
        parts += chunk.refunds.num_rows
        refunded += sum(chunk.refunds.to_pydict()["amount_minor"])
    assert kinds == {
        ("goods", "sale"): 1_015_793, ("goods", "return"): 17_974, ("goods", "stock"): 5_268,
        ("shipping", "sale"): 3_536, ("shipping", "return"): 238, ("shipping", "stock"): 14,
        ("manual", "sale"): 869, ("manual", "return"): 534, ("discount", "sale"): 5, ("discount", "return"): 168,
        ("fee", "sale"): 37, ("fee", "return"): 115, ("sample", "sale"): 15, ("sample", "return"): 103,
        ("sample", "stock"): 1, ("voucher", "sale"): 77, ("voucher", "return"): 1, ("voucher", "stock"): 23,
        ("adjustment", "sale"): 39, ("adjustment", "return"): 31, ("bad_debt", "adjustment"): 6,
    }  # fmt: skip
    assert free == {"known": 70, "unknown": 648, "out": 3_393, "in": 1_913}
    assert unknown == {"sale": 229_257, "return": 718, "stock": 5_306, "adjustment": 6}
    assert len(names) == len(set(names.values())) == 43
    assert (empty_orders, tiny, parts) == (6, 18, 16_140)
    assert (refunded, credited) == (76_328_203, 70_239_520)
    assert sum(role == "sale" and who is None for (_, role), who in customers.items()) == 3_108
    assert sum(batch.num_rows for batch in both.products()) == 5_131
    assert sum(batch.num_rows for batch in both.customers()) == 5_942
