"""The numbers of docs/algorithms/promises.md, run."""

from datetime import UTC, datetime
from typing import Any

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from steelyard.trade import promises, rights
from steelyard.trade.orders.model import OrderId, OrderLine
from steelyard.trade.promises import compensation
from steelyard.trade.promises.protection import fallen
from steelyard.trade.rights import Rule, RuleId, RuleKind
from tests.trade.examples import numbers

RULE = Rule(
    rule_id=RuleId(ids.mint()), code="ship_by", kind=RuleKind.SHIP_PROMISE, name=text("按时", "In time"), days=0,
    source=text("规则", "Rule"), percent=5, amount_least=300, amount_most=3_000, currency="CNY", hours_least=4, hours_most=168,
    version=1, since=None, drafted_at=datetime(2026, 1, 1, tzinfo=UTC), drafted_by="staff:test",
)  # fmt: skip


def line(row: Any) -> OrderLine:
    quantity, paid = int(row["quantity"]), int(row["paid"])
    return OrderLine(
        order_id=OrderId(ids.mint()), line=1, product_id=ids.mint(), sku_id=ids.mint(), kind="goods", title=text("茶", "Tea"),
        options=[], picture=None, sku_code="T", quantity=quantity, unit_price=paid // quantity, amount=paid, tax=0,
        tax_millionths=0, tax_inclusive=True, commission=0,
        refunded_quantity=int(row["back_pieces"]), refunded=int(row["back"]),
    )  # fmt: skip


def test_the_page_says_what_a_late_parcel_costs() -> None:
    for row in numbers("promises.md")["late"]:
        assert compensation(RULE, int(row["paid"])) == int(row["costs"]), row


def test_the_page_says_what_a_fallen_price_gives_back() -> None:
    for row in numbers("promises.md")["protection"]:
        most = None if row["most"] == "none" else int(row["most"])
        assert fallen(line(row), int(row["price"]), most, int(row["before"])) == int(row["gives"]), row


async def test_the_page_says_who_bears_what_sending_back_costs(shop: Database) -> None:
    known = await shop.ask(rights.rules)
    for row in numbers("promises.md")["return_freight"]:
        promised = row["promised"] in (True, "true")
        rule = promises.freight_rule(known, row["reason"], promised=promised, placed=datetime.now(UTC), currency="CNY")
        assert (rule.code if rule else "none") == row["rule"], row
        most = rule.amount_most if rule else 0
        assert min(int(row["receipt"]), most or 0) == int(row["bears"]), row
