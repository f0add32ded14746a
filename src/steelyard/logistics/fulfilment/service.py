"""Commands: instruct, withdraw, ship."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.goods import inventory
from steelyard.kernel.db import Row, Tx
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_
from steelyard.logistics import parcels
from steelyard.logistics.fulfilment.model import (
    LINES_PER_DISPATCH_MAX,
    AlreadyLeft,
    Departure,
    Dispatch,
    Instruction,
    NothingLeft,
    NotSent,
    Packed,
    ParcelTaken,
    Withdrawal,
)
from steelyard.logistics.parcels.model import NewParcel, NumberTaken


async def instruct(tx: Tx, lines: Sequence[Instruction]) -> None:
    """Ask the merchants' warehouses to send these lines. Said twice, the second changes nothing."""
    await tx.execute(
        """
        INSERT INTO fulfilment_lines (merchant_id, order_id, line, sku_id, quantity, withdrawn, ship_by)
        SELECT merchant_id, order_id, line, sku_id, quantity, withdrawn, coalesce(ship_by, now() + hours * interval '1 hour')
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::uuid[], $5::integer[], $6::integer[]
                  , $7::timestamptz[], $8::integer[])
          AS w (merchant_id, order_id, line, sku_id, quantity, hours, ship_by, withdrawn)
        ON CONFLICT (merchant_id, order_id, line) DO NOTHING
        """,
        [line.merchant_id for line in lines],
        [line.order_id for line in lines],
        [line.line for line in lines],
        [line.sku_id for line in lines],
        [line.quantity for line in lines],
        [line.ship_hours for line in lines],
        [line.ship_by for line in lines],
        [line.withdrawn for line in lines],
    )


async def call_off(tx: Tx, of: Sequence[tuple[UUID, UUID]]) -> list[UUID]:
    """Nobody is asked to send these orders, (merchant, order), any more, as if nobody had been: they may be asked for again.
    Returns those of which nothing has left the house; the others stay as they are."""
    rows = await tx.fetch(
        """
        WITH due AS (
            SELECT f.merchant_id, f.order_id, f.line, f.shipped
            FROM fulfilment_lines f JOIN unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, order_id) USING (merchant_id, order_id)
            ORDER BY f.merchant_id, f.order_id, f.line FOR UPDATE OF f
        ), untouched AS (
            SELECT merchant_id, order_id FROM due GROUP BY merchant_id, order_id HAVING sum(shipped) = 0
        )
        DELETE FROM fulfilment_lines f USING untouched u
        WHERE (f.merchant_id, f.order_id) = (u.merchant_id, u.order_id)
        RETURNING f.order_id
        """,
        [merchant_id for merchant_id, _ in of],
        [order_id for _, order_id in of],
    )
    return list(dict.fromkeys(row["order_id"] for row in rows))


async def withdraw(tx: Tx, merchant_id: UUID, order_id: UUID) -> None:
    """Nothing of this order needs sending any more. Raises `AlreadyLeft` when some of it has gone."""
    lines = await _lock(tx, merchant_id, order_id)
    if any(line["shipped"] for line in lines):
        raise AlreadyLeft(order_id=order_id)
    await tx.execute(
        "UPDATE fulfilment_lines SET withdrawn = quantity WHERE merchant_id = $1 AND order_id = $2",
        merchant_id,
        order_id,
    )


async def withdraw_pieces(tx: Tx, merchant_id: UUID, order_id: UUID, pieces: Sequence[tuple[int, int]]) -> Withdrawal:
    """Of each `(line, quantity)`, so many pieces as have not left the house need not be sent any more, and are free to be
    sold again. Those that have left are not called back: the answer says how many stay.
    """
    lines = await _lock(tx, merchant_id, order_id)
    wanted = dict(pieces)
    assert len(wanted) == len(pieces), "each line is named once"
    named = [line for line in lines if line["line"] in wanted]
    staying = {line["line"]: min(wanted[line["line"]], _left(line)) for line in named}
    await tx.execute(
        """
        UPDATE fulfilment_lines f SET withdrawn = f.withdrawn + w.quantity
        FROM unnest($3::integer[], $4::integer[]) AS w (line, quantity)
        WHERE f.merchant_id = $1 AND f.order_id = $2 AND f.line = w.line AND w.quantity > 0
        """,
        merchant_id,
        order_id,
        list(staying.keys()),
        list(staying.values()),
    )
    await inventory.release_pieces(
        tx, merchant_id, order_id, [(line["sku_id"], staying[line["line"]]) for line in named]
    )
    return Withdrawal(
        lines=staying,
        left=sum(_left(line) for line in lines) - sum(staying.values()),
        sent=sum(line["shipped"] for line in lines),
    )


