"""The checklist of a new shop: computed from what is there, so that nothing has to be ticked off by hand."""

from typing import Any

import msgspec

from steelyard.goods import catalog, warehouses
from steelyard.goods.catalog.model import ProductState
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.logistics import freight
from steelyard.parties import merchants
from steelyard.parties.merchants.model import Merchant
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import orders, settlement
from steelyard.trade.orders.model import Wanted


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop has, of what it needs."""

    company: bool
    payout: bool
    warehouse: bool
    returns: bool
    freight: bool
    product: bool
    face: bool
    order: bool
    put_away: bool


async def progress(read: Read, merchant: Merchant) -> Progress:
    merchant_id = merchant.merchant_id
    card = (await merchants.cards(read, [merchant_id]))[merchant_id]
    places = await warehouses.of_merchant(read, merchant_id)
    return Progress(
        company=bool(merchant.legal_name and merchant.credit_code),
        payout=settlement.is_complete(merchant.payout),
        warehouse=any(each.open and each.address.street for each in places),
        returns=any(each.takes_returns for each in places),
        freight=any(template.active for template in await freight.templates(read, merchant_id)),
        product=bool((await catalog.products_page(read, merchant_id, ProductState.ON_SHELF, limit=1)).items),
        face=bool(card.logo or any(card.notice.values())),
        order=bool((await orders.find(read, merchant_id, Wanted(), limit=1)).items),
        put_away=await merchants.checklist_put_away(read, merchant_id),
    )


def steps(visit: Visit, found: Progress, staff: int) -> list[dict[str, Any]]:
    """The steps in the order in which one takes them; none when the list was put away, or for who cannot take them."""
    if found.put_away or not visit.actor.may("shop.edit"):
        return []
    known = [
        (found.company, "/shop", N_("Company details"), N_("Buyers may ask who sells to them, and the law has them find it.")),
        (found.payout, "/shop#payout", N_("Account for payouts"), N_("Where your money goes once buyers have their goods.")),
        (found.warehouse, "/stock/warehouses", N_("Warehouse with its address"),
         N_("Goods lie somewhere; carriers print the address on the label.")),
        (found.returns, "/stock/warehouses", N_("Address for returns"), N_("Where buyers send back what does not fit.")),
        (found.freight, "/freight", N_("Delivery option"),
         N_("Without one, nobody can order: say where you send, and for how much.")),
        (found.product, "/products/new", N_("First product on the shelf"),
         N_("A picture, a price, a few pieces in stock: one is enough to begin.")),
        (found.face, "/shop", N_("Logo or notice"), N_("The first thing that buyers see over the door.")),
        (staff > 1, "/staff", N_("Colleagues"), N_("Who packs need not see the money: invite them with a role of their own.")),
        (found.order, "/orders?state=all", N_("Test order"),
         N_("Buy something from yourself and send it: you will know what buyers see.")),
    ]  # fmt: skip
    return [
        {"done": done, "href": f"{frame.HOME}{path}", "title": visit.say(title), "why": visit.say(why)}
        for done, path, title, why in known
    ]
