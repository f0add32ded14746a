"""Appeals: the author of a hidden review says once why it should stand; staff decide, and say why."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import LiteralString
from uuid import UUID

import msgspec

from steelyard.goods.catalog.model import ProductId
from steelyard.kernel import paging
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.reviews.model import (
    NOTE_CHARACTERS_MAX,
    Ground,
    Kind,
    Review,
    ReviewId,
)
from steelyard.trade.reviews.moderation import by_of, show
from steelyard.trade.reviews.service import held

APPEAL_CHARACTERS_MAX = 500
APPEAL_DAYS = 30
APPEALS_COUNTED_MAX = 100

_APPEAL: LiteralString = """
SELECT a.merchant_id, a.step_id, a.review_id, r.product_id, s.ground, s.reason, s.by, r.author, r.stars::integer AS stars
     , concat_ws(E'\\n', nullif(r.text, ''), r.follow_up) AS text, a.words, a.appealed_at, a.decided_at, a.granted, a.answer
FROM review_appeals a
JOIN moderation_steps s ON s.merchant_id = a.merchant_id AND s.step_id = a.step_id
JOIN reviews r ON r.merchant_id = a.merchant_id AND r.review_id = a.review_id
"""


class Appeal(msgspec.Struct, frozen=True, kw_only=True):
    """Its author wants a hidden review to stand. `ground` and `reason` are why it was hidden, by whom."""

    merchant_id: MerchantId
    step_id: UUID
    review_id: ReviewId
    product_id: ProductId
    ground: Ground
    reason: str
    by: str
    author: str
    stars: int
    text: str
    words: str
    appealed_at: datetime
    decided_at: datetime | None
    granted: bool | None
    answer: str | None


class NothingToAppeal(Refusal):
    """An appeal is made against the hiding of a review, once, in a period."""

    code = "nothing_to_appeal"
    title = N_("An appeal is not possible")
    detail = N_("You can appeal once within {days} days after a review was hidden.")


class NotWhoHidIt(Refusal):
    """Who hid a review does not decide about the appeal against it."""

    code = "review_same_decider"
    status = 403
    title = N_("Somebody else decides about this appeal")
    detail = N_("You hid this review. Another member of staff decides about the appeal.")


def appealable(review: Review, now: datetime | None = None) -> bool:
    """Staff have hidden it, not long ago."""
    since = review.hidden_at
    return (
        since is not None
        and review.hidden_ground != Ground.HELD
        and (now or datetime.now(UTC)) <= since + timedelta(days=APPEAL_DAYS)
    )


async def appeal(tx: Tx, review_id: ReviewId, buyers: Sequence[BuyerId], words: str) -> None:
    """The author says why a hidden review should stand. Said twice, the first words stay.

    Raises `NotFound` for another's review, `NothingToAppeal`, `Invalid`.
    """
    merchant_id = await tx.value("SELECT merchant_id FROM reviews WHERE review_id = $1", review_id)
    if merchant_id is None:
        raise NotFound()
    review = await held(tx, merchant_id, review_id)
    if review.buyer_id not in buyers:
        raise NotFound()
    if not appealable(review):
        raise NothingToAppeal(days=APPEAL_DAYS)
    words = words.strip()
    if not words:
        raise Invalid({"appeal": N_("Please say why it should stand")})
    if len(words) > APPEAL_CHARACTERS_MAX:
        raise Invalid({"appeal": N_("This text is too long")})
    await tx.execute(
        """
        INSERT INTO review_appeals (merchant_id, step_id, review_id, buyer_id, words, hidden_by)
        SELECT s.merchant_id, s.step_id, s.subject_id, $3, $4, s.by FROM moderation_steps s
        WHERE s.merchant_id = $1 AND s.kind = 'review' AND s.subject_id = $2
        ORDER BY s.at DESC, s.step_id DESC LIMIT 1
        ON CONFLICT (merchant_id, step_id) DO NOTHING
        """,
        merchant_id,
        review_id,
        review.buyer_id,
        words,
    )


async def decide_appeal(tx: Tx, actor: Actor, step_id: UUID, *, granted: bool, answer: str) -> None:
    """Show the review again, or let it stay hidden; its author reads the answer. Said twice, nothing changes.

    Raises `NotFound`, `NotWhoHidIt`, `Invalid`.
    """
    answer = answer.strip()
    if not answer:
        raise Invalid({"answer": N_("Please say why")})
    if len(answer) > NOTE_CHARACTERS_MAX:
        raise Invalid({"answer": N_("This text is too long")})
    row = await tx.row(
        """
        SELECT merchant_id, review_id, decided_at, hidden_by FROM review_appeals WHERE step_id = $1 FOR NO KEY UPDATE
        """,
        step_id,
    )
    if row is None:
        raise NotFound()
    if row["decided_at"] is not None:
        return
    by = by_of(actor)
    if by == row["hidden_by"]:
        raise NotWhoHidIt()
    await tx.execute(
        """
        UPDATE review_appeals SET decided_at = now(), decided_by = $5, granted = $3, answer = $4
        WHERE merchant_id = $1 AND step_id = $2
        """,
        row["merchant_id"],
        step_id,
        granted,
        answer,
        by,
    )
    facts = {"after": {"granted": granted, "answer": answer}}
    await access.audit(
        tx, actor, "reviews.appeal", str(row["review_id"]), facts, merchant_id=row["merchant_id"]
    )  # fmt: skip
    if granted:
        await show(tx, actor, Kind.REVIEW, row["review_id"], answer)


async def appeals(read: Read, cursor: str | None = None, limit: int | None = None) -> Page[Appeal]:
    """What waits for a decision, the oldest first."""
    moment, last = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Appeal,
        _APPEAL
        + """
        WHERE a.decided_at IS NULL
          AND (a.appealed_at, a.step_id) > (coalesce($1::timestamptz, '-infinity'), coalesce($2::uuid, $4))
        ORDER BY a.appealed_at, a.step_id LIMIT $3
        """,
        moment,
        last,
        most + 1,
        UUID(int=0),
    )
    return paging.cut(found, most, lambda each: (each.appealed_at, each.step_id))


async def appeals_of(read: Read, reviews: Sequence[Review]) -> dict[ReviewId, Appeal]:
    """The latest appeal about each of these reviews that are hidden, or were."""
    found = await read.all(
        Appeal,
        _APPEAL + "WHERE a.review_id = ANY($1) ORDER BY a.appealed_at, a.step_id",
        [each.review_id for each in reviews],
    )
    return {each.review_id: each for each in found}


async def open_appeals(read: Read) -> int:
    """How many wait, up to a hundred."""
    return await read.value(
        "SELECT count(*)::integer FROM (SELECT FROM review_appeals WHERE decided_at IS NULL LIMIT $1) a",
        APPEALS_COUNTED_MAX,
    )


async def waiting_for_staff(read: Read) -> int:
    """What was reported or held back, and appeals; a hundred of each at most."""
    return await read.value(
        """
        SELECT (SELECT count(*) FROM (SELECT DISTINCT kind, subject_id FROM review_reports WHERE closed_at IS NULL
                                      LIMIT $1) w)::integer
             + (SELECT count(*) FROM (SELECT FROM review_appeals WHERE decided_at IS NULL LIMIT $1) a)::integer
        """,
        APPEALS_COUNTED_MAX,
    )
