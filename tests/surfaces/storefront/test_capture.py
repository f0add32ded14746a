"""What people do on the pages is kept: what it was, of whose goods, and by what they came; and of who asks not to be, nothing."""

from collections.abc import Mapping
from uuid import UUID

import pytest
from litestar import Litestar

from steelyard.kernel.db import Database, Read, Row
from steelyard.surfaces.live_room.hub import Key
from steelyard.surfaces.live_room.watching import Watchers
from steelyard.surfaces.web.footfall import Footfall
from tests.support import deal
from tests.support.browser import Browser, browsing
from tests.support.world import World
from tests.surfaces.storefront.test_notices import given

DESK = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Safari/537.36"
HERE = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def footfall(app: Litestar, db: Database, guest: Browser) -> Footfall:
    app.state.footfall = Footfall(db)
    guest.http.headers["user-agent"] = DESK
    return app.state.footfall


async def kept(db: Database, footfall: Footfall) -> list[Row]:
    await footfall.count()
    return await db.ask(_kept)


async def _kept(read: Read) -> list[Row]:
    return await read.fetch("SELECT * FROM behaviour_events ORDER BY xid, position")


def told(rows: list[Row]) -> list[tuple[str, Mapping[str, object]]]:
    return [(row["kind"], row["properties"]) for row in rows]


async def test_from_the_advertisement_to_the_checkout(
    db: Database, world: World, guest: Browser, footfall: Footfall
) -> None:
    green, shop = world.items["green"], world.tea.merchant_id
    page = f"/products/{green.product_id}"
    await guest.get(page, utm_source="weibo", utm_medium="cpc", utm_campaign="spring", utm_content="b")
    guest.http.headers.update(HERE)
    await guest.get("/search", q="green tea")
    await guest.post("/favourites", {"keep": str(green.product_id)})
    await guest.post("/cart/lines", {"product_id": str(green.product_id), "quantity": "2"})
    await guest.get("/cart")
    till = await guest.post("/cart/checkout", {})
    await guest.follow(till)
    await guest.post("/cart/remove", {"sku_id": str(green.sku_id)})

    rows = await kept(db, footfall)

    assert [(row["kind"], row["merchant_id"] == shop, row["product_id"]) for row in rows] == [
        ("arrive", True, None),
        ("view", True, green.product_id),
        ("search", False, None),
        ("favourite", True, green.product_id),
        ("cart", True, green.product_id),
        ("view", False, None),
        ("checkout", True, None),
        ("cart", True, green.product_id),
    ]
    assert {(row["channel"], row["source"], row["medium"], row["campaign"]) for row in rows} == {
        ("ad", "weibo", "cpc", "spring")
    }
    assert {(row["visitor_id"], row["buyer_id"], row["device"]) for row in rows} == {
        (rows[0]["visitor_id"], None, "desk")
    }
    assert rows[0]["properties"] == {"content": "b", "landing": page, "new": True}
    assert rows[2]["properties"]["words"] == "green tea"
    assert rows[2]["properties"]["results"] >= 1
    assert [row["properties"] for row in rows[4:]] == [
        {"action": "add", "quantity": 2},
        {"page": "cart"},
        {"step": "open"},
        {"action": "remove", "sku": str(green.sku_id)},
    ]


async def test_a_visit_begins_once_and_again_with_another_link(
    db: Database, guest: Browser, footfall: Footfall
) -> None:
    await guest.get("/")
    await guest.get("/")
    await guest.get("/", utm_medium="mail", utm_source="letter")
    await guest.get("/", utm_medium="mail", utm_source="letter")
    await guest.get("/", qr="poster")
    await guest.get("/categories", invite="abc")
    guest.http.headers.update(HERE)
    await guest.get("/")

    rows = [row for row in await kept(db, footfall) if row["kind"] == "arrive"]

    assert [row["channel"] for row in rows] == ["direct", "mail", "qr", "invite"]
    assert rows[2]["properties"]["qr"] == "poster"
    assert rows[3]["properties"] == {"invite": "abc", "landing": "/categories"}


async def test_a_shop_is_looked_at_and_searched_in(
    db: Database, world: World, guest: Browser, footfall: Footfall
) -> None:
    await guest.get(f"/shops/{world.tea.slug}", q="green")
    await guest.get(f"/shops/{world.tea.slug}/share")

    rows = await kept(db, footfall)

    assert [row["kind"] for row in rows] == ["arrive", "view", "search", "share"]
    assert {row["merchant_id"] for row in rows} == {world.tea.merchant_id}


