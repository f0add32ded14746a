"""Flash sales in a quote: which lines are sold in one, and what the buyer is told where that cannot be."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from steelyard.goods import promotions
from steelyard.goods.promotions.model import Cart, CartLine, Flash, Offer, Reckoning
from steelyard.kernel.db import Read
from steelyard.trade.checkout.model import Problem, ProblemCode

Had = Mapping[tuple[UUID, UUID], int]
"""How many pieces a buyer has at a flash price, by `(buyer_id, promotion_id)`."""


async def had(
    read: Read, buyer_ids: Collection[UUID], offers: Sequence[Offer], sku_ids: Collection[UUID], at: datetime
) -> Had:
    """What these buyers have of the flash sales that run, where a buyer can have only so many. Nothing is asked for any
    other goods."""
    limited = [
        offer.promotion_id
        for offer in offers
        if offer.flash is not None
        and offer.flash.per_buyer is not None
        and offer.flash.sku_id in sku_ids
        and offer.starts_at <= at
    ]
    return await promotions.had_by(read, buyer_ids, limited)


def sold(offers: Sequence[Offer], found: Reckoning) -> dict[str, int]:
    """The lines that are sold at a flash price, each with how many pieces are left at it."""
    flashes = {offer.promotion_id: offer.flash for offer in offers if offer.flash is not None}
    return {
        line_id: flash.left
        for each in found.applied
        if (flash := flashes.get(each.promotion.promotion_id)) is not None
        for line_id in each.line_ids
    }


async def told(read: Read, cart: Cart, offers: Sequence[Offer], found: Reckoning, buyer_id: UUID) -> list[Problem]:
    """`problems` of a cart before it is a checkout."""
    had_now = await had(read, [buyer_id], offers, {line.sku_id for line in cart.lines}, cart.at)
    return problems(cart, offers, found, had_now, buyer_id)


def problems(cart: Cart, offers: Sequence[Offer], found: Reckoning, had: Had, buyer_id: UUID | None) -> list[Problem]:
    """More than an order or a buyer can have; and fewer pieces left than are wanted, so that the usual price counts."""
    counting = {each.promotion.promotion_id for each in found.applied}
    said: list[Problem] = []
    for offer, flash, lines in _running(cart, offers):
        wanted = sum(line.quantity for line in lines)
        if offer.promotion_id not in counting:
            if wanted > flash.left:
                said += [_gone(line, flash) for line in lines]
            continue
        bought = had.get((buyer_id, offer.promotion_id), 0) if buyer_id is not None else 0
        most = flash.most(bought)
        if most is not None and wanted > most:
            facts: dict[str, int | str] = {"free": most, "bought": bought}
            code = ProblemCode.PRESALE_LIMIT if flash.presale else ProblemCode.LIMIT_REACHED
            said += [Problem(code=code, line_id=line.line_id, facts=facts) for line in lines]
    return said


def _running(cart: Cart, offers: Sequence[Offer]) -> Iterator[tuple[Offer, Flash, list[CartLine]]]:
    """The flash prices of this moment that are for some of the lines."""
    for offer in offers:
        flash = offer.flash
        if flash is not None and offer.starts_at <= cart.at < offer.ends_at:
            lines = [line for line in cart.lines if line.sku_id == flash.sku_id]
            if lines:
                yield offer, flash, lines


def _gone(line: CartLine, flash: Flash) -> Problem:
    code = ProblemCode.PRESALE_GONE if flash.presale else ProblemCode.FLASH_GONE
    return Problem(code=code, line_id=line.line_id, facts={"free": flash.left})
