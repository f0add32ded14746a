"""Who comes into a shop's customer groups by what they have bought there: see goods/promotions, where groups are kept."""

from collections.abc import Sequence

from steelyard.goods import promotions
from steelyard.goods.promotions import MEMBERS_PER_COMMAND_MAX, CustomerGroupSet
from steelyard.goods.promotions.model import Joining, MemberSource
from steelyard.kernel.db import Tx
from steelyard.trade.orders import OrderCompleted


async def welcome(tx: Tx, facts: Sequence[OrderCompleted]) -> None:
    """Whose order is received may have enough of them now, or stays for longer."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT g.merchant_id, g.group_id, o.buyer_id
        FROM unnest($1::uuid[], $2::uuid[]) AS f (merchant_id, order_id)
        JOIN customer_groups g ON g.merchant_id = f.merchant_id AND g.orders IS NOT NULL AND g.closed_at IS NULL
        JOIN orders o ON o.merchant_id = f.merchant_id AND o.order_id = f.order_id
        JOIN buyers b ON b.buyer_id = o.buyer_id AND NOT b.guest
        WHERE (SELECT count(*) FROM orders p
               WHERE p.merchant_id = o.merchant_id AND p.buyer_id = o.buyer_id AND p.paid_at IS NOT NULL
                 AND p.state = 'completed') >= g.orders
        LIMIT $3
        """,
        [fact.merchant_id for fact in facts],
        [fact.order_id for fact in facts],
        MEMBERS_PER_COMMAND_MAX,
    )
    await promotions.join(
        tx, [Joining(row["merchant_id"], row["group_id"], row["buyer_id"]) for row in rows], MemberSource.ORDERS
    )


async def fill(tx: Tx, facts: Sequence[CustomerGroupSet]) -> None:
    """Who has bought often enough before there was such a group, within the days that one stays."""
    rows = await tx.fetch(
        """
        SELECT g.merchant_id, g.group_id, o.buyer_id
        FROM unnest($1::uuid[], $2::uuid[]) AS f (merchant_id, group_id)
        JOIN customer_groups g ON g.merchant_id = f.merchant_id AND g.group_id = f.group_id AND g.closed_at IS NULL
        JOIN orders o ON o.merchant_id = g.merchant_id AND o.state = 'completed' AND o.paid_at IS NOT NULL
        JOIN buyers b ON b.buyer_id = o.buyer_id AND NOT b.guest
        WHERE g.orders IS NOT NULL
        GROUP BY g.merchant_id, g.group_id, o.buyer_id
        HAVING count(*) >= g.orders AND (g.days IS NULL OR max(o.completed_at) > now() - g.days * interval '1 day')
        ORDER BY g.merchant_id, g.group_id, o.buyer_id LIMIT $3
        """,
        [fact.merchant_id for fact in facts],
        [fact.group_id for fact in facts],
        MEMBERS_PER_COMMAND_MAX,
    )
    await promotions.join(
        tx, [Joining(row["merchant_id"], row["group_id"], row["buyer_id"]) for row in rows], MemberSource.ORDERS
    )
