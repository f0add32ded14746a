"""Limits of shops in a quote, and when it is placed: how many of a product or variant an order and a buyer can have, and how
many an order needs at least.

What a buyer has is counted from their orders, so that what is called off counts no more. For goods without a limit for each
buyer nothing is asked. See docs/decisions/0094.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from steelyard.goods.catalog.model import Limits, SkuCard
from steelyard.kernel.db import Read, Tx
from steelyard.parties import customers
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import orders
from steelyard.trade.checkout.model import Checkout, CheckoutId, CheckoutNotReady, Problem, ProblemCode, Quote
from steelyard.trade.orders import Counting


class Line(Protocol):
    """What is wanted of one SKU."""

    @property
    def line_id(self) -> str: ...
    @property
    def card(self) -> SkuCard: ...
    @property
    def quantity(self) -> int: ...


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces of something, before there is a quote."""

    line_id: str
    card: SkuCard
    quantity: int


class Limited(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of something that is limited: of a variant, or of all variants of a product together (`sku_id` none)."""

    merchant_id: MerchantId
    product_id: UUID
    sku_id: UUID | None
    limits: Limits
    line_ids: tuple[str, ...]
    pieces: int

    @property
    def subject(self) -> UUID:
        return self.sku_id or self.product_id


Had = Mapping[tuple[UUID, UUID], int]
"""How many pieces a buyer has of what is limited, by `(buyer_id, subject)`."""


def limited(lines: Iterable[Line]) -> list[Limited]:
    """What of these has a limit; usually nothing."""
    found: dict[UUID, Limited] = {}
    for line in lines:
        card = line.card
        if card.product_limits is not None:
            _add(found, line, card.product_limits, None)
        if card.limits is not None:
            _add(found, line, card.limits, card.sku_id)
    return list(found.values())


def _add(found: dict[UUID, Limited], line: Line, limits: Limits, sku_id: UUID | None) -> None:
    subject = sku_id or line.card.product_id
    before = found.get(subject)
    found[subject] = Limited(
        merchant_id=line.card.merchant_id,
        product_id=line.card.product_id,
        sku_id=sku_id,
        limits=limits,
        line_ids=(*(before.line_ids if before else ()), line.line_id),
        pieces=line.quantity + (before.pieces if before else 0),
    )


async def told(read: Read, baskets: Sequence[tuple[UUID | None, Iterable[Line]]]) -> list[list[Problem]]:
    """What is to be said to each buyer (none: nobody in particular) of what they want."""
    wanted = [(buyer_id, limited(lines)) for buyer_id, lines in baskets]
    had = await _had(read, wanted)
    return [
        [
            problem
            for each in some
            for problem in _problems(each, had.get((buyer_id, each.subject), 0) if buyer_id else 0)
        ]
        for buyer_id, some in wanted
    ]


async def _had(read: Read, wanted: Iterable[tuple[UUID | None, Iterable[Limited]]]) -> Had:
    """Of what these buyers can have only so many."""
    counted = {
        (buyer_id, each.subject): Counting(
            buyer_id=buyer_id,
            merchant_id=each.merchant_id,
            product_id=each.product_id,
            sku_id=each.sku_id,
            days=each.limits.days,
        )
        for buyer_id, some in wanted
        for each in some
        if buyer_id is not None and each.limits.per_buyer is not None
    }
    return await orders.had_of(read, list(counted.values())) if counted else {}


def _problems(each: Limited, had: int) -> Iterator[Problem]:
    limits = each.limits
    facts: dict[str, int | str]
    for line_id in each.line_ids:
        if limits.least is not None and each.pieces < limits.least:
            yield Problem(code=ProblemCode.TOO_FEW, line_id=line_id, facts={"least": limits.least})
        if limits.per_order is not None and each.pieces > limits.per_order:
            facts = {"free": limits.per_order, "most": limits.per_order}
            yield Problem(code=ProblemCode.TOO_MANY, line_id=line_id, facts=facts)
        free = limits.left(had)
        if limits.per_buyer is not None and free is not None and each.pieces > free:
            facts = {"free": free, "most": limits.per_buyer, "bought": had, "period": str(limits.period)}
            yield Problem(code=ProblemCode.BUYERS_LIMIT, line_id=line_id, facts=facts)


async def keep(tx: Tx, quoted: Sequence[tuple[Checkout, Quote]]) -> dict[CheckoutId, CheckoutNotReady]:
    """Hold the buyers of what each buyer can have only so many of, count once more what they have, and say whose limit is
    reached: of several purchases of one buyer at the same moment, the first in this order have it."""
    wanted = [
        (checkout, [each for each in limited(_lines(costs)) if each.limits.per_buyer is not None])
        for checkout, costs in quoted
    ]
    wanted = [(checkout, some) for checkout, some in wanted if some]
    if not wanted:
        return {}
    await customers.hold(tx, {checkout.buyer_id for checkout, _ in wanted})
    had = dict(await _had(tx, [(checkout.buyer_id, some) for checkout, some in wanted]))
    refused: dict[CheckoutId, CheckoutNotReady] = {}
    for checkout, some in wanted:
        problems = [
            problem for each in some for problem in _problems(each, had.get((checkout.buyer_id, each.subject), 0))
        ]
        if problems:
            refused[checkout.checkout_id] = CheckoutNotReady(problems=problems)
            continue
        for each in some:
            key = (checkout.buyer_id, each.subject)
            had[key] = had.get(key, 0) + each.pieces
    return refused


def _lines(costs: Quote) -> Iterator[Line]:
    for group in costs.groups:
        yield from group.lines
