"""The dictionary: how words are found however they are written, and what becomes of a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid
from steelyard.kernel.text import Text, text
from steelyard.parties import access, screening
from steelyard.parties.access.model import Actor
from steelyard.parties.screening.matching import Automaton, fold, key_of
from steelyard.parties.screening.model import Action, Area, Said, Word, WordId
from steelyard.surfaces.operator.words import words_of
from tests.support.world import World, seeded

NOBODY = Actor()


def word(what: str, action: Action = Action.REFUSE, *areas: Area, language: str = "", reason: str = "") -> Word:
    return Word(
        word_id=WordId(ids.mint()),
        word=what,
        action=action,
        areas=list(areas or (Area.REVIEW,)),
        language=language,
        reason=text(reason, reason) if reason else Text(),
    )


async def found(db: Database, said: str, area: Area = Area.REVIEW, language: str = "") -> list[str]:
    known = await db.ask(screening.dictionary)
    return [each.word.word for each in screening.look(known, area, said, language)]


async def test_a_word_is_found_however_it_is_written(db: Database) -> None:
    for each in ("加V信", "casino", "café"):
        await db.transact(screening.save_word, NOBODY, word(each))

    for said in ("请加V信", "加 v 信", "加—ｖ—信！", "加\u200bV信"):
        assert await found(db, said) == ["加V信"], said
    for said in ("CASINO!", "ｃａｓｉｎｏ", "c.a.s.i.n.o", "去casino玩"):
        assert await found(db, said) == ["casino"], said
    assert await found(db, "Le CAFE\u0301") == ["café"]
    for said in ("casinos", "mycasino", "加\nV信", "加信", ""):
        assert not await found(db, said), said


async def test_traditional_and_simplified_characters_are_one(db: Database) -> None:
    for each in ("赌博", "發票"):
        await db.transact(screening.save_word, NOBODY, word(each))

    assert await found(db, "一起賭-博") == ["赌博"]
    assert await found(db, "代开发票") == ["發票"], "whichever of them is in the dictionary"
    waits = await db.ask(screening.screen, [Said(field="text", area=Area.REVIEW, text="請加 微信")], can_wait=True)
    assert waits.why() == "加 微信", "told as it was written"
    with pytest.raises(Invalid) as twice:
        await db.transact(screening.save_word, NOBODY, word("賭博"))
    assert set(twice.value.fields) == {"word"}


async def test_a_longer_word_that_is_allowed_takes_a_shorter_one_out(db: Database) -> None:
    assert await found(db, "最 新 款围巾", Area.TITLE) == ["最"]
    assert not await found(db, "最后一批围巾", Area.TITLE)
    assert await found(db, "最后的最好围巾", Area.TITLE) == ["最"]
    assert not await found(db, "最好", Area.TITLE, "en"), "a Chinese word does not count in an English text"
    assert not await found(db, "最好", Area.REVIEW), "buyers may say what merchants may not"


async def test_what_becomes_of_a_text_is_the_words_business(db: Database) -> None:
    await db.transact(screening.save_word, NOBODY, word("笨蛋", Action.MASK))
    await db.transact(screening.save_word, NOBODY, word("赌博", reason="违法"))

    waits = await db.ask(screening.screen, [Said(field="text", area=Area.REVIEW, text="加微信，笨 蛋")], can_wait=True)
    assert (waits.texts, waits.why()) == (["加微信，***"], "加微信")
    said = [Said(field="a", area=Area.REVIEW, text="加微信"), Said(field="b", area=Area.REVIEW, text="来赌博")]
    with pytest.raises(Invalid) as refused:
        await db.ask(screening.screen, said)
    assert set(refused.value.fields) == {"a", "b"}, "all that is wrong at once"
    told = refused.value.fields["b"]
    assert isinstance(told, Text)
    assert "赌博" in told["zh-Hans"]
    assert "违法" in told["en"]


async def test_every_process_knows_of_a_change_at_once(db: Database) -> None:
    new = word("赌博")
    assert not await found(db, "赌博")
    await db.transact(screening.save_word, NOBODY, new)
    assert await found(db, "赌博") == ["赌博"]
    await db.transact(screening.remove_word, NOBODY, new.word_id)
    assert not await found(db, "赌博")


async def test_what_is_met_is_counted_refused_texts_too(db: Database) -> None:
    new = word("赌博")
    await db.transact(screening.save_word, NOBODY, new)
    for _ in range(3):
        with pytest.raises(Invalid):
            await db.transact(screening.screen, [Said(field="text", area=Area.REVIEW, text="赌博")])
    assert screening.waiting(db)
    assert await db.transact(screening.note_hits) == 1
    assert await db.transact(screening.note_hits) == 0

    (listed,) = (await db.ask(screening.listed, beginning="赌")).items
    assert listed.hits == 3
    await db.transact(screening.remove_word, NOBODY, new.word_id)
    assert not (await db.ask(screening.listed, beginning="赌")).items


async def test_the_dictionary_refuses_what_means_nothing_and_writes_down_what_staff_do(db: Database) -> None:
    world: World = await seeded(db)
    chief = Actor(account=await db.ask(access.account, world.operator.account_id))  # pyright: ignore[reportArgumentType]  # a test's id
    for wrong, field in ((word("！！"), "word"), (word("x" * 61), "word"), (word("好", language="fr"), "language")):
        with pytest.raises(Invalid) as refused:
            await db.transact(screening.save_word, chief, wrong)
        assert set(refused.value.fields) == {field}
    new = word("Best", Action.HOLD, Area.TITLE)
    for _ in range(2):
        await db.transact(screening.save_word, chief, new)
    with pytest.raises(Invalid):
        await db.transact(screening.save_word, chief, word("b e s t", Action.HOLD, Area.REVIEW))
    for _ in range(2):
        await db.transact(screening.remove_word, chief, new.word_id)

    log = [entry.action for entry in (await db.ask(access.audit_log, None)).items if entry.action.startswith("words.")]
    assert sorted(log) == ["words.remove", "words.save"]


async def test_a_file_is_taken_as_a_whole_or_not_at_all(db: Database) -> None:
    head = "word,action,areas,language,reason_zh,reason_en,source\n"
    body = "国家级,refuse,title,zh,不可以,No,法\r\n'=cmd,mask,review question,,,,\r\n国家 级,refuse,title,zh,不行,No,法\r\n"
    came = await db.transact(screening.import_words, NOBODY, words_of((head + body).encode("gb18030")))
    assert (came.added, came.changed) == (2, 0), "the last row of a word counts"
    again = await db.transact(screening.import_words, NOBODY, words_of((head + body).encode("utf-8-sig")))
    assert (again.added, again.changed, again.same) == (0, 0, 2)
    assert await found(db, "=C M D") == ["=cmd"]

    for wrong in ("", "a,b\n1,2\n", head, head + "x,forbid,title\n", head + "x,mask,everywhere\n"):
        with pytest.raises(Invalid):
            words_of(wrong.encode())
    with pytest.raises(Invalid):
        await db.transact(
            screening.import_words, NOBODY, words_of((head + "新词,mask,review\n，,mask,review\n").encode())
        )
    assert not (await db.ask(screening.listed, beginning="新词")).items


async def test_the_list_is_paged_and_narrowed(db: Database) -> None:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await db.ask(screening.listed, cursor=cursor, limit=5)
        seen += [each.word.word for each in page.items]
        if (cursor := page.next) is None:
            break
    assert len(seen) == len((await db.ask(screening.listed)).items) == 12
    assert {each.word.word for each in (await db.ask(screening.listed, action=Action.REFUSE)).items} == {"加微信"}
    assert "国家级" not in {each.word.word for each in (await db.ask(screening.listed, area=Area.REVIEW)).items}


@given(st.lists(st.text("ab最", min_size=1, max_size=4), unique=True, max_size=8), st.text("ab最", max_size=30))
def test_the_automaton_finds_what_looking_for_each_word_finds(words: list[str], said: str) -> None:
    naive = {
        (start, start + len(each), number)
        for number, each in enumerate(words)
        for start in range(len(said))
        if said.startswith(each, start)
    }
    met = list(Automaton(words).find(said))
    assert set(met) == naive
    assert len(met) == len(naive)


@given(st.text(max_size=60))
def test_folding_keeps_the_place_of_each_character(said: str) -> None:
    folded, places = fold(said)
    assert len(folded) == len(places)
    assert places == sorted(places)
    assert key_of(folded) == folded.replace("\n", ""), "what is folded stays as it is"


def test_five_thousand_words_are_found_in_ten_kilobytes() -> None:
    words = [f"词{number:04d}语{number % 7}" for number in range(5_000)]
    folded, _ = fold("词0001语词12 34语2 没有的" * 500)
    assert [words[number] for _, _, number in Automaton([key_of(each) for each in words]).find(folded)] == [
        "词1234语2"
    ] * 500
