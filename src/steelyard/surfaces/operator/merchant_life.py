"""A merchant's life as the operator's staff leads it: suspended, reopened, closed; its licence, terms and categories."""

from datetime import date
from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties import access, merchants, notifications
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import Merchant, MerchantId, MerchantState
from steelyard.parties.notifications.model import ShopNews, Template
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.closing import closing
from steelyard.surfaces.web.console import SAVED, done
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.visit import Visit, WebRequest

MANAGES = {"permission": "merchants.manage"}
REASON_CHARACTERS_MAX = 200


async def _known(tx: Tx, merchant_id: MerchantId) -> Merchant:
    """Raises `NotFound`."""
    merchant = await merchants.get(tx, merchant_id)
    if merchant is None:
        raise NotFound()
    return merchant


async def set_state(tx: Tx, actor: Actor, merchant_id: MerchantId, state: MerchantState, reason: str) -> None:
    """With a line in the log, and a mail to the owners. Raises `NotFound`, `TransitionRefused`, and when it is to be
    closed `StillOpen`."""
    before = await _known(tx, merchant_id)
    if before.state is state:
        return
    if state is MerchantState.CLOSED:
        (await closing(tx, merchant_id)).check()
    await merchants.set_state(tx, merchant_id, state, by=actor.by, reason=reason)
    await access.audit(
        tx,
        actor,
        "merchants.set_state",
        str(merchant_id),
        {"reason": reason},
        merchant_id=merchant_id,
        before={"state": before.state},
        after={"state": state},
    )
    shop = (await merchants.cards(tx, [merchant_id]))[merchant_id]
    for owner in await access.owners_of(tx, [merchant_id]):
        news = ShopNews(name=owner.name, shop=shop.name, what=str(state), reason=reason, day="", link="/merchant")
        await notifications.send(
            tx, recipient=owner.email, template=Template.SHOP_NEWS, locale=owner.locale, facts=news
        )


async def _go(visit: Visit, request: WebRequest, merchant_id: UUID, state: MerchantState, message: str) -> Redirect:
    form = await entries_of(request)
    # Reopening needs no reason; what takes something away does.
    reason = form.text("reason", required=state is not MerchantState.OPEN, most=REASON_CHARACTERS_MAX)

    async def command() -> None:
        await visit.db.transact(_exists, MerchantId(merchant_id))
        form.check()
        await visit.db.transact(set_state, visit.actor, MerchantId(merchant_id), state, reason)

    return await done(visit, f"{frame.MERCHANTS}/{merchant_id}", message, command)


async def _exists(tx: Tx, merchant_id: MerchantId) -> None:
    await _known(tx, merchant_id)


@post("/merchants/{merchant_id:uuid}/suspend", opt=MANAGES)
async def suspend(visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID]) -> Redirect:
    """Take the shop and its goods out of the marketplace for now."""
    message = N_("The merchant is suspended: buyers no longer find its goods.")
    return await _go(visit, request, merchant_id, MerchantState.SUSPENDED, message)


@post("/merchants/{merchant_id:uuid}/reopen", opt=MANAGES)
async def reopen(visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID]) -> Redirect:
    return await _go(visit, request, merchant_id, MerchantState.OPEN, N_("The merchant sells again."))


@post("/merchants/{merchant_id:uuid}/close", opt=MANAGES)
async def close(visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID]) -> Redirect:
    """For good, once nothing is open any more."""
    message = N_("The merchant is closed for good. Its orders and statements stay.")
    return await _go(visit, request, merchant_id, MerchantState.CLOSED, message)


async def set_licence(tx: Tx, actor: Actor, merchant_id: MerchantId, until: date | None) -> None:
    before = await _known(tx, merchant_id)
    await merchants.set_licence(tx, merchant_id, until)
    await access.audit(
        tx,
        actor,
        "merchants.set_licence",
        str(merchant_id),
        merchant_id=merchant_id,
        before={"licence_until": before.licence_until},
        after={"licence_until": until},
    )


@post("/merchants/{merchant_id:uuid}/licence", opt=MANAGES)
async def change_licence(visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID]) -> Redirect:
    """The last day of the licence; empty for one without end."""
    typed = (await entries_of(request)).text("licence_until")

    async def command() -> None:
        until = day_of(typed)
        if typed and until is None:
            raise Invalid({"licence_until": N_("Please enter a day.")})
        await visit.db.transact(set_licence, visit.actor, MerchantId(merchant_id), until)

    return await done(visit, f"{frame.MERCHANTS}/{merchant_id}/papers", SAVED, command)


async def set_terms(
    tx: Tx, actor: Actor, merchant_id: MerchantId, settlement_days: int | None, receipt_days: int
) -> None:
    """Without `settlement_days` those of the merchant stay; what is agreed with it by day is in `settlement_terms`."""
    before = await _known(tx, merchant_id)
    settlement_days = before.settlement_days if settlement_days is None else settlement_days
    await merchants.set_terms(tx, merchant_id, settlement_days=settlement_days, receipt_days=receipt_days)
    await access.audit(
        tx,
        actor,
        "merchants.set_terms",
        str(merchant_id),
        merchant_id=merchant_id,
        before={"settlement_days": before.settlement_days, "receipt_days": before.receipt_days},
        after={"settlement_days": settlement_days, "receipt_days": receipt_days},
    )


@post("/merchants/{merchant_id:uuid}/terms", opt=MANAGES)
async def change_terms(visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID]) -> Redirect:
    """How long its money waits, and when receipt counts as confirmed."""
    form = await entries_of(request)
    settlement_days = form.number("settlement_days") if form.text("settlement_days") else None
    receipt_days = form.number("receipt_days")

    async def command() -> None:
        await visit.db.transact(_exists, MerchantId(merchant_id))
        form.check()
        await visit.db.transact(set_terms, visit.actor, MerchantId(merchant_id), settlement_days, receipt_days)

    return await done(visit, f"{frame.MERCHANTS}/{merchant_id}/money", SAVED, command)


async def set_categories(tx: Tx, actor: Actor, merchant_id: MerchantId, category_ids: list[UUID]) -> None:
    await _known(tx, merchant_id)
    before = await merchants.categories_of(tx, merchant_id)
    await merchants.set_categories(tx, merchant_id, category_ids)
    await access.audit(
        tx,
        actor,
        "merchants.set_categories",
        str(merchant_id),
        merchant_id=merchant_id,
        before={"categories": sorted(map(str, before))},
        after={"categories": sorted(map(str, category_ids))},
    )


@post("/merchants/{merchant_id:uuid}/categories", opt=MANAGES)
async def change_categories(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID]
) -> Redirect:
    """What it may sell: the ticked categories and all below them; none ticked: everything."""
    wanted = (await entries_of(request)).uuids("category_ids")
    return await done(
        visit,
        f"{frame.MERCHANTS}/{merchant_id}/goods",
        SAVED,
        lambda: visit.db.transact(set_categories, visit.actor, MerchantId(merchant_id), wanted),
    )


HANDLERS = [suspend, reopen, close, change_licence, change_terms, change_categories]
