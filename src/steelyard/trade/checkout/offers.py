"""What promotions take off a quote: the best that the offers of shops and platform and the buyer's coupons can do for it,
line by line."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from steelyard.goods import promotions, taxes
from steelyard.goods.promotions.model import (
    PLATFORM,
    Buyer,
    Cart,
    CartLine,
    Held,
    Offer,
    PromotionId,
    Reckoning,
    Reduced,
    Share,
    Use,
)
from steelyard.goods.taxes.model import Rate
from steelyard.kernel.db import Read, Tx
from steelyard.trade.checkout.model import Checkout, Quote, QuoteGroup, QuoteLine
from steelyard.trade.orders.model import LineOffer, order_id_of


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer (none: nobody in particular) would pay without any offer."""

    buyer_id: UUID | None
    currency: str
    groups: Sequence[QuoteGroup]


class Reduction(msgspec.Struct, frozen=True, kw_only=True):
    """The same with the offers that count, and why; no reckoning where nothing is offered."""

    groups: Sequence[QuoteGroup]
    reckoning: Reckoning | None = None


async def reduced(read: Read, baskets: Sequence[Basket]) -> list[Reduction]:
    """Each of these with what is offered now. Where nobody offers anything, nothing more is asked."""
    shops = {group.shop.merchant_id for basket in baskets for group in basket.groups}
    running = await promotions.running(read, shops)
    if not running:
        return [Reduction(groups=basket.groups) for basket in baskets]
    buyers = {basket.buyer_id for basket in baskets if basket.buyer_id is not None}
    held = await promotions.held_by(read, buyers, [offer for offers in running.values() for offer in offers])
    at = datetime.now(UTC)
    return [_reduced(basket, list(_offers(basket, running)), _coupons(basket, held), at) for basket in baskets]


def _offers(basket: Basket, running: Mapping[UUID, Sequence[Offer]]) -> Iterator[Offer]:
    for group in basket.groups:
        yield from running.get(group.shop.merchant_id, ())
    yield from running.get(PLATFORM, ())


def _coupons(basket: Basket, held: Mapping[UUID, set[PromotionId]]) -> frozenset[UUID]:
    return frozenset(held.get(basket.buyer_id, ())) if basket.buyer_id is not None else frozenset()


def _reduced(basket: Basket, offers: Sequence[Offer], coupons: frozenset[UUID], at: datetime) -> Reduction:
    if not offers or not basket.groups:
        return Reduction(groups=basket.groups)
    cart = Cart(
        currency=basket.currency,
        at=at,
        lines=[_cart_line(line) for group in basket.groups for line in group.lines],
        freight={group.shop.merchant_id: group.freight for group in basket.groups},
        buyer=Buyer(holds=coupons),
    )
    found = promotions.reckon_offers(cart, offers)
    by_line = {part.key: part for part in found.lines}
    by_shop = {part.key: part for part in found.freight}
    groups = [_group(group, by_line, by_shop[str(group.shop.merchant_id)]) for group in basket.groups]
    return Reduction(groups=groups, reckoning=found)


def _cart_line(line: QuoteLine) -> CartLine:
    return CartLine(
        line_id=line.line_id,
        sku_id=line.card.sku_id,
        product_id=line.card.product_id,
        merchant_id=line.card.merchant_id,
        categories=line.card.category_path,
        unit_price=line.unit_price,
        quantity=line.quantity,
    )


def _group(group: QuoteGroup, by_line: Mapping[str, Reduced], freight: Reduced) -> QuoteGroup:
    rate = Rate(millionths=group.freight_tax_millionths, inclusive=group.freight_tax_inclusive)
    return msgspec.structs.replace(
        group,
        lines=[_line(line, by_line[line.line_id]) for line in group.lines],
        freight_off=freight.off,
        freight_shares=freight.shares,
        freight_tax=taxes.tax_of(freight.amount, rate) if freight.off else group.freight_tax,
    )


def _line(line: QuoteLine, part: Reduced) -> QuoteLine:
    if not part.off:
        return line
    rate = Rate(millionths=line.tax_millionths, inclusive=line.tax_inclusive)
    return msgspec.structs.replace(line, discount=part.off, shares=part.shares, tax=taxes.tax_of(part.amount, rate))


async def keep(tx: Tx, quoted: Sequence[tuple[Checkout, Quote]]) -> tuple[list[Held], set[UUID]]:
    """Keep what the offers that count need of their budgets, and the coupons; also the purchases that come too late."""
    uses = [use for checkout, costs in quoted if costs.reckoning is not None for use in _uses(checkout, costs)]
    return await promotions.hold(tx, uses) if uses else ([], set())


def _uses(checkout: Checkout, costs: Quote) -> Iterator[Use]:
    """What each promotion takes off each order, and the platform's part of it. A purchase names a promotion once an order."""
    applied = costs.reckoning.applied if costs.reckoning else ()
    owners = {each.promotion.promotion_id: each.promotion for each in applied}
    for group in costs.groups:
        shares = [*group.freight_shares, *(share for line in group.lines for share in line.shares)]
        for promotion_id in dict.fromkeys(share.promotion_id for share in shares):
            mine = [share for share in shares if share.promotion_id == promotion_id]
            yield Use(
                purchase_id=checkout.purchase_id,
                merchant_id=owners[promotion_id].merchant_id or PLATFORM,
                order_id=order_id_of(checkout.purchase_id, group.shop.merchant_id),
                promotion_id=promotion_id,
                buyer_id=checkout.buyer_id,
                amount=sum(share.amount for share in mine),
                coupon=owners[promotion_id].coupon,
                platform=sum(share.platform for share in mine),
            )


def frozen(shares: Sequence[Share], costs: Quote) -> list[LineOffer]:
    """What an order keeps of the offers that count for a line, or for its freight."""
    applied = costs.reckoning.applied if costs.reckoning else ()
    names = {each.promotion.promotion_id: each.promotion.name for each in applied}
    return [
        LineOffer(
            promotion_id=share.promotion_id,
            name=names[share.promotion_id],
            amount=share.amount,
            platform=share.platform,
        )
        for share in shares
    ]
