"""Opening a checkout for whoever is here, with what we know of them already."""

from collections.abc import Sequence

from litestar.response import Redirect

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Refusal
from steelyard.parties import customers, operator
from steelyard.parties.customers.model import Address, BuyerId, Contact
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import checkout
from steelyard.trade.checkout.model import SHOP, CheckoutId, Draft, Line


async def open_with_what_we_know(
    tx: Tx,
    checkout_id: CheckoutId,
    buyer_id: BuyerId,
    lines: Sequence[Line],
    locale: str,
    *,
    from_cart: bool,
    client: str = SHOP,
) -> None:
    """Open a checkout with the buyer's contact and default address. Said twice, the first counts. `client`: by way of what it
    is bought."""
    buyer = await customers.get(tx, buyer_id)
    book = await customers.addresses(tx, buyer_id)
    contact = Contact()
    if buyer is not None and not buyer.guest:
        contact = Contact(name=buyer.name, email=buyer.email or "", phone=buyer.phone)
    house = await operator.profile(tx)
    somewhere = Address(country=house.country if house else "")
    draft = Draft(lines=lines, contact=contact, address=book[0].address if book else somewhere, locale=locale)
    await checkout.open_checkout(tx, checkout_id, buyer_id, draft, client=client, from_cart=from_cart)


async def open_for(visit: Visit, checkout_id: CheckoutId, lines: Sequence[Line], *, from_cart: bool) -> Redirect:
    """Open the checkout and go there; what is refused is told on the cart's page."""
    try:
        await visit.db.transact(
            open_with_what_we_know, checkout_id, visit.buyer_id, lines, visit.locale, from_cart=from_cart
        )
    except Refusal as refusal:
        return redirect(visit, "/cart", (visit.refused(refusal), "bad"))
    return redirect(visit, f"/checkout/{checkout_id}")
