"""The default sort of a list is tried: each visitor has one, kept pages mix none, and who chose a sort has that one."""

from uuid import UUID

import msgspec
import pytest
from litestar import Litestar

from steelyard.goods import search
from steelyard.goods.search.model import GoodsList, Query, Sort
from steelyard.kernel.db import Database
from steelyard.operations import experiments
from steelyard.operations.behaviour import MARKETPLACE
from steelyard.operations.experiments.model import ControlHasChanged
from steelyard.surfaces.storefront import listing, strangers
from steelyard.surfaces.web.footfall import Footfall
from steelyard.surfaces.web.seals import unseal
from steelyard.surfaces.web.visit import VISITOR_COOKIE
from tests.support.browser import Browser, words
from tests.support.experiments import BY, sorts_tried
from tests.support.world import World
from tests.surfaces.storefront.test_tried_blocks import MANY, units, visiting

LONG = 3_600
TEAS = ["Longjing green tea", "Yunnan black tea", "Old tree white tea"]
CHEAP_FIRST = ["Longjing green tea", "Yunnan black tea", "Old tree white tea"]
DEAR_FIRST = CHEAP_FIRST[::-1]


@pytest.fixture(autouse=True)
def counting(app: Litestar, db: Database) -> None:
    app.state.footfall = Footfall(db)


def order(page: str) -> list[str]:
    """The teas of the list as they follow each other."""
    goods = page[page.index('id="goods"') :]
    return sorted(TEAS, key=goods.index)


