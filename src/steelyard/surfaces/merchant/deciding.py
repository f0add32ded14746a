"""Many refunds of a shop's staff, decided at once by a second person."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency

from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import AccountId
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.refunds import APPROVALS, order_href
from steelyard.surfaces.web import deciding
from steelyard.surfaces.web.deciding import Found, Narrowed
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales import DECIDED_MAX, RequestSide, WaitingRefund

HERE = f"{APPROVALS}/many"
NEEDS = {"permission": "refunds.approve"}


async def waiting(read: Read, merchant_id: MerchantId, me: AccountId, wanted: Narrowed) -> Found:
    found = await aftersales.to_decide(
        read, RequestSide.MERCHANT, me, merchant_ids=[merchant_id], currency=wanted.currency, least=wanted.least,
        most=wanted.most, limit=DECIDED_MAX,
    )  # fmt: skip
    return await told_of(read, merchant_id, found)


async def told_of(read: Read, merchant_id: MerchantId, found: Sequence[WaitingRefund]) -> Found:
    return Found(waiting=found, codes=await orders.codes_of(read, merchant_id, [each.order_id for each in found]))


@get("/refunds/approvals/many", opt=NEEDS)
async def many(visit: NamedDependency[Visit]) -> Response[Any]:
    """What this person may decide, to be ticked: `?least=&most=`."""
    return await _page(visit)


async def _page(
    visit: Visit,
    form: Entries | None = None,
    refusal: Invalid | None = None,
    done: tuple[Found, list[deciding.Row]] | None = None,
) -> Response[Any]:
    assert visit.account is not None
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    wanted = deciding.narrowed(visit, currency)
    found, rows = done or (
        await visit.merchant_db.ask(waiting, visit.merchant_id, visit.account.account_id, wanted), []
    )  # fmt: skip
    names = {member.account_id: member.name for member in await visit.db.ask(access.staff, visit.merchant_id)}
    return await frame.show(
        visit,
        deciding.MANY,
        frame.REFUNDS,
        crumbs=[
            (visit.say(N_("Refunds")), frame.REFUNDS),
            (visit.say(N_("For a second person")), APPROVALS),
            (visit.say(N_("Decide many at once")), None),
        ],
        several=False,
        action=visit.connection.url.path + (f"?{visit.connection.url.query}" if visit.connection.url.query else ""),
        order_href=order_href,
        **deciding.page(
            visit, msgspec.structs.replace(found, names=names), wanted, HERE, form=form, refusal=refusal, rows=rows
        ),
    )


@post("/refunds/approvals/many", opt=NEEDS)
async def decided(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any]:
    """Approve or decline what is ticked; a second click says the same again."""
    form = await entries_of(request)
    try:
        known = await visit.merchant_db.ask(ticked, visit.merchant_id, form)
        rows = await deciding.decided(visit, visit.merchant_db, form, {each.request_id: each for each in known.waiting})
    except Invalid as refusal:
        return await _page(visit, form, refusal)
    return await _page(visit, done=(known, rows))


async def ticked(read: Read, merchant_id: MerchantId, form: Entries) -> Found:
    """Raises `Invalid` when nothing is."""
    known = await aftersales.requests_of(read, RequestSide.MERCHANT, deciding.asked_in(form))
    return await told_of(read, merchant_id, [each for each in known.values() if each.merchant_id == merchant_id])


HANDLERS = [many, decided]
