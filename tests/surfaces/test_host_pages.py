"""Pages of hosts' commission and of the selection pool: a shop agrees, offers, sends samples; the finance staff pay."""

import re
from datetime import datetime

import pytest
from litestar import Litestar

from steelyard.channels import host_commission, live, selection
from steelyard.channels.host_commission.model import HOUSE_ZONE
from steelyard.channels.selection.model import OfferState
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import checkout, settlement
from steelyard.trade.checkout.model import CheckoutId
from steelyard.trade.orders.model import Order
from tests.channels.pooling import Stage, asked_for, new_payee, offered_in_pool, staged
from tests.support import deal
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import app, chief, database_url, owner, signed_in, world
from tests.support.world import World, account

__all__ = ["app", "chief", "database_url", "owner", "world"]

LIVE, HOSTS = "/merchant/live", "/operator/settlement/hosts"


@pytest.fixture
async def stage(db: Database, world: World) -> Stage:
    return await staged(db, world)


async def test_pages_without_anything_say_what_to_do(owner: Browser, chief: Browser) -> None:
    for path, said in [
        ("/pool", "The pool is empty"),
        ("/pool?state=closed", "Nothing offered no more"),
        ("/samples", "No samples yet"),
        ("/agreements", "Somebody has to be paid"),
        ("/commission", "No commission yet"),
        ("/payees", "Nobody is paid yet"),
    ]:
        assert said in words(await owner.get(f"{LIVE}{path}")), path
    assert "Nothing is owed to hosts" in words(await chief.get(HOSTS))


async def test_a_shop_enters_who_is_paid_and_agrees(owner: Browser, stage: Stage) -> None:
    page = await owner.get(f"{LIVE}/payees")
    said = {"payee_id": hidden(page, "payee_id"), "kind": "agency", "name": "Orange MCN", "bank": "Some bank"}
    wrong = await owner.post(f"{LIVE}/payees", said)
    assert (wrong.status_code, "A bank account has a holder" in words(wrong)) == (422, True)
    assert 'value="Some bank"' in wrong.text
    for _ in range(2):
        assert (await owner.post(f"{LIVE}/payees", said | {"holder": "Orange", "account": "62"})).status_code == 303
    (agency,) = [each for each in await stage.db.ask(host_commission.payees, stage.session.merchant_id)
                 if each.payee_id != stage.payee_id]  # fmt: skip
    assert (agency.name, agency.account) == ("Orange MCN", "62")
    again = await owner.post(f"{LIVE}/payees/{agency.payee_id}", {"name": ""})
    assert again.status_code == 422

    page = await owner.get(f"{LIVE}/agreements")
    form = {
        "agreement_id": hidden(page, "agreement_id"), "host_id": str(stage.host_id), "payee_id": str(agency.payee_id),
        "rate": "120", "products": f"/merchant/products/{stage.world.items['nuts'].product_id}", "note": "All evenings",
    }  # fmt: skip
    wrong = await owner.post(f"{LIVE}/agreements", form)
    assert (wrong.status_code, "Please enter a rate between 0 and 100 %" in words(wrong)) == (422, True)
    assert "All evenings" in wrong.text
    for _ in range(2):
        assert (await owner.post(f"{LIVE}/agreements", form | {"rate": "12.5"})).status_code == 303
    (agreed,) = (await stage.db.ask(host_commission.agreements, stage.session.merchant_id)).items
    assert (agreed.millionths, agreed.payee, agreed.product_id) == (
        125_000,
        "Orange MCN",
        stage.world.items["nuts"].product_id,
    )
    assert "12.5" in words(await owner.get(f"{LIVE}/agreements"))
    await owner.post(f"{LIVE}/agreements/{agreed.agreement_id}/end", {})
    assert await stage.db.ask(host_commission.counting, *stage.session.key) == []


