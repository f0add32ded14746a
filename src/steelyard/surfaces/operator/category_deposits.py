"""How much deposit a category asks of shops that sell there, in each currency of the house."""

from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.money import currencies
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.categories import branch_page
from steelyard.surfaces.operator.deposits_asked import FIELD
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import fields_of
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import discipline


async def ask_of_category(tx: Tx, actor: Actor, category_id: UUID, form: Entries) -> None:
    """What is empty is not asked for. Raises `NotFound`, `Invalid`."""
    wanted = {
        each.currency: form.money(FIELD + each.currency, each.currency, required=False) or 0
        for each in await currencies.all(tx)
    }
    form.check()
    before = await discipline.category_deposits(tx, category_id)
    for currency, amount in wanted.items():
        await discipline.set_category_deposit(tx, category_id, currency, amount)
    after = {currency: amount for currency, amount in wanted.items() if amount}
    if before != after:
        await access.audit(
            tx, actor, "categories.deposit", str(category_id), before={"deposit": before}, after={"deposit": after}
        )


@post("/categories/{category_id:uuid}/deposit", opt={"permission": "merchants.discipline"})
async def category_asked(
    visit: NamedDependency[Visit], request: WebRequest, category_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Say how much deposit a category and all below it ask for; empty: none."""
    form = await entries_of(request)
    try:
        await visit.db.transact(ask_of_category, visit.actor, category_id, form)
    except NotFound:
        raise
    except Refusal as refusal:
        return await branch_page(visit, category_id, errors=fields_of(refusal, visit.locale), asked=form)
    said = visit.say(N_("Shops that sell there are asked for it in the next minutes."))
    return redirect(visit, f"{frame.CATEGORIES}/{category_id}", (said, "good"))


HANDLERS = [category_asked]
