"""What goes on by itself: disputes that channels told of are looked at, answers are told, silence loses."""

import structlog

from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Refusal
from steelyard.kernel.settings import Settings
from steelyard.kernel.sweeps import Sweep
from steelyard.money import payments
from steelyard.money.payments import Dispute, DisputeUnknown, Disputing, DueLook, Evidence
from steelyard.trade.chargebacks import evidence, service
from steelyard.trade.chargebacks.model import GONE, Answer, ChargebackState, DueAnswer, News
from steelyard.trade.chargebacks.queries import chargeback

LOOK_EVERY_SECONDS = 2.0
ANSWER_EVERY_SECONDS = 2.0
EXPIRE_EVERY_SECONDS = 60.0
LOOKS_PER_ROUND_MAX = 50
ANSWERS_PER_ROUND_MAX = 50
ENDED = GONE | {ChargebackState.WON, ChargebackState.RECOVERED, ChargebackState.CLOSED}

log = structlog.get_logger()


async def look(db: Database, settings: Settings) -> int:
    """Ask channels how far the disputes are that they told of; returns how many were due."""
    due = await db.transact(payments.to_look_at, LOOKS_PER_ROUND_MAX)
    for each in due:
        channel = payments.channels(settings).get(each.channel)
        if not isinstance(channel, Disputing):
            await db.transact(_cannot, each, "the channel is not set up here")
            continue
        told = await channel.dispute(each.reference)
        if isinstance(told, DisputeUnknown) and not told.refused:
            log.warning("chargeback.unknown", reference=each.reference, why=told.why)
        elif isinstance(told, DisputeUnknown):
            await db.transact(_cannot, each, told.why)
        else:
            await _apply(db, each, told)
    return len(due)


async def _apply(db: Database, each: DueLook, told: Dispute) -> None:
    """What does not fit is kept with the reason, for people to see: it must not hold up the others."""
    try:
        await db.transact(_record, each, told)
    except (Refusal, AssertionError) as error:
        log.exception("chargeback.not_applied", channel=each.channel, reference=each.reference)
        await db.transact(_cannot, each, f"{type(error).__name__}: {error}")


async def _record(tx: Tx, each: DueLook, told: Dispute) -> None:
    if told.payment_id is None:
        await _cannot(tx, each, "it is of no payment of ours")
        return
    payment = await payments.get(tx, payments.PaymentId(told.payment_id))
    if payment is None or payment.channel != each.channel:
        await _cannot(tx, each, "it is of no payment of ours")
        return
    news = News(
        payment_id=told.payment_id,
        channel=each.channel,
        reference=told.reference,
        amount=told.amount,
        currency=told.currency,
        fee=told.fee,
        standing=told.standing,
        reason=told.reason,
        due_at=told.due_at,
    )
    found = await chargeback(tx, await service.record(tx, news, "channel"))
    assert found is not None
    # What was lost by silence here is not over there before they say so.
    over = told.standing in (payments.DisputeStanding.WON, payments.DisputeStanding.CLOSED)
    await payments.looked_at(tx, each, ended=over or found.state is ChargebackState.LOST)


async def _cannot(tx: Tx, each: DueLook, why: str) -> None:
    await payments.looked_at(tx, each, ended=True, problem=why)


async def tell_answers(db: Database, settings: Settings) -> int:
    """Tell channels what staff have decided to answer; returns how many were due. No answer: it is told again."""
    due = await db.transact(evidence.to_answer, ANSWERS_PER_ROUND_MAX)
    for each in due:
        channel = payments.channels(settings).get(each.channel)
        if not isinstance(channel, Disputing):
            await db.transact(evidence.answer_refused, each.chargeback_id, "the channel is not set up here")
            continue
        told = await _tell(channel, each)
        if isinstance(told, Dispute):
            await db.transact(evidence.answered, each.chargeback_id, each.answer)
        elif told.refused:
            await db.transact(evidence.answer_refused, each.chargeback_id, told.why)
        else:
            log.warning("chargeback.answer_unknown", reference=each.reference, why=told.why)
    return len(due)


async def _tell(channel: Disputing, due: DueAnswer) -> Dispute | DisputeUnknown:
    if due.answer is Answer.ACCEPT:
        return await channel.accept_dispute(due.reference)
    return await channel.answer_dispute(due.reference, Evidence(facts=due.facts, words=due.words))


async def _look(db: Database) -> int:
    return await look(db, kernel_settings.load())


async def _answer(db: Database) -> int:
    return await tell_answers(db, kernel_settings.load())


async def _expire(db: Database) -> int:
    return await db.transact(evidence.expire)


SWEEPS = [
    Sweep("chargebacks.look", LOOK_EVERY_SECONDS, _look),
    Sweep("chargebacks.answer", ANSWER_EVERY_SECONDS, _answer),
    Sweep("chargebacks.expire", EXPIRE_EVERY_SECONDS, _expire),
]
