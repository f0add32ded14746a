"""Composing the home page and decorating a shop: what is drafted is seen by nobody, what is published by everybody."""

import io
from uuid import uuid4

import pytest
from litestar import Litestar
from PIL import Image

from steelyard.kernel.db import Database
from steelyard.operations import merchandising
from steelyard.operations.merchandising.model import HOME, HOUSE
from steelyard.surfaces.web.security import CSRF_COOKIE
from tests.support.browser import Browser, browsing, words
from tests.support.consoles import app, database_url, signed_in, world
from tests.support.world import World

__all__ = ["app", "database_url", "world"]


@pytest.fixture
async def operator(app: Litestar, world: World) -> Browser:
    return await signed_in(app, world.operator)


def words_block(title: str) -> dict[str, str]:
    return {"do": "block", "kind": "text", "block_id": str(uuid4()), "title_en": title, "text_en": "Come in."}


async def test_a_block_is_drafted_looked_at_and_published(app: Litestar, operator: Browser) -> None:
    await operator.post("/operator/pages/home", words_block("Opening week"))
    editor = await operator.get("/operator/pages/home")
    assert "Opening week" in words(editor) and "Popular now" in editor.text, (
        "it stands after what the house shows anyway"
    )
    preview = next(part for part in editor.text.split('"') if part.startswith("/?draft=")).replace("&amp;", "&")
    async with browsing(app) as somebody:
        assert "Opening week" not in words(await somebody.get("/"))
        draft = await somebody.get(preview)
        assert "Opening week" in words(draft)
        assert "frame-ancestors 'self'" in draft.headers["content-security-policy"]
        forged = await somebody.get(preview.replace("|home|", "|shop|").replace("%7Chome%7C", "%7Cshop%7C"))
        assert "Opening week" not in words(forged)

        await operator.post("/operator/pages/home", {"do": "publish"})
        page = await somebody.get("/")
        assert "Opening week" in words(page)
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]

        await operator.post("/operator/pages/home", {"do": "withdraw", "version": "1"})
        assert "Opening week" not in words(await somebody.get("/"))


async def test_a_draft_is_looked_at_on_a_phone_and_on_a_desk_beside_each_other(
    app: Litestar, operator: Browser
) -> None:
    await operator.post("/operator/pages/home", words_block("Opening week"))
    editor, both = await operator.get("/operator/pages/home"), await operator.get("/operator/pages/home/preview")

    assert 'href="/operator/pages/home/preview"' in editor.text
    assert both.text.count("<iframe") == 2 and 'src="/?draft=' in both.text
    for one in ("phone", "desk"):
        assert (await operator.get("/operator/pages/home/preview", on=one)).text.count("<iframe") == 1
    assert (await operator.get("/operator/pages/home/preview", on="wall")).text.count("<iframe") == 2


async def test_a_banner_takes_a_picture_and_makes_it_small(operator: Browser, db: Database) -> None:
    await operator.get("/operator/pages/home")
    sent = io.BytesIO()
    Image.new("RGB", (3_000, 1_000), "teal").save(sent, "JPEG")
    block_id = str(uuid4())
    fields = {
        "_csrf_token": operator.http.cookies[CSRF_COOKIE],
        "do": "block",
        "kind": "banner",
        "block_id": block_id,
        "slide0_title_en": "Sale",
        "slide0_href": "/c/tea",
    }
    answer = await operator.http.post(
        "/operator/pages/home", data=fields, files={"slide0_picture": ("wide.jpg", sent.getvalue(), "image/jpeg")}
    )
    assert answer.status_code == 303
    draft = await db.ask(merchandising.draft, HOUSE, HOME)
    [slide] = draft.blocks[-1].slides
    assert slide.picture is not None and slide.picture.endswith(".webp")
    shown = await operator.get(f"/media/1440/{slide.picture}")
    assert Image.open(io.BytesIO(shown.content)).width == 1_440

    bad = await operator.http.post(
        "/operator/pages/home", data=fields, files={"slide0_picture": ("x.jpg", b"no picture", "image/jpeg")}
    )
    assert bad.status_code == 422


async def test_what_is_wrong_with_a_block_stands_beside_it(operator: Browser) -> None:
    for wrong in ({"href": "https://elsewhere.example"}, {"href": "//elsewhere.example"}, {"kind": "dance"}):
        answer = await operator.post("/operator/pages/home", words_block("Kept") | wrong)
        assert answer.status_code == 422, wrong
    assert (await operator.post("/operator/pages/home", {"do": "dance"})).status_code == 404
    assert (await operator.get("/operator/pages/Not-A-Page!")).status_code == 404


async def test_a_topic_has_a_page_of_its_own(app: Litestar, operator: Browser) -> None:
    for fields in ({"do": "name", "page_title_en": "Spring"}, words_block("Blossoms"), {"do": "publish"}):
        assert (await operator.post("/operator/pages/spring", fields)).status_code == 303
    async with browsing(app) as somebody:
        page = await somebody.get("/topics/spring")
        assert "Spring" in words(page) and "Blossoms" in words(page)
        assert (await somebody.get("/topics/autumn")).status_code == 404


async def test_a_merchant_decorates_their_shop_and_sorts_their_goods(app: Litestar, world: World) -> None:
    owner = await signed_in(app, world.tea.owner)
    green, black = (world.items[name].product_id for name in ("green", "black"))
    by_hand = {
        "do": "block", "kind": "goods", "block_id": str(uuid4()), "title_en": "From our garden", "rule": "by_hand",
        "products": f"/products/{green}/green\nhttps://shop.test/products/{world.items['hammer'].product_id}",
    }  # fmt: skip
    for fields in (by_hand, {"do": "publish"}):
        assert (await owner.post("/merchant/decoration/shop", fields)).status_code == 303
    own = {"shop_category_id": str(uuid4()), "name_en": "Strong ones", "products": str(black)}
    assert (await owner.post("/merchant/shop-categories", own)).status_code == 303
    assert (await owner.get("/merchant/shop-categories")).status_code == 200
    hammer = world.items["hammer"].product_id
    chosen = (await owner.get(f"/merchant/decoration/shop/goods?ids={black},{hammer},{green}")).json()
    assert [each["id"] for each in chosen] == [str(black), str(green)], "in their order, one's own alone"
    offered = (await owner.get("/merchant/decoration/shop/goods?q=green")).json()
    assert str(green) in {each["id"] for each in offered}
    assert str(hammer) not in {each["id"] for each in (await owner.get("/merchant/decoration/shop/goods")).json()}
    async with browsing(app) as somebody:
        shop = await somebody.get("/shops/tea")
        assert "From our garden" in words(shop) and "Strong ones" in words(shop)
        assert str(world.items["hammer"].product_id) not in shop.text, "another shop's goods are not shown"
        strong = (await somebody.get(f"/shops/tea?in={own['shop_category_id']}")).text
        assert str(black) in strong and str(green) not in strong
        assert "云上茶庄" in words(await somebody.get("/shops/tea/licence?lang=zh-Hans"))
        assert "Strong ones" not in words(await somebody.get("/shops/tools"))
    await owner.close()
