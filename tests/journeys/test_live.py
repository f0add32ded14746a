"""A live room: the picture runs, two viewers talk, the desk pins and lowers a price, and somebody buys without leaving it."""

import asyncio
import re
import time
from uuid import UUID

import httpx
import psycopg
from playwright.async_api import FrameLocator, expect

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
COUNTED_MS = 20_000
RUNNING = """
    SELECT r.slug, l.session_id FROM live_sessions l JOIN rooms r USING (merchant_id, room_id)
    JOIN shops s USING (merchant_id) WHERE s.slug = %s AND l.state = 'on_air' ORDER BY l.started_at LIMIT 1
"""
NEWEST = """
    SELECT o.source, l.product_id, e.product_id
    FROM live_orders l JOIN orders o USING (merchant_id, order_id)
    JOIN live_explained e ON (e.merchant_id, e.session_id) = (l.merchant_id, l.session_id) AND e.to_at IS NULL
    WHERE l.session_id = %s ORDER BY o.placed_at DESC LIMIT 1
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

    # Bought in a sheet over the picture, which goes on; the channel's cashier is a window of its own.
    screen = await visit()
    await steps.sign_in(screen, house, "merchant@steelyard.test", to=f"/merchant/live/{session_id}/screen")
    before = figures_of(house, session_id)
    await other.page.locator(".live-pin a[data-buy]").click()
    sheet = other.page.frame_locator("iframe.live-frame")
    await expect(sheet.locator("#live-buy")).to_contain_text(price)
    await sheet.locator("#live-buy button.button-primary").click()
    await place_in_the_sheet(other, sheet)
    async with other.context.expect_page() as opened:
        await sheet.locator("a[target='_blank'].button-primary").first.click()
    cashier = await opened.value
    await cashier.locator("button[name='do'][value='approve']").click()
    await expect(sheet.locator("h1")).to_have_text(other.words("Paid. Thank you!"), timeout=COUNTED_MS)
    assert f"/live/{slug}" in other.page.url

    # The order says of which second of the session it is, and what was on screen then; the figures count it.
    source, on_screen, pinned, orders, paid = await told_of(house, session_id, before)
    second = re.fullmatch(rf"live:{session_id}:(\d+)", source)
    assert second is not None and int(second[1]) <= 86_400
    assert on_screen == pinned
    assert (orders, paid) == (before[0] + 1, before[1] + 1)
    counted = screen.page.locator("#screen-figures .screen-figure", has_text=screen.words("Paid orders")).locator("b")
    await expect(counted).to_have_text(str(paid), timeout=COUNTED_MS)
    await end_the_price(desk)


async def place_in_the_sheet(viewer: Visitor, sheet: FrameLocator) -> None:
    """A guest says where to send it, by pasting all of it, and orders."""
    await sheet.locator("input[name='email']").first.fill("live@example.com")
    await sheet.locator("details.paste > summary").click()
    await sheet.locator("textarea[name='pasted']").fill(" ".join(steps.HOME.values()))
    await sheet.get_by_role("button", name=viewer.words("Recognise"), exact=True).click()
    await expect(sheet.locator("select[data-level='district']")).to_have_value(steps.HOME["district"])
    await expect(sheet.locator("#priced input[type='radio']:checked").first).to_be_attached()
    await expect(sheet.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
    await sheet.locator("button[name='then'][value='place']").locator("visible=true").first.click()


async def end_the_price(desk: Visitor) -> None:
    """What is left of it goes back to where everybody buys."""
    end = desk.page.locator("[id^='end-price-']").first
    if await end.count():
        await end.click()
        await expect(end).to_have_count(0)


async def lower_the_price(desk: Visitor, session_id: str, variant: Variant) -> str:
    """The first of the bag at a live price, whatever it costs otherwise; returns the price as it is written."""
    page, price = desk.page, f"{9 + variant.number}.90"
    await end_the_price(desk)
    form = page.locator(".desk-good").first.locator("a[id^='price-']")
    await desk.goto(str(await form.get_attribute("href")))
    await desk.look("live-price")
    await page.locator("#price").fill(price)
    await page.locator("#pieces").fill("5")
    await page.locator("#desk-form button.button-primary").click()
    await page.wait_for_url(re.compile("/desk$"))
    return price


def on_air(house: House) -> tuple[str, str]:
    """The demo's session, which its built-in host plays. Returns when the picture comes in."""
    until = time.monotonic() + PICTURE_SECONDS_MAX
    with psycopg.connect(commands.owner_url(house.home), autocommit=True) as owner:
        while (found := owner.execute(RUNNING, (SHOP,)).fetchone()) is None:
            assert time.monotonic() < until, "nobody goes on air"
            time.sleep(0.5)
    slug, session_id = str(found[0]), str(found[1])
    page = httpx.get(f"{house.url}/live/{slug}", timeout=30)
    play = re.search(r'data-play="([^"]+)"', page.text)
    assert play is not None, "the house has no media origin"
    while httpx.get(play[1], timeout=10).status_code != 200:
        assert time.monotonic() < until, "no picture comes in"
        time.sleep(0.5)
    return slug, session_id


def figures_of(house: House, session_id: str) -> tuple[int, int]:
    """How many orders the session has, and how many of them are paid."""
    with psycopg.connect(commands.owner_url(house.home)) as owner:
        row = owner.execute(
            "SELECT count(*), count(paid_at) FROM live_orders WHERE session_id = %s", (session_id,)
        ).fetchone()
    assert row is not None
    return row[0], row[1]


async def told_of(house: House, session_id: str, before: tuple[int, int]) -> tuple[str, UUID, UUID, int, int]:
    """Of the newest order of the session: its source, what was on screen, what is explained now; and the counts, as soon as
    they have moved."""
    until = time.monotonic() + COUNTED_MS / 1_000
    while figures_of(house, session_id) != (before[0] + 1, before[1] + 1):
        assert time.monotonic() < until, "the order is not counted"
        await asyncio.sleep(0.2)
    with psycopg.connect(commands.owner_url(house.home)) as owner:
        row = owner.execute(NEWEST, (session_id,)).fetchone()
    assert row is not None, "nothing was ordered in the session"
    return (*row, *figures_of(house, session_id))
