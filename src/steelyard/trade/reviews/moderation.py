"""What should not stand there: people report it, the operator's staff hide it with a reason or let it stand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from steelyard.kernel import events, paging
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.reviews.events import OpinionsChanged, QuestionAnswered, QuestionAsked
from steelyard.trade.reviews.holding import SYSTEM, note_step
from steelyard.trade.reviews.model import (
    NOTE_CHARACTERS_MAX,
    Act,
    Ground,
    Kind,
    Reported,
    ReportReason,
    ReviewId,
    Rules,
)
from steelyard.trade.reviews.queries import rules
from steelyard.trade.reviews.ratings import recount
from steelyard.trade.reviews.service import held

REPORTED_MAX = 100
PERIOD_DAYS_MAX = 365

_SUBJECT: LiteralString = """
    CASE s.kind WHEN 'review' THEN (SELECT jsonb_build_object('product_id', r.product_id, 'author', r.author, 'text'
             , concat_ws(E'\\n', nullif(r.text, ''), r.follow_up), 'pictures', to_jsonb(r.pictures || r.follow_up_pictures)
             , 'stars', r.stars, 'ground', r.hidden_ground)
             FROM reviews r WHERE r.merchant_id = s.merchant_id AND r.review_id = s.subject_id)
        WHEN 'question' THEN (SELECT jsonb_build_object('product_id', q.product_id, 'author', q.author, 'text', q.text
             , 'ground', q.hidden_ground)
             FROM questions q WHERE q.merchant_id = s.merchant_id AND q.question_id = s.subject_id)
        ELSE (SELECT jsonb_build_object('product_id', q.product_id, 'author', a.author, 'text', a.text
             , 'ground', a.hidden_ground)
             FROM answers a JOIN questions q USING (merchant_id, question_id)
             WHERE a.merchant_id = s.merchant_id AND a.answer_id = s.subject_id)
    END
