"""The worked examples of docs/algorithms/pricing.md, run: what a cart costs, which promotions count, and why others do not."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
import yaml

from steelyard.goods import promotions
from steelyard.goods.catalog.model import SkuId
from steelyard.goods.promotions.model import (
    AmountOff,
    Audience,
    Bundle,
    Buyer,
    BuyGet,
    Cart,
    CartLine,
    Flash,
    FlashItem,
    FreeShipping,
    Gift,
    Ladder,
    Offer,
    PiecesFor,
    Promotion,
    PromotionId,
    RateOff,
    Rule,
    Scope,
    SessionId,
    SpecialPrice,
    Step,
)
from steelyard.goods.promotions.shelf import Article, Stood, lowest_before
from steelyard.kernel import ids
from steelyard.kernel.money import Money, share, split
from steelyard.kernel.text import Text
from steelyard.parties.merchants.model import MerchantId

PAGE = Path(__file__).parents[2] / "docs" / "algorithms" / "pricing.md"
NOW = datetime(2026, 11, 28, tzinfo=UTC)

# Everything a block says, as it is written: amounts stay text until `minor` reads them.
Numbers = dict[str, Any]


def blocks() -> Numbers:
    found: Numbers = {}
    for block in re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        found |= yaml.load(block, Loader=yaml.BaseLoader)
    return found


TOLD = blocks()
GOODS: Numbers = TOLD.pop("goods")
FLASH: Numbers = TOLD.pop("flash")
PRESALE: Numbers = TOLD.pop("presale")
SHELF: Numbers = TOLD.pop("shelf")


def named(name: str) -> UUID:
    """The same id for the same name; promotions' ids are in the order of the page."""
    return ids.derived(UUID(int=0), name)


def minor(amount: str) -> int:
    return Money.of(Decimal(amount), "CNY").amount


def rate(told: str) -> int:
    return int(Decimal(told.removesuffix(" %")) * 10_000)


def over(told: str) -> int:
    """A threshold of money has its cents, one of pieces has none."""
    return minor(told) if "." in told else int(told)


def rule_of(told: Numbers) -> Rule:
    at_most = minor(told["at_most"]) if "at_most" in told else None
    match told:
        case {"amount_off": steps}:
            again = told.get("again") == "yes"
            return AmountOff(
                steps=tuple(Step(minor(k), minor(v)) for k, v in steps.items()), again=again, at_most=at_most
            )
        case {"rate_off": steps}:
            return RateOff(steps=tuple(Step(minor(k), rate(v)) for k, v in steps.items()), at_most=at_most)
        case {"buy_get": [buy, get]}:
            return BuyGet(buy=int(buy), get=int(get))
        case {"pieces_for": [pieces, price]}:
            return PiecesFor(pieces=int(pieces), price=minor(price))
        case {"bundle": [*parts, price]}:
            return Bundle(parts={SkuId(named(part)): 1 for part in parts}, price=minor(price))
        case {"gift": gift}:
            return Gift(over=minor(gift["over"]), sku_id=SkuId(named(gift["what"])), worth=minor(gift["worth"]))
        case {"free_shipping": threshold}:
            return FreeShipping(over=minor(threshold), at_most=at_most)
        case {"one_price": price}:
            return SpecialPrice(price=minor(price))
        case {"special_price": off}:
            return SpecialPrice(millionths=rate(off))
        case {"ladder": steps}:
            return Ladder(steps=tuple(Step(int(k), rate(v)) for k, v in steps.items()))
        case _:
            raise AssertionError(told)


def promotion_of(number: int, name: str, told: Numbers) -> Promotion:
    platform = told["of"] == "platform"
    return Promotion(
        promotion_id=PromotionId(UUID(int=number)),
        name=Text(en=name),
        rule=rule_of(told),
        currency="CNY",
        starts_at=NOW,
        ends_at=NOW + timedelta(days=1),
        merchant_id=None if platform else MerchantId(named(told["of"])),
        coupon=told.get("coupon") == "yes",
        scope=Scope(products=frozenset(map(named, told.get("for", [])))),
        audience=Audience(segments=frozenset([told["audience"]]) if "audience" in told else frozenset()),
        platform_millionths=rate(told.get("platform_pays", "0 %")),
    )


def cart_of(told: Numbers, every: list[Promotion]) -> Cart:
    return Cart(
        currency="CNY",
        at=NOW,
        lines=[
            CartLine(
                line_id=name,
                sku_id=named(name),
                product_id=named(name),
                merchant_id=named(GOODS[name]["shop"]),
                categories=[],
                unit_price=minor(GOODS[name]["price"]),
                quantity=int(pieces),
            )
            for name, pieces in told["cart"].items()
        ],
        freight={named(shop): minor(fee) for shop, fee in told.get("freight", {}).items()},
        buyer=Buyer(
            segments=frozenset(told.get("buyer", [])),
            holds=frozenset(each.promotion_id for each in every if each.coupon),
        ),
    )


