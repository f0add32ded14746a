"""Campaigns of the platform, for a shop: what is asked for, what was signed up, and what became of it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import catalog, inventory
from steelyard.goods.catalog.model import Category, SkuCard, SkuId
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.flash import LIMIT_MAX, PIECES_MAX, articles
from steelyard.surfaces.web import campaign_words as words
from steelyard.surfaces.web.console import done, errors_of, told
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import campaigns
from steelyard.trade.campaigns.model import (
    Campaign,
    CampaignId,
    CampaignState,
    Entry,
    EntryId,
    EntryState,
    Lack,
    NewEntry,
)

NEEDS = {"permission": "promotions.manage"}
ROWS = 6
SIGNED_UP = N_("It is signed up. You hear by mail what the platform decides.")
WITHDRAWN = N_("It is withdrawn. Its pieces are sold as everything else.")
_OF_PRICE = {Lack.NOT_CHEAPER, Lack.NOT_CHEAP_ENOUGH, Lack.ABOVE_LOWEST}
_OF_PIECES = {Lack.TOO_FEW, Lack.NOT_SO_MANY}


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    campaigns: Sequence[Campaign]
    names: Mapping[object, Text]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    campaign: Campaign
    entries: Sequence[Entry]
    cards: Mapping[SkuId, SkuCard]
    names: Mapping[object, Text]


async def listed(read: Read) -> Listed:
    return Listed(campaigns=await campaigns.near(read, datetime.now(UTC)), names=_names(await catalog.categories(read)))


def _names(tree: Sequence[Category]) -> dict[object, Text]:
    found: dict[object, Text] = {}
    for category in tree:
        found[category.category_id] = category.name
        found |= _names(category.children)
    return found


async def shown_of(read: Read, merchant_id: MerchantId, campaign_id: UUID) -> Shown:
    """Raises `NotFound`; of what was signed up, only the shop's own."""
    found = await campaigns.campaign(read, campaign_id)
    if found is None or found.state(datetime.now(UTC)) is CampaignState.PLANNED:
        raise NotFound()
    entries = await campaigns.entries(read, campaign_id, merchant_id)
    return Shown(
        campaign=found,
        entries=entries,
        cards=await catalog.cards(read, [each.sku_id for each in entries]),
        names=_names(await catalog.categories(read)),
    )


@get("/campaigns", opt=NEEDS)
async def campaign_list(visit: NamedDependency[Visit]) -> Response[Any]:
    found = await visit.merchant_db.ask(listed)
    now = datetime.now(UTC)
    return await frame.show(
        visit,
        "campaigns.html",
        frame.CAMPAIGNS,
        found=found,
        states={each.campaign_id: _state(visit, each, now) for each in found.campaigns},
        rules={each.campaign_id: words.rules(visit, each.rules, found.names) for each in found.campaigns},
    )


def _state(visit: Visit, campaign: Campaign, now: datetime) -> tuple[str, str]:
    word, tone = words.STATES[campaign.state(now)]
    return visit.say(word), tone


@get("/campaigns/{campaign_id:uuid}", opt=NEEDS)
async def campaign_page(visit: NamedDependency[Visit], campaign_id: FromPath[UUID]) -> Response[Any]:
    return await _page(visit, campaign_id, Entries({}, {}), {})


async def _page(visit: Visit, campaign_id: UUID, typed: Entries, errors: dict[str, str]) -> Response[Any]:
    found = await visit.merchant_db.ask(shown_of, visit.merchant_id, campaign_id)
    now = datetime.now(UTC)
    state = found.campaign.state(now)
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    signing = state is CampaignState.SIGN_UP
    return await frame.show(
        visit,
        "campaign.html",
        frame.CAMPAIGNS,
        status=422 if errors else 200,
        crumbs=[
            (visit.say(N_("Platform campaigns")), frame.CAMPAIGNS),
            (found.campaign.name.in_language(visit.locale), None),
        ],
        found=found,
        campaign=found.campaign,
        state=_state(visit, found.campaign, now),
        rules=words.rules(visit, found.campaign.rules, found.names),
        entry_states={str(each): (visit.say(word), tone) for each, (word, tone) in words.ENTRY_STATES.items()},
        signing=signing,
        withdrawable={
            each.entry_id
            for each in found.entries
            if each.state is EntryState.WAITING
            or (each.state is EntryState.APPROVED and state in (CampaignState.SIGN_UP, CampaignState.CHOOSING))
        },
        live=state is CampaignState.RUNNING,
        endable={
            each.entry_id
            for each in found.entries
            if state is CampaignState.RUNNING and each.state is EntryState.APPROVED and not each.leaving
        },
        typed=typed,
        errors=errors,
        rows=range(ROWS),
        sign_id=typed.text("sign_id") or ids.mint(),
        currency=currency,
        articles=await visit.merchant_db.ask(articles, visit.merchant_id, currency) if signing else [],
    )


