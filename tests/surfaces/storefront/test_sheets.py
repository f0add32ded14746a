"""The storefront's pages in a sheet over another page of ours, as a live room shows the checkout."""

from tests.simulators.world import Simulated
from tests.support.browser import Browser, hidden, words
from tests.support.world import World
from tests.surfaces.storefront.buying import SHIP_TO, open_checkout, put

IN_A_SHEET = {"sec-fetch-dest": "iframe", "sec-fetch-site": "same-origin"}
FROM_ELSEWHERE = {"sec-fetch-dest": "iframe", "sec-fetch-site": "cross-site"}
POLICY = "content-security-policy"


async def test_in_a_sheet_a_page_stands_alone_and_may_be_framed_by_us_only(guest: Browser, world: World) -> None:
    await put(guest, world.items["nuts"])
    till = await open_checkout(guest)

    whole, sheet = await guest.get(till), await guest.http.get(till, headers=IN_A_SHEET)
    stranger = await guest.http.get(till, headers=FROM_ELSEWHERE)

    assert 'class="shop-top"' in whole.text and 'class="shop-top"' not in sheet.text
    assert 'id="place"' in sheet.text
    assert "frame-ancestors 'self'" in sheet.headers[POLICY]
    assert "frame-ancestors 'none'" in whole.headers[POLICY] and "frame-ancestors 'none'" in stranger.headers[POLICY]


async def test_in_a_sheet_the_cashier_opens_beside_the_page_that_waits(
    guest: Browser, world: World, channel: Simulated
) -> None:
    await put(guest, world.items["nuts"])
    till = await open_checkout(guest)
    await guest.post(till, SHIP_TO)
    expected = hidden(await guest.get(till), "expected_total")
    wish = {**SHIP_TO, "expected_total": expected, "channel": "simpay", "then": "place"}

    guest.http.headers.update(IN_A_SHEET)
    placed = await guest.post(till, wish)
    waits = await guest.follow(placed)

    assert placed.headers["location"].endswith("/return")
    assert "Waiting for the payment" in words(waits)
    assert 'target="_blank"' in waits.text and "/cashier/" in waits.text
