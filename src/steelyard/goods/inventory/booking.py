"""Booking what comes from outside: goods received and counted, for many who report at the same moment, each with its own
answer."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from steelyard.goods.inventory.locks import announce, lock
from steelyard.goods.inventory.model import Entry, Promised, Reason, Shelf, StockKey, WarehouseUnknown
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Refusal

Booked = tuple[UUID, UUID, Reason, UUID, UUID]
"""(merchant_id, document, reason, sku_id, warehouse_id): what is booked once"""


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """What is reported of a merchant's stock, as `(sku_id, warehouse_id, pieces)`: so many came in or, where the reason is
    COUNTED, so many are there."""

    merchant_id: UUID
    lines: Sequence[tuple[UUID, UUID, int]]
    entry: Entry

    @property
    def pieces(self) -> dict[StockKey, int]:
        """Of several lines about one place those that came in are added up; of those that are there the last counts."""
        found: dict[StockKey, int] = {}
        for sku_id, warehouse_id, pieces in self.lines:
            key = (self.merchant_id, sku_id, warehouse_id)
            found[key] = pieces if self.counted else found.get(key, 0) + pieces
        return found

    @property
    def counted(self) -> bool:
        return self.entry.reason is Reason.COUNTED


class _Move(msgspec.Struct, frozen=True):
    key: StockKey
    quantity: int
    entry: Entry


async def book_all(tx: Tx, bookings: Sequence[Booking]) -> list[Refusal | None]:
    """`receive` and `count` for many merchants' bookings, as if said one after the other in this order: for each nothing,
    or the refusal that it would have raised.

    Who is refused leaves nothing behind and takes nothing from the others. Said twice with the same document, the second
    changes nothing.
    """
    shelves = await _shelves(tx, {key for booking in bookings for key in booking.pieces})
    before = await _booked_before(tx, bookings)
    there = {shelf.key: shelf for shelf in shelves}
    on_hand = {shelf.key: shelf.on_hand for shelf in shelves}
    answers: list[Refusal | None] = []
    moves: list[_Move] = []
    for booking in bookings:
        found = _moves(booking, there, on_hand, before)
        if isinstance(found, Refusal):
            answers.append(found)
            continue
        for move in found:
            on_hand[move.key] += move.quantity
            before.add(_name(move.key, move.entry))
        moves += found
        answers.append(None)
    if moves:
        await _write(tx, moves)
        changes: dict[StockKey, int] = defaultdict(int)
        for move in moves:
            changes[move.key] += move.quantity
        await announce(tx, shelves, changes)
    return answers


async def _shelves(tx: Tx, places: Iterable[StockKey]) -> list[Shelf]:
    """Lock all stock rows of the SKUs at these places; rows that are missing are made first, where the merchant has such
    an article and such a warehouse."""
    wanted = set(places)
    skus = {(merchant_id, sku_id) for merchant_id, sku_id, _ in wanted}
    shelves = await lock(tx, skus)
    missing = sorted(wanted - {shelf.key for shelf in shelves}, key=lambda key: (key[1], key[2]))
    if not missing:
        return shelves
    await tx.execute(
        """
        INSERT INTO stock (merchant_id, sku_id, warehouse_id)
        SELECT m.merchant_id, m.sku_id, m.warehouse_id
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS m (merchant_id, sku_id, warehouse_id)
        JOIN warehouses w ON w.merchant_id = m.merchant_id AND w.warehouse_id = m.warehouse_id
        JOIN skus s ON s.merchant_id = m.merchant_id AND s.sku_id = m.sku_id
        ORDER BY m.sku_id, m.warehouse_id
        ON CONFLICT (merchant_id, sku_id, warehouse_id) DO NOTHING
        """,
        [merchant_id for merchant_id, _, _ in missing],
        [sku_id for _, sku_id, _ in missing],
        [warehouse_id for _, _, warehouse_id in missing],
    )

    return await lock(tx, skus)


async def _booked_before(tx: Tx, bookings: Sequence[Booking]) -> set[Booked]:
    rows = await tx.fetch(
        """
        SELECT m.merchant_id, m.document, m.reason, m.sku_id, m.warehouse_id
        FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS b (merchant_id, document, reason)
        JOIN stock_movements m USING (merchant_id, document, reason)
        """,
        [booking.merchant_id for booking in bookings],
        [booking.entry.document for booking in bookings],
        [booking.entry.reason for booking in bookings],
    )
    return {
        (row["merchant_id"], row["document"], Reason(row["reason"]), row["sku_id"], row["warehouse_id"]) for row in rows
    }


def _name(key: StockKey, entry: Entry) -> Booked:
    return key[0], entry.document, entry.reason, key[1], key[2]


def _moves(
    booking: Booking, there: Mapping[StockKey, Shelf], on_hand: Mapping[StockKey, int], before: set[Booked]
) -> list[_Move] | Refusal:
    """What this one changes, after those before it."""
    pieces = booking.pieces
    unknown = [key for key in pieces if key not in there]
    if unknown:
        _, sku_id, warehouse_id = min(unknown)
        return WarehouseUnknown(sku_id=sku_id, warehouse_id=warehouse_id)
    moves: list[_Move] = []
    for key, said in pieces.items():
        quantity = said - on_hand[key] if booking.counted else said
        if quantity == 0 or _name(key, booking.entry) in before:
            continue
        left, reserved = on_hand[key] + quantity, there[key].reserved
        if left < reserved:
            return Promised(sku_id=key[1], reserved=reserved, wanted=left)
        moves.append(_Move(key, quantity, booking.entry))
    return moves


async def _write(tx: Tx, moves: Sequence[_Move]) -> None:
    touched = await tx.value(
        """
        WITH booked AS (
            INSERT INTO stock_movements (merchant_id, movement_id, sku_id, warehouse_id, quantity, reason, document, note
                                       , by)
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::integer[], $6::text[], $7::uuid[]
                               , $8::text[], $9::text[])
            RETURNING merchant_id, sku_id, warehouse_id, quantity
        ), moved AS (
            UPDATE stock s SET on_hand = s.on_hand + b.quantity
            FROM (SELECT merchant_id, sku_id, warehouse_id, sum(quantity)::integer AS quantity FROM booked
                  GROUP BY merchant_id, sku_id, warehouse_id) b
            WHERE s.merchant_id = b.merchant_id AND s.sku_id = b.sku_id AND s.warehouse_id = b.warehouse_id
            RETURNING b.quantity
        )
        SELECT sum(quantity) FROM moved
        """,
        [move.key[0] for move in moves],
        [ids.mint() for _ in moves],
        [move.key[1] for move in moves],
        [move.key[2] for move in moves],
        [move.quantity for move in moves],
        [move.entry.reason for move in moves],
        [move.entry.document for move in moves],
        [move.entry.note for move in moves],
        [move.entry.by for move in moves],
    )
    assert touched == sum(move.quantity for move in moves)
