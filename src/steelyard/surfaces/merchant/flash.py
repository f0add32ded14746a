"""Flash sales of a shop: plan one, see what came of it, call it off."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods import catalog, inventory, pricing, promotions
from steelyard.goods.catalog.model import ProductState, SkuCard, SkuId
from steelyard.goods.pricing.model import Price
from steelyard.goods.promotions.model import (
    FlashItem,
    FlashState,
    NewFlash,
    Planned,
    Session,
    SessionId,
)
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.editor import local_time
from steelyard.surfaces.web import conflict_words
from steelyard.surfaces.web.clashes import against_session
from steelyard.surfaces.web.console import address, done, errors_of, told
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.flash_words import STATES
from steelyard.surfaces.web.moments import entered_moment
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import campaigns
from steelyard.trade.campaigns.model import PartOfCampaign

NEEDS = {"permission": "promotions.manage"}
PER_PAGE = 30
ROWS = 8
HOURS = 2
ARTICLES_SHOWN = 300
PIECES_MAX = 1_000_000
LIMIT_MAX = 9_999
PLANNED = N_("The flash sale is planned. Its pieces are kept for it.")
CALLED_OFF = N_("The flash sale is called off. What was left is sold as everything else.")


class Article(msgspec.Struct, frozen=True, kw_only=True):
    """What can be chosen: an article of the shelf with its price and how many are free."""

    card: SkuCard
    price: Price
    free: int


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    sessions: Sequence[Session]
    items: dict[UUID, list[Planned]]
    next: UUID | None

    def sold(self, session_id: UUID) -> tuple[int, int]:
        mine = self.items.get(session_id, [])
        return sum(item.taken for item in mine), sum(item.pieces for item in mine)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    session: Session
    items: Sequence[Planned]
    cards: dict[SkuId, SkuCard]


async def listed(read: Read, merchant_id: MerchantId, before: UUID | None) -> Listed:
    found = await promotions.sessions(read, merchant_id, before, PER_PAGE + 1)
    shown = found[:PER_PAGE]
    items: dict[UUID, list[Planned]] = {}
    for item in await promotions.planned(read, [(merchant_id, each.session_id) for each in shown]):
        items.setdefault(item.session_id, []).append(item)
    return Listed(sessions=shown, items=items, next=shown[-1].session_id if len(found) > PER_PAGE else None)


async def shown_of(read: Read, merchant_id: MerchantId, session_id: UUID) -> Shown:
    """Raises `NotFound`: another merchant's session is not there."""
    session = await promotions.session(read, merchant_id, session_id)
    if session is None:
        raise NotFound()
    items = await promotions.planned(read, [(merchant_id, session_id)])
    return Shown(session=session, items=items, cards=await catalog.cards(read, [item.sku_id for item in items]))


async def articles(read: Read, merchant_id: MerchantId, currency: str) -> list[Article]:
    """What is on the shelf and has a price, to be chosen from."""
    page = await catalog.products_page(read, merchant_id, ProductState.ON_SHELF, limit=ARTICLES_SHOWN)
    by_product = await catalog.sku_ids_of(read, merchant_id, [row.product_id for row in page.items])
    sku_ids = [SkuId(each) for some in by_product.values() for each in some][:ARTICLES_SHOWN]
    cards = await catalog.cards(read, sku_ids)
    prices = await pricing.current(read, sku_ids, currency)
    free = await inventory.available(read, sku_ids)
    return [
        Article(card=cards[each], price=prices[each], free=free[each])
        for each in sku_ids
        if each in cards and each in prices
    ]


@get("/flash", opt=NEEDS)
async def flash_list(visit: NamedDependency[Visit], before: FromQuery[str | None] = None) -> Response[Any]:
    found = await visit.merchant_db.ask(listed, visit.merchant_id, as_uuid(before or ""))
    return await frame.show(
        visit,
        "flash_list.html",
        frame.FLASH,
        found=found,
        states={each.session_id: _state(visit, each) for each in found.sessions},
        next_href=address(frame.FLASH, before=found.next),
        start_href=frame.FLASH if before else "",
    )


def _state(visit: Visit, session: Session) -> tuple[str, str]:
    word, tone = STATES[session.state(datetime.now(UTC))]
    return visit.say(word), tone


@get("/flash/new", opt=NEEDS)
async def new_flash(visit: NamedDependency[Visit]) -> Response[Any]:
    return await _form(visit, Entries({}, {}), {})


async def _form(
    visit: Visit, typed: Entries, errors: dict[str, str], warned: conflict_words.Told | None = None
) -> Response[Any]:
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    next_hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    title = visit.say(N_("New flash sale"))
    return await frame.show(
        visit,
        "flash_form.html",
        frame.FLASH,
        status=422 if errors else 409 if warned else 200,
        crumbs=[(visit.say(N_("Flash sales")), frame.FLASH), (title, None)],
        warned=warned,
        typed=typed,
        errors=errors,
        currency=currency,
        rows=range(ROWS),
        flash_id=typed.text("flash_id") or ids.mint(),
        articles=await visit.merchant_db.ask(articles, visit.merchant_id, currency),
        starts_at=typed.text("starts_at") or local_time(next_hour),
        ends_at=typed.text("ends_at") or local_time(next_hour + timedelta(hours=HOURS)),
    )


