"""Words that the marketplace knows: suggested by their beginnings, their pinyin and initials, and mended by them."""

from typing import Any
from uuid import UUID

import pytest

from steelyard.goods import search
from steelyard.goods.search.jobs import SWEEPS
from steelyard.goods.search.searches import HISTORY_MAX
from steelyard.goods.search.vocabulary import Vocabulary, Word, pinyin_of
from steelyard.goods.search.wordlist import make_vocabulary
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.sweeps import sweep_once
from steelyard.kernel.text import text
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantState
from tests.goods.conftest import Market


def vocabulary(*words: tuple[str, int]) -> Vocabulary:
    made: list[Word] = []
    for word, weight in words:
        pinyin, initials = pinyin_of(word)
        made.append(Word(kind="run" if pinyin else "word", word=word, weight=weight, pinyin=pinyin, initials=initials))
    return Vocabulary(made)


KNOWN = vocabulary(
    *(("温州皮鞋", 90), ("皮鞋", 300), ("眼镜", 200), ("打火机", 150), ("紫砂壶", 40), ("女鞋", 60), ("纽扣", 80)),
    *(("sneakers", 120), ("spectacles", 70), ("button", 60), ("butter", 5), ("boots", 90)),
)


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("皮", "皮鞋"),
        ("温", "温州皮鞋"),
        ("wenzhou", "温州皮鞋"),
        ("WenZ", "温州皮鞋"),
        ("wz", "温州皮鞋"),
        ("yj", "眼镜"),
        ("dahuo", "打火机"),
        ("snea", "sneakers"),
        ("ＳＮＥＡ", "sneakers"),
    ],
)
def test_a_word_is_found_by_its_beginning_in_letters_pinyin_or_initials(typed: str, first: str) -> None:
    assert KNOWN.suggest(typed)[0].word == first


def test_the_weightiest_words_come_first_and_each_once() -> None:
    assert [word.word for word in KNOWN.suggest("b")] == ["boots", "button", "butter"]
    assert KNOWN.suggest("") == KNOWN.suggest("  ") == KNOWN.suggest("zzz") == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("sneekers", "sneakers"),
        ("snaekers", "sneakers"),
        ("spectacels", "spectacles"),
        ("buton", "button"),
        ("wenzhoupixie", "温州皮鞋"),
        ("yanjing", "眼镜"),
        ("yan jing", "眼镜"),
        ("dhj", "打火机"),
        ("皮协", "皮鞋"),
        ("温洲皮鞋", "温州皮鞋"),
        ("演镜", "眼镜"),
        ("子沙壶", "紫砂壶"),
        ("女鞋", None),
        ("吕鞋", "女鞋"),
        ("sneakers", None),
        ("xyzzyplugh", None),
        ("cat", None),
        ("!!", None),
        ("", None),
    ],
)
def test_what_was_mistyped_is_mended(typed: str, meant: str | None) -> None:
    assert KNOWN.mend(typed) == meant


async def test_the_vocabulary_is_made_of_what_is_sold(db: Database, market: Market) -> None:
    merchant_id = await market.merchant("wenzhou-shoes", name=text("温州鞋匠", "Wenzhou Cobblers"))
    category_id = await market.category("boots", name=text("靴子", "Boots"))
    for title in (text("雁荡短靴", "Yandang ankle boot"), text("楠溪短靴", "Nanxi ankle boot")):
        product_id, _ = await market.product(merchant_id, category_id, title=title)
        await db.transact(search.reindex, merchant_id, [product_id])

    made = await make_vocabulary(db)

    words = await db.ask(search.known_words)
    assert len(words) == made
    by_word = {word.word: word for word in words}
    assert by_word["靴子"].target == "boots" and by_word["靴子"].kind == "category"
    assert by_word["温州鞋匠"].target == "wenzhou-shoes" and by_word["温州鞋匠"].pinyin == "wen'zhou'xie'jiang"
    assert by_word["短靴"].kind == "gram", "what several titles have in common is a word"
    assert by_word["ankle"].weight > by_word["nanxi"].weight
    known = Vocabulary(words)
    assert known.mend("断靴") == "短靴"
    assert [word.word for word in known.suggest("鞋匠")] == ["温州鞋匠"], "a name is found by its later parts, too"
    assert [word.word for word in known.suggest("xiejiang")] == ["温州鞋匠"]

    await db.transact(merchants.set_state, merchant_id, MerchantState.SUSPENDED)
    await db.transact(search.mark_stale, [merchant_id])
    assert await make_vocabulary(db) < made
    assert "ankle" not in {word.word for word in await db.ask(search.known_words)}


