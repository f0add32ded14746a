"""What promotions take off a quote: the best that the offers of shops and platform and the buyer's coupons can do for it,
line by line."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from steelyard.goods import promotions, taxes
from steelyard.goods.promotions.model import (
    PLATFORM,
    Bundle,
    Buyer,
    BuyGet,
    Cart,
    CartLine,
    Code,
    Entered,
    Held,
    Ladder,
    Offer,
    OfferGone,
    PiecesFor,
    Reckoning,
    Reduced,
    Share,
    SpecialPrice,
    Use,
)
from steelyard.goods.taxes.model import Rate
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Refusal
from steelyard.trade.checkout import flashes, gathering, gifts, personal, presales
from steelyard.trade.checkout.model import SHOP, Checkout, Discount, Problem, Quote, QuoteGroup, QuoteLine, at_shop
from steelyard.trade.groups.model import Gathered
from steelyard.trade.orders.model import LineOffer, NewBooking, order_id_of

_BY_PIECE = (SpecialPrice, Ladder, BuyGet, PiecesFor, Bundle)


class Basket(personal.Someone, frozen=True, kw_only=True):
    """What a buyer (none: nobody in particular) would pay without any offer, the codes of coupons that they entered, and how
    they can be reached: by that people are told apart. `gathered`: what they buy in a team; `client`: by way of what
    they buy."""

    currency: str
    groups: Sequence[QuoteGroup]
    codes: Sequence[str] = ()
    client: str = SHOP
    gathered: Gathered | None = None

    @property
    def shops(self) -> frozenset[UUID]:
        return frozenset(group.shop.merchant_id for group in self.groups)


class Reduction(msgspec.Struct, frozen=True, kw_only=True):
    """The same with the offers that count, and why; no reckoning where nothing is offered. `problems` are what is to be
    said of flash sales and presales; `booking`: it is bought in a presale."""

    groups: Sequence[QuoteGroup]
    reckoning: Reckoning | None = None
    problems: Sequence[Problem] = ()
    codes: Sequence[Code] = ()
    booking: NewBooking | None = None


class _Now(msgspec.Struct, frozen=True):
    """What holds for all baskets: the moment, what buyers have of flash sales, and the gifts that are there."""

    at: datetime
    had: flashes.Had
    shelf: gifts.Shelf


async def reduced(read: Read, baskets: Sequence[Basket]) -> list[Reduction]:
    """Each of these with what is offered now. Where nobody offers anything, nothing more is asked."""
    sources = {source for basket in baskets if (source := promotions.of_source(basket.client)) is not None}
    running = await promotions.running(read, frozenset().union(*(basket.shops for basket in baskets)), sources)
    codes = await promotions.understood(
        read,
        [Entered(buyer_id=basket.buyer_id, merchant_ids=basket.shops, codes=basket.codes) for basket in baskets],
    )
    if not running and all(basket.gathered is None for basket in baskets):
        return [Reduction(groups=basket.groups, codes=mine) for basket, mine in zip(baskets, codes, strict=True)]
    buyers = {basket.buyer_id for basket in baskets if basket.buyer_id is not None}
    every = [offer for offers in running.values() for offer in offers]
    held = await promotions.held_by(read, buyers, every)
    mine = await personal.considered(read, baskets, codes, held, running)
    at = datetime.now(UTC)
    wanted = {line.card.sku_id for basket in baskets for group in basket.groups for line in group.lines}
    had = await flashes.had(read, buyers, every, wanted, at)
    shelf = await gifts.shelf(read, every, at)
    return [
        _reduced(basket, list(_offers(basket, running)), person, said, _Now(at, had, shelf))
        for basket, person, said in zip(baskets, mine.buyers, mine.codes, strict=True)
    ]


def _offers(basket: Basket, running: Mapping[UUID, Sequence[Offer]]) -> Iterator[Offer]:
    """Whoever buys in a team pays its price, and takes nothing of a flash sale; what is for one source is for it alone."""
    source = promotions.of_source(basket.client)
    for group in basket.groups:
        offers = [offer for offer in running.get(group.shop.merchant_id, ()) if offer.only_source in (None, source)]
        yield from offers if basket.gathered is None else (offer for offer in offers if offer.flash is None)
    yield from running.get(PLATFORM, ())
    if basket.gathered is not None:
        sku_ids = {line.card.sku_id for group in basket.groups for line in group.lines}
        team = gathering.offer_of(basket.gathered, sku_ids)
        yield from () if team is None else (team,)


def _reduced(
    basket: Basket,
    offers: Sequence[Offer],
    buyer: Buyer,
    codes: Sequence[Code],
    now: _Now,
) -> Reduction:
    if not offers or not basket.groups:
        return Reduction(groups=basket.groups, codes=codes)
    cart = Cart(
        currency=basket.currency,
        at=now.at,
        lines=[_cart_line(line) for group in basket.groups for line in group.lines],
        freight={group.shop.merchant_id: group.freight for group in basket.groups},
        buyer=buyer,
    )
    told = presales.chosen(cart, offers, agent=not at_shop(basket.client))
    offers = told.offers
    left = gifts.left(now.shelf, ((line.sku_id, line.quantity) for line in cart.lines))
    found = promotions.reckon_offers(cart, offers, left)
    by_line = {part.key: part for part in found.lines}
    by_shop = {part.key: part for part in found.freight}
    sold = flashes.sold(offers, found)
    groups = [
        msgspec.structs.replace(
            _group(group, by_line, by_shop[str(group.shop.merchant_id)], sold),
            gifts=gifts.lines(now.shelf, found, group) if found.gifts else (),
        )
        for group in basket.groups
    ]
    said = [*told.problems, *flashes.problems(cart, offers, found, now.had, basket.buyer_id)]
    booking = presales.booking(offers, found, cart.lines[0].quantity)
    return Reduction(groups=groups, reckoning=found, codes=codes, problems=said, booking=booking)


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


def _group(group: QuoteGroup, by_line: Mapping[str, Reduced], freight: Reduced, sold: Mapping[str, int]) -> QuoteGroup:
    rate = Rate(millionths=group.freight_tax_millionths, inclusive=group.freight_tax_inclusive)
    return msgspec.structs.replace(
        group,
        lines=[_line(line, by_line[line.line_id], sold.get(line.line_id)) for line in group.lines],
        freight_off=freight.off,
        freight_shares=freight.shares,
        freight_tax=taxes.tax_of(freight.amount, rate) if freight.off else group.freight_tax,
    )


def _line(line: QuoteLine, part: Reduced, left: int | None) -> QuoteLine:
    """`left`: how many pieces the flash sale has that it is sold in."""
    if not part.off:
        return line
    rate = Rate(millionths=line.tax_millionths, inclusive=line.tax_inclusive)
    return msgspec.structs.replace(
        line,
        discount=part.off,
        shares=part.shares,
        tax=taxes.tax_of(part.amount, rate),
        flash=left is not None,
        free=line.free if left is None else left,
    )


async def keep(tx: Tx, quoted: Sequence[tuple[Checkout, Quote]]) -> tuple[list[Held], Mapping[UUID, Refusal]]:
    """Keep what the offers that count need of their budgets, the coupons, and pieces of flash sales; also what is said to
    the purchases that come too late."""
    uses = [use for checkout, costs in quoted if costs.reckoning is not None for use in _uses(checkout, costs)]
    if not uses:
        return [], {}
    late = await promotions.note_people(tx, [one for checkout, costs in quoted for one in personal.of(checkout, costs)])
    held, gone = await promotions.hold(tx, [use for use in uses if use.purchase_id not in late])
    return held, {purchase_id: OfferGone() for purchase_id in late} | dict(gone)


async def let_go(tx: Tx, refused: Sequence[tuple[Checkout, Quote]]) -> None:
    """What was noted of people for purchases that are not placed after all."""
    noted = [one.used_for for checkout, costs in refused for one in personal.of(checkout, costs)]
    await promotions.let_go(tx, noted)


def _uses(checkout: Checkout, costs: Quote) -> Iterator[Use]:
    """What each promotion takes off each order, and the platform's part of it; an order names a promotion once."""
    applied = {each.promotion.promotion_id: each for each in (costs.reckoning.applied if costs.reckoning else ())}
    # Of a group price the team keeps count.
    team = costs.gathered.offer.offer_id if costs.gathered else None
    entered = {promotion_id for code in costs.codes for promotion_id in code.promotion_ids}
    for group in costs.groups:
        shares = [*group.freight_shares, *(share for line in group.lines for share in line.shares)]
        given = [line.gift.promotion_id for line in group.gifts if line.gift is not None]
        for promotion_id in dict.fromkeys(
            [*(share.promotion_id for share in shares if share.promotion_id != team), *given]
        ):
            mine = [share for share in shares if share.promotion_id == promotion_id]
            promotion = applied[promotion_id].promotion
            yield Use(
                purchase_id=checkout.purchase_id,
                merchant_id=promotion.merchant_id or PLATFORM,
                order_id=order_id_of(checkout.purchase_id, group.shop.merchant_id),
                promotion_id=promotion_id,
                buyer_id=checkout.buyer_id,
                amount=sum(share.amount for share in mine),
                coupon=promotion.coupon,
                platform=sum(share.platform for share in mine),
                pieces=applied[promotion_id].pieces if promotion.limited else 0,
                by_code=promotion_id in entered,
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


def discounts(costs: Quote) -> list[Discount]:
    """What each promotion takes off, in the order in which they count, line by line as order lines keep it."""
    if costs.reckoning is None:
        return []
    code_of = {promotion_id: code.code for code in costs.codes for promotion_id in code.promotion_ids}
    lines: dict[UUID, dict[str, int]] = {}
    for line in (line for group in costs.groups for line in group.lines):
        for share in line.shares:
            lines.setdefault(share.promotion_id, {})[line.line_id] = share.amount
    freight: dict[UUID, dict[str, int]] = {}
    for part in costs.reckoning.freight:
        for share in part.shares:
            freight.setdefault(share.promotion_id, {})[part.key] = share.amount
    return [
        Discount(
            promotion_id=each.promotion.promotion_id,
            name=each.promotion.name,
            amount=each.off,
            code=code_of.get(each.promotion.promotion_id),
            by_piece=isinstance(each.promotion.rule, _BY_PIECE),
            lines=lines.get(each.promotion.promotion_id, {}),
            freight=freight.get(each.promotion.promotion_id, {}),
        )
        for each in costs.reckoning.applied
        if each.off
    ]
