"""A shop tries another version of its page: the form, the results, what was learned; nobody else's."""

import csv
import io
import re

import pytest
from litestar import Litestar

from steelyard.goods import search
from steelyard.goods.search.model import GoodsList, Sort
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import sweep_once
from steelyard.operations import experiments, merchandising
from steelyard.operations.behaviour import MARKETPLACE
from steelyard.operations.experiments.jobs import SWEEPS
from steelyard.operations.merchandising.model import SHOP
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import signed_in
from tests.support.experiments import ABOUT, BANNER, BY, banner, banner_tried, drafted, published, two_versions
from tests.support.world import World

HERE = "/merchant/experiments"


async def filled(db: Database, world: World) -> dict[str, str]:
    control, treatment = await two_versions(db, world.tea.merchant_id)
    return {
        "name": "Larger pictures", "hypothesis": "Leaves sell", "kind": "page", "metric": "conversion", "guardrails": "refunds",
        "variant0": "As it is", "version0": str(control), "variant1": "Larger", "version1": str(treatment), "share": "50",
        "units_planned": "1000", "days_max": "14",
    }  # fmt: skip


async def test_it_is_drawn_up_started_counted_stopped_shipped_and_put_away(
    db: Database, world: World, owner: Browser
) -> None:
    assert "Nothing was tried yet" in words(await owner.get(HERE))
    typed = await filled(db, world)
    form = await owner.get(f"{HERE}/new")
    for _ in range(2):
        made = await owner.post(HERE, {**typed, "experiment_id": hidden(form, "experiment_id")})
        assert made.status_code == 303
    [it] = await db.ask(experiments.experiments, world.tea.merchant_id)
    here = f"{HERE}/{it.experiment_id}"
    assert (it.share, it.page, list(it.guardrails)) == (500_000, "shop", ["refunds"])
    assert "It is a draft" in words(await owner.get(here))

    await owner.post(f"{here}/start")
    await sweep_once(db, SWEEPS)
    said = words(await owner.get(here))
    assert "Nothing was counted yet" in said and "14 days left" in said
    await owner.post(f"{here}/stop")
    assert (await owner.post(f"{here}/archive", {"learning": ""})).status_code == 422
    said = words(await owner.follow(await owner.post(f"{here}/ship", {"variant": "1"})))
    assert "Everybody has “Larger” since." in said
    assert "Tried words" in words(await owner.get("/shops/tea"))
    await owner.post(f"{here}/archive", {"learning": "Leaves do sell"})
    assert "Leaves do sell" in words(await owner.get(HERE))
    assert "None is in this state" in words(await owner.get(f"{HERE}?state=running"))


async def test_results_are_told_with_their_bounds_and_come_as_a_file(
    db: Database, world: World, owner: Browser
) -> None:
    new = await drafted(db, world.tea.merchant_id)
    here = f"{HERE}/{new.experiment_id}"
    await db.transact(experiments.start, new.merchant_id, new.experiment_id, "test")

    async def counted(tx: Tx) -> None:
        for day, hits in (("2026-03-01", (40, 60)), ("2026-03-02", (100, 250))):
            for variant, hit in enumerate(hits):
                await tx.execute(
                    "INSERT INTO experiment_looks VALUES ($1, $2, $3::text::date, 'conversion', $4, 500, $5, $5)",
                    new.merchant_id, new.experiment_id, day, variant, float(hit),
                )  # fmt: skip

    await db.transact(counted)
    said = words(await owner.get(here))
    assert "Larger is better, and no guardrail is worse." in said
    assert "+30 points" in said and "+150%" in said
    file = csv.reader(io.StringIO((await owner.get(f"{here}?format=csv")).text.lstrip("\ufeff")))
    [_, control, treatment] = list(file)
    assert (control[3], treatment[1], treatment[3]) == ("0.2", "Larger", "0.5")
    assert float(treatment[8]) < 0.3 < float(treatment[9])


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""),
        ("units_planned", "many"),
        ("share", "0"),
        ("variants", ""),
        ("days_max", "9999"),
        ("metric", "luck"),
    ],
)
async def test_what_cannot_be_is_said_and_what_was_typed_is_kept(
    db: Database, world: World, owner: Browser, field: str, typed: str
) -> None:
    wrong = {
        **(await filled(db, world)),
        "hypothesis": "Leaves sell well",
        **({"variant1": ""} if field == "variants" else {field: typed}),
    }
    answer = await owner.post(HERE, wrong)
    assert answer.status_code == 422
    assert "Leaves sell well" in answer.text
    assert await db.ask(experiments.experiments, world.tea.merchant_id) == []


async def test_another_shop_sees_and_moves_nothing_of_it(app: Litestar, db: Database, world: World) -> None:
    new = await drafted(db, world.tea.merchant_id)
    stranger = await signed_in(app, world.tools.owner)
    here = f"{HERE}/{new.experiment_id}"
    assert (await stranger.get(here)).status_code == 404
    for action in ("start", "stop", "drop", "ship", "measure", "archive"):
        assert (await stranger.post(f"{here}/{action}", {"variant": "1", "learning": "x"})).status_code == 404
    assert "Larger pictures" not in words(await stranger.get(HERE))
    await stranger.close()
    [same] = await db.ask(experiments.experiments, world.tea.merchant_id)
    assert same.state == "draft"


