"""Refunds are sent and followed until they have arrived."""

from collections.abc import Mapping

import structlog

from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings
from steelyard.kernel.sweeps import Sweep
from steelyard.money.payments.door import give_back
from steelyard.money.payments.door_model import AT_THE_DOOR
from steelyard.money.payments.gateways import channels
from steelyard.money.payments.gateways.interface import Channel
from steelyard.money.payments.health import forget_calls, note
from steelyard.money.payments.model import DueRefund, RefundAnswer, RefundState, Unknown, is_purse
from steelyard.money.payments.refunds import record_refund, to_refund
from steelyard.money.payments.webhooks import webhook_url

REFUNDS_PER_ROUND_MAX = 50
EVERY_SECONDS = 2.0

log = structlog.get_logger()


async def send_refunds(db: Database, offered: Mapping[str, Channel], settings: Settings) -> int:
    """Send what is instructed and ask for what was sent; returns how many were looked at.

    A refund that was sent before is asked for first, and sent again under the same key only when the channel has
    never heard of it.
    """
    due = await db.transact(to_refund, REFUNDS_PER_ROUND_MAX)
    for refund in due:
        if is_purse(refund.channel):
            back = RefundAnswer(reference=None, state=RefundState.SUCCEEDED)
            await db.transact(record_refund, refund.refund_id, refund.attempt, back, "system")
            continue
        if refund.channel == AT_THE_DOOR:
            await db.transact(give_back, refund)
            continue
        channel = offered.get(refund.channel)
        if channel is None:
            log.warning("refund.channel_missing", refund_id=str(refund.refund_id), channel=refund.channel)
            continue
        answer = await _ask(channel, refund, webhook_url(settings, refund.channel))
        await note(db, refund.channel, answer)
        if isinstance(answer, Unknown):
            log.warning("refund.unknown", refund_id=str(refund.refund_id), why=answer.why)
            continue
        await db.transact(record_refund, refund.refund_id, refund.attempt, answer, "channel")
    return len(due)


async def _ask(channel: Channel, refund: DueRefund, webhook: str) -> RefundAnswer | Unknown:
    if refund.state is RefundState.SENT or refund.asked_before:
        answer = await channel.query_refund(refund)
        if answer is not None:
            return answer
    return await channel.refund(refund, webhook)


async def _send(db: Database) -> int:
    settings = kernel_settings.load()
    return await send_refunds(db, channels(settings), settings)


async def _forget_calls(db: Database) -> int:
    return await db.transact(forget_calls)


SWEEPS = [Sweep("payments.refunds", EVERY_SECONDS, _send), Sweep("payments.forget_calls", 3_600.0, _forget_calls)]
