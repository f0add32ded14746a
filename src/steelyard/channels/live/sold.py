"""What is sold in a session: told to those who watch, summed, without names; and each of its orders with what was on screen."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.channels.live import beats, crowd, prices
from steelyard.channels.live.beats import BeatKind, NewBeat
from steelyard.channels.live.stage_model import GoodFigures, Minute
from steelyard.kernel.db import Row, Tx

SOURCES = r"^live:[0-9a-f-]{36}:[0-9]{1,7}$"


async def placed(tx: Tx, purchase_ids: Sequence[UUID]) -> None:
    """Purchases were placed: those of sessions are written down with the session, the second and what was explained then, and
    what is left of live prices is told."""
    rows = await _orders_of(tx, purchase_ids)
    if not rows:
        return
    await _hold(tx, rows)
    fresh = await tx.fetch(
        """
        INSERT INTO live_orders (merchant_id, session_id, order_id, second, product_id)
        SELECT o.merchant_id, o.session_id, o.order_id, o.second
             , (SELECT e.product_id FROM live_explained e JOIN live_sessions l USING (merchant_id, session_id)
                WHERE e.merchant_id = o.merchant_id AND e.session_id = o.session_id
                  AND e.from_at <= l.started_at + o.second * interval '1 second'
                  AND (e.to_at IS NULL OR e.to_at > l.started_at + o.second * interval '1 second')
                ORDER BY e.from_seq DESC LIMIT 1)
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[]) AS o (merchant_id, session_id, order_id, second)
        ORDER BY o.merchant_id, o.order_id
        ON CONFLICT (merchant_id, order_id) DO NOTHING
        RETURNING order_id
        """,
        [row["merchant_id"] for row in rows],
        [row["session_id"] for row in rows],
        [row["order_id"] for row in rows],
        [row["second"] for row in rows],
    )
    news = {row["order_id"] for row in fresh}
    await _count(tx, [row for row in rows if row["order_id"] in news], paid=False)
    await _tell_stock(tx, rows)


async def paid(tx: Tx, purchase_ids: Sequence[UUID]) -> None:
    """Purchases were paid: what of them is of sessions is told as sold, all of a session together."""
    rows = await _orders_of(tx, purchase_ids)
    if not rows:
        return
    await _hold(tx, rows)
    fresh = await tx.fetch(
        """
        UPDATE live_orders l SET paid_at = now() FROM unnest($1::uuid[], $2::uuid[]) AS o (merchant_id, order_id)
        WHERE l.merchant_id = o.merchant_id AND l.order_id = o.order_id AND l.paid_at IS NULL RETURNING l.order_id
        """,
        [row["merchant_id"] for row in rows],
        [row["order_id"] for row in rows],
    )
    news = {row["order_id"] for row in fresh}
    rows = [row for row in rows if row["order_id"] in news]
    await _count(tx, rows, paid=True)
    told: dict[tuple[UUID, UUID], dict[str, int]] = {}
    for row in rows:
        pieces = told.setdefault((row["merchant_id"], row["session_id"]), {})
        for product_id, line in row["goods"].items():
            pieces[product_id] = pieces.get(product_id, 0) + line["pieces"]
    await beats.append(
        tx,
        *(
            NewBeat(
                merchant_id=merchant_id,
                session_id=session_id,
                kind=BeatKind.SOLD,
                body={"goods": [{"product_id": each, "pieces": count} for each, count in sorted(pieces.items())]},
            )
            for (merchant_id, session_id), pieces in sorted(told.items())
        ),
    )


async def dropped(tx: Tx, purchase_ids: Sequence[UUID]) -> None:
    """Purchases ended unpaid: the pieces of live prices that came back are told."""
    rows = await _orders_of(tx, purchase_ids)
    if rows:
        await _hold(tx, rows)
        await _tell_stock(tx, rows)


async def _orders_of(tx: Tx, purchase_ids: Sequence[UUID]) -> list[Row]:
    """The orders of these purchases that came out of a session of their shop, with pieces and amount by product; of most
    purchases there are none. What is placed or paid after its end counts for its last minute."""
    return await tx.fetch(
        """
        SELECT o.merchant_id, l.session_id, o.order_id, split_part(o.source, ':', 3)::integer AS second
             , greatest(0, least(floor(extract(epoch FROM now() - l.started_at) / 60)
                               , ceil(extract(epoch FROM l.ended_at - l.started_at) / 60) - 1))::integer AS minute
             , (SELECT jsonb_object_agg(g.product_id, jsonb_build_object('pieces', g.pieces, 'amount', g.amount))
                FROM (SELECT n.product_id, sum(n.quantity)::integer AS pieces, sum(n.amount)::bigint AS amount
                      FROM order_lines n WHERE n.merchant_id = o.merchant_id AND n.order_id = o.order_id
                      GROUP BY n.product_id) AS g) AS goods
        FROM orders o
        JOIN live_sessions l ON l.merchant_id = o.merchant_id AND l.session_id = split_part(o.source, ':', 2)::uuid
        WHERE o.purchase_id = ANY($1) AND o.source ~ $2 AND l.started_at IS NOT NULL
        ORDER BY o.merchant_id, o.order_id
        """,
        list(purchase_ids),
        SOURCES,
    )


async def _hold(tx: Tx, rows: Sequence[Row]) -> None:
    sessions = sorted({(row["merchant_id"], row["session_id"]) for row in rows})
    await beats.lock(tx, sessions)
    await tx.execute(
        """
        INSERT INTO live_unsealed (merchant_id, session_id) SELECT * FROM unnest($1::uuid[], $2::uuid[])
        ON CONFLICT (merchant_id, session_id) DO NOTHING
        """,
        [merchant_id for merchant_id, _ in sessions],
        [session_id for _, session_id in sessions],
    )


async def _count(tx: Tx, rows: Sequence[Row], *, paid: bool) -> None:
    """One order more for each product in it; once it is paid, what was paid."""
    minutes: dict[tuple[UUID, UUID, int], dict[UUID, GoodFigures]] = {}
    for row in rows:
        goods = minutes.setdefault((row["merchant_id"], row["session_id"], row["minute"]), {})
        for product_id, line in row["goods"].items():
            more = GoodFigures(paid=1, gmv=line["amount"]) if paid else GoodFigures(orders=1)
            goods[UUID(product_id)] = goods.get(UUID(product_id), GoodFigures()).plus(more)
    await crowd.add(
        tx,
        [
            (merchant_id, session_id, Minute(minute=minute, goods=goods))
            for (merchant_id, session_id, minute), goods in sorted(minutes.items())
        ],
    )


async def _tell_stock(tx: Tx, rows: Sequence[Row]) -> None:
    """What is left of the live prices of what was in these orders."""
    concerned: dict[tuple[UUID, UUID], set[UUID]] = {}
    for row in rows:
        concerned.setdefault((row["merchant_id"], row["session_id"]), set()).update(map(UUID, row["goods"]))
    told: list[NewBeat] = []
    for (merchant_id, session_id), products in sorted(concerned.items()):
        told += [
            NewBeat(
                merchant_id=merchant_id,
                session_id=session_id,
                kind=BeatKind.STOCK,
                body={
                    "offer_id": each.offer_id, "product_id": each.product_id, "sku_id": each.sku_id, "left": each.left,
                },
            )
            for each in await prices.offers(tx, merchant_id, session_id)
            if not each.ended and each.product_id in products
        ]  # fmt: skip
    await beats.append(tx, *told)
