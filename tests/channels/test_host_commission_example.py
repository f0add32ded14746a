"""The numbers of docs/algorithms/host-commission.md are what the sums say."""

from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from steelyard.channels.host_commission.model import Owed, PayeeId, PayeeKind, commission_of, taken_back
from steelyard.kernel import ids
from tests.trade.examples import millionths, numbers

PAGE = numbers("host-commission.md")


def test_the_page_says_what_lines_bring() -> None:
    for line in PAGE["lines"]:
        fits = [
            each for each in PAGE["agreed"]
            if each.get("product") in (None, line["product"]) and each.get("session") in (None, line["session"])
        ]  # fmt: skip
        best = max(fits, key=lambda each: ("product" in each, "session" in each))

        assert best["rate"] == line["rate"]
        assert commission_of(int(line["amount"]), millionths(best["rate"])) == int(line["commission"]), line


def test_the_page_says_what_refunds_take() -> None:
    for told in PAGE["refunds"]:
        paid, commission, refunds = int(told["paid"]), int(told["commission"]), [int(each) for each in told["refunds"]]
        before = [sum(refunds[:place]) for place in range(len(refunds))]

        taken = [taken_back(commission, paid, gone, each) for gone, each in zip(before, refunds, strict=True)]

        assert taken == [int(each) for each in told["taken"]], told
        assert sum(refunds) < paid or sum(taken) == commission


def test_the_page_says_how_it_stands() -> None:
    sums = {"earned": 0, "slots": 0, "given_back": 0, "paid": 0}
    for step in PAGE["balance"]:
        sums[{"slot": "slots"}.get(step["step"], step["step"])] += int(step["amount"])
        owed = Owed(
            merchant_id=ids.mint(), payee_id=PayeeId(ids.mint()), kind=PayeeKind.HOST, name="", currency="CNY", payable=True,
            **sums,
        )  # fmt: skip
        assert owed.owed == int(step["owed"]), step


@given(st.data())
def test_refunds_take_all_of_it_in_the_end_and_never_too_much(data: st.DataObject) -> None:
    paid = data.draw(st.integers(1, 100_000))
    commission = data.draw(st.integers(0, paid))
    cuts = sorted({0, paid, *data.draw(st.lists(st.integers(0, paid), max_size=6))})

    taken = [taken_back(commission, paid, before, after - before) for before, after in pairwise(cuts)]

    assert all(each >= 0 for each in taken)
    assert sum(taken) == commission
    for place, after in enumerate(cuts[1:], 1):
        exact = Decimal(commission * after) / paid
        assert abs(sum(taken[:place]) - exact) <= Decimal("0.5")
