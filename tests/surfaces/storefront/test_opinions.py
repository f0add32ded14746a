"""The product page and what is said on it: choices, delivery, reviews, questions, favourites, history."""

import re
from io import BytesIO
from urllib.parse import quote

import pytest
from litestar import Litestar
from PIL import Image

from steelyard.goods import catalog
from steelyard.kernel.db import Database
from steelyard.parties.customers.model import BuyerId
from steelyard.surfaces.web.footprints import Footprints
from steelyard.surfaces.web.pictures import REVIEW_SIDE_PIXELS_MAX, developed
from steelyard.surfaces.web.security import CSRF_COOKIE
from steelyard.trade import favourites, reviews
from tests.support.browser import Browser, hidden, words
from tests.support.received import received, reviewed
from tests.support.world import World


def photograph(width: int = 2_400, height: int = 1_200) -> bytes:
    """A JPEG that says where it was taken."""
    picture = Image.new("RGB", (width, height), "teal")
    exif = picture.getexif()
    exif[0x010F] = "Spy Camera"
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    out = BytesIO()
    picture.save(out, "JPEG", exif=exif)
    return out.getvalue()


def buyer_id(world: World) -> BuyerId:
    assert world.buyer.buyer_id is not None
    return world.buyer.buyer_id


async def test_each_value_of_an_option_says_what_it_leads_to(guest: Browser, world: World) -> None:
    green = world.items["green"]
    page = await guest.get(f"/products/{green.product_id}", o0="1", o1="1")
    missing = re.search(r'<a class="value is-none"[^>]*href="([^"]*)"', page.text)
    assert missing is not None and missing[1].endswith("?o0=1&amp;o1=2")
    assert "not made" in words(page)
    assert page.text.count('aria-current="true"') >= 2
    assert hidden(page, "o0") == "1" and hidden(page, "o1") == "1"
    again = await guest.get(missing[1].replace("&amp;", "&"))
    assert "This combination does not exist" in words(again)


async def test_freight_and_days_are_those_of_my_address_or_of_a_chosen_region(
    buyer: Browser, guest: Browser, world: World
) -> None:
    path = f"/products/{world.items['nuts'].product_id}"
    mine = words(await buyer.get(path))
    assert "Order today, arrives between" in mine and "To Shanghai" in mine and "free from CN¥199.00" in mine

    for place, said in (
        ("AQ", "does not deliver to Antarctica"),
        ("GB", "To United Kingdom"),
        ("CN/广东省", "To Guangdong"),
    ):
        answer = await guest.post("/deliver-to", {"place": place, "return_to": path})
        assert answer.headers["location"].endswith(path)
        assert said in words(await guest.follow(answer))
    await guest.post("/deliver-to", {"place": "XX/<b>", "return_to": "//elsewhere.test"})
    assert "To Guangdong" in words(await guest.get(path))


async def test_what_was_taken_off_the_shelf_says_so(guest: Browser, world: World, db: Database) -> None:
    nuts = world.items["nuts"]
    await db.transact(catalog.take_off_shelf, nuts.merchant_id, [nuts.product_id], "staff:1")
    page = await guest.get(f"/products/{nuts.product_id}")
    assert page.status_code == 200
    assert "not for sale at the moment" in words(page) and "noindex" in page.text


async def test_an_order_is_reviewed_with_photographs_and_nothing_is_lost(
    buyer: Browser, other: Browser, world: World, db: Database
) -> None:
    order = await received(db, [(world.items["nuts"].sku_id, 1)], buyer_id(world))
    here = f"/orders/{order.code}/review"
    away = await other.get(here)
    assert away.status_code == 404 and f"/sign-in?return_to={quote(here, safe='')}" in away.text
    page = await buyer.get(here)
    form = {"_csrf_token": hidden(page, "_csrf_token"), "id-1": hidden(page, "id-1"), "text-1": "Fresh and crisp"}

    files = [("photos-1", ("a.jpg", photograph(), "image/jpeg")), ("photos-1", ("b.jpg", b"no picture", "image/jpeg"))]
    wrong = await buyer.http.post(here, data={**form, "stars-1": "5"}, files=files)
    assert wrong.status_code == 422
    assert "Fresh and crisp" in wrong.text and "Please upload a JPEG" in words(wrong)
    kept = hidden(wrong, "photos-1-kept")
    wrong = await buyer.http.post(here, data={**form, "stars-1": "5", "photos-1-kept": kept})
    assert wrong.status_code == 422 and "Please choose one to five stars" in words(wrong)
    whole = {**form, "stars-1": "5", "photos-1-kept": kept, "service": "4", "logistics": "3"}
    for _ in range(2):
        done = await buyer.http.post(here, data=whole)
        assert done.status_code == 303, words(done)

    page = await buyer.get(f"/products/{world.items['nuts'].product_id}")
    assert "Fresh and crisp" in words(page) and "L***a" in words(page) and kept in page.text
    picture = await buyer.get(f"/media/{kept}")
    assert b"Spy Camera" not in picture.content and picture.headers["content-type"] == "image/webp"
    by_id = await buyer.get(f"/orders/{order.order_id}/review")
    assert "Fresh and crisp" in words(by_id)
    mine = await buyer.get("/account/reviews")
    followed = await buyer.post(
        re.search(r"/reviews/[0-9a-f-]+/follow-up", mine.text)[0], {"text": "Still crisp"}  # pyright: ignore[reportOptionalSubscript]  # it is there
    )  # fmt: skip
    assert "Still crisp" in words(await buyer.follow(followed))


