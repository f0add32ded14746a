"""Commands on surveys: drafted, opened, closed, dropped; and how often a shop asks the same people."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel import keeping
from steelyard.kernel.db import Tx, UniqueViolation
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import NOWHERE
from steelyard.operations import behaviour, segments
from steelyard.operations.research.checking import check
from steelyard.operations.research.model import (
    MACHINE,
    RECONTACT_DAYS_MAX,
    Definition,
    State,
    Survey,
    SurveyId,
    Trigger,
)
from steelyard.operations.research.queries import survey

ON_PAGES = "research.on_pages"
CODES_TRIED_MAX = 5
NOBODY = UUID(int=0)


async def begin_draft(tx: Tx, merchant_id: UUID, survey_id: SurveyId, definition: Definition, by: str) -> None:
    """Begin a survey, as a draft that can be changed and dropped. Said twice, it is begun once, and what has become of it since
    stays."""
    made = await tx.execute(
        """
        INSERT INTO surveys (merchant_id, survey_id, state, code, draft) VALUES ($1, $2, 'draft', $3, $4)
        ON CONFLICT (merchant_id, survey_id) DO NOTHING
        """,
        merchant_id,
        survey_id,
        behaviour.mint_code(),
        definition,
    )
    if made:
        await _claim(tx, merchant_id, survey_id)
        await _note(tx, merchant_id, survey_id, NOWHERE, State.DRAFT, 0, by)


async def draft(tx: Tx, merchant_id: UUID, survey_id: SurveyId, definition: Definition) -> None:
    """Keep a survey as far as it has come; what is asked meanwhile stays as it is. Said twice, the second counts. Raises
    `NotFound`."""
    if not await tx.execute(
        """
        UPDATE surveys SET draft = $3, changed_at = now() WHERE merchant_id = $1 AND survey_id = $2 AND state <> 'dropped'
        """,
        merchant_id,
        survey_id,
        definition,
    ):
        raise NotFound()


async def _claim(tx: Tx, merchant_id: UUID, survey_id: UUID) -> None:
    """The code is this survey's; should another have the same (one in billions), it gets another."""
    code: str = await tx.value(
        "SELECT code FROM surveys WHERE merchant_id = $1 AND survey_id = $2", merchant_id, survey_id
    )
    for _ in range(CODES_TRIED_MAX):
        try:
            async with tx.savepoint():
                await tx.execute("INSERT INTO survey_codes VALUES ($1, $2, $3)", code, merchant_id, survey_id)
        except UniqueViolation:
            code = behaviour.mint_code()
            continue
        await tx.execute(
            "UPDATE surveys SET code = $3 WHERE merchant_id = $1 AND survey_id = $2 AND code <> $3",
            merchant_id,
            survey_id,
            code,
        )
        return
    raise AssertionError("codes are drawn from a trillion")


async def open_(tx: Tx, merchant_id: UUID, survey_id: UUID, by: str) -> int:
    """Ask what is drafted, from now on; returns its version. What was asked before is kept, and its answers with it. Of one that
    is open already the changed draft becomes the next version. Said twice, nothing changes. Raises `NotFound`,
    `DefinitionRefused`, `TransitionRefused`."""
    now = await _held(tx, merchant_id, survey_id)
    if now.state is not State.OPEN:
        MACHINE.check(now.state, State.OPEN)
    elif not now.changed:
        return now.version
    await _check(tx, merchant_id, now.draft)
    anew = now.asked is None or now.changed
    version = now.version + anew
    if anew:
        await tx.execute(
            "INSERT INTO survey_versions (merchant_id, survey_id, version, asked, by) VALUES ($1, $2, $3, $4, $5)",
            merchant_id,
            survey_id,
            version,
            now.draft,
            by,
        )
    await _ask(tx, now, now.draft, version, by)
    return version


