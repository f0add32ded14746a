"""Messages to platforms are sent until they have arrived; what is old is forgotten."""

import msgspec
import structlog

from steelyard.channels.agents.document import facts, order_document
from steelyard.channels.agents.gateways import post
from steelyard.channels.agents.keys import sign
from steelyard.channels.agents.model import VERSION, VERSIONS, DueDelivery
from steelyard.channels.agents.service import forget, record_answer, to_deliver
from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings
from steelyard.kernel.sweeps import Sweep
from steelyard.trade.orders.model import PurchaseId

EVERY_SECONDS = 2.0
FORGET_EVERY_SECONDS = 3_600.0

log = structlog.get_logger()


async def deliver(db: Database, settings: Settings) -> int:
    """Tell platforms what is due: each message is the order as it stands when it is sent. Returns how many were tried."""
    due = await db.transact(to_deliver)
    for one in due:
        await _deliver(db, settings, one)
    return len(due)


async def _deliver(db: Database, settings: Settings, one: DueDelivery) -> None:
    found = await db.ask(facts, PurchaseId(one.purchase_id))
    assert found is not None, "a purchase is never deleted"
    version = one.version if one.version in VERSIONS else VERSION
    body = msgspec.json.encode(order_document(found, settings.base_url, version, found.purchase.locale))
    headers = {
        "content-type": "application/json",
        "ucp-agent": f'profile="{settings.base_url}/.well-known/ucp"',
        "webhook-id": str(one.delivery_id),
        "webhook-timestamp": str(int(one.created_at.timestamp())),
    }
    signed = sign(settings.home, "POST", one.webhook_url, headers, body)
    answer = await post(one.webhook_url, settings.base_url, signed, body)
    if answer.error:
        log.warning("agents.not_delivered", delivery_id=str(one.delivery_id), why=answer.error, tries=one.attempts)
    await db.transact(record_answer, one.delivery_id, one.attempts, answer)


async def _deliver_due(db: Database) -> int:
    return await deliver(db, kernel_settings.load())


async def _forget(db: Database) -> int:
    return await db.transact(forget)


SWEEPS = [
    Sweep("agents.deliver", EVERY_SECONDS, _deliver_due),
    Sweep("agents.forget", FORGET_EVERY_SECONDS, _forget),
]
