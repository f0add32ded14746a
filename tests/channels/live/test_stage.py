"""What happens on air: the log, the chat, what the desk shows, and what follows when it is over."""

import asyncio
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.channels import live
from steelyard.channels.live import keeping, states
from steelyard.channels.live.beats import BeatKind, NewBeat
from steelyard.channels.live.model import SessionState
from steelyard.channels.live.stage_model import (
    CHAT_CHARACTERS_MAX,
    ChatMuted,
    Crowd,
    NotInBag,
    NotOnAir,
    Say,
    TooQuick,
    WordsRefused,
)
from steelyard.kernel import batching, ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.text import text
from steelyard.parties import screening
from steelyard.parties.access.model import Actor
from steelyard.parties.screening.model import Action, Area, Word, WordId
from tests.support.live import OnAir, heard
from tests.support.world import World


async def said(db: Database, *wanted: Say) -> list[int | Refusal]:
    return await db.transact(live.say, wanted)


async def rested(db: Database, session: OnAir) -> None:
    """So long ago did everybody write that they may again."""

    async def earlier(tx: Tx) -> None:
        await tx.execute("UPDATE live_speakers SET last_at = last_at - interval '10 minutes'")

    await db.transact(earlier)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.integers(0, 5), min_size=1, max_size=6))
async def test_many_writers_at_once_leave_a_log_without_gaps(
    shop: Database, session: OnAir, batches: list[int]
) -> None:
    before = len(await heard(shop, session))

    async def write(count: int) -> list[int]:
        beats = [
            NewBeat(merchant_id=session.merchant_id, session_id=session.session_id, kind=BeatKind.NOTE, body={"n": n})
            for n in range(count)
        ]
        return await shop.transact(live.append, *beats)

    numbers = await asyncio.gather(*map(write, batches))

    assert sorted(n for some in numbers for n in some) == list(range(before + 1, before + sum(batches) + 1))
    assert all(some == list(range(some[0], some[0] + len(some))) for some in numbers if some)
    assert len(await heard(shop, session)) == before + sum(batches)


async def test_a_message_stands_once_under_a_name_that_tells_nobody_who_it_is(
    shop: Database, world: World, session: OnAir
) -> None:
    buyer_id = world.buyer.buyer_id
    assert buyer_id is not None
    wanted = session.say(buyer_id, "  好喝吗?\n多少钱 ")

    first, again = await said(shop, wanted), await said(shop, wanted)

    assert first == again == [1]
    (beat,) = await heard(shop, session)
    assert (beat.kind, beat.body["text"]) == (BeatKind.CHAT, "好喝吗? 多少钱")
    assert str(buyer_id) not in str(beat.body)
    (minute,) = await shop.ask(live.minutes, *session.key)
    assert (minute.minute, minute.chats) == (5, 1)


async def test_each_message_of_a_batch_has_its_own_answer(shop: Database, world: World, session: OnAir) -> None:
    one, other, third, fourth = (ids.mint() for _ in range(4))
    elsewhere = Say(
        merchant_id=session.merchant_id, session_id=ids.mint(), chat_id=ids.mint(), buyer_id=one, text="hallo"
    )

    answers = await said(
        shop,
        session.say(one, "first"),
        session.say(other, "   "),
        session.say(third, "x" * (CHAT_CHARACTERS_MAX + 1)),
        elsewhere,
        session.say(fourth, "last"),
    )

    assert answers[0] == 1
    assert [type(each) for each in answers[1:4]] == [Invalid, Invalid, NotOnAir]
    assert answers[4] == 2
    assert [beat.body["text"] for beat in await heard(shop, session)] == ["first", "last"]


async def test_between_two_messages_of_one_buyer_lie_the_seconds_of_slow_mode(shop: Database, session: OnAir) -> None:
    buyer = ids.mint()
    for _ in range(2):
        await shop.transact(live.slow_down, *session.key, 30)
    first, at_once = await said(shop, session.say(buyer, "one"), session.say(buyer, "one more"))
    (second,) = await said(shop, session.say(buyer, "two"))

    assert isinstance(at_once, TooQuick)

    assert isinstance(first, int)
    assert isinstance(second, TooQuick)
    assert 28 <= second.seconds <= 31
    await rested(shop, session)
    assert isinstance((await said(shop, session.say(buyer, "two")))[0], int)
    assert [beat.body for beat in await heard(shop, session, BeatKind.MUTED)] == [{"all": False, "slow_seconds": 30}]
    with pytest.raises(Invalid):
        await shop.transact(live.slow_down, *session.key, 301)


