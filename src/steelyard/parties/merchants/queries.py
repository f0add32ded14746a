"""Questions about merchants and shops."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import LiteralString, cast
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.paging import Page
from steelyard.parties.merchants.model import Merchant, MerchantId, MerchantStep, Pause, ShopCard, Wanted

CARDS_ANSWERED = "parties.merchants.cards"


# What follows the last row of a page, and the order itself.
class Sorting(StrEnum):
    """In which order the operator looks at shops."""

    OLDEST = "oldest"
    NEWEST = "newest"
    ADDRESS = "address"


_ORDERS: dict[Sorting, tuple[LiteralString, LiteralString]] = {
    Sorting.OLDEST: ("s.merchant_id > $3", "s.merchant_id"),
    Sorting.NEWEST: ("s.merchant_id < $3", "s.merchant_id DESC"),
    Sorting.ADDRESS: ("s.slug > (SELECT o.slug FROM shops o WHERE o.merchant_id = $3)", "s.slug"),
}


_CARD = """
        SELECT s.merchant_id, s.slug, s.name, s.notice, s.logo, m.self_operated, m.country, m.currency, m.state, m.time_zone
             , CASE WHEN s.away_until IS NOT NULL
                    THEN jsonb_build_object('begins_at', s.away_from, 'ends_at', s.away_until
                                          , 'notice', s.away_notice, 'sells', s.away_sells) END AS pause
