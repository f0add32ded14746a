"""Sales of a period, by one of two definitions. Both walk the indexes on time."""

from datetime import UTC, date, datetime, time, timedelta

from steelyard.kernel.db import Read, Row
from steelyard.kernel.money import Money
from steelyard.operations.analytics.model import Definition, SalesFigures, SalesReport

# Further than any time zone is from UTC: what the index finds is then looked at by the merchant's own days.
ZONE_MARGIN = timedelta(days=1)


async def sales_report(read: Read, since: date, until: date, definition: Definition = "net") -> SalesReport:
    """Sales from `since` to `until`, both included, by one of the two definitions of `model.Definition`.

    Days are those of each merchant's time zone. Orders that were paid count (imported ones were, elsewhere) on the day
    they were placed; what is given back counts on the day it was decided, as lines of its own: of an imported return the
    lines of the imported document, which hold credits without a known sale as well. With `net` every imported document
    counts, corrections of accounts and of stock included. A customer is known who left an e-mail address or came with an
    id of an import.
    """
    begin = datetime.combine(since, time(), UTC) - ZONE_MARGIN
    end = datetime.combine(until, time(), UTC) + timedelta(days=1) + ZONE_MARGIN
    rows = await (_published if definition == "published" else _net)(read, begin, end, since, until)
    found = [
        SalesFigures(
            rows=row["rows"],
            customers=row["customers"],
            invoices=row["invoices"],
            revenue=Money(row["revenue"], row["currency"]).decimal(),
            currency=row["currency"],
        )
        for row in rows
    ]
    most = (
        found[0]
        if found
        else SalesFigures(rows=0, customers=0, invoices=0, revenue=Money(0, "XXX").decimal(), currency="")
    )
    return SalesReport(
        rows=most.rows,
        customers=most.customers,
        invoices=most.invoices,
        revenue=most.revenue,
        currency=most.currency,
        since=since,
        until=until,
        definition=definition,
        others=found[1:],
    )


async def _net(read: Read, begin: datetime, end: datetime, since: date, until: date) -> list[Row]:
    # An imported invoice may be an order and, by its other lines, a return: its source is the same.
    return await read.fetch(
        """
        WITH told AS (
            SELECT o.currency, CASE WHEN b.email IS NOT NULL OR b.source IS NOT NULL THEN o.buyer_id END AS buyer_id
                 , coalesce(o.source, '') AS source, o.order_id AS document
                 , count(*) AS lines, sum(l.amount + CASE WHEN l.tax_inclusive THEN 0 ELSE l.tax END) AS amount
            FROM orders o
            JOIN merchants m USING (merchant_id)
            JOIN buyers b ON b.buyer_id = o.buyer_id
            JOIN order_lines l ON l.merchant_id = o.merchant_id AND l.order_id = o.order_id
            WHERE o.placed_at >= $1 AND o.placed_at < $2
              AND (o.placed_at AT TIME ZONE m.time_zone)::date BETWEEN $3 AND $4
              AND (o.paid_at IS NOT NULL OR o.state = 'completed')
            GROUP BY 1, 2, 3, 4
            UNION ALL
            SELECT r.currency, CASE WHEN b.email IS NOT NULL OR b.source IS NOT NULL THEN o.buyer_id END, '', r.refund_id
                 , count(*), -sum(l.amount)
            FROM order_refunds r
            JOIN merchants m USING (merchant_id)
            JOIN order_refund_lines l ON l.merchant_id = r.merchant_id AND l.refund_id = r.refund_id
            JOIN orders o ON o.merchant_id = r.merchant_id AND o.order_id = r.order_id
            JOIN buyers b ON b.buyer_id = o.buyer_id
            WHERE r.at >= $1 AND r.at < $2 AND (r.at AT TIME ZONE m.time_zone)::date BETWEEN $3 AND $4
              AND r.reason <> 'imported'
            GROUP BY 1, 2, 3, 4
            UNION ALL
            SELECT d.currency, d.buyer_id
                 , concat('import:', CASE WHEN m.source LIKE 'import:%' THEN substr(m.source, 8) ELSE s.slug END, ':'
                        , d.number)
                 , d.document_id, count(*), d.amount
            FROM import_documents d
            JOIN merchants m USING (merchant_id)
            LEFT JOIN shops s USING (merchant_id)
            JOIN import_lines l ON l.merchant_id = d.merchant_id AND l.document_id = d.document_id
            WHERE d.placed_at >= $1 AND d.placed_at < $2
              AND (d.placed_at AT TIME ZONE m.time_zone)::date BETWEEN $3 AND $4
            GROUP BY 1, 2, 3, 4, d.amount
        )
        SELECT currency, sum(lines)::bigint AS rows, count(DISTINCT buyer_id) AS customers
             , count(DISTINCT CASE WHEN source LIKE 'import:%' THEN source ELSE document::text END) AS invoices
             , sum(amount)::bigint AS revenue
        FROM told GROUP BY currency ORDER BY sum(lines) DESC, currency
        """,
        begin,
        end,
        since,
        until,
    )


async def _published(read: Read, begin: datetime, end: datetime, since: date, until: date) -> list[Row]:
    # A price of less than a minor unit is a price: unit_price rounds it to nothing.
    return await read.fetch(
        """
        SELECT o.currency, sum(l.lines)::bigint AS rows, count(DISTINCT o.buyer_id) AS customers
             , count(*) AS invoices, sum(l.amount)::bigint AS revenue
        FROM orders o
        JOIN merchants m USING (merchant_id)
        JOIN buyers b ON b.buyer_id = o.buyer_id
        JOIN LATERAL (
            SELECT count(*) AS lines, sum(l.amount) AS amount FROM order_lines l
            WHERE l.merchant_id = o.merchant_id AND l.order_id = o.order_id
              AND l.quantity > 0 AND (l.unit_price > 0 OR l.unit_price_micros > 0)
        ) AS l ON l.lines > 0
        WHERE o.placed_at >= $1 AND o.placed_at < $2
          AND (o.placed_at AT TIME ZONE m.time_zone)::date BETWEEN $3 AND $4
          AND (o.paid_at IS NOT NULL OR o.state = 'completed')
          AND (b.email IS NOT NULL OR b.source IS NOT NULL)
        GROUP BY o.currency ORDER BY sum(l.lines) DESC, o.currency
        """,
        begin,
        end,
        since,
        until,
    )