def test_a_photograph_is_made_small_upright_and_silent() -> None:
    with Image.open(BytesIO(developed(photograph(), REVIEW_SIDE_PIXELS_MAX))) as kept:
        assert max(kept.size) == REVIEW_SIDE_PIXELS_MAX and kept.height > kept.width
        assert not kept.getexif()


async def test_reviews_are_listed_voted_on_and_reported(
    buyer: Browser, guest: Browser, world: World, db: Database
) -> None:
    assert world.other_buyer.buyer_id is not None
    nuts = world.items["nuts"]
    _, (review_id,) = await reviewed(db, [(nuts.sku_id, 1)], world.other_buyer.buyer_id, 2, text="Too salty for me")
    here = f"/products/{nuts.product_id}/reviews"
    assert "Too salty" in words(await guest.get(here)) and "Too salty" not in words(await guest.get(here, only="good"))
    assert (await guest.post(f"/reviews/{review_id}/helpful")).status_code == 401

    for _ in range(2):
        await buyer.post(f"/reviews/{review_id}/helpful", {"helpful": "yes"})
    assert "Helpful (1)" in words(await buyer.get(here))
    await buyer.post(
        "/report", {"kind": "review", "subject_id": str(review_id), "reason": "unrelated", "return_to": here}
    )
    assert await db.ask(reviews.open_reports) == 1
    for form in ({}, {"kind": "order", "subject_id": str(review_id)}, {"kind": "review", "subject_id": "x"}):
        assert (await buyer.post("/report", form)).status_code == 404


async def test_a_question_is_asked_and_kept_when_it_is_too_long(buyer: Browser, guest: Browser, world: World) -> None:
    here = f"/products/{world.items['nuts'].product_id}/questions"
    assert (await guest.post(here, {"question": "Salted?"})).status_code == 401
    wrong = await buyer.post(here, {"question": "long " * 60})
    assert wrong.status_code == 422 and "long long" in wrong.text and "This text is too long" in words(wrong)
    assert "Are they salted?" in words(await buyer.follow(await buyer.post(here, {"question": "Are they salted?"})))


async def test_favourites_of_a_visitor_are_found_after_signing_in(guest: Browser, world: World, db: Database) -> None:
    nuts = world.items["nuts"]
    path = f"/products/{nuts.product_id}"
    await guest.get("/")
    for _ in range(2):
        answer = await guest.post("/favourites", {"keep": str(nuts.product_id), "return_to": path})
        assert answer.status_code == 303
    await guest.post("/favourites", {"follow": str(world.tea.merchant_id)})
    assert 'aria-pressed="true"' in (await guest.get(path)).text
    assert "Hickory nuts" in words(await guest.get("/account/favourites"))
    assert "Tea on the Cloud" in words(await guest.get("/account/favourites", tab="shops"))

    await guest.sign_in(world.buyer)
    assert "Hickory nuts" in words(await guest.get("/account/favourites"))
    assert await db.ask(favourites.follows, buyer_id(world), world.tea.merchant_id)
    dropped = {"_csrf_token": guest.http.cookies[CSRF_COOKIE], "drop": str(nuts.product_id)}
    told = await guest.http.post("/favourites", data=dropped, headers={"accept": "application/json"})
    assert (told.status_code, told.json()) == (200, {"done": True})
    assert (await guest.post("/favourites", {"keep": "x"})).status_code == 404


async def test_what_was_looked_at_is_remembered_until_it_is_switched_off(
    app: Litestar, buyer: Browser, world: World
) -> None:
    path = f"/products/{world.items['nuts'].product_id}"

    async def history() -> str:
        kept: Footprints | None = app.state.get("footprints")
        if kept is not None:
            await kept.settled()
        return words(await buyer.get("/account/history"))

    await buyer.get(path)
    assert "Hickory nuts" in await history()
    await buyer.post("/account/history/remove", {"product": str(world.items["nuts"].product_id)})
    assert "Hickory nuts" not in await history()
    await buyer.post("/account/history/switch", {"on": "no"})
    await buyer.get(path)
    assert "The history is switched off" in await history() and "Hickory nuts" not in await history()
    await buyer.post("/account/history/switch", {"on": "yes"})
    await buyer.get(path)
    assert "Hickory nuts" in await history()


@pytest.mark.parametrize("path", ["/account/favourites", "/account/history", "/account/reviews"])
async def test_an_empty_page_teaches(guest: Browser, world: World, path: str) -> None:
    page = await guest.get(path)
    assert page.status_code == 200 and 'class="empty"' in page.text
