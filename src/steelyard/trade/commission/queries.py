"""Questions about fees, their rules and the tax on them."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.kernel.text import Text
from steelyard.trade.commission.charging import stack
from steelyard.trade.commission.model import Channel, Fee, FeeTax, KnownRule, Rule, RuleState, Sale

RULES_OF_A_MERCHANT_MAX = 500
_KNOWN: LiteralString = """
SELECT r.rule_id, r.fee_id, f.name, r.merchant_id, r.category_id, r.product_id, r.channel, r.currency, r.millionths, r.fixed
     , r.per_piece, r.least, r.most, r.on_freight, r.taxes, r.valid_from, r.valid_to, r.replaces, r.set_at, r.set_by
     , r.ended_at, r.ended_by
FROM fee_rules r JOIN fees f USING (fee_id)
"""
_RULE: LiteralString = """
SELECT r.rule_id, r.fee_id, f.name, f.place, f.kept, r.merchant_id, r.category_id, r.product_id, r.channel, r.currency
     , r.millionths, r.fixed, r.per_piece, r.least, r.most, r.on_freight, r.taxes, r.valid_from
     , coalesce((SELECT t.millionths FROM fee_taxes t WHERE t.fee_id = r.fee_id AND t.valid_from <= coalesce($1, now())
                 ORDER BY t.valid_from DESC LIMIT 1), 0) AS tax_millionths
FROM fee_rules r JOIN fees f USING (fee_id)
WHERE r.valid_from <= coalesce($1, now()) AND (r.valid_to IS NULL OR r.valid_to > coalesce($1, now()))
"""
_OF_A_MERCHANT: LiteralString = """
AND (r.merchant_id IS NULL OR r.merchant_id = $2)
ORDER BY f.place, r.product_id IS NULL, r.merchant_id IS NULL
       , (SELECT cardinality(c.path) FROM categories c WHERE c.category_id = r.category_id) DESC NULLS LAST
       , r.channel IS NULL, r.currency IS NULL, r.valid_from DESC, r.rule_id DESC
LIMIT $3
"""


class RulesWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which rules: of one fee, of one merchant (`everybodys`: of none), by one channel, in one state; none means all."""

    fee_id: UUID | None = None
    merchant_id: UUID | None = None
    everybodys: bool = False
    channel: Channel | None = None
    state: RuleState | None = None


async def fees(read: Read) -> list[Fee]:
    """All that is charged, in the order in which it is taken, with the rate of tax on each now."""
    return await read.all(
        Fee,
        """
        SELECT f.fee_id, f.name, f.place, f.kept
             , coalesce((SELECT t.millionths FROM fee_taxes t WHERE t.fee_id = f.fee_id AND t.valid_from <= now()
                         ORDER BY t.valid_from DESC LIMIT 1), 0) AS tax_millionths
        FROM fees f ORDER BY f.place
        """,
    )


async def taxes_of(read: Read, fee_id: UUID | None = None) -> list[FeeTax]:
    """The rates of tax on a fee (none: on all), the latest first, those to come too."""
    return await read.all(
        FeeTax,
        """
        SELECT fee_id, valid_from, millionths FROM fee_taxes WHERE $1::uuid IS NULL OR fee_id = $1
        ORDER BY valid_from DESC, fee_id
        """,
        fee_id,
    )


async def rules_for(read: Read, sales: Sequence[Sale]) -> list[list[Rule]]:
    """For each sale of this moment the rules that count, one a fee, in the order in which fees are taken."""
    # Only what can count for these sales: thousands of merchants may have rules of their own.
    found = await read.all(
        Rule,
        _RULE
        + """
        AND (r.merchant_id IS NULL OR r.merchant_id = ANY($2)) AND (r.category_id IS NULL OR r.category_id = ANY($3))
        AND (r.product_id IS NULL OR r.product_id = ANY($4))
        """,
        None,
        sorted({sale.merchant_id for sale in sales}),
        sorted({category_id for sale in sales for category_id in sale.path}),
        sorted({sale.product_id for sale in sales}),
    )
    return [stack(found, sale) for sale in sales]


async def rules_of_merchant(read: Read, merchant_id: UUID, at: datetime | None = None) -> list[Rule]:
    """The rules that can count for a merchant at a moment (none: now), with the tax of then: the most specific first within each
    fee."""
    return await read.all(
        Rule,
        _RULE + _OF_A_MERCHANT,
        at,
        merchant_id,
        RULES_OF_A_MERCHANT_MAX,
    )


