"""Questions about tax that was sold and given back."""

from datetime import date
from typing import LiteralString

from steelyard.kernel.db import Read
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.tax_reports.model import Seller, TaxLine

SELLERS_SHOWN_MAX = 500
_REPORT: LiteralString = """
WITH sellers AS (
    SELECT merchant_id, country AS seller_country, time_zone, $1::date::timestamp AT TIME ZONE time_zone AS since
         , ($2::date + 1)::timestamp AT TIME ZONE time_zone AS until
    FROM merchants WHERE $3::uuid IS NULL OR merchant_id = $3
), sold AS (
    SELECT o.merchant_id, o.order_id, l.tax_millionths AS millionths, l.tax_class AS kind
         , l.amount + CASE WHEN l.tax_inclusive THEN 0 ELSE l.tax END AS gross, l.tax
    FROM sellers s JOIN orders o ON o.merchant_id = s.merchant_id AND o.paid_at >= s.since AND o.paid_at < s.until
    JOIN order_lines l ON l.merchant_id = o.merchant_id AND l.order_id = o.order_id
    UNION ALL
    SELECT o.merchant_id, o.order_id, o.freight_tax_millionths, 'standard'
         , o.freight + CASE WHEN o.freight_tax_inclusive THEN 0 ELSE o.freight_tax END, o.freight_tax
    FROM sellers s JOIN orders o ON o.merchant_id = s.merchant_id AND o.paid_at >= s.since AND o.paid_at < s.until
    WHERE o.freight > 0
), touched AS (
    SELECT DISTINCT r.merchant_id, r.order_id, s.since, s.until
    FROM sellers s JOIN order_refunds r ON r.merchant_id = s.merchant_id AND r.at >= s.since AND r.at < s.until
), parts AS (
    SELECT r.merchant_id, r.order_id, r.at, t.since, t.until, p.amount, l.tax_millionths AS millionths
         , l.tax_class AS kind, l.tax, l.amount + CASE WHEN l.tax_inclusive THEN 0 ELSE l.tax END AS whole
         , sum(p.amount) OVER (PARTITION BY r.merchant_id, r.order_id, p.line ORDER BY r.at, r.refund_id) AS so_far
    FROM touched t JOIN order_refunds r ON r.merchant_id = t.merchant_id AND r.order_id = t.order_id
    JOIN order_refund_lines p ON p.merchant_id = r.merchant_id AND p.refund_id = r.refund_id
    JOIN order_lines l ON l.merchant_id = r.merchant_id AND l.order_id = r.order_id AND l.line = p.line
    UNION ALL
    SELECT r.merchant_id, r.order_id, r.at, t.since, t.until, r.freight, o.freight_tax_millionths, 'standard'
         , o.freight_tax, o.freight + CASE WHEN o.freight_tax_inclusive THEN 0 ELSE o.freight_tax END
         , sum(r.freight) OVER (PARTITION BY r.merchant_id, r.order_id ORDER BY r.at, r.refund_id)
    FROM touched t JOIN order_refunds r ON r.merchant_id = t.merchant_id AND r.order_id = t.order_id
    JOIN orders o ON o.merchant_id = r.merchant_id AND o.order_id = r.order_id
    WHERE r.freight > 0
), moved AS (
    SELECT merchant_id, order_id, millionths, kind, gross, tax, 0 AS returned_gross, 0 AS returned_tax FROM sold
    UNION ALL
    SELECT merchant_id, order_id, millionths, kind, 0, 0, amount
         , coalesce(div(2 * tax::numeric * so_far + whole, nullif(2 * whole, 0))
                  - div(2 * tax::numeric * (so_far - amount) + whole, nullif(2 * whole, 0)), 0)
    FROM parts WHERE at >= since AND at < until
)
SELECT o.currency, s.seller_country, coalesce(o.tax_country, '') AS country
     , CASE WHEN o.tax_country IN (SELECT t.country FROM tax_rates t WHERE t.region <> '')
            THEN upper(coalesce(o.address ->> 'region', '')) ELSE '' END AS region
     , CASE WHEN m.millionths = 0 THEN m.kind ELSE '' END AS kind, m.millionths
     , date_trunc('quarter', o.paid_at AT TIME ZONE s.time_zone)::date AS quarter
     , sum(m.gross)::bigint AS gross, sum(m.tax)::bigint AS tax
     , sum(m.returned_gross)::bigint AS returned_gross, sum(m.returned_tax)::bigint AS returned_tax
FROM moved m JOIN orders o USING (merchant_id, order_id) JOIN sellers s USING (merchant_id)
GROUP BY 1, 2, 3, 4, 5, 6, 7
HAVING sum(m.gross) <> 0 OR sum(m.returned_gross) <> 0
ORDER BY 1, 2, 3, 4, 5, 6, 7
"""


async def sellers(read: Read) -> list[Seller]:
    """The sellers that a report can be of, by name."""
    return await read.all(
        Seller,
        """
        SELECT m.merchant_id, s.name, m.country FROM merchants m JOIN shops s USING (merchant_id)
        WHERE m.state <> 'closed' ORDER BY s.slug LIMIT $1
        """,
        SELLERS_SHOWN_MAX,
    )


async def report(read: Read, first: date, last: date, merchant_id: MerchantId | None = None) -> list[TaxLine]:
    """What was paid for and what was given back from `first` to `last` (both included), days as they are where each seller
    is; of one seller, or of all.

    A sale counts on the day on which it was paid, a refund on the day on which it was decided. Of a line's tax a refund gives
    back the cumulative share, half a minor unit up, so that refunds of a whole line come to all of its tax.
    """
    return await read.all(
        TaxLine,
        _REPORT,
        first,
        last,
        merchant_id,
    )