@pytest.mark.parametrize("name", TOLD)
def test_the_page_says_what_a_cart_costs(name: str) -> None:
    told: Numbers = TOLD[name]
    every = [promotion_of(number, *each) for number, each in enumerate(told["promotions"].items(), start=1)]

    answer = promotions.reckon(cart_of(told, every), every)

    assert {str(each.promotion.name): each.off for each in answer.applied} == {
        promotion: minor(off) for promotion, off in told["applied"].items()
    }
    why = {str(each.promotion.name): each for each in answer.missed}
    assert set(why) == set(told.get("missed", {}))
    for promotion, reason in told.get("missed", {}).items():
        if reason == "beaten":
            assert why[promotion].reason == "beaten"
        else:
            hint = why[promotion].hint
            assert hint is not None
            assert hint.missing == over(reason["missing"])
    left = {each.key: each.amount for each in answer.lines}
    assert {line: left[line] for line in told.get("lines", {})} == {
        line: minor(amount) for line, amount in told.get("lines", {}).items()
    }
    freight = {each.key: each.amount for each in answer.freight}
    for shop, amount in told.get("freight_left", {}).items():
        assert freight[str(named(shop))] == minor(amount)
    assert [each.sku_id for each in answer.gifts] == [named(gift) for gift in told.get("gifts", [])]
    assert answer.platform == minor(told.get("platform", "0.00"))
    parts = {each.key: each for each in answer.lines}
    for line, (platform, shop) in told.get("borne", {}).items():
        assert (parts[line].platform, parts[line].off - parts[line].platform) == (minor(platform), minor(shop))
    for line, commission in told.get("commission_of_5", {}).items():
        assert share(parts[line].amount + parts[line].platform, rate("5 %")) == minor(commission)
    assert answer.amount == minor(told["total"])


def test_the_page_says_what_a_flash_sale_sells() -> None:
    had: dict[str, int] = {}
    flash = Flash(
        session_id=SessionId(UUID(int=1)),
        sku_id=SkuId(named("leaves")),
        pieces=int(FLASH["pieces"]),
        taken=0,
        per_buyer=int(FLASH["per_buyer"]),
    )
    for asked in FLASH["asked"]:
        buyer, wants = asked["buyer"], int(asked["wants"])
        offer = Offer(
            merchant_id=MerchantId(named("tea")),
            promotion_id=PromotionId(UUID(int=1)),
            name=Text(en="flash"),
            rule=SpecialPrice(prices={SkuId(named("leaves")): minor(FLASH["price"])}),
            currency="CNY",
            starts_at=NOW,
            ends_at=NOW + timedelta(hours=2),
            flash=flash,
        )
        answer = promotions.reckon_offers(cart_of({"cart": {"leaves": wants}}, []), [offer])
        counts = bool(answer.applied)
        more = flash.most(had.get(buyer, 0))
        if "refused" in asked:
            assert counts and more is not None and more == int(asked["more"]) < wants
            continue
        assert answer.amount == minor(asked["pays"])
        if counts:
            assert more is None or wants <= more
            had[buyer] = had.get(buyer, 0) + wants
            flash = msgspec.structs.replace(flash, taken=flash.taken + wants)
        assert flash.left == int(asked["left"])


def test_the_page_says_what_a_presale_comes_to() -> None:
    item = FlashItem(
        sku_id=SkuId(named("kettle")),
        price=minor(PRESALE["price"]),
        pieces=int(PRESALE["pieces"]),
        deposit=minor(PRESALE["deposit"]),
        counts_for=minor(PRESALE["counts_for"]),
    )
    pieces, usual = int(PRESALE["pieces"]), minor(PRESALE["usual"])
    deposit, total = item.deposit * pieces, item.whole * pieces + minor(PRESALE["delivery"])

    assert item.whole == minor(PRESALE["whole"])
    assert (usual - item.whole) * pieces == minor(PRESALE["discount"])
    assert (deposit, total, total - deposit) == tuple(
        minor(PRESALE[name]) for name in ("pays_first", "total", "balance")
    )
    back = PRESALE["refund"]
    parts = [minor(back["from_deposit"]), minor(back["from_balance"])]
    assert split(minor(back["of"]), [deposit, total - deposit]) == parts


def test_the_page_says_what_stands_on_the_shelf_and_what_is_struck_out() -> None:
    article = Article(
        merchant_id=named("tea"),
        sku_id=named("leaves"),
        product_id=named("leaves"),
        categories=[],
        currency="CNY",
        usual=minor(SHELF["usual"]),
    )
    stood: list[Stood] = []
    for told in SHELF["lowered"]:
        begins, ends = (NOW + timedelta(days=int(told[day])) for day in ("from", "to"))
        rule = shelf_rule(told)
        offer = Offer(
            merchant_id=MerchantId(named("tea")),
            promotion_id=PromotionId(UUID(int=len(stood) + 1)),
            name=Text(en="sale"),
            rule=rule,
            currency="CNY",
            starts_at=begins,
            ends_at=ends,
            shelf=True,
        )
        now = promotions.lowered(article, [offer], begins)
        price = now.price if now else article.usual
        lowest = lowest_before(article, [], stood, begins)

        assert price == minor(told.get("price_now", told["price"])), told
        assert (lowest if lowest > price else None) == (minor(told["was"]) if "was" in told else None), told
        stood.append(
            Stood(
                merchant_id=offer.merchant_id, rule=rule, scope=offer.scope, sku_id=None, starts_at=begins, until=ends
            )
        )


def shelf_rule(told: Numbers) -> SpecialPrice:
    match told:
        case {"rate": off}:
            return SpecialPrice(millionths=rate(off))
        case {"off": off}:
            return SpecialPrice(off=minor(off))
        case _:
            return SpecialPrice(price=minor(told["price"]))
