"""What visitors leave behind, as pages note it: the same habits wherever capture is measured."""

from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from uuid import UUID

from bench import shop
from steelyard.kernel import ids
from steelyard.operations.analytics import Step, View
from steelyard.operations.behaviour import Behaviour, Channel, Kind
from steelyard.surfaces.web.footfall import Noted


def visitors(count: int) -> Sequence[UUID]:
    """Whom nobody has seen before."""
    return [ids.mint() for _ in range(count)]


def note(visitor_id: UUID, chance: Random) -> Noted:
    """Somebody arrives, looks, searches, or puts something into the cart."""
    number = chance.randrange(shop.MERCHANTS)
    merchant_id, product_id = shop.made("merchant", number), shop.made("product", number)
    kind = chance.choices((Kind.ARRIVE, Kind.VIEW, Kind.SEARCH, Kind.CART), (15, 65, 12, 8))[0]
    now = datetime.now(UTC)
    done = Behaviour(
        kind=kind,
        at=now,
        visitor_id=visitor_id,
        merchant_id=merchant_id,
        product_id=product_id if kind in (Kind.VIEW, Kind.CART) else None,
        channel=Channel.AD if kind is Kind.ARRIVE else Channel.DIRECT,
        source="bench" if kind is Kind.ARRIVE else "",
        device="phone",
        properties={"page": "product"},
    )
    view = View(visitor_id=visitor_id, at=now, step=Step.PRODUCT, merchant_id=merchant_id, product_id=product_id)
    return Noted(who=visitor_id, views=[view] if kind is Kind.VIEW else [], behaviours=[done])