async def test_what_people_search_and_find_becomes_hot(db: Database) -> None:
    for at in range(4):
        await db.transact(search.record_search, visitor(at), "Leather  Shoes", 7)
    for _ in range(5):
        await db.transact(search.record_search, visitor(9), "no such thing", 0)
    await db.transact(search.record_search, visitor(9), "rare", 3)
    await db.transact(search.record_follow, "leather shoes")
    await sweep_once(db, SWEEPS[1:3])

    hot = await db.ask(search.hot_words)

    assert [(each.words, each.score) for each in hot] == [("leather shoes", 4 + 3)]
    assert [(each.words, each.searches) for each in await db.ask(search.unfound)] == [("no such thing", 5)]

    await db.transact(search.save_hot_rule, "spring sale", pinned=True)
    await db.transact(search.save_hot_rule, "Leather shoes", pinned=False)
    assert [each.words for each in await db.ask(search.hot_words)] == ["spring sale"]


def visitor(at: int) -> UUID:
    return UUID(int=at + 1)


async def test_a_visitor_sees_and_forgets_what_they_searched(db: Database) -> None:
    me, other = visitor(1), visitor(2)
    for words in ("shoes", "glasses", "shoes"):
        await db.transact(search.record_search, me, words, 1)
    await db.transact(search.record_search, other, "valves", 1)
    assert await db.ask(search.history, [me]) == ["shoes", "glasses"]

    await db.transact(search.forget_search, [me], "shoes")
    assert await db.ask(search.history, [me]) == ["glasses"]

    await db.transact(search.choose, me, search.Choices(keeps_history=False))
    assert await db.ask(search.history, [me]) == []
    assert await db.ask(search.history, [other]) == ["valves"]
    assert (await db.ask(search.choices, me)).keeps_history is False

    for at in range(30):
        await db.transact(search.record_search, other, f"words {at}", 1)
    assert len(await db.ask(search.history, [other])) == 20


async def test_synonyms_find_what_is_called_otherwise(db: Database, market: Market) -> None:
    merchant_id, category_id = await market.merchant(name=text("店", "Shop")), await market.category()
    product_id, _ = await market.product(merchant_id, category_id, title=text("墨镜男款", "Sunglasses for men"))
    await db.transact(search.reindex, merchant_id, [product_id])

    async def found(words: str) -> int:
        return (await db.ask(search.find, search.Query(text=words))).count

    assert await found("太阳镜") == await found("shades men") == 0
    await db.transact(search.save_synonym, visitor(1), ["墨镜", "太阳镜"])
    await db.transact(search.save_synonym, visitor(2), ["Shades", "Sunglasses"])
    assert await found("太阳镜") == await found("太阳镜男") == await found("SHADES men") == 1
    assert await found("lampshades") == 0

    await db.transact(search.save_redirect, "Valves", "/c/valves")
    assert await db.ask(search.redirect_of, " valves ") == "/c/valves"


async def test_searches_of_many_are_noted_with_as_few_statements_as_one(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    me, other = visitor(1), visitor(2)
    searches = [
        *(search.Searched(buyer_id=me, words=f"words {at}", found=at) for at in range(HISTORY_MAX + 3)),
        search.Searched(buyer_id=other, words="Words  1", found=1),
        search.Searched(buyer_id=other, words="Words  1", found=1),
        search.Searched(buyer_id=other, words="a secret", found=2, keep=False),
        search.Searched(buyer_id=other, words="   ", found=0),
    ]
    said: list[str] = []
    execute = Tx.execute

    async def counting(self: Tx, sql: Any, *args: Any) -> int:
        said.append(sql)
        return await execute(self, sql, *args)

    monkeypatch.setattr(Tx, "execute", counting)
    await db.transact(search.record_searches, searches)

    assert len(said) == 3
    assert len(await db.ask(search.history, [me])) == HISTORY_MAX
    assert await db.ask(search.history, [other]) == ["Words 1"]
    assert await db.ask(_logged) == len(searches) - 1


async def _logged(read: Read) -> int:
    return await read.value("SELECT count(*) FROM search_log")
