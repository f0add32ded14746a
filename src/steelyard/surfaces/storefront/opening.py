"""Opening a checkout, and going there."""

from collections.abc import Sequence

from litestar.response import Redirect

from steelyard.kernel.errors import Refusal
from steelyard.surfaces.web.opening import open_with_what_we_know
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit
from steelyard.trade.checkout.model import CheckoutId, Line


async def open_for(visit: Visit, checkout_id: CheckoutId, lines: Sequence[Line], *, from_cart: bool) -> Redirect:
    """Open the checkout and go there; what is refused is told on the cart's page."""
    try:
        await visit.db.transact(
            open_with_what_we_know, checkout_id, visit.buyer_id, lines, visit.locale, from_cart=from_cart
        )
    except Refusal as refusal:
        return redirect(visit, "/cart", (visit.refused(refusal), "bad"))
    return redirect(visit, f"/checkout/{checkout_id}")
