"""Searching: suggestions, what is mended and what is not, one's own history, and what the operator decides."""

import re

from steelyard.goods import search
from steelyard.goods.search.jobs import HOT_WORDS, SEARCHES
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import sweep_once
from tests.support.browser import Browser, words
from tests.support.world import World


async def test_suggestions_come_by_letters_pinyin_and_initials(guest: Browser, world: World, db: Database) -> None:
    await search.make_vocabulary(db)
    for typed, shown in (("龙", "龙井绿茶"), ("longjinglv", "龙井绿茶"), ("ljlc", "龙井绿茶"), ("ham", "hammer")):
        page = await guest.get("/suggest", q=typed)
        assert f">{shown}<" in page.text, typed
    tea = (await guest.get("/suggest", q="tea")).text
    assert 'data-href="/c/tea"' in tea, "a category can be gone to"
    assert 'data-href="/shops/tea"' in tea, "so can a shop"
    assert 'data-href="/products/' in tea, "and goods"
    assert words(await guest.get("/suggest", q="zzzz")).strip() == ""
    assert (await guest.get("/suggest?q=%00%3Cscript%3E")).status_code == 200


async def test_what_finds_nothing_is_mended_and_the_page_says_so(guest: Browser, world: World, db: Database) -> None:
    await search.make_vocabulary(db)
    green = f"/products/{world.items['green'].product_id}"

    for typed in ("longjng", "龙景绿茶"):
        page = await guest.get("/search", q=typed)
        assert green in page.text, typed
        assert "Nothing was found for" in words(page)
        assert "literal=1" in page.text, "there is a way to search for what was typed"

    literal = await guest.get("/search", q="longjng", literal="1")
    assert green not in literal.text.split("What others buy")[0]
    assert "Nothing was found" in words(literal)
    assert "Did you mean" in words(literal), "it is offered, and nothing is done unasked"

    found = await guest.get("/search", q="longjing")
    assert "Nothing was found" not in words(found)


async def test_an_empty_result_teaches(guest: Browser, world: World) -> None:
    page = await guest.get("/search", q="hammer unobtainium")
    assert 'href="/search?q=hammer"' in page.text, "an easier question"
    assert "What others buy" in words(page)
    narrow = words(await guest.get("/search?q=tea&price_from=99999"))
    assert re.search(r"Without filters there are \d", narrow)


async def test_a_visitor_keeps_and_forgets_their_searches(guest: Browser, other: Browser) -> None:
    await guest.get("/")
    for typed in ("tea", "hammer"):
        await guest.get("/search", q=typed)
    landing = await guest.get("/search")
    assert "Searched before" in words(landing) and 'value="hammer"' in landing.text
    assert "Searched before" not in words(await other.get("/search"))
    assert 'data-href="/search?q=hammer"' in (await guest.get("/suggest?q=")).text

    await guest.post("/search/forget", {"words": "hammer"})
    assert 'value="hammer"' not in (await guest.get("/search")).text
    await guest.post("/search/choices", {"personal": "1"})
    page = await guest.get("/search")
    assert "Searched before" not in words(page)
    await guest.get("/search", q="ruler")
    assert "Searched before" not in words(await guest.get("/search"))


async def test_the_operators_rules_count(guest: Browser, world: World, db: Database) -> None:
    await db.transact(search.save_redirect, "Spring Sale", "/c/tea")
    await db.transact(search.save_synonym, ids.mint(), ["hammer", "mallet"])

    led = await guest.http.get("/search", params={"q": "spring sale"})

    assert (led.status_code, led.headers["location"]) == (303, "/c/tea")
    assert str(world.items["hammer"].product_id) in (await guest.get("/search", q="mallet")).text


async def test_what_is_searched_found_and_opened_is_counted(guest: Browser, world: World, db: Database) -> None:
    await guest.get("/")
    for _ in range(3):
        await guest.get("/search", q="Tea")
    product = f"/products/{world.items['green'].product_id}"
    await guest.http.get(product, headers={"referer": f"{guest.http.base_url}/search?q=Tea"})
    await guest.get("/search", q="nothing of the sort")
    await sweep_once(db, [SEARCHES, HOT_WORDS])

    assert [(each.words, each.score) for each in await db.ask(search.hot_words)] == [("tea", 3 + 3)]
    assert [each.words for each in await db.ask(search.unfound)] == ["nothing of the sort"]
