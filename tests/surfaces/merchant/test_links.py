"""A shop makes links for its campaigns, sees what came of them, and enters what campaigns cost."""

from datetime import date
from uuid import UUID

from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.operations import behaviour
from steelyard.surfaces.web.footfall import Footfall
from tests.support.browser import Browser, browsing, hidden, words
from tests.support.world import World

DESK = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Safari/537.36"
FORM = {"name": "Spring post", "medium": "social", "source": "weibo", "campaign": "spring"}


async def test_a_link_is_made_followed_and_ended(app: Litestar, db: Database, world: World, owner: Browser) -> None:
    app.state.footfall = Footfall(db)
    product = world.items["green"].product_id
    page = await owner.get("/merchant/links")
    form = {**FORM, "target": f"product:{product}", "link_id": hidden(page, "link_id")}
    for _ in range(2):
        assert (await owner.post("/merchant/links", form)).status_code == 303
    [found] = (await db.ask(behaviour.links, world.tea.merchant_id)).items

    async with browsing(app) as guest:
        guest.http.headers["user-agent"] = DESK
        led = await guest.get(f"/l/{found.link.code}", qr="1", to="https://elsewhere.test/")
        landed = await guest.get(led.headers["location"])
        assert (await guest.get("/l/nothing1")).status_code == 404
        guest.http.headers["sec-gpc"] = "1"
        await guest.get(f"/l/{found.link.code}")
    await app.state.footfall.count()

    assert led.headers["location"] == (
        f"/products/{product}?utm_source=weibo&utm_medium=social&utm_campaign=spring&link={found.link.code}"
        f"&qr={found.link.code}"
    )
    assert landed.status_code == 200
    rows = await db.ask(
        lambda read: read.fetch("SELECT channel, properties FROM behaviour_events WHERE kind = 'arrive'")
    )
    assert [(row["channel"], row["properties"]["link"]) for row in rows] == [("qr", found.link.code)]
    assert "1, of them by code 1" in words(await owner.get("/merchant/links"))
    await owner.post(f"/merchant/links/{found.link.link_id}/end")
    assert "Spring post" not in (await owner.get("/merchant/links")).text
    assert "Spring post" in (await owner.get("/merchant/links", ended="1")).text


async def test_what_is_wrong_stands_beside_its_field_and_another_shops_goods_are_no_target(
    world: World, owner: Browser
) -> None:
    wrong = await owner.post(
        "/merchant/links", {**FORM, "source": "", "target": f"product:{world.items['hammer'].product_id}"}
    )

    assert wrong.status_code == 422
    assert "Please fill this in" in wrong.text and "Please choose one" in wrong.text
    assert 'value="Spring post"' in wrong.text


async def test_costs_are_entered_by_lines_and_by_file(db: Database, world: World, owner: Browser) -> None:
    lines = "day,channel,amount,source,campaign\n2026-09-01,ad,120.50,weibo,spring\n2026-09-02,mail,3"
    file = {"file": ("costs.csv", "2026-09-03,live,7".encode("utf-8-sig"))}

    assert (await owner.upload("/merchant/links/costs", {"lines": lines}, file)).status_code == 303

    kept = await db.ask(behaviour.costs, world.tea.merchant_id, date(2026, 9, 1), date(2026, 9, 9))
    assert [(cost.day.day, str(cost.channel), cost.amount, cost.campaign) for cost in kept] == [
        (3, "live", 700, ""),
        (2, "mail", 300, ""),
        (1, "ad", 12_050, "spring"),
    ]
    bad = await owner.post("/merchant/links/costs", {"lines": "2026-09-01,ad,10\n2026-09-01,ads,10"})
    assert bad.status_code == 422 and "Line 2 is not day,channel,amount" in bad.text
    assert (await owner.post("/merchant/links/costs", {"lines": ""})).status_code == 422
    assert (await db.ask(behaviour.costs, UUID(int=1), date(2026, 9, 1), date(2026, 9, 9))) == []
