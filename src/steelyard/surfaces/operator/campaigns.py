"""Campaigns of the platform: opened, their goods chosen among what shops sign up, ended early if need be."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog, pricing
from steelyard.goods.catalog.model import Category, SkuCard, SkuId
from steelyard.goods.pricing.model import Price
from steelyard.goods.promotions.model import Conflict, Level, Promotion, PromotionId, SpecialPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties import access, merchants, operator
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import campaign_words as words
from steelyard.surfaces.web import conflict_words
from steelyard.surfaces.web.clashes import against as against_it
from steelyard.surfaces.web.console import address, done, errors_of, told
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.moments import entered_moment, local_time
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import campaigns
from steelyard.trade.campaigns.model import (
    ABOUT_CHARACTERS_MAX,
    ENTRIES_AT_ONCE_MAX,
    PIECES_MAX,
    Campaign,
    CampaignId,
    CampaignState,
    Count,
    Entry,
    EntryId,
    EntryState,
    NewCampaign,
    Rules,
)

NEEDS = {"permission": "promotions.manage"}
PER_PAGE = 30
DEPTH = 2
DAYS = 3
PER_PERCENT = 10_000
ACTS = ("approve", "send_back")
ANSWERS = ("let_go", "keep")


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    campaigns: Sequence[Campaign]
    counts: Mapping[UUID, Count]
    next: UUID | None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    campaign: Campaign
    entries: Sequence[Entry]
    cards: Mapping[SkuId, SkuCard]
    prices: Mapping[SkuId, Price]
    shops: Mapping[MerchantId, ShopCard]
    names: Mapping[object, Text]


async def listed(read: Read, before: UUID | None) -> Listed:
    found = await campaigns.campaigns(read, before, PER_PAGE + 1)
    shown = found[:PER_PAGE]
    return Listed(
        campaigns=shown,
        counts=await campaigns.counts(read, [each.campaign_id for each in shown]),
        next=shown[-1].campaign_id if len(found) > PER_PAGE else None,
    )


async def shown_of(read: Read, campaign_id: UUID) -> Shown:
    """Raises `NotFound`."""
    found = await campaigns.campaign(read, campaign_id)
    if found is None:
        raise NotFound()
    entries = await campaigns.entries(read, campaign_id)
    sku_ids = [SkuId(each.sku_id) for each in entries]
    return Shown(
        campaign=found,
        entries=entries,
        cards=await catalog.cards(read, sku_ids),
        prices=await pricing.current_at_home(read, sku_ids),
        shops=await merchants.cards(read, {each.merchant_id for each in entries}),
        names=names_of(await catalog.categories(read)),
    )


def names_of(tree: Sequence[Category]) -> dict[object, Text]:
    return {each.category_id: each.name for each, _ in _flat(tree, 1, 9)}


def _flat(tree: Sequence[Category], depth: int, most: int) -> Iterator[tuple[Category, int]]:
    for each in tree:
        yield each, depth
        if depth < most:
            yield from _flat(each.children, depth + 1, most)


@get("/campaigns", opt=NEEDS)
async def campaign_list(visit: NamedDependency[Visit], before: FromQuery[str | None] = None) -> Response[Any]:
    found = await visit.db.ask(listed, as_uuid(before or ""))
    now = datetime.now(UTC)
    return await frame.show(
        visit,
        "campaigns.html",
        frame.CAMPAIGNS,
        found=found,
        states={each.campaign_id: _state(visit, each, now) for each in found.campaigns},
        next_href=address(frame.CAMPAIGNS, before=found.next),
        start_href=frame.CAMPAIGNS if before else "",
    )


def _state(visit: Visit, campaign: Campaign, now: datetime) -> tuple[str, str]:
    word, tone = words.STATES[campaign.state(now)]
    return visit.say(word), tone


@get("/campaigns/new", opt=NEEDS)
async def new_campaign(visit: NamedDependency[Visit]) -> Response[Any]:
    return await _form(visit, Entries({}, {}), {})


async def _form(visit: Visit, typed: Entries, errors: dict[str, str]) -> Response[Any]:
    tree = await visit.db.ask(catalog.categories)
    day = datetime.now(UTC).replace(hour=2, minute=0, second=0, microsecond=0)
    moments = {
        "sign_up_from": day,
        "sign_up_until": day + timedelta(days=DAYS),
        "starts_at": day + timedelta(days=2 * DAYS),
        "ends_at": day + timedelta(days=3 * DAYS),
    }
    return await frame.show(
        visit,
        "campaign_form.html",
        frame.CAMPAIGNS,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Platform campaigns")), frame.CAMPAIGNS), (visit.say(N_("New campaign")), None)],
        typed=typed,
        errors=errors,
        campaign_id=typed.text("campaign_id") or ids.mint(),
        moments={name: typed.text(name) or local_time(moment) for name, moment in moments.items()},
        categories=list(_flat(tree, 1, DEPTH)),
        chosen={str(each) for each in typed.uuids("categories")},
    )


@post("/campaigns/new", opt=NEEDS)
async def open_campaign(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """A second click opens nothing more."""
    form = await entries_of(request)
    try:
        wanted = wanted_of(form)
        form.check()
        await visit.db.transact(opened, visit.actor, wanted)
    except Invalid as refusal:
        return await _form(visit, form, errors_of(visit, refusal.fields))
    message = visit.say(N_("The campaign is open. Shops read of it under “Platform campaigns”."))
    return redirect(visit, f"{frame.CAMPAIGNS}/{wanted.campaign_id}", (message, "good"))


def wanted_of(form: Entries) -> NewCampaign:
    """What the form asks for; what cannot be read is noted in it."""
    return NewCampaign(
        campaign_id=CampaignId(form.uuid("campaign_id")),
        code=form.text("code", required=True, most=40).lower(),
        name=form.words("name", required=True, most=60),
        about=form.words("about", most=ABOUT_CHARACTERS_MAX),
        sign_up_from=entered_moment(form, "sign_up_from"),
        sign_up_until=entered_moment(form, "sign_up_until"),
        starts_at=entered_moment(form, "starts_at"),
        ends_at=entered_moment(form, "ends_at"),
        rules=Rules(
            categories=frozenset(form.uuids("categories")),
            off=form.number("off", otherwise=0, most=99) * PER_PERCENT,
            lowest=form.flag("lowest"),
            pieces=form.number("pieces", otherwise=1, least=1, most=PIECES_MAX),
            rating=_stars(form),
        ),
    )


def _stars(form: Entries) -> int:
    """Stars such as 4.5, in hundredths."""
    typed = form.text("rating", most=5).replace("，", ".")
    try:
        stars = round(float(typed or 0) * 100)
    except (ValueError, OverflowError):
        stars = -1
    if not 0 <= stars <= 500:
        form.refuse("rating", N_("Please enter stars from 0 to 5"))
        return 0
    return stars


async def opened(tx: Tx, actor: Actor, wanted: NewCampaign) -> None:
    if await campaigns.campaign(tx, wanted.campaign_id) is not None:
        return
    await campaigns.open_campaign(tx, wanted)
    facts = {"name": str(wanted.name), "code": wanted.code, "ends_at": wanted.ends_at.isoformat()}
    await access.audit(tx, actor, "campaigns.open", str(wanted.campaign_id), facts)


@get("/campaigns/{campaign_id:uuid}", opt=NEEDS)
async def campaign_page(visit: NamedDependency[Visit], campaign_id: FromPath[UUID]) -> Response[Any]:
    """What shops have signed up: what waits first."""
    return await _page(visit, campaign_id, Entries({}, {}))


async def _page(
    visit: Visit, campaign_id: UUID, typed: Entries, warned: conflict_words.Told | None = None
) -> Response[Any]:
    """`typed`: what was ticked, when something speaks against it."""
    found = await visit.db.ask(shown_of, campaign_id)
    state = found.campaign.state(datetime.now(UTC))
    return await frame.show(
        visit,
        "campaign.html",
        frame.CAMPAIGNS,
        status=409 if warned else 200,
        warned=warned,
        ticked=set(typed.all("entry")),
        leaving=[each for each in found.entries if each.leaving],
        crumbs=[
            (visit.say(N_("Platform campaigns")), frame.CAMPAIGNS),
            (found.campaign.name.in_language(visit.locale), None),
        ],
        found=found,
        campaign=found.campaign,
        state=_state(visit, found.campaign, datetime.now(UTC)),
        rules=words.rules(visit, found.campaign.rules, found.names),
        entry_states={str(each): (visit.say(word), tone) for each, (word, tone) in words.ENTRY_STATES.items()},
        waiting=sum(each.state is EntryState.WAITING for each in found.entries),
        deciding=state not in (CampaignState.OVER, CampaignState.ENDED),
        live=state is CampaignState.RUNNING,
    )


@post("/campaigns/{campaign_id:uuid}/entries", opt=NEEDS)
async def decide_entries(
    visit: NamedDependency[Visit], request: WebRequest, campaign_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Approve or send back those that are ticked, each by itself: what cannot be approved any more keeps no other from it."""
    form = await entries_of(request)
    here = f"{frame.CAMPAIGNS}/{campaign_id}"
    action, reason = form.text("action"), form.text("reason")[:200]
    known = {str(each.entry_id): each for each in await visit.db.ask(campaigns.entries, campaign_id)}
    chosen = [known[each] for each in form.all("entry") if each in known][:ENTRIES_AT_ONCE_MAX]
    if action not in ACTS or not chosen:
        return redirect(visit, here, (visit.say(N_("Please tick some articles first.")), "warn"))
    if action == "send_back" and not reason:
        return redirect(visit, here, (visit.say(N_("Please say why: the shop reads it")), "bad"))
    against = await visit.db.ask(_against, campaign_id, chosen) if action == "approve" else {}
    if against and not form.flag("anyway"):
        flat = [each for some in against.values() for each in some]
        return await _page(visit, campaign_id, form, conflict_words.told(visit, flat, await visit.db.ask(_currency)))
    count, refused = 0, ""
    for entry in chosen:
        log = conflict_words.for_the_log(against.get(entry.entry_id, []))
        try:
            count += await visit.db.transact(decide, visit.actor, entry, action, reason, log)
        except Refusal as refusal:
            refused = told(visit, refusal)
    said = N_("{count} approved.") if action == "approve" else N_("{count} sent back.")
    message = visit.say(said, count=count) + (f" {refused}" if refused else "")
    return redirect(visit, here, (message, "warn" if refused else "good"))


