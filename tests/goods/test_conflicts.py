"""What speaks against an offer before it is made: pure, so each rule by itself, and what it does not say."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.goods import promotions
from steelyard.goods.catalog.model import SkuId
from steelyard.goods.promotions.model import (
    AmountOff,
    Audience,
    Bounds,
    BuyGet,
    Clash,
    Conflict,
    Counted,
    FreeShipping,
    Level,
    PiecesFor,
    Promotion,
    PromotionId,
    RateOff,
    Rule,
    Scope,
    SpecialPrice,
    Step,
    Ware,
)
from steelyard.kernel import ids
from steelyard.kernel.text import text
from steelyard.parties.merchants.model import MerchantId

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SHOP, OTHER = MerchantId(UUID(int=7)), MerchantId(UUID(int=8))
NUTS = SkuId(UUID(int=11))
BOUNDS = Bounds(margin=50_000, off=700_000)


def ware(**more: int | None) -> Ware:
    told: dict[str, int | None] = {"price": 10_000, "lowest": None, "cost": None}
    return Ware(
        sku_id=NUTS,
        product_id=UUID(int=21),
        merchant_id=SHOP,
        categories=[UUID(int=31)],
        title=text("山核桃仁", "Hickory nuts"),
        **(told | more),  # pyright: ignore[reportArgumentType]  # by name
    )


def offer(rule: Rule, **more: object) -> Promotion:
    told = Promotion(
        promotion_id=PromotionId(ids.mint()),
        name=text("活动", "Offer"),
        rule=rule,
        currency="CNY",
        starts_at=NOW,
        ends_at=NOW + timedelta(days=2),
        merchant_id=SHOP,
    )
    return msgspec.structs.replace(told, **more)


def price(amount: int, **more: object) -> Promotion:
    return offer(SpecialPrice(prices={NUTS: amount}), limited=True, **more)


def found(offered: Promotion, *beside: Promotion, of: Ware | None = None, bounds: Bounds = BOUNDS) -> list[Clash]:
    return [each.clash for each in told(offered, *beside, of=of, bounds=bounds)]


def told(offered: Promotion, *beside: Promotion, of: Ware | None = None, bounds: Bounds = BOUNDS) -> list[Conflict]:
    return promotions.conflicts(offered, [of or ware()], beside, bounds)


def test_the_same_article_is_in_one_flash_sale_at_a_time() -> None:
    [conflict] = told(price(9_000), price(8_000))

    assert (conflict.clash, conflict.level) == (Clash.TWO_FLASH_SALES, Level.ERROR)
    later = price(8_000, starts_at=NOW + timedelta(days=2), ends_at=NOW + timedelta(days=3))
    assert found(price(9_000), later) == []


def test_a_presale_is_one_of_the_prices_of_an_article_and_counts_by_itself() -> None:
    """Its whole price is 60 here: no coupon makes it less, and it makes nothing else less."""
    presale = price(6_000, alone=True)
    coupon = offer(AmountOff(steps=(Step(over=1, off=5_500),)), coupon=True)
    assert found(presale, price(8_000)) == found(price(8_000), presale) == [Clash.TWO_FLASH_SALES]
    assert found(presale, coupon, of=ware(cost=5_000)) == []
    assert Clash.BELOW_COST in found(price(6_000), coupon, of=ware(cost=5_000))
    assert found(coupon, presale, of=ware(cost=4_000)) == []
    assert Clash.BELOW_COST in found(coupon, price(6_000), of=ware(cost=4_000))
    assert found(presale, of=ware(lowest=7_000, cost=6_500)) == [Clash.BELOW_LOWEST, Clash.BELOW_COST]


def test_a_price_for_teams_is_a_price_like_others_and_another_door_than_a_flash_sale() -> None:
    team = offer(SpecialPrice(prices={NUTS: 7_000}), team=True)
    for door in (price(8_000), price(8_000, alone=True)):
        assert found(team, door) == found(door, team) == [Clash.OTHER_PRICE]
        assert promotions.overlapping([team, door]) == {team.promotion_id: [door], door.promotion_id: [team]}
    assert found(team, offer(SpecialPrice(prices={NUTS: 9_000}))) == [Clash.SAME_KIND]
    assert found(team, of=ware(lowest=7_500)) == [Clash.BELOW_LOWEST]
    coupon = offer(AmountOff(steps=(Step(over=1, off=2_500),)), coupon=True)
    assert found(team, coupon, of=ware(cost=5_000)) == [Clash.BELOW_COST]


def test_two_of_the_same_kind_are_warned_of_and_two_of_different_kinds_are_not() -> None:
    reduction = offer(AmountOff(steps=(Step(20_000, 1_000),)))
    assert found(reduction, offer(RateOff(steps=(Step(30_000, 50_000),)))) == [Clash.SAME_KIND]
    assert found(reduction, offer(AmountOff(steps=(Step(20_000, 500),)), coupon=True)) == []
    assert found(reduction, offer(AmountOff(steps=(Step(20_000, 500),)), merchant_id=None)) == []
    assert found(reduction, offer(reduction.rule, scope=Scope(products=frozenset([UUID(int=99)])))) == []
    assert found(reduction, reduction) == [], "saved again, it is no other"


def test_a_lower_price_on_the_shelf_meets_others_and_members_prices_and_no_flash_sale() -> None:
    lower = offer(SpecialPrice(millionths=100_000))
    another, members = (
        offer(SpecialPrice(off=500)),
        offer(SpecialPrice(price=9_000), audience=Audience(segments=frozenset(["g"]))),
    )

    assert found(lower, another) == found(another, lower) == found(members, lower) == [Clash.SAME_KIND]
    assert found(lower, price(8_000)) == []
    team = offer(SpecialPrice(prices={NUTS: 7_000}), scope=Scope(products=frozenset([UUID(int=21)])))
    meeting = promotions.overlapping([lower, team])
    assert set(meeting) == {lower.promotion_id, team.promotion_id}
    elsewhere = offer(SpecialPrice(off=500), scope=Scope(products=frozenset([UUID(int=22)])))
    assert promotions.overlapping([elsewhere, team]) == {}


def test_a_price_below_the_lowest_of_thirty_days_is_warned_of_where_it_has_moved() -> None:
    assert found(price(7_999), of=ware(lowest=8_000)) == [Clash.BELOW_LOWEST]
    assert found(price(8_000), of=ware(lowest=8_000)) == []
    assert found(price(5_000)) == []
    [conflict] = told(offer(BuyGet(buy=1, get=1)), of=ware(lowest=8_000))
    assert (conflict.price, conflict.compared, conflict.level) == (5_000, 8_000, Level.WARNING)


def test_below_cost_and_a_thin_margin_are_seen_with_all_that_counts_together() -> None:
    assert found(price(7_000), of=ware(cost=7_001)) == [Clash.BELOW_COST]
    assert found(price(7_000), of=ware(cost=6_700)) == [Clash.THIN_MARGIN]
    assert found(price(7_000), of=ware(cost=6_650)) == []
    coupon = offer(AmountOff(steps=(Step(5_000, 500),)), coupon=True)
    [conflict] = told(price(7_000), coupon, of=ware(cost=6_650))
    assert (conflict.clash, conflict.price, conflict.compared) == (Clash.BELOW_COST, 6_500, 6_650)
    assert found(price(10_000), of=ware(cost=20_000)) == [], "what takes nothing off is not to blame"


def test_offers_that_stack_too_high_are_warned_of() -> None:
    coupon = offer(AmountOff(steps=(Step(1_000, 2_000),)), coupon=True)
    assert found(price(4_900), coupon) == [Clash.STACKED]
    assert found(price(5_000), coupon) == []
    assert found(price(2_000)) == [], "alone it is what the shop has said"


def test_what_could_be_had_for_nothing_is_refused() -> None:
    coupon = offer(AmountOff(steps=(Step(1_000, 1_000),)), coupon=True)

    assert Clash.FOR_NOTHING in found(price(1_000), coupon)
    assert all(each.level is Level.ERROR for each in told(price(1_000), coupon) if each.clash is Clash.FOR_NOTHING)


@pytest.mark.parametrize(
    ("rule", "lowest"),
    [
        (AmountOff(steps=(Step(20_000, 3_000), Step(50_000, 10_000))), 8_000),
        (RateOff(steps=(Step(3, 200_000),), counted=Counted.PIECES), 8_000),
        (PiecesFor(pieces=4, price=30_000), 7_500),
        (BuyGet(buy=2, get=1), 6_666),
    ],
)
def test_a_piece_costs_least_where_most_is_reached(rule: Rule, lowest: int) -> None:
    [conflict] = told(offer(rule), of=ware(lowest=9_999))

    assert conflict.price == lowest


def test_what_is_not_among_its_goods_is_not_looked_at() -> None:
    elsewhere = offer(RateOff(steps=(Step(0, 900_000),)), scope=Scope(products=frozenset([UUID(int=99)])))
    assert found(elsewhere, of=ware(cost=9_999)) == []
    assert found(offer(RateOff(steps=(Step(0, 900_000),)), merchant_id=OTHER), of=ware(cost=9_999)) == []
    assert found(offer(FreeShipping()), of=ware(cost=9_999)) == []


def test_the_calendar_marks_what_meets() -> None:
    one, same = offer(AmountOff(steps=(Step(20_000, 1_000),))), offer(RateOff(steps=(Step(30_000, 50_000),)))
    apart = msgspec.structs.replace(same, promotion_id=PromotionId(ids.mint()), merchant_id=OTHER)
    first, second = price(9_000), price(8_000)
    other = offer(SpecialPrice(prices={SkuId(UUID(int=12)): 100}), limited=True)

    marked = promotions.overlapping([one, same, apart, first, second, other])

    assert marked == {
        one.promotion_id: [same],
        same.promotion_id: [one],
        first.promotion_id: [second],
        second.promotion_id: [first],
    }


@given(st.lists(st.integers(100, 12_000), max_size=4), st.integers(100, 12_000))
def test_a_better_offer_beside_it_never_makes_an_article_dearer(others: list[int], amount: int) -> None:
    """With every further offer the price that is compared with the cost is the same or lower."""
    beside = [offer(AmountOff(steps=(Step(each, each // 2),)), coupon=n > 0) for n, each in enumerate(others)]
    costly = ware(cost=100_000)
    prices = [
        [each.price for each in told(price(amount), *beside[:n], of=costly) if each.clash is Clash.BELOW_COST]
        for n in range(len(beside) + 1)
    ]
    told_of = [each[0] for each in prices if each]

    assert told_of == sorted(told_of, reverse=True)
    assert all(prices) or amount >= 10_000
