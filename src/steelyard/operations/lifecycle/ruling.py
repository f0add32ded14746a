"""Ruling: where the stages begin at each shop. A rule counts from its day on; where nobody has decided, the house reckons
one from how long customers usually take to come back for what the shop sells."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from steelyard.kernel.db import Read, Tx
from steelyard.operations.analytics import MARKETPLACE
from steelyard.operations.lifecycle.model import (
    CUSTOMERS_LEAST,
    DEFAULT_RULE,
    INTERVAL_DAYS,
    INTERVAL_DRIFT_PERCENT,
    Rule,
    checked,
    rule_of,
)
from steelyard.trade.settlement import settlement_day

# How far back purchases are put beside each other.
LOOK_BACK_DAYS = 730
RULES_SHOWN = 20
SHOPS_PER_SWEEP = 200


async def rules_in_force(read: Read, merchants: Collection[UUID], now: datetime | None = None) -> dict[UUID, Rule]:
    """The rule of each of these shops on the house's day of `now`."""
    rows = await read.fetch(
        """
        SELECT w.merchant_id, r.dormant_days, r.lost_days, r.loyal_orders, r.interval_days, r.from_day, r.by
        FROM unnest($1::uuid[]) AS w (merchant_id)
        CROSS JOIN LATERAL (SELECT dormant_days, lost_days, loyal_orders, interval_days, from_day, by FROM stage_rules
                            WHERE merchant_id = w.merchant_id AND from_day <= $2 ORDER BY from_day DESC LIMIT 1) r
        """,
        sorted(merchants),
        settlement_day(now or datetime.now(UTC)),
    )
    decided = {
        row["merchant_id"]: Rule(
            dormant_days=row["dormant_days"],
            lost_days=row["lost_days"],
            loyal_orders=row["loyal_orders"],
            interval_days=row["interval_days"],
            from_day=row["from_day"],
            by=row["by"],
        )
        for row in rows
    }
    return {merchant_id: decided.get(merchant_id, DEFAULT_RULE) for merchant_id in merchants}


async def rules_of(read: Read, merchant_id: UUID) -> list[Rule]:
    """The rules that a shop has had and will have, the latest day first."""
    return await read.all(
        Rule,
        """
        SELECT dormant_days, lost_days, loyal_orders, interval_days, from_day, by FROM stage_rules
        WHERE merchant_id = $1 ORDER BY from_day DESC LIMIT $2
        """,
        merchant_id,
        RULES_SHOWN,
    )


async def set_rule(tx: Tx, merchant_id: UUID, rule: Rule, from_day: date, by: str) -> None:
    """From this day on (the house's; today at the earliest) the stages of this shop's customers begin there. Said of the
    same day again, the last counts. A sweep moves whom it means. Raises `BadRule`."""
    checked(rule)
    await tx.execute(
        """
        INSERT INTO stage_rules (merchant_id, from_day, dormant_days, lost_days, loyal_orders, interval_days, by)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (merchant_id, from_day) DO UPDATE
        SET dormant_days = excluded.dormant_days, lost_days = excluded.lost_days, loyal_orders = excluded.loyal_orders
          , interval_days = excluded.interval_days, by = excluded.by, at = now()
        """,
        merchant_id,
        from_day,
        rule.dormant_days,
        rule.lost_days,
        rule.loyal_orders,
        rule.interval_days,
        by,
    )
    await tx.execute("DELETE FROM stage_rules_applied WHERE merchant_id = $1", merchant_id)


async def count_intervals(tx: Tx, now: datetime) -> int:
    """For each category of the first rank: over all customers of shops that sell mostly there and who have come back, the
    median of the mean days between their orders. Returns how many categories have one."""
    return await tx.execute(
        """
        WITH sold AS (
            SELECT d.merchant_id, c.path[1] AS category_id, sum(d.orders) AS orders
            FROM category_days d JOIN categories c USING (category_id) WHERE d.day >= $2 GROUP BY 1, 2
        ), mostly AS (
            SELECT DISTINCT ON (merchant_id) merchant_id, category_id FROM sold ORDER BY merchant_id, orders DESC, category_id
        )
        INSERT INTO purchase_intervals (category_id, days, customers, counted_at)
        SELECT m.category_id
             , greatest(round(percentile_cont(0.5) WITHIN GROUP (
                   ORDER BY extract(epoch FROM f.last_paid_at - f.first_paid_at) / 86400 / (f.orders - 1)))::integer, 1)
             , count(*), $1
        FROM mostly m JOIN customer_facts f USING (merchant_id) WHERE f.orders > 1
        GROUP BY m.category_id
        ON CONFLICT (category_id) DO UPDATE
        SET days = excluded.days, customers = excluded.customers, counted_at = excluded.counted_at
        """,
        now,
        settlement_day(now) - timedelta(days=LOOK_BACK_DAYS),
    )


async def usual_intervals(read: Read, now: datetime, limit: int = SHOPS_PER_SWEEP) -> list[tuple[UUID, int]]:
    """Of shops for which nobody but the house has ruled: the usual interval of what they sell mostly, where it is another
    than their rule was reckoned from by more than `INTERVAL_DRIFT_PERCENT`. The marketplace takes the one of the most."""
    rows = await read.fetch(
        """
        WITH sold AS (
            SELECT d.merchant_id, c.path[1] AS category_id, sum(d.orders) AS orders
            FROM category_days d JOIN categories c USING (category_id) WHERE d.day >= $1
            GROUP BY GROUPING SETS ((d.merchant_id, c.path[1]), (c.path[1]))
        ), mostly AS (
            SELECT DISTINCT ON (merchant_id) coalesce(merchant_id, $2) AS merchant_id, category_id
            FROM sold ORDER BY merchant_id, orders DESC, category_id
        ), ruled AS (
            SELECT DISTINCT ON (merchant_id) merchant_id, interval_days, by FROM stage_rules
            ORDER BY merchant_id, from_day DESC
        )
        SELECT m.merchant_id, i.days
        FROM mostly m JOIN purchase_intervals i ON i.category_id = m.category_id AND i.customers >= $3
        LEFT JOIN ruled r ON r.merchant_id = m.merchant_id
        WHERE coalesce(r.by, 'house') = 'house'
          AND abs(i.days - coalesce(r.interval_days, $4)) * 100 > coalesce(r.interval_days, $4) * $5
        ORDER BY m.merchant_id LIMIT $6
        """,
        settlement_day(now) - timedelta(days=LOOK_BACK_DAYS),
        MARKETPLACE,
        CUSTOMERS_LEAST,
        INTERVAL_DAYS,
        INTERVAL_DRIFT_PERCENT,
        limit,
    )
    return [(row["merchant_id"], row["days"]) for row in rows]


async def rule_by_interval(tx: Tx, now: datetime) -> int:
    """Have the house's rules follow how long customers usually stay away. Returns for how many shops."""
    await count_intervals(tx, now)
    moved = await usual_intervals(tx, now)
    for merchant_id, days in moved:
        await set_rule(tx, merchant_id, rule_of(days), settlement_day(now), "house")
    return len(moved)
