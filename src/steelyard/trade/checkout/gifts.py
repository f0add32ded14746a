"""Gifts in a quote: what is there to be given, and the lines that it is sent as."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.goods import catalog, inventory
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.goods.promotions.model import Gift, Given, Offer, Reckoning
from steelyard.kernel.db import Read
from steelyard.kernel.text import Text
from steelyard.trade.checkout.model import QuoteGroup, QuoteLine
from steelyard.trade.orders.model import GiftTerms


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """What these gifts are, and how many pieces of each are free."""

    cards: Mapping[SkuId, SkuCard] = {}
    free: Mapping[SkuId, int] = {}


async def shelf(read: Read, offers: Iterable[Offer], at: datetime) -> Shelf:
    """The gifts of offers that have begun. Where nothing is given, nothing is asked."""
    wanted = sorted({each.rule.sku_id for each in offers if isinstance(each.rule, Gift) and each.starts_at <= at})
    if not wanted:
        return Shelf()
    cards = await catalog.cards(read, wanted)
    free = await inventory.available(read, wanted)
    return Shelf(cards=cards, free={sku_id: free[sku_id] for sku_id, card in cards.items() if card.on_sale})


def left(found: Shelf, bought: Iterable[tuple[UUID, int]]) -> dict[UUID, int]:
    """How many pieces can be given to who buys these `(sku_id, pieces)`: what is bought comes first."""
    pieces: dict[UUID, int] = {**found.free}
    for sku_id, count in bought:
        if sku_id in pieces:
            pieces[sku_id] -= count
    return pieces


def lines(found: Shelf, reckoning: Reckoning, group: QuoteGroup) -> list[QuoteLine]:
    """What comes with a merchant's part for nothing, each a line of its own."""
    return [
        _line(found.cards[given.sku_id], found.free[given.sku_id], given)
        for given in reckoning.gifts
        if found.cards[given.sku_id].merchant_id == group.shop.merchant_id
    ]


def _line(card: SkuCard, free: int, given: Given) -> QuoteLine:
    return QuoteLine(
        line_id=f"gift-{given.promotion_id}",
        card=card,
        quantity=given.pieces,
        unit_price=0,
        seen_price=None,
        free=free,
        tax=0,
        tax_millionths=0,
        tax_inclusive=True,
        tax_name=Text(),
        gift=given,
    )


def terms(given: Given, lines: Sequence[QuoteLine]) -> GiftTerms:
    """What the order keeps of it: for which of its lines it is, by their numbers."""
    numbers = {line.line_id: number for number, line in enumerate(lines, start=1)}
    return GiftTerms(
        promotion_id=given.promotion_id,
        name=given.name,
        worth=given.worth,
        over=given.over,
        counted=given.counted,
        of=[(numbers[line_id], amount) for line_id, amount in given.of if line_id in numbers],
    )
