"""What a merchant would have paid: the fees of past sales by other rules, beside what was frozen. See docs/algorithms/fees.md."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.trade.commission.model import Rule

# So many lines take some seconds; who wants more chooses a shorter time.
LINES_MAX = 50_000


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A fee on the goods of a category (none: on freight): what was charged at sale and what would have been, each with
    the tax on it. In minor units."""

    category_id: UUID | None
    fee_id: UUID
    currency: str
    was: int
    was_tax: int
    would: int
    would_tax: int


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """Of so many lines of orders: the outcome by currency, fee and category."""

    lines: int
    outcomes: Sequence[Outcome]


async def simulate(read: Read, merchant_id: UUID, since: datetime, until: datetime, rules: Sequence[Rule]) -> Trial:
    """Charge a merchant's sales, paid from `since` up to `until`, by these rules; of two that are the same the later in the list
    counts. Both sides are those of the moment of sale, before refunds; what was called off is in neither, and a category is the
    one that the product is in today. The sums are those of `commission.charge`, line by line.

    Raises `Invalid` for more than `LINES_MAX` lines.
    """
    rows = await read.fetch(
        _TRIAL,
        merchant_id,
        since,
        until,
        LINES_MAX + 1,
        [rule.fee_id for rule in rules],
        [rule.place for rule in rules],
        [rule.merchant_id for rule in rules],
        [rule.category_id for rule in rules],
        [rule.product_id for rule in rules],
        [rule.channel for rule in rules],
        [rule.currency for rule in rules],
        [rule.millionths for rule in rules],
        [rule.fixed for rule in rules],
        [rule.per_piece for rule in rules],
        [rule.least for rule in rules],
        [rule.most for rule in rules],
        [rule.on_freight for rule in rules],
        [rule.taxes for rule in rules],
        [rule.tax_millionths for rule in rules],
    )
    lines = max((row["lines"] for row in rows), default=0)
    if lines > LINES_MAX:
        raise Invalid({"until": N_("These are too many sales to try at once. Please choose a shorter time.")})
    return Trial(
        lines=lines,
        outcomes=[
            Outcome(
                category_id=row["category_id"],
                fee_id=row["fee_id"],
                currency=row["currency"],
                was=row["was"],
                was_tax=row["was_tax"],
                would=row["would"],
                would_tax=row["would_tax"],
            )
            for row in rows
            if row["fee_id"] is not None
        ],
    )


