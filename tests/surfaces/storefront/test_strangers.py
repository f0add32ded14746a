"""Pages that are shown to strangers again: the same page for all of them, and nothing in it that is another's own."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest
from litestar import Litestar

from steelyard.goods import catalog, inventory, pricing
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel import answers, ids
from steelyard.kernel.db import Database, Tx
from steelyard.operations import analytics
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import Pause
from steelyard.surfaces.storefront import browsing, product, searching, strangers
from steelyard.surfaces.web.footfall import Footfall
from steelyard.surfaces.web.security import CSRF_COOKIE
from steelyard.surfaces.web.visit import VISITOR_COOKIE
from steelyard.trade import reviews
from steelyard.trade.reviews.model import QuestionId
from steelyard.trade.settlement import settlement_day
from tests.support.browser import Browser, hidden, words
from tests.support.world import CURRENCY, Item, World

LONG = 3_600
DESK = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Safari/537.36"
DRAWING = {browsing: "_category", searching: "_search", product: "_drawn"}


@pytest.fixture
async def app(app: Litestar, monkeypatch: pytest.MonkeyPatch) -> Litestar:
    """The house as it is outside of tests; nobody looks for news again until a test says so."""
    app.state.settings = msgspec.structs.replace(app.state.settings, kept_page_seconds=LONG)
    monkeypatch.setattr(answers, "LOOK_SECONDS", LONG)
    monkeypatch.setattr(strangers, "LIST_SECONDS", LONG)
    return app


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pages that were drawn, and not shown again."""
    found: list[str] = []
    for module, name in DRAWING.items():
        draw = getattr(module, name)

        def listening(*args: object, draw: object = draw, name: str = name) -> object:
            found.append(name)
            return draw(*args)  # pyright: ignore

        monkeypatch.setattr(module, name, listening)
    return found


