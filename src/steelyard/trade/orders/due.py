"""What a merchant has to send and by when: each order by its own day, which a line promised or a presale agreed, or else so many
hours after payment; and what else of its orders waits for somebody."""

from datetime import UTC, datetime, timedelta
from typing import LiteralString
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, Pause
from steelyard.trade.orders.model import COUNTED_MAX, SHIP_WITHIN_HOURS, STUCK_AFTER_DAYS, Order, ToDo
from steelyard.trade.orders.queries import ORDER_COLUMNS

LATE_MAX = 2_000
SOON_HOURS = 12
LONG_AGO = datetime(1970, 1, 2, tzinfo=UTC)

# The orders of the merchant `$1` that are due in a window `w`, each by its own day (see `Order.due`). Those without one: by when
# they were paid. Of those with one, what was paid in a pause from `$2` to `$3` counts from its end, unless the day was agreed.
DUE: LiteralString = """
SELECT order_id FROM orders
WHERE merchant_id = $1 AND state IN ('paid', 'partly_shipped') AND ship_by IS NULL
  AND paid_at > w.paid_after AND paid_at <= w.paid_by
UNION ALL
SELECT order_id FROM orders
WHERE merchant_id = $1 AND state IN ('paid', 'partly_shipped') AND ship_by <= w.by
  AND CASE WHEN ship_hours IS NOT NULL AND paid_at >= $2 AND paid_at < $3 THEN $3 + (ship_by - paid_at) ELSE ship_by END
      BETWEEN w.after + interval '1 microsecond' AND w.by
"""
WINDOWS: LiteralString = """
unnest($4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[])
    WITH ORDINALITY AS w (after, by, paid_after, paid_by, place)
"""


def _windows(pause: Pause | None, *windows: tuple[datetime, datetime]) -> tuple[object, ...]:
    """What `DUE` is asked with, from `$2` on, to find what is due after the first moment of each and by the second."""
    within = timedelta(hours=SHIP_WITHIN_HOURS)
    counts = pause if pause is not None and pause.sells else None

    def paid(at: datetime) -> datetime:
        return at - within if pause is None else pause.paid_before(at, within)

    return (
        counts and counts.begins_at,
        counts and counts.ends_at,
        [after for after, _ in windows],
        [by for _, by in windows],
        [paid(after) for after, _ in windows],
        [paid(by) for _, by in windows],
    )


async def late(read: Read, merchant_id: MerchantId, now: datetime) -> list[UUID]:
    """The orders that have not left by their own day; the shop's pauses are counted in."""
    rows = await read.fetch(
        "SELECT o.order_id FROM " + WINDOWS + " CROSS JOIN LATERAL (" + DUE + " LIMIT $8) o",  # noqa: S608  # literals of ours
        merchant_id,
        *_windows(await merchants.pause_of(read, merchant_id), (LONG_AGO, now)),
        LATE_MAX,
    )
    return [row["order_id"] for row in rows]


async def next_due(read: Read, merchant_id: MerchantId, limit: int) -> list[Order]:
    """What has to leave next, each by its own day, and what should have left: at least the first so many, not in order, since
    a pause can move them."""
    return await read.all(
        Order,
        ORDER_COLUMNS  # noqa: S608  # literals of ours
        + """
        FROM ((SELECT merchant_id, order_id FROM orders
               WHERE merchant_id = $1 AND state IN ('paid', 'partly_shipped') AND ship_by IS NULL ORDER BY paid_at LIMIT $2)
              UNION ALL
              (SELECT merchant_id, order_id FROM orders
               WHERE merchant_id = $1 AND state IN ('paid', 'partly_shipped') AND ship_by IS NOT NULL
               ORDER BY ship_by LIMIT $2)) w
        JOIN orders o USING (merchant_id, order_id)
        """,
        merchant_id,
        limit,
    )


async def to_do(read: Read, merchant_id: MerchantId, account_id: UUID | None) -> ToDo:
    """What of a merchant's orders waits for somebody; `account_id` is who asks."""
    now = datetime.now(UTC)
    pause = await merchants.pause_of(read, merchant_id)
    found = await read.one(
        ToDo,
        "WITH due AS (SELECT w.place, (SELECT count(*) FROM ("  # noqa: S608  # literals of ours
        + DUE
        + " LIMIT $8) AS o) AS orders FROM "
        + WINDOWS
        + """)
        SELECT (SELECT count(*) FROM (SELECT FROM orders WHERE merchant_id = $1 AND state IN ('paid', 'partly_shipped')
                                      LIMIT $8) AS o) AS to_send
             , (SELECT orders FROM due WHERE place = 1) AS late
             , (SELECT orders FROM due WHERE place = 2) AS soon_late
             , (SELECT count(*) FROM (SELECT DISTINCT p.order_id FROM parcels p
                                      JOIN orders o ON o.merchant_id = p.merchant_id AND o.order_id = p.order_id
                                      WHERE p.merchant_id = $1
                                        AND p.state IN ('handed_over', 'in_transit') AND p.sent_at <= $9
                                      LIMIT $8) AS o) AS stuck
             , (SELECT count(*) FROM (SELECT DISTINCT p.order_id FROM parcels p
                                      JOIN orders o ON o.merchant_id = p.merchant_id AND o.order_id = p.order_id
                                      WHERE p.merchant_id = $1 AND p.state = 'lost'
                                        AND o.state IN ('partly_shipped', 'shipped') AND o.refunded < o.total
                                      LIMIT $8) AS o) AS lost
             , (SELECT count(*) FROM (SELECT DISTINCT order_id FROM order_note_mentions
                                      WHERE merchant_id = $1 AND account_id = $10 AND seen_at IS NULL
                                      LIMIT $8) AS o) AS named
             , (SELECT count(*) FROM (SELECT FROM orders WHERE merchant_id = $1 AND state = 'placed' LIMIT $8) AS o)
                   AS unpaid
             , (SELECT count(*) FROM (SELECT FROM orders WHERE merchant_id = $1 AND state IN ('paid', 'partly_shipped')
                                        AND reminded_at IS NOT NULL LIMIT $8) AS o) AS reminded
        """,
        merchant_id,
        *_windows(pause, (LONG_AGO, now), (now, now + timedelta(hours=SOON_HOURS))),
        COUNTED_MAX,
        now - timedelta(days=STUCK_AFTER_DAYS),
        account_id,
    )
    assert found is not None
    return msgspec.structs.replace(found, pause=pause)
