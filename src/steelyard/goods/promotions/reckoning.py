"""From a cart and promotions to what it costs, and why. Pure: the same cart gives the same answer, in whichever order its
lines and the promotions are named."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

import msgspec

from steelyard.goods.promotions import choice, effects
from steelyard.goods.promotions.choice import Amounts, Candidate, Taking
from steelyard.goods.promotions.model import (
    Applied,
    Buyer,
    Cart,
    CartLine,
    Gift,
    Given,
    Layer,
    Missed,
    Offer,
    Promotion,
    PromotionId,
    Reason,
    Reckoning,
    Reduced,
    Scope,
    Share,
)
from steelyard.kernel.money import share, split

# A line's id, or a merchant's.
Key = TypeVar("Key", str, UUID)


def reckon(cart: Cart, promotions: Collection[Promotion]) -> Reckoning:
    """The best that these promotions can do for this cart, each step of it, and why the others do not count."""
    lines = sorted(cart.lines, key=lambda line: line.line_id)
    assert len({line.line_id for line in lines}) == len(lines), "each line has an id of its own"
    ordered = sorted(promotions, key=lambda each: (each.layer, each.promotion_id))
    missed: dict[PromotionId, Missed] = {}
    usable: list[Candidate] = []
    for promotion in ordered:
        mine = [line for line in lines if covers(promotion, line)]
        reason = _unusable(promotion, cart, mine)
        if reason is None:
            usable.append(choice.candidate(promotion, mine))
        else:
            missed[promotion.promotion_id] = Missed(promotion=promotion, reason=reason)
    start = Amounts({line.line_id: line.amount for line in lines}, dict(cart.freight))
    items = _item_prices([each for each in usable if each.promotion.layer is Layer.ITEM], start)
    amounts = start
    for _, taken in items:
        amounts = choice.less(amounts, taken)
    later = [_beside_prices(each, items) for each in usable if each.promotion.layer is not Layer.ITEM]
    could = [each for each in later if each.lines and choice.taking(each, amounts)]
    chosen, exact = choice.best(could, amounts)
    steps = [*items, *_taken_in_turn(chosen, amounts)]
    missed |= _why_not(usable, later, chosen, steps, amounts)
    return _told(
        cart, lines, steps, [missed[each.promotion_id] for each in ordered if each.promotion_id in missed], exact
    )


def reckon_offers(cart: Cart, offers: Sequence[Offer], gifts: Mapping[UUID, int] | None = None) -> Reckoning:
    """`reckon` with what shops offer, without those that would take off more than is left of their budget, or from more
    pieces than there are: an offer counts whole or not at all. `gifts`: how many pieces of what is given are there; an offer
    whose gift is gone is told as missed for that."""
    by_id = {offer.promotion_id: offer for offer in offers}
    usable = [offer.promotion for offer in offers]
    gone: dict[PromotionId, Missed] = {}
    while True:
        found = reckon(cart, usable)
        short = _without_gift(found, gifts) if gifts is not None else {}
        gone |= short
        over = short.keys() | {
            each.promotion.promotion_id
            for each in found.applied
            for offer in [by_id[each.promotion.promotion_id]]
            if (offer.left is not None and each.off > offer.left)
            or (offer.flash is not None and each.pieces > offer.flash.left)
        }
        if not over:
            return msgspec.structs.replace(found, missed=(*found.missed, *gone.values())) if gone else found
        usable = [promotion for promotion in usable if promotion.promotion_id not in over]


def _without_gift(found: Reckoning, gifts: Mapping[UUID, int]) -> dict[PromotionId, Missed]:
    """Those that count and whose gift is not there any more, after the gifts of those before them."""
    left = dict(gifts)
    by_id = {each.promotion.promotion_id: each.promotion for each in found.applied}
    gone: dict[PromotionId, Missed] = {}
    for given in found.gifts:
        if left.get(given.sku_id, 0) < given.pieces:
            gone[given.promotion_id] = Missed(promotion=by_id[given.promotion_id], reason=Reason.GIFT_GONE)
        else:
            left[given.sku_id] -= given.pieces
    return gone


def covers(promotion: Promotion, line: CartLine) -> bool:
    """Whether these goods are among those that the promotion is for."""
    if promotion.merchant_id is not None and promotion.merchant_id != line.merchant_id:
        return False
    if promotion.scope.shops and line.merchant_id not in promotion.scope.shops:
        return False
    reward: frozenset[UUID] = getattr(promotion.rule, "reward", frozenset())
    return in_scope(promotion.scope, line.product_id, line.categories) or line.product_id in reward


def in_scope(scope: Scope, product_id: UUID, categories: Sequence[UUID]) -> bool:
    if product_id in scope.without:
        return False
    everything = not scope.products and not scope.categories
    return everything or product_id in scope.products or not scope.categories.isdisjoint(categories)


def for_buyer(promotion: Promotion, buyer: Buyer) -> bool:
    audience = promotion.audience
    return (not audience.segments or not audience.segments.isdisjoint(buyer.segments)) and (
        not audience.new_buyers or buyer.new
    )


def _unusable(promotion: Promotion, cart: Cart, lines: Sequence[CartLine]) -> Reason | None:
    """The first reason for which it cannot be used here at all."""
    reasons = {
        Reason.NOT_YET: cart.at < promotion.starts_at,
        Reason.OVER: cart.at >= promotion.ends_at,
        Reason.OTHER_CURRENCY: promotion.currency != cart.currency,
        Reason.NOTHING_OF_IT: not lines,
        Reason.NOT_FOR_YOU: not for_buyer(promotion, cart.buyer),
        Reason.NOT_CLAIMED: promotion.coupon and promotion.promotion_id not in cart.buyer.holds,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _item_prices(candidates: Sequence[Candidate], amounts: Amounts) -> list[tuple[Candidate, Taking]]:
    """The price of a piece is the lowest that there is for it, and no matter of choice; the first of equals counts."""
    lowest: dict[str, tuple[int, int]] = {}
    offers = [choice.taking(each, amounts) for each in candidates]
    for number, offer in enumerate(offers):
        for line_id, off in offer.lines.items():
            if off > lowest.get(line_id, (0, 0))[0]:
                lowest[line_id] = (off, number)
    counting: list[tuple[Candidate, Taking]] = []
    for number, each in enumerate(candidates):
        lines = [line for line in each.lines if lowest.get(line.line_id, (0, -1))[1] == number]
        if lines:
            taken = Taking({line.line_id: lowest[line.line_id][0] for line in lines}, {})
            counting.append((choice.candidate(each.promotion, lines), taken))
    return counting


def _beside_prices(one: Candidate, items: Sequence[tuple[Candidate, Taking]]) -> Candidate:
    """Without the lines whose lowered price it may not stand beside."""
    closed = {
        line_id
        for item, _ in items
        for line_id in item.line_ids
        if one.promotion.layer not in item.promotion.beside or Layer.ITEM not in one.promotion.beside
    }
    return choice.candidate(one.promotion, [line for line in one.lines if line.line_id not in closed])


def _taken_in_turn(chosen: Sequence[Candidate], amounts: Amounts) -> Iterator[tuple[Candidate, Taking]]:
    for each in chosen:
        taken = choice.taking(each, amounts)
        yield each, taken
        amounts = choice.less(amounts, taken)


def _why_not(
    usable: Sequence[Candidate],
    later: Sequence[Candidate],
    chosen: Sequence[Candidate],
    steps: Sequence[tuple[Candidate, Taking]],
    amounts: Amounts,
) -> dict[PromotionId, Missed]:
    """What each of those that could be used, and are not, lacks."""
    counted = {each.promotion.promotion_id for each, _ in steps}
    open_lines = {each.promotion.promotion_id: each for each in later}
    missed: dict[PromotionId, Missed] = {}
    for each in usable:
        promotion = each.promotion
        if promotion.promotion_id in counted:
            continue
        if promotion.layer is Layer.ITEM:
            by = [item.promotion for item, _ in steps if item.line_ids & each.line_ids]
            beaten = [other.promotion_id for other in by if other.layer is Layer.ITEM]
            missed[promotion.promotion_id] = _missed(promotion, beaten, each, amounts)
        elif not open_lines[promotion.promotion_id].lines:
            missed[promotion.promotion_id] = Missed(promotion=promotion, reason=Reason.NOT_BESIDE_PRICE)
        else:
            mine = open_lines[promotion.promotion_id]
            rivals = [other.promotion.promotion_id for other in chosen if choice.in_the_way(mine, other)]
            left = amounts
            for step, taken in steps:
                if Layer.ITEM < step.promotion.layer < promotion.layer:
                    left = choice.less(left, taken)
            could = bool(choice.taking(mine, amounts))
            missed[promotion.promotion_id] = _missed(promotion, rivals if could else [], mine, left)
    return missed


def _missed(promotion: Promotion, by: Sequence[PromotionId], one: Candidate, amounts: Amounts) -> Missed:
    hint = effects.hint(promotion.rule, one.standing(amounts))
    if by or hint is None:
        return Missed(promotion=promotion, reason=Reason.BEATEN, by=tuple(sorted(by)))
    return Missed(promotion=promotion, reason=Reason.MORE_NEEDED, hint=hint)


def _told(
    cart: Cart,
    lines: Sequence[CartLine],
    steps: Sequence[tuple[Candidate, Taking]],
    missed: Sequence[Missed],
    exact: bool,
) -> Reckoning:
    by_line: dict[str, list[Share]] = {line.line_id: [] for line in lines}
    by_merchant: dict[UUID, list[Share]] = {merchant_id: [] for merchant_id in sorted(cart.freight)}
    for each, taken in steps:
        for line_id, part in _borne(each.promotion, taken.lines).items():
            by_line[line_id].append(part)
        for merchant_id, part in _borne(each.promotion, taken.freight).items():
            by_merchant[merchant_id].append(part)
    return Reckoning(
        currency=cart.currency,
        lines=tuple(
            Reduced(key=line.line_id, before=line.amount, shares=tuple(by_line[line.line_id])) for line in lines
        ),
        freight=tuple(
            Reduced(key=str(merchant_id), before=cart.freight[merchant_id], shares=tuple(shares))
            for merchant_id, shares in by_merchant.items()
        ),
        applied=tuple(_applied(lines, steps)),
        missed=tuple(missed),
        gifts=tuple(_gifts(lines, steps)),
        exact=exact,
    )


def _borne(promotion: Promotion, off: Mapping[Key, int]) -> dict[Key, Share]:
    """The platform's part of all that is taken off, shared out by what is taken off each: the largest remainder, so that
    the parts add up, and none is more than what is taken off there."""
    some = {key: amount for key, amount in sorted(off.items()) if amount}
    if not some:
        return {}
    parts = split(share(sum(some.values()), promotion.platform_millionths), list(some.values()))
    return {
        key: Share(promotion_id=promotion.promotion_id, amount=amount, platform=part)
        for (key, amount), part in zip(some.items(), parts, strict=True)
    }


def _applied(lines: Sequence[CartLine], steps: Sequence[tuple[Candidate, Taking]]) -> Iterator[Applied]:
    amounts = Amounts({line.line_id: line.amount for line in lines}, {})
    for each, taken in steps:
        standing = each.standing(amounts)
        yield Applied(
            promotion=each.promotion,
            line_ids=tuple(sorted(each.line_ids)),
            base=sum(one.amount for one in standing),
            pieces=sum(one.line.quantity for one in standing),
            off=taken.off,
            next=effects.hint(each.promotion.rule, standing),
        )
        amounts = choice.less(amounts, Taking(taken.lines, {}))


def _gifts(lines: Sequence[CartLine], steps: Sequence[tuple[Candidate, Taking]]) -> Iterator[Given]:
    amounts = Amounts({line.line_id: line.amount for line in lines}, {})
    for each, taken in steps:
        rule = each.promotion.rule
        if isinstance(rule, Gift):
            yield Given(
                promotion_id=each.promotion.promotion_id,
                name=each.promotion.name,
                sku_id=rule.sku_id,
                pieces=rule.pieces,
                worth=rule.worth,
                over=rule.over,
                counted=rule.counted,
                of=tuple((one.line.line_id, one.amount) for one in each.standing(amounts)),
            )
        amounts = choice.less(amounts, Taking(taken.lines, {}))
