"""Which sale a return takes back: examples, and what holds for every history."""

from hypothesis import given
from hypothesis import strategies as st

from steelyard.channels.feeds.returns import Entry, Match, Rest, match_returns


def sale(ref: int, quantity: int, price: int = 100, order: str = "") -> Entry:
    return Entry(ref, False, quantity, price * 10_000, quantity * price, order or f"S{ref}")


def back(ref: int, quantity: int, price: int = 100, refers_to: str | None = None) -> Entry:
    return Entry(ref, True, quantity, price * 10_000, quantity * price, f"C{ref}", refers_to)


def test_the_latest_sale_is_taken_back_first() -> None:
    assert list(match_returns([sale(1, 5), sale(2, 5), back(3, 2)])) == [Match(3, 1, 2, 2, 200)]


def test_a_sale_at_the_same_price_goes_before_a_later_dearer_one() -> None:
    found = list(match_returns([sale(1, 1, 80), sale(2, 1, 100), sale(3, 1, 80), back(4, 3, 80)]))
    assert found == [Match(4, 1, 3, 1, 80), Match(4, 2, 1, 1, 80), Match(4, 3, 2, 1, 80)]


def test_a_cheaper_sale_is_never_refunded_above_its_price() -> None:
    assert list(match_returns([sale(1, 1, 80), back(2, 1, 100)])) == [Rest(2, 1, 100, "more_than_sold")]


def test_nothing_is_taken_back_twice_and_nothing_before_it_was_sold() -> None:
    found = list(match_returns([back(1, 1), sale(2, 1), back(3, 1), back(4, 1)]))
    assert found == [
        Rest(1, 1, 100, "no_earlier_sale"),
        Match(3, 1, 2, 1, 100),
        Rest(4, 1, 100, "more_than_sold"),
    ]


def test_a_named_invoice_is_the_only_one_asked() -> None:
    found = list(match_returns([sale(1, 1), sale(2, 1), back(3, 2, refers_to="S1"), back(4, 1, refers_to="S9")]))
    assert found == [
        Match(3, 1, 1, 1, 100),
        Rest(3, 1, 100, "more_than_sold"),
        Rest(4, 1, 100, "no_earlier_sale"),
    ]


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(1, 9), st.integers(0, 3), st.sampled_from([None, "S1", "S4"])),
        max_size=40,
    )
)
def test_returns_never_take_more_than_was_sold_and_lose_no_piece_and_no_cent(
    plan: list[tuple[bool, int, int, str | None]],
) -> None:
    history = [
        back(ref, quantity, price, to) if is_return else sale(ref, quantity, price)
        for ref, (is_return, quantity, price, to) in enumerate(plan)
    ]
    before = {entry.ref: (entry.quantity, entry.amount_minor) for entry in history}
    found = list(match_returns(history))
    for entry in history:
        if entry.is_return:
            parts = [f for f in found if f.return_ref == entry.ref]
            assert sum(part.quantity for part in parts) == entry.quantity
            assert sum(part.amount_minor for part in parts) == entry.amount_minor
        else:
            taken = [f for f in found if isinstance(f, Match) and f.sale_ref == entry.ref]
            quantity, amount = before[entry.ref]
            assert sum(match.quantity for match in taken) <= quantity
            assert sum(match.amount_minor for match in taken) <= amount
            assert all(match.return_ref > entry.ref for match in taken)