async def test_a_banner_is_tried_as_the_draft_has_it(db: Database, world: World, owner: Browser) -> None:
    mine = world.tea.merchant_id
    assert "The page has no published version yet" in words(await owner.get(f"{HERE}/new?kind=block"))
    await published(db, mine, ABOUT, banner("Usual banner"))
    typed = {
        "name": "Spring", "hypothesis": "Leaves sell", "kind": "block", "metric": "conversion", "units_planned": "1000",
        "variant0": "As it is", "variant1": "Spring", "block1": "draft", "variant2": "None", "block2": "nothing",
        "block": str(BANNER),
    }  # fmt: skip
    same = await owner.post(HERE, typed)
    assert same.status_code == 422
    assert "looks otherwise there than on the page now" in words(same)
    await db.transact(merchandising.save_block, mine, SHOP, banner("Spring banner"), BY)
    for wrong in ({"block": ""}, {"block": str(ABOUT.block_id)}, {"block1": "99"}, {"block1": "nothing"}):
        assert (await owner.post(HERE, typed | wrong)).status_code == 422
    form = await owner.get(f"{HERE}/new?kind=block")
    assert "Banners · Usual banner" in words(form)

    made = await owner.post(HERE, typed | {"experiment_id": hidden(form, "experiment_id")})

    assert made.status_code == 303
    here = made.headers["location"]
    assert "Banners · Spring banner" in words(await owner.get(here))
    assert "nothing in its place" in words(await owner.get(here))
    await owner.post(f"{here}/start")
    said = words(await owner.follow(await owner.post(f"{here}/ship", {"variant": "1"})))
    assert "Everybody has “Spring” since." in said
    assert "Spring banner" in words(await owner.get("/shops/tea"))


async def test_a_shop_tries_the_sort_of_its_own_list_and_no_other(db: Database, world: World, owner: Browser) -> None:
    mine = world.tea.merchant_id
    typed = {
        "name": "New first", "hypothesis": "Leaves sell", "kind": "sort-shop", "metric": "conversion",
        "units_planned": "1000", "variant0": "As it is", "variant1": "New first", "sort1": "newest",
    }  # fmt: skip
    form = words(await owner.get(f"{HERE}/new?kind=sort-shop"))
    assert "Sort: The goods of your shop" in form and "Most sold" in form
    assert "Search results" not in form
    for wrong in ({"sort1": "sales"}, {"sort1": "relevance_newest"}, {"sort1": ""}, {"kind": "sort-search"}):
        assert (await owner.post(HERE, typed | wrong)).status_code == 422
    assert await db.ask(experiments.experiments, mine) == []
    here = (await owner.post(HERE, typed)).headers["location"]
    await owner.post(f"{here}/start")
    await owner.post(f"{here}/stop")
    assert "Sort as in “New first”" in words(await owner.get(here))
    await owner.post(f"{here}/ship", {"variant": "1"})

    assert await db.ask(search.default_sort, mine, GoodsList.SHOP) is Sort.NEWEST
    await owner.post("/merchant/shop-categories/sort", {"list": "shop", "sort": "price_up"})
    assert await db.ask(search.default_sort, mine, GoodsList.SHOP) is Sort.PRICE_UP
    for wrong in ({"list": "search", "sort": "newest"}, {"list": "shop", "sort": "luck"}, {}):
        assert (await owner.post("/merchant/shop-categories/sort", wrong)).status_code == 422
    assert await db.ask(search.default_sort, world.tools.merchant_id, GoodsList.SHOP) is Sort.SALES
    assert await db.ask(search.default_sort, MARKETPLACE, GoodsList.SEARCH) is Sort.RELEVANCE


async def test_the_marketplace_tries_and_settles_the_sorts_of_its_lists(
    db: Database, world: World, chief: Browser
) -> None:
    here = "/operator/experiments"
    form = words(await chief.get(f"{here}/new?kind=sort-search"))
    assert "Best match, what is new counts more" in form and "Sort: Categories and all goods" in form
    typed = {
        "name": "New first", "hypothesis": "New sells", "kind": "sort-search", "metric": "revenue", "units_planned": "1000",
        "variant0": "As it is", "variant1": "New first", "sort1": "relevance_newest",
    }  # fmt: skip
    made = await chief.post(here, typed)
    assert made.status_code == 303
    assert "Best match, what is new counts more" in words(await chief.get(made.headers["location"]))
    answer = await chief.post("/operator/search/sort", {"list": "search", "sort": "relevance_sales"})
    assert answer.status_code == 303
    assert await db.ask(search.default_sort, MARKETPLACE, GoodsList.SEARCH) is Sort.RELEVANCE_SALES
    assert "What everybody sees has changed" in words(
        await chief.follow(await chief.post(f"{made.headers['location']}/start"))
    )
    assert (await chief.post("/operator/search/sort", {"list": "categories", "sort": "relevance"})).status_code == 422
    assert "Settled the default sort of a list" in words(await chief.get("/operator/audit"))


@pytest.mark.parametrize("kind", ["page", "block"])
async def test_a_variant_is_looked_at_before_anybody_is_shown_it(
    app: Litestar, db: Database, world: World, owner: Browser, kind: str
) -> None:
    mine = world.tea.merchant_id
    usual, other = ("Usual words", "Tried words") if kind == "page" else ("Usual banner", "Other banner")
    new = await drafted(db, mine) if kind == "page" else await banner_tried(db, mine, banner(other), start=False)
    page = (await owner.get(f"{HERE}/{new.experiment_id}")).text
    addresses = re.findall(r'href="(/shops/tea\?trial=[^"]+)"', page)

    anybody = Browser(app)
    for address, words_ in zip(addresses, (usual, other), strict=True):
        said = words(await anybody.get(address))
        assert words_ in said
        assert (usual if words_ == other else other) not in said
    assert usual in words(await anybody.get("/shops/tea?trial=made-up"))
    elsewhere = words(await anybody.get(addresses[1].replace("/shops/tea", f"/shops/{world.tools.slug}")))
    assert other not in elsewhere
    await anybody.close()
    await sweep_once(db, SWEEPS)
    assert sum((await db.ask(experiments.results, mine, new.experiment_id))[2].units) == 0
