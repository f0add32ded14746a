"""Papers that shops have handed in for categories: looked at, accepted, sent back; and which papers a category needs."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.i18n import N_
from steelyard.parties import access, merchants, notifications
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, Paper, ShopCard
from steelyard.parties.notifications.model import ShopNews, Template
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.console import SAVED, done
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.papers import paper
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade.settlement import settlement_day

REVIEWS = {"permission": "merchants.review"}
SHOWN_MAX = 50


class Found(msgspec.Struct, frozen=True, kw_only=True):
    papers: list[Paper]
    shops: Mapping[MerchantId, ShopCard]


async def found(read: Read) -> Found:
    waiting = await merchants.papers_waiting(read, SHOWN_MAX)
    return Found(papers=waiting, shops=await merchants.cards(read, {each.merchant_id for each in waiting}))


@get("/papers", opt=REVIEWS)
async def paper_list(visit: NamedDependency[Visit]) -> Response[Any]:
    """What waits to be looked over."""
    return await frame.show(visit, "papers.html", frame.PAPERS, found=await visit.db.ask(found))


async def decide(
    tx: Tx, actor: Actor, merchant_id: MerchantId, paper_id: UUID, *, accepted: bool, file: str, reason: str
) -> None:
    """With a line in the log and a mail to the owners. What was off the shelf for want of it is on it again."""
    known = await merchants.decide_paper(
        tx, merchant_id, paper_id, accepted=accepted, file=file, reason=reason, by=actor.by
    )
    back = await catalog.thaw(tx, settlement_day(datetime.now(UTC)), merchant_id) if accepted else []
    action = "merchants.accept_paper" if accepted else "merchants.send_back_paper"
    facts = {"kind": known.kind, "number": known.number, "reason": reason, "products": len(back)}
    await access.audit(tx, actor, action, str(merchant_id), facts, merchant_id=merchant_id)
    shop = (await merchants.cards(tx, [merchant_id]))[merchant_id]
    for owner in await access.owners_of(tx, [merchant_id]):
        news = ShopNews(
            name=owner.name,
            shop=shop.name,
            what="paper_accepted" if accepted else "paper_sent_back",
            reason=reason,
            day=known.good_until.isoformat() if known.good_until else "",
            link="/merchant/compliance/papers",
        )
        await notifications.send(
            tx, recipient=owner.email, template=Template.SHOP_NEWS, locale=owner.locale, facts=news
        )


async def _decide(
    visit: Visit, form: Entries, merchant_id: UUID, paper_id: UUID, *, accepted: bool, message: str
) -> Redirect:
    reason = form.text("reason", required=not accepted, most=200)

    async def command() -> None:
        form.check()
        await visit.db.transact(
            decide,
            visit.actor,
            MerchantId(merchant_id),
            paper_id,
            accepted=accepted,
            file=form.text("file"),
            reason=reason,
        )

    return await done(visit, frame.PAPERS, message, command)


@post("/papers/{merchant_id:uuid}/{paper_id:uuid}/accept", opt=REVIEWS)
async def accept(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], paper_id: FromPath[UUID]
) -> Redirect:
    message = N_("The paper counts from now on; the owners are told.")
    return await _decide(visit, await entries_of(request), merchant_id, paper_id, accepted=True, message=message)


@post("/papers/{merchant_id:uuid}/{paper_id:uuid}/send-back", opt=REVIEWS)
async def send_back(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], paper_id: FromPath[UUID]
) -> Redirect:
    message = N_("The owners are told what is wrong with it.")
    return await _decide(visit, await entries_of(request), merchant_id, paper_id, accepted=False, message=message)


@get("/papers/{merchant_id:uuid}/{paper_id:uuid}", opt=REVIEWS)
async def scan(visit: NamedDependency[Visit], merchant_id: FromPath[UUID], paper_id: FromPath[UUID]) -> Response[bytes]:
    """The scan that was handed in."""
    return await paper(visit, await visit.db.ask(merchants.paper, MerchantId(merchant_id), paper_id))


async def set_needed(tx: Tx, actor: Actor, category_id: UUID, kinds: list[str]) -> None:
    before = sorted(await merchants.papers_needed(tx, [category_id]))
    await merchants.set_papers_needed(tx, category_id, kinds)
    await access.audit(
        tx, actor, "categories.papers", str(category_id), before={"papers": before}, after={"papers": sorted(kinds)}
    )


@post("/categories/{category_id:uuid}/papers", opt={"permission": "catalog.manage"})
async def needed(visit: NamedDependency[Visit], request: WebRequest, category_id: FromPath[UUID]) -> Redirect:
    """Which papers a category and all below it need."""
    kinds = (await entries_of(request)).all("papers")
    return await done(
        visit,
        f"{frame.CATEGORIES}/{category_id}",
        SAVED,
        lambda: visit.db.transact(set_needed, visit.actor, category_id, kinds),
    )


HANDLERS = [paper_list, accept, send_back, scan, needed]
