"""What carriers owe of the cash that they collected, and what they pay on; and who may pay at the door at all."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.payments.choosing import KEPT
from steelyard.money.payments.door_model import (
    Collection,
    DoesNotAddUp,
    DoorState,
    NotWithTheCarrier,
    Owed,
    Remittance,
    RemittanceKnown,
)
from steelyard.money.payments.door_steps import move

SHOWN_MAX = 500
ORDERS_PER_REMITTANCE_MAX = 500


async def remit(
    tx: Tx,
    carrier: str,
    *,
    bank_number: str,
    amount: int,
    fee: int,
    currency: str,
    on_day: date,
    orders: Sequence[tuple[UUID, UUID]],
    by: str,
) -> bool:
    """Write down that a carrier paid on what it had collected for these orders (merchant, order), less its fee; False when the
    same line was written down before. Raises `RemittanceKnown`, `DoesNotAddUp`, `NotWithTheCarrier`."""
    assert amount > 0 and fee >= 0 and 0 < len(orders) <= ORDERS_PER_REMITTANCE_MAX  # one thought
    fresh = await tx.execute(
        """
        INSERT INTO door_remittances (bank_number, carrier, amount, fee, currency, on_day, by)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (bank_number) DO NOTHING
        """,
        bank_number,
        carrier,
        amount,
        fee,
        currency,
        on_day,
        by,
    )
    if not fresh:
        same = await tx.value(
            """
            SELECT (carrier, amount, fee, currency) = ($2, $3, $4, $5) FROM door_remittances WHERE bank_number = $1
            """,
            bank_number,
            carrier,
            amount,
            fee,
            currency,
        )
        if not same:
            raise RemittanceKnown(bank_number=bank_number)
        return False
    found = await _hold(tx, carrier, currency, orders)
    if len(found) != len(set(orders)):
        raise NotWithTheCarrier(carrier=carrier)
    expected = sum(each.told or 0 for each in found)
    if expected != amount + fee:
        raise DoesNotAddUp(expected=expected, said=amount + fee, currency=currency)
    await move(tx, found, DoorState.REMITTED, by, remittance=bank_number)
    await ledger.post(tx, await _booked(tx, carrier, bank_number, fee, currency, found))
    return True


async def _hold(tx: Tx, carrier: str, currency: str, orders: Sequence[tuple[UUID, UUID]]) -> list[Collection]:
    return await tx.all(
        Collection,
        """
        SELECT d.merchant_id, d.order_id, d.payment_id, d.buyer_id, d.amount, d.undone, d.currency, d.state, d.told, d.reported
             , d.carrier, d.created_at, d.ended_at, d.remittance
        FROM door_collections d
        JOIN (SELECT DISTINCT * FROM unnest($3::uuid[], $4::uuid[]) AS w (merchant_id, order_id)) w USING (merchant_id, order_id)
        WHERE d.state = 'collected' AND d.carrier = $1 AND d.currency = $2
        ORDER BY d.merchant_id, d.order_id, d.payment_id FOR UPDATE OF d
        """,
        carrier,
        currency,
        [merchant_id for merchant_id, _ in orders],
        [order_id for _, order_id in orders],
    )


async def _booked(
    tx: Tx, carrier: str, bank_number: str, fee: int, currency: str, found: Sequence[Collection]
) -> list[Transfer]:
    """Order by order the cash goes from the carrier to the bank; the carrier's fee is a cost that is of no single merchant."""
    transfers = [
        Transfer(
            owner_id=each.merchant_id,
            debit=AccountKind.BANK_CASH,
            credit=AccountKind.CARRIER_CASH,
            amount=each.told or 0,
            currency=currency,
            reason="remitted",
            document=each.order_id,
        )
        for each in found
    ]
    if fee:
        owner_id = await ledger.counterparty(tx, f"carrier:{carrier}")
        transfers.append(
            Transfer(
                owner_id=owner_id,
                debit=AccountKind.CHANNEL_FEES,
                credit=AccountKind.BANK_CASH,
                amount=fee,
                currency=currency,
                reason="carrier_fee",
                document=ids.derived(owner_id, "remittance", bank_number),
            )
        )
    return transfers


