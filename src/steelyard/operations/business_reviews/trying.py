"""What was tried in a period: what the shop, or the marketplace as a whole, had going on that could have moved its figures.
What is known of each is told with it: orders and money of the period, and what it took off."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel.db import Read, Row
from steelyard.kernel.text import Text
from steelyard.operations.analytics import MARKETPLACE
from steelyard.operations.business_reviews.model import TRIED_KEPT, Period, Tried


async def tried(read: Read, merchant_id: UUID | None, period: Period, currency: str) -> list[Tried]:
    """In the order in which it began; what was done many times (prices changed) as one line."""
    owner = merchant_id or MARKETPLACE
    found = [
        *await _promotions(read, owner, period, currency),
        *await _campaigns(read, merchant_id, period),
        *await _experiments(read, owner, period),
        *await _live(read, merchant_id, period, currency),
    ]
    if merchant_id is not None:
        found += [
            *await _flash(read, merchant_id, period, currency),
            *await _groups(read, merchant_id, period),
            *await _links(read, merchant_id, period, currency),
            *await _journeys(read, merchant_id, period),
            *await _goods(read, merchant_id, period),
        ]
    ordered = sorted(found, key=lambda each: (each.since is None, each.since or period.begins_at, each.kind))
    return ordered[:TRIED_KEPT]


def _told(rows: Sequence[Row], kind: str = "") -> list[Tried]:
    return [
        Tried(
            kind=kind or row["kind"],
            name=Text(row["name"]),
            id=row["id"],
            since=row["since"],
            until=row["until"],
            orders=row.get("orders"),
            paid=row.get("paid"),
            given=row.get("given"),
        )
        for row in rows
    ]


async def _promotions(read: Read, owner: UUID, period: Period, currency: str) -> list[Tried]:
    """Offers and coupons that ran, with the orders that used them."""
    return _told(
        await read.fetch(
            """
            SELECT CASE WHEN p.coupon THEN 'coupon' ELSE 'promotion' END AS kind, p.name, p.promotion_id AS id
                 , p.starts_at AS since, least(p.ends_at, coalesce(p.stopped_at, p.ends_at)) AS until
                 , u.orders, u.paid, u.given
            FROM promotions p CROSS JOIN LATERAL (
                SELECT count(*)::integer AS orders, coalesce(sum(o.total), 0)::bigint AS paid
                     , coalesce(sum(u.amount), 0)::bigint AS given
                FROM promotion_uses u JOIN orders o ON o.order_id = u.order_id
                WHERE u.merchant_id = p.merchant_id AND u.promotion_id = p.promotion_id AND u.at >= $2 AND u.at < $3
                  AND u.given_back_at IS NULL AND o.paid_at IS NOT NULL) u
            WHERE p.merchant_id = $1 AND p.currency = $4 AND p.session_id IS NULL
              AND p.starts_at < $3 AND p.ends_at > $2 AND coalesce(p.stopped_at > $2, true)
            ORDER BY u.paid DESC, p.starts_at, p.promotion_id LIMIT $5
            """,
            owner,
            period.begins_at,
            period.ends_at,
            currency,
            TRIED_KEPT,
        )
    )


async def _flash(read: Read, merchant_id: UUID, period: Period, currency: str) -> list[Tried]:
    """Flash sales and presales."""
    return _told(
        await read.fetch(
            """
            SELECT CASE WHEN s.presale IS NULL THEN 'flash' ELSE 'presale' END AS kind, s.name, s.session_id AS id
                 , s.starts_at AS since, s.ends_at AS until, u.orders, u.paid, u.given
            FROM flash_sessions s CROSS JOIN LATERAL (
                SELECT count(*)::integer AS orders, coalesce(sum(o.total), 0)::bigint AS paid
                     , coalesce(sum(u.amount), 0)::bigint AS given
                FROM promotions p JOIN promotion_uses u USING (merchant_id, promotion_id)
                JOIN orders o ON o.merchant_id = u.merchant_id AND o.order_id = u.order_id
                WHERE p.merchant_id = s.merchant_id AND p.session_id = s.session_id AND p.currency = $4
                  AND u.at >= $2 AND u.at < $3 AND u.given_back_at IS NULL AND o.paid_at IS NOT NULL) u
            WHERE s.merchant_id = $1 AND s.starts_at < $3 AND s.ends_at > $2 AND s.cancelled_by IS NULL
              AND s.only_source IS NULL
            ORDER BY s.starts_at, s.session_id LIMIT $5
            """,
            merchant_id,
            period.begins_at,
            period.ends_at,
            currency,
            TRIED_KEPT,
        )
    )


async def _campaigns(read: Read, merchant_id: UUID | None, period: Period) -> list[Tried]:
    """Campaigns of the platform; of a shop, those that it had goods in."""
    return _told(
        await read.fetch(
            """
            SELECT c.name, c.campaign_id AS id, c.starts_at AS since, coalesce(c.ended_at, c.ends_at) AS until
            FROM campaigns c
            WHERE c.ends_at > $2 AND c.starts_at < $3 AND coalesce(c.ended_at > $2, true)
              AND ($1::uuid IS NULL OR EXISTS (SELECT FROM campaign_entries e
                                               WHERE e.merchant_id = $1 AND e.campaign_id = c.campaign_id
                                                 AND e.state = 'approved'))
            ORDER BY c.starts_at, c.campaign_id LIMIT $4
            """,
            merchant_id,
            period.begins_at,
            period.ends_at,
            TRIED_KEPT,
        ),
        "campaign",
    )


async def _experiments(read: Read, owner: UUID, period: Period) -> list[Tried]:
    return _told(
        await read.fetch(
            """
            SELECT jsonb_build_object('zh-Hans', name) AS name, experiment_id AS id, started_at AS since, stopped_at AS until
            FROM experiments
            WHERE merchant_id = $1 AND kind <> 'imported' AND started_at < $3 AND coalesce(stopped_at > $2, true)
            ORDER BY started_at, experiment_id LIMIT $4
            """,
            owner,
            period.begins_at,
            period.ends_at,
            TRIED_KEPT,
        ),
        "experiment",
    )


async def _live(read: Read, merchant_id: UUID | None, period: Period, currency: str) -> list[Tried]:
    """Live sessions that were on air; of the marketplace, those that sold most."""
    return _told(
        await read.fetch(
            """
            SELECT s.title AS name, s.session_id AS id, s.started_at AS since, s.ended_at AS until, l.orders, l.paid
            FROM live_sessions s CROSS JOIN LATERAL (
                SELECT count(*)::integer AS orders, coalesce(sum(o.total), 0)::bigint AS paid
                FROM live_orders l JOIN orders o USING (merchant_id, order_id)
                WHERE l.merchant_id = s.merchant_id AND l.session_id = s.session_id AND o.currency = $4
                  AND o.paid_at >= $2 AND o.paid_at < $3) l
            WHERE ($1::uuid IS NULL OR s.merchant_id = $1) AND s.started_at >= $2 AND s.started_at < $3
              AND s.starts_at >= $2::timestamptz - interval '7 days' AND s.starts_at < $3::timestamptz + interval '7 days'
            ORDER BY l.paid DESC, s.started_at, s.session_id LIMIT $5
            """,
            merchant_id,
            period.begins_at,
            period.ends_at,
            currency,
            TRIED_KEPT,
        ),
        "live",
    )


async def _groups(read: Read, merchant_id: UUID, period: Period) -> list[Tried]:
    return _told(
        await read.fetch(
            """
            SELECT p.title AS name, g.offer_id AS id, g.starts_at AS since, coalesce(g.stopped_at, g.ends_at) AS until
            FROM group_offers g JOIN products p USING (merchant_id, product_id)
            WHERE g.merchant_id = $1 AND g.starts_at < $3 AND coalesce(g.stopped_at, g.ends_at) > $2
            ORDER BY g.starts_at, g.offer_id LIMIT $4
            """,
            merchant_id,
            period.begins_at,
            period.ends_at,
            TRIED_KEPT,
        ),
        "group",
    )


async def _links(read: Read, merchant_id: UUID, period: Period, currency: str) -> list[Tried]:
    """Links of campaigns that were followed in the period, with the orders of people whom they brought last."""
    return _told(
        await read.fetch(
            """
            SELECT jsonb_build_object('zh-Hans', k.name) AS name, k.link_id AS id, NULL::timestamptz AS since
                 , NULL::timestamptz AS until, count(o.order_id)::integer AS orders, coalesce(sum(o.paid), 0)::bigint AS paid
            FROM campaign_links k
            LEFT JOIN link_orders o ON o.merchant_id = k.merchant_id AND o.link_id = k.link_id AND o.at >= $2 AND o.at < $3
                                   AND o.currency = $4
            WHERE k.merchant_id = $1
              AND EXISTS (SELECT FROM link_days d WHERE d.merchant_id = k.merchant_id AND d.link_id = k.link_id
                                                    AND d.day BETWEEN $5 AND $6)
            GROUP BY k.name, k.link_id ORDER BY 6 DESC, k.link_id LIMIT $7
            """,
            merchant_id,
            period.begins_at,
            period.ends_at,
            currency,
            period.first,
            period.last,
            TRIED_KEPT,
        ),
        "link",
    )


async def _journeys(read: Read, merchant_id: UUID, period: Period) -> list[Tried]:
    return _told(
        await read.fetch(
            """
            SELECT name, journey_id AS id, started_at AS since, ended_at AS until FROM journeys
            WHERE merchant_id = $1 AND started_at < $3 AND coalesce(ended_at > $2, true)
            ORDER BY started_at, journey_id LIMIT $4
            """,
            merchant_id,
            period.begins_at,
            period.ends_at,
            TRIED_KEPT,
        ),
        "journey",
    )


async def unlearned(read: Read, merchant_id: UUID | None, period: Period) -> list[Tried]:
    """Experiments that ended in the period and taught nothing yet."""
    return _told(
        await read.fetch(
            """
            SELECT jsonb_build_object('zh-Hans', name) AS name, experiment_id AS id, started_at AS since, stopped_at AS until
            FROM experiments
            WHERE merchant_id = $1 AND state = 'stopped' AND kind <> 'imported' AND stopped_at >= $2 AND stopped_at < $3
            ORDER BY stopped_at, experiment_id LIMIT $4
            """,
            merchant_id or MARKETPLACE,
            period.begins_at,
            period.ends_at,
            TRIED_KEPT,
        ),
        "experiment",
    )


async def _goods(read: Read, merchant_id: UUID, period: Period) -> list[Tried]:
    """How many articles had their price changed, and how many products are new."""
    row = await read.row(
        """
        SELECT (SELECT count(DISTINCT sku_id) FROM price_history
                WHERE merchant_id = $1 AND until >= $2 AND until < $3)::integer AS prices
             , (SELECT count(*) FROM products
                WHERE merchant_id = $1 AND created_at >= $2 AND created_at < $3
                  AND state NOT IN ('draft', 'binned'))::integer AS products
        """,
        merchant_id,
        period.begins_at,
        period.ends_at,
    )
    assert row is not None
    return [
        Tried(kind=kind, count=row[column])
        for kind, column in (("price", "prices"), ("product", "products"))
        if row[column]
    ]
