"""A guest finds an order again by its code and the e-mail address it was placed with."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from steelyard.kernel import limits
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.limits import Limit
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.owning import look_up_cookie, purchase_by_code
from steelyard.surfaces.storefront.shell import shell, show
from steelyard.surfaces.storefront.typed import Typed
from steelyard.surfaces.web.callers import address_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit

LOOK_UP_PER_ADDRESS = Limit("order_look_up", burst=10, per_seconds=600)
CODE_CHARACTERS_MAX = 40


class LookUpForm(Typed, frozen=True, kw_only=True):
    code: str = ""
    email: str = ""


@get("/find-order")
async def find_order_page(visit: NamedDependency[Visit]) -> Response[str]:
    """The form."""
    return await form_page(visit, LookUpForm())


@post("/find-order")
async def find_order(visit: NamedDependency[Visit], data: URLEncodedBody[LookUpForm]) -> Response[str] | Redirect:
    """Show the purchase to who knows both. Which of the two was wrong is never told."""
    try:
        await limits.take(visit.db, LOOK_UP_PER_ADDRESS, address_of(visit))
    except Refusal as refusal:
        return await form_page(visit, data, visit.refused(refusal), status=refusal.status)
    found = await visit.db.ask(purchase_by_code, data.code[:CODE_CHARACTERS_MAX])
    email = data.email.strip().lower()
    if found is None or not email or found.contact.email.strip().lower() != email:
        return await form_page(
            visit, data, visit.say(N_("There is no order with this number and e-mail address.")), status=404
        )
    return redirect(visit, f"/purchases/{found.code}", cookies=[look_up_cookie(visit, found.purchase_id)])


async def form_page(visit: Visit, form: LookUpForm, wrong: str = "", *, status: int = 200) -> Response[str]:
    around = await visit.db.ask(shell, visit.buyer_id)
    crumbs = [Crumb(visit.say(N_("Find an order")))]
    return await show(visit, "find_order.html", around, crumbs=crumbs, status=status, form=form, wrong=wrong)
