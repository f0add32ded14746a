"""Whatever buyers, shops and the clock do with teams, in whatever order: money in is money kept and money back, no team has
more than its size, and what failed has kept nothing."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.goods import inventory
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Refusal
from steelyard.kernel.sweeps import sweep_once
from steelyard.money.payments.model import PaymentId, RefundId
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import aftersales, groups, orders
from steelyard.trade.groups.jobs import SWEEPS
from steelyard.trade.groups.model import NewOffer
from steelyard.trade.orders.model import PurchaseId
from tests.support import deal
from tests.support.groups import group, offered, order_of, placed, team_of, time_passes
from tests.support.world import World

SIZE, BUYERS, PIECES = 3, 4, 12
STEP = st.one_of(
    st.tuples(st.just("buy"), st.integers(0, BUYERS - 1), st.integers(0, 2)),
    st.tuples(st.sampled_from(["pay", "pay", "drop", "leave"]), st.integers(0, 5)),
    st.tuples(st.sampled_from(["news", "expire", "sweep", "stop"])),
)


class Crowd:
    """Buyers of one offer, and what they have placed."""

    def __init__(self, db: Database, offer: NewOffer) -> None:
        self.db, self.offer = db, offer
        self.buyers = [BuyerId(ids.mint()) for _ in range(BUYERS)]
        self.purchases: list[PurchaseId] = []
        self.payments: dict[PurchaseId, PaymentId] = {}

    async def do(self, step: tuple[Any, ...]) -> None:
        match step:
            case ("buy", buyer, 0):
                await self.buy(buyer, None)
            case ("buy", buyer, n) if self.purchases:
                order = await order_of(self.db, self.purchases[n % len(self.purchases)])
                await self.buy(buyer, (await team_of(self.db, order)).team_id)
            case ("news",):
                await deal.at_rest(self.db)
            case ("expire",):
                await self.db.transact(time_passes)
            case ("sweep",):
                await sweep_once(self.db, SWEEPS)
            case ("stop",):
                await self.db.transact(
                    groups.stop, self.offer.merchant_id, self.offer.offer_id, by="staff:test", teams=True
                )
            case (what, n) if self.purchases:
                await self.of_one(what, self.purchases[n % len(self.purchases)])
            case _:
                pass

    async def buy(self, buyer: int, team_id: Any) -> None:
        purchase_id = await placed(self.db, self.offer, team_id, self.buyers[buyer])
        self.purchases.append(purchase_id)
        self.payments[purchase_id] = await deal.instructed(self.db, purchase_id)

    async def of_one(self, what: str, purchase_id: PurchaseId) -> None:
        if what == "pay":
            await deal.captured(self.db, self.payments[purchase_id])
        elif what == "drop":
            await self.db.transact(orders.cancel_purchase, purchase_id, "buyer", "buyer")
        else:
            order = await order_of(self.db, purchase_id)
            refund_id = RefundId(ids.derived(order.order_id, "mine"))
            await self.db.transact(aftersales.cancel_for_buyer, order.merchant_id, order.order_id, refund_id, "buyer")


async def fill_up(tx: Tx, world: World) -> None:
    lines = [(world.items["nuts"].sku_id, world.tea.warehouse_id, PIECES)]
    await inventory.receive(tx, world.tea.merchant_id, lines, document=ids.mint(), by="test")


async def money(read: Read) -> tuple[int, int, int]:
    """What came in, what is kept for orders that stand, what went back or is on its way."""
    came = await read.value("SELECT coalesce(sum(amount), 0)::bigint FROM payments WHERE state = 'captured'")
    kept = await read.value(
        "SELECT coalesce(sum(total - refunded), 0)::bigint FROM orders WHERE state NOT IN ('placed', 'cancelled')"
    )
    back = await read.value("SELECT coalesce(sum(amount), 0)::bigint FROM refunds")
    return came, kept, back


async def wrong(read: Read) -> list[Any]:
    """Orders that are not what their teams say, once everybody has heard everything."""
    return await read.fetch(
        """
        SELECT o.order_id, o.state, t.size, t.members, t.paid, t.full_at, t.failed_at
        FROM orders o JOIN group_members m USING (merchant_id, order_id)
        JOIN group_teams t ON t.merchant_id = m.merchant_id AND t.team_id = m.team_id
        WHERE t.members > t.size
           OR (t.failed_at IS NOT NULL AND o.state <> 'cancelled')
           OR (t.full_at IS NOT NULL AND o.state NOT IN ('paid', 'cancelled'))
           OR (t.full_at IS NULL AND o.state = 'paid')
        """
    )


@given(steps=st.lists(STEP, min_size=4, max_size=14))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_money_in_is_money_kept_and_money_back(
    shop: Database, world: World, steps: list[tuple[Any, ...]]
) -> None:
    await shop.transact(fill_up, world)
    offer = await offered(
        shop, group(world, size=SIZE, enough=2 if len(steps) % 2 else None, pieces=PIECES, per_buyer=3)
    )
    crowd = Crowd(shop, offer)
    for step in steps:
        try:
            await crowd.do(step)
        except Refusal:
            continue

    await sweep_once(shop, SWEEPS)
    await deal.at_rest(shop)

    came, kept, back = await shop.ask(money)
    assert came == kept + back
    assert await shop.ask(wrong) == []
    await shop.transact(groups.stop, offer.merchant_id, offer.offer_id, by="staff:test", teams=True)
    await deal.at_rest(shop)
    came, kept, back = await shop.ask(money)
    assert came == kept + back
    assert await shop.ask(wrong) == []
