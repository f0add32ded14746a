"""Having goods fetched: a carrier is asked for a number before they go back, the buyer shows it or sticks it on, and the case
moves on when the carrier has them.

Intent, call, result: `want_pickup` writes down who is asked, the carrier is asked by `logistics.parcels` with no transaction
open, `pickup_booked` writes that the number is a parcel of the case, which is followed from then on. `follow_pickups` finds what
the carrier has fetched, and numbers whose answer came late.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from steelyard.goods import catalog
from steelyard.goods.catalog.model import SkuId
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.logistics import parcels
from steelyard.logistics.parcels.model import NewWaybill, Parcel, ParcelId, ParcelState
from steelyard.parties.customers.model import Address
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import orders, rights
from steelyard.trade.aftersales.case_model import CaseId
from steelyard.trade.aftersales.case_steps import Held, hold, move
from steelyard.trade.aftersales.model import CASE_MACHINE, CaseState
from steelyard.trade.orders.model import Order, OrderLine
from steelyard.trade.rights.model import RuleKind

OTHER = "other"
GRAMS_MAX = 1_000_000
PICKUPS_PER_SWEEP = 50


def waybill_id(case_id: UUID, carrier: str) -> ParcelId:
    """The id under which a carrier is asked to fetch the goods of a case, and which the parcel then has."""
    return ParcelId(ids.derived(case_id, "fetch", carrier))


async def want_pickup(
    tx: Tx, merchant_id: MerchantId, case_id: CaseId, carrier: str, now: datetime | None = None
) -> NewWaybill | None:
    """The buyer wants this carrier to fetch the goods: what it is to be asked for; none when it has given a number already.
    The shop pays it where it bears the freight, the buyer otherwise. Said twice, it is asked for once.

    Raises `NotFound`, `TransitionRefused` when the goods are not to go back now, `Invalid` for what is no carrier, or another
    than the one that is coming.
    """
    held = await hold(tx, merchant_id, case_id)
    CASE_MACHINE.check(held.case.state, CaseState.SENT_BACK)
    if carrier == OTHER or carrier not in {each.carrier for each in await parcels.carriers(tx)}:
        raise Invalid({"pickup": N_("Please choose a carrier")})
    coming = await fetching(tx, case_id)
    if coming is not None:
        if coming.carrier != carrier:
            raise Invalid({"pickup": N_("Another carrier has been asked already.")})
        return None
    await tx.execute(
        """
        UPDATE aftersales_cases SET pickup_at = $4, pickup_carrier = $3 WHERE merchant_id = $1 AND case_id = $2
        """,
        merchant_id,
        case_id,
        carrier,
        now or datetime.now(UTC),
    )
    return await _wanted(tx, held, carrier)


async def fetching(read: Read, case_id: CaseId) -> Parcel | None:
    """The parcel of a case that a carrier was asked to fetch, whether it has it or not."""
    known = (await parcels.of_orders(read, [case_id]))[case_id]
    return next((each for each in known if each.parcel_id == waybill_id(case_id, each.carrier)), None)


async def _wanted(tx: Tx, held: Held, carrier: str) -> NewWaybill:
    case, order = held.case, held.order
    assert case.return_to is not None, "what may come back may come somewhere"
    pieces = {each.line: each.quantity for each in held.lines}
    going = [line for line in (await orders.lines_of(tx, [order.order_id]))[order.order_id] if line.line in pieces]
    cards = await catalog.cards(tx, [SkuId(line.sku_id) for line in going])
    grams = sum(
        cards[SkuId(line.sku_id)].weight_grams * pieces[line.line] for line in going if SkuId(line.sku_id) in cards
    )
    sender = msgspec.structs.replace(order.address, name=order.address.name or order.contact.name or order.code)
    return NewWaybill(
        merchant_id=case.merchant_id,
        waybill_id=waybill_id(case.case_id, carrier),
        order_id=case.case_id,
        carrier=carrier,
        sender=_plain(sender),
        recipient=_plain(case.return_to),
        weight_grams=max(1, min(grams, GRAMS_MAX)),
        collect=case.shops_fault or await free_returns(tx, order, going),
    )


async def free_returns(read: Read, order: Order, going: Collection[OrderLine]) -> bool:
    """Whether the shop promised with one of the goods that go back to bear what sending them costs, whatever the reason: by a
    rule that was in force when they were ordered. What stands with goods when it has ended promises nothing."""
    if not any(line.free_returns for line in going):
        return False
    return (await rights.rules(read)).promise(RuleKind.FREE_RETURNS, order.placed_at, order.currency) is not None


def _plain(address: Address) -> dict[str, str]:
    return msgspec.to_builtins(address)


async def pickup_booked(tx: Tx, merchant_id: MerchantId, case_id: CaseId, carrier: str, number: str, by: str) -> None:
    """The carrier gave a number: it is a parcel of the case, and followed. Said twice, nothing changes; a case that went on
    otherwise meanwhile needs none."""
    held = await hold(tx, merchant_id, case_id)
    if held.case.state is CaseState.AGREED:
        await parcels.hand_over(
            tx,
            parcel_id=waybill_id(case_id, carrier),
            merchant_id=merchant_id,
            order_id=case_id,
            carrier=carrier,
            number=number,
            by=by,
        )


async def follow_pickups(tx: Tx) -> int:
    """Take in numbers that carriers gave late, and move cases on whose goods a carrier has fetched; forget carriers that do not
    come. Returns how many moved."""
    await _forget_refused(tx)
    due = await tx.fetch(
        """
        SELECT c.merchant_id, c.case_id, w.carrier, w.number, p.parcel_id IS NOT NULL AS booked
        FROM aftersales_cases c
        JOIN waybills w ON w.merchant_id = c.merchant_id AND w.order_id = c.case_id AND w.carrier = c.pickup_carrier
        LEFT JOIN parcels p ON p.merchant_id = w.merchant_id AND p.parcel_id = w.waybill_id
        JOIN orders o ON o.merchant_id = c.merchant_id AND o.order_id = c.order_id
        WHERE c.state = 'agreed' AND c.pickup_at IS NOT NULL AND w.number IS NOT NULL
          AND (p.state IS NULL OR p.state = ANY('{in_transit,delivered,lost}'))
        ORDER BY c.pickup_at LIMIT $1 FOR UPDATE OF o SKIP LOCKED
        """,
        PICKUPS_PER_SWEEP,
    )
    for row in due:
        merchant_id, case_id = MerchantId(row["merchant_id"]), CaseId(row["case_id"])
        if row["booked"]:
            await fetched(tx, await hold(tx, merchant_id, case_id), row["carrier"], row["number"], "carrier")
        else:
            await pickup_booked(tx, merchant_id, case_id, row["carrier"], row["number"], "carrier")
    return len(due)


async def _forget_refused(tx: Tx) -> None:
    """Nobody waits for a carrier that has refused to come."""
    await tx.execute(
        """
        UPDATE aftersales_cases SET pickup_at = NULL, pickup_carrier = NULL WHERE (merchant_id, case_id) IN (
            SELECT c.merchant_id, c.case_id FROM aftersales_cases c
            JOIN waybills w ON w.merchant_id = c.merchant_id AND w.order_id = c.case_id AND w.carrier = c.pickup_carrier
            WHERE c.state = 'agreed' AND c.pickup_at IS NOT NULL AND w.failure IS NOT NULL AND w.answered_at > c.pickup_at
            ORDER BY c.pickup_at LIMIT $1 FOR UPDATE OF c SKIP LOCKED)
        """,
        PICKUPS_PER_SWEEP,
    )


async def fetched(tx: Tx, held: Held, carrier: str, number: str, by: str) -> None:
    """The goods of a held case are on their way back in the parcel that was booked."""
    if held.case.state is not CaseState.AGREED:
        return
    await tx.execute(
        "UPDATE aftersales_cases SET carrier = $3, number = $4 WHERE merchant_id = $1 AND case_id = $2",
        held.case.merchant_id,
        held.case.case_id,
        carrier,
        number,
    )
    await move(tx, held, CaseState.SENT_BACK, by)


async def gone_by(tx: Tx, held: Held, by: str) -> bool:
    """Whether a carrier has fetched the goods of a held case; then it moves on."""
    coming = await fetching(tx, held.case.case_id)
    if coming is None or coming.state is ParcelState.HANDED_OVER:
        return False
    await fetched(tx, held, coming.carrier, coming.number, by)
    return True
