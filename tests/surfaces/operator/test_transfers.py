"""Staff write down what came by bank transfer, and what they transferred back; the buyer's page says where to."""

import re
from datetime import UTC, datetime

import pytest
from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings
from steelyard.money import payments, reconciliation
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments import gateways
from steelyard.money.payments.gateways.bank_transfer import BankTransfer
from steelyard.trade import checkout, orders
from steelyard.trade.orders.model import PurchaseState
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.consoles import app, database_url, signed_in, world
from tests.support.world import World

__all__ = ["app", "database_url", "world"]
HERE = "/operator/transfers"


@pytest.fixture
async def operator(app: Litestar, world: World, monkeypatch: pytest.MonkeyPatch) -> Browser:
    there = {"bank_transfer": BankTransfer(bank="Bank", holder="House", account="6200", currency="CNY", hours=72)}
    monkeypatch.setitem(gateways._offered, app.state.settings, there)
    return await signed_in(app, world.operator)


async def test_a_transfer_is_written_down_line_by_line(
    db: Database, world: World, app: Litestar, operator: Browser
) -> None:
    assert "No transfer is waited for" in words(await operator.get(HERE))
    purchase_id = await deal.placed(db, [(world.items["nuts"].sku_id, 1)])
    settings: Settings = app.state.settings
    await checkout.collect(db, settings, purchase_id, channel="bank_transfer", return_url="http://shop.test")
    [payment] = await db.ask(payments.of_purchase, purchase_id)
    assert payment.channel_reference is not None
    page = f"{HERE}/{payment.payment_id}"
    assert payment.channel_reference in (await operator.get(HERE, q=payment.channel_reference.lower())).text

    wrong = await operator.post(
        page, {"form": "receive", "amount": "x", "bank_number": "", "party": "A", "on_day": "soon"}
    )
    assert wrong.status_code == 422 and 'value="x"' in wrong.text and 'value="soon"' in wrong.text
    today = datetime.now(UTC).date().isoformat()
    line = {"form": "receive", "party": "Lin 6222", "on_day": today}
    much = str((payment.amount + 150) / 100)
    for _ in range(2):
        told = await operator.follow(await operator.post(page, {**line, "bank_number": "B1", "amount": much}))
        assert "What was left over was transferred back" in words(told)
    known = await operator.post(page, {**line, "bank_number": "B1", "amount": "3"})
    assert known.status_code == 422 and "written down before" in words(known)
    purchase = await db.ask(orders.purchase, purchase_id)
    assert purchase is not None and purchase.state is PurchaseState.PAID

    back = {**line, "form": "return", "bank_number": "B2"}
    too_much = await operator.post(page, {**back, "amount": "1.51"})
    assert too_much.status_code == 422 and "not left over" in words(too_much)
    await operator.post(page, {**back, "amount": "1.50"})
    stands = await db.ask(payments.expected_transfer, payment.payment_id)
    assert stands is not None and stands.left == 0
    assert "B2" in words(await operator.get(HERE))


async def test_a_refund_is_made_by_staff(db: Database, world: World, app: Litestar, operator: Browser) -> None:
    purchase_id = await deal.placed(db, [(world.items["nuts"].sku_id, 1)])
    settings: Settings = app.state.settings
    await checkout.collect(db, settings, purchase_id, channel="bank_transfer", return_url="http://shop.test")
    [payment] = await db.ask(payments.of_purchase, purchase_id)
    day = datetime.now(UTC).date()
    await db.transact(
        checkout.receive_transfer, payment.payment_id, bank_number="B1", amount=payment.amount, currency="CNY",
        party="Lin 6222", on_day=day, by="staff",
    )  # fmt: skip
    [split] = await db.ask(payments.splits_of, payment.payment_id)
    refund = await db.transact(
        payments.refund, refund_id=payment.purchase_id, merchant_id=split.merchant_id, order_id=split.order_id,
        amount=100, reason="test", out_of=AccountKind.HELD, by="staff",
    )  # fmt: skip
    assert "Lin 6222" in words(await operator.get(HERE))

    empty = await operator.follow(await operator.post(f"{HERE}/refunds/{refund.refund_id}", {"bank_number": ""}))
    assert "enter the bank" in words(empty)
    for _ in range(2):
        await operator.post(f"{HERE}/refunds/{refund.refund_id}", {"bank_number": "B7"})

    found = await db.ask(payments.refund_of, refund.refund_id)
    assert found is not None and (found.state, found.channel_reference) == ("succeeded", "B7")
    assert "Refunds to transfer" not in words(await operator.get(HERE))


async def test_what_is_no_transfer_is_not_there(operator: Browser, world: World) -> None:
    nobody = f"{HERE}/{world.operator.account_id}"
    assert (await operator.get(nobody)).status_code == 404
    assert (await operator.post(nobody, {"form": "receive"})).status_code == 404


async def test_a_line_of_the_bank_that_names_a_reference_leads_to_the_transfer_that_waits_for_it(
    db: Database, world: World, app: Litestar, operator: Browser
) -> None:
    purchase_id = await deal.placed(db, [(world.items["nuts"].sku_id, 1)])
    settings: Settings = app.state.settings
    await checkout.collect(db, settings, purchase_id, channel="bank_transfer", return_url="http://shop.test")
    [payment] = await db.ask(payments.of_purchase, purchase_id)
    at, amount = datetime.now(UTC), f"{payment.amount / 100:.2f}"
    known = await db.ask(reconciliation.source_called, "bank")
    day = known.day_of(at)
    said = f"{at.isoformat()},B-77,{amount},CNY,"
    text = (
        f"time,id,amount,currency,reference\n{said}pay {payment.channel_reference}\n{said.replace('77', '78')}nothing\n"
    )
    statement = reconciliation.read_statement(known, day, "bank.csv", text.encode(), ["CNY"])
    await db.transact(reconciliation.take, statement, "staff:1")
    await reconciliation.run(db, "bank", day)

    items = (await db.ask(reconciliation.differences, source="bank")).items
    assert len(items) == 2
    for item in items:  # by its reference, and by its amount
        page = await operator.get(f"/operator/reconciliation/differences/bank/{item.item_id}")
        href = re.search(rf'href="({HERE}/{payment.payment_id}[^"]*)"', page.text)
        assert href is not None
        form = await operator.get(href[1].replace("&amp;", "&"))
        assert f'value="{amount}"' in form.text and 'value="B-7' in form.text
    line = {
        "form": "receive",
        "party": "Lin 6222",
        "on_day": at.date().isoformat(),
        "bank_number": "B-77",
        "amount": amount,
    }
    await operator.post(f"{HERE}/{payment.payment_id}", line)
    ran = await reconciliation.run(db, "bank", day)

    assert (ran.matched, ran.unfinished) == (1, 1), "the other line is still looked for"
