"""The way down from the trial balance to a posting and to the order behind it."""

import re

import pytest

from steelyard.kernel.db import Database
from steelyard.money import ledger
from steelyard.money.ledger import drilling, summing
from steelyard.money.ledger.model import AccountKind
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.world import World


async def test_a_figure_of_the_trial_balance_leads_down_to_its_postings(
    db: Database, world: World, chief: Browser
) -> None:
    await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await deal.paid(db, [(world.items["green"].sku_id, 1)])

    trial = await chief.get("/operator/books")
    href = re.search(r'href="(/operator/books/transfers\?kind=held[^"]*side=credit[^"]*)"', trial.text)
    assert href is not None
    down = await chief.get(href[1].replace("&amp;", "&"))

    lines = {line.kind: line for line in await db.ask(ledger.trial_balance)}
    [total] = await db.ask(ledger.sums, ledger.Which(kind=AccountKind.HELD, side="credit"))
    assert (total.count, total.amount) == (2, lines[AccountKind.HELD].credits)
    assert "2 transfers" in words(down)
    [first, _] = (await db.ask(ledger.transfers, ledger.Which(kind=AccountKind.HELD, side="credit"))).items
    assert f"/operator/books/documents/{first.document}" in down.text
    assert (await chief.get(f"/operator/books/documents/{first.document}")).status_code == 200
    file = await chief.get("/operator/books/transfers", kind="held", side="credit", format="csv")
    assert file.text.count("\r\n") == 3, "a heading and two transfers"


async def test_an_account_shows_what_stood_on_it_after_each_entry(db: Database, world: World, chief: Browser) -> None:
    for quantity in (1, 2, 3):
        await deal.paid(db, [(world.items["green"].sku_id, quantity)])
    merchant_id = world.tea.merchant_id

    page = await db.ask(ledger.entries, merchant_id, AccountKind.HELD, None, 2, currency="CNY")
    stood = [
        await db.ask(ledger.balance_before, merchant_id, AccountKind.HELD, "CNY", entry.transfer_id)
        for entry in page.items
    ]

    amounts = [entry.amount for entry in page.items]
    [balance] = [each for each in await db.ask(ledger.balances, merchant_id) if each.kind is AccountKind.HELD]
    assert [stood[0] + amounts[0], stood[0]] == [balance.balance, stood[1] + amounts[1]]
    shown = await chief.get(f"/operator/books/held/CNY/{merchant_id}")
    assert "Balance after" in words(shown)


async def test_the_trial_balance_of_a_past_day_is_what_it_was_and_still_balances(
    db: Database, world: World, chief: Browser
) -> None:
    await deal.paid(db, [(world.items["green"].sku_id, 1)])

    now, past = words(await chief.get("/operator/books")), words(await chief.get("/operator/books", at="2020-01-01"))
    own = words(await chief.get("/operator/books", owner=str(world.tea.merchant_id)))

    assert "Debits equal credits" in now and "Debits equal credits" in past and "Out of balance" not in past
    assert "Only of" in own


async def test_many_accounts_are_summed_from_time_to_time_and_the_page_says_when(
    db: Database, world: World, chief: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summing, "MANY_ACCOUNTS", -2)
    await deal.paid(db, [(world.items["green"].sku_id, 1)])
    before = await db.ask(ledger.trial_balance)
    assert (await db.ask(ledger.summed)).waited_for, "nobody has summed yet"
    assert "being summed" in words(await chief.get("/operator/books"))
    assert "being summed" not in words(await chief.get("/operator/books", now="1"))

    assert await db.transact(summing.sum_up) == len(before)
    assert await db.transact(summing.sum_up) == 0, "nothing has moved"
    await deal.paid(db, [(world.items["green"].sku_id, 1)])

    kept = await db.ask(ledger.summed)
    assert kept.lines == before and kept.at is not None
    assert "As of" in words(await chief.get("/operator/books"))
    assert "As of" not in words(await chief.get("/operator/books", now="1"))
    assert await db.transact(summing.sum_up) > 0
    assert (await db.ask(ledger.summed)).lines == await db.ask(ledger.trial_balance)


async def test_of_very_many_transfers_the_sum_is_not_waited_for(
    db: Database, world: World, chief: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drilling, "SUMMED_MAX", 1)
    await deal.paid(db, [(world.items["green"].sku_id, 1)])

    assert await db.ask(ledger.sums, ledger.Which()) == []
