"""Every day's settlement run, and the payouts that follow it."""

from collections.abc import Mapping
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
from steelyard.trade.settlement.gateways import bank as bank_of
from steelyard.trade.settlement.gateways.interface import Bank
from steelyard.trade.settlement.model import BankAnswer, DuePayout, PayoutNews, is_complete, settlement_day
from steelyard.trade.settlement.payouts import record_payout, to_pay
from steelyard.trade.settlement.reserving import release_reserves
from steelyard.trade.settlement.runs import BEGINNING, step

RUN_EVERY_SECONDS = 60.0
PAY_EVERY_SECONDS = 2.0
COUNT_EVERY_SECONDS = 600.0
PAYOUTS_PER_ROUND_MAX = 50
NO_ACCOUNT = "no payout account"

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


SWEEPS = [
    Sweep("settlement.run", RUN_EVERY_SECONDS, run_today),
    Sweep("settlement.reserves", RUN_EVERY_SECONDS, release_today),
    Sweep("settlement.checks", RUN_EVERY_SECONDS, check_by_silence),
    Sweep("settlement.ages", COUNT_EVERY_SECONDS, count_held_today),
    Sweep("settlement.payouts", PAY_EVERY_SECONDS, _pay),
]