@pytest.mark.parametrize(
    "headers",
    [
        {"user-agent": "somebot/1.0"},
        {"user-agent": DESK, "sec-gpc": "1"},
        {"user-agent": DESK, "dnt": "1"},
        {"user-agent": DESK, "sec-purpose": "prefetch"},
    ],
    ids=["a program", "somebody who asks not to be followed", "not to be tracked", "a page that nobody looks at yet"],
)
async def test_of_some_nothing_is_kept(
    db: Database, world: World, guest: Browser, footfall: Footfall, headers: dict[str, str]
) -> None:
    guest.http.headers.update(headers)
    await guest.get("/", utm_medium="mail")
    await guest.get("/search", q="tea")
    await guest.post("/cart/lines", {"product_id": str(world.items["green"].product_id)})

    assert await kept(db, footfall) == []


async def test_who_works_here_is_nobodys_customer(
    db: Database, world: World, app: Litestar, footfall: Footfall
) -> None:
    async with browsing(app) as staff:
        staff.http.headers["user-agent"] = DESK
        await staff.sign_in(world.tea.owner)
        await footfall.count()
        await db.transact(lambda tx: tx.execute("DELETE FROM behaviour_events"))
        await staff.get(f"/products/{world.items['green'].product_id}")

        assert await kept(db, footfall) == []


async def test_a_buyer_says_no_on_the_page_of_their_data(
    db: Database, world: World, guest: Browser, footfall: Footfall
) -> None:
    green = world.items["green"].product_id
    await guest.get(f"/products/{green}")
    await guest.sign_in(world.buyer)
    await guest.get("/")
    assert {row["buyer_id"] for row in await kept(db, footfall)} == {None, world.buyer.buyer_id}
    assert "Do not analyse what I do" in (await guest.get("/account/privacy")).text

    for _ in range(2):
        await guest.post("/account/privacy/analysing", {"analysed": "0"})
    await guest.get(f"/products/{green}")

    assert await kept(db, footfall) == []
    assert await db.ask(lambda read: read.value("SELECT count(*) FROM visits")) == 0
    assert "is not analysed" in (await guest.get("/account/privacy")).text
    await guest.post("/account/privacy/analysing", {"analysed": "1"})
    await guest.get(f"/products/{green}")
    assert [row["kind"] for row in await kept(db, footfall)] == ["view"]


async def test_a_message_that_was_read_is_opened_once(
    db: Database, world: World, guest: Browser, footfall: Footfall
) -> None:
    await given(db, world, world.buyer)
    await deal.at_rest(db)
    await guest.sign_in(world.buyer)
    page = await guest.get("/account/notices")
    await guest.get("/account/notices")
    assert "utm_source=steelyard&amp;utm_medium=notice" in page.text
    guest.http.headers.update(HERE)
    await guest.get("/coupons", utm_source="steelyard", utm_medium="notice", utm_campaign="coupon_given")

    rows = [each for each in told(await kept(db, footfall)) if each[0].startswith("message")]

    message = {"via": "notice", "message": "coupon_given"}
    assert rows == [("message_open", message), ("message_click", message)]


async def test_who_watches_a_live_session_comes_and_goes(
    db: Database, world: World, app: Litestar, guest: Browser, footfall: Footfall
) -> None:
    key = Key(world.tea.merchant_id, UUID(int=5))
    watchers = Watchers(db, app.state.settings, footfall)
    await guest.get("/", utm_source="weibo", utm_medium="social")
    stranger = _sent(guest)
    await guest.sign_in(world.buyer)
    buyer = _sent(guest)
    await footfall.count()

    for headers in (stranger, buyer):
        watcher = await watchers.of(headers, key)
        assert watcher is not None
        watcher.entered("share")
        watcher.left()
    async with browsing(app) as staff:
        await staff.sign_in(world.tea.owner)
        assert await watchers.of(_sent(staff), key) is None
    assert await watchers.of([*stranger, (b"sec-gpc", b"1")], key) is None
    assert await watchers.of([(b"user-agent", DESK.encode())], key) is None

    rows = [row for row in await kept(db, footfall) if row["kind"].startswith("live")]
    assert [row["kind"] for row in rows] == ["live_enter", "live_leave"] * 2
    assert {(row["merchant_id"], row["session_id"], row["surface"], row["source"]) for row in rows} == {
        (key.merchant_id, key.session_id, "live", "weibo")
    }
    assert [row["buyer_id"] for row in rows] == [None, None, world.buyer.buyer_id, world.buyer.buyer_id]
    assert rows[0]["properties"] == {"from": "share"}
    assert rows[1]["properties"] == {"seconds": 0}


def _sent(browser: Browser) -> list[tuple[bytes, bytes]]:
    """The headers that the browser sends with its next request."""
    cookies = "; ".join(f"{name}={value}" for name, value in browser.http.cookies.items())
    return [(b"user-agent", DESK.encode()), (b"cookie", cookies.encode())]
