"""Who looks at what is counted: buyers and visitors, not staff, not programs, not those who ask not to be."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from litestar import Litestar

from steelyard.kernel import batch_board
from steelyard.kernel.db import Database, Tx
from steelyard.operations import analytics
from steelyard.operations.analytics import View
from steelyard.surfaces.web import footfall as web_footfall
from steelyard.surfaces.web.footfall import Footfall, Noted
from steelyard.trade.settlement import settlement_day
from tests.support.browser import BASE, Browser
from tests.support.world import World

PHONE = "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Mobile Safari/537.36"
DESK = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Safari/537.36"


@pytest.fixture
def footfall(app: Litestar, db: Database) -> Footfall:
    app.state.footfall = Footfall(db)
    return app.state.footfall


async def test_a_visitor_is_counted_on_the_way_from_the_home_page_to_the_cart(
    db: Database, world: World, guest: Browser, footfall: Footfall
) -> None:
    green, today = world.items["green"], settlement_day(datetime.now(UTC))
    guest.http.headers["user-agent"] = PHONE
    await guest.get("/", utm_medium="email")
    await guest.get(f"/products/{green.product_id}")
    await guest.post("/cart/lines", {"product_id": str(green.product_id), "quantity": "1"})
    await footfall.count()

    site = await db.ask(analytics.figures.traffic, today, today)
    [source] = await db.ask(analytics.figures.traffic_by_channel, today, today)
    [device] = await db.ask(analytics.figures.traffic_by_device, today, today, world.tea.merchant_id)
    tools = await db.ask(analytics.figures.traffic, today, today, world.tools.merchant_id)

    assert (site.visitors, site.product_visitors, site.cart_visitors, site.checkout_visitors) == (1, 1, 1, 0)
    assert (source.key, device.key, device.visitors) == ("mail", "phone", 1)
    assert tools.visitors == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"user-agent": "somebot/1.0 (+https://bots.test)"},
        {"user-agent": DESK, "sec-gpc": "1"},
        {"user-agent": DESK, "dnt": "1"},
    ],
    ids=["a program", "somebody who asks not to be counted", "somebody who asks not to be tracked"],
)
async def test_some_are_not_counted(db: Database, guest: Browser, footfall: Footfall, headers: dict[str, str]) -> None:
    guest.http.headers.update(headers)
    await guest.get("/")
    await footfall.count()

    assert await db.ask(lambda read: read.value("SELECT count(*) FROM visits")) == 0


async def test_staff_are_no_visitors(db: Database, world: World, app: Litestar, footfall: Footfall) -> None:
    staff = Browser(app)
    staff.http.headers["user-agent"] = DESK
    await staff.sign_in(world.tea.owner)
    before = await db.ask(lambda read: read.value("SELECT count(*) FROM visits"))
    await staff.get("/")
    await staff.get(f"/products/{world.items['green'].product_id}")
    await footfall.count()
    await staff.close()

    assert await db.ask(lambda read: read.value("SELECT count(*) FROM visits")) == 0
    assert before == 0


@pytest.mark.parametrize(
    ("referer", "source"),
    [
        ("https://www.baidu.com/link", "search"),
        ("https://m.weibo.com/u/1", "social"),
        ("https://blog.example.net/post", "link"),
        (f"{BASE}/categories", "direct"),
        ("", "direct"),
        ("https://[broken", "direct"),
    ],
)
async def test_the_page_that_led_here_says_where_a_visitor_comes_from(
    db: Database, guest: Browser, footfall: Footfall, referer: str, source: str
) -> None:
    guest.http.headers["user-agent"] = DESK
    if referer:
        guest.http.headers["referer"] = referer
    await guest.get("/")
    await footfall.count()

    today = settlement_day(datetime.now(UTC))
    [found] = await db.ask(analytics.figures.traffic_by_channel, today, today)
    assert found.key == source


async def test_what_cannot_be_counted_stands_in_nobodys_way(
    db: Database, guest: Browser, footfall: Footfall, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    async def broken(_: Tx, views: Sequence[View]) -> None:
        tried.append(len(views))
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(analytics, "record", broken)
    guest.http.headers["user-agent"] = DESK
    for _ in range(2):
        assert (await guest.get("/")).status_code == 200

    await footfall.stop()

    [told] = await db.ask(batch_board.listed, datetime.now(UTC) - timedelta(hours=1))
    assert (told.batcher, told.requests, told.failed, tried) == ("footfall", 2, 2, [2])
    assert await db.ask(lambda read: read.value("SELECT count(*) FROM visits")) == 0


async def test_at_the_end_what_waits_is_counted_and_what_had_no_room_is_told_of(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_footfall, "WAITING_VIEWS_MAX", 2)
    footfall = Footfall(db)
    for _ in range(3):
        footfall.note(Noted(who=uuid4(), views=[View(visitor_id=uuid4(), at=datetime.now(UTC))]))

    await footfall.stop()

    [told] = await db.ask(batch_board.listed, datetime.now(UTC) - timedelta(hours=1))
    assert (told.requests, told.largest, told.turned_away, told.failed) == (2, 2, 1, 0)
    assert await db.ask(lambda read: read.value("SELECT sum(views) FROM traffic_days")) == 2