async def test_kept_pages_are_told_apart_by_the_sort_that_is_tried(
    app: Litestar, db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.state.settings = msgspec.structs.replace(app.state.settings, kept_page_seconds=LONG)
    monkeypatch.setattr(strangers, "LIST_SECONDS", LONG)
    new = await sorts_tried(db, MARKETPLACE, GoodsList.CATEGORIES, Sort.SALES, Sort.PRICE_UP, Sort.PRICE_DOWN)
    running = await experiments.on_list(db, MARKETPLACE, GoodsList.CATEGORIES)
    assert running is not None
    orders: dict[int, set[tuple[str, ...]]] = {0: set(), 1: set(), 2: set()}
    seen: list[int] = []
    while (set(seen) != {0, 1, 2} or len(seen) < 12) and len(seen) < MANY:
        stranger = await visiting(app)
        page = await stranger.get("/c/food")
        visitor = unseal(app.state.settings, VISITOR_COOKIE, page.cookies[VISITOR_COOKIE])
        await stranger.close()
        turn = running.turn(UUID(visitor))
        assert turn is not None
        seen.append(turn)
        orders[turn].add(tuple(order(page.text)))

    assert len(seen) < MANY
    assert (orders[1], orders[2]) == ({tuple(CHEAP_FIRST)}, {tuple(DEAR_FIRST)})
    assert len(orders[0]) == 1
    assert await units(app, db, new) == [seen.count(each) for each in range(3)]
    robot = await visiting(app, **{"user-agent": "Googlebot/2.1"})
    assert {tuple(order((await robot.get("/c/food")).text))} == orders[0]
    await robot.close()
    assert await units(app, db, new) == [seen.count(each) for each in range(3)]


async def on_the_other_side(app: Litestar, path: str, expected: list[str]) -> Browser:
    """A visitor whose turn is the treatment."""
    for _ in range(40):
        visitor = await visiting(app)
        if order((await visitor.get(path)).text) == expected:
            return visitor
        await visitor.close()
    raise AssertionError("half of the visitors see it")


async def test_who_chooses_a_sort_has_that_one_and_takes_no_part_by_it(
    app: Litestar, db: Database, world: World
) -> None:
    new = await sorts_tried(db, MARKETPLACE, GoodsList.CATEGORIES, Sort.SALES, Sort.PRICE_DOWN)
    for _ in range(6):
        visitor = await visiting(app)
        assert order((await visitor.get("/c/food?sort=price_up")).text) == CHEAP_FIRST
        await visitor.get("/search?q=tea")
        await visitor.get("/shops/tea")
        await visitor.get("/c/hand-tools?q=nothing-has-these-words")
        await visitor.close()
    assert await units(app, db, new) == [0, 0]

    visitor = await on_the_other_side(app, "/c/food", DEAR_FIRST)
    page = (await visitor.get("/c/food")).text
    bar = page[page.index('class="sort-bar"') : page.index("</nav>", page.index('class="sort-bar"'))]
    assert "?sort=sales" in bar, "what is the default elsewhere can be chosen"
    assert 'href="?sort=price_up" aria-current="true"' in bar
    assert order((await visitor.get("/c/food?sort=price_up")).text) == CHEAP_FIRST
    await visitor.close()


async def test_words_are_answered_in_the_sort_whose_turn_it_is(app: Litestar, db: Database, world: World) -> None:
    new = await sorts_tried(db, MARKETPLACE, GoodsList.SEARCH, Sort.RELEVANCE, Sort.PRICE_DOWN)
    visitor = await on_the_other_side(app, "/search?q=tea", DEAR_FIRST)
    await visitor.close()
    assert (await units(app, db, new))[1] == 1
    # What programs ask for is in nobody's experiment.
    found = await db.ask(search.find, Query(text="tea"))
    assert [hit.title["en"] for hit in found.hits] != DEAR_FIRST


async def test_a_list_of_one_thing_has_no_order_to_be_seen(app: Litestar, db: Database, world: World) -> None:
    new = await sorts_tried(db, MARKETPLACE, GoodsList.SEARCH, Sort.RELEVANCE, Sort.PRICE_DOWN)
    for path in ("/search?q=longjing", "/search?q=nothinghasthis"):
        visitor = await visiting(app)
        await visitor.get(path)
        await visitor.close()
    assert await units(app, db, new) == [0, 0]


async def test_a_further_page_goes_on_in_the_sort_of_the_first(
    app: Litestar, db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing.find, "__kwdefaults__", {"category_id": None, "merchant_id": None, "limit": 2})
    new = await sorts_tried(db, world.tea.merchant_id, GoodsList.SHOP, Sort.SALES, Sort.PRICE_DOWN)
    visitor, first = await visiting(app), ""
    for _ in range(MANY):
        first = (await visitor.get("/shops/tea")).text
        if "sort=price_down" in first[first.index('class="more"') :]:
            break
        await visitor.close()
        visitor = await visiting(app)
    following = next(part for part in first[first.index('class="more"') :].split('"') if "after=" in part)
    await db.transact(experiments.stop, new.merchant_id, new.experiment_id, BY)

    rest = await visitor.get("/shops/tea" + following.replace("&amp;", "&"))

    await visitor.close()
    goods = first[first.index('id="goods"') :]
    assert "Old tree white tea" in goods and "Longjing green tea" not in goods[: goods.index('class="more"')]
    assert "Hickory nuts" in words(rest) and "Longjing green tea" in words(rest)


async def test_a_shop_tries_its_own_list_alone_and_the_better_sort_becomes_its_default(
    app: Litestar, db: Database, world: World
) -> None:
    mine = world.tea.merchant_id
    new = await sorts_tried(db, mine, GoodsList.SHOP, Sort.SALES, Sort.PRICE_DOWN)
    visitor = await on_the_other_side(app, "/shops/tea", DEAR_FIRST)
    await visitor.close()
    other = await visiting(app)
    tools = (await other.get("/shops/tools")).text
    assert "?sort=sales" not in tools
    await other.close()

    for _ in range(2):
        await db.transact(experiments.ship, mine, new.experiment_id, 1, BY)

    assert await db.ask(search.default_sort, mine, GoodsList.SHOP) is Sort.PRICE_DOWN
    assert await db.ask(search.default_sort, world.tools.merchant_id, GoodsList.SHOP) is Sort.SALES
    assert await db.ask(search.default_sort, MARKETPLACE, GoodsList.CATEGORIES) is Sort.SALES
    robot = await visiting(app, **{"user-agent": "Googlebot/2.1"})
    assert order((await robot.get("/shops/tea")).text) == DEAR_FIRST
    assert order((await robot.get("/shops/tea?sort=price_up")).text) == CHEAP_FIRST
    await robot.close()


async def test_it_does_not_begin_once_the_default_is_another(db: Database, world: World) -> None:
    new = await sorts_tried(db, MARKETPLACE, GoodsList.CATEGORIES, Sort.SALES, Sort.PRICE_UP, start=False)
    await db.transact(search.settle_sort, MARKETPLACE, GoodsList.CATEGORIES, Sort.NEWEST, BY)
    with pytest.raises(ControlHasChanged):
        await db.transact(experiments.start, MARKETPLACE, new.experiment_id, BY)
