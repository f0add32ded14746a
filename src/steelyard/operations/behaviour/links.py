"""Campaign links: making them, counting who follows them, and what was bought by those whom they brought; what campaigns cost."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from steelyard.kernel import paging
from steelyard.kernel.db import Read, Tx, UniqueViolation
from steelyard.kernel.errors import NotFound
from steelyard.kernel.paging import Page
from steelyard.operations.behaviour.link_model import (
    COSTS_PER_IMPORT_MAX,
    COSTS_SHOWN_MAX,
    LINKS_PER_MERCHANT_MAX,
    Cost,
    Link,
    LinkClick,
    LinkFigures,
    TooManyLinks,
    mint_code,
)
from steelyard.trade.settlement import settlement_day

CODES_TRIED_MAX = 5


async def make_link(tx: Tx, link: Link, by: str) -> None:
    """Write a link down under a short address. Said twice with the same id, the first stays. Raises `TooManyLinks`."""
    count = await tx.value("SELECT count(*) FROM campaign_links WHERE merchant_id = $1", link.merchant_id)
    if count >= LINKS_PER_MERCHANT_MAX:
        raise TooManyLinks(most=LINKS_PER_MERCHANT_MAX)
    fresh = await tx.execute(
        """
        INSERT INTO campaign_links (merchant_id, link_id, code, name, target, target_id, path, source, medium, campaign
                                  , content, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (merchant_id, link_id) DO NOTHING
        """,
        link.merchant_id,
        link.link_id,
        link.code,
        link.name,
        link.target,
        link.target_id,
        link.path,
        link.source,
        link.medium,
        link.campaign,
        link.content,
        by,
    )
    if fresh:
        await _claim(tx, link)


async def _claim(tx: Tx, link: Link) -> None:
    """The code is this link's; should another shop have the same (one in billions), it gets another."""
    code = link.code
    for _ in range(CODES_TRIED_MAX):
        try:
            async with tx.savepoint():
                await tx.execute(
                    "INSERT INTO link_codes (code, merchant_id, link_id) VALUES ($1, $2, $3)",
                    code,
                    link.merchant_id,
                    link.link_id,
                )
        except UniqueViolation:
            code = mint_code()
            continue
        await tx.execute(
            "UPDATE campaign_links SET code = $3 WHERE merchant_id = $1 AND link_id = $2 AND code <> $3",
            link.merchant_id,
            link.link_id,
            code,
        )
        return
    raise AssertionError("codes are drawn from a trillion")


async def end_link(tx: Tx, merchant_id: UUID, link_id: UUID) -> None:
    """Take a link out of the list; who has it is led on all the same. Twice changes nothing. Raises `NotFound`."""
    known = await tx.execute(
        "UPDATE campaign_links SET ended_at = coalesce(ended_at, now()) WHERE merchant_id = $1 AND link_id = $2",
        merchant_id,
        link_id,
    )
    if not known:
        raise NotFound()


async def link_of(read: Read, code: str) -> Link | None:
    """Where a short address leads."""
    return await read.one(
        Link,
        """
        SELECT l.link_id, l.merchant_id, l.code, l.name, l.target, l.target_id, l.path, l.source, l.medium, l.campaign
             , l.content, l.created_at, l.ended_at
        FROM link_codes c JOIN campaign_links l USING (merchant_id, link_id) WHERE c.code = $1
        """,
        code,
    )


async def links(
    read: Read, merchant_id: UUID, *, ended: bool = False, cursor: str | None = None, limit: int | None = None
) -> Page[LinkFigures]:
    """A shop's links that are in use (or were), the newest first, each with what came of it."""
    before = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Link,
        """
        SELECT link_id, merchant_id, code, name, target, target_id, path, source, medium, campaign, content, created_at
             , ended_at
        FROM campaign_links
        WHERE merchant_id = $1 AND (ended_at IS NOT NULL) = $2
          AND ($3::timestamptz IS NULL OR (created_at, link_id) < ($3, $4::uuid))
        ORDER BY created_at DESC, link_id DESC LIMIT $5
        """,
        merchant_id,
        ended,
        *before,
        most + 1,
    )
    page = paging.cut(found, most, lambda last: (last.created_at, last.link_id))
    return Page(await _with_figures(read, merchant_id, page.items), page.next)


async def _with_figures(read: Read, merchant_id: UUID, found: Sequence[Link]) -> list[LinkFigures]:
    ids = [link.link_id for link in found]
    followed = await read.fetch(
        """
        SELECT link_id, sum(clicks)::integer AS clicks, sum(scans)::integer AS scans FROM link_days
        WHERE merchant_id = $1 AND link_id = ANY($2) GROUP BY link_id
        """,
        merchant_id,
        ids,
    )
    bought = await read.fetch(
        """
        SELECT link_id, currency, count(*)::integer AS orders, sum(paid)::bigint AS paid FROM link_orders
        WHERE merchant_id = $1 AND link_id = ANY($2) GROUP BY link_id, currency ORDER BY currency
        """,
        merchant_id,
        ids,
    )
    clicks = {row["link_id"]: row for row in followed}
    figures: list[LinkFigures] = []
    for link in found:
        mine = [row for row in bought if row["link_id"] == link.link_id]
        row = clicks.get(link.link_id)
        figures.append(
            LinkFigures(
                link=link,
                clicks=row["clicks"] if row else 0,
                scans=row["scans"] if row else 0,
                orders=sum(each["orders"] for each in mine),
                paid={each["currency"]: each["paid"] for each in mine},
            )
        )
    return figures


