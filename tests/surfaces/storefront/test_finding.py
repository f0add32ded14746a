"""Finding goods: facets in the address, lists that go on, pictures in the sizes that pages need."""

import io
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from litestar import Litestar
from PIL import Image

from steelyard.goods import catalog, search
from steelyard.goods.catalog import AttributeKind, AttributeValue, Binding, Definition
from steelyard.goods.catalog.model import ProductChange
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.files import Files
from steelyard.kernel.text import text
from steelyard.surfaces.storefront.filters import read_filters
from steelyard.surfaces.web import pictures
from tests.support.browser import Browser
from tests.support.world import World, picture_name


async def roast(tx: Tx, world: World) -> None:
    """Teas are green or black, as the operator has defined."""
    values = [
        AttributeValue(code="green", name=text("绿茶", "Green")),
        AttributeValue(code="black", name=text("红茶", "Black")),
        AttributeValue(code="white", name=text("白茶", "White")),
    ]
    roasts = Definition(
        code="roast", name=text("茶类", "Kind of tea"), kind=AttributeKind.CHOICE, values=values, filterable=True
    )
    await catalog.define_attribute(tx, roasts)
    await catalog.bind_attributes(tx, world.categories["tea"], [Binding(code="roast")])
    for slug, value in (("green", "green"), ("black", "black"), ("rare", "white")):
        item = world.items[slug]
        await catalog.change_product(tx, item.merchant_id, item.product_id, ProductChange(facts={"roast": [value]}))
        await search.reindex(tx, item.merchant_id, [item.product_id])


async def test_values_of_an_attribute_narrow_a_list_and_can_be_taken_back(
    guest: Browser, world: World, db: Database
) -> None:
    await db.transact(roast, world)
    paths = {name: f"/products/{world.items[name].product_id}" for name in ("green", "black", "rare")}

    both = (await guest.get("/c/tea?facet=roast:green&facet=roast:black")).text

    assert paths["green"] in both and paths["black"] in both and paths["rare"] not in both
    assert "Kind of tea · Green" in both, "what is chosen stands above the list"
    assert 'value="roast:white"' in both, "what is not chosen can still be chosen"
    assert 'href="?facet=roast%3Ablack"' in both, "and each can be taken back"
    assert paths["rare"] in (await guest.get("/c/tea?facet=roast:white")).text
    assert paths["black"] not in (await guest.get("/search?q=tea&facet=roast:green")).text


async def test_several_shops_can_be_chosen(guest: Browser, world: World) -> None:
    both = (await guest.get("/search?shop=tea&shop=tools")).text
    assert f"/products/{world.items['green'].product_id}" in both
    assert f"/products/{world.items['hammer'].product_id}" in both
    assert f"/products/{world.items['hammer'].product_id}" not in (await guest.get("/search?shop=tea")).text


async def test_rated_goods_are_found_by_their_rating(guest: Browser, world: World, db: Database) -> None:
    green, black = world.items["green"], world.items["black"]
    await db.transact(
        search.record_ratings,
        [(green.merchant_id, green.product_id, 480), (black.merchant_id, black.product_id, 410)],
    )
    page = (await guest.get("/c/tea?rating=450")).text
    assert str(green.product_id) in page and str(black.product_id) not in page
    best = (await guest.get("/c/tea?sort=rating")).text
    assert best.index(str(green.product_id)) < best.index(str(black.product_id))


@pytest.mark.parametrize(
    "query",
    [
        "q=tea&sort=price_up&facet=a:b&facet=a:c&shop=tea&shop=tools&rating=400&stock=1",
        "price_from=10&price_to=20.5&currency=CNY&category=tea",
    ],
)
def test_an_address_is_written_as_it_was_read(query: str) -> None:
    filters = read_filters(parse_qsl(query))
    assert read_filters(parse_qsl(filters.query()[1:])) == filters


@pytest.mark.parametrize(
    "query", ["facet=nothing", "facet=:x&facet=y:", "rating=999", "rating=abc", "shop=%00", "page=x"]
)
async def test_odd_filters_are_left_out(guest: Browser, query: str) -> None:
    assert (await guest.get(f"/search?{query}")).status_code == 200


async def test_a_picture_comes_in_the_size_that_is_asked_for_and_no_larger(app: Litestar, guest: Browser) -> None:
    home: Path = app.state.settings.home
    photograph = io.BytesIO()
    Image.new("RGB", (900, 600), "teal").save(photograph, "JPEG")
    name = Files(home).put(photograph.getvalue(), "image/jpeg")

    small = await guest.get(f"/media/240/{name}")

    assert small.headers["content-type"] == "image/webp"
    assert "immutable" in small.headers["cache-control"]
    assert Image.open(io.BytesIO(small.content)).size == (240, 160)
    large = await guest.get(f"/media/1440/{name}")
    assert Image.open(io.BytesIO(large.content)).size == (900, 600), "nothing is made larger than it is"
    assert (await guest.get(f"/media/240/{name}")).content == small.content
    drawing = await guest.get(f"/media/240/{picture_name('green')}")
    assert drawing.headers["content-type"] == "image/svg+xml", "a drawing fits every size"
    for path in (f"/media/241/{name}", "/media/240/../secrets/csrf", f"/media/240/{'0' * 64}.jpg"):
        assert (await guest.get(path)).status_code == 404, path


async def test_a_picture_that_unfolds_to_too_much_is_not_touched(
    app: Litestar, guest: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "PIXELS_MAX", 100)
    drawn = io.BytesIO()
    Image.new("RGB", (20, 20)).save(drawn, "PNG")
    name = Files(app.state.settings.home).put(drawn.getvalue(), "image/png")
    assert (await guest.get(f"/media/120/{name}")).status_code == 404
