"""What is off the pages, on record; and what the dictionary holds back until staff have looked at it."""

from collections.abc import Mapping
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.reviews.model import NOTE_CHARACTERS_MAX, Act, Ground, Kind, ReportReason

SYSTEM = "system"
# Who reports what the dictionary found.
NOBODY = UUID(int=0)


async def note_step(
    tx: Tx, merchant_id: MerchantId, kind: Kind, subject_id: UUID, act: Act, ground: Ground | None, reason: str, by: str
) -> None:
    """Somebody took something off the pages or showed it again: a row that nobody changes."""
    await tx.execute(
        """
        INSERT INTO moderation_steps (merchant_id, step_id, kind, subject_id, act, ground, reason, by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        merchant_id,
        ids.mint(),
        kind,
        subject_id,
        act,
        ground,
        reason,
        by,
    )


async def held_back(tx: Tx, merchant_id: MerchantId, kind: Kind, why: Mapping[UUID, str]) -> None:
    """These were written with words to be looked at: they wait in the queue of what was reported, with the words."""
    subjects = sorted(why)
    words = [why[subject_id] for subject_id in subjects]
    await tx.execute(
        """
        INSERT INTO moderation_steps (merchant_id, step_id, kind, subject_id, act, ground, reason, by)
        SELECT $1, step_id, $2, subject_id, $3, $4, reason, $5
        FROM unnest($6::uuid[], $7::uuid[], $8::text[]) AS n (step_id, subject_id, reason)
        """,
        merchant_id,
        kind,
        Act.HELD,
        Ground.HELD,
        SYSTEM,
        [ids.mint() for _ in subjects],
        subjects,
        words,
    )
    await tx.execute(
        """
        INSERT INTO review_reports (merchant_id, kind, subject_id, reporter_id, reason, note)
        SELECT $1, $2, subject_id, $3, $4, note FROM unnest($5::uuid[], $6::text[]) AS n (subject_id, note)
        ON CONFLICT (merchant_id, kind, subject_id, reporter_id) DO NOTHING
        """,
        merchant_id,
        kind,
        NOBODY,
        ReportReason.WORDS,
        subjects,
        [each[:NOTE_CHARACTERS_MAX] for each in words],
    )
