"""A buyer's coupons: those that can be used, those that were, and those that went by."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from steelyard.goods import promotions
from steelyard.goods.promotions.model import Owned, Standing
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.me import ACCOUNT
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.storefront.typed import uuid_of
from steelyard.surfaces.web import offers as words
from steelyard.surfaces.web.console import address
from steelyard.surfaces.web.visit import Visit

MINE = f"{ACCOUNT}/coupons"
PER_PAGE = 30
TABS = {
    Standing.USABLE: N_("To be used"),
    Standing.USED: N_("Used"),
    Standing.EXPIRED: N_("Gone by"),
}


class MyCoupons(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    coupons: Sequence[Owned]
    more: bool
    shops: Mapping[MerchantId, ShopCard]


async def my_coupons(read: Read, buyer_id: BuyerId, standing: Standing, before: str) -> MyCoupons:
    found = await promotions.owned(read, buyer_id, standing, uuid_of(before), PER_PAGE + 1)
    return MyCoupons(
        shell=await shell(read, buyer_id),
        coupons=found[:PER_PAGE],
        more=len(found) > PER_PAGE,
        shops=await merchants.cards(read, {each.merchant_id for each in found}),
    )


@get(MINE)
async def shown(visit: NamedDependency[Visit]) -> Response[str]:
    """Also of who is not signed in: a code that was entered at a checkout belongs to this browser."""
    given = visit.connection.query_params
    tab = next((each for each in Standing if each == given.get("state")), Standing.USABLE)
    view = await visit.db.ask(my_coupons, visit.buyer_id, tab, given.get("before", ""))
    last = view.coupons[-1].promotion_id if view.more else None
    return await show(
        visit,
        "my_coupons.html",
        view.shell,
        crumbs=[Crumb(visit.say(N_("My account")), ACCOUNT), Crumb(visit.say(N_("My coupons")))],
        view=view,
        tab=tab,
        words=words.told(visit, view.coupons),
        now=datetime.now(UTC),
        soon=datetime.now(UTC) + promotions.ENDS_SOON,
        tabs_shown=[
            {"label": visit.say(label), "href": address(MINE, state=each), "current": each is tab}
            for each, label in TABS.items()
        ],
        first_href=address(MINE, state=tab) if given.get("before") else "",
        next_href=address(MINE, state=tab, before=last) if last else "",
    )


HANDLERS = [shown]
