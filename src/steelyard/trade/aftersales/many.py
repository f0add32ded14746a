"""Refunds of many orders in one transaction, each with an answer of its own: what thousands of desks decide in the same minutes.

Most refunds are of orders that have left the house, and only sums: those go together, in the same statements for one or for 256.
What touches more than money (pieces that need not be sent, goods back on the shelf, gifts, balances) is carried out one by one
among them.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.money.payments.model import RefundRoute
from steelyard.trade import orders
from steelyard.trade.aftersales.gifts import unearned
from steelyard.trade.aftersales.giving import Decided, decided_before, freights_left, give_back_each
from steelyard.trade.aftersales.model import RefundRequest
from steelyard.trade.aftersales.reckoning import beside_of, check, check_freight, shares_of
from steelyard.trade.aftersales.service import REFUNDABLE, TO_SEND, refund
from steelyard.trade.orders.model import Order, OrderId, OrderLine


class Wanted(msgspec.Struct, frozen=True):
    """A refund, and who wants it given."""

    request: RefundRequest
    by: str

    @property
    def order_id(self) -> OrderId:
        return self.request.order_id


async def refund_each(tx: Tx, wanted: Sequence[Wanted]) -> list[Refusal | None]:
    """`refund` for each; of each, why it is refused. What is refused leaves nothing behind. Said twice with the same ids, the
    second changes nothing."""
    answers: dict[UUID, Refusal | None] = {}
    rest = list({each.request.refund_id: each for each in wanted}.values())
    while rest:
        first = {each.order_id: each for each in reversed(rest)}  # a second refund of an order sees the first
        answers |= await _refund_each(tx, list(first.values()))
        rest = [each for each in rest if each is not first[each.order_id]]
    return [answers[each.request.refund_id] for each in wanted]


async def _refund_each(tx: Tx, wanted: Sequence[Wanted]) -> dict[UUID, Refusal | None]:
    """Each order once."""
    held = await orders.lock_orders(tx, [(each.request.merchant_id, each.order_id) for each in wanted])
    before = await decided_before(tx, [each.request for each in wanted])
    answers: dict[UUID, Refusal | None] = {
        each.request.refund_id: None if each.request.refund_id in before else NotFound() for each in wanted
    }
    asked = [each for each in wanted if each.order_id in held and each.request.refund_id not in before]
    if not asked:
        return answers
    lines = await orders.lines_of(tx, [each.order_id for each in asked])
    lefts = await freights_left(tx, [(held[each.order_id], lines[each.order_id]) for each in asked])
    plain: list[Decided] = []
    others: list[Wanted] = []
    for each, left in zip(asked, lefts, strict=True):
        order = held[each.order_id]
        if not _only_money(order, lines[each.order_id], each.request):
            others.append(each)
            continue
        try:
            plain.append(_decide(order, lines[each.order_id], each, left))
        except Refusal as refusal:
            answers[each.request.refund_id] = refusal
    for each in others:
        answers[each.request.refund_id] = await _alone(tx, each)
    given = await give_back_each(tx, plain)
    return answers | {each.request.refund_id: why for each, why in zip(plain, given, strict=True)}


def _only_money(order: Order, lines: Sequence[OrderLine], request: RefundRequest) -> bool:
    """Whether nothing but sums has to move."""
    pieces = {item.line: item.quantity for item in request.lines}
    return (
        order.state in REFUNDABLE
        and order.state not in TO_SEND
        and not request.restock
        and request.route is not RefundRoute.BALANCE
        and not (pieces and unearned(lines, pieces))
    )


def _decide(order: Order, lines: Sequence[OrderLine], wanted: Wanted, left: int) -> Decided:
    request = wanted.request
    check(request, lines)
    check_freight(request, order, left)
    pieces = {item.line: item.quantity for item in request.lines}
    shares = shares_of(lines, pieces, {item.line: item.amount for item in request.less})
    beside = beside_of(order, lines, shares, request.freight, left)
    return Decided(order=order, request=request, lines=lines, shares=shares, by=wanted.by, beside=beside, left=left)


async def _alone(tx: Tx, wanted: Wanted) -> Refusal | None:
    """A refund that moves more than money: if it is refused, what it did by then is undone."""
    try:
        async with tx.savepoint():
            await refund(tx, wanted.request, wanted.by)
    except Refusal as refusal:
        return refusal
    return None
