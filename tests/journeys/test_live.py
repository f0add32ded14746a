"""A live room: the picture runs, two viewers talk, the desk pins and lowers a price, and somebody buys without leaving it."""

import json
import re
import time
import uuid
from typing import Any

import httpx
import psycopg
from playwright.async_api import expect

from tests.cli import commands
from tests.journeys import steps
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.variants import Variant
from tests.journeys.visitor import Visitor

SHOP = "zoufang"
# What is pushed to a page is there within a second; a machine that does everything at once is given some more.
PUSHED_MS = 3_000
FIRST_PICTURE_MS = 60_000
PICTURE_SECONDS_MAX = 90
RUNNING = """
    SELECT r.slug, l.session_id FROM live_sessions l JOIN rooms r USING (merchant_id, room_id)
    WHERE l.merchant_id = %s AND l.state = 'on_air' ORDER BY l.started_at LIMIT 1
"""


async def test_a_viewer_watches_talks_and_buys_without_leaving_the_stream(
    visit: Visit, house: House, variant: Variant
) -> None:
    slug, session_id = on_air(house)
    viewer, other, desk = await visit(), await visit(), await visit()
    await steps.sign_in(desk, house, "merchant@steelyard.test", to=f"/merchant/live/{session_id}/desk")
    await steps.sign_in(viewer, house, "buyer@steelyard.test", to=f"/live/{slug}")
    await other.goto(f"/live/{slug}")

    # The picture runs, and goes on running.
    video = viewer.page.locator("#live-video")
    await expect(video).to_have_attribute("data-state", "playing", timeout=FIRST_PICTURE_MS)
    before = await video.evaluate("video => video.currentTime")
    await viewer.page.wait_for_function(
        "before => document.getElementById('live-video').currentTime > before + 1", arg=before
    )

    # What one says, the other reads; and the desk.
    said = f"{viewer.words('Colour')} {variant.number}?"
    await viewer.page.locator("#live-text").fill(said)
    await viewer.page.locator("#live-text").press("Enter")
    await expect(other.page.locator("#live-chat")).to_contain_text(said, timeout=PUSHED_MS)
    await expect(desk.page.locator("#desk-chat")).to_contain_text(said, timeout=PUSHED_MS)

    # A pin, then a live price: both are there without anybody reloading.
    good = desk.page.locator(".desk-good").first
    if not await good.evaluate("good => good.classList.contains('is-now')"):
        await good.locator("button[id^='pin-']").click()
    pin = other.page.locator(".live-pin")
    await expect(pin).to_be_visible(timeout=PUSHED_MS)
    price = await lower_the_price(desk, session_id, variant)
    await expect(pin).to_contain_text(price, timeout=PUSHED_MS)
    for window, name in ((other, "room"), (desk, "desk")):
        await window.look(f"live-{name}")

    # Bought in a sheet over the picture, which goes on.
    await other.page.locator(".live-pin a[data-buy]").click()
    sheet = other.page.frame_locator("iframe.live-frame")
    await expect(sheet.locator("#live-buy")).to_contain_text(price)
    await sheet.locator("#live-buy button.button-primary").click()
    await expect(sheet.locator("#place")).to_be_visible()
    order = source_of_last_checkout(house, session_id)
    second = int(re.fullmatch(rf"live:{session_id}:(\d+)", order)[1])  # type: ignore[index]  # else it is no such order
    assert 0 <= second <= 86_400
    assert "/live/" in other.page.url


async def lower_the_price(desk: Visitor, session_id: str, variant: Variant) -> str:
    """The first of the bag at a live price, whatever it costs otherwise; returns the price as it is written."""
    page, price = desk.page, f"{9 + variant.number}.90"
    end = page.locator("[id^='end-price-']").first
    if await end.count():
        await end.click()
        await expect(end).to_have_count(0)
    form = page.locator(".desk-good").first.locator("a[id^='price-']")
    await desk.goto(str(await form.get_attribute("href")))
    await desk.look("live-price")
    await page.locator("#price").fill(price)
    await page.locator("#pieces").fill("5")
    await page.locator("#desk-form button.button-primary").click()
    await page.wait_for_url(re.compile("/desk$"))
    return price


