"""Many refunds of the operator's staff, decided at once by a second person."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency

from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.money import currencies
from steelyard.parties import access, merchants
from steelyard.parties.access.model import AccountId
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.approving import APPROVALS, order_href
from steelyard.surfaces.web import deciding
from steelyard.surfaces.web.deciding import Found, Narrowed
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales import DECIDED_MAX, RequestSide, WaitingRefund

HERE = f"{APPROVALS}/many"
NEEDS = {"permission": "refunds.approve"}
SHOPS_MAX = 50


async def waiting(read: Read, me: AccountId, wanted: Narrowed) -> Found:
    shop = wanted.typed.get("shop", "")
    of = [card.merchant_id for card in await merchants.sought(read, shop, limit=SHOPS_MAX)] if shop else None
    found = await aftersales.to_decide(
        read, RequestSide.OPERATOR, me, merchant_ids=of, currency=wanted.currency, least=wanted.least, most=wanted.most,
        limit=DECIDED_MAX,
    )  # fmt: skip
    return await told_of(read, found)


async def told_of(read: Read, found: Sequence[WaitingRefund]) -> Found:
    return Found(
        waiting=found,
        codes=await orders.codes_of_all(read, [each.order_id for each in found]),
        shops=await merchants.cards(read, {each.merchant_id for each in found}),
        names={member.account_id: member.name for member in await access.staff(read, None)},
    )


async def _currencies(read: Read) -> list[str]:
    return [each.currency for each in await currencies.all(read)]


@get("/refunds/approvals/many", opt=NEEDS)
async def many(visit: NamedDependency[Visit]) -> Response[Any]:
    """What this person may decide, to be ticked: `?shop=&currency=&least=&most=`."""
    return await _page(visit)


async def _page(
    visit: Visit,
    form: Entries | None = None,
    refusal: Invalid | None = None,
    done: tuple[Found, list[deciding.Row]] | None = None,
) -> Response[Any]:
    assert visit.account is not None
    offered = await visit.db.ask(_currencies)
    wanted = deciding.narrowed(visit, offered[0])
    found, rows = done or (await visit.db.ask(waiting, visit.account.account_id, wanted), [])
    return await frame.show(
        visit,
        deciding.MANY,
        frame.REFUNDS,
        crumbs=[
            (visit.say(N_("Refunds")), frame.REFUNDS),
            (visit.say(N_("For a second person")), APPROVALS),
            (visit.say(N_("Decide many at once")), None),
        ],
        several=True,
        currencies=[(each, each) for each in offered],
        action=visit.connection.url.path + (f"?{visit.connection.url.query}" if visit.connection.url.query else ""),
        order_href=partial(order_href, "orders.manage" in visit.actor.permissions),
        **deciding.page(visit, found, wanted, HERE, form=form, refusal=refusal, rows=rows),
    )


@post("/refunds/approvals/many", opt=NEEDS)
async def decided(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any]:
    """Approve or decline what is ticked; a second click says the same again."""
    form = await entries_of(request)
    try:
        known = await visit.db.ask(ticked, form)
        rows = await deciding.decided(visit, visit.db, form, {each.request_id: each for each in known.waiting})
    except Invalid as refusal:
        return await _page(visit, form, refusal)
    return await _page(visit, done=(known, rows))


async def ticked(read: Read, form: Entries) -> Found:
    """Raises `Invalid` when nothing is."""
    known: Mapping[UUID, WaitingRefund] = await aftersales.requests_of(
        read, RequestSide.OPERATOR, deciding.asked_in(form)
    )
    return await told_of(read, list(known.values()))


HANDLERS = [many, decided]
