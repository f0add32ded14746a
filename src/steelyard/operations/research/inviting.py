"""Who is to be asked because of something that happened, or because they are in a segment; and the mails that ask them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.text import Text
from steelyard.operations import outreach, segments
from steelyard.operations.analytics import MARKETPLACE
from steelyard.operations.outreach.model import Channel, Why
from steelyard.operations.research.asking import is_drawn, note_asked
from steelyard.operations.research.model import RECONTACT_DAYS, Trigger
from steelyard.parties import customers, merchants, notifications
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.notifications.model import MailId, SurveyAsked, Template

OPEN_MAX = 1_000
INVITED_AT_ONCE_MAX = 1_000
MAILS_AT_ONCE_MAX = 100
STOP = "/coupon-mails/stop"


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """Something that surveys follow: at which shop, with whom, when."""

    trigger: Trigger
    merchant_id: UUID
    buyer_id: UUID
    at: datetime
    segment_id: UUID | None = None


class _Following(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    survey_id: UUID
    trigger: Trigger
    segment_id: UUID | None
    share: int
    after_hours: int
    by_mail: bool


async def invite(tx: Tx, happened: Sequence[Happened]) -> int:
    """Whoever open surveys of these shops, or of the marketplace, want to ask after this is invited, each once; returns how many
    are. Whether they are in the segment is looked at when they are asked. Said twice, nothing changes."""
    following = await tx.all(
        _Following,
        """
        SELECT merchant_id, survey_id, trigger, segment_id, share, after_hours, by_mail FROM surveys
        WHERE state = 'open' AND trigger = ANY($1) AND merchant_id = ANY($2) LIMIT $3
        """,
        list({each.trigger for each in happened}),
        [MARKETPLACE, *{each.merchant_id for each in happened}],
        OPEN_MAX,
    )
    return await _write(
        tx,
        [
            (one, each.buyer_id, each.at)
            for one in following
            for each in happened
            if each.trigger is one.trigger
            and one.merchant_id in (MARKETPLACE, each.merchant_id)
            and (one.trigger is not Trigger.ENTERED or one.segment_id == each.segment_id)
        ],
    )


async def _write(tx: Tx, wanted: Sequence[tuple[_Following, UUID, datetime]]) -> int:
    drawn = [each for each in wanted if is_drawn(each[0].survey_id, each[1], each[0].share)]
    return await tx.execute(
        """
        INSERT INTO survey_invitations (merchant_id, survey_id, buyer_id, token, reason, by_mail, due_at)
        SELECT DISTINCT ON (i.merchant_id, i.survey_id, i.buyer_id) i.*
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::boolean[], $7::timestamptz[])
             AS i (merchant_id, survey_id, buyer_id, token, reason, by_mail, due_at)
        ORDER BY i.merchant_id, i.survey_id, i.buyer_id, i.due_at
        ON CONFLICT (merchant_id, survey_id, buyer_id) DO NOTHING
        """,
        [one.merchant_id for one, _, _ in drawn],
        [one.survey_id for one, _, _ in drawn],
        [buyer_id for _, buyer_id, _ in drawn],
        [uuid4() for _ in drawn],
        [one.trigger for one, _, _ in drawn],
        [one.by_mail for one, _, _ in drawn],
        [at + timedelta(hours=one.after_hours) for one, _, at in drawn],
    )


class _ToSegment(_Following, frozen=True, kw_only=True):
    invited_to: UUID


async def invite_segments(tx: Tx) -> int:
    """The next members of a segment to which a survey goes by mail; returns how many were looked at."""
    one = await tx.one(
        _ToSegment,
        """
        SELECT merchant_id, survey_id, trigger, segment_id, share, after_hours, by_mail, invited_to FROM surveys
        WHERE state = 'open' AND invited_to IS NOT NULL ORDER BY merchant_id, survey_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
        """,
    )
    if one is None:
        return 0
    assert one.segment_id is not None, "what goes to a segment names it"
    people = await segments.members(tx, one.merchant_id, one.segment_id, one.invited_to, INVITED_AT_ONCE_MAX)
    now = datetime.now(UTC)
    await _write(tx, [(one, buyer_id, now) for buyer_id in people])
    await tx.execute(
        "UPDATE surveys SET invited_to = $3 WHERE merchant_id = $1 AND survey_id = $2",
        one.merchant_id,
        one.survey_id,
        people[-1] if len(people) == INVITED_AT_ONCE_MAX else None,
    )
    return len(people)


class _Due(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    survey_id: UUID
    buyer_id: BuyerId
    token: UUID
    code: str
    title: Text
    is_open: bool
    meant: bool
    answered: bool
    lately: bool


async def send_due(tx: Tx, now: datetime) -> int:
    """Ask by mail whom it is time to ask: who wants such mails, and of this shop, too, has not answered, was not asked lately,
    and, where the survey is for a segment, is in it. Returns how many were looked at."""
    due = await _due(tx, now)
    wanting = {each.buyer_id: each for each in await customers.consenting(tx, [each.buyer_id for each in due])}
    shops = await merchants.cards(tx, [MerchantId(each.merchant_id) for each in due if each.merchant_id != MARKETPLACE])
    left = await _left(tx, due)
    asked: set[tuple[UUID, UUID]] = set()
    for each in due:
        reader = wanting.get(each.buyer_id)
        wants = reader is not None and (each.merchant_id, each.buyer_id) not in left
        why = _kept_back(each, wants) or ("lately" if (each.merchant_id, each.buyer_id) in asked else None)
        await tx.execute(
            """
            UPDATE survey_invitations SET sent_at = CASE WHEN $4::text IS NULL THEN $5::timestamptz END, kept_back = $4
            WHERE merchant_id = $1 AND survey_id = $2 AND buyer_id = $3
            """,
            each.merchant_id,
            each.survey_id,
            each.buyer_id,
            why,
            now,
        )
        if why is not None or reader is None:
            continue
        asked.add((each.merchant_id, each.buyer_id))
        await note_asked(tx, each.merchant_id, each.survey_id, each.buyer_id, now)
        shop = shops.get(MerchantId(each.merchant_id))
        await notifications.send(
            tx,
            recipient=reader.email,
            template=Template.SURVEY_ASKED,
            locale=reader.locale,
            facts=SurveyAsked(
                name=reader.name,
                shop=shop.name if shop else Text(),
                title=each.title,
                link=f"/q/{each.code}?t={each.token}",
                stop_link=f"{STOP}/{reader.buyer_id}/{reader.secret}",
            ),
            mail_id=MailId(ids.derived(each.survey_id, Template.SURVEY_ASKED, str(each.buyer_id))),
        )
    return len(due)


async def _left(tx: Tx, due: Sequence[_Due]) -> set[tuple[UUID, UUID]]:
    """Shops and buyers who have left the mails of that shop, or whose address takes none: leaving is for a shop and a channel
    (0194)."""
    found: set[tuple[UUID, UUID]] = set()
    for shop in {each.merchant_id for each in due}:
        buyers = [each.buyer_id for each in due if each.merchant_id == shop]
        hindered = await outreach.hindrances(tx, shop, buyers, Channel.EMAIL)
        found |= {(shop, buyer_id) for buyer_id, why in hindered.items() if why in (Why.STOPPED, Why.SUPPRESSED)}
    return found


def _kept_back(due: _Due, wants: bool) -> str | None:
    if not due.is_open or not due.meant:
        return "closed"
    if due.answered:
        return "answered"
    if not wants:
        return "consent"
    return "lately" if due.lately else None


async def _due(tx: Tx, now: datetime) -> list[_Due]:
    return await tx.all(
        _Due,
        """
        WITH due AS (
            SELECT merchant_id, survey_id, buyer_id, token FROM survey_invitations
            WHERE by_mail AND sent_at IS NULL AND kept_back IS NULL AND due_at <= $1
            ORDER BY due_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)
        SELECT d.merchant_id, d.survey_id, d.buyer_id, d.token, s.code, v.asked -> 'title' AS title
             , s.state = 'open' AND s.by_mail AS is_open
             , s.segment_id IS NULL OR EXISTS (
                 SELECT FROM segment_members m JOIN segments g USING (merchant_id, segment_id)
                 WHERE (m.merchant_id, m.segment_id, m.buyer_id) = (s.merchant_id, s.segment_id, d.buyer_id)
                   AND g.archived_at IS NULL) AS meant
             , EXISTS (SELECT FROM survey_responses r
                       WHERE (r.merchant_id, r.survey_id, r.person) = (d.merchant_id, d.survey_id, d.buyer_id)) AS answered
             , EXISTS (SELECT FROM survey_asked a
                       WHERE a.merchant_id = d.merchant_id AND a.person = d.buyer_id AND a.survey_id <> d.survey_id
                         AND a.at + coalesce(u.recontact_days, $3) * interval '1 day' > $1)
               OR EXISTS (SELECT FROM survey_asked a
                          WHERE a.merchant_id = d.merchant_id AND a.person = d.buyer_id AND a.survey_id = d.survey_id
                            AND a.dismissed_at IS NOT NULL) AS lately
        FROM due d JOIN surveys s USING (merchant_id, survey_id)
        JOIN survey_versions v ON (v.merchant_id, v.survey_id, v.version) = (s.merchant_id, s.survey_id, s.version)
        LEFT JOIN survey_rules u ON u.merchant_id = d.merchant_id
        ORDER BY d.merchant_id, d.survey_id, d.buyer_id
        """,
        now,
        MAILS_AT_ONCE_MAX,
        RECONTACT_DAYS,
    )
