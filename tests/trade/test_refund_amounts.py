"""Money of a line without a piece of it, beside pieces: what docs/algorithms/refunds.md says of it, and that all of it comes out
to zero in whichever order and parts it goes back."""

from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.text import text
from steelyard.trade.aftersales import Limit
from steelyard.trade.aftersales.limits import combined
from steelyard.trade.aftersales.model import LineShare, less_of, paid_for, share_of, taxed
from steelyard.trade.orders.model import OrderLine
from tests.support.fees import charged
from tests.trade.examples import minor, numbers

PAGE = "refunds.md"
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def sold(quantity: int, amount: int, tax: int, commission: int, *, inclusive: bool = False) -> OrderLine:
    return OrderLine(
        order_id=ids.mint(), line=1, product_id=ids.mint(), sku_id=ids.mint(), kind="goods", title=text("灯", "Lamp"),
        options=[], picture=None, sku_code="L", quantity=quantity, unit_price=0, amount=amount, tax=tax, tax_millionths=0,
        tax_inclusive=inclusive, commission=commission, fees=charged(commission), refunded_quantity=0, refunded=0,
    )  # fmt: skip


def after(line: OrderLine, share: LineShare) -> OrderLine:
    return msgspec.structs.replace(
        line, refunded_quantity=line.refunded_quantity + share.quantity, refunded=line.refunded + share.amount
    )


def test_the_page_says_what_goes_back_by_amount_and_what_of_it_is_tax() -> None:
    told = numbers(PAGE)["by_amount"]
    line = sold(int(told["pieces"]), minor(told["goods"]), minor(told["tax_added"]), minor(told["commission"]))
    for number, step in enumerate(told["steps"], start=1):
        share = share_of(line, int(step["pieces"])) if "pieces" in step else less_of(line, minor(step["money"]))
        found = (share.amount, taxed(line, share.amount), share.commission)
        assert found == (minor(step["back"]), minor(step["tax"]), minor(step["commission"])), number
        line = after(line, share)
    assert (line.refunded_quantity, line.refunded) == (line.quantity, paid_for(line))


def test_the_page_says_what_somebody_may_give_back_alone() -> None:
    told = numbers(PAGE)["limits"]
    known = {
        (each["role"], each["currency"]): Limit(
            role_id=each["role"], currency=each["currency"], valid_from=NOW,
            per_refund=None if each["one"] == "none" else minor(each["one"]),
            per_day=None if each["day"] == "none" else minor(each["day"]),
        )
        for each in told["set"]
    }  # fmt: skip
    for case in told["cases"]:
        found = combined(known, case["roles"].split(), case["currency"])
        wanted = None if case["alone"] == "none" else minor(case["alone"])
        assert found.per_refund == wanted, case


@given(
    st.integers(1, 7),
    st.integers(1, 50_000),
    st.integers(0, 30),
    st.integers(0, 100),
    st.booleans(),
    st.lists(st.tuples(st.booleans(), st.integers(1, 30_000)), max_size=10),
)
def test_pieces_and_money_in_any_order_come_out_to_all_of_the_line_and_its_tax(
    quantity: int, amount: int, percent: int, fee: int, inclusive: bool, steps: list[tuple[bool, int]]
) -> None:
    line = sold(quantity, amount, amount * percent // 100, amount * fee // 100, inclusive=inclusive)
    whole, tax, commission = paid_for(line), 0, 0
    # At last all that is left: the money of the pieces, or what remains of it.
    for by_pieces, size in [*steps, (True, quantity), (False, whole)]:
        left, pieces = whole - line.refunded, line.quantity - line.refunded_quantity
        if by_pieces and pieces:
            share = share_of(line, min(size, pieces))
        elif not by_pieces and left:
            share = less_of(line, min(size, left))
        else:
            continue
        assert 0 <= share.amount <= left
        tax, commission = tax + taxed(line, share.amount), commission + share.commission
        line = after(line, share)
    assert line.refunded == whole
    assert (tax, commission) == (line.tax, line.commission)
