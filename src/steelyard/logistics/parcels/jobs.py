"""Asking carriers where the parcels are, and taking in what they tell by themselves."""

import asyncio
from collections.abc import Mapping

import msgspec
import structlog

from steelyard.kernel import settings as kernel_settings
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.settings import Settings
from steelyard.kernel.sweeps import Sweep
from steelyard.logistics.parcels import gateways, waybills
from steelyard.logistics.parcels.gateways import Carriers
from steelyard.logistics.parcels.model import Tracking, TrackingNews
from steelyard.logistics.parcels.service import ToAsk, asked, record_scans, take_to_ask
from steelyard.money import payments
from steelyard.money.payments import Unknown, webhook_url

ASK_EVERY_SECONDS = 2.0
ASK_FOR_NUMBERS_EVERY_SECONDS = 30.0
ASKED_AT_ONCE_MAX = 10

log = structlog.get_logger()


async def ask_carriers(db: Database, carriers: Carriers, settings: Settings) -> int:
    """Tell the carriers of numbers they have not heard of, and ask about those that are due; returns how many.

    Whose outcome stays unknown is asked again in a minute; whom the carrier does not know, like the others, later.
    """
    due = await db.transact(take_to_ask)
    lanes = asyncio.Semaphore(ASKED_AT_ONCE_MAX)

    async def ask(parcel: ToAsk) -> None:
        try:
            async with lanes:
                answer = await _ask(carriers, parcel, webhook_url(settings, carriers.name))
            if isinstance(answer, Unknown):
                log.warning("parcel.unknown", parcel_id=str(parcel.parcel_id), why=answer.why)
            else:
                await db.transact(_answered, parcel, answer)
        except Exception:  # what is odd about one parcel must not hold up the others
            log.exception("parcel.asking_failed", parcel_id=str(parcel.parcel_id))

    async with asyncio.TaskGroup() as asking:
        for parcel in due:
            asking.create_task(ask(parcel))
    return len(due)


async def _ask(carriers: Carriers, parcel: ToAsk, webhook: str) -> Tracking | Unknown | None:
    if parcel.registered:
        return await carriers.query(parcel.carrier, parcel.number)
    return await carriers.follow(parcel.carrier, parcel.number, webhook, parcel.to_collect)


async def _answered(tx: Tx, parcel: ToAsk, tracking: Tracking | None) -> None:
    if tracking is not None:
        got = tracking.collected
        await record_scans(tx, carrier=parcel.carrier, number=parcel.number, scans=tracking.scans, collected=got)
    await asked(tx, parcel, known=tracking is not None)


async def receive_webhook(
    db: Database, settings: Settings, headers: Mapping[str, str], body: bytes, now: float
) -> None:
    """Verify a carrier's message, store and apply it in one transaction: what could not be applied is not stored, gets
    no thanks, and comes again. Raises `BadWebhook`, and `NotFound` where no carriers are set up."""
    carriers = gateways.carriers(settings)
    if carriers is None:
        raise NotFound()
    await db.transact(_take_in, carriers.name, carriers.read_webhook(headers, body, now), msgspec.json.decode(body))


async def _take_in(tx: Tx, name: str, news: TrackingNews, body: Mapping[str, object]) -> None:
    if not await payments.receive(tx, name, news.event_id, body):
        return
    told = news.tracking
    await record_scans(tx, carrier=told.carrier, number=told.number, scans=told.scans, collected=told.collected)
    await payments.applied(tx, name, news.event_id)


async def _ask_carriers(db: Database) -> int:
    settings = kernel_settings.load()
    carriers = gateways.carriers(settings)
    return 0 if carriers is None else await ask_carriers(db, carriers, settings)


async def _ask_for_numbers(db: Database) -> int:
    settings = kernel_settings.load()
    carriers = gateways.carriers(settings)
    return 0 if carriers is None else await waybills.ask_again(db, carriers, settings)


SWEEPS = [
    Sweep("parcels.ask_carriers", ASK_EVERY_SECONDS, _ask_carriers),
    Sweep("parcels.ask_for_numbers", ASK_FOR_NUMBERS_EVERY_SECONDS, _ask_for_numbers),
]
