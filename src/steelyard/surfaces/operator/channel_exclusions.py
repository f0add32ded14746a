"""What a channel is not offered for: a shop's goods, a category's, gift cards."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import catalog
from steelyard.goods.catalog.model import Category
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.money import payments
from steelyard.money.payments import About
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.console import SAVED, done
from steelyard.surfaces.web.entries import as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

DECIDES: dict[str, Any] = {"permission": "settings.manage"}
WHY_CHARACTERS_MAX = 120
ABOUT: dict[str, About] = {"merchant": "merchant", "category": "category", "gift_cards": "gift_cards"}


def flat(tree: Sequence[Category]) -> list[Category]:
    """The roots and all below them, each before its children."""
    return [each for root in tree for each in (root, *flat(root.children))]


async def shop_of(read: Read, slug: str) -> UUID | None:
    """The merchant of a shop, by the last part of its address."""
    card = await merchants.by_slug(read, slug)
    return card.merchant_id if card else None


async def exclude(tx: Tx, actor: Actor, channel: str, about: About, subject: UUID, why: str) -> None:
    """Raises `NotFound` for a shop or a category that is not there."""
    there = about == "gift_cards"
    if about == "merchant":
        there = bool(await merchants.cards(tx, [MerchantId(subject)]))
    elif about == "category":
        there = subject in {each.category_id for each in flat(await catalog.categories(tx))}
    if not there:
        raise NotFound()
    account_id = actor.account.account_id if actor.account else None
    await payments.exclude(tx, channel, about, subject, why=why, set_by=account_id)
    await access.audit(tx, actor, "channels.exclude", channel, {"about": about, "subject": str(subject), "why": why})


@post("/channels/{name:str}/exclude", opt=DECIDES)
async def exclude_from(visit: NamedDependency[Visit], request: WebRequest, name: FromPath[str]) -> Redirect:
    """Do not offer a channel for a shop (named by the address of its page), a category, or gift cards."""
    if name not in payments.channels(visit.settings):
        raise NotFound()
    form, here = await entries_of(request), f"{frame.CHANNELS}/{name}"
    about = ABOUT.get(form.text("about"))
    if about is None:
        raise NotFound()
    subject: UUID | None = payments.GIFT_CARDS
    if about == "merchant":
        subject = await visit.db.ask(shop_of, form.text("shop").rstrip("/").rpartition("/")[2])
    elif about == "category":
        subject = as_uuid(form.text("category"))
    if subject is None:
        return redirect(visit, here, (visit.say(N_("There is no such shop or category.")), "bad"))
    why = form.text("why", most=WHY_CHARACTERS_MAX)[:WHY_CHARACTERS_MAX]
    return await done(visit, here, SAVED, lambda: visit.db.transact(exclude, visit.actor, name, about, subject, why))


async def include(tx: Tx, actor: Actor, channel: str, about: About, subject: UUID) -> None:
    if await payments.include(tx, channel, about, subject):
        await access.audit(tx, actor, "channels.include", channel, {"about": about, "subject": str(subject)})


@post("/channels/{name:str}/include", opt=DECIDES)
async def include_again(visit: NamedDependency[Visit], request: WebRequest, name: FromPath[str]) -> Redirect:
    """Offer a channel again for what it was not offered for."""
    form = await entries_of(request)
    about, subject = ABOUT.get(form.text("about")), as_uuid(form.text("subject"))
    if about is None or subject is None:
        raise NotFound()
    return await done(
        visit,
        f"{frame.CHANNELS}/{name}",
        N_("It is offered for this again."),
        lambda: visit.db.transact(include, visit.actor, name, about, subject),
    )


HANDLERS = [exclude_from, include_again]
