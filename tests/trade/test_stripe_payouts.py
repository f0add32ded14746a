"""Payouts through Stripe: accounts, transfers whose answers are lost, what is held and goes on."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import stripe

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, TransitionRefused
from steelyard.kernel.settings import Settings
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments import BadWebhook
from steelyard.trade import settlement
from steelyard.trade.settlement import AccountNotReady, AccountState, StatementState, Terms, Way
from tests.money.deals import balance
from tests.trade.connecting import Played, connected, issued, looked, played, stripe_shop, sweep
from tests.trade.settling import agreed_shop, fetched, state_of, today

CASH, TRANSIT = AccountKind.CHANNEL_CASH, AccountKind.PAYOUT_IN_TRANSIT


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Played]:
    async with played(tmp_path) as world:
        yield world


async def test_an_account_is_opened_once_and_asked_for_what_is_missing(db: Database, play: Played) -> None:
    shop = await agreed_shop(db, Terms())
    with pytest.raises(Invalid):
        await db.transact(settlement.begin_account, shop, "CN", "member:1")

    first = await connected(db, play, shop, "partly")
    known = await db.ask(settlement.account_of, shop)
    assert known is not None and known.state is AccountState.RESTRICTED
    assert known.wanted == ["representative.verification.document"]
    with pytest.raises(AccountNotReady):
        await db.transact(settlement.choose_way, shop, stripe=True, by="member:1")

    assert await connected(db, play, shop) == first
    known = await db.ask(settlement.account_of, shop)
    assert known is not None and (known.state, known.wanted) == (AccountState.READY, [])
    assert len((await play.desk.get("/v1/accounts")).json()["data"]) == 1


async def test_an_account_whose_opening_was_not_heard_of_is_found_by_its_key(db: Database, play: Played) -> None:
    shop = await agreed_shop(db, Terms())
    account = await db.transact(settlement.begin_account, shop, "DE", "member:1")
    play.road.state = "lost"
    assert await settlement.onboard(db, play.stripe, account, "Harbour", "http://shop.test/x") is None
    assert (await db.transact(settlement.begin_account, shop, "FR", "member:1")).state is AccountState.OPENING
    play.road.state = "prompt"

    await connected(db, play, shop)

    assert len((await play.desk.get("/v1/accounts")).json()["data"]) == 1


async def test_a_shop_chooses_and_is_paid_as_before_when_it_wants(db: Database, play: Played) -> None:
    shop = await agreed_shop(db, Terms(way=Way.FILE, check_days=3))
    await connected(db, play, shop)

    for _ in range(2):
        await db.transact(settlement.choose_way, shop, stripe=True, by="member:1")
    chosen = (await db.ask(settlement.agreed, [shop])).on(shop, today())
    assert (chosen.way, chosen.check_days) == (Way.STRIPE, 3)
    await db.transact(settlement.choose_way, shop, stripe=False, by="member:1")

    assert (await db.ask(settlement.agreed, [shop])).on(shop, today()).way is Way.FILE


@pytest.mark.parametrize("breaks", ["prompt", "lost", "cut", "broken"])
async def test_a_payout_goes_through_stripe_once_whatever_breaks_on_the_way(
    db: Database, play: Played, breaks: str
) -> None:
    shop, account = await stripe_shop(db, play)
    await play.top_up(50_000)
    _, statement = await issued(db, shop, 10_000)

    play.road.state = breaks
    first = await sweep(db, play, statement)
    again = await sweep(db, play, statement)
    assert first.state is again.state is (StatementState.PAID if breaks == "prompt" else StatementState.PAYING)
    play.road.state = "prompt"
    done = await sweep(db, play, statement)

    (sent,) = await play.moved("transfer")
    assert (done.state, done.bank_reference) == (StatementState.PAID, sent["source"])
    assert (await play.available(account), await play.available()) == (10_000, 40_000)
    assert (await balance(db, shop, CASH), await balance(db, shop, TRANSIT)) == (-10_000, 0)
    (kept,) = (await play.desk.get("/v1/transfers", params={"transfer_group": str(statement.statement_id)})).json()[
        "data"
    ]
    assert (kept["metadata"]["reference"], kept["destination"]) == (str(statement.statement_id), account)


async def test_an_account_that_is_not_ready_holds_payouts_and_lets_them_go(db: Database, play: Played) -> None:
    shop, account = await stripe_shop(db, play, "partly")
    await play.top_up(50_000)
    _, statement = await issued(db, shop, 10_000)

    held = await sweep(db, play, statement)
    assert (held.state, held.held_for) == (StatementState.HELD, "account")
    assert (await sweep(db, play, statement)).state is StatementState.HELD
    assert len(await db.ask(settlement.timeline, shop, statement.statement_id)) == 2
    with pytest.raises(AccountNotReady):
        await db.transact(settlement.pay_again, shop, statement.statement_id, "staff:1")

    await play.decide(account, "enable")
    await looked(db, play)
    await settlement.send_transfers(db, play.stripe)

    assert (await state_of(db, statement)).state is StatementState.PAID


async def test_an_account_that_was_disabled_meanwhile_holds_too(db: Database, play: Played) -> None:
    shop, account = await stripe_shop(db, play)
    await play.top_up(50_000)
    _, statement = await issued(db, shop, 10_000)
    await play.decide(account, "restrict")  # and nobody here has heard of it

    held = await sweep(db, play, statement)
    assert (held.state, held.failure) == (StatementState.HELD, "insufficient_capabilities_for_transfer")
    await settlement.look_at_accounts(db, play.stripe)
    known = await db.ask(settlement.account_of, shop)
    assert known is not None and known.state is AccountState.RESTRICTED


async def test_too_little_on_the_platforms_balance_waits_for_more(db: Database, play: Played) -> None:
    shop, _ = await stripe_shop(db, play)
    _, statement = await issued(db, shop, 10_000)

    held = await sweep(db, play, statement)
    assert (held.state, held.held_for) == (StatementState.HELD, "balance")
    await play.top_up(9_999)
    assert (await sweep(db, play, statement)).state is StatementState.HELD
    assert len(await db.ask(settlement.timeline, shop, statement.statement_id)) == 3
    await play.top_up(1)
    paid = await sweep(db, play, statement)

    assert paid.state is StatementState.PAID
    (sent,) = (await play.desk.get("/v1/transfers")).json()["data"]
    assert sent["metadata"]["reference"] == f"{statement.statement_id}.2"


async def test_what_is_held_can_go_in_a_bank_file_instead(db: Database, play: Played) -> None:
    shop = await agreed_shop(db, Terms(way=Way.STRIPE))
    _, statement = await issued(db, shop, 10_000)
    assert (await sweep(db, play, statement)).held_for == "account"

    batch = await fetched(db, [await state_of(db, statement)])
    await db.transact(
        settlement.answer_by_hand, batch.batch_id, shop, statement.statement_id, paid=True, failure="", by="staff:1"
    )

    assert (await state_of(db, statement)).state is StatementState.PAID
    assert (await balance(db, shop, AccountKind.BANK_CASH), await balance(db, shop, CASH)) == (-10_000, 0)


async def test_a_currency_that_stripe_refuses_fails_and_is_tried_again_by_staff(db: Database, play: Played) -> None:
    shop, _ = await stripe_shop(db, play)
    _, statement = await issued(db, shop, 10_000)
    await db.transact(_to_nobody, shop)

    failed = await sweep(db, play, statement)
    assert (failed.state, failed.failure) == (StatementState.FAILED, "resource_missing")
    with pytest.raises(TransitionRefused):
        await db.transact(settlement.take_back, shop, statement.statement_id, ids.mint(), "x", "staff:1")


async def _to_nobody(tx: Tx, shop: object) -> None:
    await tx.execute("UPDATE stripe_accounts SET account_id = 'acct_nobody' WHERE merchant_id = $1", shop)


async def test_a_message_about_an_account_says_only_look(
    db: Database, play: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("steelyard.trade.settlement.jobs.stripe_of", lambda _settings: play.stripe)
    shop, account = await stripe_shop(db, play)
    await play.decide(account, "reject")
    late = await play.told()
    await play.decide(account, "enable")
    for post in [*await play.told(), *late, *late]:
        await settlement.receive_account_webhook(db, Settings(), post.headers, post.body, play.clock.now())

    await settlement.look_at_accounts(db, play.stripe)

    known = await db.ask(settlement.account_of, shop)
    assert known is not None and known.state is AccountState.READY


async def test_messages_of_other_accounts_change_nothing(
    db: Database, play: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("steelyard.trade.settlement.jobs.stripe_of", lambda _settings: play.stripe)
    shop, account = await stripe_shop(db, play)
    foreign = (await play.desk.post("/v1/accounts", data={"capabilities[transfers][requested]": "true"})).json()["id"]
    await play.told()
    await play.decide(foreign, "reject")
    (post,) = await play.told()

    await settlement.receive_account_webhook(db, Settings(), post.headers, post.body, play.clock.now())
    assert await settlement.look_at_accounts(db, play.stripe) == 0
    assert await db.transact(_kept_as) == "there is no such account here"

    event = msgspec.json.decode(post.body)
    event["account"] = account
    forged = msgspec.json.encode(event).decode()
    moment = int(play.clock.now())
    secret = play.stripe._secret
    signed = stripe.WebhookSignature.generate_signature_header(forged, secret, moment)
    with pytest.raises(BadWebhook):
        play.stripe.read_webhook({"stripe-signature": signed}, forged.encode(), moment)
    with pytest.raises(BadWebhook):
        play.stripe.read_webhook(post.headers, post.body + b" ", moment)
    assert (await db.ask(settlement.account_of, shop)).state is AccountState.READY  # pyright: ignore[reportOptionalMemberAccess]


async def _kept_as(tx: Tx) -> str:
    return await tx.value(
        "SELECT error FROM webhook_receipts WHERE channel = 'stripe-connect' ORDER BY received_at DESC LIMIT 1"
    )
