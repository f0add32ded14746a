"""Any cart and any set of promotions: the same answer whichever way it is asked, nothing below zero, every part adds up,
and no other legal combination takes off more."""

from datetime import UTC, datetime, timedelta
from itertools import combinations
from uuid import UUID

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.goods import promotions
from steelyard.goods.catalog.model import SkuId
from steelyard.goods.promotions import effects
from steelyard.goods.promotions.effects import Standing
from steelyard.goods.promotions.model import (
    PLATFORM,
    AmountOff,
    Audience,
    Bundle,
    Buyer,
    BuyGet,
    Cart,
    CartLine,
    Counted,
    FreeShipping,
    Gift,
    Ladder,
    Layer,
    Offer,
    PiecesFor,
    Promotion,
    PromotionId,
    RateOff,
    Reason,
    Reckoning,
    Rule,
    Scope,
    SpecialPrice,
    Step,
)
from steelyard.kernel.text import Text
from steelyard.parties.merchants.model import MerchantId

NOW = datetime(2026, 11, 28, tzinfo=UTC)
MERCHANTS = [UUID(int=1), UUID(int=2)]
CATEGORIES = [UUID(int=11), UUID(int=12)]


def sku(number: int) -> SkuId:
    return SkuId(UUID(int=100 + number))


def product(number: int) -> UUID:
    return UUID(int=200 + number)


@st.composite
def lines(draw: st.DrawFn) -> list[CartLine]:
    """Up to five lines of two merchants; a merchant's products may come twice."""
    found: list[CartLine] = []
    for number in range(draw(st.integers(1, 5))):
        goods = draw(st.integers(0, 3))
        found.append(
            CartLine(
                line_id=f"line-{number}",
                sku_id=sku(goods),
                product_id=product(goods),
                merchant_id=MERCHANTS[goods % 2],
                categories=CATEGORIES[: 1 + goods // 2],
                unit_price=draw(st.sampled_from([0, 1, 99, 1_000, 3_333, 20_000])),
                quantity=draw(st.integers(1, 4)),
            )
        )
    return found


counted = st.sampled_from(Counted)
rates = st.sampled_from([1, 100_000, 333_333, 1_000_000])
small = st.sampled_from([0, 1, 2, 3, 1_000, 5_000, 20_000])
steps = st.lists(st.builds(Step, small, st.sampled_from([1, 700, 5_000])), min_size=1, max_size=2).map(tuple)
rate_steps = st.lists(st.builds(Step, small, rates), min_size=1, max_size=2).map(tuple)
skus = st.integers(0, 3).map(sku)
caps = st.none() | st.sampled_from([1, 900])
rules: st.SearchStrategy[Rule] = st.one_of(
    st.builds(AmountOff, steps=steps, counted=counted, again=st.booleans(), at_most=caps),
    st.builds(RateOff, steps=rate_steps, counted=counted, at_most=caps),
    st.builds(Gift, over=small, sku_id=skus, worth=st.integers(1, 9), counted=counted),
    st.builds(
        BuyGet,
        buy=st.integers(1, 2),
        get=st.integers(1, 2),
        millionths=rates,
        reward=st.frozensets(st.integers(0, 3).map(product), max_size=1),
    ),
    st.builds(PiecesFor, pieces=st.integers(1, 3), price=st.sampled_from([0, 999, 5_000])),
    st.builds(
        Bundle,
        parts=st.dictionaries(skus, st.integers(1, 2), min_size=1, max_size=2),
        price=st.sampled_from([0, 999, 5_000]),
    ),
    st.builds(FreeShipping, over=small, counted=counted, at_most=caps),
    st.builds(
        SpecialPrice, prices=st.dictionaries(skus, st.sampled_from([0, 90, 30_000]), max_size=2), millionths=rates
    ),
    st.builds(SpecialPrice, off=st.sampled_from([1, 99, 3_000])),
    st.builds(SpecialPrice, price=st.sampled_from([0, 98, 3_000, 30_000])),
    st.builds(Ladder, steps=rate_steps, by_product=st.booleans()),
)


@st.composite
def offered(draw: st.DrawFn) -> list[Promotion]:
    return [
        Promotion(
            promotion_id=PromotionId(UUID(int=1_000 + number)),
            name=Text(en=f"Promotion {number}"),
            rule=draw(rules),
            currency=draw(st.sampled_from(["CNY", "CNY", "CNY", "CNY", "USD"])),
            starts_at=NOW - timedelta(days=1),
            ends_at=NOW + timedelta(days=draw(st.sampled_from([0, 1, 1, 1, 1]))),
            merchant_id=draw(st.sampled_from([None, *map(MerchantId, MERCHANTS)])),
            coupon=draw(st.booleans()),
            scope=draw(
                st.sampled_from(
                    [
                        Scope(),
                        Scope(products=frozenset([product(0), product(1)])),
                        Scope(categories=frozenset(CATEGORIES[1:])),
                        Scope(without=frozenset([product(2)])),
                    ]
                )
            ),
            audience=draw(st.sampled_from([Audience(), Audience(), Audience(segments=frozenset(["gold"]))])),
            group=draw(st.sampled_from(["", "", "one"])),
            beside=draw(st.just(frozenset(Layer)) | st.frozensets(st.sampled_from(Layer))),
            platform_millionths=draw(st.sampled_from([0, 333_333, 1_000_000])),
        )
        for number in range(draw(st.integers(0, 6)))
    ]


@st.composite
def carts(draw: st.DrawFn) -> Cart:
    return Cart(
        currency="CNY",
        lines=draw(lines()),
        at=NOW,
        freight={merchant_id: draw(st.sampled_from([0, 1, 800])) for merchant_id in MERCHANTS},
        buyer=Buyer(
            segments=draw(st.sampled_from([frozenset[str](), frozenset(["gold"])])),
            holds=frozenset(UUID(int=1_000 + number) for number in draw(st.sets(st.integers(0, 5)))),
        ),
    )


@given(carts(), offered(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=300)
def test_the_order_in_which_lines_and_promotions_are_named_does_not_matter(
    cart: Cart, every: list[Promotion], random: st.DataObject
) -> None:
    answer = promotions.reckon(cart, every)
    assert promotions.reckon(cart, every) == answer

    shuffled_lines, shuffled = list(cart.lines), list(every)
    random.shuffle(shuffled_lines)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] (a random.Random)
    random.shuffle(shuffled)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] (a random.Random)
    assert promotions.reckon(msgspec.structs.replace(cart, lines=shuffled_lines), shuffled) == answer