async def _against(read: Read, campaign_id: UUID, chosen: Sequence[Entry]) -> dict[EntryId, list[Conflict]]:
    """What speaks against selling these at their prices, as if their shops planned it; what cannot be at all the command says."""
    campaign = await campaigns.campaign(read, campaign_id)
    shops = await merchants.cards(read, {each.merchant_id for each in chosen})
    found: dict[EntryId, list[Conflict]] = {}
    for entry in chosen:
        assert campaign is not None, "an entry is of a campaign"
        offered = Promotion(
            promotion_id=PromotionId(entry.entry_id),
            name=campaign.name,
            rule=SpecialPrice(prices={SkuId(entry.sku_id): entry.price}),
            currency=shops[entry.merchant_id].currency,
            starts_at=campaign.starts_at,
            ends_at=campaign.ends_at,
            merchant_id=entry.merchant_id,
            limited=True,
        )
        some = await against_it(read, offered, [entry.sku_id])
        if warnings := [each for each in some if each.level is Level.WARNING]:
            found[entry.entry_id] = warnings
    return found


async def _currency(read: Read) -> str:
    house = await operator.profile(read)
    return house.currency if house else "CNY"


async def decide(
    tx: Tx, actor: Actor, entry: Entry, action: str, reason: str, confirmed: Mapping[str, object] | None = None
) -> bool:
    """`confirmed`: which warnings were read and put aside, for the log."""
    if action == "approve":
        decided = await campaigns.approve(tx, entry.merchant_id, entry.entry_id, actor.by)
    else:
        decided = await campaigns.send_back(tx, entry.merchant_id, entry.entry_id, actor.by, reason)
    if decided:
        facts = {**({"reason": reason} if reason else {}), **(confirmed or {})}
        await access.audit(tx, actor, f"campaigns.{action}", str(entry.entry_id), facts, merchant_id=entry.merchant_id)
    return decided


