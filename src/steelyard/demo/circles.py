"""Segments of the demo: those of the templates at the shop whose console is looked at, one that its customer group follows, and
some of the platform."""

from uuid import UUID

from steelyard.demo.products import made
from steelyard.goods import promotions
from steelyard.goods.promotions.model import Group, GroupId
from steelyard.kernel.db import Tx
from steelyard.kernel.text import text
from steelyard.operations import segments
from steelyard.operations.behaviour import MARKETPLACE
from steelyard.operations.segments import READY, Ready
from steelyard.operations.segments.model import Kind, Segment, SegmentId
from steelyard.parties.merchants.model import MerchantId

OWN = "zoufang"
OF_THE_PLATFORM = ("new", "lapsing")
# In fen: what a customer has spent who is of high value.
WORTH = 50_000
OWNER = "demo"
BY = "staff:demo"


async def draw(tx: Tx) -> None:
    """Said again, nothing changes."""
    shop = MerchantId(made("merchant", OWN))
    for ready in READY:
        await segments.define(tx, _segment(shop, ready), BY)
    for ready in READY:
        if ready.key in OF_THE_PLATFORM:
            await segments.define(tx, _segment(MARKETPLACE, ready), BY)
    group = Group(
        merchant_id=shop, group_id=GroupId(made("group", OWN, "valued")), name=text("贵宾", "Valued customers")
    )
    await promotions.set_group(tx, group)
    await segments.bind(tx, shop, _id(shop, "high_value"), group.group_id, BY)


def id_of(key: str) -> SegmentId:
    """The shop's own segment of this template."""
    return _id(made("merchant", OWN), key)


def platforms_id_of(key: str) -> SegmentId:
    """The platform's."""
    return _id(MARKETPLACE, key)


def _id(shop: UUID, key: str) -> SegmentId:
    return SegmentId(made("segment", str(shop), key))


def _segment(shop: UUID, ready: Ready) -> Segment:
    return Segment(
        merchant_id=shop,
        segment_id=_id(shop, ready.key),
        kind=Kind.RULES,
        name=ready.name,
        description=ready.text.in_language("zh-Hans"),
        owner=OWNER,
        tree=ready.tree(WORTH),
    )
