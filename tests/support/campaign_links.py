"""A shop's campaign link, for tests that need one."""

from steelyard.kernel.db import Database
from steelyard.operations import behaviour
from steelyard.operations.behaviour import Link, Target
from steelyard.parties.merchants.model import MerchantId


async def linked(db: Database, merchant_id: MerchantId) -> Link:
    """A link to the shop, on a poster."""
    link = Link(
        link_id=behaviour.mint_link_id(),
        merchant_id=merchant_id,
        code=behaviour.mint_code(),
        name="Poster",
        target=Target.SHOP,
        target_id=None,
        path="/shops/tea",
        source="poster",
        medium="qr",
    )
    await db.transact(behaviour.make_link, link, "staff")
    return link
