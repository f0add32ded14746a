"""Commands on what is kept for orders: reserve, hand over, release, ship."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from steelyard.goods.inventory.locks import announce, lock
from steelyard.goods.inventory.model import (
    HandedOver,
    Kept,
    NotKept,
    Reason,
    Shortage,
    StockKey,
    Wanted,
    allocate,
    taken_from,
)
from steelyard.kernel import ids
from steelyard.kernel.db import Row, Tx


async def reserve(tx: Tx, wanted: Sequence[Wanted]) -> list[Shortage]:
    """Keep pieces for orders; returns what is short. A request with any shortage is refused whole, its neighbours
    are not.

    Requests are served in the order in which they are given. An order reserves once: its id has been claimed by
    the caller (or is, later in this transaction), and saying it twice is a broken assumption. Raises nothing for
    shortages: the caller tells each buyer (`SoldOut`).
    """
    shelves = await lock(tx, ((want.merchant_id, want.sku_id) for want in wanted))
    kept, short = allocate(shelves, wanted)
    if kept:
        await _keep(tx, kept)
        changes: dict[StockKey, int] = defaultdict(int)
        for each in kept:
            changes[each.merchant_id, each.sku_id, each.warehouse_id] -= each.quantity
        await announce(tx, shelves, changes)
    return short


async def _keep(tx: Tx, kept: Sequence[Kept]) -> None:
    # The CHECK never_promise_twice stands behind this: were the rows not locked, it would refuse the second promise.
    touched = await tx.value(
        """
        WITH kept AS (
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::integer[])
                AS k (merchant_id, order_id, sku_id, warehouse_id, quantity)
        ), written AS (
            INSERT INTO reservations (merchant_id, order_id, sku_id, warehouse_id, quantity) SELECT * FROM kept
        ), moved AS (
            UPDATE stock s SET reserved = s.reserved + k.quantity
            FROM (SELECT merchant_id, sku_id, warehouse_id, sum(quantity)::integer AS quantity FROM kept
                  GROUP BY merchant_id, sku_id, warehouse_id) k
            WHERE s.merchant_id = k.merchant_id AND s.sku_id = k.sku_id AND s.warehouse_id = k.warehouse_id
            RETURNING k.quantity
        )
        SELECT sum(quantity) FROM moved
        """,
        [each.merchant_id for each in kept],
        [each.order_id for each in kept],
        [each.sku_id for each in kept],
        [each.warehouse_id for each in kept],
        [each.quantity for each in kept],
    )
    assert touched == sum(each.quantity for each in kept)


async def hand_over(tx: Tx, moves: Sequence[HandedOver]) -> None:
    """Keep for one order what was kept for another. What is free stays as it is, so no stock row is locked, but the rows of
    the reservations are; that nobody takes the same pieces meanwhile is the caller's to see to.

    That fewer are kept than are to be handed over is a broken assumption.
    """
    keys = sorted({(move.merchant_id, move.from_id, move.sku_id) for move in moves})
    rows = await tx.fetch(
        """
        SELECT r.merchant_id, r.order_id, r.sku_id, r.warehouse_id, r.quantity
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS k (merchant_id, order_id, sku_id)
        JOIN reservations r USING (merchant_id, order_id, sku_id)
        ORDER BY r.merchant_id, r.order_id, r.sku_id, r.warehouse_id FOR UPDATE OF r
        """,
        [merchant_id for merchant_id, _, _ in keys],
        [order_id for _, order_id, _ in keys],
        [sku_id for _, _, sku_id in keys],
    )
    there: dict[tuple[UUID, UUID, UUID], dict[UUID, int]] = {key: {} for key in keys}
    for row in rows:
        there[row["merchant_id"], row["order_id"], row["sku_id"]][row["warehouse_id"]] = row["quantity"]
    pieces = [
        (move, warehouse_id, quantity)
        for move in moves
        for warehouse_id, quantity in taken_from(there[move.merchant_id, move.from_id, move.sku_id], move.quantity)
    ]
    moved = await tx.value(
        """
        WITH moved AS (
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::integer[])
                AS m (merchant_id, from_id, to_id, sku_id, warehouse_id, quantity)
        ), less AS (
            SELECT merchant_id, from_id, sku_id, warehouse_id, sum(quantity)::integer AS quantity FROM moved
            GROUP BY 1, 2, 3, 4
        ), gone AS (
            DELETE FROM reservations r USING less l
            WHERE r.merchant_id = l.merchant_id AND r.order_id = l.from_id AND r.sku_id = l.sku_id
              AND r.warehouse_id = l.warehouse_id AND r.quantity = l.quantity
            RETURNING l.quantity
        ), fewer AS (
            UPDATE reservations r SET quantity = r.quantity - l.quantity FROM less l
            WHERE r.merchant_id = l.merchant_id AND r.order_id = l.from_id AND r.sku_id = l.sku_id
              AND r.warehouse_id = l.warehouse_id AND r.quantity > l.quantity
            RETURNING l.quantity
        ), kept AS (
            INSERT INTO reservations AS r (merchant_id, order_id, sku_id, warehouse_id, quantity)
            SELECT merchant_id, to_id, sku_id, warehouse_id, sum(quantity)::integer FROM moved GROUP BY 1, 2, 3, 4
            ON CONFLICT (merchant_id, order_id, sku_id, warehouse_id) DO UPDATE SET quantity = r.quantity + excluded.quantity
        )
        SELECT sum(quantity) FROM (SELECT quantity FROM gone UNION ALL SELECT quantity FROM fewer) AS both_ways
        """,
        [move.merchant_id for move, _, _ in pieces],
        [move.from_id for move, _, _ in pieces],
        [move.to_id for move, _, _ in pieces],
        [move.sku_id for move, _, _ in pieces],
        [warehouse_id for _, warehouse_id, _ in pieces],
        [quantity for _, _, quantity in pieces],
    )
    assert moved == sum(move.quantity for move in moves), "what is handed over was kept"


async def release(tx: Tx, merchant_id: UUID, order_ids: Iterable[UUID]) -> None:
    """Keep nothing for these orders of a merchant any more. Said twice, the second changes nothing."""
    await release_orders(tx, [(merchant_id, order_id) for order_id in order_ids])


async def release_orders(tx: Tx, orders: Sequence[tuple[UUID, UUID]]) -> None:
    """`release` for `(merchant_id, order_id)` of many merchants at once, as a sweep over unpaid purchases needs it."""
    merchant_ids = [merchant_id for merchant_id, _ in orders]
    order_ids = [order_id for _, order_id in orders]
    rows = await tx.fetch(
        """
        SELECT DISTINCT r.merchant_id, r.sku_id
        FROM unnest($1::uuid[], $2::uuid[]) AS o (merchant_id, order_id)
        JOIN reservations r USING (merchant_id, order_id)
        """,
        merchant_ids,
        order_ids,
    )
    if not rows:
        return
    shelves = await lock(tx, ((row["merchant_id"], row["sku_id"]) for row in rows))
    freed = await tx.fetch(
        """
        WITH freed AS (
            DELETE FROM reservations r USING unnest($1::uuid[], $2::uuid[]) AS o (merchant_id, order_id)
            WHERE r.merchant_id = o.merchant_id AND r.order_id = o.order_id
            RETURNING r.merchant_id, r.sku_id, r.warehouse_id, r.quantity
        )
        UPDATE stock s SET reserved = s.reserved - f.quantity
        FROM (SELECT merchant_id, sku_id, warehouse_id, sum(quantity)::integer AS quantity FROM freed
              GROUP BY merchant_id, sku_id, warehouse_id) f
        WHERE s.merchant_id = f.merchant_id AND s.sku_id = f.sku_id AND s.warehouse_id = f.warehouse_id
        RETURNING s.merchant_id, s.sku_id, s.warehouse_id, f.quantity
        """,
        merchant_ids,
        order_ids,
    )
    await announce(tx, shelves, {(row[0], row[1], row[2]): row[3] for row in freed})


async def ship(
    tx: Tx,
    merchant_id: UUID,
    order_id: UUID,
    lines: Iterable[tuple[UUID, int]],
    *,
    document: UUID,
    by: str,
) -> None:
    """Let `(sku_id, quantity)` that are kept for the order leave the house: they are neither on hand nor kept any more.

    `document` is the parcel; the same parcel never takes a SKU twice. Raises `NotKept` when more is to leave than
    is kept.
    """
    await ship_many(tx, merchant_id, [(order_id, document, sku_id, quantity) for sku_id, quantity in lines], by=by)


async def ship_many(tx: Tx, merchant_id: UUID, lines: Iterable[tuple[UUID, UUID, UUID, int]], *, by: str) -> None:
    """`ship` of `(order_id, document, sku_id, quantity)` of many orders of a merchant at once, each in a parcel of its
    own. Raises `NotKept`."""
    pieces: dict[UUID, dict[UUID, int]] = {}
    document_of: dict[UUID, UUID] = {}
    for order_id, document, sku_id, quantity in lines:
        assert quantity > 0
        assert document_of.setdefault(order_id, document) == document, "an order leaves in one parcel at a time"
        of_order = pieces.setdefault(order_id, defaultdict(int))
        of_order[sku_id] += quantity
    await lock(tx, ((merchant_id, sku_id) for of_order in pieces.values() for sku_id in of_order))
    kept = await _kept_for(tx, merchant_id, list(pieces), sorted({sku for of in pieces.values() for sku in of}))
    by_order: dict[UUID, list[Row]] = {order_id: [] for order_id in pieces}
    for row in kept:
        if row["sku_id"] in pieces[row["order_id"]]:
            by_order[row["order_id"]].append(row)
    leaving = [
        (order_id, document_of[order_id], *piece)
        for order_id, of_order in pieces.items()
        for piece in _leaving(by_order[order_id], of_order)
    ]
    if leaving:
        await _let_go(tx, merchant_id, leaving, by)


async def _let_go(tx: Tx, merchant_id: UUID, leaving: Sequence[tuple[UUID, UUID, UUID, UUID, int]], by: str) -> None:
    """Book `(order, document, sku, warehouse, quantity)` out."""
    left = await tx.value(
        """
        WITH leaving AS (
            SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::integer[], $7::uuid[])
                AS l (order_id, document, sku_id, warehouse_id, quantity, movement_id)
        ), gone AS (
            DELETE FROM reservations r USING leaving l
            WHERE r.merchant_id = $1 AND r.order_id = l.order_id AND r.sku_id = l.sku_id
              AND r.warehouse_id = l.warehouse_id AND r.quantity = l.quantity
        ), fewer AS (
            UPDATE reservations r SET quantity = r.quantity - l.quantity FROM leaving l
            WHERE r.merchant_id = $1 AND r.order_id = l.order_id AND r.sku_id = l.sku_id
              AND r.warehouse_id = l.warehouse_id AND r.quantity > l.quantity
        ), booked AS (
            INSERT INTO stock_movements (merchant_id, movement_id, sku_id, warehouse_id, quantity, reason, document, by)
            SELECT $1, movement_id, sku_id, warehouse_id, -quantity, $8, document, $9 FROM leaving
        ), moved AS (
            UPDATE stock s SET on_hand = s.on_hand - l.quantity, reserved = s.reserved - l.quantity
            FROM (SELECT sku_id, warehouse_id, sum(quantity)::integer AS quantity FROM leaving GROUP BY 1, 2) l
            WHERE s.merchant_id = $1 AND s.sku_id = l.sku_id AND s.warehouse_id = l.warehouse_id
            RETURNING l.quantity
        )
        SELECT sum(quantity) FROM moved
        """,
        merchant_id,
        [order_id for order_id, _, _, _, _ in leaving],
        [document for _, document, _, _, _ in leaving],
        [sku_id for _, _, sku_id, _, _ in leaving],
        [warehouse_id for _, _, _, warehouse_id, _ in leaving],
        [quantity for _, _, _, _, quantity in leaving],
        [ids.mint() for _ in leaving],
        Reason.SHIPPED,
        by,
    )
    assert left == sum(quantity for _, _, _, _, quantity in leaving)


async def release_pieces(tx: Tx, merchant_id: UUID, order_id: UUID, lines: Iterable[tuple[UUID, int]]) -> None:
    """Keep so many pieces `(sku_id, quantity)` fewer for the order: they can be sold again.

    The stock of every SKU that is named is locked, of those with no pieces too, so that the caller may go on to book
    any of them. Raises `NotKept` when more is to be free than is kept.
    """
    named: dict[UUID, int] = defaultdict(int)
    for sku_id, quantity in lines:
        assert quantity >= 0
        named[sku_id] += quantity
    shelves = await lock(tx, ((merchant_id, sku_id) for sku_id in named))
    pieces = {sku_id: quantity for sku_id, quantity in named.items() if quantity}
    if not pieces:
        return
    kept = await _kept_for(tx, merchant_id, [order_id], list(pieces))
    freed = _leaving(kept[::-1], pieces)  # the last warehouses first, so that what is left comes from fewer
    touched = await tx.execute(
        """
        WITH freed AS (
            SELECT * FROM unnest($3::uuid[], $4::uuid[], $5::integer[]) AS f (sku_id, warehouse_id, quantity)
        ), gone AS (
            DELETE FROM reservations r USING freed f
            WHERE r.merchant_id = $1 AND r.order_id = $2 AND r.sku_id = f.sku_id AND r.warehouse_id = f.warehouse_id
              AND r.quantity = f.quantity
        ), fewer AS (
            UPDATE reservations r SET quantity = r.quantity - f.quantity FROM freed f
            WHERE r.merchant_id = $1 AND r.order_id = $2 AND r.sku_id = f.sku_id AND r.warehouse_id = f.warehouse_id
              AND r.quantity > f.quantity
        )
        UPDATE stock s SET reserved = s.reserved - f.quantity FROM freed f
        WHERE s.merchant_id = $1 AND s.sku_id = f.sku_id AND s.warehouse_id = f.warehouse_id
        """,
        merchant_id,
        order_id,
        [sku_id for sku_id, _, _ in freed],
        [warehouse_id for _, warehouse_id, _ in freed],
        [quantity for _, _, quantity in freed],
    )
    assert touched == len(freed)
    await announce(tx, shelves, {(merchant_id, sku_id, place): quantity for sku_id, place, quantity in freed})


async def _kept_for(tx: Tx, merchant_id: UUID, order_ids: list[UUID], sku_ids: list[UUID]) -> list[Row]:
    return await tx.fetch(
        """
        SELECT r.order_id, r.sku_id, r.warehouse_id, r.quantity
        FROM reservations r JOIN warehouses w USING (merchant_id, warehouse_id)
        WHERE r.merchant_id = $1 AND r.order_id = ANY($2) AND r.sku_id = ANY($3)
        ORDER BY r.order_id, r.sku_id, w.place, r.warehouse_id
        """,
        merchant_id,
        order_ids,
        sku_ids,
    )


def _leaving(kept: Sequence[Row], pieces: dict[UUID, int]) -> list[tuple[UUID, UUID, int]]:
    """From which warehouses the pieces leave, in the order of `kept`. Raises `NotKept`."""
    left = dict(pieces)
    leaving: list[tuple[UUID, UUID, int]] = []
    for row in kept:
        taken = min(row["quantity"], left[row["sku_id"]])
        if taken:
            leaving.append((row["sku_id"], row["warehouse_id"], taken))
            left[row["sku_id"]] -= taken
    for sku_id, missing in left.items():
        if missing:
            raise NotKept(sku_id=sku_id, wanted=pieces[sku_id], kept=pieces[sku_id] - missing)
    return leaving
