"""For whom coupons are: people who entered a code as often as they may, and people who bought of a shop, or anywhere here,
before."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

import msgspec

from steelyard.goods import promotions
from steelyard.goods.promotions.model import PLATFORM, Buyer, Code, CodeState, Gift, Offer, Personal, PromotionId
from steelyard.kernel.db import Read
from steelyard.parties.customers.model import BuyerId, Contact
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import orders
from steelyard.trade.checkout.model import Checkout, Quote
from steelyard.trade.orders.model import order_id_of


class Someone(msgspec.Struct, frozen=True, kw_only=True):
    """Who has a basket: a buyer, if they are known, and how they can be reached."""

    buyer_id: UUID | None
    contact: Contact

    @property
    def people(self) -> list[str]:
        return promotions.people_of(self.contact.email, self.contact.phone, self.buyer_id)

    @property
    def named(self) -> set[str]:
        """As orders know them."""
        return {str(self.buyer_id), self.contact.email, self.contact.email.strip().lower()} - {"", "None"}


class Considered(msgspec.Struct, frozen=True, kw_only=True):
    """Basket by basket: the buyer as promotions see them, and what their codes are to them."""

    buyers: Sequence[Buyer]
    codes: Sequence[Sequence[Code]]


async def considered(
    read: Read,
    baskets: Sequence[Someone],
    codes: Sequence[Sequence[Code]],
    held: Mapping[UUID, set[PromotionId]],
    running: Mapping[UUID, Sequence[Offer]],
) -> Considered:
    """Whom the coupons that they hold, or whose codes they entered, are for, and which groups of customers they are in. Nothing
    is asked where none of these is limited to people, or for new buyers, and nothing is for a group."""
    coupons = {offer.promotion_id: offer for offers in running.values() for offer in offers if offer.coupon}
    holds = [
        frozenset(held.get(basket.buyer_id, ()) if basket.buyer_id else ()).union(
            *(each.promotion_ids for each in mine)
        )
        for basket, mine in zip(baskets, codes, strict=True)
    ]
    grouped = {(offer.merchant_id, offer.group_id) for offers in running.values() for offer in offers if offer.group_id}
    known = {basket.buyer_id for basket in baskets if basket.buyer_id is not None}
    of_groups = await promotions.groups_of(read, known, grouped)
    groups = [
        frozenset(map(promotions.segment_of, of_groups.get(basket.buyer_id, ()) if basket.buyer_id else ()))
        for basket in baskets
    ]
    wanted = {promotion_id for mine in holds for promotion_id in mine}
    personal = {key: coupons[key] for key in coupons.keys() & wanted if coupons[key].limits}
    if not personal:
        return Considered(
            buyers=[Buyer(holds=mine, segments=own) for mine, own in zip(holds, groups, strict=True)], codes=codes
        )
    limits = [limit for offer in personal.values() for limit in offer.limits]
    over = await promotions.used_up(read, {who for basket in baskets for who in basket.people}, limits)
    bought = await _bought(read, baskets, [offer.merchant_id for offer in personal.values() if offer.new_buyers])
    buyers: list[Buyer] = []
    told: list[list[Code]] = []
    for basket, mine, own, entered in zip(baskets, holds, groups, codes, strict=True):
        barred: dict[UUID, CodeState] = {
            key: why for key, offer in personal.items() if (why := _barred(basket, offer, over, bought))
        }
        new_of = {promotions.new_of(offer.merchant_id) for key, offer in personal.items() if key not in barred}
        buyers.append(Buyer(holds=mine - barred.keys(), segments=own | new_of))
        told.append([_told(code, barred) for code in entered])
    return Considered(buyers=buyers, codes=told)


async def _bought(read: Read, baskets: Sequence[Someone], merchant_ids: Sequence[MerchantId]) -> set[tuple[str, UUID]]:
    if not merchant_ids:
        return set()
    buyer_ids = [*{BuyerId(basket.buyer_id) for basket in baskets if basket.buyer_id is not None}]
    emails = [*{name for basket in baskets for name in basket.named if "@" in name}]
    shops = [*{each for each in merchant_ids if each != PLATFORM}]
    found = await orders.bought_of(read, buyer_ids, emails, shops) if shops else set[tuple[str, UUID]]()
    if PLATFORM in merchant_ids:
        found |= {(who, PLATFORM) for who in await orders.bought_anywhere(read, buyer_ids, emails)}
    return found


def _barred(
    basket: Someone, offer: Offer, over: set[tuple[str, UUID]], bought: set[tuple[str, UUID]]
) -> CodeState | None:
    """Why this person cannot have it."""
    if offer.new_buyers and any((name, offer.merchant_id) in bought for name in basket.named):
        return CodeState.NOT_NEW
    if any((who, limit.limited_by) in over for who in basket.people for limit in offer.limits):
        return CodeState.HAD
    return None


def _told(code: Code, barred: Mapping[UUID, CodeState]) -> Code:
    left = tuple(each for each in code.promotion_ids if each not in barred)
    if code.state is not CodeState.KNOWN or left == code.promotion_ids:
        return code
    if left:
        return msgspec.structs.replace(code, promotion_ids=left)
    return Code(code=code.code, state=barred[code.promotion_ids[0]])


def of(checkout: Checkout, costs: Quote) -> Iterator[Personal]:
    """What is to be noted of who places this."""
    for each in costs.reckoning.applied if costs.reckoning else ():
        promotion = each.promotion
        if promotion.limits and (each.off or isinstance(promotion.rule, Gift)):
            yield Personal(
                purchase_id=checkout.purchase_id,
                used_for=promotions.noted_for(
                    promotion.promotion_id,
                    order_id=order_id_of(checkout.purchase_id, promotion.merchant_id)
                    if promotion.merchant_id
                    else None,
                    purchase_id=checkout.purchase_id,
                ),
                buyer_id=checkout.buyer_id,
                people=promotions.people_of(checkout.contact.email, checkout.contact.phone, checkout.buyer_id),
                limits=promotion.limits,
            )