async def ship(tx: Tx, dispatch: Dispatch, by: str) -> Departure:
    """Send a parcel: its pieces leave the stock and the carrier has the number.

    Said twice with the same parcel id, the second changes nothing. Raises `NothingLeft` when a line has fewer pieces
    left than are packed, `ParcelTaken` when the parcel is another order's, and what `parcels.hand_over` raises.
    """
    lines = await _lock(tx, dispatch.merchant_id, dispatch.order_id)
    if await _sent_before(tx, dispatch):
        return Departure(fresh=False, whole=all(_left(line) == 0 for line in lines))
    packed = _pack(dispatch, lines)
    sku_of = {line["line"]: line["sku_id"] for line in lines}
    await inventory.ship(
        tx,
        dispatch.merchant_id,
        dispatch.order_id,
        [(sku_of[item.line], item.quantity) for item in packed],
        document=dispatch.parcel_id,
        by=by,
    )
    await parcels.hand_over(
        tx,
        parcel_id=dispatch.parcel_id,
        merchant_id=dispatch.merchant_id,
        order_id=dispatch.order_id,
        carrier=dispatch.carrier,
        number=dispatch.number,
        by=by,
    )
    await _write(tx, dispatch, packed)
    gone = {item.line: item.quantity for item in packed}
    return Departure(fresh=True, whole=all(_left(line) == gone.get(line["line"], 0) for line in lines))


async def ship_whole(tx: Tx, merchant_id: UUID, parcels_out: Sequence[NewParcel], by: str) -> dict[UUID, bool]:
    """Send all that is left of each of these orders of a merchant, each in the parcel named for it: all or none. Returns
    by order whether its parcel is new; one that had left before changes nothing.

    Numbers are clean and carriers known. Raises `NotSent` with what is wrong with which order.
    """
    order_ids = sorted(parcel.order_id for parcel in parcels_out)
    assert len(set(order_ids)) == len(order_ids), "each order is named once"
    lines = await tx.fetch(
        """
        SELECT order_id, line, sku_id, quantity, shipped, withdrawn FROM fulfilment_lines
        WHERE merchant_id = $1 AND order_id = ANY($2) ORDER BY order_id, line FOR UPDATE
        """,
        merchant_id,
        order_ids,
    )
    known = await tx.fetch(
        "SELECT parcel_id, order_id FROM parcels WHERE merchant_id = $1 AND parcel_id = ANY($2)",
        merchant_id,
        [parcel.parcel_id for parcel in parcels_out],
    )
    before = {row["parcel_id"]: row["order_id"] for row in known}
    fresh = [parcel for parcel in parcels_out if parcel.parcel_id not in before]
    left = {parcel.order_id: [line for line in lines if line["order_id"] == parcel.order_id] for parcel in fresh}
    packed = {order_id: [(line, _left(line)) for line in mine if _left(line)] for order_id, mine in left.items()}
    troubles: dict[UUID, Refusal] = {
        order_id: NothingLeft(line=1, left=0, wanted=1) for order_id in left if not packed[order_id]
    }
    troubles |= {
        parcel.order_id: ParcelTaken(parcel_id=parcel.parcel_id)
        for parcel in parcels_out
        if before.get(parcel.parcel_id, parcel.order_id) != parcel.order_id
    }
    if troubles:
        raise NotSent(troubles)
    await _send_many(tx, merchant_id, fresh, packed, by)
    return {parcel.order_id: parcel.parcel_id not in before for parcel in parcels_out}