@given(carts(), offered())
@settings(deadline=None, max_examples=300)
def test_no_part_is_below_zero_and_the_parts_add_up(cart: Cart, every: list[Promotion]) -> None:
    answer = promotions.reckon(cart, every)

    for part in (*answer.lines, *answer.freight):
        assert 0 <= part.amount <= part.before
        assert all(share.amount > 0 and 0 <= share.platform <= share.amount for share in part.shares)
    assert answer.before == sum(line.amount for line in cart.lines) + sum(cart.freight.values())
    assert answer.off == sum(each.off for each in answer.applied)
    for each in answer.applied:
        mine = [share for part in (*answer.lines, *answer.freight) for share in part.shares]
        of_it = [share for share in mine if share.promotion_id == each.promotion.promotion_id]
        assert sum(share.amount for share in of_it) == each.off
    told = [each.promotion.promotion_id for each in (*answer.applied, *answer.missed)]
    assert sorted(told) == sorted(each.promotion_id for each in every)


@given(carts(), offered())
@settings(deadline=None, max_examples=400)
def test_no_other_legal_combination_takes_off_more(cart: Cart, every: list[Promotion]) -> None:
    answer = promotions.reckon(cart, every)

    assert answer.exact
    usable = [each for each in every if each.ends_at > NOW and each.currency == "CNY" and held(each, cart.buyer)]
    priced, prices = item_prices(cart, [each for each in usable if each.layer is Layer.ITEM])
    others = [each for each in usable if each.layer is not Layer.ITEM]
    best = max(
        taken(cart, together, priced, prices)
        for count in range(len(others) + 1)
        for together in combinations(others, count)
        if legal(together, cart, prices)
    )
    before = sum(line.amount for line in cart.lines)
    assert (answer.off, worth_of(answer)) == (before - sum(priced.values()) + best[0], best[1])
    chosen = [each.promotion for each in answer.applied if each.promotion.layer is not Layer.ITEM]
    assert legal(tuple(chosen), cart, prices)


@given(carts(), offered(), st.dictionaries(skus, st.integers(0, 2)))
@settings(deadline=None, max_examples=60)
def test_gifts_that_are_gone_count_as_if_they_were_not_offered(
    cart: Cart, every: list[Promotion], there: dict[SkuId, int]
) -> None:
    offers = [offer_of(each) for each in every]
    answer = promotions.reckon_offers(cart, offers, {**there})

    given_away: dict[SkuId, int] = {}
    for each in answer.gifts:
        given_away[each.sku_id] = given_away.get(each.sku_id, 0) + each.pieces
    assert all(pieces <= there.get(sku_id, 0) for sku_id, pieces in given_away.items())
    gone = {each.promotion.promotion_id for each in answer.missed if each.reason is Reason.GIFT_GONE}
    rest = promotions.reckon_offers(cart, [each for each in offers if each.promotion_id not in gone])
    assert (rest.lines, rest.freight, rest.applied, rest.gifts) == (
        answer.lines, answer.freight, answer.applied, answer.gifts
    )  # fmt: skip
    told = [each.promotion.promotion_id for each in (*answer.applied, *answer.missed)]
    assert sorted(told) == sorted(each.promotion_id for each in every)


