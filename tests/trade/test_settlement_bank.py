"""Payouts through our gateway and the real bank simulator."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from steelyard.kernel.db import Database
from steelyard.kernel.errors import NotFound
from steelyard.kernel.settings import Settings
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments import BadWebhook, Unknown
from steelyard.parties import merchants
from steelyard.parties.merchants.model import Payout
from steelyard.simulators import bank as simulator
from steelyard.trade import settlement
from steelyard.trade.settlement import PayoutNews, StatementState
from steelyard.trade.settlement.gateways.simbank import Simbank
from tests.money.deals import Deal, balance, make_due, paid
from tests.money.outside import Outside, simulated
from tests.trade.merchants import complete, day_after, open_shop


@pytest.fixture
async def simbank(tmp_path: Path) -> AsyncIterator[tuple[Outside, Simbank]]:
    async with simulated(simulator, tmp_path) as (outside, secret):
        yield outside, Simbank("", "", secret, client=outside.http)


async def issued(db: Database, **shop: str) -> settlement.Statement:
    deal = await paid(db, Deal(amounts=(10_000,), merchants=[await open_shop(db, **shop)]))
    await complete(db, deal)
    (statement,) = await db.transact(settlement.run, day_after(1))
    return statement


async def sweep(db: Database, bank: Simbank, statement: settlement.Statement) -> settlement.Statement:
    await make_due(db)
    await settlement.send_payouts(db, bank, Settings())
    known = await db.ask(settlement.statement, statement.merchant_id, statement.statement_id)
    assert known is not None
    return known


async def test_a_statement_is_paid_through_the_bank_whatever_breaks_on_the_way(db: Database, simbank) -> None:
    outside, bank = simbank
    statement = await issued(db)

    await outside.faults(answers="error500")
    assert (await sweep(db, bank, statement)).state is StatementState.PAYING
    await outside.faults(answers="prompt")
    assert (await sweep(db, bank, statement)).state is StatementState.PAYING
    assert (await sweep(db, bank, statement)).state is StatementState.PAYING
    await outside.after(60)

    assert (await sweep(db, bank, statement)).state is StatementState.PAID
    assert await balance(db, statement.merchant_id, AccountKind.BANK_CASH) == -10_000


async def test_a_closed_account_is_corrected_and_paid_again(db: Database, simbank) -> None:
    outside, bank = simbank
    statement = await issued(db, account="6222 0000 0000")
    await sweep(db, bank, statement)
    await outside.after(60)
    failed = await sweep(db, bank, statement)
    assert (failed.state, failed.failure) == (StatementState.FAILED, "account closed")

    better = Payout(name="Harbour Trading", bank="Bank of Testing", account="6222 1111 2222")
    await db.transact(merchants.set_payout, statement.merchant_id, better)
    await db.transact(settlement.pay_again, statement.merchant_id, statement.statement_id, "staff:1")
    await sweep(db, bank, statement)
    await outside.after(60)
    done = await sweep(db, bank, statement)

    assert (done.state, done.bank_reference) == (StatementState.PAID, f"{statement.statement_id}.2")


async def test_without_an_account_the_bank_is_not_asked(db: Database, simbank) -> None:
    _, bank = simbank
    statement = await issued(db, account="")

    failed = await sweep(db, bank, statement)

    assert (failed.state, failed.failure) == (StatementState.FAILED, "no payout account")


async def test_an_account_that_the_bank_cannot_read_fails_at_once(db: Database, simbank) -> None:
    _, bank = simbank
    statement = await issued(db, account="??")

    assert (await sweep(db, bank, statement)).state is StatementState.FAILED


async def test_the_banks_webhook_says_the_same_as_asking(db: Database, simbank) -> None:
    outside, bank = simbank
    statement = await issued(db)
    await sweep(db, bank, statement)
    await outside.after(60)
    (post,) = outside.posts
    assert post.url == "http://127.0.0.1:8000/webhooks/simbank"

    news = bank.read_webhook(post.headers, post.body, outside.clock.now())
    assert isinstance(news, PayoutNews)
    state = await db.transact(settlement.record_payout, news.statement_id, news.attempt, news.answer, "bank")

    assert state is StatementState.PAID
    with pytest.raises(BadWebhook):
        bank.read_webhook(post.headers, post.body + b" ", outside.clock.now())


async def test_a_message_of_the_bank_is_stored_and_applied_once(
    db: Database, simbank, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside, bank = simbank
    monkeypatch.setattr("steelyard.trade.settlement.jobs.bank_of", lambda _settings: bank)
    statement = await issued(db)
    await sweep(db, bank, statement)
    await outside.after(60)
    (post,) = outside.posts

    for _ in range(2):
        await settlement.receive_webhook(db, Settings(), post.headers, post.body, outside.clock.now())

    known = await db.ask(settlement.statement, statement.merchant_id, statement.statement_id)
    assert known is not None
    assert known.state is StatementState.PAID


async def test_where_no_bank_is_set_up_its_messages_are_not_found(db: Database) -> None:
    assert settlement.bank(Settings()) is None
    with pytest.raises(NotFound):
        await settlement.receive_webhook(db, Settings(), {}, b"", 0)


async def test_a_bank_that_does_not_answer_leaves_us_not_knowing(db: Database) -> None:
    await issued(db)
    (due,) = await db.transact(settlement.to_pay, 1)

    def break_off(_request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("")

    client = httpx.AsyncClient(transport=httpx.MockTransport(break_off), base_url="http://nobody.test")
    bank = Simbank("", "", "", client=client)

    assert await bank.pay(due, "http://shop.test") == await bank.query(due) == Unknown(why="ReadTimeout")
    await bank.close()
