"""Presales of all shops: how they do, and stopping one that must not go on."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import catalog, promotions
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.goods.promotions.model import FlashState, Planned, Session
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.reasons import reason_in
from steelyard.surfaces.web.console import done
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.flash_words import STATES
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import orders

NEEDS = {"permission": "catalog.manage"}


class Open(msgspec.Struct, frozen=True, kw_only=True):
    sessions: list[Session]
    items: dict[UUID, list[Planned]]
    shops: dict[MerchantId, ShopCard]
    cards: dict[SkuId, SkuCard]


async def open_ones(read: Read) -> Open:
    sessions = await promotions.presales_open(read)
    items: dict[UUID, list[Planned]] = {}
    for item in await promotions.planned(read, [(each.merchant_id, each.session_id) for each in sessions]):
        items.setdefault(item.session_id, []).append(item)
    return Open(
        sessions=sessions,
        items=items,
        shops=await merchants.cards(read, {each.merchant_id for each in sessions}),
        cards=await catalog.cards(read, [item.sku_id for some in items.values() for item in some]),
    )


@get("/presales", opt=NEEDS)
async def presale_list(visit: NamedDependency[Visit]) -> Response[Any]:
    """What is to come, runs, or has still to be paid or sent; the last first."""
    found = await visit.db.ask(open_ones)
    now = datetime.now(UTC)
    states = {each.session_id: each.state(now) for each in found.sessions}
    return await frame.show(
        visit,
        "presales.html",
        frame.PRESALES,
        found=found,
        states={session_id: (visit.say(STATES[state][0]), STATES[state][1]) for session_id, state in states.items()},
        stoppable={session_id for session_id, state in states.items() if state is not FlashState.CANCELLED},
    )


async def stop(tx: Tx, actor: Actor, merchant_id: MerchantId, session_id: UUID, reason: str) -> None:
    """No deposit is taken any more, and bookings that are not paid whole are called off: their deposits go back."""
    session = await promotions.session(tx, merchant_id, session_id)
    if session is None or session.presale is None:
        raise NotFound()
    await promotions.cancel(tx, merchant_id, session_id, by=actor.by, reason=reason)
    called_off = await orders.call_off(tx, merchant_id, session_id=session_id, reason=reason)
    facts = {"merchant_id": str(merchant_id), "reason": reason, "called_off": called_off}
    await access.audit(tx, actor, "presale.stop", str(session_id), facts)


@post("/presales/{merchant_id:uuid}/{presale_id:uuid}/stop", opt=NEEDS)
async def stop_presale(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], presale_id: FromPath[UUID]
) -> Redirect:
    """The shop and its buyers read why."""
    form = await entries_of(request)

    async def command() -> None:
        reason = reason_in(form)
        await visit.db.transact(stop, visit.actor, MerchantId(merchant_id), presale_id, reason)

    return await done(visit, frame.PRESALES, N_("It is stopped. Deposits that were paid go back."), command)


HANDLERS = [presale_list, stop_presale]
