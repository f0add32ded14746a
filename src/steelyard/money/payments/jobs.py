"""Refunds are sent and followed until they have arrived; what is authorised is taken, or let go."""

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings
from steelyard.kernel.sweeps import Sweep
from steelyard.money.payments.captures import record_capture, record_void, to_capture
from steelyard.money.payments.door import give_back
from steelyard.money.payments.door_model import AT_THE_DOOR
from steelyard.money.payments.gateways import channels
from steelyard.money.payments.gateways.interface import Authoriser, Channel
from steelyard.money.payments.health import forget_calls, note
from steelyard.money.payments.model import (
    DueRefund,
    RefundAnswer,
    RefundRecording,
    RefundRoute,
    RefundState,
    Unknown,
    is_purse,
)
from steelyard.money.payments.refund_outcomes import record_refunds
from steelyard.money.payments.refunds import to_refund
from steelyard.money.payments.voids import to_void
from steelyard.money.payments.webhooks import webhook_url

REFUNDS_PER_ROUND_MAX = 200
CAPTURES_PER_ROUND_MAX = 50
# So many calls of one house are under way at the same time: channels limit how many they answer in a second.
CALLS_AT_ONCE_MAX = 8
EVERY_SECONDS = 2.0
NO_CHANNEL = "channel_not_set_up"

log = structlog.get_logger()


async def send_refunds(db: Database, offered: Mapping[str, Channel], settings: Settings) -> int:
    """Send what is instructed and ask for what was sent; returns how many were looked at.

    A refund that was sent before is asked for first, and sent again under the same key only when the channel has
    never heard of it. What goes into purses needs no call. What was learnt is written down together. One whose channel this house
    does not have (any more), and which was never sent, has failed: staff give it back another way.
    """
    due = await db.transact(to_refund, REFUNDS_PER_ROUND_MAX)
    calls = asyncio.Semaphore(CALLS_AT_ONCE_MAX)

    async def learn(refund: DueRefund) -> RefundRecording | None:
        if is_purse(refund.channel) or refund.route is RefundRoute.BALANCE:
            return _said(refund, RefundAnswer(reference=None, state=RefundState.SUCCEEDED), "system")
        if refund.channel == AT_THE_DOOR:  # where the cash is, and so what becomes of it, is known here
            await db.transact(give_back, refund)
            return None
        channel = offered.get(refund.channel)
        if channel is None:
            log.warning("refund.channel_missing", refund_id=str(refund.refund_id), channel=refund.channel)
            if refund.state is RefundState.SENT or refund.asked_before:
                return None
            return _said(refund, RefundAnswer(reference=None, state=RefundState.FAILED, failure=NO_CHANNEL), "system")
        async with calls:
            answer = await _ask(channel, refund, webhook_url(settings, refund.channel))
        await note(db, refund.channel, answer)
        if isinstance(answer, Unknown):
            log.warning("refund.unknown", refund_id=str(refund.refund_id), why=answer.why)
            return None
        return _said(refund, answer, "channel")

    said = [each for each in await asyncio.gather(*(learn(refund) for refund in due)) if each is not None]
    if said:
        await _record(db, said)
    return len(due)


async def take_captures(db: Database, offered: Mapping[str, Channel]) -> int:
    """Ask the channels to take what is wanted of authorised payments, and to let go what is not; returns how many were asked."""
    once = [name for name, channel in offered.items() if not channel.terms.captures_parts]
    due = await db.transact(to_capture, once, CAPTURES_PER_ROUND_MAX)
    for capture in due:
        channel = offered.get(capture.channel)
        if not isinstance(channel, Authoriser):
            log.warning("capture.channel_missing", capture_id=str(capture.capture_id), channel=capture.channel)
            continue
        answer = await channel.capture(capture)
        await note(db, capture.channel, answer)
        if isinstance(answer, Unknown):
            log.warning("capture.unknown", capture_id=str(capture.capture_id), why=answer.why)
            continue
        await db.transact(record_capture, capture.capture_id, answer, "channel")
    let_go = await db.transact(to_void, CAPTURES_PER_ROUND_MAX)
    for void in let_go:
        channel = offered.get(void.channel)
        if not isinstance(channel, Authoriser):
            log.warning("void.channel_missing", payment_id=str(void.payment_id), channel=void.channel)
            continue
        told = await channel.void(void)
        await note(db, void.channel, told)
        if isinstance(told, Unknown):
            log.warning("void.unknown", payment_id=str(void.payment_id), why=told.why)
            continue
        await db.transact(record_void, void.payment_id, told, "channel")
    return len(due) + len(let_go)


def _said(refund: DueRefund, answer: RefundAnswer, by: str) -> RefundRecording:
    return RefundRecording(refund_id=refund.refund_id, attempt=refund.attempt, answer=answer, by=by)


async def _record(db: Database, said: Sequence[RefundRecording]) -> None:
    """Together; and one by one when that fails, so that one that cannot be booked keeps no other waiting."""
    try:
        await db.transact(record_refunds, said)
    except Exception:
        if len(said) == 1:
            raise
        log.exception("refund.batch_failed", refunds=len(said))
        for each in said:
            try:
                await db.transact(record_refunds, [each])
            except Exception:
                log.exception("refund.not_recorded", refund_id=str(each.refund_id))


async def _ask(channel: Channel, refund: DueRefund, webhook: str) -> RefundAnswer | Unknown:
    if refund.state is RefundState.SENT or refund.asked_before:
        answer = await channel.query_refund(refund)
        if answer is not None:
            return answer
    return await channel.refund(refund, webhook)


async def _send(db: Database) -> int:
    settings = kernel_settings.load()
    return await send_refunds(db, channels(settings), settings)


async def _take(db: Database) -> int:
    return await take_captures(db, channels(kernel_settings.load()))


async def _forget_calls(db: Database) -> int:
    return await db.transact(forget_calls)


SWEEPS = [
    Sweep("payments.refunds", EVERY_SECONDS, _send),
    Sweep("payments.captures", EVERY_SECONDS, _take),
    Sweep("payments.forget_calls", 3_600.0, _forget_calls),
]
