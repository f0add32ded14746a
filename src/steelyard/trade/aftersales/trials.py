"""A draft of a right tried on past orders: what would have been decided otherwise, had it always been the newest version."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.goods.catalog.model import NoReturn
from steelyard.kernel.db import Read, Row
from steelyard.trade import rights
from steelyard.trade.aftersales.case_model import REASONS, CaseId
from steelyard.trade.orders.model import OrderId
from steelyard.trade.rights.model import OF_FAMILY, Family, Rule, Rules

ORDERS_PER_TRIAL_MAX = 5_000
EXAMPLES_MAX = 20


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules say of an order: by which (none: there is no such right), the first moment that is too late, and which of
    its goods are excepted."""

    rule: Rule | None
    too_late: datetime | None
    excepted: frozenset[NoReturn]

    @property
    def outcome(self) -> tuple[datetime | None, frozenset[NoReturn]]:
        return self.too_late, self.excepted

    def admits(self, asked_at: datetime, received_at: datetime, goods: frozenset[NoReturn | None]) -> bool:
        in_time = self.too_late is not None and (asked_at < self.too_late or asked_at < received_at)
        # What is excepted only once it is opened can be asked for: the shop says whether it was.
        return in_time and not goods & (self.excepted - {NoReturn.OPENED_DIGITAL})


class Differing(msgspec.Struct, frozen=True, kw_only=True):
    """An order, or with `case_id` a request about it, that would be decided otherwise; `admitted` is of the request, before
    and after."""

    order_id: OrderId
    code: str
    country: str
    received_at: datetime
    before: Decided
    after: Decided
    case_id: CaseId | None = None
    asked_at: datetime | None = None
    admitted: tuple[bool, bool] = (True, True)


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """`orders` that were received and `cases` about them were looked at, the newest first, `cut` when there were more."""

    since: datetime
    orders: int
    orders_otherwise: int
    cases: int
    cases_otherwise: int
    cut: bool
    examples: Sequence[Differing]
    case_examples: Sequence[Differing]


async def trial(read: Read, draft: Rule, days: int, now: datetime | None = None) -> Trial:
    """Decide every received order of the last days, and each request about one that falls under this family, twice."""
    since = (now or datetime.now(UTC)) - timedelta(days=days)
    known = await rights.rules(read)
    tried = known.tried(draft)
    family = next(each for each, kinds in OF_FAMILY.items() if draft.kind in kinds)
    received = await _received(read, since)
    orders = {each.order_id: each for each in (_decided(row, family, known, tried) for row in received)}
    otherwise = [each for each in orders.values() if each.before.outcome != each.after.outcome]
    asked = await _asked(read, list(orders), [name for name, why in REASONS.items() if why.family is family])
    cases = [_case(row, orders[row["order_id"]]) for row in asked]
    differing = [each for each in cases if each.admitted[0] != each.admitted[1]]
    return Trial(
        since=since,
        orders=len(orders),
        orders_otherwise=len(otherwise),
        cases=len(cases),
        cases_otherwise=len(differing),
        cut=len(received) == ORDERS_PER_TRIAL_MAX,
        examples=otherwise[:EXAMPLES_MAX],
        case_examples=differing[:EXAMPLES_MAX],
    )


async def _received(read: Read, since: datetime) -> list[Row]:
    return await read.fetch(
        """
        SELECT o.order_id, o.code, o.placed_at, o.address ->> 'country' AS country
             , coalesce(o.delivered_at, o.completed_at) AS received_at
             , (SELECT array_agg(DISTINCT l.no_return) FROM order_lines l
                WHERE l.merchant_id = o.merchant_id AND l.order_id = o.order_id) AS goods
        FROM orders o
        WHERE o.placed_at >= $1 AND o.state IN ('shipped', 'completed')
          AND coalesce(o.delivered_at, o.completed_at) IS NOT NULL AND coalesce(o.source, '') NOT LIKE 'import:%'
        ORDER BY o.placed_at DESC, o.order_id DESC LIMIT $2
        """,
        since,
        ORDERS_PER_TRIAL_MAX,
    )


def _decided(row: Row, family: Family, known: Rules, tried: Rules) -> Differing:
    country, goods = row["country"] or "", {NoReturn(each) for each in row["goods"] or () if each}

    def by(rules: Rules) -> Decided:
        rule = rules.of(family, country, row["placed_at"])
        return Decided(
            rule=rule,
            too_late=rule and rules.ends(rule, row["received_at"], country),
            excepted=frozenset(each for each in goods if rule is not None and not rule.covers(each)),
        )

    return Differing(
        order_id=row["order_id"],
        code=row["code"],
        country=country,
        received_at=row["received_at"],
        before=by(known),
        after=by(tried),
    )


async def _asked(read: Read, order_ids: Sequence[UUID], reasons: Sequence[str]) -> list[Row]:
    return await read.fetch(
        """
        SELECT c.case_id, c.order_id, c.asked_at, array_agg(DISTINCT o.no_return) AS goods
        FROM aftersales_cases c
        JOIN aftersales_case_lines l USING (merchant_id, case_id)
        JOIN order_lines o ON o.merchant_id = l.merchant_id AND o.order_id = l.order_id AND o.line = l.line
        WHERE c.order_id = ANY($1) AND c.reason = ANY($2)
        GROUP BY c.merchant_id, c.case_id, c.order_id, c.asked_at ORDER BY c.asked_at DESC, c.case_id
        """,
        list(order_ids),
        list(reasons),
    )


def _case(row: Row, order: Differing) -> Differing:
    goods = frozenset(NoReturn(each) if each else None for each in row["goods"])
    return msgspec.structs.replace(
        order,
        case_id=row["case_id"],
        asked_at=row["asked_at"],
        admitted=(
            order.before.admits(row["asked_at"], order.received_at, goods),
            order.after.admits(row["asked_at"], order.received_at, goods),
        ),
    )
