"""What came of it: the sums of each metric and variant, counted from orders and settlement, kept by the day."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain, product
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.operations.analytics import MARKETPLACE
from steelyard.operations.experiments.model import BEFORE_DAYS
from steelyard.trade.settlement.model import settlement_day

# While it runs, how often it is counted without being asked.
MEASURED_EVERY_MINUTES = 60
# Once stopped, how often and for how long: settlement takes orders up, and money goes back, some weeks after they were paid.
COUNTED_AFTER_HOURS, COUNTED_AFTER_DAYS = 20, 60
# A slice takes some seconds at most. They are cut by one byte of the ids.
UNITS_PER_SLICE = 50_000
SLICES_MAX = 256
MIXED = "mixed"


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """The sums of one metric for one variant."""

    metric: str
    variant: int
    units: int
    summed: float
    squares: float
    before: float = 0.0
    before_squares: float = 0.0
    products: float = 0.0

    def plus(self, other: "Counted") -> "Counted":
        """The sums of both."""
        return Counted(
            metric=self.metric,
            variant=self.variant,
            units=self.units + other.units,
            summed=self.summed + other.summed,
            squares=self.squares + other.squares,
            before=self.before + other.before,
            before_squares=self.before_squares + other.before_squares,
            products=self.products + other.products,
        )


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment that is to be counted: what was paid before `until` counts; `units` were seen by, or shared out to, so many
    `variants`."""

    merchant_id: UUID
    experiment_id: UUID
    currency: str
    until: datetime
    units: int
    variants: int

    @property
    def slices(self) -> int:
        """In how many goes it is counted, so that none takes long."""
        return min(SLICES_MAX, 1 + self.units // UNITS_PER_SLICE)


async def due(read: Read) -> Due | None:
    """The next that somebody wants to see, that runs and has not been counted for an hour, or that was stopped some weeks ago at
    most and has not been counted today."""
    return await read.one(
        Due,
        """
        SELECT e.merchant_id, e.experiment_id, e.currency, coalesce(e.stopped_at, now()) AS until
             , (SELECT count(*)::integer FROM experiment_units u
                WHERE u.merchant_id = e.merchant_id AND u.experiment_id = e.experiment_id) AS units
             , (SELECT count(*)::integer FROM experiment_variants v
                WHERE v.merchant_id = e.merchant_id AND v.experiment_id = e.experiment_id) AS variants
        FROM experiments e
        WHERE e.kind <> 'imported' AND e.state IN ('running', 'stopped')
          AND (e.measured_at IS NULL OR (e.state = 'running' AND e.measured_at < now() - $1::integer * interval '1 minute')
               OR (e.state = 'stopped' AND e.stopped_at > now() - $3::integer * interval '1 day'
                   AND e.measured_at < now() - $2::integer * interval '1 hour'))
        ORDER BY e.measured_at NULLS FIRST, e.merchant_id, e.experiment_id LIMIT 1
        """,
        MEASURED_EVERY_MINUTES,
        COUNTED_AFTER_HOURS,
        COUNTED_AFTER_DAYS,
    )


async def count(read: Read, asked: Due, slice_: int) -> list[Counted]:
    """The sums of every metric of every variant, of one slice of the people who have seen one; how many of them saw several
    (metric `MIXED`), who are left out of all others.

    A visitor who has signed in is the buyer. What somebody paid counts from the moment they came in; what settlement takes up
    and what is given back of it later counts, too. `before…` is what they paid in the days before they came in.
    What a live session's host gets of an order is nobody's margin. The marketplace's is what shops and house are left with
    together: what one pays the other is not in it.
    """
    return await read.all(
        Counted,
        """
        WITH seen AS MATERIALIZED (
            SELECT coalesce(m.buyer_id, u.unit_id) AS buyer_id, min(u.variant) AS variant, min(u.since) AS since
                 , count(DISTINCT u.variant) > 1 AS mixed
            FROM experiment_units u LEFT JOIN visitor_merges m ON m.visitor_id = u.unit_id
            WHERE u.merchant_id = $1 AND u.experiment_id = $2 AND u.variant IS NOT NULL
              AND get_byte(uuid_send(coalesce(m.buyer_id, u.unit_id)), 15) % $7::integer = $8
            GROUP BY 1
        ), worth AS (
            SELECT s.variant, coalesce(b.before, 0)::float8 AS before, v.metric, coalesce(v.value, 0)::float8 AS value
            FROM seen s
            CROSS JOIN LATERAL (
                SELECT count(*) FILTER (WHERE o.paid_at >= s.since) AS orders
                     , sum(o.total) FILTER (WHERE o.paid_at >= s.since) AS revenue
                     , sum(o.refunded) FILTER (WHERE o.paid_at >= s.since) AS refunds
                     , sum(o.total) FILTER (WHERE o.paid_at < s.since) AS before
                     , sum(o.total - o.refunded - coalesce(c.cost, 0) - coalesce(h.host, 0) + CASE WHEN $1 = $6 THEN 0
                           ELSE o.subsidy - o.subsidy_returned - o.commission + o.commission_returned END)
                       FILTER (WHERE o.paid_at >= s.since AND e.settled) AS margin
                FROM orders o
                CROSS JOIN LATERAL (SELECT EXISTS (
                    SELECT FROM settlement_entries t
                    WHERE t.merchant_id = o.merchant_id AND t.document = o.order_id AND t.kind = 'sale') AS settled) e
                CROSS JOIN LATERAL (
                    SELECT sum((l.quantity - l.refunded_quantity) * uc.amount) AS cost
                    FROM order_lines l JOIN unit_costs uc USING (merchant_id, sku_id)
                    WHERE l.merchant_id = o.merchant_id AND l.order_id = o.order_id AND uc.currency = o.currency) c
                CROSS JOIN LATERAL (
                    SELECT sum(hl.earned - hl.given_back) AS host FROM host_commission_lines hl
                    WHERE hl.merchant_id = o.merchant_id AND hl.order_id = o.order_id) h
                WHERE o.buyer_id = s.buyer_id AND (o.merchant_id = $1 OR $1 = $6) AND o.currency = $3 AND o.paid_at < $4
                  AND o.paid_at >= s.since - $5::integer * interval '1 day'
            ) b
            CROSS JOIN LATERAL (VALUES
                ('conversion', (b.orders > 0)::integer::numeric), ('repurchase', (b.orders > 1)::integer)
              , ('orders', b.orders), ('revenue', b.revenue), ('margin', b.margin), ('refunds', b.refunds)) v (metric, value)
            WHERE NOT s.mixed
        )
        SELECT metric, variant, count(*)::integer AS units, sum(value) AS summed, sum(value * value) AS squares
             , sum(before) AS before, sum(before * before) AS before_squares, sum(value * before) AS products
        FROM worth GROUP BY metric, variant
        UNION ALL
        SELECT 'mixed', 0, count(*)::integer, 0, 0, 0, 0, 0 FROM seen WHERE mixed
        """,
        asked.merchant_id, asked.experiment_id, asked.currency, asked.until, BEFORE_DAYS, MARKETPLACE, asked.slices, slice_,
    )  # fmt: skip


def together(slices: Iterable[Sequence[Counted]], variants: int) -> tuple[list[Counted], int]:
    """The sums of all slices, and how many people saw several variants. A variant that nobody has seen yet counts nobody, once
    anybody has seen another. Pure."""
    sums: dict[tuple[str, int], Counted] = {}
    for each in chain.from_iterable(slices):
        known = sums.get((each.metric, each.variant))
        sums[each.metric, each.variant] = each if known is None else known.plus(each)
    mixed = sums.pop((MIXED, 0), None)
    for metric, variant in product({metric for metric, _ in sums}, range(variants)):
        nobody = Counted(metric=metric, variant=variant, units=0, summed=0, squares=0)
        sums.setdefault((metric, variant), nobody)
    return [sums[key] for key in sorted(sums)], mixed.units if mixed else 0


async def write_down(tx: Tx, asked: Due, counted: Sequence[Counted], mixed: int) -> None:
    """What was counted just now."""
    await keep(tx, asked.merchant_id, asked.experiment_id, counted, datetime.now(UTC))
    await tx.execute(
        "UPDATE experiments SET measured_at = now(), mixed = $3 WHERE merchant_id = $1 AND experiment_id = $2",
        asked.merchant_id,
        asked.experiment_id,
        mixed,
    )


async def keep(tx: Tx, merchant_id: UUID, experiment_id: UUID, counted: Sequence[Counted], at: datetime) -> None:
    """These are the sums of the day of `at`; of a day the last stay."""
    await tx.execute(
        """
        INSERT INTO experiment_looks (merchant_id, experiment_id, day, metric, variant, units, summed, squares, before
                                    , before_squares, products)
        SELECT $1, $2, $3, l.* FROM unnest($4::text[], $5::smallint[], $6::integer[], $7::float8[], $8::float8[], $9::float8[]
                                         , $10::float8[], $11::float8[]) AS l
        ON CONFLICT (merchant_id, experiment_id, day, metric, variant) DO UPDATE
        SET units = excluded.units, summed = excluded.summed, squares = excluded.squares, before = excluded.before
          , before_squares = excluded.before_squares, products = excluded.products
        """,
        merchant_id,
        experiment_id,
        settlement_day(at),
        [each.metric for each in counted],
        [each.variant for each in counted],
        [each.units for each in counted],
        [each.summed for each in counted],
        [each.squares for each in counted],
        [each.before for each in counted],
        [each.before_squares for each in counted],
        [each.products for each in counted],
    )