async def test_words_of_the_dictionary_are_starred_or_refused_and_the_rooms_own_too(
    shop: Database, session: OnAir
) -> None:
    for word, action in (("badword", Action.MASK), ("forbidden", Action.REFUSE)):
        await shop.transact(
            screening.save_word,
            Actor(),
            Word(word_id=WordId(ids.mint()), word=word, action=action, areas=[Area.MESSAGE], reason=text("不可", "No")),
        )
    await shop.transact(live.unwanted, session.merchant_id, session.room_id, "隔壁 老王", "staff:1")
    buyers = [ids.mint() for _ in range(4)]

    answers = await said(
        shop,
        session.say(buyers[0], "what a badword"),
        session.say(buyers[1], "this is For-bidden!"),
        session.say(buyers[2], "隔壁老王更便宜"),
        session.say(buyers[3], "fine"),
    )

    assert [type(each) for each in answers] == [int, WordsRefused, WordsRefused, int]
    assert [beat.body["text"] for beat in await heard(shop, session)] == ["what a *******", "fine"]
    await shop.transact(live.wanted_again, session.merchant_id, session.room_id, "隔壁 老王")
    assert await shop.ask(live.words, session.merchant_id, session.room_id) == []


async def test_who_is_muted_writes_no_more_and_what_they_wrote_goes_from_the_screen(
    shop: Database, session: OnAir
) -> None:
    rude, kind = ids.mint(), ids.mint()
    (seq,), _ = await said(shop, session.say(rude, "rude")), await said(shop, session.say(kind, "kind"))
    assert isinstance(seq, int)
    for _ in range(2):
        await shop.transact(live.mute, *session.key, seq, "staff:1", minutes=10)
    await rested(shop, session)

    (answer,) = await said(shop, session.say(rude, "again"))

    assert isinstance(answer, ChatMuted)
    assert [beat.body["text"] for beat in await shop.ask(live.chat_shown, *session.key)] == ["kind"]
    assert [beat.body for beat in await heard(shop, session, BeatKind.REMOVED)] == [{"seq": seq, "by": "staff"}]
    await shop.transact(live.mute, *session.key, seq, "staff:1", lift=True)
    assert isinstance((await said(shop, session.say(rude, "sorry")))[0], int)
    with pytest.raises(NotFound):
        await shop.transact(live.mute, *session.key, 99, "staff:1")


async def test_while_all_are_muted_only_the_shop_writes(shop: Database, session: OnAir) -> None:
    await shop.transact(live.mute_all, *session.key, muted=True)
    (answer,) = await said(shop, session.say(ids.mint(), "hallo"))
    assert isinstance(answer, ChatMuted)

    chat_id, account = ids.mint(), ids.mint()
    numbers = [
        await shop.transact(live.say_as_shop, *session.key, chat_id, "欢迎", name="云上茶庄", account_id=account)
        for _ in range(2)
    ]

    (beat,) = await heard(shop, session, BeatKind.CHAT)
    assert numbers == [beat.seq, beat.seq]
    assert beat.body == {"name": "云上茶庄", "text": "欢迎", "shop": True}


async def test_what_is_pinned_when_is_kept_and_found_by_the_second(shop: Database, session: OnAir) -> None:
    tea, nuts = session.products["green"], session.products["nuts"]
    for product_id in (tea, tea, nuts):
        await shop.transact(live.pin, *session.key, product_id)
    kept = await shop.ask(live.explained, *session.key)
    now = await shop.ask(live.pinned, *session.key)

    assert now is not None
    assert now.product_id == nuts
    assert [(each.product_id, each.to_at is None) for each in kept] == [(tea, False), (nuts, True)]
    assert await shop.ask(live.on_screen, *session.key, 3_000) == nuts
    assert await shop.ask(live.on_screen, *session.key, 10) is None
    for _ in range(2):
        await shop.transact(live.unpin, *session.key)
    assert await shop.ask(live.on_screen, *session.key, 3_000) is None
    assert [beat.kind for beat in await heard(shop, session)] == [BeatKind.PIN, BeatKind.PIN, BeatKind.UNPIN]
    with pytest.raises(NotInBag):
        await shop.transact(live.pin, *session.key, ids.mint())


async def test_the_shelf_is_arranged_and_told_once(shop: Database, session: OnAir) -> None:
    tea, nuts = session.products["green"], session.products["nuts"]
    for _ in range(2):
        await shop.transact(live.arrange, *session.key, [nuts])
        await shop.transact(live.show, *session.key, tea, shown=False)

    told = await heard(shop, session, BeatKind.SHELF)

    assert [[UUID(each["product_id"]) for each in beat.body["goods"]] for beat in told] == [[nuts, tea]] * 2
    assert [each["shown"] for each in told[-1].body["goods"]] == [True, False]
    assert [each.product_id for each in await shop.ask(live.goods, *session.key)] == [nuts, tea]


async def test_a_note_and_a_question_are_put_before_people(shop: Database, session: OnAir) -> None:
    (seq,) = await said(shop, session.say(ids.mint(), "几克一盒?"))
    assert isinstance(seq, int)
    for _ in range(2):
        await shop.transact(live.pin_note, *session.key, "今晚八点加场")
    await shop.transact(live.pick_question, *session.key, seq)
    await shop.transact(live.pick_question, *session.key, seq, answered=True)

    assert (await shop.ask(live.stage, *session.key)).note == "今晚八点加场"
    assert [beat.body for beat in await heard(shop, session, BeatKind.NOTE)] == [{"text": "今晚八点加场"}]
    asked = [(beat.body["text"], beat.body["answered"]) for beat in await heard(shop, session, BeatKind.QUESTION)]
    assert asked == [("几克一盒?", False), ("几克一盒?", True)]


