"""Whatever the rules: the most specific one of each fee wins, a line bears them all, and what goes back is the whole."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cmp_to_key, partial
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.text import text
from steelyard.trade import commission
from steelyard.trade.aftersales.model import share_of
from steelyard.trade.commission import Sold
from steelyard.trade.commission.model import (
    Channel,
    FeeId,
    LineFee,
    Rule,
    RuleId,
    Sale,
    Taxes,
)
from tests.support.world import CURRENCY
from tests.trade.test_less import after, line

FEES = [FeeId(UUID(int=number)) for number in (1, 2, 3)]
SHOPS, PRODUCTS, CATEGORIES = ([UUID(int=base + n) for n in range(3)] for base in (100, 200, 300))
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def one_of(values: Sequence[object]) -> st.SearchStrategy[object]:
    return st.none() | st.sampled_from(values)


@st.composite
def rule(draw: st.DrawFn) -> Rule:
    number = draw(st.integers(0, 2))
    product = draw(one_of(PRODUCTS))
    return Rule(
        rule_id=RuleId(ids.mint()),
        fee_id=FEES[number],
        name=text("费", "Fee"),
        place=number + 1,
        kept=draw(st.booleans()),
        tax_millionths=draw(st.sampled_from([0, 60_000, 130_000])),
        valid_from=BEGAN + timedelta(days=draw(st.integers(0, 2))),
        merchant_id=draw(st.sampled_from(SHOPS)) if product else draw(one_of(SHOPS)),  # pyright: ignore[reportArgumentType]  # uuids
        category_id=None if product else draw(one_of(CATEGORIES)),  # pyright: ignore[reportArgumentType]
        product_id=product,  # pyright: ignore[reportArgumentType]
        channel=draw(one_of(list(Channel))),  # pyright: ignore[reportArgumentType]
        currency=CURRENCY,
        millionths=draw(st.integers(0, 1_000_000)),
        fixed=draw(st.integers(0, 2_000)),
        per_piece=draw(st.booleans()),
        least=draw(st.none() | st.integers(0, 500)),
        most=draw(st.none() | st.integers(500, 5_000)),
        on_freight=draw(st.booleans()),
        taxes=draw(st.sampled_from(list(Taxes))),
    )


def more_specific(one: Rule, other: Rule, path: Sequence[UUID]) -> int:
    """The page's rule 2 and 3, asked one after the other."""

    def said(a: bool, b: bool) -> int:
        return int(a) - int(b)

    def near(rule: Rule) -> int:
        return path.index(rule.category_id) + 1 if rule.category_id else 0

    return (
        said(one.product_id is not None, other.product_id is not None)
        or said(one.merchant_id is not None, other.merchant_id is not None)
        or near(one) - near(other)
        or said(one.channel is not None, other.channel is not None)
        or said(one.currency is not None, other.currency is not None)
        or (one.valid_from > other.valid_from) - (one.valid_from < other.valid_from)
        or (one.rule_id > other.rule_id) - (one.rule_id < other.rule_id)
    )


@given(
    st.lists(rule(), max_size=12),
    st.sampled_from(SHOPS),
    st.sampled_from(PRODUCTS),
    st.lists(st.sampled_from(CATEGORIES), unique=True, max_size=3),
    st.sampled_from(list(Channel)),
)
def test_the_most_specific_rule_of_each_fee_wins(
    rules: list[Rule], shop: UUID, product: UUID, path: list[UUID], channel: Channel
):
    sale = Sale(merchant_id=shop, path=path, product_id=product, channel=channel, currency=CURRENCY)
    expected: list[RuleId] = []
    for fee_id in FEES:
        fitting = [
            each
            for each in rules
            if each.fee_id == fee_id
            and each.merchant_id in (None, shop)
            and each.product_id in (None, product)
            and (each.category_id is None or each.category_id in path)
            and each.channel in (None, channel)
        ]
        if fitting:
            best = max(fitting, key=cmp_to_key(partial(more_specific, path=path)))
            expected.append(best.rule_id)

    assert [each.rule_id for each in commission.stack(rules, sale)] == expected


@st.composite
def sold(draw: st.DrawFn) -> Sold:
    amount = draw(st.integers(0, 20_000))
    return Sold(
        amount=amount,
        tax=draw(st.integers(0, amount)),
        tax_inclusive=draw(st.booleans()),
        quantity=draw(st.integers(1, 5)),
    )


@given(st.lists(st.tuples(sold(), st.lists(rule(), max_size=3)), min_size=1, max_size=3), sold())
def test_a_line_bears_its_fees_and_their_parts_are_the_whole(lines: list[tuple[Sold, list[Rule]]], freight: Sold):
    lines = [(goods, list({each.fee_id: each for each in rules}.values())) for goods, rules in lines]
    lines = [(goods, sorted(rules, key=lambda each: each.place)) for goods, rules in lines]

    found = commission.charge(lines, freight)

    fees = [fee for of_line in [*found.lines, found.freight] for fee in of_line]
    assert all(fee.amount >= 0 and fee.tax >= 0 and fee.whole for fee in fees)
    assert sum(fee.whole for fee in fees) <= sum(goods.whole for goods, _ in lines) + freight.whole
    for (goods, rules), of_line in zip(lines, found.lines, strict=True):
        if not any(each.on_freight for each in rules):
            assert sum(fee.whole for fee in of_line) <= goods.whole
    if not any(each.on_freight for _, rules in lines for each in rules):
        assert not found.freight


@given(
    st.integers(1, 7),
    st.integers(1, 50_000),
    st.lists(st.tuples(st.integers(0, 9_000), st.integers(0, 900), st.booleans()), max_size=4),
    st.lists(st.integers(1, 4), max_size=6),
)
def test_when_all_pieces_are_back_so_is_every_fee_that_is_not_kept(
    quantity: int, amount: int, charged: list[tuple[int, int, bool]], parts: list[int]
):
    fees = [
        LineFee(fee_id=FeeId(UUID(int=n)), name=text("费", "Fee"), amount=fee, tax=tax, kept=kept)
        for n, (fee, tax, kept) in enumerate(charged)
    ]
    sold_line = msgspec.structs.replace(line(quantity, amount, sum(fee.whole for fee in fees)), fees=fees)
    back: dict[FeeId, list[int]] = {}
    for part in [*parts, quantity]:
        left = quantity - sold_line.refunded_quantity
        if not left:
            break
        share = share_of(sold_line, min(part, left))
        for each in share.fees:
            assert each.amount >= 0 and each.tax >= 0
            sums = back.setdefault(each.fee_id, [0, 0])
            sums[0], sums[1] = sums[0] + each.amount, sums[1] + each.tax
        sold_line = after(sold_line, share)

    assert back == {fee.fee_id: [fee.amount, fee.tax] for fee in fees if not fee.kept}
