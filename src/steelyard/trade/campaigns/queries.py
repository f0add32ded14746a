"""Questions about campaigns and what is signed up for them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from steelyard.goods import inventory
from steelyard.kernel import keeping
from steelyard.kernel.db import Read
from steelyard.trade import reviews
from steelyard.trade.campaigns.model import ENTRIES_SHOWN_MAX, Article, Campaign, Count, Entry

CAMPAIGNS_SHOWN_MAX = 50


async def campaigns(read: Read, before: UUID | None, limit: int) -> list[Campaign]:
    """All of them, what was opened last first; `before` is the last of the page before."""
    return await read.all(
        Campaign,
        """
        SELECT campaign_id, code, name, about, sign_up_from, sign_up_until, starts_at, ends_at, rules, ended_at, ended_by
             , reason
        FROM campaigns WHERE $1::uuid IS NULL OR campaign_id < $1 ORDER BY campaign_id DESC LIMIT $2
        """,
        before,
        limit,
    )


async def near(read: Read, at: datetime) -> list[Campaign]:
    """Those that a shop is concerned with: they are not over, what starts first first."""
    return await read.all(
        Campaign,
        """
        SELECT campaign_id, code, name, about, sign_up_from, sign_up_until, starts_at, ends_at, rules, ended_at, ended_by
             , reason
        FROM campaigns WHERE ends_at > $1 AND sign_up_from <= $1 AND ended_at IS NULL
        ORDER BY starts_at, campaign_id LIMIT $2
        """,
        at,
        CAMPAIGNS_SHOWN_MAX,
    )


async def between(read: Read, since: datetime, until: datetime) -> list[Campaign]:
    """Those that run at some moment between these, called off ones too, what starts first first."""
    return await read.all(
        Campaign,
        """
        SELECT campaign_id, code, name, about, sign_up_from, sign_up_until, starts_at, ends_at, rules, ended_at, ended_by
             , reason
        FROM campaigns WHERE ends_at > $1 AND starts_at < $2 ORDER BY starts_at, campaign_id LIMIT $3
        """,
        since,
        until,
        CAMPAIGNS_SHOWN_MAX,
    )


async def campaign(read: Read, campaign_id: UUID) -> Campaign | None:
    return await read.one(
        Campaign,
        """
        SELECT campaign_id, code, name, about, sign_up_from, sign_up_until, starts_at, ends_at, rules, ended_at, ended_by
             , reason
        FROM campaigns WHERE campaign_id = $1
        """,
        campaign_id,
    )


async def by_code(read: Read, code: str) -> Campaign | None:
    return await read.one(
        Campaign,
        """
        SELECT campaign_id, code, name, about, sign_up_from, sign_up_until, starts_at, ends_at, rules, ended_at, ended_by
             , reason
        FROM campaigns WHERE code = $1
        """,
        code,
    )


async def entries(read: Read, campaign_id: UUID, merchant_id: UUID | None = None) -> list[Entry]:
    """What is signed up for a campaign, by one shop or by all; what waits first, in the order in which it came."""
    return await read.all(
        Entry,
        """
        SELECT merchant_id, entry_id, campaign_id, product_id, sku_id, price, pieces, per_buyer, state, asked_at, decided_at
             , reason, leave_asked_at, leave_reason, leave_answered_at, leave_answer
        FROM campaign_entries WHERE campaign_id = $1 AND ($2::uuid IS NULL OR merchant_id = $2)
        ORDER BY state <> 'waiting', state, asked_at, entry_id LIMIT $3
        """,
        campaign_id,
        merchant_id,
        ENTRIES_SHOWN_MAX,
    )


async def carried_by(read: Read, merchant_id: UUID, session_id: UUID) -> UUID | None:
    """The campaign whose article this flash sale carries, if it does."""
    return await read.value(
        """
        SELECT campaign_id FROM campaign_entries WHERE merchant_id = $1 AND entry_id = $2 AND state = 'approved'
        """,
        merchant_id,
        session_id,
    )


async def running(read: Read) -> list[Campaign]:
    """Those that run now and in which something is sold, what ends first first; known for two seconds, since the home page and
    every category ask."""

    async def found() -> list[Campaign]:
        return await read.all(
            Campaign,
            """
            SELECT campaign_id, code, name, about, sign_up_from, sign_up_until, starts_at, ends_at, rules, ended_at, ended_by
                 , reason
            FROM campaigns c
            WHERE ends_at > now() AND starts_at <= now() AND ended_at IS NULL
              AND EXISTS (SELECT FROM campaign_entries e WHERE e.campaign_id = c.campaign_id AND e.state = 'approved')
            ORDER BY ends_at, campaign_id LIMIT $1
            """,
            CAMPAIGNS_SHOWN_MAX,
        )

    return await keeping.kept(read, "trade.campaigns", found)


async def counts(read: Read, campaign_ids: Collection[UUID]) -> dict[UUID, Count]:
    rows = await read.fetch(
        """
        SELECT campaign_id, count(*) FILTER (WHERE state = 'waiting') AS waiting
             , count(*) FILTER (WHERE state = 'approved') AS approved
             , count(*) FILTER (WHERE state = 'approved' AND leave_asked_at IS NOT NULL AND leave_answered_at IS NULL) AS leaving
        FROM campaign_entries WHERE campaign_id = ANY($1) GROUP BY campaign_id
        """,
        list(campaign_ids),
    )
    return {
        row["campaign_id"]: Count(waiting=row["waiting"], approved=row["approved"], leaving=row["leaving"])
        for row in rows
    }


async def articles(read: Read, merchant_id: UUID, sku_ids: Sequence[UUID]) -> dict[UUID, Article]:
    """What is known of these articles of a shop; those that are not its own, or have no price, are missing."""
    rows = await read.fetch(
        """
        SELECT s.sku_id, s.product_id, c.path AS categories, s.active AND p.state = 'on_shelf' AS on_shelf, r.amount AS price
             , (SELECT coalesce(min(least(h.amount, r.amount)), r.amount) FROM price_history h
                WHERE h.merchant_id = r.merchant_id AND h.sku_id = r.sku_id AND h.currency = r.currency
                  AND h.until > now() - interval '30 days') AS lowest
        FROM skus s
        JOIN products p USING (merchant_id, product_id)
        JOIN categories c USING (category_id)
        JOIN merchants m ON m.merchant_id = s.merchant_id
        JOIN prices r ON r.merchant_id = s.merchant_id AND r.sku_id = s.sku_id AND r.currency = m.currency
        WHERE s.merchant_id = $1 AND s.sku_id = ANY($2)
        """,
        merchant_id,
        list(sku_ids),
    )
    free = await inventory.available(read, [row["sku_id"] for row in rows])
    stars = await reviews.ratings(read, {row["product_id"] for row in rows})
    return {
        row["sku_id"]: Article(
            sku_id=row["sku_id"],
            product_id=row["product_id"],
            categories=row["categories"],
            on_shelf=row["on_shelf"],
            price=row["price"],
            lowest=row["lowest"],
            free=free.get(row["sku_id"], 0),
            stars=rated.hundredths if (rated := stars[row["product_id"]]).count else None,
        )
        for row in rows
    }
