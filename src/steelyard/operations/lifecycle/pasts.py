"""What customers of a shop, or of the marketplace, had bought by a day: their orders as they are in the books, so that any day of
the past is looked at by the sums of `judging`.

Only orders that were not called off since count, and customers of whom facts are kept: whom nobody knows, and who wanted to be
forgotten, is nobody here either.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from steelyard.kernel.db import Read
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.operations.analytics import MARKETPLACE
from steelyard.operations.lifecycle.judging import Bought

# As many are read and worked out while a page is waited for.
ORDERS_AT_ONCE_MAX = 300_000


class TooManyOrders(Refusal):
    """A page works out what some hundred thousand orders say, not more; the nightly count is of any number."""

    code = "too_many_orders"
    status = 422
    title = N_("These are too many orders for a page")
    detail = N_(
        "There are more than {most} by that day. The count of each night is of all of them, whatever their number."
    )


async def bought_by(read: Read, merchant_id: UUID, currency: str, until: datetime, *, gross: bool = False) -> Bought:
    """Who had bought what in a currency before a moment, in the order of their ids. Raises `TooManyOrders`."""
    rows = await read.fetch(
        """
        SELECT f.buyer_id, extract(epoch FROM min(o.paid_at))::float8 AS at, sum(o.total)::float8 AS spent
             , coalesce(sum(g.refunded), 0)::float8 AS refunded
        FROM merchants s
        JOIN orders o ON o.merchant_id = s.merchant_id AND o.paid_at < $3 AND o.state <> 'cancelled' AND o.currency = $2
        LEFT JOIN visitor_merges v ON v.visitor_id = o.buyer_id
        JOIN customer_facts f ON f.merchant_id = $1 AND f.buyer_id = coalesce(v.buyer_id, o.buyer_id)
        LEFT JOIN LATERAL (
            SELECT sum(r.goods + r.freight) AS refunded FROM order_refunds r WHERE r.order_id = o.order_id AND r.at < $3
        ) AS g ON o.refunded > 0
        WHERE $1 = $4::uuid OR s.merchant_id = $1
        GROUP BY f.buyer_id, o.purchase_id ORDER BY f.buyer_id LIMIT $5
        """,
        merchant_id,
        currency,
        until,
        MARKETPLACE,
        ORDERS_AT_ONCE_MAX + 1,
    )
    if len(rows) > ORDERS_AT_ONCE_MAX:
        raise TooManyOrders(most=f"{ORDERS_AT_ONCE_MAX:,}")
    return _by_customer(rows, currency, gross)


def _by_customer(rows: list[Any], currency: str, gross: bool) -> Bought:
    """Rows of customer, moment, what was paid and what was given back; all of a customer stand together."""
    places: dict[UUID, int] = {}
    user = np.array([places.setdefault(row["buyer_id"], len(places)) for row in rows], dtype=np.int64)
    at = np.array([row["at"] for row in rows], dtype=float)
    count = len(places)
    first, last = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(first, user, at)
    np.maximum.at(last, user, at)
    return Bought(
        currency=currency,
        first=first,
        last=last,
        orders=np.bincount(user, minlength=count).astype(float),
        spent=np.bincount(user, weights=[row["spent"] for row in rows], minlength=count),
        refunded=np.bincount(user, weights=[row["refunded"] for row in rows], minlength=count),
        order_user=user,
        order_at=at,
        gross=gross,
    )
