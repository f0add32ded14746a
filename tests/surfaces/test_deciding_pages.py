"""Many refunds decided at once, on the pages of both consoles."""

from typing import cast

import msgspec
from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.trade import aftersales
from steelyard.trade.aftersales import Giver, RequestSide
from tests.support import deal
from tests.support.browser import words
from tests.support.consoles import app, database_url, signed_in, world
from tests.support.world import World
from tests.trade.test_refund_limits import by, giver, less, limited

__all__ = ["app", "database_url", "world"]


async def test_what_is_ticked_is_approved_or_declined_and_each_says_what_came_of_it(
    app: Litestar, db: Database, world: World
) -> None:
    orders = await deal.paid(db, [(world.items["nuts"].sku_id, 4)])
    merchant_id = orders[0].merchant_id
    clerk = giver(merchant_id)
    staff = cast("Giver", msgspec.structs.replace(clerk, side=RequestSide.OPERATOR, merchant_id=None))
    await limited(db, merchant_id, 500)
    await limited(db, None, 500)
    await deal.shipped(db, orders[0])
    asked = []
    for who, amount in ((clerk, 600), (clerk, 700), (staff, 800), (staff, 900)):
        found = await db.transact(aftersales.give, who, less(orders[0], amount), by(who))
        assert found is not None
        asked.append(f"{found.merchant_id}.{found.request_id}")

    for person, of, page in (
        (world.tea.owner, asked[:2], "/merchant/refunds/approvals"),
        (world.operator, asked[2:], "/operator/refunds/approvals"),
    ):
        browser = await signed_in(app, person)
        assert f"{page}/many" in (await browser.get(page)).text
        shown = (await browser.get(f"{page}/many")).text
        assert all((each in shown) == (each in of) for each in asked)
        assert asked[0] not in (await browser.get(f"{page}/many?least=6.50")).text
        none = await browser.post(f"{page}/many", {"do": "approve"})
        assert none.status_code == 422 and "Please tick the refunds" in words(none)
        wordless = await browser.post(f"{page}/many", {"do": "decline", "request": of[1], "answer": ""})
        assert wordless.status_code == 422 and "Please say why" in words(wordless) and "checked" in wordless.text
        for _ in range(2):  # a second click changes nothing
            done = await browser.post(f"{page}/many", {"do": "approve", "request": [of[0], of[0].upper()]})
            assert (done.status_code, words(done).count("Approved, on its way back")) == (200, 1)
        said = await browser.post(f"{page}/many", {"do": "decline", "request": of[1], "answer": "Ask the maker"})
        assert "Declined" in words(said) and "Decide more" in words(said)
        late = await browser.post(f"{page}/many", {"do": "approve", "request": of[1]})
        assert late.status_code == 200 and "Approved, on its way back" not in words(late)
    assert (await deal.again(db, orders[0])).refunded == 600 + 800
