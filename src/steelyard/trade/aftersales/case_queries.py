"""Questions about after-sales cases."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from steelyard.goods.catalog.model import NoReturn
from steelyard.kernel import codes, paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.aftersales.case_model import REASONS, Case, CaseId, CaseLine, CaseStep, Kind, Stage, Why
from steelyard.trade.aftersales.model import CaseState
from steelyard.trade.orders.model import Order, OrderId, OrderState
from steelyard.trade.rights.model import Family, Rule, Rules, excepted

CASES_MAX = 500
COUNTED_MAX = 100


class Pieces(msgspec.Struct, frozen=True, kw_only=True):
    """Of an order: `kept` pieces are not given back, and so many of those that cost something are in no open case; why some
    of them cannot be returned without a reason (none: they can)."""

    kept: int = 0
    free: int = 0
    goods: Sequence[NoReturn | None] = (None,)


_CASE: LiteralString = """
    SELECT merchant_id, case_id, order_id, buyer_id, refund_id, kind, reason, state, note, photographs, freight, currency
         , rule_id, answer, complaint, decision, return_to, carrier, number, asked_at, moved_at, due_at, improved_at, ended_at
         , verdict, decided_at, decided_by, return_freight, code, pickup_at, pickup_carrier
"""


async def case(read: Read, case_id: CaseId) -> Case | None:
    """A case by its id alone, whoever's it is; of one merchant where `read` is confined to one."""
    return await read.one(
        Case,
        _CASE
        + """
        FROM aftersales_cases WHERE case_id = $1
        """,
        case_id,
    )


async def case_of_code(read: Read, merchant_id: MerchantId, typed: str) -> CaseId | None:
    """The case of a shop that people call by this code, as it was typed in or scanned off a parcel."""
    found = await read.value(
        "SELECT case_id FROM aftersales_cases WHERE merchant_id = $1 AND code = $2", merchant_id, codes.read(typed)
    )
    return CaseId(found) if found else None


async def known_cases(read: Read, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these are cases: of parcels that go by an order's id, or by a case's."""
    rows = await read.fetch("SELECT case_id FROM aftersales_cases WHERE case_id = ANY($1)", list(ids))
    return {row["case_id"] for row in rows}


async def cases_of_orders(read: Read, order_ids: Sequence[OrderId]) -> dict[OrderId, list[Case]]:
    """The cases of each of these orders, the newest first."""
    found: dict[OrderId, list[Case]] = {order_id: [] for order_id in order_ids}
    for each in await read.all(
        Case,
        _CASE
        + """
        FROM aftersales_cases WHERE order_id = ANY($1) ORDER BY asked_at DESC, case_id DESC LIMIT $2
        """,
        list(order_ids),
        CASES_MAX,
    ):
        found[each.order_id].append(each)
    return found


async def case_lines(read: Read, case_ids: Sequence[CaseId]) -> dict[CaseId, list[CaseLine]]:
    """What each of these cases is about."""
    found: dict[CaseId, list[CaseLine]] = {case_id: [] for case_id in case_ids}
    for each in await read.all(
        CaseLine,
        """
        SELECT l.case_id, l.order_id, l.line, l.quantity, l.given, l.restocked
        FROM aftersales_cases c JOIN aftersales_case_lines l USING (merchant_id, case_id)
        WHERE c.case_id = ANY($1) ORDER BY l.case_id, l.line
        """,
        list(case_ids),
    ):
        found[each.case_id].append(each)
    return found


async def case_history(read: Read, merchant_id: MerchantId, case_id: CaseId) -> list[CaseStep]:
    """What happened to a case, the first first."""
    return await read.all(
        CaseStep,
        """
        SELECT from_state, to_state, words, at, by FROM aftersales_case_history
        WHERE merchant_id = $1 AND case_id = $2 ORDER BY step
        """,
        merchant_id,
        case_id,
    )


async def cases_of_buyer(
    read: Read, buyer_ids: Sequence[BuyerId], cursor: str | None = None, limit: int | None = None
) -> Page[Case]:
    """What these buyers asked for, the newest first."""
    at, case_id = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Case,
        _CASE
        + """
        FROM aftersales_cases
        WHERE buyer_id = ANY($1) AND ($2::timestamptz IS NULL OR (asked_at, case_id) < ($2, $3::uuid))
        ORDER BY asked_at DESC, case_id DESC LIMIT $4
        """,
        list(buyer_ids),
        at,
        case_id,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.asked_at, last.case_id))


async def cases_of_merchant(
    read: Read,
    merchant_id: MerchantId,
    states: Sequence[CaseState] = (),
    kind: Kind | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Case]:
    """A shop's cases in these states (none: in any), the newest first."""
    at, case_id = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Case,
        _CASE
        + """
        FROM aftersales_cases
        WHERE merchant_id = $1 AND (cardinality($2::text[]) = 0 OR state = ANY($2)) AND ($3::text IS NULL OR kind = $3)
          AND ($4::timestamptz IS NULL OR (asked_at, case_id) < ($4, $5::uuid))
        ORDER BY asked_at DESC, case_id DESC LIMIT $6
        """,
        merchant_id,
        list(states),
        kind,
        at,
        case_id,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.asked_at, last.case_id))