@post("/campaigns/{campaign_id:uuid}", opt=NEEDS)
async def sign_up(
    visit: NamedDependency[Visit], request: WebRequest, campaign_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """All rows of the form or none of them; what one lacks is said beside it. A second click changes nothing more."""
    form = await entries_of(request)
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    rows = [n for n in range(ROWS) if form.text(f"what_{n}")] or [0]
    try:
        typed = [form.text(f"what_{n}", required=True, most=60) for n in rows]
        known = await visit.merchant_db.ask(inventory.scanned, visit.merchant_id, typed)
        wanted = [_entry(form, n, known, currency, visit.merchant_id, campaign_id) for n in rows]
        form.check()
        await visit.merchant_db.transact(signed_up, visit.actor, wanted, rows)
    except Invalid as refusal:
        return await _page(visit, campaign_id, form, errors_of(visit, refusal.fields))
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(visit, campaign_id, form, {f"what_{rows[0]}": told(visit, refusal)})
    return redirect(visit, f"{frame.CAMPAIGNS}/{campaign_id}", (visit.say(SIGNED_UP), "good"))


def _entry(
    form: Entries, n: int, known: Mapping[str, SkuId], currency: str, merchant_id: MerchantId, campaign_id: UUID
) -> NewEntry:
    """What a row asks for; what cannot be read is noted in it."""
    sku_id = known.get(form.text(f"what_{n}"))
    if sku_id is None:
        form.refuse(f"what_{n}", N_("There is no article of yours with this number"))
    price = form.money(f"price_{n}", currency)
    if price == 0:
        form.refuse(f"price_{n}", N_("Please enter an amount above zero"))
    return NewEntry(
        merchant_id=merchant_id,
        entry_id=EntryId(ids.derived(form.uuid("sign_id"), str(sku_id or n))),
        campaign_id=CampaignId(campaign_id),
        sku_id=sku_id or ids.mint(),
        price=price or 1,
        pieces=form.number(f"pieces_{n}", least=1, most=PIECES_MAX),
        per_buyer=form.number(f"per_buyer_{n}", otherwise=0, most=LIMIT_MAX) or None,
    )


async def signed_up(tx: Tx, actor: Actor, wanted: Sequence[NewEntry], rows: Sequence[int]) -> None:
    """Raises `Invalid`, by the row's fields, when one of them cannot be."""
    skus = [each.sku_id for each in wanted]
    twice = {f"what_{n}": N_("This article is named twice") for k, n in enumerate(rows) if skus[k] in skus[:k]}
    if twice:
        raise Invalid(twice)
    lacking = await campaigns.sign_up(tx, wanted, actor.by)
    if lacking:
        raise Invalid(
            {
                f"{_field(lacking[each.sku_id][0])}_{n}": words.lacking(lacking[each.sku_id])
                for each, n in zip(wanted, rows, strict=True)
                if each.sku_id in lacking
            }
        )
    facts = {"articles": len(wanted), "pieces": sum(each.pieces for each in wanted)}
    await access.audit(tx, actor, "campaigns.sign_up", str(wanted[0].campaign_id), facts)


def _field(lack: Lack) -> str:
    return "price" if lack in _OF_PRICE else "pieces" if lack in _OF_PIECES else "what"


async def withdrawn(tx: Tx, actor: Actor, merchant_id: MerchantId, entry_id: UUID) -> None:
    before = await campaigns.withdraw(tx, merchant_id, entry_id, actor.by)
    if before.state is not EntryState.WITHDRAWN:
        await access.audit(tx, actor, "campaigns.withdraw", str(entry_id), {})


@post("/campaigns/{campaign_id:uuid}/entries/{entry_id:uuid}/withdraw", opt=NEEDS)
async def withdraw(visit: NamedDependency[Visit], campaign_id: FromPath[UUID], entry_id: FromPath[UUID]) -> Redirect:
    return await done(
        visit,
        f"{frame.CAMPAIGNS}/{campaign_id}",
        WITHDRAWN,
        lambda: visit.merchant_db.transact(withdrawn, visit.actor, visit.merchant_id, entry_id),
    )


async def leave_asked(tx: Tx, actor: Actor, merchant_id: MerchantId, entry_id: UUID, reason: str) -> None:
    if await campaigns.ask_leave(tx, merchant_id, entry_id, reason):
        await access.audit(tx, actor, "campaigns.ask_leave", str(entry_id), {"reason": reason})


@post("/campaigns/{campaign_id:uuid}/entries/{entry_id:uuid}/leave", opt=NEEDS)
async def leave(
    visit: NamedDependency[Visit], request: WebRequest, campaign_id: FromPath[UUID], entry_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Ask the platform to end an article of a campaign that runs."""
    form = await entries_of(request)
    reason = form.text("reason", most=200)
    try:
        form.check()
        await visit.merchant_db.transact(leave_asked, visit.actor, visit.merchant_id, entry_id, reason)
    except Invalid as refusal:
        errors = {f"leave-{entry_id}": word for word in errors_of(visit, refusal.fields).values()}
        return await _page(visit, campaign_id, form, errors)
    except NotFound:
        raise
    except Refusal as refusal:
        return redirect(visit, f"{frame.CAMPAIGNS}/{campaign_id}", (told(visit, refusal), "bad"))
    said = N_("The platform is asked. Until it answers the article is sold as before.")
    return redirect(visit, f"{frame.CAMPAIGNS}/{campaign_id}", (visit.say(said), "good"))


HANDLERS = [campaign_list, campaign_page, sign_up, withdraw, leave]