async def test_commission_is_shown_exported_traced_and_paid(owner: Browser, chief: Browser, stage: Stage) -> None:
    await stage.agree()
    order = await stage.bought(("nuts", 2), ("green", 1))
    await stage.received(order)

    page = words(await owner.get(f"{LIVE}/commission?session={stage.session.session_id}&host={stage.host_id}"))
    assert order.code in page
    assert "14.78" in page  # of 79.80 and 68.00
    mine = words(await owner.get(f"/merchant/orders/{order.order_id}"))
    assert re.search(r"Commission of a host\s+\S*14\.78", mine), mine[mine.find("Your money") :][:300]
    file = await owner.get(f"{LIVE}/commission?format=csv")
    assert [line.split(",")[0] for line in file.text.strip().splitlines()[1:]] == [order.code] * 2
    assert (await owner.get(f"{LIVE}/commission?session=nonsense&host={stage.payee_id}")).status_code == 200

    day = settlement.settlement_day(order.placed_at).replace(year=order.placed_at.year + 1)
    (statement,) = await stage.db.transact(settlement.run, day)
    entries = (await stage.db.ask(settlement.entries, statement.merchant_id, statement.statement_id)).items
    (mine,) = [each for each in entries if each.kind is settlement.EntryKind.HOST_COMMISSION]
    traced = words(await owner.get(f"/merchant/statements/{statement.statement_id}/entries/{mine.entry_id}"))
    assert "Commission of a host" in traced
    assert all(amount in traced for amount in ("7.98", "Hickory nuts", "Hosts’ commission clearing"))

    here = f"{HOSTS}/{stage.session.merchant_id}/{stage.payee_id}"
    assert here in (await chief.get(HOSTS)).text
    form = {
        "payment_id": hidden(await chief.get(here), "payment_id"), "currency": "CNY", "amount": "99",
        "reference": "ICBC 77", "paid_on": datetime.now(HOUSE_ZONE).date().isoformat(),
    }  # fmt: skip
    wrong = await chief.post(here, form)
    assert (wrong.status_code, "That much is not owed" in words(wrong), "ICBC 77" in wrong.text) == (422, True, True)
    for _ in range(2):
        assert (await chief.post(here, form | {"amount": "14.00"})).status_code == 303
    assert await stage.owed() == (await _earned(stage)) - 1_400
    (payment,) = await stage.db.ask(host_commission.payments, stage.session.merchant_id, stage.payee_id)
    assert "ICBC 77" in words(await owner.get(f"{LIVE}/payees/{stage.payee_id}"))
    await chief.post(f"{here}/payments/{payment.payment_id}/undo", {"why": "Sent back"})
    assert "Sent back" in words(await chief.get(here))
    assert await stage.owed() == await _earned(stage)
    for path in ("CNY", f"CNY/{stage.payee_id}"):
        assert "Host or agency" in words(await chief.get(f"/operator/books/host_payable/{path}"))


async def test_a_host_sees_what_is_to_come_what_is_earned_and_what_is_paid_and_the_shop_counts_on_less(
    app: Litestar, owner: Browser, stage: Stage
) -> None:
    merchant_id, db = MerchantId(stage.session.merchant_id), stage.db
    await stage.agree()
    speaker = await db.transact(
        account, "merchant", "tea.speaker", "Speaker", merchant_id=merchant_id, roles=["merchant_host"]
    )
    mine = await signed_in(app, speaker)
    assert "You are not registered as a host" in words(await mine.get(f"{LIVE}/earnings"))
    assert "You are not registered as a host" not in words(await owner.get(f"{LIVE}/hosts"))
    wrong = await owner.post(f"{LIVE}/hosts/{stage.host_id}/account", {"account_id": str(merchant_id)})
    assert "Please choose somebody whose role is that of a host" in words(await owner.follow(wrong))
    for _ in range(2):
        said = await owner.post(f"{LIVE}/hosts/{stage.host_id}/account", {"account_id": str(speaker.account_id)})
        assert said.status_code == 303
    unpaid = await placed_only(stage)

    sent, held = await stage.bought(("nuts", 2)), await stage.bought(("green", 1))
    await deal.shipped(db, sent)
    less = await db.ask(host_commission.foreseen, merchant_id)
    assert sorted((each.day is None, each.amount) for each in less) == [(False, 798), (True, 680)]
    page = words(await mine.get(f"{LIVE}/earnings"))
    assert ("14.78" in page, sent.code in page) == (True, True)
    plain, with_hosts = [await db.ask(settlement.expected, merchant_id, each) for each in ((), less)]
    assert sum(each.awaited for each in plain) - sum(each.awaited for each in with_hosts) == 798
    assert [each.orders for each in plain] == [each.orders for each in with_hosts]
    money = words(await owner.get("/merchant/money"))
    assert "14.78 of what is sold live will be your hosts’ commission" in money
    rows = (await owner.get("/merchant/money/expected?format=csv")).text.strip().splitlines()[1:]
    assert [("7.98" in row, sent.code in row) for row in rows] == [(True, True)]

    await deal.received(db, sent)
    await stage.hear()
    assert await db.ask(host_commission.foreseen_of, merchant_id, [sent.order_id]) == {}
    assert sum(each.amount for each in await db.ask(host_commission.foreseen, merchant_id)) == 680
    await stage.pay(500)
    page = words(await mine.get(f"{LIVE}/earnings"))
    assert all(said in page for said in ("7.98", "6.80", "5.00", "2.98", "ICBC 1", held.code))
    file = (await mine.get(f"{LIVE}/earnings?format=csv")).text.strip().splitlines()[1:]
    assert {line.split(",")[0] for line in file} == {sent.code, held.code, unpaid.code}
    # Nobody else's commission, and nothing of the shop's.
    assert (await mine.get(f"{LIVE}/commission")).status_code == 403
    assert (await owner.post(f"{LIVE}/hosts/{stage.host_id}/account", {"account_id": ""})).status_code == 303
    assert "You are not registered as a host" in words(await mine.get(f"{LIVE}/earnings"))
    await mine.close()


async def placed_only(stage: Stage) -> Order:
    """An order of the session that nobody pays: it brings nothing yet."""
    checkout_id = CheckoutId(ids.mint())
    lines = deal.draft([(stage.world.items["nuts"].sku_id, 1)])
    client = f"live:{stage.session.session_id}:12"
    await stage.db.transact(checkout.open_checkout, checkout_id, BuyerId(ids.mint()), lines, client=client)
    purchase_id = await stage.db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
    await stage.hear()
    (order,) = await deal.orders_of(stage.db, purchase_id)
    return order