async def count_clicks(tx: Tx, clicks: Sequence[LinkClick]) -> None:
    """Add to the days of the links that were followed, in the order of their keys."""
    followed: Counter[tuple[UUID, UUID, date]] = Counter()
    scanned: Counter[tuple[UUID, UUID, date]] = Counter()
    for click in clicks:
        key = (click.merchant_id, click.link_id, settlement_day(click.at))
        followed[key] += 1
        scanned[key] += click.scan
    keys = sorted(followed)
    await tx.execute(
        """
        INSERT INTO link_days AS d (merchant_id, link_id, day, clicks, scans)
        SELECT k.* FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::integer[], $5::integer[]) AS k (m, l, d, clicks, scans)
        ON CONFLICT (merchant_id, link_id, day) DO UPDATE
        SET clicks = d.clicks + excluded.clicks, scans = d.scans + excluded.scans
        """,
        *([key[at] for key in keys] for at in range(3)),
        [followed[key] for key in keys],
        [scanned[key] for key in keys],
    )


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """A paid order of somebody whom the link of this code brought last."""

    merchant_id: UUID
    order_id: UUID
    code: str
    paid: int
    currency: str
    at: datetime


async def credit(tx: Tx, brought: Sequence[Brought]) -> None:
    """Count these orders for their links, each once. A link counts what is bought at its own shop."""
    await tx.execute(
        """
        INSERT INTO link_orders (merchant_id, order_id, link_id, paid, currency, at)
        SELECT b.merchant_id, b.order_id, c.link_id, b.paid, b.currency, b.at
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[])
             AS b (merchant_id, order_id, code, paid, currency, at)
        JOIN link_codes c ON c.code = b.code AND c.merchant_id = b.merchant_id
        ON CONFLICT (merchant_id, order_id) DO NOTHING
        """,
        [each.merchant_id for each in brought],
        [each.order_id for each in brought],
        [each.code for each in brought],
        [each.paid for each in brought],
        [each.currency for each in brought],
        [each.at for each in brought],
    )


async def set_costs(tx: Tx, merchant_id: UUID, costs: Sequence[Cost]) -> None:
    """Write down what campaigns cost on their days; what was said of the same day before is replaced, and nothing is left of
    what costs nothing. Of two that say the same, the last counts."""
    assert len(costs) <= COSTS_PER_IMPORT_MAX
    last = {(c.day, str(c.channel), c.source, c.campaign, c.currency): c.amount for c in costs}
    keys = sorted(last)
    columns = [[key[at] for key in keys] for at in range(5)]
    amounts = [last[key] for key in keys]
    await tx.execute(
        """
        DELETE FROM campaign_costs c
        USING unnest($2::date[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[]) AS k (d, h, s, n, u, amount)
        WHERE c.merchant_id = $1 AND (c.day, c.channel, c.source, c.campaign, c.currency) = (k.d, k.h, k.s, k.n, k.u)
          AND k.amount = 0
        """,
        merchant_id,
        *columns,
        amounts,
    )
    await tx.execute(
        """
        INSERT INTO campaign_costs AS c (merchant_id, day, channel, source, campaign, currency, amount)
        SELECT $1, k.* FROM unnest($2::date[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[])
                              AS k (d, h, s, n, u, amount) WHERE k.amount > 0
        ON CONFLICT (merchant_id, day, channel, source, campaign, currency) DO UPDATE
        SET amount = excluded.amount, changed_at = now()
        """,
        merchant_id,
        *columns,
        amounts,
    )


async def costs(read: Read, merchant_id: UUID, first: date, last: date, most: int = COSTS_SHOWN_MAX) -> list[Cost]:
    """What was entered for these days, the last first."""
    return await read.all(
        Cost,
        """
        SELECT day, channel, amount, currency, source, campaign FROM campaign_costs
        WHERE merchant_id = $1 AND day BETWEEN $2 AND $3
        ORDER BY day DESC, channel, source, campaign, currency LIMIT $4
        """,
        merchant_id,
        first,
        last,
        most,
    )


async def costs_of_channels(
    read: Read, merchant_id: UUID, first: date, last: date, by: str = "channel"
) -> dict[str, dict[str, int]]:
    """What each channel (`by` source or campaign: each of these that was named) cost on these days, in minor units: by currency,
    then by channel. Of the marketplace it is what all shops have spent."""
    rows = await read.fetch(
        """
        WITH spent AS (
            SELECT currency, amount
                 , CASE $4 WHEN 'source' THEN source WHEN 'campaign' THEN campaign ELSE channel END AS name
            FROM campaign_costs WHERE merchant_id = $1 AND day BETWEEN $2 AND $3
            UNION ALL
            SELECT c.currency, c.amount
                 , CASE $4 WHEN 'source' THEN c.source WHEN 'campaign' THEN c.campaign ELSE c.channel END
            FROM merchants m JOIN campaign_costs c ON c.merchant_id = m.merchant_id AND c.day BETWEEN $2 AND $3
            WHERE $1 = '00000000-0000-0000-0000-000000000000'
        )
        SELECT currency, name, sum(amount)::bigint AS amount FROM spent WHERE name <> ''
        GROUP BY currency, name ORDER BY currency, name
        """,
        merchant_id,
        first,
        last,
        by,
    )
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["currency"], {})[row["name"]] = row["amount"]
    return found
