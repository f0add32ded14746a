"""Why an order cost what it did: what counted, as the order keeps it, and why what else was offered then did not."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.goods import catalog, promotions
from steelyard.goods.catalog.model import SkuId
from steelyard.goods.promotions.model import (
    PLATFORM,
    Buyer,
    Cart,
    CartLine,
    Missed,
    Offer,
    Promotion,
    Reason,
    Reckoning,
)
from steelyard.kernel.db import Read
from steelyard.kernel.text import Text
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import orders
from steelyard.trade.orders.model import Order, OrderId, OrderLine

# What has nothing to do with these goods explains nothing.
_ELSEWHERE = frozenset({Reason.NOT_YET, Reason.OVER, Reason.OTHER_CURRENCY, Reason.NOTHING_OF_IT})


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What a promotion took off an order (minor units), and the part of it that the platform pays. `of_shop`: it is the
    shop's own."""

    promotion_id: UUID
    name: Text
    amount: int
    platform: int
    of_shop: bool

    @property
    def merchant(self) -> int:
        return self.amount - self.platform


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """`counted` and `lines` are what the order keeps. `missed` is reckoned anew from what the shop, and the platform for
    everybody, offered when it was placed; `unclear` are offers that should have counted by that: their budget or pieces had
    run out, or a limit was reached. `known` are those of the promotions that counted that are still what they were, `names`
    those of all that counted instead of others."""

    order: Order
    lines: Sequence[OrderLine]
    counted: Sequence[Counted]
    missed: Sequence[Missed]
    unclear: Sequence[Promotion]
    known: Mapping[UUID, Promotion]
    names: Mapping[UUID, Text]


async def explained(read: Read, merchant_id: MerchantId, order_id: OrderId) -> Explanation | None:
    """For the merchant whose order it is: none of any other. The whole purchase is reckoned, since promotions of the platform
    count over all of it; of other shops' goods and offers, and of the buyer's coupons of the platform, nothing is told."""
    order = await orders.order(read, merchant_id, order_id)
    if order is None:
        return None
    parts = await orders.orders_of_purchase(read, order.purchase_id)
    lines = await orders.lines_of(read, [part.order_id for part in parts])
    # What is bought from the cart may be said to come from a session; the prices of that are for who buys in its room.
    purchase = await orders.purchase(read, order.purchase_id)
    source = promotions.of_source((purchase.source if purchase else order.source) or "")
    offered = await promotions.offered_at(read, [PLATFORM, *(part.merchant_id for part in parts)], order.placed_at)
    offers = [offer for offer in offered if offer.only_source in (None, source)]
    mine = lines[order_id]
    counted = _counted(order, mine, {offer.promotion_id for offer in offers if offer.merchant_id == merchant_id})
    if not offers:
        return Explanation(order=order, lines=mine, counted=counted, missed=(), unclear=(), known={}, names={})
    cart = await _cart(read, parts, lines, offers, order.placed_at)
    found = promotions.reckon(cart, [offer.promotion for offer in offers])
    return _told(order, mine, counted, found, merchant_id)


def _counted(order: Order, lines: Sequence[OrderLine], own: set[UUID]) -> list[Counted]:
    """What the lines and the freight keep, promotion by promotion, in the order in which they are first met."""
    found: dict[UUID, Counted] = {}
    for each in (*(offer for line in lines for offer in line.offers), *order.freight_offers):
        before = found.get(each.promotion_id)
        found[each.promotion_id] = Counted(
            promotion_id=each.promotion_id,
            name=each.name,
            amount=each.amount + (before.amount if before else 0),
            platform=each.platform + (before.platform if before else 0),
            of_shop=each.promotion_id in own,
        )
    return list(found.values())


async def _cart(
    read: Read,
    parts: Sequence[Order],
    lines: Mapping[OrderId, Sequence[OrderLine]],
    offers: Sequence[Offer],
    at: datetime,
) -> Cart:
    """The purchase as it was: what was in it, at what it cost, and who bought it."""
    bought = [(part, line) for part in parts for line in lines[part.order_id] if line.gift is None]
    cards = await catalog.cards(read, [SkuId(line.sku_id) for _, line in bought])
    buyer_id = parts[0].buyer_id
    groups = await promotions.groups_at(read, buyer_id, [part.merchant_id for part in parts], at)
    held = await promotions.held_at(read, buyer_id, at, [part.order_id for part in parts])
    segments = {segment for offer in offers for segment in offer.segments if offer.group_id in groups}
    if any(offer.new_buyers for offer in offers):
        bought_of = await _bought_before(read, parts[0], at)
        segments |= {
            segment
            for offer in offers
            for segment in offer.segments
            if offer.new_buyers and (not bought_of if offer.of_platform else offer.merchant_id not in bought_of)
        }
    return Cart(
        currency=parts[0].currency,
        at=at,
        lines=[
            CartLine(
                line_id=f"{part.order_id}-{line.line}",
                sku_id=line.sku_id,
                product_id=line.product_id,
                merchant_id=part.merchant_id,
                categories=cards[SkuId(line.sku_id)].category_path if SkuId(line.sku_id) in cards else (),
                unit_price=line.unit_price,
                quantity=line.quantity,
            )
            for part, line in bought
        ],
        freight={part.merchant_id: part.freight + sum(offer.amount for offer in part.freight_offers) for part in parts},
        buyer=Buyer(holds=frozenset(held), segments=frozenset(segments)),
    )


async def _bought_before(read: Read, order: Order, at: datetime) -> set[UUID]:
    """Of which shops this buyer had an order before that was not called off."""
    rows = await read.fetch(
        """
        SELECT DISTINCT merchant_id FROM orders
        WHERE buyer_id = $1 AND placed_at < $2 AND state <> 'cancelled' AND purchase_id <> $3
        """,
        order.buyer_id,
        at,
        order.purchase_id,
    )
    return {row["merchant_id"] for row in rows}


def _told(
    order: Order,
    lines: Sequence[OrderLine],
    counted: Sequence[Counted],
    found: Reckoning,
    merchant_id: MerchantId,
) -> Explanation:
    """What of it is the merchant's to know."""
    kept = {each.promotion_id for each in counted}
    gifts = {line.gift.promotion_id for line in lines if line.gift is not None}

    def open_to(promotion: Promotion) -> bool:
        known = kept | gifts
        ours = promotion.merchant_id == merchant_id
        public = promotion.merchant_id is None and not promotion.coupon
        return (ours or public) and promotion.promotion_id not in known

    # One of the platform that took something off another shop's goods of the purchase did count.
    elsewhere = {each.promotion.promotion_id for each in found.applied if each.promotion.merchant_id is None}
    return Explanation(
        order=order,
        lines=lines,
        counted=counted,
        missed=[each for each in found.missed if each.reason not in _ELSEWHERE and open_to(each.promotion)],
        unclear=[
            each.promotion
            for each in found.applied
            if open_to(each.promotion) and each.promotion.promotion_id not in elsewhere
        ],
        known={
            each.promotion.promotion_id: each.promotion for each in found.applied if each.promotion.promotion_id in kept
        },
        names={each.promotion_id: each.name for each in counted}
        | {
            each.promotion.promotion_id: each.promotion.name
            for each in found.applied
            if each.promotion.merchant_id == merchant_id
        },
    )
