"""One field that finds everything a person may see, and nothing else."""

import httpx
from litestar import Litestar

from steelyard.kernel.db import Database, Tx
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.consoles import signed_in
from tests.support.world import Person, World, account

PALETTE = {"hx-request": "true"}


async def found(browser: Browser, console: str, q: str) -> httpx.Response:
    answer = await browser.http.get(f"/{console}/find", params={"q": q}, headers=PALETTE)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    return answer


async def test_an_order_is_found_by_code_name_telephone_and_parcel(
    db: Database, world: World, owner: Browser, chief: Browser
) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await deal.shipped(db, order)
    address = order.address

    for console, browser in {"merchant": owner, "operator": chief}.items():
        for q in (order.code, order.code.lower()[:6], address.name, address.name[:2].lower(), address.phone[-4:]):
            assert order.code in (await found(browser, console, q)).text, (console, q)


async def test_a_parcel_is_found_by_the_beginning_of_its_number(db: Database, world: World, owner: Browser) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 1)])
    parcel_id = await deal.shipped(db, order)
    number = f"SX{parcel_id.hex[-12:]}".upper()

    page = await found(owner, "merchant", number[:7].lower())

    assert f"/merchant/orders/{order.order_id}" in page.text


async def test_another_shop_finds_none_of_it(app: Litestar, db: Database, world: World) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 1)])
    rival = await signed_in(app, world.tools.owner)

    page = await found(rival, "merchant", order.code)

    assert order.code not in page.text
    assert "Nothing found" in page.text
    await rival.close()


async def test_goods_people_merchants_and_pages_are_found(world: World, owner: Browser, chief: Browser) -> None:
    assert "/merchant/products/" in (await found(owner, "merchant", "green")).text
    assert f"/operator/merchants/{world.tea.merchant_id}" in (await found(chief, "operator", "tea")).text
    assert world.operator.email in (await found(chief, "operator", world.operator.email[:5])).text
    assert 'href="/merchant/freight"' in (await found(owner, "merchant", "frei")).text


async def test_without_scripts_it_is_a_page(owner: Browser) -> None:
    page = await owner.get("/merchant/find", q="stock")

    assert page.status_code == 200
    assert "<h1>Search</h1>" in page.text
    assert 'href="/merchant/stock"' in page.text


async def test_what_one_may_not_see_is_not_found(app: Litestar, db: Database, world: World) -> None:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 1)])

    async def make(tx: Tx) -> Person:
        return await account(tx, "merchant", "tea.nobody", "Nobody", merchant_id=world.tea.merchant_id)

    nobody = await signed_in(app, await db.transact(make))

    page = await found(nobody, "merchant", order.code)

    assert order.code not in words(page)
    await nobody.close()
