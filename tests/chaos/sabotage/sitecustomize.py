"""Loaded by every Python program that the harness starts: sets the channel's clock, and for a control switches off one of
the house's guards. Nothing of the program itself knows of this.
"""

import asyncio
import copy
import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import PathFinder
from pathlib import Path


def clock(module):
    """The simulators sign by a clock that the harness sets; what they do at its time they do by the right one, or it would
    not be done for an hour."""
    file = Path(os.environ["STEELYARD_HOME"]).parent / "channel.clock"
    whole = module.Outbox._send

    class Set:
        def __init__(self, right):
            self.right = right

        def now(self):
            try:
                return self.right.now() + int(file.read_text() or 0)
            except (OSError, ValueError):
                return self.right.now()

    async def send(self, *delivery):
        sender = copy.copy(self)
        sender._clock = Set(self._clock)
        return await whole(sender, *delivery)

    module.Outbox._send = send


def reservation(module):
    """Stock is looked at without being held, and when little is left time passes before it is promised."""

    async def looked(tx, skus):
        keys = sorted(set(skus))
        rows = await tx.fetch(
            """
            SELECT s.merchant_id, s.sku_id, s.warehouse_id, s.on_hand, s.reserved, w.place, w.open
            FROM unnest($1::uuid[], $2::uuid[]) AS k (merchant_id, sku_id)
            JOIN stock s USING (merchant_id, sku_id) JOIN warehouses w USING (merchant_id, warehouse_id)
            """,
            [merchant_id for merchant_id, _ in keys],
            [sku_id for _, sku_id in keys],
        )
        shelves = [module.Shelf(*row) for row in rows]
        if any(0 < shelf.free < 6 for shelf in shelves):
            await asyncio.sleep(2.0)
        return shelves

    module.lock = looked


def idempotency(module):
    """Another key is claimed than was sent: whoever comes again is served again."""
    whole = module.once

    async def once(db, caller, key, *rest):
        return await whole(db, caller, str(module.ids.mint()), *rest)

    module.once = once


def cursor(module):
    """A subscriber's effects are committed before its cursor moves, in a transaction of its own."""
    whole = module.pump

    async def torn(db, subscriber):
        if subscriber.name != "orders":
            return await whole(db, subscriber)
        if not await db.ask(module.waiting, [subscriber.name]):
            return 0
        await db.transact(module._begin_reading, subscriber.name)

        async def effects(tx):
            cursor = await tx.row(
                "SELECT xid, position FROM event_cursors WHERE subscriber = $1 FOR UPDATE", subscriber.name
            )
            rows = await tx.fetch(
                """
                SELECT xid, position, kind, payload FROM events
                WHERE (xid, position) > ($1, $2) AND xid < pg_snapshot_xmin(pg_current_snapshot())
                ORDER BY xid, position LIMIT 1000
                """,
                cursor["xid"],
                cursor["position"],
            )
            for row in rows:
                if row["kind"] in subscriber.handlers:
                    event, handler = subscriber.handlers[row["kind"]]
                    await handler(tx, [module.msgspec.convert(row["payload"], event)])
            return rows

        async def move(tx, row):
            await tx.execute(
                "UPDATE event_cursors SET xid = $2, position = $3 WHERE subscriber = $1",
                subscriber.name,
                row["xid"],
                row["position"],
            )

        rows = await db.transact(effects)
        await asyncio.sleep(1.0)
        if rows:
            await db.transact(move, rows[-1])
        return len(rows)

    module.pump = torn


HARM = {
    "steelyard.simulators.webhooks": clock,
    **{
        "reservation": {"steelyard.goods.inventory.locks": reservation},
        "idempotency": {"steelyard.kernel.idempotency": idempotency},
        "cursor": {"steelyard.kernel.events": cursor},
    }.get(os.environ.get("CHAOS_SABOTAGE", ""), {}),
}


class Harmed(Loader):
    """A module as it is, and then harmed."""

    def __init__(self, loader, harm):
        self._loader, self._harm = loader, harm

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        self._harm(module)


class Finder(MetaPathFinder):
    def find_spec(self, fullname, path, target=None):
        if fullname not in HARM:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None:
            spec.loader = Harmed(spec.loader, HARM[fullname])
        return spec


sys.meta_path.insert(0, Finder())