"""


async def get(read: Read, merchant_id: MerchantId) -> Merchant | None:
    return await read.one(
        Merchant,
        """
        SELECT merchant_id, code, legal_name, country, currency, credit_code, state, self_operated, settlement_days
             , receipt_days, time_zone, payout, source, licence_until, verify_by, created_at
        FROM merchants WHERE merchant_id = $1
        """,
        merchant_id,
    )


async def history(read: Read, merchant_id: MerchantId) -> list[MerchantStep]:
    """What became of a merchant, the newest first."""
    return await read.all(
        MerchantStep,
        """
        SELECT step, from_state, to_state, at, by, reason FROM merchant_history
        WHERE merchant_id = $1 ORDER BY step DESC LIMIT 200
        """,
        merchant_id,
    )


async def categories_of(read: Read, merchant_id: MerchantId) -> set[UUID]:
    """The categories that a merchant may sell in, each with all below it; the empty set means all."""
    rows = await read.fetch("SELECT category_id FROM merchant_categories WHERE merchant_id = $1", merchant_id)
    return {row["category_id"] for row in rows}


async def cards(read: Read, merchant_ids: Iterable[MerchantId]) -> dict[MerchantId, ShopCard]:
    """The shop cards of these merchants, closed and suspended ones included. Each is asked for once in a transaction."""
    wanted = set(merchant_ids)
    known = (
        {}
        if isinstance(read, Tx)
        else cast("dict[MerchantId, ShopCard | None]", read.answered.setdefault(CARDS_ANSWERED, {}))
    )
    if missing := sorted(wanted - known.keys()):
        found = await read.all(
            ShopCard,
            _CARD
            + """
            FROM shops s JOIN merchants m USING (merchant_id) WHERE s.merchant_id = ANY($1)
            """,
            missing,
        )
        known |= dict.fromkeys(missing) | {card.merchant_id: card for card in found}
    return {merchant_id: card for merchant_id in wanted if (card := known[merchant_id]) is not None}


async def by_slug(read: Read, slug: str) -> ShopCard | None:
    return await read.one(
        ShopCard,
        _CARD
        + """
        FROM shop_names n JOIN shops s USING (merchant_id) JOIN merchants m USING (merchant_id) WHERE n.slug = $1
        """,
        slug,
    )


async def listed(read: Read, cursor: str | None = None, limit: int | None = None) -> Page[ShopCard]:
    """All shops, the oldest first."""
    key = paging.read_cursor(cursor, UUID)
    most = paging.limit(limit)
    found = await read.all(
        ShopCard,
        _CARD
        + """
        FROM shops s JOIN merchants m USING (merchant_id)
        WHERE $1::uuid IS NULL OR s.merchant_id > $1 ORDER BY s.merchant_id LIMIT $2
        """,
        key[0] if key else None,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.merchant_id,))


def found_sql(sort: Sorting) -> LiteralString:
    """The statement of `found`, in one of the orders."""
    after, order = _ORDERS[sort]
    return f"""
        {_CARD}
        FROM shops s JOIN merchants m USING (merchant_id)
        WHERE ($1 = '' OR strpos(lower(s.name::text), lower($1)) > 0 OR strpos(lower(m.legal_name), lower($1)) > 0
               OR lower(m.code) = lower($1) OR strpos(s.slug, lower($1)) > 0)
          AND ($2::text IS NULL OR m.state = $2) AND ($3::uuid IS NULL OR {after})
          AND ($5::date IS NULL OR (m.licence_until < $5 AND m.state <> 'closed'))
          AND ($8::date IS NULL OR (m.verify_by < $8 AND m.state <> 'closed'))
          AND (NOT $6 OR EXISTS (SELECT FROM licence_renewals w WHERE w.merchant_id = m.merchant_id AND w.state = 'waiting'))
          AND ($7::text IS NULL OR (m.state <> 'closed' AND NOT EXISTS (
               SELECT FROM merchant_agreements a WHERE a.merchant_id = m.merchant_id AND a.version = $7)))
        ORDER BY {order} LIMIT $4
        """  # noqa: S608  # literals of ours


async def found(read: Read, wanted: Wanted, cursor: str | None = None, limit: int | None = None) -> Page[ShopCard]:
    """Shops for the operator: those that fit, in the order that is asked for."""
    key = paging.read_cursor(cursor, UUID)
    most = paging.limit(limit)
    sort = Sorting(wanted.sort) if wanted.sort in list(Sorting) else Sorting.OLDEST
    found = await read.all(
        ShopCard,
        found_sql(sort),
        wanted.words.strip(),
        wanted.state,
        key[0] if key else None,
        most + 1,
        wanted.licence_before,
        wanted.renewed,
        wanted.without_rules,
        wanted.verify_before,
    )
    return paging.cut(found, most, lambda last: (last.merchant_id,))


async def licences_of(read: Read, merchant_ids: Iterable[MerchantId]) -> dict[MerchantId, date]:
    """The last days of the licences of those that have one."""
    rows = await read.fetch(
        "SELECT merchant_id, licence_until FROM merchants WHERE merchant_id = ANY($1) AND licence_until IS NOT NULL",
        list(merchant_ids),
    )
    return {MerchantId(row["merchant_id"]): row["licence_until"] for row in rows}


async def checklist_put_away(read: Read, merchant_id: MerchantId) -> bool:
    """Whether a shop is done with setting up."""
    return bool(
        await read.value("SELECT checklist_put_away_at IS NOT NULL FROM shops WHERE merchant_id = $1", merchant_id)
    )


async def pause_of(read: Read, merchant_id: MerchantId) -> Pause | None:
    """The shop's last, present or coming pause."""
    return await read.one(
        Pause,
        """
        SELECT away_from AS begins_at, away_until AS ends_at, away_notice AS notice, away_sells AS sells
        FROM shops WHERE merchant_id = $1 AND away_until IS NOT NULL
        """,
        merchant_id,
    )


async def sought(read: Read, words: str, *, limit: int) -> list[ShopCard]:
    """Shops whose name, legal name or code these words are part of. (There are few enough to look at each.)"""
    return await read.all(
        ShopCard,
        _CARD
        + """
        FROM shops s JOIN merchants m USING (merchant_id)
        WHERE strpos(lower(s.name::text), lower($1)) > 0 OR strpos(lower(m.legal_name), lower($1)) > 0
           OR lower(m.code) = lower($1) OR strpos(s.slug, lower($1)) > 0
        ORDER BY s.merchant_id LIMIT $2
        """,
        words.strip(),
        limit,
    )


async def currencies_sold_in(read: Read) -> list[str]:
    """The currencies that shops which are not closed sell in, by code."""
    rows = await read.fetch("SELECT DISTINCT currency FROM merchants WHERE state <> 'closed' ORDER BY currency")
    return [row["currency"] for row in rows]