@post("/campaigns/{campaign_id:uuid}/leaving", opt=NEEDS)
async def answer_leaving(visit: NamedDependency[Visit], request: WebRequest, campaign_id: FromPath[UUID]) -> Redirect:
    """Let an article go that its shop asks to end while the campaign runs, or say why not."""
    form = await entries_of(request)
    here = f"{frame.CAMPAIGNS}/{campaign_id}"
    action, words_said = form.text("action"), form.text("reason")[:200]
    known = {str(each.entry_id): each for each in await visit.db.ask(campaigns.entries, campaign_id)}
    entry = known.get(form.text("entry"))
    if entry is None or action not in ANSWERS:
        raise NotFound()
    let_go = action == "let_go"
    said = N_("It is let go: nothing more is sold at its price.") if let_go else N_("It stays. The shop reads why.")
    return await done(
        visit, here, said, lambda: visit.db.transact(answered, visit.actor, entry, let_go=let_go, words_said=words_said)
    )


async def answered(tx: Tx, actor: Actor, entry: Entry, *, let_go: bool, words_said: str) -> None:
    now = await campaigns.answer_leave(tx, entry.merchant_id, entry.entry_id, actor.by, let_go=let_go, words=words_said)
    if now:
        act = "campaigns.let_go" if let_go else "campaigns.keep"
        facts = {"reason": words_said} if words_said else {}
        await access.audit(tx, actor, act, str(entry.entry_id), facts, merchant_id=entry.merchant_id)


async def ended(tx: Tx, actor: Actor, campaign_id: UUID, reason: str) -> None:
    if await campaigns.end(tx, campaign_id, actor.by, reason):
        await access.audit(tx, actor, "campaigns.end", str(campaign_id), {"reason": reason})


@post("/campaigns/{campaign_id:uuid}/end", opt=NEEDS)
async def end_campaign(visit: NamedDependency[Visit], request: WebRequest, campaign_id: FromPath[UUID]) -> Redirect:
    """Nothing is sold at its prices from now on; what was bought stays bought."""
    reason = (await entries_of(request)).text("reason")[:200]
    return await done(
        visit,
        f"{frame.CAMPAIGNS}/{campaign_id}",
        N_("The campaign is over. What was left is sold as everything else."),
        lambda: visit.db.transact(ended, visit.actor, campaign_id, reason),
    )


HANDLERS = [campaign_list, new_campaign, open_campaign, campaign_page, decide_entries, answer_leaving, end_campaign]