_TRIAL = """
WITH sold AS MATERIALIZED (
    SELECT o.order_id, l.line, l.product_id, l.quantity, l.amount, l.tax, l.tax_inclusive, l.fees, o.currency
         , l.amount + coalesce((SELECT sum((e ->> 'platform')::bigint)::bigint
                                FROM jsonb_array_elements(l.offers) AS e), 0) AS goods
         , CASE split_part(coalesce(o.source, ''), ':', 1) WHEN 'ucp' THEN 'agent'
                ELSE split_part(coalesce(o.source, ''), ':', 1) END AS channel
         , o.freight + coalesce((SELECT sum((e ->> 'platform')::bigint)::bigint
                                 FROM jsonb_array_elements(o.freight_offers) AS e), 0) AS freight
         , o.freight_tax AS way_tax, o.freight_tax_inclusive AS way_inclusive
    FROM orders o JOIN order_lines l USING (merchant_id, order_id)
    WHERE o.merchant_id = $1 AND o.paid_at >= $2 AND o.paid_at < $3 AND o.state <> 'cancelled' AND l.kind = 'goods'
    LIMIT $4
), weighed AS (
    SELECT s.*, p.category_id, coalesce(c.path, '{}') AS path
         , CASE WHEN sum(goods) OVER (PARTITION BY order_id) = 0 THEN 1 ELSE goods END AS weight
    FROM sold s
    LEFT JOIN products p ON p.merchant_id = $1 AND p.product_id = s.product_id
    LEFT JOIN categories c USING (category_id)
), whole AS (
    SELECT *, sum(weight) OVER (PARTITION BY order_id) AS weights FROM weighed
), floors AS (
    SELECT *, div(freight::numeric * weight, weights)::bigint AS way_floor, mod(freight::numeric * weight, weights) AS way_rest
         , div(way_tax::numeric * weight, weights)::bigint AS tax_floor, mod(way_tax::numeric * weight, weights) AS tax_rest
    FROM whole
), shared AS (
    SELECT *
         , way_floor + CASE WHEN row_number() OVER (PARTITION BY order_id ORDER BY way_rest DESC, line)
                                 <= freight - sum(way_floor) OVER (PARTITION BY order_id) THEN 1 ELSE 0 END AS way
         , tax_floor + CASE WHEN row_number() OVER (PARTITION BY order_id ORDER BY tax_rest DESC, line)
                                 <= way_tax - sum(tax_floor) OVER (PARTITION BY order_id) THEN 1 ELSE 0 END AS way_taxed
    FROM floors
), rules AS (
    SELECT * FROM unnest($5::uuid[], $6::integer[], $7::uuid[], $8::uuid[], $9::uuid[], $10::text[], $11::text[]
                       , $12::integer[], $13::bigint[], $14::boolean[], $15::bigint[], $16::bigint[], $17::boolean[]
                       , $18::text[], $19::integer[]) WITH ORDINALITY
        AS r (fee_id, place, merchant_id, category_id, product_id, channel, currency, millionths, fixed, per_piece, least
            , most, on_freight, taxes, tax_millionths, number)
), kinds AS (
    SELECT DISTINCT product_id, path, channel, currency FROM shared
), counting AS (
    SELECT DISTINCT ON (k.product_id, k.channel, k.currency, r.fee_id)
           k.product_id, k.channel AS sold_by, k.currency AS sold_in, r.fee_id, r.place, r.millionths, r.fixed, r.per_piece
         , r.least, r.most, r.on_freight, r.taxes, r.tax_millionths
    FROM kinds k
    JOIN rules r ON (r.product_id IS NULL OR r.product_id = k.product_id)
                AND (r.category_id IS NULL OR r.category_id = ANY(k.path))
                AND (r.channel IS NULL OR r.channel = k.channel) AND (r.currency IS NULL OR r.currency = k.currency)
                AND (r.merchant_id IS NULL OR r.merchant_id = $1)
    ORDER BY k.product_id, k.channel, k.currency, r.fee_id, r.product_id IS NULL, r.merchant_id IS NULL
           , coalesce(array_position(k.path, r.category_id), 0) DESC, r.channel IS NULL, r.currency IS NULL, r.number DESC
), based AS (
    SELECT s.order_id, s.line, s.category_id, s.currency, s.quantity, c.fee_id, c.place, c.millionths, c.fixed, c.per_piece
         , c.least, c.most, c.tax_millionths
         , CASE c.taxes WHEN 'without' THEN s.goods - CASE WHEN s.tax_inclusive THEN s.tax ELSE 0 END
                        WHEN 'with' THEN s.goods + CASE WHEN s.tax_inclusive THEN 0 ELSE s.tax END
                        ELSE s.goods END AS goods_base
         , CASE WHEN NOT c.on_freight THEN 0
                WHEN c.taxes = 'without' THEN s.way - CASE WHEN s.way_inclusive THEN s.way_taxed ELSE 0 END
                WHEN c.taxes = 'with' THEN s.way + CASE WHEN s.way_inclusive THEN 0 ELSE s.way_taxed END
                ELSE s.way END AS way_base
         , s.goods + CASE WHEN s.tax_inclusive THEN 0 ELSE s.tax END
           + CASE WHEN bool_or(c.on_freight) OVER (PARTITION BY s.order_id, s.line)
                  THEN s.way + CASE WHEN s.way_inclusive THEN 0 ELSE s.way_taxed END ELSE 0 END AS bearable
    FROM shared s
    JOIN counting c ON c.product_id = s.product_id AND c.sold_by = s.channel AND c.sold_in = s.currency
), asked AS (
    SELECT *, least(coalesce(most, 9223372036854775807), greatest(coalesce(least, 0),
               div(2 * (goods_base + way_base)::numeric * millionths + 1000000, 2000000)::bigint
               + fixed * CASE WHEN per_piece THEN quantity ELSE 1 END)) AS fee
    FROM based
), taxed AS (
    SELECT *, div(2 * fee::numeric * tax_millionths + 1000000, 2000000)::bigint AS tax FROM asked
), roomed AS (
    SELECT *, greatest(0, bearable - (sum(fee + tax) OVER (PARTITION BY order_id, line ORDER BY place) - fee - tax)) AS room
    FROM taxed
), cut AS (
    SELECT *, CASE WHEN fee + tax <= room THEN tax
                   ELSE div(2 * room * tax_millionths + 1000000 + tax_millionths, 2 * (1000000 + tax_millionths)) END::bigint
                  AS its_tax
         , least(fee + tax, room)::bigint AS its_whole
    FROM roomed
), parted AS (
    SELECT *, its_whole - its_tax AS its_fee
         , CASE WHEN goods_base + way_base = 0 THEN its_whole - its_tax
                ELSE div(2 * (its_whole - its_tax)::numeric * goods_base + goods_base + way_base, 2 * (goods_base + way_base))
           END::bigint AS goods_fee
    FROM cut
), charged AS (
    SELECT *, CASE WHEN its_fee = 0 THEN its_tax
                   ELSE div(2 * its_tax::numeric * goods_fee + its_fee, 2 * its_fee) END::bigint AS goods_tax
    FROM parted
), sides AS (
    SELECT category_id, fee_id, currency, 0::bigint AS was, 0::bigint AS was_tax, goods_fee AS would, goods_tax AS would_tax
    FROM charged
    UNION ALL
    SELECT NULL, fee_id, currency, 0, 0, its_fee - goods_fee, its_tax - goods_tax FROM charged
    WHERE its_fee <> goods_fee OR its_tax <> goods_tax
    UNION ALL
    SELECT s.category_id, (f ->> 'fee_id')::uuid, s.currency, (f ->> 'amount')::bigint
         , coalesce((f ->> 'tax')::bigint, 0), 0, 0
    FROM shared s CROSS JOIN LATERAL jsonb_array_elements(s.fees) AS f
    UNION ALL
    SELECT NULL, (f ->> 'fee_id')::uuid, o.currency, (f ->> 'amount')::bigint, coalesce((f ->> 'tax')::bigint, 0), 0, 0
    FROM (SELECT DISTINCT order_id FROM sold) AS those JOIN orders o ON o.merchant_id = $1 AND o.order_id = those.order_id
    CROSS JOIN LATERAL jsonb_array_elements(o.freight_fees) AS f
), summed AS (
    SELECT category_id, fee_id, currency, sum(was)::bigint AS was, sum(was_tax)::bigint AS was_tax
         , sum(would)::bigint AS would, sum(would_tax)::bigint AS would_tax
    FROM sides GROUP BY category_id, fee_id, currency
)
SELECT n.lines, t.category_id, t.fee_id, t.currency, t.was, t.was_tax, t.would, t.would_tax
FROM (SELECT count(*)::integer AS lines FROM sold) AS n LEFT JOIN summed t ON true
ORDER BY t.currency, t.fee_id, t.category_id
"""
