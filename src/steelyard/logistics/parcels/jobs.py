"""Carriers are asked to follow our parcels, and asked again where they forget to tell."""

from collections.abc import Mapping

import structlog

from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.settings import Settings
from steelyard.kernel.sweeps import Sweep
from steelyard.logistics.parcels.gateways import Carriers, Tracked, Unknown, carriers_of
from steelyard.logistics.parcels.service import ToAsk, asked, record_scans, take_to_ask

EVERY_SECONDS = 5.0

log = structlog.get_logger()


def webhook_url(settings: Settings) -> str:
    """Where carriers send their messages."""
    return f"{settings.base_url}/webhooks/carriers"


async def ask_carriers(db: Database, carriers: Carriers, settings: Settings) -> int:
    """Have new parcels followed, and ask about those that nothing was heard of; returns how many were looked at.

    A parcel that the carrier does not know yet, or that nobody answers for, is asked about a minute later.
    """
    due = await db.transact(take_to_ask)
    for parcel in due:
        answer = await _ask(carriers, parcel, webhook_url(settings))
        if isinstance(answer, Unknown):
            log.warning("parcel.unknown", parcel_id=str(parcel.parcel_id), why=answer.why)
            continue
        await db.transact(_apply, parcel, answer)
    return len(due)


async def _ask(carriers: Carriers, parcel: ToAsk, webhook: str) -> Tracked | Unknown:
    if parcel.registered:
        answer = await carriers.track(parcel.carrier, parcel.number)
        if answer is not None:
            return answer
    return await carriers.follow(parcel.carrier, parcel.number, webhook)


async def _apply(tx: Tx, parcel: ToAsk, answer: Tracked) -> None:
    """What the carrier told, of the number that was asked about, and that it was asked."""
    await record_scans(tx, carrier=parcel.carrier, number=parcel.number, scans=answer.scans)
    await asked(tx, parcel)


async def receive_webhook(
    db: Database, settings: Settings, headers: Mapping[str, str], body: bytes, now: float
) -> None:
    """Verify a carrier's message and apply it; the second copy changes nothing. Raises `BadWebhook`, and
    `NotFound` where no carriers are set up."""
    carriers = carriers_of(settings)
    if carriers is None:
        raise NotFound()
    told = carriers.read_webhook(headers, body, now)
    if told is not None:
        await db.transact(record_scans, carrier=told.carrier, number=told.number, scans=told.scans)


async def _ask_due(db: Database) -> int:
    settings = kernel_settings.load()
    carriers = carriers_of(settings)
    return 0 if carriers is None else await ask_carriers(db, carriers, settings)


SWEEPS = [Sweep("parcels.ask_carriers", EVERY_SECONDS, _ask_due)]
