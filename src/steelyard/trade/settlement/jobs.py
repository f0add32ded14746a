"""Every day's settlement run, and the payouts that follow it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime

import msgspec
import structlog

from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.settings import Settings
from steelyard.kernel.sweeps import Sweep
from steelyard.money import payments
from steelyard.money.payments import Unknown, webhook_url
from steelyard.trade.settlement.ageing import count_held
from steelyard.trade.settlement.checking import silently_checked
from steelyard.trade.settlement.connect_model import Account, AccountNews, Facts
from steelyard.trade.settlement.connecting import account_opened, look_now, record_account, to_look_at
from steelyard.trade.settlement.gateways import StripeConnect
from steelyard.trade.settlement.gateways import bank as bank_of
from steelyard.trade.settlement.gateways import stripe_connect as stripe_of
from steelyard.trade.settlement.gateways.interface import Bank
from steelyard.trade.settlement.model import BankAnswer, DuePayout, PayoutNews, is_complete, settlement_day
from steelyard.trade.settlement.payouts import record_payout, to_pay
from steelyard.trade.settlement.reserving import release_reserves
from steelyard.trade.settlement.reversing import record_reversal, take_back_all_owed, to_reverse
from steelyard.trade.settlement.runs import BEGINNING, step
from steelyard.trade.settlement.transferring import record_transfer, short_of_balance, to_transfer

RUN_EVERY_SECONDS = 60.0
PAY_EVERY_SECONDS = 2.0
COUNT_EVERY_SECONDS = 600.0
PAYOUTS_PER_ROUND_MAX = 50
NO_ACCOUNT = "no payout account"
# What Stripe tells of connected accounts comes to an endpoint of its own.
CONNECT = "stripe-connect"

log = structlog.get_logger()


async def run_today(db: Database) -> int:
    """Issue what is due by now, step by step; returns how many statements were issued."""
    return await settle(db, settlement_day(datetime.now(UTC)))


async def settle(db: Database, day: date) -> int:
    """Issue all that is due by `day`, each step in a transaction of its own; returns how many statements were issued."""
    issued, after = 0, BEGINNING
    while after is not None:
        done = await db.transact(step, day, after)
        issued, after = issued + len(done.statements), done.after
    return issued


async def release_today(db: Database) -> int:
    """Give back the reserves whose time is over by now; returns how many."""
    return await db.transact(release_reserves, settlement_day(datetime.now(UTC)))


async def count_held_today(db: Database) -> int:
    """Count held money by its age; 0, since once is enough: what returns more is asked again at once."""
    await db.transact(count_held, datetime.now(UTC))
    return 0


async def check_by_silence(db: Database) -> int:
    """Statements whose merchants have said nothing in time are taken as checked; returns how many."""
    return await db.transact(silently_checked, datetime.now(UTC))


async def send_payouts(db: Database, bank: Bank, settings: Settings) -> int:
    """Instruct what is issued and ask for what was instructed; returns how many were looked at.

    A payout that was instructed before is asked for first, and instructed again under the same reference only when
    the bank has never heard of it. Without a complete account the payout fails here.
    """
    due = await db.transact(to_pay, PAYOUTS_PER_ROUND_MAX)
    for payout in due:
        answer = await _ask(bank, payout, webhook_url(settings, bank.name))
        if isinstance(answer, Unknown):
            log.warning("payout.unknown", statement_id=str(payout.statement_id), why=answer.why)
            continue
        await db.transact(record_payout, payout.statement_id, payout.attempt, answer, "bank")
    return len(due)


async def _ask(bank: Bank, payout: DuePayout, webhook: str) -> BankAnswer | Unknown:
    if payout.asked_before:
        answer = await bank.query(payout)
        if answer is not None:
            return answer
    if not is_complete(payout.payee):
        return BankAnswer(state="rejected", failure=NO_ACCOUNT)
    return await bank.pay(payout, webhook)


async def receive_webhook(
    db: Database, settings: Settings, headers: Mapping[str, str], body: bytes, now: float
) -> None:
    """Verify the bank's message, store it, apply it. Raises `BadWebhook`, and `NotFound` where no bank is set up.

    A message about a payout that is not ours is kept with the reason, and the bank gets its thanks.
    """
    bank = bank_of(settings)
    if bank is None:
        raise NotFound()
    news = bank.read_webhook(headers, body, now)
    if not await db.transact(payments.receive, bank.name, news.event_id, msgspec.json.decode(body)):
        return
    try:
        await db.transact(_apply, bank.name, news)
    except NotFound:
        await db.transact(payments.not_applied, bank.name, news.event_id, "there is no such statement here")


async def _apply(tx: Tx, name: str, news: PayoutNews) -> None:
    await record_payout(tx, news.statement_id, news.attempt, news.answer, "bank")
    await payments.applied(tx, name, news.event_id)


async def _pay(db: Database) -> int:
    settings = kernel_settings.load()
    bank = bank_of(settings)
    return 0 if bank is None else await send_payouts(db, bank, settings)


async def send_transfers(db: Database, stripe: StripeConnect) -> int:
    """Send payouts through Stripe, and ask for those that were sent; returns how many were looked at.

    One that was asked for before is looked for first, and said again under the same key only when it is not there.
    """
    available: Mapping[str, int] = {}
    if await db.ask(short_of_balance):
        told = await stripe.available()
        available = {} if isinstance(told, Unknown) else told
    due = await db.transact(to_transfer, available, PAYOUTS_PER_ROUND_MAX)
    for payout in due:
        answer = await stripe.query_transfer(payout) if payout.asked_before else None
        if answer is None:
            answer = await stripe.transfer(payout)
        if isinstance(answer, Unknown):
            log.warning("transfer.unknown", statement_id=str(payout.statement_id), why=answer.why)
            continue
        await db.transact(record_transfer, payout, answer)
    return len(due)


async def send_reversals(db: Database, stripe: StripeConnect) -> int:
    """Take back through Stripe what is to be taken back, and ask for what was asked for before; returns how many."""
    due = await db.transact(to_reverse, PAYOUTS_PER_ROUND_MAX)
    for reversal in due:
        answer = await stripe.query_reversal(reversal) if reversal.asked_before else None
        if answer is None:
            answer = await stripe.reverse(reversal)
        if isinstance(answer, Unknown):
            log.warning("reversal.unknown", reversal_id=str(reversal.reversal_id), why=answer.why)
            continue
        await db.transact(record_reversal, reversal, answer)
    return len(due)


async def look_at_accounts(db: Database, stripe: StripeConnect) -> int:
    """Ask Stripe how accounts stand that are to be looked at; returns how many were asked for."""
    wanted = await db.transact(to_look_at)
    for account in wanted:
        await look_at(db, stripe, account)
    return len(wanted)


async def look_at(db: Database, stripe: StripeConnect, account: Account) -> None:
    """Ask Stripe how an account stands. Where it does not say, what is known stays, and it is asked again later."""
    assert account.account_id is not None
    facts = await stripe.account(account.account_id)
    if isinstance(facts, Facts):
        await db.transact(record_account, account.merchant_id, facts)
    else:
        log.warning("stripe_account.unknown", account_id=account.account_id, why=facts.why)


async def onboard(db: Database, stripe: StripeConnect, account: Account, shop: str, page: str) -> str | None:
    """Where a shop goes to give Stripe what it asks for: the account is opened first if it is not there. None: Stripe does not
    answer, or refuses. `page` is ours, to which it comes back."""
    account_id = account.account_id
    if account_id is None:
        opened = await stripe.open_account(account, shop)
        if not isinstance(opened, str):
            log.warning("stripe_account.not_opened", merchant_id=str(account.merchant_id), why=opened.why)
            return None
        await db.transact(account_opened, account.merchant_id, opened)
        account_id = opened
    link = await stripe.link(account_id, f"{page}?back=1", page)
    if not isinstance(link, str):
        log.warning("stripe_account.no_link", account_id=account_id, why=link.why)
        return None
    return link


async def receive_account_webhook(
    db: Database, settings: Settings, headers: Mapping[str, str], body: bytes, now: float
) -> None:
    """Verify what Stripe says of a connected account, store it, and look at the account. Raises `BadWebhook`, and `NotFound`
    where Connect is not set up. Of an account that is nobody's here it is kept with the reason, and Stripe gets its thanks."""
    stripe = stripe_of(settings)
    if stripe is None:
        raise NotFound()
    news = stripe.read_webhook(headers, body, now)
    if await db.transact(payments.receive, CONNECT, news.event_id, msgspec.json.decode(body)):
        await db.transact(_apply_account, news)


