"""Money that goes back without pieces: in whichever order it mixes with pieces, exactly what was paid goes back in the end."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.text import text
from steelyard.trade.aftersales.model import LineShare, less_of, paid_for, share_of
from steelyard.trade.orders.model import OrderId, OrderLine


def line(quantity: int, amount: int, commission: int) -> OrderLine:
    return OrderLine(
        order_id=OrderId(ids.mint()), line=1, product_id=ids.mint(), sku_id=ids.mint(), kind="goods", title=text("", ""),
        options=[], picture=None, sku_code="X", quantity=quantity, unit_price=amount, amount=amount, tax=0,
        tax_millionths=0, tax_inclusive=True, commission_millionths=0, commission=commission, refunded_quantity=0,
        refunded=0,
    )  # fmt: skip


def after(sold: OrderLine, share: LineShare) -> OrderLine:
    return msgspec.structs.replace(
        sold, refunded_quantity=sold.refunded_quantity + share.quantity, refunded=sold.refunded + share.amount
    )


@given(
    st.integers(1, 7),
    st.integers(1, 5_000),
    st.integers(0, 100),
    st.lists(st.tuples(st.booleans(), st.integers(1, 5_000)), max_size=8),
)
def test_pieces_and_differences_add_up_to_what_was_paid(
    quantity: int, amount: int, percent: int, steps: list[tuple[bool, int]]
) -> None:
    sold = line(quantity, amount, amount * percent // 100)
    commission = 0
    for pieces, size in [*steps, (True, quantity)]:
        left = sold.quantity - sold.refunded_quantity
        if pieces and left:
            share = share_of(sold, min(size, left))
        elif not pieces and left and paid_for(sold) > sold.refunded:
            share = less_of(sold, size)
        else:
            continue
        assert share.amount >= 0 and share.commission >= 0
        sold, commission = after(sold, share), commission + share.commission
        assert sold.refunded <= paid_for(sold) and commission <= sold.commission
    assert (sold.refunded, commission) == (paid_for(sold), sold.commission)


def test_who_kept_a_cheaper_one_gets_its_price_back() -> None:
    sold = line(2, 20_000, 1_000)
    sold = after(sold, share := less_of(sold, 1_000))
    assert (share.amount, share.commission) == (1_000, 50)
    first = share_of(sold, 1)
    assert (first.amount, first.commission) == (9_500, 475)
    last = share_of(after(sold, first), 1)
    assert (last.amount, last.commission) == (9_500, 475)