async def count_for_shop(read: Read, merchant_id: MerchantId) -> int:
    """How many cases wait for the shop: to be answered, or to be looked at; counted up to `COUNTED_MAX`."""
    return await read.value(
        """
        SELECT count(*)::integer FROM (SELECT FROM aftersales_cases
                                       WHERE merchant_id = $1 AND state = ANY('{asked,sent_back,accepted}') LIMIT $2) waiting
        """,
        merchant_id,
        COUNTED_MAX,
    )


async def appealed_refunds(read: Read, limit: int | None = None) -> list[Case]:
    """Cases that ended in a refund which the shop appeals against, the longest waiting first. For the operator."""
    return await read.all(
        Case,
        """
        SELECT c.merchant_id, c.case_id, c.order_id, c.buyer_id, c.refund_id, c.kind, c.reason, c.state, c.note, c.photographs
             , c.freight, c.currency, c.rule_id, c.answer, c.complaint, c.decision, c.return_to, c.carrier, c.number, c.asked_at
             , c.moved_at, c.due_at, c.improved_at, c.ended_at, c.verdict, c.decided_at, c.decided_by, c.code
        FROM aftersales_appeals a JOIN aftersales_cases c USING (merchant_id, case_id)
        WHERE a.outcome IS NULL AND a.verdict = 'refund' ORDER BY a.appealed_at, a.case_id LIMIT $1
        """,
        paging.limit(limit),
    )


async def disputed(read: Read, cursor: str | None = None, limit: int | None = None) -> Page[Case]:
    """What waits for the platform, the longest first. For the operator."""
    at, case_id = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Case,
        _CASE
        + """
        FROM aftersales_cases
        WHERE state = 'disputed' AND ($1::timestamptz IS NULL OR (moved_at, case_id) > ($1, $2::uuid))
        ORDER BY moved_at, case_id LIMIT $3
        """,
        at,
        case_id,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.moved_at, last.case_id))


async def pieces_of_orders(read: Read, order_ids: Sequence[OrderId]) -> dict[OrderId, Pieces]:
    """How many pieces of each order can still be asked for."""
    rows = await read.fetch(
        """
        SELECT l.order_id, sum(l.quantity - l.refunded_quantity)::integer AS kept
             , sum(CASE WHEN l.amount + l.tax > 0
                        THEN greatest(0, l.quantity - l.refunded_quantity - coalesce(c.pieces, 0)) ELSE 0 END)::integer AS free
             , array_agg(DISTINCT l.no_return) AS goods
        FROM order_lines l
        LEFT JOIN (SELECT cl.merchant_id, cl.order_id, cl.line, sum(cl.quantity) AS pieces
                   FROM aftersales_case_lines cl JOIN aftersales_cases c USING (merchant_id, case_id)
                   WHERE cl.order_id = ANY($1) AND c.ended_at IS NULL GROUP BY 1, 2, 3) c
          ON c.merchant_id = l.merchant_id AND c.order_id = l.order_id AND c.line = l.line
        WHERE l.order_id = ANY($1) GROUP BY l.order_id
        """,
        list(order_ids),
    )
    return {
        OrderId(row["order_id"]): Pieces(
            kept=row["kept"], free=row["free"], goods=[NoReturn(each) if each else None for each in row["goods"]]
        )
        for row in rows
    }


