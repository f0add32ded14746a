"""Wallets at the pages: a card is issued by the operator, redeemed by a buyer, and pays; nobody sees another's."""

import csv
import io
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from litestar import Litestar

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.settings import Settings
from steelyard.money import payments
from steelyard.money.wallets import Purse
from steelyard.parties import policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies.model import POINTS_CHECK_IN, POINTS_WELCOME
from steelyard.surfaces.storefront.wallet import REDEEM_PER_BUYER
from steelyard.trade import orders
from tests.support import deal
from tests.support.browser import Browser, browsing, words
from tests.support.consoles import app, database_url, signed_in, world
from tests.support.purses import filled, left, placed, switched_on
from tests.support.world import Person, World
from tests.surfaces.storefront.buying import SHIP_TO

__all__ = ["app", "database_url", "world"]

pytestmark = pytest.mark.asyncio
WALLET = "/account/wallet"


@asynccontextmanager
async def at(app: Litestar, person: Person) -> AsyncGenerator[Browser]:
    browser = await signed_in(app, person)
    try:
        yield browser
    finally:
        await browser.close()


def buyer_of(world: World) -> BuyerId:
    assert world.buyer.buyer_id is not None
    return world.buyer.buyer_id


async def test_the_operator_issues_cards_and_has_their_codes_once(app: Litestar, db: Database, world: World):
    await switched_on(db)
    async with at(app, world.operator) as chief, at(app, world.buyer) as buyer:
        page = await chief.get("/operator/wallets")
        form = {
            "issue_id": _field(page.text, "issue_id"),
            "name": "Spring",
            "amount": "50",
            "currency": "CNY",
            "cards": "2",
        }
        answer = await chief.post("/operator/wallets/issues", form)
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert answer.headers["content-type"].startswith("text/csv")
        codes = [row[0] for row in rows[1:]]
        assert len(codes) == 2
        again = await chief.post("/operator/wallets/issues", form)
        assert again.status_code in (302, 303), "a second click issues nothing"

        done = await buyer.post(f"{WALLET}/redeem", {"code": codes[0].lower()})
        assert "50.00" in words(await buyer.follow(done))
        assert await left(db, buyer_of(world)) == 5_000
        issue = await chief.get(again.headers["location"])
        assert "Redeemed" in words(issue)
        assert codes[1] not in issue.text
        await chief.post(again.headers["location"] + "/withdraw", {})
        late = await buyer.post(f"{WALLET}/redeem", {"code": codes[1]})
        assert late.status_code == 409


async def test_a_wrong_code_is_told_beside_its_field_and_kept(app: Litestar, db: Database, world: World):
    await switched_on(db)
    async with at(app, world.buyer) as buyer:
        answer = await buyer.post(f"{WALLET}/redeem", {"code": "wrong"})

        assert answer.status_code == 422
        assert ">wrong</textarea>" in answer.text
        assert 'id="code-error"' in answer.text


async def test_codes_are_not_tried_all_night(app: Litestar, db: Database, world: World):
    await switched_on(db)
    async with at(app, world.buyer) as buyer:
        for _ in range(REDEEM_PER_BUYER.burst):
            assert (await buyer.post(f"{WALLET}/redeem", {"code": "wrong"})).status_code == 422
        assert (await buyer.post(f"{WALLET}/redeem", {"code": "wrong"})).status_code == 429


async def test_a_statement_is_its_buyers_alone(app: Litestar, db: Database, world: World):
    await filled(db, 1_234, buyer_id=buyer_of(world))
    async with at(app, world.buyer) as buyer, at(app, world.other_buyer) as other:
        assert "12.34" in words(await buyer.get(WALLET))
        assert "12.34" not in words(await other.get(WALLET))
        file = await buyer.get(f"{WALLET}?format=csv")
        assert "12.34" in file.text
        assert "12.34" not in (await other.get(f"{WALLET}?format=csv")).text


async def test_staff_give_credit_once_with_a_reason_that_is_written_down(app: Litestar, db: Database, world: World):
    await switched_on(db)
    own = f"/operator/buyers/{buyer_of(world)}"
    async with at(app, world.operator) as chief, at(app, world.buyer) as buyer:
        page = await chief.get(own)
        form = {
            "credit_id": _field(page.text, "credit_id"), "currency": "CNY", "amount": "12.50", "reason": "It came late",
        }  # fmt: skip
        for _ in range(2):
            await chief.post(f"{own}/credit", form)
        refused = await chief.post(f"{own}/credit", form | {"credit_id": "", "reason": ""})
        assert "12.50" in words(await chief.follow(refused))
        assert "It came late" in words(await buyer.get(WALLET))
        assert "Gave a buyer credit" in words(await chief.get("/operator/audit"))
    assert await left(db, buyer_of(world)) == 1_250


