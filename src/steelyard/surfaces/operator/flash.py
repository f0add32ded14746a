"""Flash sales of all shops that run or are to come: how they do, and stopping one that must not go on."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import catalog, promotions
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.goods.promotions.model import Planned, Session
from steelyard.kernel.db import Read, Tx
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

NEEDS = {"permission": "catalog.manage"}
# As far ahead as one can be planned, and some.
DAYS_AHEAD = 64


class Running(msgspec.Struct, frozen=True, kw_only=True):
    sessions: list[Session]
    items: dict[UUID, list[Planned]]
    shops: dict[MerchantId, ShopCard]
    cards: dict[SkuId, SkuCard]


async def running(read: Read) -> Running:
    sessions = await promotions.sessions_near(read, datetime.now(UTC) + timedelta(days=DAYS_AHEAD))
    items: dict[UUID, list[Planned]] = {}
    for item in await promotions.planned(read, [(each.merchant_id, each.session_id) for each in sessions]):
        items.setdefault(item.session_id, []).append(item)
    return Running(
        sessions=sessions,
        items=items,
        shops=await merchants.cards(read, {each.merchant_id for each in sessions}),
        cards=await catalog.cards(read, [item.sku_id for some in items.values() for item in some]),
    )


@get("/flash", opt=NEEDS)
async def flash_list(visit: NamedDependency[Visit]) -> Response[Any]:
    """What begins first is first."""
    found = await visit.db.ask(running)
    now = datetime.now(UTC)
    states = {each.session_id: STATES[each.state(now)] for each in found.sessions}
    return await frame.show(
        visit,
        "flash.html",
        frame.FLASH,
        found=found,
        states={session_id: (visit.say(word), tone) for session_id, (word, tone) in states.items()},
    )


async def stop(tx: Tx, actor: Actor, merchant_id: MerchantId, session_id: UUID, reason: str) -> None:
    await promotions.cancel(tx, merchant_id, session_id, by=actor.by, reason=reason)
    facts = {"merchant_id": str(merchant_id), "reason": reason}
    await access.audit(tx, actor, "flash.stop", str(session_id), facts)


@post("/flash/{merchant_id:uuid}/{flash_id:uuid}/stop", opt=NEEDS)
async def stop_flash(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], flash_id: FromPath[UUID]
) -> Redirect:
    """Nothing is sold at its prices from now on; the shop reads why."""
    form = await entries_of(request)

    async def command() -> None:
        reason = reason_in(form)
        await visit.db.transact(stop, visit.actor, MerchantId(merchant_id), flash_id, reason)

    return await done(visit, frame.FLASH, N_("It is stopped. What was left is sold as everything else."), command)


HANDLERS = [flash_list, stop_flash]
