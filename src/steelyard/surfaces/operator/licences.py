"""New licences that shops have handed in: looked at, accepted, sent back with a reason."""

from datetime import UTC, datetime
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel.db import Tx
from steelyard.kernel.i18n import N_
from steelyard.parties import access, merchants, notifications
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, RenewalId
from steelyard.parties.notifications.model import ShopNews, Template
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.console import done
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.papers import paper
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade.settlement import settlement_day

REVIEWS = {"permission": "merchants.review"}


async def decide(
    tx: Tx, actor: Actor, merchant_id: MerchantId, renewal_id: RenewalId, *, accepted: bool, file: str, reason: str
) -> None:
    """With a line in the log and a mail to the owners."""
    merchant = await merchants.get(tx, merchant_id)
    renewal = await merchants.decide_licence(
        tx,
        merchant_id,
        renewal_id,
        accepted=accepted,
        file=file,
        reason=reason,
        by=actor.by,
        today=settlement_day(datetime.now(UTC)),
    )
    assert merchant is not None, "what has a renewal is a merchant"
    await access.audit(
        tx,
        actor,
        "merchants.accept_licence" if accepted else "merchants.send_back_licence",
        str(merchant_id),
        {"file": renewal.name, "reason": reason},
        merchant_id=merchant_id,
        before={"licence_until": merchant.licence_until},
        after={"licence_until": renewal.good_until if accepted else merchant.licence_until},
    )
    shop = (await merchants.cards(tx, [merchant_id]))[merchant_id]
    day = renewal.good_until.isoformat() if renewal.good_until else ""
    what = "licence_accepted" if accepted else "licence_sent_back"
    for owner in await access.owners_of(tx, [merchant_id]):
        news = ShopNews(name=owner.name, shop=shop.name, what=what, reason=reason, day=day, link="/merchant/licence")
        await notifications.send(
            tx, recipient=owner.email, template=Template.SHOP_NEWS, locale=owner.locale, facts=news
        )


async def _decide(
    visit: Visit, form: Entries, merchant_id: UUID, renewal_id: UUID, *, accepted: bool, message: str
) -> Redirect:
    reason = form.text("reason", required=not accepted, most=200)

    async def command() -> None:
        form.check()
        await visit.db.transact(
            decide,
            visit.actor,
            MerchantId(merchant_id),
            RenewalId(renewal_id),
            accepted=accepted,
            file=form.text("file"),
            reason=reason,
        )

    return await done(visit, f"{frame.MERCHANTS}/{merchant_id}/papers", message, command)


@post("/merchants/{merchant_id:uuid}/licence/{renewal_id:uuid}/accept", opt=REVIEWS)
async def accept(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], renewal_id: FromPath[UUID]
) -> Redirect:
    message = N_("The new licence counts from now on; the owners are told.")
    return await _decide(visit, await entries_of(request), merchant_id, renewal_id, accepted=True, message=message)


@post("/merchants/{merchant_id:uuid}/licence/{renewal_id:uuid}/send-back", opt=REVIEWS)
async def send_back(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], renewal_id: FromPath[UUID]
) -> Redirect:
    message = N_("The owners are told what is wrong with it.")
    return await _decide(visit, await entries_of(request), merchant_id, renewal_id, accepted=False, message=message)


@get("/merchants/{merchant_id:uuid}/papers/{renewal_id:uuid}", opt=REVIEWS)
async def scan(
    visit: NamedDependency[Visit], merchant_id: FromPath[UUID], renewal_id: FromPath[UUID]
) -> Response[bytes]:
    """The scan that was handed in."""
    return await paper(visit, await visit.db.ask(merchants.renewal, MerchantId(merchant_id), renewal_id))


async def look(tx: Tx, actor: Actor, merchant_id: MerchantId, note: str) -> None:
    """With a line in the log."""
    today = settlement_day(datetime.now(UTC))
    before = await merchants.get(tx, merchant_id)
    until = await merchants.verify(tx, merchant_id, today)
    if before is not None and before.verify_by != until:
        await access.audit(
            tx,
            actor,
            "merchants.verify",
            str(merchant_id),
            {"note": note} if note else {},
            merchant_id=merchant_id,
            before={"verify_by": before.verify_by},
            after={"verify_by": until},
        )


@post("/merchants/{merchant_id:uuid}/licence/verify", opt=REVIEWS)
async def looked_at(visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID]) -> Redirect:
    """Somebody has looked anew at who the shop is, and found it in order."""
    form = await entries_of(request)
    note = form.text("note", required=False, most=200)

    async def command() -> None:
        form.check()
        await visit.db.transact(look, visit.actor, MerchantId(merchant_id), note)

    message = N_("It is looked at anew in a year.")
    return await done(visit, f"{frame.MERCHANTS}/{merchant_id}/papers", message, command)


HANDLERS = [looked_at, accept, send_back, scan]