def offer_of(promotion: Promotion) -> Offer:
    """As a shop or the platform keeps it: with an audience, a group and the layers beside it left out."""
    return Offer(
        merchant_id=promotion.merchant_id or PLATFORM,
        promotion_id=promotion.promotion_id,
        name=promotion.name,
        rule=promotion.rule,
        scope=promotion.scope,
        currency=promotion.currency,
        starts_at=promotion.starts_at,
        ends_at=promotion.ends_at,
        coupon=promotion.coupon,
        per_buyer=1 if promotion.coupon else None,
    )


def worth_of(answer: Reckoning) -> int:
    rules_of = [each.promotion.rule for each in answer.applied]
    return sum(rule.worth * rule.pieces for rule in rules_of if isinstance(rule, Gift))


def held(promotion: Promotion, buyer: Buyer) -> bool:
    claimed = not promotion.coupon or promotion.promotion_id in buyer.holds
    return claimed and (not promotion.audience.segments or bool(promotion.audience.segments & buyer.segments))


def item_prices(cart: Cart, items: list[Promotion]) -> tuple[dict[str, int], dict[str, Promotion]]:
    """What each line costs at its lowest price, and whose price that is."""
    priced = {line.line_id: line.amount for line in cart.lines}
    prices: dict[str, Promotion] = {}
    for promotion in sorted(items, key=lambda each: each.promotion_id):
        mine = sorted(reached(promotion, cart, {}), key=lambda line: line.line_id)
        offs = effects.taken_off(promotion.rule, [Standing(line, line.amount) for line in mine])
        for line, off in zip(mine, offs, strict=True):
            if line.amount - off < priced[line.line_id]:
                priced[line.line_id] = line.amount - off
                prices[line.line_id] = promotion
    return priced, prices


def reached(promotion: Promotion, cart: Cart, prices: dict[str, Promotion]) -> list[CartLine]:
    """The lines that it is for, but those whose price does not stand beside it."""
    mine = [line for line in cart.lines if promotions.covers(promotion, line)]
    return [
        line
        for line in mine
        if line.line_id not in prices
        or (promotion.layer in prices[line.line_id].beside and Layer.ITEM in promotion.beside)
    ]


def legal(together: tuple[Promotion, ...], cart: Cart, prices: dict[str, Promotion]) -> bool:
    for a, b in combinations(together, 2):
        if a.group and (a.group, a.merchant_id) == (b.group, b.merchant_id):
            return False
        mine, theirs = reached(a, cart, prices), reached(b, cart, prices)
        if a.layer is b.layer is Layer.SHIPPING and {x.merchant_id for x in mine} & {x.merchant_id for x in theirs}:
            return False
        if {x.line_id for x in mine} & {x.line_id for x in theirs} and (
            a.layer == b.layer or a.layer not in b.beside or b.layer not in a.beside
        ):
            return False
    return True


def taken(
    cart: Cart, together: tuple[Promotion, ...], priced: dict[str, int], prices: dict[str, Promotion]
) -> tuple[int, int]:
    left, freight, worth = dict(priced), dict(cart.freight), 0
    for promotion in sorted(together, key=lambda each: (each.layer, each.promotion_id)):
        mine = sorted(reached(promotion, cart, prices), key=lambda line: line.line_id)
        standing = [Standing(line, left[line.line_id]) for line in mine]
        if isinstance(promotion.rule, FreeShipping):
            of = sorted({line.merchant_id for line in mine})
            offs = effects.freight_off(promotion.rule, standing, [freight[each] for each in of])
            freight |= {each: freight[each] - off for each, off in zip(of, offs, strict=True)}
        elif isinstance(promotion.rule, Gift):
            worth += effects.gifts_of(promotion.rule, standing) * promotion.rule.worth if mine else 0
        else:
            offs = effects.taken_off(promotion.rule, standing)
            left |= {line.line_id: left[line.line_id] - off for line, off in zip(mine, offs, strict=True)}
    off = sum(priced.values()) - sum(left.values()) + sum(cart.freight.values()) - sum(freight.values())
    return off, worth