async def _send_many(
    tx: Tx, merchant_id: UUID, fresh: Sequence[NewParcel], packed: dict[UUID, list[tuple[Row, int]]], by: str
) -> None:
    inside = [(parcel, line, pieces) for parcel in fresh for line, pieces in packed[parcel.order_id]]
    await inventory.ship_many(
        tx,
        merchant_id,
        [(parcel.order_id, parcel.parcel_id, line["sku_id"], pieces) for parcel, line, pieces in inside],
        by=by,
    )
    new = await parcels.hand_over_many(tx, merchant_id, fresh, by)
    taken = {
        parcel.order_id: NumberTaken(number=parcel.number, carrier=parcel.carrier)
        for parcel in fresh
        if parcel.parcel_id not in new
    }
    if taken:
        raise NotSent(taken)
    await tx.execute(
        """
        WITH packed AS (
            SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::integer[], $5::integer[])
                AS p (parcel_id, order_id, line, quantity)
        ), written AS (
            INSERT INTO parcel_lines (merchant_id, parcel_id, order_id, line, quantity)
            SELECT $1, parcel_id, order_id, line, quantity FROM packed
        )
        UPDATE fulfilment_lines f SET shipped = f.shipped + p.quantity FROM packed p
        WHERE f.merchant_id = $1 AND f.order_id = p.order_id AND f.line = p.line
        """,
        merchant_id,
        [parcel.parcel_id for parcel, _, _ in inside],
        [parcel.order_id for parcel, _, _ in inside],
        [line["line"] for _, line, _ in inside],
        [pieces for _, _, pieces in inside],
    )


async def _lock(tx: Tx, merchant_id: UUID, order_id: UUID) -> list[Row]:
    return await tx.fetch(
        """
        SELECT line, sku_id, quantity, shipped, withdrawn FROM fulfilment_lines
        WHERE merchant_id = $1 AND order_id = $2 ORDER BY line FOR UPDATE
        """,
        merchant_id,
        order_id,
    )


async def _sent_before(tx: Tx, dispatch: Dispatch) -> bool:
    order_id = await tx.value(
        "SELECT order_id FROM parcels WHERE merchant_id = $1 AND parcel_id = $2",
        dispatch.merchant_id,
        dispatch.parcel_id,
    )
    if order_id not in (None, dispatch.order_id):
        raise ParcelTaken(parcel_id=dispatch.parcel_id)
    return order_id is not None


def _left(line: Row) -> int:
    return line["quantity"] - line["shipped"] - line["withdrawn"]


def _pack(dispatch: Dispatch, lines: Sequence[Row]) -> list[Packed]:
    """What goes into the parcel, checked against what is left."""
    left = {line["line"]: _left(line) for line in lines}
    if dispatch.lines is None:
        packed = [Packed(line, quantity) for line, quantity in left.items() if quantity]
    else:
        packed = [item for item in dispatch.lines if item.quantity]
    if not packed or len(packed) > LINES_PER_DISPATCH_MAX:
        raise Invalid({"lines": N_("Please choose what is in this parcel")})
    if len({item.line for item in packed}) != len(packed):
        raise Invalid({"lines": N_("A line is named twice")})
    for item in packed:
        if item.quantity < 0 or item.quantity > left.get(item.line, 0):
            raise NothingLeft(line=item.line, left=left.get(item.line, 0), wanted=item.quantity)
    return packed


async def _write(tx: Tx, dispatch: Dispatch, packed: Sequence[Packed]) -> None:
    lines = [item.line for item in packed]
    quantities = [item.quantity for item in packed]
    await tx.execute(
        """
        UPDATE fulfilment_lines f SET shipped = f.shipped + p.quantity
        FROM unnest($3::integer[], $4::integer[]) AS p (line, quantity)
        WHERE f.merchant_id = $1 AND f.order_id = $2 AND f.line = p.line
        """,
        dispatch.merchant_id,
        dispatch.order_id,
        lines,
        quantities,
    )
    await tx.execute(
        """
        INSERT INTO parcel_lines (merchant_id, parcel_id, order_id, line, quantity)
        SELECT $1, $2, $3, * FROM unnest($4::integer[], $5::integer[])
        """,
        dispatch.merchant_id,
        dispatch.parcel_id,
        dispatch.order_id,
        lines,
        quantities,
    )
