"""What a shop has lowered for everybody, reckoned: what an article costs now, and what it cost least before."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.goods import promotions
from steelyard.goods.catalog.model import SkuId
from steelyard.goods.promotions import Article
from steelyard.goods.promotions.model import (
    Cart,
    CartLine,
    Offer,
    PromotionId,
    Rule,
    Scope,
    SpecialPrice,
)
from steelyard.goods.promotions.shelf import Stood, Was, lowest_before
from steelyard.kernel import ids
from steelyard.kernel.text import text
from steelyard.parties.merchants.model import MerchantId

NOW = datetime(2026, 11, 28, tzinfo=UTC)
MERCHANT = MerchantId(UUID(int=1))
ARTICLE = Article(
    merchant_id=MERCHANT,
    sku_id=UUID(int=2),
    product_id=UUID(int=3),
    categories=[UUID(int=4)],
    currency="CNY",
    usual=10_000,
)
TENTH_OFF = SpecialPrice(millionths=100_000)


def days(count: float) -> datetime:
    return NOW + timedelta(days=count)


def offer(
    rule: Rule = TENTH_OFF,
    scope: Scope = Scope(),  # noqa: B008  # frozen
    merchant_id: MerchantId = MERCHANT,
    starts: datetime | None = None,
    ends: datetime | None = None,
    promotion_id: UUID | None = None,
) -> Offer:
    now = datetime.now(UTC)
    return Offer(
        merchant_id=merchant_id,
        promotion_id=PromotionId(promotion_id or ids.mint()),
        name=text("冬季直降", "Winter sale"),
        rule=rule,
        scope=scope,
        currency="CNY",
        starts_at=starts or now - timedelta(minutes=1),
        ends_at=ends or now + timedelta(days=2),
        shelf=True,
    )


@pytest.mark.parametrize(
    ("rule", "price"),
    [
        (SpecialPrice(millionths=150_000), 8_500),
        (SpecialPrice(off=2_500), 7_500),
        (SpecialPrice(off=10_000), 10_000),
        (SpecialPrice(price=9_900), 9_900),
        (SpecialPrice(price=12_000), 10_000),
        (SpecialPrice(prices={SkuId(UUID(int=2)): 4_000}), 4_000),
    ],
)
def test_a_piece_costs_less_and_never_nothing_or_more(rule: SpecialPrice, price: int) -> None:
    assert rule.of(ARTICLE.sku_id, ARTICLE.usual) == price
    found = promotions.lowered(ARTICLE, [offer(rule)], datetime.now(UTC))
    assert (found.price if found else ARTICLE.usual) == price


def test_a_price_counts_from_its_first_moment_until_just_before_its_end() -> None:
    sale = offer(starts=NOW, ends=days(1))
    a_moment = timedelta(microseconds=1)

    asked = [NOW - a_moment, NOW, days(1) - a_moment, days(1)]
    assert [promotions.lowered(ARTICLE, [sale], at) is not None for at in asked] == [False, True, True, False]
    stopped = msgspec.structs.replace(sale, stopped_at=NOW)
    assert promotions.lowered(ARTICLE, [stopped], NOW) is None


@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.builds(SpecialPrice, millionths=st.sampled_from([1, 100_000, 333_333, 999_999])),
                st.builds(SpecialPrice, off=st.sampled_from([1, 500, 10_000, 20_000])),
                st.builds(SpecialPrice, price=st.sampled_from([1, 999, 10_000, 20_000])),
            ),
            st.sampled_from(
                [
                    Scope(),
                    Scope(products=frozenset([UUID(int=3)])),
                    Scope(products=frozenset([UUID(int=9)])),
                    Scope(categories=frozenset([UUID(int=4)])),
                    Scope(without=frozenset([UUID(int=3)])),
                ]
            ),
        ),
        max_size=4,
    ),
    st.integers(1, 9),
)
@settings(deadline=None, max_examples=60)
def test_what_the_card_says_is_what_a_cart_costs(drawn: list[tuple[SpecialPrice, Scope]], pieces: int) -> None:
    every = [offer(rule, scope, promotion_id=UUID(int=n)) for n, (rule, scope) in enumerate(drawn, start=1)]
    at = datetime.now(UTC)
    shown = promotions.lowered(ARTICLE, every, at)
    line = CartLine(
        line_id="1",
        sku_id=ARTICLE.sku_id,
        product_id=ARTICLE.product_id,
        merchant_id=ARTICLE.merchant_id,
        categories=ARTICLE.categories,
        unit_price=ARTICLE.usual,
        quantity=pieces,
    )

    answer = promotions.reckon_offers(Cart(currency="CNY", at=at, lines=[line]), every)

    assert answer.amount == (shown.price if shown else ARTICLE.usual) * pieces
    assert [each.promotion.promotion_id for each in answer.applied] == ([shown.offer.promotion_id] if shown else [])


def stood(first: float, until: float, rule: SpecialPrice = TENTH_OFF, scope: Scope = Scope()) -> Stood:  # noqa: B008
    return Stood(merchant_id=MERCHANT, rule=rule, scope=scope, sku_id=None, starts_at=days(first), until=days(until))


@pytest.mark.parametrize(
    ("was", "before", "lowest"),
    [
        ([], [], 10_000),
        ([(-10, 8_000)], [], 8_000),  # until ten days ago it cost less
        ([(-30.01, 8_000)], [], 10_000),  # that is over for more than thirty days
        ([(5, 8_000)], [], 8_000),  # it is dearer since then; on the day itself it was not
        ([(-10, 12_000), (5, 11_000)], [], 11_000),  # what it costs since it began is not before it
        ([], [(-20, -10)], 9_000),  # it was on sale before
        ([], [(-50, -29)], 9_000),
        ([], [(-50, -30)], 10_000),
        ([], [(0, 5)], 10_000),  # itself
        ([(-15, 12_000)], [(-30, -20)], 10_000),  # a tenth off 12,000 is more than it costs since
        ([(-15, 12_000)], [(-20, -10)], 9_000),  # a tenth off both, and off 10,000 it is less
    ],
)
def test_what_is_struck_out_is_the_lowest_of_thirty_days(
    was: Sequence[tuple[float, int]], before: Sequence[tuple[float, float]], lowest: int
) -> None:
    prices = [Was(sku_id=ARTICLE.sku_id, until=days(until), amount=amount) for until, amount in was]

    assert lowest_before(ARTICLE, prices, [stood(*each) for each in before], NOW) == lowest


def test_what_was_lowered_for_other_goods_is_no_price_of_these() -> None:
    others = stood(-20, -10, scope=Scope(products=frozenset([UUID(int=99)])))
    flash = msgspec.structs.replace(stood(-20, -10), sku_id=UUID(int=98))

    assert lowest_before(ARTICLE, [], [others, flash], NOW) == ARTICLE.usual
