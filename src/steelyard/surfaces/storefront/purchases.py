"""What was bought: the list by state, a purchase with its orders and parcels, an order."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from steelyard.kernel import ids
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront import words
from steelyard.surfaces.storefront.addresses import lines_of
from steelyard.surfaces.storefront.looking_up import CODE_CHARACTERS_MAX, LookUpForm, form_page
from steelyard.surfaces.storefront.order_views import TABS, PurchasePage, list_page, order_page, purchase_page
from steelyard.surfaces.storefront.owning import own_order, own_purchase
from steelyard.surfaces.storefront.shell import show
from steelyard.surfaces.storefront.ways import Way, ways
from steelyard.surfaces.web import case_words, promise_words
from steelyard.surfaces.web.console import address
from steelyard.surfaces.web.visit import Visit
from steelyard.trade.aftersales.model import CANCELLATION_REASONS
from steelyard.trade.orders.model import EXTENSION_DAYS, SEARCH_CHARACTERS_MAX


@get("/orders")
async def order_list(visit: NamedDependency[Visit]) -> Response[str]:
    """Everything this buyer, or this visitor, bought; by state, or what was searched for."""
    given = visit.connection.query_params
    tab = next((tab for tab in TABS if tab.name == given.get("state", "")), TABS[0])
    q = given.get("q", "").replace("\x00", "").strip()[:SEARCH_CHARACTERS_MAX]
    after = given.get("after", "")
    page = await visit.db.ask(list_page, visit.buyer_id, visit.buyer_ids, tab, q, after)
    tabs_shown = [
        {
            "label": visit.say(each.label),
            "href": address("/orders", state=each.name, q=q),
            "current": each is tab,
            "count": page.counts.get(each.name, 0),
        }
        for each in TABS
    ]
    return await show(
        visit,
        "orders.html",
        page.shell,
        crumbs=[Crumb(visit.say(N_("My orders")))],
        purchases=page.purchases,
        first_href=address("/orders", state=tab.name, q=q) if after else "",
        next_href=address("/orders", state=tab.name, q=q, after=page.purchases.next) if page.purchases.next else "",
        tab=tab.name,
        q=q,
        tabs_shown=tabs_shown,
        **_shown(visit),
    )


@get("/purchases/{code:str}")
async def purchase_shown(visit: NamedDependency[Visit], code: FromPath[str]) -> Response[str]:
    """One purchase."""
    try:
        purchase = await own_purchase(visit, code)
    except NotFound:
        # A link out of a mail or from an agent, opened in another browser: who knows the e-mail address comes in.
        return await form_page(visit, LookUpForm(code=code[:CODE_CHARACTERS_MAX]), status=404)
    page = await visit.db.ask(purchase_page, visit.buyer_id, purchase)
    return await show(
        visit,
        "purchase.html",
        page.shell,
        crumbs=[Crumb(visit.say(N_("My orders")), "/orders"), Crumb(purchase.code)],
        view=page.view,
        channels=_ways(visit, page),
        **_shown(visit),
    )


@get("/orders/{code:str}")
async def order_shown(visit: NamedDependency[Visit], code: FromPath[str]) -> Response[str]:
    """One order: how far it is, where its parcels are, and what can be done."""
    order = await own_order(visit, code)
    page = await visit.db.ask(order_page, visit.buyer_id, order)
    return await show(
        visit,
        "order.html",
        page.shell,
        crumbs=[Crumb(visit.say(N_("My orders")), "/orders"), Crumb(order.code)],
        view=page.view,
        part=page.view.orders[0],
        channels=_ways(visit, page),
        **_shown(visit),
    )


def _ways(visit: Visit, page: PurchasePage) -> list[Way]:
    """How what is to be paid now can be paid."""
    if page.standing is None or page.wanted is None:
        return []
    return ways(visit, page.standing, page.wanted, plans=True)


def _shown(visit: Visit) -> dict[str, Any]:
    """What the parts of these pages want beside the orders: a new id for each refund that a form may ask for."""
    return {
        "words": words,
        "case_words": case_words,
        "promise_words": promise_words,
        "lines_of": lines_of,
        "fresh_id": ids.mint,
        "reasons": [(name, visit.say(label)) for name, label in CANCELLATION_REASONS.items()],
        "extension_days": EXTENSION_DAYS,
    }
