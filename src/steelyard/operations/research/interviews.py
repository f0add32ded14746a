"""People to talk to: drawn by chance from a segment, of those who may be asked, and how far each of them is.

Chance is a seed that stays with the list: the same seed draws the same people of the same ones, whoever repeats it.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.goods import promotions
from steelyard.goods.promotions.model import CouponGift, GiftAudience
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import NOWHERE
from steelyard.operations import segments
from steelyard.operations.research.model import TALKS, Talk

ListId = NewType("ListId", UUID)

NAME_CHARACTERS_MAX = 80
NOTE_CHARACTERS_MAX = 2_000
WANTED_MAX = 500
LISTS_SHOWN = 100
# Of a larger segment so many are looked at, in the order that chance gives them.
LOOKED_AT_MAX = 10_000


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """How many people of which segment are to be drawn, by which seed, and what the list is called."""

    name: str
    segment_id: UUID
    wanted: int
    seed: str


class InterviewList(msgspec.Struct, frozen=True, kw_only=True):
    """People drawn for interviews: of which segment, how many were wanted and how many could be asked, by which seed."""

    merchant_id: UUID
    list_id: ListId
    name: str
    segment_id: UUID
    wanted: int
    seed: str
    could: int
    drawn_at: datetime
    by: str
    people: int = 0
    done: int = 0


class Interviewee(msgspec.Struct, frozen=True, kw_only=True):
    place: int
    buyer_id: UUID | None
    state: Talk
    note: str
    thanked_at: datetime | None
    changed_at: datetime


class NotDoneYet(Refusal):
    """Who has been interviewed is thanked."""

    code = "not_interviewed_yet"
    title = N_("This interview has not taken place yet")
    detail = N_("Mark it as done first.")


class NoCouponGot(Refusal):
    """Nobody is told that they were thanked who was not."""

    code = "no_coupon_got"
    title = N_("They could not get this coupon")
    detail = N_("None is left of it, or they have had as many as each may have. Please choose another.")


def drawn(people: Sequence[UUID], seed: str, wanted: int) -> list[UUID]:
    """So many of these people, by chance: those whose SHA-256 with the seed is smallest. A person more or less in the segment
    moves nobody else."""
    return sorted(people, key=lambda each: sha256(f"{seed}:{each}".encode()).digest())[:wanted]


async def draw(tx: Tx, merchant_id: UUID, list_id: ListId, wish: Wish, by: str) -> int:
    """Draw people of a segment who want mails, and of this shop, too, or have said in a survey of this shop that they would talk;
    returns how many there are. Said twice with the same id, they are drawn once. Raises `Invalid`, and `NotFound` for no such
    segment."""
    _check(wish)
    await segments.segment(tx, merchant_id, wish.segment_id)
    could = await _may_be_asked(tx, merchant_id, wish.segment_id)
    chosen = drawn(could, wish.seed, wish.wanted)
    made = await tx.execute(
        """
        INSERT INTO interview_lists (merchant_id, list_id, name, segment_id, wanted, seed, could, by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (merchant_id, list_id) DO NOTHING
        """,
        merchant_id,
        list_id,
        wish.name,
        wish.segment_id,
        wish.wanted,
        wish.seed,
        len(could),
        by,
    )
    if not made:
        known: int = await tx.value(
            "SELECT count(*) FROM interview_people WHERE merchant_id = $1 AND list_id = $2", merchant_id, list_id
        )
        return known
    await tx.execute(
        """
        INSERT INTO interview_people (merchant_id, list_id, place, buyer_id, state)
        SELECT $1, $2, p.place, p.buyer_id, 'drawn' FROM unnest($3::uuid[]) WITH ORDINALITY AS p (buyer_id, place)
        """,
        merchant_id,
        list_id,
        chosen,
    )
    await _note(tx, merchant_id, list_id, list(range(1, len(chosen) + 1)), NOWHERE, Talk.DRAWN, by)
    return len(chosen)


def _check(wish: Wish) -> None:
    wrong: dict[str, str] = {}
    if not 0 < len(wish.name) <= NAME_CHARACTERS_MAX:
        wrong["name"] = N_("This is too long") if wish.name else N_("Please fill this in")
    if not 1 <= wish.wanted <= WANTED_MAX:
        wrong["wanted"] = N_("Please enter a number from 1 to 500")
    if wrong:
        raise Invalid(wrong)


async def _may_be_asked(read: Read, merchant_id: UUID, segment_id: UUID) -> list[UUID]:
    rows = await read.fetch(
        """
        SELECT m.buyer_id FROM segment_members m JOIN buyers b USING (buyer_id)
        JOIN segments g ON (g.merchant_id, g.segment_id) = (m.merchant_id, m.segment_id) AND g.archived_at IS NULL
        LEFT JOIN LATERAL (SELECT c.agreed FROM marketing_consents c WHERE c.buyer_id = m.buyer_id AND c.channel = 'email'
                           ORDER BY c.at DESC, c.consent_id DESC LIMIT 1) AS c ON true
        LEFT JOIN message_stops s ON (s.buyer_id, s.merchant_id, s.channel) = (m.buyer_id, m.merchant_id, 'email')
        WHERE m.merchant_id = $1 AND m.segment_id = $2 AND b.email IS NOT NULL
          AND (c.agreed AND NOT coalesce(s.stopped, false) OR EXISTS (
                SELECT FROM survey_responses r JOIN survey_answers a USING (merchant_id, survey_id, response_id)
                JOIN survey_versions v ON (v.merchant_id, v.survey_id, v.version) = (r.merchant_id, r.survey_id, r.version)
                CROSS JOIN jsonb_array_elements(v.asked -> 'questions') AS q
                WHERE r.merchant_id = $1 AND r.buyer_id = m.buyer_id AND r.ending = 'finished' AND a.choices = '{yes}'
                  AND q ->> 'type' = 'consent' AND q ->> 'key' = a.question))
        ORDER BY md5($3 || m.buyer_id::text) LIMIT $4
        """,
        merchant_id,
        segment_id,
        str(segment_id),
        LOOKED_AT_MAX,
    )
    return [row["buyer_id"] for row in rows]


async def lists(read: Read, merchant_id: UUID) -> list[InterviewList]:
    """A shop's lists, the newest first."""
    return await read.all(
        InterviewList,
        """
        SELECT l.merchant_id, l.list_id, l.name, l.segment_id, l.wanted, l.seed, l.could, l.drawn_at, l.by
             , p.people, p.done
        FROM interview_lists l
        CROSS JOIN LATERAL (SELECT count(*) AS people, count(*) FILTER (WHERE state = 'done') AS done FROM interview_people p
                            WHERE p.merchant_id = l.merchant_id AND p.list_id = l.list_id) AS p
        WHERE l.merchant_id = $1 ORDER BY l.drawn_at DESC, l.list_id DESC LIMIT $2
        """,
        merchant_id,
        LISTS_SHOWN,
    )


async def one_list(read: Read, merchant_id: UUID, list_id: UUID) -> tuple[InterviewList, list[Interviewee]]:
    """A list and its people, in the order in which they were drawn. Raises `NotFound`."""
    found = await read.one(
        InterviewList,
        """
        SELECT merchant_id, list_id, name, segment_id, wanted, seed, could, drawn_at, by FROM interview_lists
        WHERE merchant_id = $1 AND list_id = $2
        """,
        merchant_id,
        list_id,
    )
    if found is None:
        raise NotFound()
    people = await read.all(
        Interviewee,
        """
        SELECT place, buyer_id, state, note, thanked_at, changed_at FROM interview_people
        WHERE merchant_id = $1 AND list_id = $2 ORDER BY place LIMIT $3
        """,
        merchant_id,
        list_id,
        WANTED_MAX,
    )
    return found, people


async def move(  # one person of a list
    tx: Tx, merchant_id: UUID, list_id: UUID, place: int, following: Talk, by: str
) -> None:
    """Note how far an interview is. Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`."""
    now = await _held(tx, merchant_id, list_id, place)
    if now.state is following:
        return
    TALKS.check(now.state, following)
    await tx.execute(
        """
        UPDATE interview_people SET state = $4, changed_at = now() WHERE merchant_id = $1 AND list_id = $2 AND place = $3
        """,
        merchant_id,
        list_id,
        place,
        following,
    )
    await _note(tx, merchant_id, list_id, [place], now.state, following, by)


async def write_note(tx: Tx, merchant_id: UUID, list_id: UUID, place: int, note: str) -> None:
    """What was said; of who is forgotten nothing is kept. Said twice, the second counts. Raises `NotFound`, `Invalid`."""
    if len(note) > NOTE_CHARACTERS_MAX:
        raise Invalid({"note": N_("This is too long")})
    now = await _held(tx, merchant_id, list_id, place)
    if now.buyer_id is None:
        return
    await tx.execute(
        "UPDATE interview_people SET note = $4, changed_at = now() WHERE merchant_id = $1 AND list_id = $2 AND place = $3",
        merchant_id,
        list_id,
        place,
        note,
    )


async def thank(  # one person of a list, with a coupon
    tx: Tx, merchant_id: UUID, list_id: UUID, place: int, promotion_id: UUID, by: str
) -> None:
    """Give who was interviewed a coupon of the shop. Said twice, they have one. Raises `NotFound`, `NotDoneYet`,
    `NoCouponGot`."""
    now = await _held(tx, merchant_id, list_id, place)
    if now.state is not Talk.DONE:
        raise NotDoneYet()
    if now.thanked_at is not None or now.buyer_id is None:
        return
    gift = CouponGift(
        merchant_id=merchant_id,
        gift_id=ids.derived(list_id, "thanks", str(place)),
        promotion_id=promotion_id,
        audience=GiftAudience.SEGMENT,
    )
    if not await promotions.give_to_segment(tx, gift, [now.buyer_id], by):
        raise NoCouponGot()
    await tx.execute(
        "UPDATE interview_people SET thanked_at = now() WHERE merchant_id = $1 AND list_id = $2 AND place = $3",
        merchant_id,
        list_id,
        place,
    )


async def _held(tx: Tx, merchant_id: UUID, list_id: UUID, place: int) -> Interviewee:
    found = await tx.one(
        Interviewee,
        """
        SELECT place, buyer_id, state, note, thanked_at, changed_at FROM interview_people
        WHERE merchant_id = $1 AND list_id = $2 AND place = $3 FOR NO KEY UPDATE
        """,
        merchant_id,
        list_id,
        place,
    )
    if found is None:
        raise NotFound()
    return found


async def _note(  # a step has a state before and after, and somebody who took it
    tx: Tx, merchant_id: UUID, list_id: UUID, places: Sequence[int], before: str, following: Talk, by: str
) -> None:
    await tx.execute(
        """
        INSERT INTO interview_history (merchant_id, list_id, place, step, from_state, to_state, by)
        SELECT $1, $2, p.place, 1 + (SELECT count(*) FROM interview_history h
                                     WHERE h.merchant_id = $1 AND h.list_id = $2 AND h.place = p.place), $4, $5, $6
        FROM unnest($3::integer[]) AS p (place)
        """,
        merchant_id,
        list_id,
        list(places),
        str(before),
        following,
        by,
    )


async def of_buyers(read: Read, people: Sequence[UUID], most: int) -> list[dict[str, object]]:
    """The interviews of these and what was noted, for who takes along all that is kept of them."""
    rows = await read.fetch(
        """
        SELECT l.merchant_id::text, l.name, l.drawn_at, p.state, p.note, p.thanked_at, p.changed_at
        FROM interview_people p JOIN interview_lists l USING (merchant_id, list_id)
        WHERE p.buyer_id = ANY($1) ORDER BY l.drawn_at, l.list_id, p.place LIMIT $2
        """,
        list(people),
        most,
    )
    return [dict(row) for row in rows]


async def forget(tx: Tx, people: Sequence[UUID]) -> None:
    """Buyers who are forgotten: that there was an interview stays, with whom and what was noted is gone."""
    await tx.execute("UPDATE interview_people SET buyer_id = NULL, note = '' WHERE buyer_id = ANY($1)", list(people))