@post("/flash/new", opt=NEEDS)
async def plan_flash(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    form = await entries_of(request)
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    rows = [n for n in range(ROWS) if form.text(f"what_{n}")] or [0]
    try:
        words = [form.text(f"what_{n}", required=True, most=60) for n in rows]
        known = await visit.merchant_db.ask(inventory.scanned, visit.merchant_id, words)
        wanted = _wanted(form, visit.merchant_id, rows, known, currency)
        form.check()
        against = await visit.db.ask(against_session, wanted, currency)
        warned = conflict_words.told(visit, against, currency)
        if warned and not warned.refused and not form.flag("anyway"):
            return await _form(visit, form, {}, warned)
        await visit.merchant_db.transact(plan, visit.actor, wanted, conflict_words.for_the_log(against))
    except Invalid as refusal:
        # What is wrong with an item is told beside the row that it stands in.
        fields = {_in_row(name, rows) if not form.errors else name: what for name, what in refusal.fields.items()}
        return await _form(visit, form, errors_of(visit, fields))
    except Refusal as refusal:
        return await _form(visit, form, {"name_zh": told(visit, refusal)})
    return redirect(visit, f"{frame.FLASH}/{wanted.session_id}", (visit.say(PLANNED), "good"))


def _in_row(name: str, rows: Sequence[int]) -> str:
    stem, _, n = name.rpartition("_")
    return f"{stem}_{rows[int(n)]}" if stem and n.isdecimal() and int(n) < len(rows) else name


def _wanted(
    form: Entries, merchant_id: MerchantId, rows: Sequence[int], known: dict[str, SkuId], currency: str
) -> NewFlash:
    """What the form asks for; what cannot be read is noted in it."""
    starts, ends = (entered_moment(form, name) for name in ("starts_at", "ends_at"))
    return NewFlash(
        merchant_id=merchant_id,
        session_id=SessionId(form.uuid("flash_id")),
        name=form.words("name", required=True, most=60),
        starts_at=starts,
        ends_at=ends,
        items=[_item(form, n, known, currency) for n in rows],
    )


def _item(form: Entries, n: int, known: dict[str, SkuId], currency: str) -> FlashItem:
    sku_id = known.get(form.text(f"what_{n}"))
    if sku_id is None:
        form.refuse(f"what_{n}", N_("There is no article of yours with this number"))
    return FlashItem(
        sku_id=sku_id or SkuId(ids.mint()),
        price=form.money(f"price_{n}", currency) or 0,
        pieces=form.number(f"pieces_{n}", least=1, most=PIECES_MAX),
        per_order=form.number(f"per_order_{n}", otherwise=0, most=LIMIT_MAX) or None,
        per_buyer=form.number(f"per_buyer_{n}", otherwise=0, most=LIMIT_MAX) or None,
    )


async def plan(tx: Tx, actor: Actor, wanted: NewFlash, confirmed: Mapping[str, object] | None = None) -> None:
    await promotions.plan(tx, wanted)
    facts = {
        "name": str(wanted.name),
        "starts_at": wanted.starts_at.isoformat(),
        "ends_at": wanted.ends_at.isoformat(),
        "articles": len(wanted.items),
        "pieces": sum(item.pieces for item in wanted.items),
        **(confirmed or {}),
    }
    await access.audit(tx, actor, "flash.plan", str(wanted.session_id), facts)


async def cancel(tx: Tx, actor: Actor, merchant_id: MerchantId, session_id: UUID, reason: str) -> None:
    """Raises `PartOfCampaign`: what buyers see of a campaign is not ended by the shop alone."""
    if await campaigns.carried_by(tx, merchant_id, session_id) is not None:
        raise PartOfCampaign()
    await promotions.cancel(tx, merchant_id, session_id, by=actor.by, reason=reason)
    await access.audit(tx, actor, "flash.cancel", str(session_id), {"reason": reason})


@get("/flash/{flash_id:uuid}", opt=NEEDS)
async def flash_page(visit: NamedDependency[Visit], flash_id: FromPath[UUID]) -> Response[Any]:
    """What is sold, how much of it, and what came of it."""
    found = await visit.merchant_db.ask(shown_of, visit.merchant_id, flash_id)
    state = found.session.state(datetime.now(UTC))
    return await frame.show(
        visit,
        "flash.html",
        frame.FLASH,
        crumbs=[
            (visit.say(N_("Flash sales")), frame.FLASH),
            (found.session.name.in_language(visit.locale), None),
        ],
        found=found,
        session=found.session,
        state=_state(visit, found.session),
        stoppable=state in (FlashState.TO_COME, FlashState.RUNNING),
        campaign_id=await visit.merchant_db.ask(campaigns.carried_by, visit.merchant_id, flash_id),
    )


@post("/flash/{flash_id:uuid}/cancel", opt=NEEDS)
async def cancel_flash(visit: NamedDependency[Visit], request: WebRequest, flash_id: FromPath[UUID]) -> Redirect:
    """What was bought stays bought; what is left is sold as everything else."""
    form = await entries_of(request)
    reason = form.text("reason")[:200]
    return await done(
        visit,
        f"{frame.FLASH}/{flash_id}",
        CALLED_OFF,
        lambda: visit.merchant_db.transact(cancel, visit.actor, visit.merchant_id, flash_id, reason),
    )


HANDLERS = [flash_list, new_flash, plan_flash, flash_page, cancel_flash]
