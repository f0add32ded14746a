"""What was promised to leave by a time and did not: found at that very second, excused or compensated.

A line is late when a piece of it that was still wanted had not left when its time was over. Nothing is paid when the buyer sent
it elsewhere after paying, while a request to cancel or an after-sales case was open, or when a part of it had left in
time. Where the order was paid while its shop was away, and buyers were told, the time counts from its return.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from steelyard.kernel.db import Row, Tx
from steelyard.logistics import fulfilment
from steelyard.logistics.fulfilment import Promised
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import discipline, rights
from steelyard.trade.orders.model import OrderId
from steelyard.trade.promises.model import Cause, Excuse, Owed, compensation
from steelyard.trade.promises.paying import pay
from steelyard.trade.rights.model import RuleKind, Rules

LINES_PER_SWEEP = 100
BY = "system"


async def note_late(tx: Tx, now: datetime | None = None) -> int:
    """Judge every promise whose time is over: kept, excused, or paid for. Returns how many were judged."""
    now = now or datetime.now(UTC)
    due = await fulfilment.promises_due(tx, now, LINES_PER_SWEEP)
    of_shop: dict[UUID, list[tuple[UUID, int]]] = defaultdict(list)
    for merchant_id, order_id, line in due:
        of_shop[merchant_id].append((order_id, line))
    # Shop by shop, in the order of their keys: each is locked, as whoever takes money from it locks it.
    for merchant_id in sorted(of_shop):
        await _of_shop(tx, MerchantId(merchant_id), of_shop[merchant_id], now)
    return len(due)


async def _of_shop(tx: Tx, merchant_id: MerchantId, lines: Sequence[tuple[UUID, int]], now: datetime) -> None:
    await discipline.lock(tx, merchant_id)
    pause = await merchants.pause_of(tx, merchant_id)
    if pause is not None and pause.sells:
        await fulfilment.count_from(tx, merchant_id, lines, pause.begins_at, pause.ends_at)
    judged = await fulfilment.judge(tx, merchant_id, lines, now)
    late = [each for each in judged if each.wanted > each.in_time]
    facts = await _facts(tx, merchant_id, late)
    known = await rights.rules(tx)
    await pay(tx, [_owed(each, facts[each.order_id, each.line], known) for each in late], BY, now)


async def _facts(tx: Tx, merchant_id: MerchantId, late: Sequence[Promised]) -> Mapping[tuple[UUID, int], Row]:
    rows = await tx.fetch(
        """
        SELECT l.order_id, l.line, o.buyer_id, o.currency, o.placed_at
             , l.amount + CASE WHEN l.tax_inclusive THEN 0 ELSE l.tax END - l.refunded AS basis
             , EXISTS (SELECT FROM order_acts a
                       WHERE a.merchant_id = o.merchant_id AND a.order_id = o.order_id AND a.kind = 'readdressed'
                         AND a.at >= o.paid_at AND a.at < w.ship_by) AS readdressed
             , EXISTS (SELECT FROM aftersales_cases c
                       WHERE c.merchant_id = o.merchant_id AND c.order_id = o.order_id
                         AND c.asked_at < w.ship_by AND (c.ended_at IS NULL OR c.ended_at >= w.ship_by))
               OR EXISTS (SELECT FROM cancellation_requests r
                          WHERE r.merchant_id = o.merchant_id AND r.order_id = o.order_id AND r.asked_at < w.ship_by
                            AND (r.answered_at IS NULL OR r.answered_at >= w.ship_by)) AS asked
        FROM unnest($2::uuid[], $3::integer[], $4::timestamptz[]) AS w (order_id, line, ship_by)
        JOIN order_lines l ON l.merchant_id = $1 AND l.order_id = w.order_id AND l.line = w.line
        JOIN orders o ON o.merchant_id = $1 AND o.order_id = w.order_id
        """,
        merchant_id,
        [each.order_id for each in late],
        [each.line for each in late],
        [each.ship_by for each in late],
    )
    return {(row["order_id"], row["line"]): row for row in rows}


def _owed(each: Promised, facts: Row, known: Rules) -> Owed:
    rule = known.promise(RuleKind.SHIP_PROMISE, facts["placed_at"], facts["currency"])
    basis = max(0, facts["basis"])
    amount = compensation(rule, basis) if rule is not None else 0
    excuse = _excuse(each, facts) or (None if amount else Excuse.NO_RULE if rule is None else Excuse.NOTHING_LEFT)
    return Owed(
        merchant_id=MerchantId(each.merchant_id),
        order_id=OrderId(each.order_id),
        line=each.line,
        cause=Cause.LATE,
        buyer_id=BuyerId(facts["buyer_id"]),
        rule_id=rule and rule.rule_id,
        basis=basis,
        amount=0 if excuse else amount,
        currency=facts["currency"],
        due_at=each.ship_by,
        excuse=excuse,
    )


def _excuse(each: Promised, facts: Row) -> Excuse | None:
    if facts["readdressed"]:
        return Excuse.READDRESSED
    if facts["asked"]:
        return Excuse.ASKED
    return Excuse.SPLIT if each.in_time else None
