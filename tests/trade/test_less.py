"""Money that goes back without pieces: in whichever order it mixes with pieces, exactly what was paid goes back in the end."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from steelyard.goods.promotions.model import Counted
from steelyard.kernel import ids
from steelyard.kernel.text import text
from steelyard.trade import aftersales
from steelyard.trade.aftersales.model import LineShare, less_of, paid_for, share_of
from steelyard.trade.orders.model import GIFT, GiftTerms, OrderId, OrderLine
from tests.support.fees import charged


def line(quantity: int, amount: int, commission: int) -> OrderLine:
    return OrderLine(
        order_id=OrderId(ids.mint()), line=1, product_id=ids.mint(), sku_id=ids.mint(), kind="goods", title=text("", ""),
        options=[], picture=None, sku_code="X", quantity=quantity, unit_price=amount, amount=amount, tax=0,
        tax_millionths=0, tax_inclusive=True, commission=commission, fees=charged(commission), refunded_quantity=0,
        refunded=0,
    )  # fmt: skip


def gift_of(sold: OrderLine, *, over: int, worth: int, counted: Counted = Counted.AMOUNT, pieces: int = 1) -> OrderLine:
    """The second line of an order: what the first one earned."""
    terms = GiftTerms(
        promotion_id=ids.mint(),
        name=text("", ""),
        worth=worth,
        over=over,
        counted=counted,
        of=[(sold.line, sold.amount)],
    )
    return msgspec.structs.replace(line(pieces, 0, 0), line=2, kind=GIFT, gift=terms)


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


@given(
    st.integers(1, 5),
    st.integers(1, 5_000),
    st.integers(0, 6_000),
    st.integers(0, 3_000),
    st.integers(1, 2),
    st.lists(st.tuples(st.integers(1, 5), st.integers(0, 2)), max_size=6),
)
def test_what_goes_back_and_what_is_kept_back_for_a_gift_is_what_was_paid(
    quantity: int, amount: int, over: int, worth: int, pieces: int, steps: list[tuple[int, int]]
) -> None:
    sold = line(quantity, amount, 0)
    given_away = gift_of(sold, over=min(over, amount), worth=worth, pieces=pieces)
    for size, gifts in [*steps, (quantity, 0)]:
        left = sold.quantity - sold.refunded_quantity
        if not left:
            continue
        back = {1: min(size, left), 2: min(gifts, given_away.quantity - given_away.refunded_quantity)}
        lost = aftersales.unearned([sold, given_away], back)
        [share], charged = aftersales.kept_back([sold, given_away], [share_of(sold, back[1])], lost)
        assert share.amount >= min(1, share_of(sold, back[1]).amount), "something goes back wherever something was paid"
        kept = sum(part for _, part in charged)
        assert kept <= worth * lost.get(2, 0) and not (kept and given_away.gift_charged), (
            "once, and for what it is worth"
        )
        sold = after(sold, share)
        given_away = msgspec.structs.replace(
            given_away,
            refunded_quantity=given_away.refunded_quantity + back[2],
            gift_charged=given_away.gift_charged + kept,
        )
    assert sold.refunded + given_away.gift_charged == paid_for(sold)
