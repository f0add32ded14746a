"""Group buying before a buyer's eyes: open a team from the page of the goods, share its link, join one, see how it does.

Nobody is named on a team's page: whoever has the link sees how many have paid, and how many are missing.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.goods import catalog, inventory, pricing
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.kernel import codes, ids
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.opening import open_for
from steelyard.surfaces.storefront.seo import NOT_LISTED
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.storefront.typed import number, uuid_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import groups, orders
from steelyard.trade.checkout.model import CheckoutId, Line
from steelyard.trade.groups.model import REFUSALS, Gathering, Offer, Team, TeamState, Why
from steelyard.trade.orders.model import QUANTITY_PER_LINE_MAX, PurchaseId

GROUP = "/group"
STATES: dict[TeamState, str] = {
    TeamState.BEGUN: N_("It is open once it is paid."),
    TeamState.OPEN: N_("Waits for more"),
    TeamState.OVER: N_("Its time is over."),
    TeamState.FULL: N_("The group is whole"),
    TeamState.FAILED: N_("It did not come together"),
}


class Priced(msgspec.Struct, frozen=True, kw_only=True):
    """A variant with its group price, what it costs alone, and how many there are."""

    card: SkuCard
    price: int
    usual: int
    free: int


class TeamPage(msgspec.Struct, frozen=True, kw_only=True):
    """`own`: the code of the visitor's purchase in it, if there is one; `most`: how many pieces they can have."""

    shell: Shell
    offer: Offer
    team: Team
    variants: Sequence[Priced]
    shop: ShopCard
    own: str | None
    most: int


async def team_page(read: Read, buyer_id: BuyerId | None, owners: Sequence[BuyerId], code: str) -> TeamPage:
    """Raises `NotFound`, also of a team that was begun and never paid."""
    found = await groups.by_code(read, codes.read(code.replace("\x00", "")))
    if found is None:
        raise NotFound()
    offer, team = found
    mine = await groups.inside(read, team.merchant_id, team.team_id, owners) if owners else None
    purchase = await orders.purchase(read, PurchaseId(mine)) if mine else None
    wish = Gathering(merchant_id=team.merchant_id, offer_id=team.offer_id, team_id=team.team_id)
    (standing,) = await groups.gathered(read, [(wish, buyer_id)])
    shop = (await merchants.cards(read, [MerchantId(team.merchant_id)]))[MerchantId(team.merchant_id)]
    return TeamPage(
        shell=await shell(read, buyer_id),
        offer=offer,
        team=team,
        variants=await _variants(read, offer),
        shop=shop,
        own=purchase.code if purchase else None,
        most=offer.most(standing.had if standing else 0),
    )


async def _variants(read: Read, offer: Offer) -> list[Priced]:
    """What is for sale of it."""
    sku_ids = [SkuId(sku_id) for sku_id in offer.prices]
    cards = await catalog.cards(read, sku_ids)
    usual = await pricing.current(read, sku_ids, offer.currency)
    free = await inventory.available(read, sku_ids)
    return [
        Priced(card=cards[each], price=offer.prices[each], usual=usual[each].amount, free=free.get(each, 0))
        for each in sku_ids
        if each in cards and each in usual and cards[each].on_sale
    ]


@get(f"{GROUP}/{{code:str}}")
async def team(visit: NamedDependency[Visit], code: FromPath[str]) -> Response[str]:
    """How a team does, for whoever has its link: join it, or share it."""
    view = await visit.db.ask(team_page, visit.known_buyer_id, visit.buyer_ids, code)
    now = datetime.now(UTC)
    state = view.team.state(now)
    title = view.variants[0].card.title.in_language(visit.locale) if view.variants else visit.say(N_("Group buying"))
    href = f"/products/{view.offer.product_id}"
    return await show(
        visit,
        "group.html",
        view.shell,
        crumbs=[Crumb(title, href), Crumb(visit.say(N_("Group buying")))],
        view=view,
        goods_title=title,
        goods_href=href,
        state=state,
        state_words=visit.say(STATES[state]),
        joinable=view.team.joinable(now) and view.own is None and view.most > 0 and any(v.free for v in view.variants),
        link=f"{visit.settings.base_url.rstrip('/')}{GROUP}/{view.team.code}",
        checkout_id=ids.mint(),
        seo=NOT_LISTED,
    )


@post(f"{GROUP}/open")
async def open_team(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """Buy what was chosen in a team of one's own, which is open once it is paid."""
    merchant_id, offer_id = uuid_of(data.get("merchant_id")), uuid_of(data.get("offer_id"))
    offer = await visit.db.ask(groups.offer, merchant_id, offer_id) if merchant_id and offer_id else None
    if offer is None:
        raise NotFound()
    wish = Gathering(merchant_id=offer.merchant_id, offer_id=offer.offer_id)
    return await _buy(visit, wish, data, f"/products/{offer.product_id}")


@post(f"{GROUP}/{{code:str}}/join")
async def join_team(
    visit: NamedDependency[Visit], code: FromPath[str], data: URLEncodedBody[dict[str, Any]]
) -> Redirect:
    """Buy what was chosen in this team."""
    found = await visit.db.ask(groups.by_code, codes.read(code.replace("\x00", "")))
    if found is None:
        raise NotFound()
    offer, team = found
    wish = Gathering(merchant_id=offer.merchant_id, offer_id=offer.offer_id, team_id=team.team_id)
    return await _buy(visit, wish, data, f"{GROUP}/{team.code}")


async def _buy(visit: Visit, wish: Gathering, data: Mapping[str, Any], back: str) -> Redirect:
    sku_id = uuid_of(data.get("sku_id"))
    pieces = min(max(number(data.get("quantity"), 1), 1), QUANTITY_PER_LINE_MAX)
    (found,) = await visit.db.ask(groups.gathered, [(wish, visit.buyer_id)])
    if sku_id is None or found is None:
        raise NotFound()
    why = found.trouble(wish, sku_id, pieces, datetime.now(UTC))
    if why is Why.LIMIT:
        free = found.offer.most(found.had)
        words = visit.say(N_("At the group price you can have {free} more")).format(free=free)
        return redirect(visit, back, (words, "bad"))
    if why is not None:
        return redirect(visit, back, (visit.refused(REFUSALS[why]()), "bad"))
    usual = await visit.db.ask(pricing.current, [SkuId(sku_id)], found.offer.currency)
    seen = usual[SkuId(sku_id)].amount if SkuId(sku_id) in usual else None
    line = Line(line_id="1", sku_id=sku_id, quantity=pieces, seen_price=seen, group=wish)
    checkout_id = CheckoutId(uuid_of(data.get("checkout_id")) or ids.mint())
    return await open_for(visit, checkout_id, [line], from_cart=False)


HANDLERS = [team, open_team, join_team]

__all__ = ["GROUP", "HANDLERS"]
