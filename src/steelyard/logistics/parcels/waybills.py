"""Electronic waybills: the carrier gives a parcel its number before it leaves.

Intent, call, result: `ask_for` writes what is wanted under an id that is the carrier's idempotency key, the carrier is
called with no transaction open, `answered` writes what it said. Who did not answer is asked again, by the page or by the
sweep, and gives the same number.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.i18n import N_
from steelyard.kernel.settings import Settings
from steelyard.logistics.parcels import gateways
from steelyard.logistics.parcels.gateways import Carriers
from steelyard.logistics.parcels.model import NewWaybill, Waybill
from steelyard.money.payments import Unknown, webhook_url

ASKED_AT_ONCE_MAX = 10
ASKED_PER_SWEEP_MAX = 50
ASK_AGAIN = timedelta(minutes=1)
GIVE_UP = timedelta(days=1)
REFUSED = N_("The carrier does not take this parcel. Please check the address, or choose another carrier.")

log = structlog.get_logger()


async def ask_for(tx: Tx, wanted: Sequence[NewWaybill]) -> list[Waybill]:
    """Write down that carriers are to be asked for numbers. An order that waits for an answer, or has a number that is not
    used yet, from the same carrier, keeps that. Asked for again under the id of one that was refused, it is asked for anew."""
    merchant_ids = [waybill.merchant_id for waybill in wanted]
    await tx.execute(
        """
        INSERT INTO waybills (merchant_id, waybill_id, order_id, carrier, sender, recipient, weight_grams, collect)
        SELECT w.*
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::jsonb[], $6::jsonb[], $7::integer[], $8::boolean[])
            AS w (merchant_id, waybill_id, order_id, carrier, sender, recipient, weight_grams, collect)
        WHERE NOT EXISTS (SELECT FROM waybills k
                          WHERE k.merchant_id = w.merchant_id AND k.order_id = w.order_id AND k.carrier = w.carrier
                            AND k.failure IS NULL
                            AND NOT EXISTS (SELECT FROM parcels p WHERE p.merchant_id = k.merchant_id
                                              AND p.parcel_id = k.waybill_id))
        ON CONFLICT (merchant_id, waybill_id) DO UPDATE
        SET sender = excluded.sender, recipient = excluded.recipient, weight_grams = excluded.weight_grams
          , collect = excluded.collect, failure = NULL, answered_at = NULL, asked_at = now()
        WHERE waybills.failure IS NOT NULL
        """,
        merchant_ids,
        [waybill.waybill_id for waybill in wanted],
        [waybill.order_id for waybill in wanted],
        [waybill.carrier for waybill in wanted],
        [waybill.sender for waybill in wanted],
        [waybill.recipient for waybill in wanted],
        [waybill.weight_grams for waybill in wanted],
        [waybill.collect for waybill in wanted],
    )
    carrier_of = {waybill.order_id: waybill.carrier for waybill in wanted}
    found = await _open(tx, merchant_ids[0], list(carrier_of))
    return [waybill for waybill in found if waybill.carrier == carrier_of[waybill.order_id]]


async def _open(read: Read, merchant_id: UUID, order_ids: Sequence[UUID]) -> list[Waybill]:
    """The waybills of these orders that no parcel has used yet, the last asked for last."""
    return await read.all(
        Waybill,
        """
        SELECT merchant_id, waybill_id, order_id, carrier, sender, recipient, weight_grams, collect, number, failure
        FROM waybills w WHERE w.merchant_id = $1 AND w.order_id = ANY($2)
          AND NOT EXISTS (SELECT FROM parcels p WHERE p.merchant_id = w.merchant_id AND p.parcel_id = w.waybill_id)
        ORDER BY w.asked_at, w.waybill_id
        """,
        merchant_id,
        list(order_ids),
    )


async def waybills_of(read: Read, merchant_id: UUID, order_ids: Sequence[UUID]) -> dict[UUID, Waybill]:
    """By order, the number that it has been given and not used yet."""
    return {waybill.order_id: waybill for waybill in await _open(read, merchant_id, order_ids) if waybill.number}


async def answered(tx: Tx, waybill: Waybill, number: str | None) -> None:
    """The carrier gave a number, or (none) refused the parcel. Said twice, the first counts."""
    await tx.execute(
        """
        UPDATE waybills SET number = $3, failure = $4, answered_at = now()
        WHERE merchant_id = $1 AND waybill_id = $2 AND answered_at IS NULL
        """,
        waybill.merchant_id,
        waybill.waybill_id,
        number,
        None if number else REFUSED,
    )


async def book_now(db: Database, settings: Settings, wanted: Sequence[NewWaybill]) -> dict[UUID, Waybill]:
    """Ask carriers for numbers and wait for what they say: by order, its waybill, without number and failure where the
    answer is not known yet."""
    asked = await db.transact(ask_for, wanted)
    carriers = gateways.carriers(settings)
    if carriers is not None:
        await _call(db, carriers, webhook_url(settings, carriers.name), _unanswered(asked))
    known = await db.ask(_open, wanted[0].merchant_id, [waybill.order_id for waybill in asked])
    ids_of = {waybill.waybill_id for waybill in asked}
    return {waybill.order_id: waybill for waybill in known if waybill.waybill_id in ids_of}


def _unanswered(waybills: Sequence[Waybill]) -> list[Waybill]:
    """Without what was refused before: a number that a carrier gave for it would be nobody's."""
    return [each for each in waybills if each.number is None and each.failure is None]


async def _call(db: Database, carriers: Carriers, webhook: str, waybills: Sequence[Waybill]) -> None:
    lanes = asyncio.Semaphore(ASKED_AT_ONCE_MAX)

    async def book(waybill: Waybill) -> None:
        async with lanes:
            answer = await carriers.book(waybill, webhook)
        if isinstance(answer, Unknown):
            log.warning("waybill.unknown", waybill_id=str(waybill.waybill_id), why=answer.why)
        else:
            await db.transact(answered, waybill, answer)

    async with asyncio.TaskGroup() as asking:
        for waybill in waybills:
            asking.create_task(book(waybill))


async def unanswered(read: Read) -> list[Waybill]:
    """Waybills whose answer never came, within a day: what is older nobody waits for."""
    return await read.all(
        Waybill,
        """
        SELECT merchant_id, waybill_id, order_id, carrier, sender, recipient, weight_grams, collect, number, failure
        FROM waybills WHERE answered_at IS NULL AND asked_at < now() - $1::interval AND asked_at > now() - $2::interval
        ORDER BY asked_at LIMIT $3
        """,
        ASK_AGAIN,
        GIVE_UP,
        ASKED_PER_SWEEP_MAX,
    )


async def ask_again(db: Database, carriers: Carriers, settings: Settings) -> int:
    """Ask for the numbers that nobody has answered for. Returns 0, so that who stays silent is asked no sooner than the
    sweep's pause."""
    await _call(db, carriers, webhook_url(settings, carriers.name), await db.ask(unanswered))
    return 0