async def reopen(tx: Tx, merchant_id: UUID, survey_id: UUID, by: str) -> None:
    """Ask again what was asked until it was closed, whatever is drafted since; of one that was never asked, its draft. Said
    twice, nothing changes. Raises as `open_` does."""
    now = await _held(tx, merchant_id, survey_id)
    if now.state is State.OPEN:
        return
    if now.asked is None:
        await open_(tx, merchant_id, survey_id, by)
        return
    MACHINE.check(now.state, State.OPEN)
    await _check(tx, merchant_id, now.asked)
    await _ask(tx, now, now.asked, now.version, by)


async def _check(tx: Tx, merchant_id: UUID, definition: Definition) -> None:
    check(definition, {each.segment_id for each in await segments.segments(tx, merchant_id)})


async def _ask(tx: Tx, now: Survey, asked: Definition, version: int, by: str) -> None:
    await _reach(tx, now, asked, version)
    await _count_quotas(tx, now, asked)
    if now.state is not State.OPEN:
        await _note(tx, now.merchant_id, now.survey_id, now.state, State.OPEN, version, by)


async def _reach(tx: Tx, now: Survey, asked: Definition, version: int) -> None:
    """Whom the version reaches stands in columns, where what happens finds it. A mail to a segment goes to who is in it now."""
    keeping.forget(tx, ON_PAGES)
    to_segment = asked.by_mail and asked.trigger is Trigger.NOTHING and asked.segment_id is not None
    await tx.execute(
        """
        UPDATE surveys SET state = 'open', version = $3, trigger = $4, segment_id = $5, share = $6, after_hours = $7
             , in_page = $8, by_mail = $9, invited_to = $10, opened_at = coalesce(opened_at, now()), closed_at = NULL
        WHERE merchant_id = $1 AND survey_id = $2
        """,
        now.merchant_id,
        now.survey_id,
        version,
        asked.trigger,
        asked.segment_id,
        asked.share,
        asked.after_hours,
        asked.in_page,
        asked.by_mail,
        NOBODY if to_segment else None,
    )


async def _count_quotas(tx: Tx, now: Survey, asked: Definition) -> None:
    """Each quota counts who has answered so, before it was there, too; one that is gone wants nothing any more. Who answers
    meanwhile waits."""
    quotas = asked.quotas
    await tx.execute(
        "SELECT FROM survey_quotas WHERE merchant_id = $1 AND survey_id = $2 ORDER BY quota FOR UPDATE",
        now.merchant_id,
        now.survey_id,
    )
    await tx.execute(
        "DELETE FROM survey_quotas WHERE merchant_id = $1 AND survey_id = $2 AND quota <> ALL($3)",
        now.merchant_id,
        now.survey_id,
        [each.key for each in quotas],
    )
    await tx.execute(
        """
        INSERT INTO survey_quotas (merchant_id, survey_id, quota, most, taken)
        SELECT $1, $2, q.quota, q.most
             , (SELECT count(*) FROM survey_responses r
                WHERE r.merchant_id = $1 AND r.survey_id = $2 AND r.ending = 'finished'
                  AND (q.segment_id IS NULL OR q.segment_id = ANY (r.segments))
                  AND (q.question = '' OR EXISTS (
                        SELECT FROM survey_answers a
                        WHERE (a.merchant_id, a.survey_id, a.response_id) = (r.merchant_id, r.survey_id, r.response_id)
                          AND a.question = q.question AND q.option = ANY (a.choices))))
        FROM unnest($3::text[], $4::integer[], $5::text[], $6::text[], $7::uuid[])
             AS q (quota, most, question, option, segment_id)
        ON CONFLICT (merchant_id, survey_id, quota) DO UPDATE SET most = excluded.most, taken = excluded.taken
        """,
        now.merchant_id,
        now.survey_id,
        [each.key for each in quotas],
        [each.most for each in quotas],
        [each.question for each in quotas],
        [each.option for each in quotas],
        [each.segment_id for each in quotas],
    )