async def free_of_lines(read: Read, order_id: OrderId) -> dict[int, int]:
    """By line, how many pieces are neither given back nor in an open case."""
    rows = await read.fetch(
        """
        SELECT l.line, greatest(0, l.quantity - l.refunded_quantity - coalesce(c.pieces, 0))::integer AS free
        FROM order_lines l
        LEFT JOIN (SELECT cl.merchant_id, cl.order_id, cl.line, sum(cl.quantity) AS pieces
                   FROM aftersales_case_lines cl JOIN aftersales_cases c USING (merchant_id, case_id)
                   WHERE cl.order_id = $1 AND c.ended_at IS NULL GROUP BY 1, 2, 3) c
          ON c.merchant_id = l.merchant_id AND c.order_id = l.order_id AND c.line = l.line
        WHERE l.order_id = $1
        """,
        order_id,
    )
    return {row["line"]: row["free"] for row in rows}


def received_at(order: Order) -> datetime | None:
    """Since when the buyer has the goods, as far as we know: the signature, else the word that they are there."""
    if order.state is OrderState.COMPLETED:
        return order.delivered_at or order.completed_at
    return order.delivered_at if order.state is OrderState.SHIPPED else None


def stages(order: Order) -> frozenset[Stage]:
    """How far the goods of an order are."""
    match order.state:
        case OrderState.PAID:
            return frozenset({Stage.UNSENT})
        case OrderState.PARTLY_SHIPPED:
            return frozenset({Stage.UNSENT, Stage.UNDER_WAY})
        case OrderState.SHIPPED | OrderState.COMPLETED:
            return frozenset({Stage.UNDER_WAY if received_at(order) is None else Stage.RECEIVED})
        case OrderState.PLACED | OrderState.HELD | OrderState.CANCELLED:
            return frozenset()


def rule_of(order: Order, why: Why, rules: Rules) -> Rule | None:
    """The rule that a reason falls under, for an order placed when it was and sent where it was."""
    return rules.of(why.family, order.address.country, order.placed_at)


def until(order: Order, why: Why, rules: Rules) -> datetime | None:
    """The first moment at which it is too late to give this reason; none before the goods are received."""
    received, rule = received_at(order), rule_of(order, why, rules)
    return None if received is None or rule is None else rules.ends(rule, received, order.address.country)


def in_time(order: Order, why: Why, rules: Rules, now: datetime) -> bool:
    """Whether this reason can be given at this moment: the right is there, and its days are not over."""
    if received_at(order) is None:
        return why.family is not Family.NO_REASON or rule_of(order, why, rules) is not None
    last = until(order, why, rules)
    return last is not None and now < last


def reasons_for(
    order: Order, kind: Kind, rules: Rules, goods: Collection[NoReturn | None] = (None,), now: datetime | None = None
) -> dict[str, Why]:
    """What the buyer of an order may give as reasons now; `goods` says why which of them are not returned without one."""
    now = now or datetime.now(UTC)
    here = stages(order)
    if kind is not Kind.REFUND_ONLY and Stage.UNSENT in here:
        return {}
    return {
        name: why
        for name, why in REASONS.items()
        if kind in why.kinds
        and why.when & here
        and in_time(order, why, rules, now)
        and not (why.family is Family.NO_REASON and excepted(rule_of(order, why, rules), goods))
    }
