"""Whatever happens in whatever order, the checks hold: random lives of orders, each step followed by all checks."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import Refusal
from steelyard.logistics.fulfilment.model import Packed
from steelyard.money import ledger
from steelyard.money.payments.model import Instruction, RefundId
from steelyard.trade import aftersales, orders, settlement
from steelyard.trade.aftersales.model import Returned
from tests.support import deal
from tests.support.cluster import TestServer
from tests.support.database import assert_checks
from tests.support.seeded import SeededServer
from tests.support.world import World

STEPS_MAX = 14
LIVES = 25

STEPS = st.one_of(
    st.tuples(st.just("order"), st.integers(0, 5), st.integers(1, 4)),
    st.tuples(st.sampled_from(["instruct", "capture", "capture", "lapse"]), st.integers(0, 3), st.just(0)),
    st.tuples(
        st.sampled_from(["cancel", "ship", "ship_part", "receive", "refund", "refund_freight", "channel", "settle"]),
        st.integers(0, 5),
        st.integers(1, 3),
    ),
)


class Life:
    """What has been done so far, and one method a step. A refusal is an answer like any other."""

    def __init__(self, db: Database, world: World) -> None:
        self.db = db
        self.world = world
        self.purchases: list[Any] = []
        self.payments: list[Any] = []

    async def step(self, name: str, which: int, quantity: int) -> None:
        try:
            await getattr(self, name)(which, quantity)
        except Refusal:
            return

    async def order(self, which: int, quantity: int) -> None:
        items = list(self.world.items.values())
        wanted = [(items[which].sku_id, quantity), (items[(which + 3) % len(items)].sku_id, 1)]
        self.purchases.append(await deal.placed(self.db, wanted))

    async def instruct(self, which: int, _: int) -> None:
        if self.purchases:
            begun = await deal.begun(self.db, self.purchases[which % len(self.purchases)])
            if isinstance(begun, Instruction):
                self.payments.append(begun.payment_id)

    async def capture(self, which: int, _: int) -> None:
        if not self.payments or which % 2 == 0:
            await self.instruct(which, 0)
        if self.payments:
            await deal.captured(self.db, self.payments[which % len(self.payments)])

    async def lapse(self, which: int, _: int) -> None:
        if self.purchases:
            purchase_id = self.purchases[which % len(self.purchases)]
            await self.db.transact(orders.cancel_purchase, purchase_id, "unpaid", "system")

    async def _orders(self) -> list[Any]:
        return [order for purchase in self.purchases for order in await deal.orders_of(self.db, purchase)]

    async def _pick(self, which: int) -> Any:
        found = await self._orders()
        if not found:
            raise Refusal()
        return found[which % len(found)]

    async def cancel(self, which: int, _: int) -> None:
        order = await self._pick(which)
        refund_id = RefundId(ids.mint())
        await self.db.transact(aftersales.cancel, order.merchant_id, order.order_id, refund_id, "no", "buyer")

    async def ship(self, which: int, _: int) -> None:
        await deal.shipped(self.db, await self._pick(which))

    async def ship_part(self, which: int, quantity: int) -> None:
        await deal.shipped(self.db, await self._pick(which), [Packed(1, quantity)])

    async def receive(self, which: int, _: int) -> None:
        await deal.received(self.db, await self._pick(which))

    async def refund(self, which: int, quantity: int) -> None:
        await deal.refunded(self.db, await self._pick(which), Returned(1, quantity))

    async def refund_freight(self, which: int, quantity: int) -> None:
        await deal.refunded(self.db, await self._pick(which), freight=quantity * 100)

    async def channel(self, _: int, __: int) -> None:
        await deal.channel_refunds(self.db)

    async def settle(self, _: int, __: int) -> None:
        await deal.at_rest(self.db)
        await self.db.transact(settlement.run, await self.db.ask(day_after_tomorrow))


async def day_after_tomorrow(read: Read) -> Any:
    return await read.value("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date + 2")


@pytest.fixture(scope="module")
def seeded(database_server: TestServer) -> SeededServer:
    return SeededServer(database_server)


@settings(max_examples=LIVES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=3, max_size=STEPS_MAX))
def test_the_checks_hold_after_every_step(seeded: SeededServer, steps: list[tuple[str, int, int]]):
    with seeded.database() as url:
        asyncio.run(lived(url, seeded.world, steps))


async def lived(url: str, world: World, steps: list[tuple[str, int, int]]) -> None:
    db = await Database.connect(url, size=2)
    try:
        life = Life(db, world)
        for name, which, quantity in steps:
            await life.step(name, which, quantity)
            await assert_checks(url)
        await deal.at_rest(db)
        await deal.channel_refunds(db)
        await assert_checks(url)
        lines = await db.ask(ledger.trial_balance)
        assert sum(line.debits - line.credits for line in lines) == 0
    finally:
        await db.close()