async def test_a_crowd_is_summed_over_processes_and_told_once(shop: Database, session: OnAir) -> None:
    tea = session.products["green"]

    def crowd(viewers: int, likes: int = 0, **entries: int) -> list[Crowd]:
        return [
            Crowd(
                merchant_id=session.merchant_id, session_id=session.session_id, viewers=viewers, likes=likes,
                entries=entries, clicks={tea: 2} if likes else {},
            )
        ]  # fmt: skip

    one, other = ids.mint(), ids.mint()
    await shop.transact(live.count, one, crowd(40, 7, share=3))
    await shop.transact(live.count, other, crowd(20, 1, share=1, home=1))
    await shop.transact(live.count, one, crowd(10))
    await shop.transact(live.count, one, crowd(10))

    stage = await shop.ask(live.stage, *session.key)
    assert (stage.viewers, stage.peak, stage.likes, stage.entered) == (30, 60, 8, 5)
    assert [beat.body["viewers"] for beat in await heard(shop, session, BeatKind.VIEWERS)] == [40, 60, 30]
    assert [beat.body["likes"] for beat in await heard(shop, session, BeatKind.LIKES)] == [7, 8]
    (minute,) = await shop.ask(live.minutes, *session.key)
    assert (minute.viewers, minute.peak, minute.likes, minute.entries) == (30, 60, 8, {"share": 4, "home": 1})
    assert minute.goods[tea].clicks == 4
    assert await shop.ask(live.viewers_of, [session.key]) == {session.session_id: 30}


async def test_a_takedown_is_told_at_once_and_nothing_goes_on_after_it(
    shop: Database, world: World, session: OnAir
) -> None:
    await shop.transact(live.pin, *session.key, session.products["green"])
    held = await shop.transact(_taken_down, session, "Claims that medicine would not make")

    (beat,) = await heard(shop, session, BeatKind.STATE)
    assert held == SessionState.TAKEN_DOWN
    assert beat.body == {"state": "taken_down", "reason": "Claims that medicine would not make"}
    assert await shop.ask(live.pinned, *session.key) is None
    (answer,) = await said(shop, session.say(ids.mint(), "hallo"))
    assert isinstance(answer, NotOnAir)
    with pytest.raises(NotOnAir):
        await shop.transact(live.pin, *session.key, session.products["nuts"])


async def _taken_down(tx: Tx, session: OnAir, reason: str) -> SessionState:
    held = await states.lock(tx, *session.key)
    await states.move(tx, held, SessionState.TAKEN_DOWN, "staff:operator", reason)
    found = await live.session(tx, *session.key)
    assert found is not None
    return found.state


async def test_thousands_of_messages_cost_a_few_transactions(shop: Database, session: OnAir) -> None:
    """What arrives while a batch is written is the next batch: 200 messages take a handful of commits."""
    wanted = [session.say(ids.mint(), f"message {n}") for n in range(200)]
    before = await shop.ask(_commits)

    numbers = await asyncio.gather(
        *(batching.join(shop, live.say, each, lambda say: (say.session_id, say.buyer_id)) for each in wanted)
    )

    assert sorted(numbers) == list(range(1, 201))
    assert await shop.ask(_commits) - before <= 10
    assert len(await heard(shop, session)) == 200


async def _commits(read: Read) -> int:
    """How many transactions have written beats."""
    return await read.value("SELECT count(DISTINCT xmin::text) FROM live_beats")


async def test_who_leaves_takes_their_words_along_and_the_record_keeps_them_for_its_time(
    shop: Database, session: OnAir
) -> None:
    buyer = ids.mint()
    (seq,) = await said(shop, session.say(buyer, "mine"))
    assert isinstance(seq, int)
    await shop.transact(live.mute, *session.key, seq, "staff:1")

    taken = await shop.ask(live.written_by, [buyer])
    await shop.transact(live.forget_buyers, [buyer])

    assert [each["text"] for each in taken] == ["mine"]
    assert await shop.ask(_kept_of, buyer) == (1, 0, 0)
    assert await shop.transact(keeping.forget_writers) == 0
    await shop.transact(_years_ago)
    assert [await shop.transact(keeping.forget_writers) for _ in range(2)] == [1, 0]
    assert await shop.ask(_kept_of, buyer) == (0, 0, 0)
    assert len(await heard(shop, session, BeatKind.CHAT)) == 1


async def _kept_of(read: Read, buyer_id: UUID) -> tuple[int, int, int]:
    row = await read.row(
        """
        SELECT (SELECT count(*) FROM live_chats WHERE buyer_id = $1) AS chats
             , (SELECT count(*) FROM live_speakers WHERE buyer_id = $1) AS speakers
             , (SELECT count(*) FROM live_mutes WHERE buyer_id = $1) AS mutes
        """,
        buyer_id,
    )
    assert row is not None
    return row["chats"], row["speakers"], row["mutes"]


async def _years_ago(tx: Tx) -> None:
    await tx.execute("UPDATE live_chats SET at = at - interval '37 months'")
