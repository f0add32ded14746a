"""The frame of a live room's pages: the storefront's look, with what every page of buyers wants to know."""

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response

from steelyard.goods import catalog
from steelyard.goods.catalog.model import Category
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.parties.customers.model import BuyerId
from steelyard.surfaces.components.page import Crumb, Link, NavItem
from steelyard.surfaces.web import footfall
from steelyard.surfaces.web.pages import Frame, render
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import cart

LIVE = "/live"
_LINKS = ((N_("My account"), "/account"), (N_("My orders"), "/orders"), (N_("Coupons"), "/coupons"))


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around every page: the categories, and how many pieces lie in the cart."""

    categories: Sequence[Category]
    cart_count: int = 0


async def around(read: Read, buyer_id: UUID | None) -> Around:
    """`buyer_id` is none of who has never been here."""
    categories = await catalog.categories(read)
    return Around(categories=categories, cart_count=await cart.count(read, BuyerId(buyer_id)) if buyer_id else 0)


def now() -> int:
    """The time here, in milliseconds since 1970: countdowns go by it, since the clocks of browsers are wrong."""
    return time.time_ns() // 1_000_000


async def show(
    visit: Visit,
    template: str,
    own: Around,
    /,
    *,
    crumbs: Sequence[tuple[str, str | None]] = (),
    status: int = 200,
    counted: bool = True,
    **values: Any,
) -> Response[str]:
    """A page of buyers; `counted`: somebody looks at it, it is no part of another page."""
    frame = Frame(
        nav=[
            NavItem(each.name.in_language(visit.locale), f"/c/{each.slug}", "", current=False)
            for each in own.categories
        ],
        cart_count=own.cart_count,
        breadcrumb=[Crumb(visit.say(N_("Home")), "/"), *(Crumb(*each) for each in crumbs)] if crumbs else [],
        viewer_links=[Link(visit.say(label), href) for label, href in _LINKS],
        sheet=visit.in_sheet,
    )
    if counted:
        footfall.note(visit)
    return await render(
        visit, f"live_room/{template}", frame, status=status, cents=Money, media=media, thumb=thumb, **values
    )


def media(file: str | None) -> str:
    """The address of a picture in the file store; empty for none."""
    return f"/media/{file}" if file else ""


def thumb(file: str | None, width: int = 360) -> str:
    """The address of one rendition of a picture; empty for none."""
    return media(file) if not file or file.endswith(".svg") else f"/media/{width}/{file}"
