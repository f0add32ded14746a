"""A price of a customer group that follows a segment is for whom the segment has at the moment they place the order."""

from datetime import UTC, datetime, timedelta

import pytest

from steelyard.kernel.db import Database
from steelyard.operations import segments
from steelyard.operations.behaviour import Behaviour
from steelyard.operations.behaviour import Kind as Deed
from steelyard.operations.segments.model import Did
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import checkout
from steelyard.trade.checkout.model import TotalMoved
from tests.operations.segments.conftest import defined, did, heard, inside, seen
from tests.support import deal
from tests.support.world import seeded
from tests.trade.test_customer_groups import made, off, offered


async def test_who_falls_out_between_cart_and_payment_is_not_charged_another_price_than_was_shown(db: Database) -> None:
    world = await seeded(db)
    assert world.buyer.buyer_id is not None
    buyer, nuts = BuyerId(world.buyer.buyer_id), world.items["nuts"]
    segment = await defined(db, world, Did(event="share", at_least=True, times=1, days=1))
    group = await made(db, world)
    await offered(db, world, group)
    await db.transact(segments.bind, group.merchant_id, segment.segment_id, group.group_id, "test")
    await seen(db, world, [buyer])
    shared = Behaviour(kind=Deed.SHARE, visitor_id=buyer, buyer_id=buyer, merchant_id=world.tea.merchant_id)
    await did(db, [shared])
    assert await inside(db, segment) == {buyer}
    checkout_id = await deal.opened(db, [(nuts.sku_id, 1)], buyer)
    shown = await db.ask(checkout.view, checkout_id)
    assert shown is not None and shown.quote.discount == 399

    # Nothing happens, but the day is over.
    await db.transact(segments.time_passes, datetime.now(UTC) + timedelta(days=1, seconds=1))
    await heard(db)

    assert await inside(db, segment) == set()
    with pytest.raises(TotalMoved):
        await db.transact(checkout.place, checkout_id, expected_total=shown.quote.total, by="buyer")
    assert await off(db, world, buyer) == 0
