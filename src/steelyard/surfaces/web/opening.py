"""Opening a checkout for whoever is here, with what we know of them already: in the shop, and in a live room."""

from collections.abc import Sequence

from steelyard.kernel.db import Tx
from steelyard.parties import customers, operator
from steelyard.parties.customers.model import Address, BuyerId, Contact
from steelyard.trade import checkout
from steelyard.trade.checkout.model import SHOP, CheckoutId, Draft, Line


async def open_with_what_we_know(
    tx: Tx,
    checkout_id: CheckoutId,
    buyer_id: BuyerId,
    lines: Sequence[Line],
    locale: str,
    *,
    from_cart: bool = False,
    client: str = SHOP,
) -> None:
    """Open a checkout with the buyer's contact and default address. Said twice, the first counts. `client` is what its orders
    will say of their source: the shop, or `live:<session>:<second>`."""
    buyer = await customers.get(tx, buyer_id)
    book = await customers.addresses(tx, buyer_id)
    contact = Contact()
    if buyer is not None and not buyer.guest:
        contact = Contact(name=buyer.name, email=buyer.email or "", phone=buyer.phone)
    house = await operator.profile(tx)
    somewhere = Address(country=house.country if house else "")
    draft = Draft(lines=lines, contact=contact, address=book[0].address if book else somewhere, locale=locale)
    await checkout.open_checkout(tx, checkout_id, buyer_id, draft, client=client, from_cart=from_cart)