def on_air(house: House) -> tuple[str, str]:
    """A session of the shop that is on air, played by the built-in host; one is begun where there is none. Returns when its
    picture comes in."""
    with psycopg.connect(commands.owner_url(house.home), autocommit=True) as owner:
        shop = owner.execute("SELECT merchant_id FROM shops WHERE slug = %s", (SHOP,)).fetchone()
        assert shop is not None
        found = owner.execute(RUNNING, shop).fetchone() or begun(owner, shop[0])
    slug, session_id = str(found[0]), str(found[1])
    page = httpx.get(f"{house.url}/live/{slug}", timeout=30)
    play = re.search(r'data-play="([^"]+)"', page.text)
    assert play is not None, "the house has no media origin"
    until = time.monotonic() + PICTURE_SECONDS_MAX
    while httpx.get(play[1], timeout=10).status_code != 200:
        assert time.monotonic() < until, "no picture comes in"
        time.sleep(0.5)
    return slug, session_id


def begun(owner: psycopg.Connection[Any], merchant_id: uuid.UUID) -> tuple[str, uuid.UUID]:
    """A room with a session on air and the shop's best in its bag."""
    room_id, session_id, slug = uuid.uuid4(), uuid.uuid4(), f"{SHOP}-live"
    words = json.dumps({"zh-Hans": "秋冬好物专场", "en": "Autumn favourites"})
    owner.execute(
        "INSERT INTO rooms (merchant_id, room_id, slug, name, category_ids, state) VALUES (%s, %s, %s, %s, '{}', 'open')",
        (merchant_id, room_id, slug, words),
    )
    owner.execute(
        "INSERT INTO room_history (merchant_id, room_id, step, from_state, to_state, by)"
        " VALUES (%s, %s, 1, 'nowhere', 'open', 'journey')",
        (merchant_id, room_id),
    )
    owner.execute(
        "INSERT INTO room_slugs (slug, merchant_id, room_id) VALUES (%s, %s, %s)", (slug, merchant_id, room_id)
    )
    owner.execute(
        "INSERT INTO live_sessions (merchant_id, session_id, room_id, title, starts_at, ends_at, state, started_at)"
        " VALUES (%s, %s, %s, %s, now() - interval '5 minutes', now() + interval '3 hours', 'on_air', now())",
        (merchant_id, session_id, room_id, words),
    )
    for step, (before, after) in enumerate([("nowhere", "planned"), ("planned", "ready"), ("ready", "on_air")], 1):
        owner.execute(
            "INSERT INTO live_session_history (merchant_id, session_id, step, from_state, to_state, by)"
            " VALUES (%s, %s, %s, %s, %s, 'journey')",
            (merchant_id, session_id, step, before, after),
        )
    owner.execute(
        "INSERT INTO live_goods (merchant_id, session_id, product_id, position)"
        " SELECT merchant_id, %s, product_id, row_number() OVER (ORDER BY sold DESC, product_id)"
        " FROM search_entries WHERE merchant_id = %s AND in_stock ORDER BY sold DESC, product_id LIMIT 4",
        (session_id, merchant_id),
    )
    return slug, session_id


def source_of_last_checkout(house: House, session_id: str) -> str:
    """What the checkout that was opened last says of where it came from."""
    with psycopg.connect(commands.owner_url(house.home)) as owner:
        row = owner.execute(
            "SELECT client FROM checkouts WHERE client LIKE %s ORDER BY created_at DESC LIMIT 1",
            (f"live:{session_id}:%",),
        ).fetchone()
    assert row is not None, "nothing was opened in the session"
    return str(row[0])