@pytest.fixture
async def stranger(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody new at each request: no cookie is kept."""

    class Forgetful(Browser):
        async def get(self, path: str, **params: str) -> httpx.Response:
            self.http.cookies.clear()
            return await super().get(path, **params)

    browser = Forgetful(app)
    browser.http.headers["user-agent"] = DESK
    yield browser  # pyright: ignore
    await browser.close()


def paths(world: World) -> list[str]:
    green = world.items["green"]
    return ["/c/food", "/c/food?sort=price_up", "/search?q=tea", f"/products/{green.product_id}/{green.slug}"]


async def test_strangers_are_shown_the_same_page_each_with_their_own_tokens(
    stranger: Browser, world: World, drawn: list[str]
) -> None:
    for path in paths(world):
        drawn.clear()
        first, second = await stranger.get(path), await stranger.get(path)

        assert [first.status_code, second.status_code, len(drawn)] == [200, 200, 1], path
        tokens = [page.cookies[CSRF_COOKIE] for page in (first, second)]
        visitors = [page.cookies[VISITOR_COOKIE] for page in (first, second)]
        assert len({*tokens, *visitors}) == 4
        assert tokens[1] in second.text
        assert tokens[0] not in second.text
        assert dict(second.headers).keys() == dict(first.headers).keys()
        assert second.headers["content-type"] == first.headers["content-type"]
        assert without_own(first, tokens[0]) == without_own(second, tokens[1])


async def test_the_id_that_makes_a_second_click_harmless_is_each_visitors_own(stranger: Browser, world: World) -> None:
    path = f"/products/{world.items['black'].product_id}"

    pages = [await stranger.get(path) for _ in range(3)]

    assert len({hidden(page, "checkout_id") for page in pages}) == 3


async def test_what_is_shown_again_is_what_would_have_been_drawn(
    app: Litestar, stranger: Browser, world: World
) -> None:
    for path in paths(world):
        await stranger.get(path)
        again = await stranger.get(path)
        app.state.settings = msgspec.structs.replace(app.state.settings, kept_page_seconds=0)
        anew = await stranger.get(path)
        app.state.settings = msgspec.structs.replace(app.state.settings, kept_page_seconds=LONG)

        assert without_own(again, again.cookies[CSRF_COOKIE]) == without_own(anew, anew.cookies[CSRF_COOKIE])


async def test_who_brings_a_cookie_has_a_page_of_their_own(
    stranger: Browser, guest: Browser, buyer: Browser, world: World, drawn: list[str]
) -> None:
    path = f"/products/{world.items['green'].product_id}"
    await stranger.get(path)
    await guest.get("/")
    await guest.post("/cart/lines", {"product_id": str(world.items["black"].product_id), "quantity": "3"})

    mine = await guest.get(path)
    signed_in = await buyer.get(path)
    still = await stranger.get(path)

    assert len(drawn) == 3
    assert '<span class="bubble">3</span>' in mine.text
    assert "Sign out" in words(signed_in)
    assert "Sign out" not in words(still)
    assert '<span class="bubble">' not in still.text


@pytest.mark.parametrize(
    "cookie", ["steelyard_theme=dark", "steelyard_locale=zh-Hans", "steelyard_place=GB", "other=1"]
)
async def test_any_cookie_makes_no_stranger(stranger: Browser, world: World, drawn: list[str], cookie: str) -> None:
    for _ in range(2):
        await stranger.http.get("/c/food", headers={"cookie": cookie})
        stranger.http.cookies.clear()

    assert len(drawn) == 2


async def test_each_language_has_its_page(stranger: Browser, drawn: list[str]) -> None:
    english = await stranger.get("/c/food")
    stranger.http.headers["accept-language"] = "zh-CN,zh;q=0.9"
    chinese = await stranger.get("/c/food")
    asked_for = await stranger.get("/c/food", lang="en")

    assert ['<html lang="en"' in page.text for page in (english, chinese, asked_for)] == [True, False, True]
    assert len(drawn) == 3


async def test_parts_of_pages_and_addresses_that_lead_on_are_made_for_each(
    stranger: Browser, world: World, drawn: list[str]
) -> None:
    green = world.items["green"]
    for _ in range(2):
        moved = await stranger.get(f"/products/{green.product_id}/an-older-name")
        stranger.http.cookies.clear()
        await stranger.http.get("/c/food", headers={"hx-request": "true"})
        missing = await stranger.get("/c/no-such-category")

        assert moved.status_code == 301
        assert missing.status_code == 404
    assert len(drawn) == 6


async def test_a_new_price_is_shown_as_soon_as_somebody_looks_for_news(
    stranger: Browser, world: World, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    black = world.items["black"]
    path = f"/products/{black.product_id}"
    await stranger.get(path)
    price = NewPrice(sku_id=black.sku_id, currency=CURRENCY, amount=123_456)
    await db.transact(pricing.set_prices, black.merchant_id, [price])
    before = await stranger.get(path)

    monkeypatch.setattr(answers, "LOOK_SECONDS", -1.0)
    after = await stranger.get(path)

    assert "1,234.56" not in words(before)
    assert "1,234.56" in words(after)


async def test_each_visit_is_counted(app: Litestar, stranger: Browser, world: World, db: Database) -> None:
    app.state.footfall = Footfall(db)
    today = settlement_day(datetime.now(UTC))

    for _ in range(3):
        await stranger.get(f"/products/{world.items['green'].product_id}")
        await stranger.get("/c/food")
    await app.state.footfall.count()

    site = await db.ask(analytics.figures.traffic, today, today)
    assert (site.visitors, site.product_visitors) == (6, 3)


async def test_who_takes_gzip_is_sent_the_same_page_compressed(
    stranger: Browser, world: World, drawn: list[str]
) -> None:
    for path in paths(world):
        drawn.clear()
        stranger.http.headers["accept-encoding"] = "identity"
        plain = await stranger.get(path)
        stranger.http.headers["accept-encoding"] = "gzip"
        packed = await stranger.get(path)

        assert len(drawn) == 1
        assert ("content-encoding" in plain.headers, packed.headers["content-encoding"]) == (False, "gzip")
        assert "Accept-Encoding" in packed.headers["vary"]
        assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 3
        assert without_own(plain, plain.cookies[CSRF_COOKIE]) == without_own(packed, packed.cookies[CSRF_COOKIE])
        assert packed.cookies[CSRF_COOKIE] in packed.text


async def sold_out(tx: Tx, item: Item) -> None:
    found = await tx.fetch("SELECT sku_id, warehouse_id, on_hand FROM stock WHERE sku_id = ANY($1)", item.sku_ids)
    await inventory.scrap(tx, item.merchant_id, [tuple(row) for row in found], document=ids.mint(), by="test")


async def off_the_shelf(tx: Tx, item: Item) -> None:
    await catalog.take_off_shelf(tx, item.merchant_id, [item.product_id], "test")


async def away(tx: Tx, item: Item) -> None:
    now = datetime.now(UTC)
    await merchants.pause(tx, item.merchant_id, Pause(begins_at=now, ends_at=now + timedelta(days=3)))


async def asked_about(tx: Tx, item: Item) -> None:
    buyer_id = BuyerId(ids.mint())
    await reviews.ask(tx, QuestionId(ids.mint()), item.product_id, buyer_id, "Wang", "Is it green?", "en")


NEWS = {
    sold_out: '<span class="row row-tight small"><span class="badge tone-quiet">Sold out</span>',
    off_the_shelf: "taken it off the shelf",
    away: "The shop is away",
    asked_about: "Is it green?",
}


@pytest.mark.parametrize(("happens", "said"), NEWS.items(), ids=[each.__name__ for each in NEWS])
async def test_what_happens_to_a_product_is_shown_as_soon_as_somebody_looks_for_news(
    stranger: Browser,
    world: World,
    db: Database,
    monkeypatch: pytest.MonkeyPatch,
    happens: Callable[[Tx, Item], Awaitable[None]],
    said: str,
) -> None:
    black = world.items["black"]
    path = f"/products/{black.product_id}"
    await stranger.get(path)
    await db.transact(happens, black)
    before = await stranger.get(path)

    monkeypatch.setattr(answers, "LOOK_SECONDS", -1.0)
    after = await stranger.get(path)

    assert said not in before.text
    assert said in after.text


async def test_only_what_events_tell_of_is_shown_for_longer_than_a_list(
    stranger: Browser, world: World, drawn: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of twenty pieces a page says that they become fewer, and no event does."""
    monkeypatch.setattr(strangers, "LIST_SECONDS", -1.0)
    path = f"/products/{world.items['black'].product_id}"

    await stranger.get(path)
    await stranger.get(path)
    counted = len(drawn)
    monkeypatch.setattr(product, "PLENTY", 1)
    await stranger.get(path)
    await stranger.get(path)

    assert (counted, len(drawn)) == (2, 3)


def without_own(page: httpx.Response, token: str) -> str:
    """The page without what is its reader's own."""
    text = page.text.replace(token, "TOKEN")
    return re.sub(r'name="checkout_id" value="[^"]*"', "ID", text)