async def test_a_ticked_balance_pays_and_the_pages_tell_it(app: Litestar, db: Database, world: World):
    await filled(db, 1_000, buyer_id=buyer_of(world))
    green = world.items["green"]
    checkout_id = await deal.opened(db, [(green.sku_id, 1)], buyer_of(world))
    here = f"/checkout/{checkout_id}"
    async with at(app, world.buyer) as buyer:
        assert "purse-balance" in (await buyer.get(here)).text
        form = _filled_in() | {"purse-balance": "yes"}
        await buyer.post(here, form | {"then": ""})
        page = await buyer.get(here)
        assert "−¥10.00" in page.text or "−CN¥10.00" in page.text
        seen = {name: _field(page.text, name) for name in ("expected_total", "expected_rest")}
        assert int(seen["expected_total"]) - int(seen["expected_rest"]) == 1_000

        moved = await buyer.post(here, form | seen | {"expected_rest": "1", "then": "place"})
        assert moved.status_code == 422, "the rest needs a channel"
        await filled(db, 10_000_000, buyer_id=buyer_of(world))
        moved = await buyer.post(here, form | seen | {"then": "place"})
        assert moved.status_code == 409, "what is left to pay is not what was seen"
        assert await left(db, buyer_of(world)) == 10_001_000
        paid = await buyer.post(here, form | seen | {"expected_rest": "0", "then": "place"})

        assert "Paid. Thank you!" in words(await buyer.follow(paid))
        (found,) = (await db.ask(orders.purchases_of_buyer, [buyer_of(world)])).items
        assert found.tendered == found.total == 10_001_000 - await left(db, buyer_of(world))
        assert "Paid with: Balance" in words(await buyer.get(f"/purchases/{found.code}"))
        (order,) = await deal.orders_of(db, found.purchase_id)
        assert "Paid with: Balance" in words(await buyer.get(f"/orders/{order.code}"))
        assert found.code in words(await buyer.get(WALLET))


async def test_another_who_goes_on_with_a_checkout_spends_nothing_of_its_buyer(
    app: Litestar, db: Database, world: World
):
    await filled(db, 1_000, buyer_id=buyer_of(world))
    checkout_id = await deal.opened(db, [(world.items["green"].sku_id, 1)], buyer_of(world))
    await db.transact(_by_an_agent, checkout_id)
    here = f"/checkout/{checkout_id}"
    async with at(app, world.other_buyer) as other:
        page = await other.get(here)
        assert page.status_code == 200
        assert "purse-balance" not in page.text
        await other.post(here, _filled_in() | {"purse-balance": "yes", "channel": "simpay", "then": "place"})

    assert await left(db, buyer_of(world)) == 1_000


async def test_a_wallet_asks_who_one_is(app: Litestar):
    async with browsing(app) as visitor:
        assert (await visitor.get(WALLET)).headers["location"].startswith("/sign-in")


async def test_a_refund_to_a_balance_arrives_without_a_channel(db: Database, world: World):
    await filled(db, 10_000_000, buyer_id=buyer_of(world))
    purchase_id = await placed(db, [(world.items["green"].sku_id, 1)], buyer_of(world))
    (order,) = await deal.orders_of(db, purchase_id)
    await deal.shipped(db, order)
    await deal.refunded(db, order, freight=order.freight)
    assert await payments.send_refunds(db, {}, Settings()) == 1

    assert await left(db, buyer_of(world)) == 10_000_000 - order.total + order.freight


def _field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def _filled_in() -> dict[str, str]:
    return SHIP_TO


async def _by_an_agent(tx: Tx, checkout_id: UUID) -> None:
    await tx.execute("UPDATE checkouts SET client = 'https://agent.test' WHERE checkout_id = $1", checkout_id)


async def test_a_day_is_checked_in_by_a_click_and_not_by_a_second(app: Litestar, db: Database, world: World):
    async with at(app, world.buyer) as buyer:
        assert "check-in" not in (await buyer.get(WALLET)).text, "no button where nobody checks in"
        await db.transact(policies.settle, POINTS_CHECK_IN, 5, None)
        assert "Check in for 5 points" in words(await buyer.get(WALLET))

        first = words(await buyer.follow(await buyer.post(f"{WALLET}/check-in", {})))
        second = words(await buyer.follow(await buyer.post(f"{WALLET}/check-in", {})))

    assert "Checked in: 5 points." in first
    assert "You have checked in today" in second
    assert await left(db, buyer_of(world), Purse.POINTS) == 5


async def test_who_registers_is_welcomed_with_points(app: Litestar, db: Database):
    await db.transact(policies.settle, POINTS_WELCOME, 100, None)
    async with browsing(app) as visitor:
        form = {"name": "Li Na", "email": "li.na@example.com", "password": "a-long-one-of-mine"}
        await visitor.post("/register", form)
        assert "Welcome" in words(await visitor.get(WALLET))