async def _earned(stage: Stage) -> int:
    (balance,) = await stage.db.ask(host_commission.balances, stage.session.merchant_id, stage.payee_id)
    return balance.earned


async def test_a_product_is_offered_tried_and_taken(owner: Browser, stage: Stage) -> None:
    merchant_id, black = stage.session.merchant_id, stage.world.items["black"].product_id
    page = await owner.get(f"{LIVE}/pool")
    form = {"offer_id": hidden(page, "offer_id"), "rate": "20", "samples": "2", "terms": "Show the leaves"}
    wrong = await owner.post(f"{LIVE}/pool", form)
    assert (wrong.status_code, "Please choose one" in words(wrong), "Show the leaves" in wrong.text) == (
        422,
        True,
        True,
    )
    for _ in range(2):
        assert (await owner.post(f"{LIVE}/pool", form | {"products": str(black)})).status_code == 303
    (offer,) = (await stage.db.ask(selection.offers, merchant_id, OfferState.OPEN)).items
    here = f"{LIVE}/pool/{offer.offer_id}"

    page = await owner.get(here)
    asking = {"sample_id": hidden(page, "sample_id"), "host_id": str(stage.host_id), "quantity": "1", "name": "Xiaoman"}
    wrong = await owner.post(f"{here}/samples", asking)
    assert (wrong.status_code, "Please fill this in" in words(wrong)) == (422, True)
    whole = asking | {"phone": "138", "address": "1 Some Road"}
    too_many = await owner.post(f"{here}/samples", whole | {"quantity": "3"})
    assert "There are not so many samples left" in words(too_many)
    assert (await owner.post(f"{here}/samples", whole)).status_code == 303
    sample = f"{LIVE}/samples/{asking['sample_id']}"
    assert "1 Some Road" in words(await owner.get(sample))
    assert (await owner.post(f"{sample}/decide", {"to": "refused"})).status_code == 422
    await owner.post(f"{sample}/decide", {"to": "approved"})
    assert (await owner.post(f"{sample}/decide", {"to": "sent", "carrier": "simex"})).status_code == 422
    shelf = re.search(r'<option value="([^":]+:[^"]+)"', (await owner.get(sample)).text)
    assert shelf is not None
    way = {"to": "sent", "carrier": "simex", "tracking": "SX9"}
    assert (await owner.post(f"{sample}/decide", way | {"shelf": f"{black}:nowhere"})).status_code == 422
    await owner.post(f"{sample}/decide", way | {"shelf": shelf[1]})
    assert "Out as a sample" in words(await owner.get("/merchant/stock/movements"))
    await owner.post(f"{sample}/tell", {"to": "received"})
    told = words(await owner.get(sample))
    assert ("SX9" in told, "1 Some Road" in told, "With the host" in told) == (True, False, True)
    assert (await owner.post(f"{sample}/decide", {"to": "nowhere"})).status_code == 404

    wrong = await owner.post(f"{here}/take", {"session_id": "", "payee_id": ""})
    assert wrong.status_code == 422
    taking = {
        "agreement_id": hidden(page, "agreement_id"), "session_id": str(stage.session.session_id),
        "payee_id": str(stage.payee_id),
    }  # fmt: skip
    for _ in range(2):
        assert (await owner.post(f"{here}/take", taking)).status_code == 303
    assert black in [each.product_id for each in await stage.db.ask(live.goods, *stage.session.key)]
    await owner.post(f"{here}/close", {})
    assert "Offered no more" in words(await owner.get(here))


async def test_another_shops_things_are_not_there(app: Litestar, stage: Stage) -> None:
    offer = await offered_in_pool(stage)
    sample = await asked_for(stage, offer)
    agency = new_payee(stage.session.merchant_id)
    await stage.db.transact(host_commission.keep_payee, agency, "test")
    agreement_id = await stage.agree()
    stranger = await signed_in(app, stage.world.tools.owner)

    for path in (f"pool/{offer.offer_id}", f"samples/{sample.sample_id}", f"payees/{agency.payee_id}"):
        assert (await stranger.get(f"{LIVE}/{path}")).status_code == 404, path
    for path, form in [
        (f"pool/{offer.offer_id}/close", {}),
        (
            f"pool/{offer.offer_id}/take",
            {"session_id": str(stage.session.session_id), "payee_id": str(agency.payee_id)},
        ),
        (f"samples/{sample.sample_id}/decide", {"to": "approved"}),
        (f"samples/{sample.sample_id}/tell", {"to": "withdrawn"}),
        (f"payees/{agency.payee_id}", {"name": "Mine"}),
        (f"agreements/{agreement_id}/end", {}),
    ]:
        assert (await stranger.post(f"{LIVE}/{path}", form)).status_code == 404, path
    assert "Hickory" not in words(await stranger.get(f"{LIVE}/pool"))
    await stranger.close()