async def owed(read: Read, days: int) -> list[Owed]:
    """What each carrier has and has not paid on; `late` is what it has had for longer than so many days."""
    return await read.all(
        Owed,
        """
        SELECT carrier, currency, count(*) AS orders, sum(told)::bigint AS amount
             , coalesce(sum(told) FILTER (WHERE ended_at < now() - $1::interval), 0)::bigint AS late, min(ended_at) AS oldest
        FROM door_collections WHERE state = 'collected'
        GROUP BY carrier, currency ORDER BY carrier, currency
        """,
        timedelta(days=days),
    )


async def with_carrier(read: Read, carrier: str, currency: str) -> list[Collection]:
    """What this carrier has collected and not paid on, the oldest first."""
    return await read.all(
        Collection,
        """
        SELECT merchant_id, order_id, payment_id, buyer_id, amount, undone, currency, state, told, reported, carrier, created_at
             , ended_at, remittance
        FROM door_collections WHERE state = 'collected' AND carrier = $1 AND currency = $2
        ORDER BY ended_at, order_id LIMIT $3
        """,
        carrier,
        currency,
        SHOWN_MAX,
    )


async def remittances(read: Read) -> list[Remittance]:
    """What carriers paid on, the latest first."""
    return await read.all(
        Remittance,
        """
        SELECT bank_number, carrier, amount, fee, currency, on_day, recorded_at, by
             , (SELECT count(*) FROM door_collections d WHERE d.remittance = r.bank_number) AS orders
        FROM door_remittances r ORDER BY recorded_at DESC, bank_number LIMIT $1
        """,
        SHOWN_MAX,
    )


async def under_way(read: Read, since: datetime | None = None) -> list[Collection]:
    """Parcels to be paid at the door that have left and not arrived, the oldest first; with `since` those older than it."""
    return await read.all(
        Collection,
        """
        SELECT merchant_id, order_id, payment_id, buyer_id, amount, undone, currency, state, told, reported, carrier, created_at
             , ended_at, remittance
        FROM door_collections WHERE state = 'carried' AND created_at < coalesce($1::timestamptz, 'infinity')
        ORDER BY created_at, order_id LIMIT $2
        """,
        since,
        SHOWN_MAX,
    )


async def of_orders(read: Read, merchant_id: UUID, order_ids: Sequence[UUID]) -> dict[UUID, Collection]:
    """What is, or was, to be paid at the door for these orders of a merchant, by order."""
    return await of_all(read, [(merchant_id, order_id) for order_id in order_ids])


async def of_all(read: Read, refs: Sequence[tuple[UUID, UUID]]) -> dict[UUID, Collection]:
    """`of_orders` for orders (merchant, order) of several merchants. Where an order was promised to be paid twice, the promise
    that was called off is not the one that counts."""
    found = await read.all(
        Collection,
        """
        SELECT d.merchant_id, d.order_id, d.payment_id, d.buyer_id, d.amount, d.undone, d.currency, d.state, d.told, d.reported
             , d.carrier, d.created_at, d.ended_at, d.remittance
        FROM door_collections d JOIN unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, order_id) USING (merchant_id, order_id)
        ORDER BY d.state <> 'void', d.created_at, d.payment_id
        """,
        [merchant_id for merchant_id, _ in refs],
        [order_id for _, order_id in refs],
    )
    return {each.order_id: each for each in found}


async def refusals_of(read: Read, buyer_id: UUID, days: int) -> int:
    """How often a buyer let a parcel go back unpaid in the last so many days."""
    return await read.value(
        "SELECT count(*) FROM door_collections WHERE buyer_id = $1 AND state = 'refused' AND ended_at > now() - $2::interval",
        buyer_id,
        timedelta(days=days),
    )


async def offers_of(read: Read, merchant_id: UUID) -> bool:
    """Whether a shop's goods can be paid at the door."""
    return bool(await read.value("SELECT offered FROM door_shops WHERE merchant_id = $1", merchant_id))


async def offer(tx: Tx, merchant_id: UUID, offered: bool, by: str) -> None:
    """From now on a shop's goods can be paid at the door, or cannot. What was ordered stays as it is."""
    await tx.execute(
        """
        INSERT INTO door_shops (merchant_id, offered, changed_by) VALUES ($1, $2, $3)
        ON CONFLICT (merchant_id) DO UPDATE SET offered = $2, changed_at = now(), changed_by = $3
        """,
        merchant_id,
        offered,
        by,
    )
    tx.kept.pop(KEPT, None)