async def close(tx: Tx, merchant_id: UUID, survey_id: UUID, by: str) -> None:
    """It takes no more answers; it can be opened again. Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`."""
    now = await _held(tx, merchant_id, survey_id)
    if now.state is State.CLOSED:
        return
    MACHINE.check(now.state, State.CLOSED)
    keeping.forget(tx, ON_PAGES)
    await tx.execute(
        """
        UPDATE surveys SET state = 'closed', closed_at = now(), invited_to = NULL WHERE merchant_id = $1 AND survey_id = $2
        """,
        merchant_id,
        survey_id,
    )
    await _note(tx, merchant_id, survey_id, now.state, State.CLOSED, now.version, by)


async def drop(tx: Tx, merchant_id: UUID, survey_id: UUID, by: str) -> None:
    """A draft that nobody wants any more. Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`."""
    now = await _held(tx, merchant_id, survey_id)
    if now.state is State.DROPPED:
        return
    MACHINE.check(now.state, State.DROPPED)
    await tx.execute(
        "UPDATE surveys SET state = 'dropped' WHERE merchant_id = $1 AND survey_id = $2", merchant_id, survey_id
    )
    await _note(tx, merchant_id, survey_id, now.state, State.DROPPED, 0, by)


async def set_rule(tx: Tx, merchant_id: UUID, recontact_days: int, by: str) -> None:
    """For so many days after one survey nobody is asked by another of the shop. Said twice, nothing changes. Raises `Invalid`."""
    if not 0 <= recontact_days <= RECONTACT_DAYS_MAX:
        raise Invalid({"recontact_days": N_("Please enter between 0 and 365 days")})
    keeping.forget(tx, ON_PAGES)
    await tx.execute(
        """
        INSERT INTO survey_rules (merchant_id, recontact_days, by) VALUES ($1, $2, $3)
        ON CONFLICT (merchant_id) DO UPDATE SET recontact_days = excluded.recontact_days, by = excluded.by, at = now()
        """,
        merchant_id,
        recontact_days,
        by,
    )


async def _held(tx: Tx, merchant_id: UUID, survey_id: UUID) -> Survey:
    """The survey, its row held until the end. Raises `NotFound`."""
    await tx.execute(
        "SELECT FROM surveys WHERE merchant_id = $1 AND survey_id = $2 FOR NO KEY UPDATE", merchant_id, survey_id
    )
    return await survey(tx, merchant_id, survey_id)


async def _note(  # a step has a state before and after, a version, and somebody who took it
    tx: Tx, merchant_id: UUID, survey_id: UUID, before: str, following: State, version: int, by: str
) -> None:
    await tx.execute(
        """
        INSERT INTO survey_history (merchant_id, survey_id, step, from_state, to_state, version, by)
        SELECT $1, $2, count(*) + 1, $3, $4, $5, $6 FROM survey_history WHERE merchant_id = $1 AND survey_id = $2
        """,
        merchant_id,
        survey_id,
        str(before),
        following,
        version,
        by,
    )


async def forget(tx: Tx, people: Sequence[UUID]) -> None:
    """Buyers and visitors who are forgotten: what they chose stays and leads to nobody, what they wrote is gone, and they are on
    no list any more."""
    await tx.execute(
        """
        UPDATE survey_answers a SET words = ''
        FROM survey_responses r
        WHERE (r.person = ANY($1) OR r.buyer_id = ANY($1)) AND a.words <> ''
          AND (a.merchant_id, a.survey_id, a.response_id) = (r.merchant_id, r.survey_id, r.response_id)
        """,
        list(people),
    )
    await tx.execute(
        """
        UPDATE survey_responses SET person = gen_random_uuid(), buyer_id = NULL WHERE person = ANY($1) OR buyer_id = ANY($1)
        """,
        list(people),
    )
    await tx.execute("DELETE FROM survey_asked WHERE person = ANY($1)", list(people))
    await tx.execute("DELETE FROM survey_invitations WHERE buyer_id = ANY($1)", list(people))
