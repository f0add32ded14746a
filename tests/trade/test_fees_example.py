"""docs/algorithms/fees.md says what fees come to: its numbers are run here."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.money import PARTS_PER_MILLION, share, split
from steelyard.kernel.text import text
from steelyard.trade import commission
from steelyard.trade.aftersales.model import share_of
from steelyard.trade.commission import Sold
from steelyard.trade.commission.model import FeeId, Rule, RuleId, Taxes
from tests.support.fees import another, charged
from tests.trade.examples import numbers
from tests.trade.test_less import line

PAGE = numbers("fees.md")


def millionths(percent: str) -> int:
    return int(Decimal(percent) * (PARTS_PER_MILLION // 100))


def rules(told: list[dict[str, Any]]) -> list[Rule]:
    return [
        Rule(
            rule_id=RuleId(ids.mint()),
            fee_id=FeeId(ids.mint()),
            name=text("费", "Fee"),
            place=place,
            kept=False,
            tax_millionths=millionths(each.get("tax", "0")),
            valid_from=datetime(2026, 1, 1, tzinfo=UTC),
            millionths=millionths(each.get("rate", "0")),
            fixed=int(each.get("fixed", 0)),
            per_piece=each.get("per") == "piece",
            least=int(each["least"]) if "least" in each else None,
            most=int(each["most"]) if "most" in each else None,
            on_freight=each.get("freight") == "yes",
            taxes=Taxes(each.get("taxes", "shown")),
        )
        for place, each in enumerate(told, start=1)
    ]


def sold(told: dict[str, Any]) -> Sold:
    return Sold(
        amount=int(told["goods"]),
        tax=int(told.get("tax", 0)),
        tax_inclusive="on_top" not in told,
        quantity=int(told.get("quantity", 1)),
    )


def test_599_cents_are_509_and_90() -> None:
    told = PAGE["split"]
    amount, parts = int(told["amount"]), [int(part) for part in told["parts"]]
    assert split(amount, [int(weight) for weight in told["weights"]]) == parts == [509, 90]
    assert (amount - share(amount, 150_000), share(amount, 150_000)) == (509, 90)
    [[fee]] = commission.charge([(sold({"goods": "599"}), rules([{"rate": "15"}]))], Sold(amount=0)).lines
    assert (fee.amount, fee.tax) == (90, 0)


def test_the_page_says_what_lines_are_charged() -> None:
    for told in PAGE["lines"]:
        stack = rules(told["rules"])
        [fees] = commission.charge([(sold(told), stack)], Sold(amount=0)).lines
        found = {fee.fee_id: fee for fee in fees}
        amounts = [found[rule.fee_id].amount if rule.fee_id in found else 0 for rule in stack]
        taxes = [found[rule.fee_id].tax if rule.fee_id in found else 0 for rule in stack]
        assert (amounts, taxes) == ([int(n) for n in told["fees"]], [int(n) for n in told["taxes"]]), told


def test_the_page_says_what_freight_is_charged() -> None:
    told = PAGE["order"]
    stack = rules(told["rules"])
    found = commission.charge([(sold(each), stack) for each in told["lines"]], Sold(amount=int(told["freight"])))
    assert [[fee.amount for fee in fees] for fees in found.lines] == [[int(n) for n in each] for each in told["fees"]]
    assert [[fee.tax for fee in fees] for fees in found.lines] == [[int(n) for n in each] for each in told["taxes"]]
    [freight] = found.freight
    assert (freight.amount, freight.tax) == (int(told["freight_fee"]), int(told["freight_tax"]))
    assert freight.rule_id is None


def test_the_page_says_what_refunds_give_back() -> None:
    told = PAGE["refunds"]
    fees = [
        fee
        for each in told["fees"]
        for fee in charged(int(each["amount"]), int(each["tax"]), kept=each.get("kept") == "yes", fee_id=another())
    ]
    sold_line = msgspec.structs.replace(
        line(int(told["quantity"]), int(told["paid"]), sum(fee.whole for fee in fees)), fees=fees
    )
    for each in told["back"]:
        share = share_of(sold_line, int(each["pieces"]))
        assert [part.amount for part in share.fees] == [int(n) for n in each["fees"]]
        assert [part.tax for part in share.fees] == [int(n) for n in each["taxes"]]
        sold_line = msgspec.structs.replace(
            sold_line,
            refunded_quantity=sold_line.refunded_quantity + share.quantity,
            refunded=sold_line.refunded + share.amount,
        )
