"""Looking around: every page is there, in both languages, and says what it should."""

import pytest
from litestar import Litestar

from steelyard.goods import pricing
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel.db import Database
from steelyard.surfaces.storefront import listing
from tests.support.browser import Browser, browsing, words
from tests.support.world import World, picture_name

PAGES = (
    "/", "/categories", "/c/food", "/c/tea?sort=price_up", "/c/tea?price_from=50&price_to=100&stock=1", "/search?q=tea",
    "/search?q=绿茶", "/search", "/search?q=nothing+like+it", "/shops/tea", "/shops/tools?q=锤", "/cart", "/orders",
    "/orders?state=to-pay", "/account", "/find-order", "/sign-in", "/register", "/forgot", "/legal/terms",
    "/legal/privacy", "/legal/returns", "/legal/licence",
)  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_page_opens_for_a_guest(app: Litestar, language: str) -> None:
    async with browsing(app, language) as guest:
        for path in PAGES:
            page = await guest.get(path)
            assert page.status_code == 200, (path, page.text[-2_000:])
            assert "91310000MA1FL000XG" in page.text, f"{path} shows the operator's licence"


async def test_the_language_can_be_chosen_and_comes_back_to_the_page(guest: Browser) -> None:
    assert "Categories" in words(await guest.get("/c/tea"))
    answer = await guest.post("/language", {"locale": "zh-Hans", "return_to": "/c/tea"})
    assert answer.headers["location"] == "/c/tea"
    page = await guest.follow(answer)
    assert 'lang="zh-Hans"' in page.text
    assert "茶叶" in words(page)


async def test_goods_are_found_in_chinese_and_in_english(guest: Browser, world: World) -> None:
    for text in ("龙井", "longjing", "绿"):
        page = await guest.get("/search", q=text)
        assert f"/products/{world.items['green'].product_id}" in page.text, text
        assert f"/products/{world.items['hammer'].product_id}" not in page.text


async def test_filters_narrow_a_list(guest: Browser, world: World) -> None:
    rare, black = (f"/products/{world.items[name].product_id}" for name in ("rare", "black"))
    everything = await guest.get("/c/tea")
    assert rare in everything.text and black in everything.text
    assert rare not in (await guest.get("/c/tea?stock=1")).text
    assert black not in (await guest.get("/c/tea?price_from=100")).text
    assert rare in (await guest.get("/c/tea?price_from=100")).text
    assert "hammer" not in words(await guest.get("/search?shop=tea"))


async def test_a_list_goes_on_behind_its_last_row(guest: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing.find, "__kwdefaults__", {**(listing.find.__kwdefaults__ or {}), "limit": 2})
    first = await guest.get("/search?sort=price_up")
    assert "after=" in first.text
    following = next(part for part in first.text.split('"') if part.startswith("?") and "after=" in part)
    second = await guest.get("/search" + following.replace("&amp;", "&"))
    assert second.status_code == 200
    assert (await guest.get("/search?after=nonsense")).status_code == 200


async def test_a_choice_has_its_own_price_and_stock(guest: Browser, world: World) -> None:
    green = world.items["green"]
    page = words(await guest.get(f"/products/{green.product_id}", o0="1", o1="1"))
    assert "¥108.00" in page and "First · 250 g" in page
    missing = words(await guest.get(f"/products/{green.product_id}", o0="1", o1="2"))
    assert "This combination does not exist" in missing
    sold_out = words(await guest.get(f"/products/{world.items['rare'].product_id}"))
    assert "Sold out" in sold_out


async def test_beside_a_struck_out_price_stands_the_lowest_before(db: Database, guest: Browser, world: World) -> None:
    hammer = world.items["hammer"]
    here, told = f"/products/{hammer.product_id}", "Lowest price of the 30 days before:"
    assert told not in words(await guest.get(here))

    async def now(amount: int, compare_at: int | None) -> str:
        wanted = [NewPrice(sku_id=hammer.sku_id, currency="CNY", amount=amount, compare_at=compare_at)]
        await db.transact(pricing.set_prices, world.tools.merchant_id, wanted)
        return words(await guest.get(here))

    was = (await db.ask(pricing.current, [hammer.sku_id], "CNY"))[hammer.sku_id].amount
    assert f"{told} CN¥{was / 100:.2f}" in await now(was + 5_000, was + 9_000)
    assert told not in await now(was + 5_000, None)


async def test_pictures_are_served_for_ever_and_can_do_nothing(guest: Browser, world: World) -> None:
    picture = await guest.get(f"/media/{picture_name('green')}")
    assert picture.status_code == 200
    assert "immutable" in picture.headers["cache-control"]
    assert "sandbox" in picture.headers["content-security-policy"]
    for name in ("../secrets/csrf", "..%2Fsecrets%2Fcsrf", "x.svg"):
        assert (await guest.get(f"/media/{name}")).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/c/nothing", "/shops/nothing", "/products/00000000-0000-0000-0000-000000000000", "/legal/nothing"],
)
async def test_what_is_not_there_is_a_page_that_says_so(guest: Browser, path: str) -> None:
    page = await guest.get(path)
    assert page.status_code == 404
    assert "Not found" in words(page)


async def test_odd_addresses_never_break_a_page(guest: Browser) -> None:
    for query in (
        "price_from=abc",
        "price_to=1e400",
        "price_from=-1",
        "sort=odd",
        "shop=none",
        "q=%00%ff",
        "category=x",
    ):
        assert (await guest.get(f"/search?{query}")).status_code == 200, query
