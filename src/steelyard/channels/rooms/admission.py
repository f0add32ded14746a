"""What a shop needs before it has a room: each condition is met or not, and says what to do."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from steelyard.channels.rooms import queries
from steelyard.channels.rooms.model import Host, HostState, StopKind
from steelyard.goods import catalog
from steelyard.goods.catalog.model import Category
from steelyard.kernel import days
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, MerchantState
from steelyard.trade import discipline

CLOSED_MAX = 500


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is the rule, `todo` what to do where it is not met, both English msgids; `link` leads to where it is done."""

    key: str
    name: str
    met: bool
    todo: str
    link: str


class ClosedCategory(msgspec.Struct, frozen=True, kw_only=True):
    """A category whose goods, with all below it, are not sold live; `source` is law and article."""

    category_id: UUID
    reason: Text
    source: str


async def conditions(
    read: Read, merchant_id: UUID, category_ids: Collection[UUID], host_id: UUID | None, now: datetime
) -> list[Condition]:
    """All conditions for a room of this shop that sells in these categories, where this host speaks first (none: any of its
    hosts). Raises `NotFound`."""
    shop = MerchantId(merchant_id)
    merchant = await merchants.get(read, shop)
    if merchant is None:
        raise NotFound()
    today = now.astimezone(ZoneInfo(merchant.time_zone)).date()
    hosts = [each for each in await queries.hosts_of(read, merchant_id) if host_id in (None, each.host_id)]
    restricted = await merchants.restricted(read, shop, now)
    listed = any(
        stop.stands and stop.kind is StopKind.BLACKLIST and stop.room_id is not None
        for stop in await queries.stops_of(read, merchant_id)
    )
    wrong = await wrong_categories(read, merchant_id, category_ids)
    return [
        Condition(
            key="shop",
            name=N_("The shop is open, and no measure stands against it"),
            met=merchant.state is MerchantState.OPEN and not restricted,
            todo=N_("Look at the page Compliance: points, a missing deposit or the yearly look hold it back."),
            link="/merchant/compliance",
        ),
        Condition(
            key="licence",
            name=N_("The business licence is valid"),
            met=merchant.licence_until is None or merchant.licence_until >= today,
            todo=N_("Hand in the new licence."),
            link="/merchant/licence",
        ),
        Condition(
            key="deposit",
            name=N_("The deposit is paid in full"),
            met=(await discipline.deposit_of(read, shop)).missing == 0,
            todo=N_("Pay in what is missing of the deposit."),
            link="/merchant/compliance",
        ),
        Condition(
            key="categories",
            name=N_("All categories may be sold live, and the shop is admitted for them"),
            met=bool(category_ids) and not wrong,
            todo=N_("Choose other categories, or ask the platform to admit the shop for them."),
            link="/merchant/live/room",
        ),
        *_of_hosts(hosts, now),
        Condition(
            key="blacklist",
            name=N_("No room of the shop is on the blacklist"),
            met=not listed,
            todo=N_("Appeal against the blacklist on the page of the room."),
            link="/merchant/live/room",
        ),
    ]


def _of_hosts(hosts: Sequence[Host], now: datetime) -> list[Condition]:
    verified = [each for each in hosts if each.state is HostState.VERIFIED]
    return [
        Condition(
            key="identified",
            name=N_("The host is identified by the platform, and of age"),
            met=bool(verified),
            todo=N_("Register a host with name and identity card; the platform looks at it."),
            link="/merchant/live/hosts",
        ),
        Condition(
            key="trained",
            name=N_("The host is trained"),
            met=any(each.trained(days.day_of(now)) for each in verified),
            todo=N_("Let the host take the platform's course; the platform notes it."),
            link="/merchant/live/hosts",
        ),
    ]


async def closed_categories(read: Read) -> list[ClosedCategory]:
    """What is not sold live."""
    return await read.all(
        ClosedCategory,
        "SELECT category_id, reason, source FROM room_closed_categories ORDER BY since, category_id LIMIT $1",
        CLOSED_MAX,
    )


async def wrong_categories(read: Read, merchant_id: UUID, category_ids: Collection[UUID]) -> dict[UUID, Text | None]:
    """Of these categories, those in which this shop does not sell live: with the reason where nobody may, without one where
    the shop is not admitted, or there is no such category."""
    closed = {each.category_id: each.reason for each in await closed_categories(read)}
    admitted = set(await merchants.categories_of(read, MerchantId(merchant_id)))
    paths = ways(await catalog.categories(read))
    found: dict[UUID, Text | None] = {}
    for category_id in category_ids:
        path = paths.get(category_id, [])
        shut = next((closed[each] for each in path if each in closed), None)
        if shut is not None:
            found[category_id] = shut
        elif not path or (admitted and not admitted.intersection(path)):
            found[category_id] = None
    return found


def ways(tree: Sequence[Category], above: Sequence[UUID] = ()) -> dict[UUID, list[UUID]]:
    """Of each category the way to it from the root, itself included."""
    found: dict[UUID, list[UUID]] = {}
    for category in tree:
        way = [*above, category.category_id]
        found[category.category_id] = way
        found |= ways(category.children, way)
    return found
