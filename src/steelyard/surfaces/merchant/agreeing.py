"""Agreeing to rules that have changed, for the whole shop."""

from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from steelyard.kernel.db import Tx
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.policies import Version
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import asking
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.visit import Visit, WebRequest


async def agree(tx: Tx, actor: Actor, merchant_id: MerchantId, rules: Version) -> None:
    """The merchant agrees; a second click changes nothing."""
    assert actor.account is not None
    if await merchants.agree(tx, merchant_id, rules.name, actor.account.account_id):
        await access.audit(tx, actor, "rules.agree", rules.name)


@post("/agree", opt={"permission": asking.SPEAKS_FOR_THE_SHOP})
async def agree_to_rules(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Agree for the shop, and go on where one was."""
    form = await entries_of(request)
    news = await asking.of_merchant(visit)
    if news and asking.agreed(news, form.text("agreed")):
        await visit.merchant_db.transact(agree, visit.actor, visit.merchant_id, news[0])
    return await asking.thanks(visit, form.text("return_to") or frame.HOME)


HANDLERS = [agree_to_rules]
