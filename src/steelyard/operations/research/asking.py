"""Whom a survey asks on a page: one at a time, those whom it is meant for, and nobody too often."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.keeping import kept
from steelyard.operations.research.model import RECONTACT_DAYS, TIMES_SHOWN_MAX, WHOLE, SurveyId, Trigger
from steelyard.operations.research.service import ON_PAGES

ON_PAGES_MAX = 500


class OnPages(msgspec.Struct, frozen=True, kw_only=True):
    """An open survey that asks on pages, as far as it is needed to say whom. `anonymous`: who has answered it is known by another
    name."""

    merchant_id: UUID
    survey_id: SurveyId
    trigger: Trigger
    segment_id: UUID | None
    share: int
    anonymous: bool
    opened_at: datetime
    recontact_days: int


def is_drawn(survey_id: UUID, person: UUID, share: int) -> bool:
    """Whether chance has chosen this person for this survey: for the same one always the same."""
    if share >= WHOLE:
        return True
    drawn = int.from_bytes(sha256(survey_id.bytes + person.bytes).digest()[:8])
    return drawn * WHOLE < share * 2**64


async def on_pages(read: Read) -> dict[UUID, list[OnPages]]:
    """What asks on pages, by shop. All of it is kept for a moment by each process, since there is little and pages are many."""
    return await kept(read, ON_PAGES, lambda: _on_pages(read))


async def _on_pages(read: Read) -> dict[UUID, list[OnPages]]:
    found = await read.all(
        OnPages,
        """
        SELECT s.merchant_id, s.survey_id, s.trigger, s.segment_id, s.share, s.opened_at
             , coalesce((v.asked ->> 'anonymous')::boolean, false) AS anonymous
             , coalesce(r.recontact_days, $2) AS recontact_days
        FROM surveys s JOIN survey_versions v USING (merchant_id, survey_id, version)
        LEFT JOIN survey_rules r USING (merchant_id)
        WHERE s.state = 'open' AND s.in_page ORDER BY s.trigger, s.merchant_id LIMIT $1
        """,
        ON_PAGES_MAX,
        RECONTACT_DAYS,
    )
    shops: dict[UUID, list[OnPages]] = {}
    for each in sorted(found, key=lambda each: (each.trigger is Trigger.NOTHING, each.opened_at)):
        shops.setdefault(each.merchant_id, []).append(each)
    return shops


def might_ask(known: Mapping[UUID, Sequence[OnPages]], shops: Collection[UUID], *, signed_in: bool) -> list[OnPages]:
    """What might ask somebody on a page of one of these shops. What follows something that happened asks its buyer wherever they
    are, and nobody else."""
    here = [each for shop in shops for each in known.get(shop, ()) if signed_in or each.trigger is Trigger.NOTHING]
    if signed_in:
        others = [each for shop, those in known.items() if shop not in shops for each in those]
        here += [each for each in others if each.trigger is not Trigger.NOTHING]
    return here


async def for_page(  # where, and who: by all their names
    read: Read,
    shops: Sequence[UUID],
    people: Sequence[UUID],
    buyer_id: UUID | None,
    at: datetime | None = None,
    nameless: Callable[[UUID], UUID] | None = None,
) -> OnPages | None:
    """The survey that is to ask this person (`people` are all their ids, the one that counts first; `nameless` says by which they
    answer an anonymous survey) on a page of one of these shops; what follows something that happened before what asks everybody.
    None: nothing is to be asked now."""
    here = might_ask(await on_pages(read), shops, signed_in=buyer_id is not None)
    open_ones = [each for each in here if is_drawn(each.survey_id, people[0], each.share)]
    if not open_ones:
        return None
    now = at or datetime.now(UTC)
    invited = await _invited(read, open_ones, buyer_id, now)
    inside = await _inside(read, open_ones, buyer_id)
    lately = await _lately(read, {each.merchant_id for each in open_ones}, people)
    others = [] if nameless is None else [nameless(each.survey_id) for each in open_ones if each.anonymous]
    answered = await _ended(read, open_ones, [*people, *others])
    for each in open_ones:
        if each.trigger is not Trigger.NOTHING and each.survey_id not in invited:
            continue
        if each.segment_id is not None and (each.merchant_id, each.segment_id) not in inside:
            continue
        if each.survey_id not in answered and _may_ask(each, lately.get(each.merchant_id, ()), now):
            return each
    return None


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    survey_id: UUID
    at: datetime
    times: int
    dismissed_at: datetime | None


def _may_ask(one: OnPages, asked: Collection[_Asked], now: datetime) -> bool:
    """Not who does not want to, not for ever, and not within some days of another survey of the shop."""
    for each in asked:
        if each.survey_id == one.survey_id:
            if each.dismissed_at is not None or each.times >= TIMES_SHOWN_MAX:
                return False
        elif each.at + timedelta(days=one.recontact_days) > now:
            return False
    return True


async def _invited(read: Read, open_ones: Sequence[OnPages], buyer_id: UUID | None, now: datetime) -> set[UUID]:
    if buyer_id is None or all(each.trigger is Trigger.NOTHING for each in open_ones):
        return set()
    rows = await read.fetch(
        "SELECT survey_id FROM survey_invitations WHERE buyer_id = $1 AND survey_id = ANY($2) AND due_at <= $3",
        buyer_id,
        [each.survey_id for each in open_ones],
        now,
    )
    return {row["survey_id"] for row in rows}


async def _inside(read: Read, open_ones: Sequence[OnPages], buyer_id: UUID | None) -> set[tuple[UUID, UUID]]:
    asked = [each for each in open_ones if each.segment_id is not None]
    if buyer_id is None or not asked:
        return set()
    rows = await read.fetch(
        """
        SELECT m.merchant_id, m.segment_id FROM segment_members m
        JOIN unnest($2::uuid[], $3::uuid[]) AS k (merchant_id, segment_id) USING (merchant_id, segment_id)
        JOIN segments s USING (merchant_id, segment_id)
        WHERE m.buyer_id = $1 AND s.archived_at IS NULL
        """,
        buyer_id,
        [each.merchant_id for each in asked],
        [each.segment_id for each in asked],
    )
    return {(row["merchant_id"], row["segment_id"]) for row in rows}


async def _lately(read: Read, shops: Collection[UUID], people: Sequence[UUID]) -> dict[UUID, list[_Asked]]:
    found = await read.all(
        _Asked,
        """
        SELECT merchant_id, survey_id, at, times, dismissed_at FROM survey_asked
        WHERE merchant_id = ANY($1) AND person = ANY($2) ORDER BY at DESC LIMIT 200
        """,
        list(shops),
        list(people),
    )
    by_shop: dict[UUID, list[_Asked]] = {}
    for each in found:
        by_shop.setdefault(each.merchant_id, []).append(each)
    return by_shop


async def _ended(read: Read, open_ones: Sequence[OnPages], people: Sequence[UUID]) -> set[UUID]:
    """The surveys that they have ended. One that they have begun goes on."""
    rows = await read.fetch(
        """
        SELECT survey_id FROM survey_responses WHERE person = ANY($1) AND survey_id = ANY($2) AND ended_at IS NOT NULL
        """,
        list(people),
        [each.survey_id for each in open_ones],
    )
    return {row["survey_id"] for row in rows}


async def note_asked(tx: Tx, merchant_id: UUID, survey_id: UUID, person: UUID, at: datetime | None = None) -> None:
    """They have been asked, once more."""
    await tx.execute(
        """
        INSERT INTO survey_asked AS s (merchant_id, survey_id, person, at, last_at) VALUES ($1, $2, $3, $4, $4)
        ON CONFLICT (merchant_id, survey_id, person) DO UPDATE SET times = s.times + 1, last_at = excluded.last_at
        """,
        merchant_id,
        survey_id,
        person,
        at or datetime.now(UTC),
    )


async def was_asked(read: Read, merchant_id: UUID, survey_id: UUID, people: Sequence[UUID]) -> bool:
    """Whether the survey has asked one of these on a page, or by mail."""
    return bool(
        await read.value(
            """
            SELECT EXISTS (SELECT FROM survey_asked WHERE merchant_id = $1 AND survey_id = $2 AND person = ANY($3))
            """,
            merchant_id,
            survey_id,
            list(people),
        )
    )


async def dismiss(tx: Tx, merchant_id: UUID, survey_id: UUID, person: UUID) -> None:
    """They do not want to answer: nobody asks them this again. Said twice, nothing changes."""
    await tx.execute(
        """
        INSERT INTO survey_asked AS s (merchant_id, survey_id, person, dismissed_at)
        SELECT merchant_id, survey_id, $3, now() FROM surveys WHERE merchant_id = $1 AND survey_id = $2
        ON CONFLICT (merchant_id, survey_id, person) DO UPDATE SET dismissed_at = coalesce(s.dismissed_at, now())
        """,
        merchant_id,
        survey_id,
        person,
    )
