"""Gift cards at the pages: ordered, paid at the channel, sent again, given back; nobody sees another's, and the operator all."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.money import gifts, payments, wallets
from steelyard.money.gifts import SaleState
from steelyard.money.gifts.model import HOUSE_ZONE
from steelyard.parties import access, policies
from steelyard.parties.policies.model import GIFTS_SOLD
from tests.support.browser import browsing, words
from tests.support.consoles import app, database_url, world
from tests.support.gifts import bought, code_of, now, ordered, sold, wanted
from tests.support.world import World
from tests.surfaces.test_wallets import at, buyer_of

__all__ = ["app", "database_url", "world"]

pytestmark = pytest.mark.asyncio
SHOP, MINE = "/gift-cards", "/account/gift-cards"


async def test_where_they_are_not_sold_there_is_no_page(app: Litestar, db: Database, world: World):
    async with at(app, world.buyer) as buyer:
        assert (await buyer.get(SHOP)).status_code == 404
        await sold(db)
        assert (await buyer.get(SHOP)).status_code == 200
        assert "Buy a gift card" in words(await buyer.get("/account/wallet"))


async def test_visitors_see_amounts_and_are_asked_to_sign_in(app: Litestar, db: Database):
    await sold(db)
    async with browsing(app) as visitor:
        page = await visitor.get(SHOP)
        assert "Sign in" in words(page)
        assert 'name="amount"' not in page.text
        assert (await visitor.get(MINE)).headers["location"].startswith("/sign-in")


async def test_a_card_is_ordered_once_and_shown(app: Litestar, db: Database, world: World):
    await sold(db)
    tomorrow = datetime.now(HOUSE_ZONE).date() + timedelta(days=1)
    async with at(app, world.buyer) as buyer:
        page = await buyer.get(SHOP)
        form = _form(page.text) | {
            "amount": "other", "amount_other": "88", "to": "other", "recipient": "Friend@Example.test", "message": "For you",
            "send_on": tomorrow.isoformat(),
        }  # fmt: skip
        for _ in range(2):
            assert (await buyer.post(SHOP, form)).status_code in (302, 303)

        (sale,) = (await db.ask(gifts.of_buyer, buyer_of(world))).items
        assert (sale.amount, sale.recipient, sale.message) == (8_800, "friend@example.test", "For you")
        assert "friend@example.test" in words(await buyer.get(MINE))
        assert "For you" in words(await buyer.get(f"{MINE}/{sale.sale_id}"))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "7"}, "amount"), ({"amount": "other", "amount_other": "x"}, "amount"),
        ({"to": "other", "recipient": "nobody"}, "recipient"), ({"message": "x" * 300}, "message"),
        ({"send_on": "yesterday"}, "send_on"),
    ],
)  # fmt: skip
async def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(
    app: Litestar, db: Database, world: World, change: dict[str, str], field: str
):
    await sold(db)
    async with at(app, world.buyer) as buyer:
        form = _form((await buyer.get(SHOP)).text) | {"sender": "Nana"} | change
        answer = await buyer.post(SHOP, form)

        assert answer.status_code == 422
        assert f'id="{field}-error"' in answer.text
        assert 'value="Nana"' in answer.text
        assert (await db.ask(gifts.of_buyer, buyer_of(world))).items == []


async def test_a_card_is_its_buyers_alone(app: Litestar, db: Database, world: World):
    await sold(db)
    sale = await bought(db, wanted(buyer_of(world)))
    await db.transact(gifts.send_due)
    own = f"{MINE}/{sale.sale_id}"
    async with at(app, world.other_buyer) as other:
        assert (await other.get(own)).status_code == 404
        for what, form in (
            ("again", {"recipient": "thief@example.test"}),
            ("refund", {}),
            ("pay", {"channel": "simpay"}),
        ):
            assert (await other.post(f"{own}/{what}", form)).status_code == 404
        assert "friend@example.test" not in words(await other.get(MINE))
    assert (await now(db, sale)).sendings == 1


async def test_a_card_is_sent_again_and_given_back(app: Litestar, db: Database, world: World):
    await sold(db)
    sale = await bought(db, wanted(buyer_of(world)))
    await db.transact(gifts.send_due)
    own = f"{MINE}/{sale.sale_id}"
    async with at(app, world.buyer) as buyer:
        wrong = await buyer.post(f"{own}/again", {"recipient": "nobody"})
        assert wrong.status_code == 422
        assert 'id="recipient-error"' in wrong.text
        again = await buyer.post(f"{own}/again", {"recipient": "right@example.test"})
        assert "new code" in words(await buyer.follow(again))
        for _ in range(2):
            back = await buyer.post(f"{own}/refund", {})
            assert "on its way back" in words(await buyer.follow(back))
        page = words(await buyer.get(own))
        assert "Given back" in page
        code = await code_of(db, "right@example.test")
        late = await buyer.post("/account/wallet/redeem", {"code": code})
        assert late.status_code == 409
        assert len(await db.transact(payments.to_refund, 10)) == 1


async def test_the_mails_link_brings_the_code_along(app: Litestar, db: Database, world: World):
    await sold(db)
    await bought(db)
    await db.transact(gifts.send_due)
    code = await code_of(db)
    async with at(app, world.buyer) as buyer:
        assert f">{code}</textarea>" in (await buyer.get(f"/account/wallet?code={code}")).text


async def test_a_card_that_is_not_paid_says_so_and_can_be_paid(app: Litestar, db: Database, world: World):
    await sold(db)
    sale = await ordered(db, wanted(buyer_of(world)))
    async with at(app, world.buyer) as buyer:
        page = await buyer.get(f"{MINE}/{sale.sale_id}")
        assert "Not paid yet" in words(page)
        unknown = await buyer.post(f"{MINE}/{sale.sale_id}/pay", {"channel": "balance"})
        assert "Please choose how to pay" in words(await buyer.follow(unknown))
    assert (await now(db, sale)).state is SaleState.UNPAID


async def test_the_operator_sees_what_was_sold_and_has_a_file(app: Litestar, db: Database, world: World):
    await sold(db)
    sale = await bought(db, wanted(buyer_of(world)))
    await ordered(db, wanted(recipient="unpaid@example.test"))
    await db.transact(gifts.send_due)
    async with at(app, world.operator) as chief:
        page = words(await chief.get("/operator/wallets/sold?state=open"))
        assert sale.recipient in page
        assert "unpaid@example.test" not in page
        assert "unpaid@example.test" in words(await chief.get("/operator/wallets/sold"))
        file = await chief.get("/operator/wallets/sold?format=csv")
        assert sale.recipient in file.text
        assert (await code_of(db)).replace("-", "") not in file.text.replace("-", "")
        assert sale.payment_id is not None
        assert "Gift card" in words(await chief.get(f"/operator/payments/{sale.payment_id}"))
        await db.transact(gifts.refund, sale.buyer_id, sale.sale_id, "buyer")
        assert "Gift card given back" in words(await chief.get("/operator/refunds"))
        await db.transact(policies.settle, GIFTS_SOLD, 0, None)
        assert (await chief.get("/operator/wallets/sold")).status_code == 200


async def test_a_card_that_was_redeemed_says_so(app: Litestar, db: Database, world: World):
    await sold(db)
    sale = await bought(db, wanted(buyer_of(world)))
    await db.transact(gifts.send_due)
    await db.transact(wallets.redeem, buyer_of(world), await code_of(db))
    async with at(app, world.buyer) as buyer:
        page = words(await buyer.get(f"{MINE}/{sale.sale_id}"))
        assert "It filled a balance" in page
        assert "Give it back" not in page


def _form(page: str) -> dict[str, Any]:
    found = re.search(r'name="sale_id" value="([^"]*)"', page)
    assert found
    return {"sale_id": found[1], "amount": "100", "to": "self", "sender": "Li Na", "channel": "simpay"}


async def test_several_are_bought_at_once_and_redeemed_at_once(app: Litestar, db: Database, world: World):
    await sold(db)
    async with at(app, world.buyer) as buyer:
        page = await buyer.get(SHOP)
        many = await buyer.post(SHOP, _form(page.text) | {"amount": "50", "cards": "11"})
        assert many.status_code == 422
        assert 'value="11"' in many.text
        await buyer.post(SHOP, _form(page.text) | {"amount": "50", "cards": "2"})
        first = (await db.ask(gifts.of_buyer, buyer_of(world))).items[0]
        assert "2 cards for" in words(await buyer.get(f"{MINE}/{first.sale_id}"))

    for place in (1, 2):
        await bought(db, wanted(recipient=f"{place}@example.test"))
    await db.transact(gifts.send_due)
    codes = [await code_of(db, f"{place}@example.test") for place in (1, 2)]
    async with at(app, world.other_buyer) as friend:
        wrong = await friend.post("/account/wallet/redeem", {"code": f"{codes[0]}\nwrong"})
        assert wrong.status_code == 422
        assert "wrong" in words(wrong) and "None was redeemed" in words(wrong)
        await friend.post("/account/wallet/redeem", {"code": "\n".join(codes)})
        assert "200.00" in words(await friend.get("/account/wallet"))


async def test_staff_give_the_money_of_a_card_back_with_a_reason(app: Litestar, db: Database, world: World):
    await sold(db)
    sale = await bought(db)
    own = f"/operator/wallets/sold/{sale.sale_id}"
    async with at(app, world.operator) as chief:
        assert "Give the money back" in words(await chief.get(own))
        assert "Owed for gift cards" in words(await chief.get("/operator/wallets/sold"))
        assert (await chief.post(f"{own}/refund", {"reason": ""})).status_code == 422
        for _ in range(2):
            assert (await chief.post(f"{own}/refund", {"reason": "Stolen card"})).status_code in (302, 303)
        assert "Stolen card" in words(await chief.get(own))
    assert (await now(db, sale)).state is SaleState.REFUNDED
    log = await db.ask(access.audit_log)
    assert [each.action for each in log.items].count("gift_cards.refund") == 1
    async with at(app, world.buyer) as buyer:
        assert (await buyer.post(f"{own}/refund", {"reason": "Mine"})).status_code in (302, 303, 401, 403, 404)
