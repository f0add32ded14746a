"""What was put into the cart in a live room is bought because of it, when it is bought within a day."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from steelyard.channels import host_commission, live
from steelyard.channels.live.subscribers import SUBSCRIBER
from steelyard.goods.catalog.model import SkuId
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.events import drain
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import cart, checkout, orders
from steelyard.trade.checkout.model import SHOP, CheckoutId, Draft, Line
from steelyard.trade.orders.model import Order
from tests.channels.pooling import TEN, Stage, staged
from tests.support import deal
from tests.support.database import assert_checks
from tests.support.seeded import seeded_server, shop, shop_url, world
from tests.support.world import World

__all__ = ["seeded_server", "shop", "shop_url", "world"]

# What is put in, from where ("": the shop), and how many hours before it is bought.
Put = tuple[str, str, int]
HERE, THERE = "live:{here}:{second}", "live:{there}:{second}"


def sku_of(world: World, name: str) -> SkuId:
    return SkuId(world.items[name].sku_id)


async def put_in(stage: Stage, buyer_id: BuyerId, puts: Sequence[Put]) -> None:
    """One after the other, the second 10 later each time."""
    for place, (name, source, hours) in enumerate(puts, 1):
        said = source.format(here=stage.session.session_id, there=ids.mint(), second=place * 10) or None
        await stage.db.transact(cart.put, buyer_id, sku_of(stage.world, name), 1, source=said)
        await stage.db.transact(aged, buyer_id, sku_of(stage.world, name), timedelta(hours=hours))


async def aged(tx: Tx, buyer_id: UUID, sku_id: UUID, ago: timedelta) -> None:
    await tx.execute(
        "UPDATE cart_lines SET added_at = added_at - $3::interval WHERE buyer_id = $1 AND sku_id = $2",
        buyer_id,
        sku_id,
        ago,
    )


async def bought(stage: Stage, buyer_id: BuyerId) -> dict[UUID, Order]:
    """All that lies in the cart, paid; by shop."""
    view = await stage.db.ask(cart.view, buyer_id)
    lines = [
        Line(line_id=str(place), sku_id=line.sku_id, quantity=line.quantity, source=line.source)
        for place, line in enumerate(view.chosen, 1)
    ]
    draft = Draft(lines=lines, contact=deal.CONTACT, address=deal.HOME, locale="en")
    checkout_id = CheckoutId(ids.mint())
    await stage.db.transact(checkout.open_checkout, checkout_id, buyer_id, draft, client=SHOP, from_cart=True)
    purchase_id = await stage.db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
    await deal.captured(stage.db, await deal.instructed(stage.db, purchase_id))
    await stage.hear()
    await drain(stage.db, [SUBSCRIBER])
    purchase = await stage.db.ask(orders.purchase, purchase_id)
    assert purchase is not None and purchase.source == SHOP
    return {order.merchant_id: order for order in await deal.orders_of(stage.db, purchase_id)}


@pytest.mark.parametrize(
    ("puts", "second"),
    [
        ([("nuts", HERE, 0)], 10),
        ([("nuts", HERE, 0), ("green", HERE, 3)], 20),
        ([("nuts", HERE, 23)], 10),
        ([("nuts", HERE, 25)], None),
        ([("nuts", HERE, 0), ("green", "", 0)], None),
        ([("nuts", HERE, 0), ("green", THERE, 0)], None),
        ([("nuts", HERE, 0), ("nuts", "", 0)], None),
        ([("nuts", "", 0), ("nuts", HERE, 0)], 20),
        ([("nuts", HERE, 0), ("ruler", "", 0)], 10),
    ],
    ids=[
        "from the room", "all of it from the room", "a day is not over", "a day is over", "part of it from the shop",
        "from two sessions", "the shop last", "the room last", "another shop's goods beside it",
    ],
)  # fmt: skip
async def test_an_order_is_of_the_session_when_all_of_it_was_put_in_there(
    shop: Database, world: World, shop_url: str, puts: list[Put], second: int | None
) -> None:
    stage, buyer_id = await staged(shop, world), BuyerId(ids.mint())
    await stage.agree(millionths=TEN)

    await put_in(stage, buyer_id, puts)
    found = await bought(stage, buyer_id)

    order = found.pop(stage.session.merchant_id)
    assert order.source == (SHOP if second is None else f"live:{stage.session.session_id}:{second}")
    assert {each.source for each in found.values()} <= {SHOP}, "other shops have nothing to do with it"
    told = await shop.ask(host_commission.lines_of_order, order.merchant_id, order.order_id)
    assert [each.amount > 0 for each in told] == (
        [] if second is None else [True] * len({name for name, _, _ in puts} - {"ruler"})
    )
    await assert_checks(shop_url)


async def test_what_is_bought_after_the_session_counts_for_its_last_minute(shop: Database, world: World) -> None:
    # Given nuts that were put in while the session was on air, for forty seconds.
    stage, buyer_id = await staged(shop, world), BuyerId(ids.mint())
    await put_in(stage, buyer_id, [("nuts", HERE, 0)])
    await shop.transact(live.end, *stage.session.key, "staff:1")
    await shop.transact(over_since, stage.session.session_id)

    # When they are bought hours later, then its last minute has sold them.
    await bought(stage, buyer_id)
    figures = await shop.ask(live.minutes, *stage.session.key)
    sold = {each.minute: [good.paid for good in each.goods.values() if good.paid] for each in figures}
    assert {minute: paid for minute, paid in sold.items() if paid} == {1: [1]}


async def over_since(tx: Tx, session_id: UUID) -> None:
    """It began five hours ago, and was on for 100 seconds."""
    await tx.execute(
        """
        UPDATE live_sessions SET started_at = now() - interval '5 hours'
                               , ended_at = now() - interval '5 hours' + interval '100 seconds' WHERE session_id = $1
        """,
        session_id,
    )


async def test_the_cart_goes_along_when_a_visitor_signs_in_or_takes_another_variant(
    shop: Database, world: World
) -> None:
    stage, visitor, buyer = await staged(shop, world), BuyerId(ids.mint()), BuyerId(ids.mint())
    one, other = (SkuId(each) for each in world.items["green"].sku_ids[:2])
    await put_in(stage, visitor, [("nuts", HERE, 0), ("green", HERE, 2)])
    await put_in(stage, buyer, [("green", "", 1), ("nuts", "", 5)])

    await shop.transact(cart.merge, visitor, buyer)

    room = f"live:{stage.session.session_id}"
    found = {line.sku_id: line.source for line in (await shop.ask(cart.view, buyer)).lines}
    assert found == {sku_of(world, "nuts"): f"{room}:10", one: ""}, "of the same goods, who put them in last"
    await put_in(stage, buyer, [("green", HERE, 0)])
    await shop.transact(cart.exchange, buyer, one, other)
    found = {line.sku_id: line.source for line in (await shop.ask(cart.view, buyer)).lines}
    assert found[other] == f"{room}:10"
