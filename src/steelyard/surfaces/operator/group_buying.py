"""Group buying of all shops: how it does, and stopping what must not go on."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.i18n import N_
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.reasons import reason_in
from steelyard.surfaces.web.console import address, done
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.group_words import OFFER_STATES
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import groups
from steelyard.trade.groups.model import Offer

NEEDS = {"permission": "catalog.manage"}
STOPPED = N_("It is stopped. Its teams that waited have their money back.")


class Running(msgspec.Struct, frozen=True, kw_only=True):
    offers: list[Offer]
    shops: dict[MerchantId, ShopCard]
    cards: dict[SkuId, SkuCard]
    counts: dict[UUID, dict[str, int]]
    next: str | None

    def card(self, offer: Offer) -> SkuCard | None:
        return self.cards.get(SkuId(next(iter(offer.prices))))


async def running(read: Read, cursor: str | None) -> Running:
    page = await groups.running(read, cursor)
    return Running(
        offers=list(page.items),
        shops=await merchants.cards(read, {MerchantId(each.merchant_id) for each in page.items}),
        cards=await catalog.cards(read, [SkuId(next(iter(each.prices))) for each in page.items]),
        counts=await groups.counts(read, [(each.merchant_id, each.offer_id) for each in page.items]),
        next=page.next,
    )


@get("/group-buying", opt=NEEDS)
async def group_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """What ends first is first."""
    found = await visit.db.ask(running, cursor)
    now = datetime.now(UTC)
    states = {each.offer_id: OFFER_STATES[each.state(now)] for each in found.offers}
    return await frame.show(
        visit,
        "group_buying.html",
        frame.TEAMS,
        found=found,
        states={offer_id: (visit.say(word), tone) for offer_id, (word, tone) in states.items()},
        next_href=address(frame.TEAMS, cursor=found.next) if found.next else "",
        start_href=frame.TEAMS if cursor else "",
    )


async def stop(tx: Tx, actor: Actor, merchant_id: MerchantId, offer_id: UUID, reason: str) -> None:
    await groups.stop(tx, merchant_id, offer_id, by=actor.by, reason=reason, teams=True)
    await access.audit(tx, actor, "group.stop", str(offer_id), {"merchant_id": str(merchant_id), "reason": reason})


@post("/group-buying/{merchant_id:uuid}/{offer_id:uuid}/stop", opt=NEEDS)
async def stop_group(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], offer_id: FromPath[UUID]
) -> Redirect:
    """No team goes on; the shop reads why."""
    form = await entries_of(request)

    async def command() -> None:
        reason = reason_in(form)
        await visit.db.transact(stop, visit.actor, MerchantId(merchant_id), offer_id, reason)

    return await done(visit, frame.TEAMS, STOPPED, command)


HANDLERS = [group_list, stop_group]
