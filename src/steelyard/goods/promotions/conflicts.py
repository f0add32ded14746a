"""What an offer would do before it is made: what it would come to beside all others, and what speaks against it. Pure.

docs/algorithms/conflicts.md tells the rules. A shop's own prices are compared, never another shop's.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

import msgspec

from steelyard.goods.promotions.model import (
    AmountOff,
    Bounds,
    Bundle,
    Buyer,
    BuyGet,
    Cart,
    CartLine,
    Clash,
    Conflict,
    Counted,
    FreeShipping,
    Ladder,
    Layer,
    PiecesFor,
    Promotion,
    PromotionId,
    RateOff,
    SpecialPrice,
    Ware,
)
from steelyard.goods.promotions.reckoning import covers, reckon
from steelyard.kernel.money import PARTS_PER_MILLION, split

# So many pieces are tried at most, to reach a threshold.
PIECES_TRIED_MAX = 1_000
# Of what speaks against an offer so much is told.
CONFLICTS_TOLD_MAX = 50


def conflicts(
    offered: Promotion, wares: Collection[Ware], others: Collection[Promotion], bounds: Bounds
) -> list[Conflict]:
    """What speaks against this offer: for each article that it is for, in the order of their ids. `others` are all that the
    shop, and the platform, offer or will offer; what is at another time, or the offer itself as it was, is none of it."""
    beside = [each for each in others if each.promotion_id != offered.promotion_id and _at_once(offered, each)]
    found: list[Conflict] = []
    for ware in sorted(wares, key=lambda each: each.sku_id):
        if isinstance(offered.rule, FreeShipping) or not covers(offered, _line(ware, 1)):
            continue
        found += _of(ware, offered, [each for each in beside if covers(each, _line(ware, 1))], bounds)
        if len(found) >= CONFLICTS_TOLD_MAX:
            break
    return found[:CONFLICTS_TOLD_MAX]


def _at_once(one: Promotion, other: Promotion) -> bool:
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


def _of(ware: Ware, offered: Promotion, beside: Sequence[Promotion], bounds: Bounds) -> Iterator[Conflict]:
    counting = [] if offered.alone else [each for each in beside if not each.alone]
    alone = piece_price(ware, offered, [])
    together = piece_price(ware, offered, counting)

    def told(clash: Clash, price: int = 0, compared: int = 0, other: Promotion | None = None) -> Conflict:
        return Conflict(
            clash=clash,
            sku_id=ware.sku_id,
            title=ware.title,
            price=price,
            compared=compared,
            other_id=other.promotion_id if other else None,
            other=other.name if other else None,
        )

    for other in beside:
        if offered.limited and other.limited:
            yield told(Clash.TWO_FLASH_SALES, other=other)
        elif _two_prices(offered, other):
            yield told(Clash.OTHER_PRICE, other=other)
        elif _same_kind(offered, other):
            yield told(Clash.SAME_KIND, other=other)
    if together <= 0:
        yield told(Clash.FOR_NOTHING, together, ware.price)
    if alone >= ware.price:
        return  # it takes nothing off this article, so it is to blame for nothing
    if ware.lowest is not None and alone < ware.lowest:
        yield told(Clash.BELOW_LOWEST, alone, ware.lowest)
    if ware.cost is not None and together < ware.cost:
        yield told(Clash.BELOW_COST, together, ware.cost)
    elif ware.cost is not None and (together - ware.cost) * PARTS_PER_MILLION < together * bounds.margin:
        yield told(Clash.THIN_MARGIN, together, ware.cost)
    if counting and (ware.price - together) * PARTS_PER_MILLION > ware.price * bounds.off:
        yield told(Clash.STACKED, together, ware.price)


def overlapping(offers: Sequence[Promotion]) -> dict[PromotionId, list[Promotion]]:
    """Of these, those that are for some of the same goods at the same time, and of which one counts: by each, the others."""
    found: dict[PromotionId, list[Promotion]] = {}
    for place, one in enumerate(offers):
        for other in offers[place + 1 :]:
            if one.merchant_id == other.merchant_id and _at_once(one, other) and _meet(one, other):
                found.setdefault(one.promotion_id, []).append(other)
                found.setdefault(other.promotion_id, []).append(one)
    return found


def _meet(one: Promotion, other: Promotion) -> bool:
    if not ((one.limited and other.limited) or _two_prices(one, other) or _same_kind(one, other)):
        return False
    mine, others = one.scope, other.scope
    if (
        isinstance(one.rule, SpecialPrice)
        and isinstance(other.rule, SpecialPrice)
        and one.rule.prices
        and other.rule.prices
    ):
        return not one.rule.prices.keys().isdisjoint(other.rule.prices)
    everything = [not scope.products and not scope.categories for scope in (mine, others)]
    return any(everything) or not (
        mine.products.isdisjoint(others.products) and mine.categories.isdisjoint(others.categories)
    )


def _two_prices(one: Promotion, other: Promotion) -> bool:
    """Whether these are two doors to the same goods, each with a price of its own: for teams, and in a flash sale or presale."""
    return one.merchant_id == other.merchant_id and ((one.team and other.limited) or (one.limited and other.team))


def _same_kind(one: Promotion, other: Promotion) -> bool:
    """Whether of these two one counts, so that buyers are told of something that they do not get."""
    if one.merchant_id != other.merchant_id or one.coupon or other.coupon:
        return False
    return one.layer is other.layer and one.layer in (Layer.ITEM, Layer.SHOP) and one.limited == other.limited


def piece_price(ware: Ware, offered: Promotion, beside: Sequence[Promotion]) -> int:
    """What a piece costs at least with this offer and those beside it, for whoever has every coupon and is in every segment,
    and buys as many as makes the most of them."""
    every = [_now(each, offered.starts_at) for each in (offered, *beside)]
    lowest = ware.price
    for pieces in sorted({n for each in every for n in _pieces(each, ware.price)}):
        cart = Cart(
            currency=offered.currency,
            lines=[_line(ware, pieces)],
            at=offered.starts_at,
            buyer=Buyer(
                new=True,
                holds=frozenset(each.promotion_id for each in every if each.coupon),
                segments=frozenset(segment for each in every for segment in each.audience.segments),
            ),
        )
        lowest = min(lowest, *split(reckon(cart, every).amount, [1] * pieces))
    return lowest


def _now(each: Promotion, at: datetime) -> Promotion:
    return msgspec.structs.replace(each, starts_at=min(each.starts_at, at), ends_at=max(each.ends_at, _after(at)))


def _after(at: datetime) -> datetime:
    return at.replace(year=at.year + 1, day=min(at.day, 28))


def _line(ware: Ware, pieces: int) -> CartLine:
    return CartLine(
        line_id="1",
        sku_id=ware.sku_id,
        product_id=ware.product_id,
        merchant_id=ware.merchant_id,
        categories=ware.categories,
        unit_price=ware.price,
        quantity=pieces,
    )


def _pieces(each: Promotion, price: int) -> Iterator[int]:
    """How many pieces reach what the offer asks for, step by step; one is always tried."""
    yield 1
    wanted: list[int] = []
    match each.rule:
        case AmountOff(steps=steps, counted=counted) | RateOff(steps=steps, counted=counted):
            wanted = [step.over if counted is Counted.PIECES else -(-step.over // max(1, price)) for step in steps]
        case Ladder(steps=steps):
            wanted = [step.over for step in steps]
        case BuyGet(buy=buy, get=get):
            wanted = [buy + get]
        case PiecesFor(pieces=pieces):
            wanted = [pieces]
        case SpecialPrice() | Bundle() | FreeShipping() | _:
            pass
    yield from (n for n in wanted if 1 < n <= PIECES_TRIED_MAX)
