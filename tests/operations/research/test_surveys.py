"""Surveys from their draft to what came of them: who is asked, what is kept, what counts."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, TransitionRefused
from steelyard.kernel.text import Text
from steelyard.operations import outreach, research, segments
from steelyard.operations.outreach.model import Channel
from steelyard.operations.research import ListId, Wish
from steelyard.operations.research.model import (
    Answer,
    Definition,
    DefinitionRefused,
    Ending,
    Quota,
    ResponseId,
    State,
    SurveyIsOver,
    Trigger,
)
from steelyard.operations.segments.model import Answered, Measure, Number
from steelyard.parties import customers
from tests.operations.segments.conftest import defined, inside, seen
from tests.support.surveys import BOUGHT, BY, LAST, LIKELY, answered, asking, chose, opened, person, rated, wrote
from tests.support.world import World, seeded


@pytest.fixture
async def world(db: Database) -> World:
    return await seeded(db)


def buyer_of(world: World) -> UUID:
    assert world.buyer.buyer_id is not None
    return world.buyer.buyer_id


async def test_a_survey_is_opened_when_it_can_be_asked_and_each_change_of_an_open_one_is_a_version(
    db: Database, world: World
) -> None:
    shop = world.tea.merchant_id
    survey = await opened(db, shop)
    assert (survey.state, survey.version, len(survey.code)) == (State.OPEN, 1, len(survey.code))
    for _ in range(2):
        assert await db.transact(research.open_, shop, survey.survey_id, BY) == 1

    changed = msgspec.structs.replace(survey.draft, questions=survey.draft.questions[:2])
    await db.transact(research.draft, shop, survey.survey_id, changed)
    assert len((await db.ask(research.survey, shop, survey.survey_id)).now.questions) == 4, "what is asked stays"
    assert await db.transact(research.open_, shop, survey.survey_id, BY) == 2
    assert len((await db.ask(research.survey, shop, survey.survey_id)).now.questions) == 2

    await db.transact(research.close, shop, survey.survey_id, BY)
    with pytest.raises(TransitionRefused):
        await db.transact(research.drop, shop, survey.survey_id, BY)
    await db.transact(research.draft, shop, survey.survey_id, Definition(title=Text()))
    with pytest.raises(DefinitionRefused) as refused:
        await db.transact(research.open_, shop, survey.survey_id, BY)
    assert {(each.question, each.field) for each in refused.value.wrong} == {("", "title"), ("", "questions")}


async def test_answers_are_kept_one_by_one_and_somebody_who_comes_back_goes_on(db: Database, world: World) -> None:
    survey = await opened(db, world.tea.merchant_id)
    who = person()
    at = await answered(db, survey, {"q1": rated(3)}, who)
    assert at.next is not None and at.next.key == "q2"
    again = await db.transact(research.begin, survey, who, ResponseId(ids.mint()))
    assert again.response == at.response and again.answers == {"q1": rated(3)}
    with pytest.raises(Invalid):
        await db.transact(research.answer, survey, who, "q4", wrote("out of turn"))

    await answered(db, survey, {"q2": chose("o1"), "q3": wrote("cold")}, who)
    # An earlier answer is changed: what was asked because of it counts no more.
    at = await answered(db, survey, {"q1": rated(9)}, who)
    assert at.next is not None and at.next.key == "q4"
    ends = await asyncio.gather(*(db.transact(research.answer, survey, who, "q4", wrote("bye")) for _ in range(2)))
    assert {each.response.ending for each in ends} == {Ending.FINISHED}
    kept = await db.ask(research.rows, survey.merchant_id, survey.survey_id)
    assert [set(each.answers) for each in kept] == [{"q1", "q2", "q4"}], "once, and without what is off the way"
    late = await answered(db, survey, {"q1": rated(0)}, who)
    assert late.over and late.answers["q1"] == rated(9)

    await db.transact(research.close, survey.merchant_id, survey.survey_id, BY)
    closed = await db.ask(research.survey, survey.merchant_id, survey.survey_id)
    with pytest.raises(SurveyIsOver):
        await answered(db, closed, {"q1": rated(1)})


async def test_a_quota_takes_so_many_and_nobody_more_however_many_come_at_once(db: Database, world: World) -> None:
    quotas = (Quota(key="n1", most=2, question="q2", option="o1"),)
    survey = await opened(db, world.tea.merchant_id, asking(LIKELY, BOUGHT, LAST, quotas=quotas))
    people = [person() for _ in range(5)]
    for who in people:
        await answered(db, survey, {"q1": rated(8), "q2": chose("o1")}, who)
    ends = await asyncio.gather(*(db.transact(research.answer, survey, who, "q4", wrote("")) for who in people))
    assert sorted(str(each.response.ending) for each in ends) == ["finished"] * 2 + ["full"] * 3
    early = await answered(db, survey, {"q1": rated(8), "q2": chose("o1")})
    assert early.over and early.response.ending is Ending.FULL, "nobody is asked the rest in vain"
    other = await answered(db, survey, {"q1": rated(8), "q2": chose("o2"), "q4": wrote("")})
    assert other.response.ending is Ending.FINISHED
    assert (await db.ask(research.fills, survey.merchant_id, survey.survey_id))["n1"].taken == 2
    [likely, *_] = await db.ask(research.tallies, survey.merchant_id, survey.survey_id, survey.now)
    assert likely.answered == 3


async def test_answers_are_conditions_of_segments_from_the_moment_they_are_given(db: Database, world: World) -> None:
    buyer = buyer_of(world)
    other = ids.mint()
    await seen(db, world, [buyer, other])
    survey = await opened(db, world.tea.merchant_id)
    unhappy = await defined(
        db, world, Answered(survey_id=survey.survey_id, question="q1", at_most=6), name={"en": "Unhappy"}
    )
    leaves = await defined(db, world, Answered(survey_id=survey.survey_id, question="q2", choices=("o1",)))
    assert await inside(db, unhappy) == set()

    said = {"q1": rated(2), "q2": chose("o1"), "q3": wrote("cold"), "q4": wrote("")}
    await answered(db, survey, said, person(buyer))
    assert await inside(db, unhappy) == await inside(db, leaves) == {buyer}
    assert buyer in (await db.ask(segments.members, world.tea.merchant_id, unhappy.segment_id))


async def test_a_page_asks_whom_it_is_meant_for_once_and_nobody_too_often(db: Database, world: World) -> None:
    shop = world.tea.merchant_id
    first = await opened(db, shop, asking(in_page=True))
    who = ids.mint()
    now = datetime.now(UTC)

    async def asked(person: UUID, at: datetime = now) -> UUID | None:
        db.kept.clear()
        found = await db.ask(research.for_page, [shop], [person], None, at)
        return None if found is None else found.survey_id

    assert await asked(who) == first.survey_id
    await db.transact(research.note_asked, shop, first.survey_id, who, now)
    assert await asked(who) == first.survey_id, "a card that is not taken up is shown again"
    second = await opened(db, shop, asking(in_page=True))
    await db.transact(research.dismiss, shop, first.survey_id, who)
    assert await asked(who) is None, "another survey asks them later"
    assert await asked(who, now + timedelta(days=29)) is None
    assert await asked(who, now + timedelta(days=31)) == second.survey_id
    await db.transact(research.set_rule, shop, 7, BY)
    assert await asked(who, now + timedelta(days=8)) == second.survey_id

    share = await opened(db, world.tools.merchant_id, asking(in_page=True, share=300_000))
    drawn = [research.is_drawn(share.survey_id, ids.derived(UUID(int=1), str(n)), 300_000) for n in range(2_000)]
    assert 500 < sum(drawn) < 700


async def test_results_tell_shares_groups_and_what_people_wrote_and_forget_who_it_was(
    db: Database, world: World
) -> None:
    survey = await opened(db, world.tea.merchant_id, asking(LIKELY, BOUGHT, LAST))
    buyer = buyer_of(world)
    for number in range(24):
        happy = number % 2 == 0
        said: dict[str, Answer] = {
            "q1": rated(10 if happy else 3),
            "q2": chose("o1" if happy else "o2"),
            "q4": wrote("The delivery was slow" if number % 3 else "Lovely leaves"),
        }
        await answered(db, survey, said, person(buyer) if number == 0 else None)
    shop, survey_id = survey.merchant_id, survey.survey_id
    likely, bought, last = await db.ask(research.tallies, shop, survey_id, survey.now)
    assert likely.figure.value == 0 and [each.count for each in likely.bands] == [12, 0, 12]
    assert [round(each.share.low, 3) for each in bought.counts] == [0.314, 0.314]
    assert (last.answered, last.passed) == (24, 0)

    table = await db.ask(research.crossed, shop, survey_id, LIKELY, research.By.QUESTION, "q2")
    assert table.groups == ["o1", "o2"] and table.counts == [[12, 0], [0, 0], [0, 12]]
    assert table.whole is not None and table.whole.p < 0.001 and table.whole.signs[0] == [1, -1]
    [written] = await db.ask(research.opinions, shop, survey_id, survey.now)
    assert {frozenset(each.keywords) for each in written.groups} == {
        frozenset({"delivery", "slow"}), frozenset({"leave", "lovely"}),
    }  # fmt: skip

    assert await db.ask(research.of_buyers, [buyer], 10)
    await db.transact(research.forget, [buyer])
    assert await db.ask(research.of_buyers, [buyer], 10) == []
    assert (await db.ask(research.tallies, shop, survey_id, survey.now))[0].answered == 24


async def test_what_happens_invites_and_a_mail_goes_to_who_wants_mails(db: Database, world: World) -> None:
    shop, buyer, other = world.tea.merchant_id, buyer_of(world), world.other_buyer.buyer_id
    assert other is not None
    definition = asking(by_mail=True, in_page=True, trigger=Trigger.RECEIVED, after_hours=24)
    survey = await opened(db, shop, definition)
    await db.transact(lambda tx: customers.want_mails(tx, buyer, agreed=True))
    now = datetime.now(UTC)
    happened = [
        research.Happened(trigger=Trigger.RECEIVED, merchant_id=shop, buyer_id=each, at=now) for each in (buyer, other)
    ]
    assert [await db.transact(research.invite, happened) for _ in range(2)] == [2, 0]
    assert await db.transact(research.send_due, now) == 0
    assert await db.transact(research.send_due, now + timedelta(hours=25)) == 2
    mails = await db.ask(lambda read: read.fetch("SELECT facts FROM mails WHERE template = 'survey_asked'"))
    assert len(mails) == 1
    link: str = mails[0]["facts"]["link"]
    assert link.startswith(f"/q/{survey.code}?t=")
    token = UUID(link.partition("t=")[2])
    assert await db.ask(research.invited, shop, survey.survey_id, token) == buyer
    reached = await db.ask(research.reached, shop, survey.survey_id)
    assert (reached.asked, reached.mailed) == (1, 1)
    db.kept.clear()
    found = await db.ask(research.for_page, [shop], [other], other, now + timedelta(hours=25))
    assert found is not None and found.survey_id == survey.survey_id, "who wants no mails is asked on a page"


async def test_who_left_the_mails_of_a_shop_is_not_asked_by_mail_and_other_channels_are_no_consent_to_talk(
    db: Database, world: World
) -> None:
    shop, buyer, other = world.tea.merchant_id, buyer_of(world), world.other_buyer.buyer_id
    assert other is not None
    await seen(db, world, [buyer, other])
    survey = await opened(db, shop, asking(by_mail=True, trigger=Trigger.RECEIVED))
    now = datetime.now(UTC)
    for each in (buyer, other):
        await db.transact(lambda tx, who=each: customers.want_mails(tx, who, agreed=True))
    await db.transact(outreach.stop, buyer, shop, Channel.EMAIL, stopped=True, how="preferences")
    happened = [
        research.Happened(trigger=Trigger.RECEIVED, merchant_id=shop, buyer_id=each, at=now) for each in (buyer, other)
    ]
    await db.transact(research.invite, happened)
    assert await db.transact(research.send_due, now) == 2
    assert (await db.ask(research.reached, shop, survey.survey_id)).mailed == 1

    segment = await defined(db, world, Number(measure=Measure.ORDERS, at_least=0))

    async def drawn() -> set[UUID | None]:
        list_id = ListId(ids.mint())
        wish = Wish(name="Talks", segment_id=segment.segment_id, wanted=9, seed="s")
        count = await db.transact(research.draw, shop, list_id, wish, BY)
        assert await db.transact(research.draw, shop, list_id, wish, BY) == count, "drawn twice, the same people"
        return {each.buyer_id for each in (await db.ask(research.one_list, shop, list_id))[1]}

    assert await drawn() == {other}, "the other one has left this shop"
    await db.transact(lambda tx: customers.want_mails(tx, other, agreed=False))
    await db.transact(lambda tx: customers.want(tx, other, customers.Channel.SMS, agreed=True))
    assert await drawn() == set(), "text messages are no mails"


async def test_what_is_opened_again_is_what_was_asked_whatever_is_drafted(db: Database, world: World) -> None:
    shop = world.tea.merchant_id
    survey = await opened(db, shop)
    await db.transact(research.close, shop, survey.survey_id, BY)
    await db.transact(research.draft, shop, survey.survey_id, Definition(title=Text()))
    for _ in range(2):
        await db.transact(research.reopen, shop, survey.survey_id, BY)
    again = await db.ask(research.survey, shop, survey.survey_id)
    assert (again.state, again.version, len(again.now.questions), again.changed) == (State.OPEN, 1, 4, True)


async def test_a_quota_that_is_changed_counts_who_has_answered_so_before(db: Database, world: World) -> None:
    shop = world.tea.merchant_id
    leaves = Quota(key="n1", most=5, question="q2", option="o1")
    survey = await opened(db, shop, asking(LIKELY, BOUGHT, quotas=(leaves,)))
    for option in ("o1", "o1", "o2"):
        await answered(db, survey, {"q1": rated(8), "q2": chose(option)})
    changed = (msgspec.structs.replace(leaves, option="o2"), Quota(key="n2", most=3))
    await db.transact(research.draft, shop, survey.survey_id, msgspec.structs.replace(survey.draft, quotas=changed))
    await db.transact(research.open_, shop, survey.survey_id, BY)
    fills = await db.ask(research.fills, shop, survey.survey_id)
    assert {key: each.taken for key, each in fills.items()} == {"n1": 1, "n2": 3}
    late = await answered(db, await db.ask(research.survey, shop, survey.survey_id), {"q1": rated(8)})
    assert late.response.ending is Ending.FULL


async def test_a_segment_that_was_put_away_has_nobody_to_ask_or_to_talk_to(db: Database, world: World) -> None:
    shop, buyer = world.tea.merchant_id, buyer_of(world)
    await seen(db, world, [buyer])
    await db.transact(lambda tx: customers.want_mails(tx, buyer, agreed=True))
    segment = await defined(db, world, Number(measure=Measure.ORDERS, at_least=0))
    assert buyer in await inside(db, segment)
    asking_it = asking(in_page=True, by_mail=True, segment_id=segment.segment_id)
    await opened(db, shop, asking_it)
    assert await db.transact(research.invite_segments) == 1
    assert await db.ask(research.for_page, [shop], [buyer], buyer) is not None

    await db.transact(segments.archive, shop, segment.segment_id)
    assert await db.ask(research.for_page, [shop], [buyer], buyer) is None
    assert await db.transact(research.send_due, datetime.now(UTC)) == 1
    kept_back = await db.ask(lambda read: read.value("SELECT kept_back FROM survey_invitations"))
    assert kept_back == "closed"
    with pytest.raises(DefinitionRefused):
        await opened(db, shop, asking_it)
    wish = Wish(name="Talks", segment_id=segment.segment_id, wanted=9, seed="s")
    assert await db.transact(research.draw, shop, ListId(ids.mint()), wish, BY) == 0