async def _apply_account(tx: Tx, news: AccountNews) -> None:
    if await look_now(tx, news.account_id):
        await payments.applied(tx, CONNECT, news.event_id)
    else:
        await payments.not_applied(tx, CONNECT, news.event_id, "there is no such account here")


async def take_back_today(db: Database) -> int:
    """Take back through Stripe what shops owe; returns of how many."""
    return 0 if stripe_of(kernel_settings.load()) is None else await db.transact(take_back_all_owed, datetime.now(UTC))


def _through_stripe(work: Callable[[Database, StripeConnect], Awaitable[int]]) -> Callable[[Database], Awaitable[int]]:
    async def swept(db: Database) -> int:
        stripe = stripe_of(kernel_settings.load())
        return 0 if stripe is None else await work(db, stripe)

    return swept


SWEEPS = [
    Sweep("settlement.run", RUN_EVERY_SECONDS, run_today),
    Sweep("settlement.reserves", RUN_EVERY_SECONDS, release_today),
    Sweep("settlement.checks", RUN_EVERY_SECONDS, check_by_silence),
    Sweep("settlement.ages", COUNT_EVERY_SECONDS, count_held_today),
    Sweep("settlement.payouts", PAY_EVERY_SECONDS, _pay),
    Sweep("settlement.stripe_accounts", PAY_EVERY_SECONDS, _through_stripe(look_at_accounts)),
    Sweep("settlement.transfers", PAY_EVERY_SECONDS, _through_stripe(send_transfers)),
    Sweep("settlement.reversals", PAY_EVERY_SECONDS, _through_stripe(send_reversals)),
    Sweep("settlement.owed", RUN_EVERY_SECONDS, take_back_today),
]
