"""The console hands out posters of the shop and of what its live room shows, counted as the shop's own."""

import pytest

from steelyard.channels import live
from steelyard.kernel.db import Database
from steelyard.surfaces.web import lettering
from tests.support.browser import Browser
from tests.support.live_plans import session
from tests.support.world import World
from tests.surfaces.storefront.test_posters import needs_letters, no_letters


@needs_letters
async def test_a_shop_and_what_its_room_shows_have_posters(owner: Browser, db: Database, world: World) -> None:
    planned = await session(db, world)
    here = f"/merchant/live/{planned.session_id}"
    pages = [(await owner.get(path)).text for path in ("/merchant/shop", here)]
    for page, drawn_at in zip(pages, ("/shops/tea/poster.png", "/live/"), strict=True):
        for lang in ("zh-Hans", "en"):
            [address] = [each for each in page.split('"') if each.endswith(f"poster.png?by=shop&amp;lang={lang}")]
            assert address.startswith(drawn_at)
            assert (await owner.get(address.replace("&amp;", "&"))).headers["content-type"] == "image/png"

    await db.transact(live.cancel, planned.merchant_id, planned.session_id, "Rain", "staff:1")
    assert "poster.png" not in (await owner.get(here)).text


async def test_a_machine_without_letters_offers_none(owner: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "faces", no_letters)
    assert "poster.png" not in (await owner.get("/merchant/shop")).text