"""


async def report(tx: Tx, kind: Kind, subject_id: UUID, reporter_id: UUID, reason: ReportReason, note: str = "") -> None:
    """Say that something should not stand there; each reporter once. Raises `NotFound`, `Invalid`."""
    if len(note) > NOTE_CHARACTERS_MAX:
        raise Invalid({"note": N_("This text is too long")})
    merchant_id = await owner_of(tx, kind, subject_id)
    await tx.execute(
        """
        INSERT INTO review_reports (merchant_id, kind, subject_id, reporter_id, reason, note)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (merchant_id, kind, subject_id, reporter_id) DO NOTHING
        """,
        merchant_id,
        kind,
        subject_id,
        reporter_id,
        reason,
        note.strip(),
    )


async def owner_of(read: Read, kind: Kind, subject_id: UUID) -> MerchantId:
    """Whose shop something was said about. Raises `NotFound`."""
    match kind:
        case Kind.REVIEW:
            found = await read.value("SELECT merchant_id FROM reviews WHERE review_id = $1", subject_id)
        case Kind.QUESTION:
            found = await read.value("SELECT merchant_id FROM questions WHERE question_id = $1", subject_id)
        case Kind.ANSWER:
            found = await read.value("SELECT merchant_id FROM answers WHERE answer_id = $1", subject_id)
    if found is None:
        raise NotFound()
    return MerchantId(found)


async def hide(tx: Tx, actor: Actor, kind: Kind, subject_id: UUID, ground: str, reason: str) -> None:
    """Take something off the pages (it is never deleted), on a ground and with a reason that its writer reads; both are on
    record, its reports are settled, ratings follow.

    Said twice, the first reason stays. Raises `NotFound`, `Invalid`.
    """
    reason = reason.strip()
    wrong: dict[str, str] = {}
    if ground not in set(Ground) - {Ground.HELD}:
        wrong["ground"] = N_("Please choose a ground: without one nothing may be hidden")
    if not reason:
        wrong["reason"] = N_("Please say why")
    if len(reason) > NOTE_CHARACTERS_MAX:
        wrong["reason"] = N_("This text is too long")
    if wrong:
        raise Invalid(wrong)
    merchant_id = await owner_of(tx, kind, subject_id)
    if await _move(tx, merchant_id, kind, subject_id, Ground(ground), reason):
        await note_step(tx, merchant_id, kind, subject_id, Act.HIDDEN, Ground(ground), reason, by_of(actor))
        await _announce(tx, merchant_id, kind, subject_id)
        facts = {"before": None, "after": reason, "ground": ground}
        await _audit(tx, actor, "hide", merchant_id, kind, subject_id, facts)
    await _settle(tx, merchant_id, kind, subject_id)


async def show(tx: Tx, actor: Actor, kind: Kind, subject_id: UUID, reason: str = "") -> None:
    """Let something stand (again); its reports are settled. Raises `NotFound`."""
    merchant_id = await owner_of(tx, kind, subject_id)
    shown_again = await _move(tx, merchant_id, kind, subject_id, None, None)
    settled = await _settle(tx, merchant_id, kind, subject_id)
    if shown_again:
        await note_step(tx, merchant_id, kind, subject_id, Act.SHOWN, None, reason, by_of(actor))
        await _announce(tx, merchant_id, kind, subject_id)
        await _tell(tx, merchant_id, kind, subject_id)
    if shown_again or settled:
        await _audit(tx, actor, "show", merchant_id, kind, subject_id, {"reports": settled})


def by_of(actor: Actor) -> str:
    """Who is written down as having done it."""
    return str(actor.account.account_id) if actor.account else SYSTEM


async def _tell(tx: Tx, merchant_id: MerchantId, kind: Kind, subject_id: UUID) -> None:
    """Who is told of questions and answers has not heard of one that was held back; nobody hears of one twice."""
    if kind is Kind.QUESTION:
        await events.publish(tx, QuestionAsked(merchant_id=merchant_id, question_id=subject_id))
    elif kind is Kind.ANSWER:
        question_id = await tx.value(
            "SELECT question_id FROM answers WHERE merchant_id = $1 AND answer_id = $2", merchant_id, subject_id
        )
        await events.publish(
            tx, QuestionAnswered(merchant_id=merchant_id, question_id=question_id, answer_id=subject_id)
        )  # fmt: skip


async def _move(
    tx: Tx, merchant_id: MerchantId, kind: Kind, subject_id: UUID, ground: Ground | None, reason: str | None
) -> int:
    """Hide with ground and reason, or show with none; 0 when it was so already. What the dictionary holds back is hidden
    for good by staff."""
    match kind:
        case Kind.REVIEW:
            return await _move_review(tx, merchant_id, subject_id, ground, reason)
        case Kind.QUESTION:
            return await tx.execute(
                """
                UPDATE questions SET hidden_at = CASE WHEN $3::text IS NOT NULL THEN now() END, hidden_ground = $3
                                   , hidden_reason = $4
                WHERE merchant_id = $1 AND question_id = $2
                  AND CASE WHEN $3::text IS NULL THEN hidden_at IS NOT NULL
                      ELSE hidden_at IS NULL OR hidden_ground = 'held' END
                """,
                merchant_id,
                subject_id,
                ground,
                reason,
            )
        case Kind.ANSWER:
            return await tx.execute(
                """
                WITH was AS (
                    SELECT merchant_id, answer_id, question_id, hidden_at IS NULL AS shown FROM answers
                    WHERE merchant_id = $1 AND answer_id = $2
                      AND CASE WHEN $3::text IS NULL THEN hidden_at IS NOT NULL
                          ELSE hidden_at IS NULL OR hidden_ground = 'held' END
                    FOR NO KEY UPDATE
                ), moved AS (
                    UPDATE answers a SET hidden_at = CASE WHEN $3::text IS NOT NULL THEN now() END, hidden_ground = $3
                                       , hidden_reason = $4
                    FROM was WHERE a.merchant_id = was.merchant_id AND a.answer_id = was.answer_id
                    RETURNING a.merchant_id, a.question_id, was.shown)
                UPDATE questions q
                SET answers = q.answers + CASE WHEN $3::text IS NULL THEN 1 WHEN m.shown THEN -1 ELSE 0 END
                FROM moved m WHERE q.merchant_id = m.merchant_id AND q.question_id = m.question_id
                """,
                merchant_id,
                subject_id,
                ground,
                reason,
            )


async def _announce(tx: Tx, merchant_id: MerchantId, kind: Kind, subject_id: UUID) -> None:
    """Of a review `recount` tells."""
    if kind is Kind.REVIEW:
        return
    product_id = await tx.value(
        """
        SELECT product_id FROM questions q WHERE q.merchant_id = $1 AND q.question_id = coalesce(
            (SELECT a.question_id FROM answers a WHERE a.merchant_id = $1 AND a.answer_id = $2), $2)
        """,
        merchant_id,
        subject_id,
    )
    assert product_id is not None, "what was moved is there"
    await events.publish(tx, OpinionsChanged(merchant_id=merchant_id, product_ids=[product_id]))


async def _move_review(
    tx: Tx, merchant_id: MerchantId, review_id: UUID, ground: Ground | None, reason: str | None
) -> int:
    before = await held(tx, merchant_id, ReviewId(review_id))
    if ground is None and before.hidden_at is None:
        return 0
    if ground is not None and before.hidden_at is not None and before.hidden_ground != Ground.HELD:
        return 0
    hidden_at = await tx.value(
        """
        UPDATE reviews SET hidden_at = CASE WHEN $3::text IS NOT NULL THEN now() END, hidden_ground = $3, hidden_reason = $4
        WHERE merchant_id = $1 AND review_id = $2 RETURNING hidden_at
        """,
        merchant_id,
        review_id,
        ground,
        reason,
    )
    await recount(tx, [(before, msgspec.structs.replace(before, hidden_at=hidden_at, hidden_reason=reason))])
    return 1


async def _settle(tx: Tx, merchant_id: MerchantId, kind: Kind, subject_id: UUID) -> int:
    return await tx.execute(
        """
        UPDATE review_reports SET closed_at = now()
        WHERE merchant_id = $1 AND kind = $2 AND subject_id = $3 AND closed_at IS NULL
        """,
        merchant_id,
        kind,
        subject_id,
    )


async def _audit(
    tx: Tx,
    actor: Actor,
    what: str,
    merchant_id: MerchantId,
    kind: Kind,
    subject_id: UUID,
    facts: Mapping[str, Any],
) -> None:
    await access.audit(tx, actor, f"reviews.{what}_{kind}", str(subject_id), facts, merchant_id=merchant_id)


async def set_rules(tx: Tx, actor: Actor, wanted: Rules) -> None:
    """The periods from now on; written down with what they were. Raises `Invalid`."""
    wrong: dict[str, str] = {}
    if not 1 <= wanted.write_days <= PERIOD_DAYS_MAX:
        wrong["write_days"] = N_("Please enter a number of days from 1 to 365")
    if not 1 <= wanted.follow_up_days <= PERIOD_DAYS_MAX:
        wrong["follow_up_days"] = N_("Please enter a number of days from 1 to 365")
    if not 0 <= wanted.automatic_days <= wanted.write_days:
        wrong["automatic_days"] = N_("Please enter 0 for never, or at most the days in which one may review")
    if wrong:
        raise Invalid(wrong)
    before = await rules(tx)
    if before == wanted:
        return
    await tx.execute(
        "UPDATE review_rules SET write_days = $1, follow_up_days = $2, automatic_days = $3",
        wanted.write_days,
        wanted.follow_up_days,
        wanted.automatic_days,
    )
    facts = {"before": msgspec.to_builtins(before), "after": msgspec.to_builtins(wanted)}
    await access.audit(tx, actor, "reviews.set_rules", "review_rules", facts)


async def reported(read: Read, cursor: str | None = None, limit: int | None = None) -> Page[Reported]:
    """What waits for a decision, what was reported first comes first."""
    moment, last = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    rows = await read.all(
        Reported,
        """
        SELECT s.merchant_id, s.kind, s.subject_id, s.first_at, s.count, s.reasons, s.notes
             , (s.said ->> 'product_id')::uuid AS product_id, coalesce(s.said ->> 'author', '') AS author
             , coalesce(s.said ->> 'text', '') AS text, coalesce(s.said -> 'pictures', '[]') AS pictures
             , (s.said ->> 'stars')::integer AS stars, s.said ->> 'ground' AS ground
        FROM (SELECT s.*, """  # noqa: S608  # literals of ours
        + _SUBJECT
        + """ AS said
              FROM (SELECT merchant_id, kind, subject_id, min(at) AS first_at, count(*)::integer AS count
                         , array_agg(DISTINCT reason) AS reasons
                         , coalesce(array_agg(DISTINCT note) FILTER (WHERE note <> ''), '{}') AS notes
                    FROM review_reports WHERE closed_at IS NULL GROUP BY merchant_id, kind, subject_id
                    HAVING (min(at), subject_id) > (coalesce($1::timestamptz, '-infinity'), coalesce($2::uuid, $4))
                    ORDER BY min(at), subject_id LIMIT $3) s) s
        ORDER BY s.first_at, s.subject_id
        """,
        moment,
        last,
        most + 1,
        UUID(int=0),
    )
    return paging.cut(rows, most, lambda each: (each.first_at, each.subject_id))


async def hidden(read: Read, cursor: str | None = None, limit: int | None = None) -> Page[Reported]:
    """What was hidden, the latest first; its reason stands in `notes`."""
    moment, last = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    rows = await read.all(
        Reported,
        """
        (SELECT merchant_id, 'review' AS kind, review_id AS subject_id, hidden_at AS first_at, 0 AS count
              , ARRAY[]::text[] AS reasons, ARRAY[hidden_reason] AS notes, product_id, author
              , concat_ws(E'\\n', nullif(text, ''), follow_up) AS text, pictures || follow_up_pictures AS pictures
              , stars::integer AS stars, hidden_ground AS ground
         FROM reviews WHERE hidden_at IS NOT NULL AND hidden_ground <> 'held'
           AND (hidden_at, review_id) < (coalesce($1::timestamptz, 'infinity'), coalesce($2::uuid, $4))
         ORDER BY hidden_at DESC, review_id DESC LIMIT $3)
        UNION ALL
        (SELECT merchant_id, 'question', question_id, hidden_at, 0, ARRAY[]::text[], ARRAY[hidden_reason], product_id
              , author, text, ARRAY[]::text[], NULL, hidden_ground
         FROM questions WHERE hidden_at IS NOT NULL AND hidden_ground <> 'held'
           AND (hidden_at, question_id) < (coalesce($1::timestamptz, 'infinity'), coalesce($2::uuid, $4))
         ORDER BY hidden_at DESC, question_id DESC LIMIT $3)
        UNION ALL
        (SELECT a.merchant_id, 'answer', a.answer_id, a.hidden_at, 0, ARRAY[]::text[], ARRAY[a.hidden_reason]
              , q.product_id, a.author, a.text, ARRAY[]::text[], NULL, a.hidden_ground
         FROM answers a JOIN questions q USING (merchant_id, question_id)
         WHERE a.hidden_at IS NOT NULL AND a.hidden_ground <> 'held'
           AND (a.hidden_at, a.answer_id) < (coalesce($1::timestamptz, 'infinity'), coalesce($2::uuid, $4))
         ORDER BY a.hidden_at DESC, a.answer_id DESC LIMIT $3)
        ORDER BY first_at DESC, subject_id DESC LIMIT $3
        """,
        moment,
        last,
        most + 1,
        UUID(int=2**128 - 1),
    )
    return paging.cut(rows, most, lambda each: (each.first_at, each.subject_id))


async def open_reports(read: Read) -> int:
    """How many things wait for the operator's decision, up to a hundred."""
    return await read.value(
        """
        SELECT count(*)::integer FROM (
            SELECT DISTINCT kind, subject_id FROM review_reports WHERE closed_at IS NULL LIMIT $1) w
        """,
        REPORTED_MAX,
    )
