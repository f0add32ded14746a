"""Presales in a quote: what is sold in one is bought by itself, in the shop itself, and no other offer counts for it."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from steelyard.goods.promotions.model import Cart, Offer, Reckoning
from steelyard.kernel.db import Tx
from steelyard.trade import orders
from steelyard.trade.checkout.model import Problem, ProblemCode
from steelyard.trade.orders.model import Booking, NewBooking, NotPayable, Purchase


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The offers that count for a cart, and what is to be said of goods that are in a presale."""

    offers: Sequence[Offer]
    problems: Sequence[Problem] = ()


def chosen(cart: Cart, offers: Sequence[Offer], *, agent: bool) -> Told:
    """Of these offers, those that count. Where none of the goods is in a presale now: all but presales.

    A line that is in one is bought alone, and then at the presale's price and nothing else; beside other goods, or by an
    agent, it is not. Of more pieces than are left in it the usual price counts, as in a flash sale.
    """
    others = [offer for offer in offers if offer.flash is None or offer.flash.presale is None]
    wanted = {line.sku_id: line for line in cart.lines}
    mine = [
        offer
        for offer in offers
        if offer.flash is not None
        and offer.flash.presale is not None
        and offer.flash.sku_id in wanted
        and offer.starts_at <= cart.at < offer.ends_at
    ]
    if not mine:
        return Told(offers=others)
    if agent or len(cart.lines) > 1:
        said = [
            Problem(code=ProblemCode.PRESALE_ALONE, line_id=wanted[offer.flash.sku_id].line_id)
            for offer in mine
            if offer.flash is not None
        ]
        return Told(offers=others, problems=said)
    (line,) = cart.lines
    with_pieces = [offer for offer in mine if offer.flash is not None and offer.flash.left >= line.quantity]
    return Told(offers=with_pieces or [*mine, *others])


def booking(offers: Sequence[Offer], found: Reckoning, quantity: int) -> NewBooking | None:
    """What a purchase of so many pieces is of the presale that counts for it, if one does."""
    counting = {each.promotion.promotion_id for each in found.applied}
    for offer in offers:
        if offer.promotion_id in counting and offer.flash is not None and offer.flash.presale is not None:
            presale = offer.flash.presale
            return NewBooking(
                session_id=offer.flash.session_id,
                quantity=quantity,
                deposit=presale.deposit * quantity,
                counts_for=presale.counts_for * quantity,
                deposit_until=offer.ends_at,
                balance_from=presale.balance_from,
                balance_until=presale.balance_until,
                ships_by=presale.ships_by,
                forfeits=presale.forfeits,
            )
    return None


async def part_due(tx: Tx, purchase: Purchase) -> Booking:
    """What a locked purchase is of a presale, of which something is to be paid now. Raises `NotPayable`."""
    booking = (await orders.lock_bookings(tx, [purchase.purchase_id]))[purchase.purchase_id]
    if booking.due(datetime.now(UTC)) is None:
        raise NotPayable(state=str(booking.state(datetime.now(UTC))))
    return booking