async def planned_for_merchant(read: Read, merchant_id: UUID) -> list[KnownRule]:
    """The rules that will begin to count for a merchant, or to count no more, the next first."""
    return await read.all(
        KnownRule,
        _KNOWN
        + """
        WHERE (r.merchant_id IS NULL OR r.merchant_id = $1)
          AND (r.valid_from > now() AND coalesce(r.valid_to > r.valid_from, true)
               OR r.valid_from <= now() AND r.valid_to > now())
        ORDER BY CASE WHEN r.valid_from > now() THEN r.valid_from ELSE r.valid_to END, r.rule_id LIMIT $2
        """,
        merchant_id,
        RULES_OF_A_MERCHANT_MAX,
    )


async def any_rule(read: Read) -> bool:
    """Whether anything is charged at all now."""
    return await read.value(
        """
        SELECT EXISTS (SELECT FROM fee_rules WHERE valid_from <= now() AND (valid_to IS NULL OR valid_to > now()))
        """
    )


async def rules(
    read: Read, wanted: RulesWanted, cursor: str | None = None, limit: int | None = None
) -> Page[KnownRule]:
    """The rules of all times, what began (or begins) last first: nothing is ever taken off this list."""
    most = paging.limit(limit)
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    found = await read.all(
        KnownRule,
        _KNOWN
        + """
        WHERE (r.valid_from, r.rule_id) < (coalesce($1::timestamptz, 'infinity'), coalesce($2::uuid, $3))
          AND ($4::uuid IS NULL OR r.fee_id = $4) AND ($5::uuid IS NULL OR r.merchant_id = $5)
          AND (NOT $6 OR r.merchant_id IS NULL) AND ($7::text IS NULL OR r.channel = $7)
          AND CASE $8::text
                  WHEN 'withdrawn' THEN r.valid_to <= r.valid_from
                  WHEN 'planned' THEN r.valid_from > now() AND coalesce(r.valid_to > r.valid_from, true)
                  WHEN 'counts' THEN r.valid_from <= now() AND coalesce(r.valid_to > now(), true)
                  WHEN 'ended' THEN r.valid_to <= now() AND r.valid_to > r.valid_from
                  ELSE true
              END
        ORDER BY r.valid_from DESC, r.rule_id DESC LIMIT $9
        """,
        *key,
        UUID(int=2**128 - 1),
        wanted.fee_id,
        wanted.merchant_id,
        wanted.everybodys,
        wanted.channel,
        wanted.state,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.valid_from, last.rule_id))


async def product_titles(read: Read, product_ids: Sequence[UUID]) -> dict[UUID, Text]:
    """What the products are called that rules are for."""
    if not product_ids:
        return {}
    rows = await read.fetch("SELECT product_id, title FROM products WHERE product_id = ANY($1)", list(product_ids))
    return {row["product_id"]: Text(row["title"]) for row in rows}


async def rule(read: Read, rule_id: UUID) -> KnownRule | None:
    return await read.one(KnownRule, _KNOWN + "WHERE r.rule_id = $1", rule_id)


async def line_of_rule(read: Read, rule_id: UUID) -> list[KnownRule]:
    """A rule with those that it was set instead of, and those that were set instead of it: the history, the newest first."""
    return await read.all(
        KnownRule,
        """
        WITH RECURSIVE before (rule_id) AS (
            SELECT $1::uuid
            UNION
            SELECT r.replaces FROM before b JOIN fee_rules r ON r.rule_id = b.rule_id WHERE r.replaces IS NOT NULL
        ), line (rule_id) AS (
            SELECT rule_id FROM before
            UNION
            SELECT r.rule_id FROM line l JOIN fee_rules r ON r.replaces = l.rule_id
        )
        SELECT r.rule_id, r.fee_id, f.name, r.merchant_id, r.category_id, r.product_id, r.channel, r.currency, r.millionths
             , r.fixed, r.per_piece, r.least, r.most, r.on_freight, r.taxes, r.valid_from, r.valid_to, r.replaces, r.set_at
             , r.set_by, r.ended_at, r.ended_by
        FROM line JOIN fee_rules r USING (rule_id) JOIN fees f USING (fee_id)
        ORDER BY r.valid_from DESC, r.set_at DESC, r.rule_id DESC LIMIT $2
        """,
        rule_id,
        RULES_OF_A_MERCHANT_MAX,
    )
