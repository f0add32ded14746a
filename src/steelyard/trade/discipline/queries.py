"""Questions about rules, violations and how shops stand."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.discipline.deposits import deposit_of
from steelyard.trade.discipline.measures import points_of, year_of
from steelyard.trade.discipline.model import Rule, Standing, Violation, ViolationId

RULES_MAX = 200
COUNTED_MAX = 100
__all__ = ["appealed_count", "listed", "points_of", "rules", "standing", "violation", "waiting_for_platform"]
_VIOLATION: LiteralString = """
    SELECT v.merchant_id, v.violation_id, v.code, r.name, v.category, v.year, v.points, v.fine, v.currency, v.from_deposit
         , v.from_payable, v.facts, v.subject, v.subject_id, v.recorded_at, v.recorded_by, v.appeal, v.appealed_at, v.outcome
         , v.decision, v.decided_at, v.decided_by, v.pictures, v.appeal_pictures
    FROM violations v JOIN violation_rules r USING (code)
"""


async def rules(read: Read) -> list[Rule]:
    """All rules, those that count first."""
    return await read.all(
        Rule,
        """
        SELECT code, name, category, points, fine, currency, active FROM violation_rules
        ORDER BY active DESC, category, points, code LIMIT $1
        """,
        RULES_MAX,
    )


async def violation(read: Read, merchant_id: MerchantId, violation_id: UUID) -> Violation | None:
    return await read.one(
        Violation,
        _VIOLATION
        + """
        WHERE v.merchant_id = $1 AND v.violation_id = $2
        """,
        merchant_id,
        ViolationId(violation_id),
    )


async def listed(
    read: Read,
    merchant_id: MerchantId | None = None,
    *,
    waiting: bool = False,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Violation]:
    """The violations of a shop, or of all; those only whose appeal waits. The newest first."""
    at, violation_id = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Violation,
        _VIOLATION
        + """
        WHERE ($1::uuid IS NULL OR v.merchant_id = $1) AND (NOT $2 OR (v.appealed_at IS NOT NULL AND v.outcome IS NULL))
          AND ($3::timestamptz IS NULL OR (v.recorded_at, v.violation_id) < ($3, $4::uuid))
        ORDER BY v.recorded_at DESC, v.violation_id DESC LIMIT $5
        """,
        merchant_id,
        waiting,
        at,
        violation_id,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.recorded_at, last.violation_id))


async def appealed_count(read: Read) -> int:
    """How many appeals wait, counted up to `COUNTED_MAX`. For the operator."""
    return await read.value(
        """
        SELECT count(*)::integer FROM (SELECT FROM violations WHERE appealed_at IS NOT NULL AND outcome IS NULL LIMIT $1) waiting
        """,
        COUNTED_MAX,
    )


async def waiting_for_platform(read: Read) -> tuple[int, int, int]:
    """How many disputes and appeals about after-sales cases wait for the operator, how many about violations, and how many
    debts of shops there are; each counted up to `COUNTED_MAX`."""
    row = await read.row(
        """
        SELECT (SELECT count(*) FROM (SELECT FROM aftersales_cases WHERE state = 'disputed' LIMIT $1) cases)::integer
             + (SELECT count(*) FROM (SELECT FROM aftersales_appeals WHERE outcome IS NULL AND verdict = 'refund' LIMIT $1)
                appeals)::integer AS cases
             , (SELECT count(*) FROM (SELECT FROM violations WHERE appealed_at IS NOT NULL AND outcome IS NULL LIMIT $1)
                appeals)::integer AS violations
             , (SELECT count(*) FROM (SELECT FROM debts LIMIT $1) owing)::integer AS owing
        """,
        COUNTED_MAX,
    )
    assert row is not None
    return row["cases"], row["violations"], row["owing"]


async def standing(read: Read, merchant_id: MerchantId, now: datetime) -> Standing:
    """How a shop stands in the year of this moment."""
    year = year_of(now)
    return Standing(
        year=year, points=await points_of(read, merchant_id, year), deposit=await deposit_of(read, merchant_id)
    )
