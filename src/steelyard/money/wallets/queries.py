"""Questions about purses and gift cards."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.money.wallets.model import Card, Cause, Issue, IssueId, Purse, PurseAmount, PurseLine
from steelyard.parties.customers.model import BuyerId

STATEMENT_LINES_MAX = 10_000


async def amounts(read: Read, buyer_id: BuyerId) -> list[PurseAmount]:
    """What is in a buyer's purses; an empty one that was never used is not there."""
    return await read.all(
        PurseAmount,
        "SELECT purse, currency, amount FROM purses WHERE buyer_id = $1 ORDER BY purse, currency",
        buyer_id,
    )


async def free(read: Read, buyer_id: BuyerId, currency: str) -> dict[Purse, int]:
    """What a buyer can spend in this currency."""
    return {each.purse: each.amount for each in await amounts(read, buyer_id) if each.currency == currency}


async def moved(read: Read, buyer_id: BuyerId, purse: Purse, cause: Cause, document: UUID) -> bool:
    """Whether this has moved the purse."""
    return bool(
        await read.value(
            """
            SELECT EXISTS (SELECT FROM purse_lines WHERE buyer_id = $1 AND purse = $2 AND cause = $3 AND document = $4)
            """,
            buyer_id,
            purse,
            cause,
            document,
        )
    )


async def statement(
    read: Read, buyer_id: BuyerId, cursor: str | None = None, limit: int | None = None
) -> Page[PurseLine]:
    """Every movement of a buyer's purses, the newest first."""
    key = paging.read_cursor(cursor, datetime, UUID)
    most = paging.limit(limit)
    found = await read.all(
        PurseLine,
        """
        SELECT line_id, purse, currency, cause, document, about, amount, after, note, at, expires_at
        FROM purse_lines
        WHERE buyer_id = $1 AND ($2::timestamptz IS NULL OR (at, line_id) < ($2, $3::uuid))
        ORDER BY at DESC, line_id DESC LIMIT $4
        """,
        buyer_id,
        key[0] if key else None,
        key[1] if key else None,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.at, last.line_id))


async def lines_of(read: Read, buyer_ids: Sequence[BuyerId]) -> list[PurseLine]:
    """The movements of these buyers' purses, the newest first: what they take along."""
    return await read.all(
        PurseLine,
        """
        SELECT line_id, purse, currency, cause, document, about, amount, after, note, at, expires_at
        FROM purse_lines WHERE buyer_id = ANY($1) ORDER BY at DESC, line_id DESC LIMIT $2
        """,
        list(buyer_ids),
        STATEMENT_LINES_MAX,
    )


async def money_of(read: Read, buyer_ids: Sequence[BuyerId]) -> int:
    """In how many purses of these buyers there is money of theirs."""
    return await read.value(
        "SELECT count(*)::integer FROM purses WHERE buyer_id = ANY($1) AND purse = 'balance' AND amount > 0",
        list(buyer_ids),
    )


async def issues(read: Read, cursor: str | None = None, limit: int | None = None) -> Page[Issue]:
    """Issues of gift cards, the newest first."""
    key = paging.read_cursor(cursor, datetime, UUID)
    most = paging.limit(limit)
    found = await read.all(
        Issue,
        """
        SELECT i.issue_id, i.name, i.amount, i.currency, i.cards, i.sold, i.expires_at, i.issued_at, i.issued_by
             , c.open, c.redeemed
        FROM gift_issues i
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE state = 'open') AS open, count(*) FILTER (WHERE state = 'redeemed') AS redeemed
            FROM gift_cards WHERE issue_id = i.issue_id
        ) AS c
        WHERE $1::timestamptz IS NULL OR (i.issued_at, i.issue_id) < ($1, $2::uuid)
        ORDER BY i.issued_at DESC, i.issue_id DESC LIMIT $3
        """,
        key[0] if key else None,
        key[1] if key else None,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.issued_at, last.issue_id))


async def issue_of(read: Read, issue_id: UUID) -> Issue | None:
    return await read.one(
        Issue,
        """
        SELECT i.issue_id, i.name, i.amount, i.currency, i.cards, i.sold, i.expires_at, i.issued_at, i.issued_by
             , c.open, c.redeemed
        FROM gift_issues i
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE state = 'open') AS open, count(*) FILTER (WHERE state = 'redeemed') AS redeemed
            FROM gift_cards WHERE issue_id = i.issue_id
        ) AS c
        WHERE i.issue_id = $1
        """,
        issue_id,
    )


async def cards_of(read: Read, issue_id: IssueId, cursor: str | None = None, limit: int | None = None) -> Page[Card]:
    """The cards of an issue."""
    key = paging.read_cursor(cursor, UUID)
    most = paging.limit(limit)
    found = await read.all(
        Card,
        """
        SELECT card_id, issue_id, last4, amount, currency, sold, state, expires_at, redeemed_by, ended_at
        FROM gift_cards WHERE issue_id = $1 AND ($2::uuid IS NULL OR card_id > $2)
        ORDER BY card_id LIMIT $3
        """,
        issue_id,
        key[0] if key else None,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.card_id,))
