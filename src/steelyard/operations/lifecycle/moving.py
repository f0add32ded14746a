"""Moving: a customer's stage follows their facts, time and the rule; each step is noted."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.operations.lifecycle.events import CustomerMoved
from steelyard.operations.lifecycle.model import BUYERS_PER_COUNT, MOVES_PER_SWEEP, Facts, Move, Pair, Rule, Stage
from steelyard.operations.lifecycle.ruling import rules_in_force
from steelyard.operations.lifecycle.stages import stage_of
from steelyard.trade.settlement import settlement_day

FIRST = Stage.VISITOR
NEWS_DAYS = 2


def stood(facts: Facts, rule: Rule, now: datetime) -> tuple[Facts, list[Move]]:
    """The facts of a known customer with the stage that they mean at `now`, and the move to it, if it is one. It is dated
    by the facts, or now where these lie before the last move, as when an order is called off or the rule has changed."""
    standing = stage_of(
        rule,
        now,
        first_seen=facts.first_seen_at,
        wanted=facts.wanted_at,
        orders=facts.orders,
        previous_paid=facts.previous_paid_at,
        last_paid=facts.last_paid_at,
    )
    if standing.stage == facts.stage:
        return msgspec.structs.replace(facts, moves_at=standing.moves_at), []
    at = standing.since if facts.stage_since < standing.since <= now else now
    moved = msgspec.structs.replace(facts, stage=standing.stage, stage_since=at, moves_at=standing.moves_at)
    return moved, [Move(from_stage=facts.stage, to_stage=standing.stage, at=at)]


async def note(tx: Tx, moves: Mapping[Pair, Sequence[Move]], now: datetime) -> None:
    """Write these moves down behind those that each customer has made, and announce where each went; what lies longer back
    than `NEWS_DAYS`, as in an import, is history and no news. Who calls holds the customers' rows."""
    flat = [(pair, move) for pair, some in sorted(moves.items()) for move in some]
    if not flat:
        return
    await tx.execute(
        """
        INSERT INTO stage_moves (merchant_id, buyer_id, step, from_stage, to_stage, at)
        SELECT m.merchant_id, m.buyer_id
             , (SELECT coalesce(max(s.step), 0) FROM stage_moves s
                WHERE s.merchant_id = m.merchant_id AND s.buyer_id = m.buyer_id)
               + row_number() OVER (PARTITION BY m.merchant_id, m.buyer_id ORDER BY m.place)
             , m.from_stage, m.to_stage, m.at
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])
             WITH ORDINALITY AS m (merchant_id, buyer_id, from_stage, to_stage, at, place)
        """,
        [pair[0] for pair, _ in flat],
        [pair[1] for pair, _ in flat],
        [move.from_stage for _, move in flat],
        [move.to_stage for _, move in flat],
        [move.at for _, move in flat],
    )
    told = [
        CustomerMoved(merchant_id=pair[0], buyer_id=pair[1], from_stage=some[0].from_stage, to_stage=some[-1].to_stage)
        for pair, some in sorted(moves.items())
        if some[0].from_stage != some[-1].to_stage and some[-1].at > now - timedelta(days=NEWS_DAYS)
    ]
    if told:
        await events.publish(tx, *told)


async def move_due(tx: Tx, now: datetime | None = None, limit: int = MOVES_PER_SWEEP) -> int:
    """Whom time alone moves on, the longest due first. Returns how many it moved."""
    now = now or datetime.now(UTC)
    due = await tx.all(
        Facts,
        """
        SELECT merchant_id, buyer_id, first_seen_at, last_seen_at, wanted_at, first_paid_at, previous_paid_at, last_paid_at
             , orders, cancelled, currency, spent, refunds, refunded, stage, stage_since, moves_at
        FROM customer_facts WHERE moves_at <= $1 ORDER BY moves_at LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        now,
        limit,
    )
    await restage(tx, due, now)
    return len(due)


async def restage(tx: Tx, customers: Sequence[Facts], now: datetime) -> int:
    """Give these customers, whose rows are held, the stage that their facts mean now. Returns how many moved."""
    rules = await rules_in_force(tx, {each.merchant_id for each in customers}, now)
    changed: list[Facts] = []
    moves: dict[Pair, Sequence[Move]] = {}
    for each in customers:
        facts, moved = stood(each, rules[each.merchant_id], now)
        if facts != each:
            changed.append(facts)
        if moved:
            moves[each.merchant_id, each.buyer_id] = moved
    await tx.execute(
        """
        UPDATE customer_facts f SET stage = w.stage, stage_since = w.since, moves_at = w.moves_at
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[])
             AS w (merchant_id, buyer_id, stage, since, moves_at)
        WHERE (f.merchant_id, f.buyer_id) = (w.merchant_id, w.buyer_id)
        """,
        [each.merchant_id for each in changed],
        [each.buyer_id for each in changed],
        [each.stage for each in changed],
        [each.stage_since for each in changed],
        [each.moves_at for each in changed],
    )
    await note(tx, moves, now)
    return len(moves)


async def apply_rules(tx: Tx, now: datetime) -> int:
    """Look at the next customers of a shop whose rule in force is not the one that all of them have been looked at by.
    Returns how many it looked at."""
    shop = await tx.row(
        """
        SELECT s.merchant_id, r.from_day, a.from_day AS applying, a.after
        FROM (SELECT DISTINCT merchant_id FROM stage_rules) s
        CROSS JOIN LATERAL (SELECT from_day FROM stage_rules
                            WHERE merchant_id = s.merchant_id AND from_day <= $1 ORDER BY from_day DESC LIMIT 1) r
        LEFT JOIN stage_rules_applied a ON a.merchant_id = s.merchant_id
        WHERE a.merchant_id IS NULL OR a.from_day <> r.from_day OR a.finished_at IS NULL
        ORDER BY s.merchant_id LIMIT 1
        """,
        settlement_day(now),
    )
    if shop is None:
        return 0
    after = shop["after"] if shop["applying"] == shop["from_day"] else None
    customers = await tx.all(
        Facts,
        """
        SELECT merchant_id, buyer_id, first_seen_at, last_seen_at, wanted_at, first_paid_at, previous_paid_at, last_paid_at
             , orders, cancelled, currency, spent, refunds, refunded, stage, stage_since, moves_at
        FROM customer_facts WHERE merchant_id = $1 AND ($2::uuid IS NULL OR buyer_id > $2)
        ORDER BY buyer_id LIMIT $3 FOR UPDATE
        """,
        shop["merchant_id"],
        after,
        BUYERS_PER_COUNT,
    )
    await restage(tx, customers, now)
    await tx.execute(
        """
        INSERT INTO stage_rules_applied (merchant_id, from_day, after, begun_at, finished_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (merchant_id) DO UPDATE
        SET from_day = excluded.from_day, after = excluded.after, finished_at = excluded.finished_at
        """,
        shop["merchant_id"],
        shop["from_day"],
        customers[-1].buyer_id if customers else after,
        now,
        now if len(customers) < BUYERS_PER_COUNT else None,
    )
    return len(customers) or 1
