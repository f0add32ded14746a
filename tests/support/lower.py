"""Lower prices for tests: what the shop that sells tea has reduced for everybody, since a minute and for two days."""

from datetime import UTC, datetime, timedelta

import msgspec

from steelyard.goods import promotions, search
from steelyard.goods.promotions.model import Offer, PromotionId, Rule, Scope, SpecialPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from tests.support.world import World

PRICE = 2_990


def sale(world: World, rule: Rule = SpecialPrice(price=PRICE), **more: object) -> Offer:  # noqa: B008  # frozen
    """Of nuts, which cost 39.90."""
    nuts, now = world.items["nuts"], datetime.now(UTC)
    told = Offer(
        merchant_id=nuts.merchant_id,
        promotion_id=PromotionId(ids.mint()),
        name=text("冬季直降", "Winter sale"),
        rule=rule,
        scope=Scope(products=frozenset([nuts.product_id])),
        currency="CNY",
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=2),
        shelf=True,
    )
    return msgspec.structs.replace(told, **more)


async def lowered(db: Database, world: World, wanted: Offer) -> Offer:
    """Saved and, as the worker would, put on the cards."""
    await db.transact(promotions.save, wanted)
    await db.transact(promotions.show_due)
    items = {item.product_id: item.merchant_id for item in world.items.values()}
    await db.transact(search.reindex_products, [(merchant_id, product_id) for product_id, merchant_id in items.items()])
    return wanted
