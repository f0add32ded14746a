"""Live rooms in tests: a shop with a verified and trained host, its room, and a session that is planned in it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from steelyard.channels import live, rooms
from steelyard.channels.live.model import NewSession, SessionId
from steelyard.channels.rooms.model import HostId, NewApplication, NewHost, RoomApplicationId, RoomId, TrainingId
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from steelyard.parties.access.model import Account, AccountId, AccountKind, Actor
from tests.support.world import Trader, World

BY = "staff:1"
# Numbers of identity cards that nobody has (their check digits are right): of a grown-up, of another, of a child.
GROWN_UP = "330102199003071230"
ANOTHER = "330102199511201230"
CHILD = "33010220150601123X"
SCAN = f"{'0' * 64}.png"
COVER = f"{'1' * 64}.png"


def chief(world: World) -> Actor:
    """The operator's administrator, who may decide about rooms."""
    account = Account(
        account_id=AccountId(world.operator.account_id), kind=AccountKind.OPERATOR, name="Chief", email="", locale="en"
    )
    return Actor(account=account, permissions=frozenset({"rooms.manage"}))


def new_host(trader: Trader, **more: Any) -> NewHost:
    said: dict[str, Any] = {
        "merchant_id": trader.merchant_id,
        "host_id": HostId(ids.mint()),
        "name": "小满",
        "real_name": "Lin Xiaoman",
        "document_number": GROWN_UP,
        "scan": SCAN,
    }
    return NewHost(**{**said, **more})


async def host(db: Database, world: World, trader: Trader, **more: Any) -> HostId:
    """A host of a shop, identified and trained."""
    wanted = new_host(trader, **more)
    await db.as_merchant(trader.merchant_id).transact(rooms.register, wanted, BY)
    await db.transact(rooms.verify, chief(world), trader.merchant_id, wanted.host_id)
    today = datetime.now(UTC).date()
    await db.transact(
        rooms.note_training, chief(world), trader.merchant_id, wanted.host_id, TrainingId(ids.mint()), "Basics", today
    )
    return wanted.host_id


def application(world: World, trader: Trader, **more: Any) -> NewApplication:
    said: dict[str, Any] = {
        "merchant_id": trader.merchant_id,
        "application_id": RoomApplicationId(ids.mint()),
        "name": text("直播间", "Live room"),
        "about": text("", ""),
        "slug": f"{trader.slug}-room",
        "category_ids": list(world.categories.values()),
    }
    return NewApplication(**{**said, **more})


async def room(db: Database, world: World, trader: Trader, **more: Any) -> tuple[RoomId, HostId]:
    """A shop's room, open, and its host."""
    host_id = await host(db, world, trader, **more)
    wanted = application(world, trader, host_id=host_id)
    await db.as_merchant(trader.merchant_id).transact(rooms.apply, wanted, BY)
    return await db.transact(rooms.approve, chief(world), trader.merchant_id, wanted.application_id), host_id


def new_session(merchant_id: UUID, room_id: RoomId, host_id: HostId | None = None, **more: Any) -> NewSession:
    """A session of two hours that begins in an hour."""
    starts_at = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    said: dict[str, Any] = {
        "merchant_id": merchant_id,
        "session_id": SessionId(ids.mint()),
        "room_id": room_id,
        "title": text("春茶专场", "Spring tea"),
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=2),
        "host_id": host_id,
        "cover": COVER,
    }
    return NewSession(**{**said, **more})


async def session(db: Database, world: World, **more: Any) -> NewSession:
    """A session of the tea shop, planned in its own new room, with nuts in its bag."""
    room_id, host_id = await room(db, world, world.tea)
    wanted = new_session(world.tea.merchant_id, room_id, host_id, **more)
    shop = db.as_merchant(world.tea.merchant_id)
    await shop.transact(live.plan, wanted, BY)
    nuts = world.items["nuts"].product_id
    await shop.transact(live.add_goods, world.tea.merchant_id, wanted.session_id, [nuts], BY)
    return wanted
