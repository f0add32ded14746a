"""Campaign links: addresses that a shop puts somewhere, what came of each, and what campaigns cost."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.channels import rooms
from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductState
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import Page
from steelyard.kernel.text import Text
from steelyard.operations import behaviour
from steelyard.operations.behaviour import COSTS_PER_IMPORT_MAX, Channel, Cost, Link, LinkFigures, LinkId, Target
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.console import SAVED, address, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.figures import SOURCES
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade.settlement import settlement_day

NEEDS = {"permission": "users.manage"}
PRODUCTS_OFFERED_MAX = 100
COSTS_SHOWN_DAYS = 90
WORD_MAX = 80
LINES_CHARACTERS_MAX = 400_000
MEDIA = {
    "social": N_("A post on a social network"),
    "ad": N_("A paid advertisement"),
    "mail": N_("A mail or message"),
    "link": N_("A page of somebody else"),
    "qr": N_("Something printed, with its code"),
    "live": N_("A live session elsewhere"),
}


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where links can lead, and what the shop's amounts are in."""

    slug: str
    currency: str
    products: Sequence[tuple[UUID, Text]]
    rooms: Sequence[tuple[UUID, str, Text]]


class LinksPage(msgspec.Struct, frozen=True, kw_only=True):
    places: Places
    links: Page[LinkFigures]
    costs: Sequence[Cost]


async def places(read: Read, merchant_id: MerchantId) -> Places:
    shop = (await merchants.cards(read, [merchant_id]))[merchant_id]
    found = await catalog.products_page(read, merchant_id, ProductState.ON_SHELF, limit=PRODUCTS_OFFERED_MAX)
    return Places(
        slug=shop.slug,
        currency=await frame.currency(read, merchant_id),
        products=[(each.product_id, each.title) for each in found.items],
        rooms=[(room.room_id, room.slug, room.name) for room in await rooms.rooms_of(read, merchant_id)],
    )


async def links_page(read: Read, merchant_id: MerchantId, cursor: str | None, *, ended: bool) -> LinksPage:
    today = settlement_day(datetime.now(UTC))
    return LinksPage(
        places=await places(read, merchant_id),
        links=await behaviour.links(read, merchant_id, ended=ended, cursor=cursor),
        costs=await behaviour.costs(read, merchant_id, today - timedelta(days=COSTS_SHOWN_DAYS), today),
    )


@get("/links", opt=NEEDS)
async def listed(visit: NamedDependency[Visit]) -> Response[Any]:
    """The links in use, with clicks, orders and what was paid; below them, what campaigns cost."""
    return await _page(visit, Entries({}, {}), {})


@post("/links", opt=NEEDS)
async def make(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """A link with a short address. Sent twice, it is one."""
    form = await entries_of(request)
    try:
        link = _link_of(form, visit.merchant_id, await visit.merchant_db.ask(places, visit.merchant_id))
        await visit.merchant_db.transact(_make, visit.actor, link, visit.by)
    except Invalid as refusal:
        return await _page(visit, form, errors_of(visit, refusal.fields))
    return redirect(visit, frame.LINKS, (visit.say(N_("The link is ready: copy it, or save its code.")), "good"))


def _link_of(form: Entries, merchant_id: MerchantId, there: Places) -> Link:
    name = form.text("name", required=True, most=WORD_MAX)
    source = form.text("source", required=True, most=WORD_MAX)
    medium = form.text("medium", required=True)
    if medium not in MEDIA:
        form.refuse("medium", N_("Please choose one"))
    kind, _, chosen = form.text("target", required=True).partition(":")
    known: dict[str, str] = {"": f"/shops/{quote(there.slug)}"}
    if kind == Target.PRODUCT:
        known = {str(product_id): f"/products/{product_id}" for product_id, _ in there.products}
    elif kind == Target.LIVE:
        known = {str(room_id): f"/live/{quote(slug)}" for room_id, slug, _ in there.rooms}
    if kind not in set(Target) or chosen not in known:
        form.refuse("target", N_("Please choose one"))
    campaign, content = form.text("campaign", most=WORD_MAX), form.text("content", most=WORD_MAX)
    link_id = form.uuid("link_id")
    form.check()
    return Link(
        link_id=LinkId(link_id),
        merchant_id=merchant_id,
        code=behaviour.mint_code(),
        name=name,
        target=Target(kind),
        target_id=UUID(chosen) if chosen else None,
        path=known[chosen],
        source=source,
        medium=medium,
        campaign=campaign,
        content=content,
    )


async def _make(tx: Tx, actor: Actor, link: Link, by: str) -> None:
    await behaviour.make_link(tx, link, by)
    await access.audit(tx, actor, "links.make", str(link.link_id), {"name": link.name, "path": link.path})


@post("/links/{link_id:uuid}/end", opt=NEEDS)
async def end(visit: NamedDependency[Visit], link_id: FromPath[UUID]) -> Redirect:
    """Out of the list; who still has it is led on."""
    await visit.merchant_db.transact(_end, visit.actor, visit.merchant_id, link_id)
    return redirect(
        visit, frame.LINKS, (visit.say(N_("It is among the ended ones. It still leads where it led.")), "good")
    )


async def _end(tx: Tx, actor: Actor, merchant_id: MerchantId, link_id: UUID) -> None:
    await behaviour.end_link(tx, merchant_id, link_id)
    await access.audit(tx, actor, "links.end", str(link_id), {})


@post("/links/costs", opt=NEEDS)
async def enter_costs(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """What campaigns cost, a line each; what was entered of the same day, channel and campaign before is replaced."""
    form = await entries_of(request)
    try:
        currency = (await visit.merchant_db.ask(places, visit.merchant_id)).currency
        lines = form.text("lines", most=LINES_CHARACTERS_MAX)
        for file in form.files("file"):
            lines += "\n" + (await file.read()).decode("utf-8-sig", errors="replace")
        found = read_costs(visit, lines, currency)
        await visit.merchant_db.transact(_cost, visit.actor, visit.merchant_id, found)
    except Invalid as refusal:
        return await _page(visit, form, errors_of(visit, refusal.fields))
    return redirect(visit, f"{frame.LINKS}#costs", (visit.say(SAVED), "good"))


async def _cost(tx: Tx, actor: Actor, merchant_id: MerchantId, found: Sequence[Cost]) -> None:
    await behaviour.set_costs(tx, merchant_id, found)
    await access.audit(tx, actor, "links.costs", str(merchant_id), {"lines": len(found)})


def read_costs(visit: Visit, lines: str, currency: str) -> list[Cost]:
    """Lines of `day,channel,amount[,source[,campaign]]`, a heading left out. Raises `Invalid` with the first line that cannot be
    read, by its number."""
    found: list[Cost] = []
    for number, row in enumerate(csv.reader(io.StringIO(lines.strip())), start=1):
        cells = [cell.strip() for cell in row] + [""] * 5
        if not any(cells) or (number == 1 and cells[0].lower() == "day"):
            continue
        entry = Entries({"amount": [cells[2]]}, {})
        amount = entry.money("amount", currency)
        try:
            day = date.fromisoformat(cells[0])
        except ValueError:
            day = None
        if day is None or cells[1] not in set(Channel) or entry.errors or amount is None:
            raise Invalid({"lines": visit.say(N_("Line {number} is not day,channel,amount"), number=number)})
        source, campaign = cells[3][:WORD_MAX], cells[4][:WORD_MAX]
        cost = Cost(
            day=day, channel=Channel(cells[1]), amount=amount, currency=currency, source=source, campaign=campaign
        )
        found.append(cost)
    if not 0 < len(found) <= COSTS_PER_IMPORT_MAX:
        raise Invalid({"lines": N_("Please enter between one and five thousand lines")})
    return found


async def _page(visit: Visit, typed: Entries, errors: Mapping[str, str]) -> Response[Any]:
    given = visit.connection.query_params
    ended, cursor = given.get("ended") == "1", given.get("cursor")
    view = await visit.merchant_db.ask(links_page, visit.merchant_id, cursor, ended=ended)
    more = {"ended": "1"} if ended else {}
    return await frame.show(
        visit,
        "links.html",
        frame.LINKS,
        status=422 if errors else 200,
        view=view,
        cents=Money,
        short=visit.settings.base_url.rstrip("/") + "/l/",
        targets=_targets(visit, view.places),
        media=[(key, visit.say(words)) for key, words in MEDIA.items()],
        channels={key: visit.say(words) for key, words in SOURCES.items()},
        ended=ended,
        next_href=address(frame.LINKS, cursor=view.links.next, **more) if view.links.next else "",
        typed=typed,
        errors=errors,
        link_id=typed.text("link_id") or behaviour.mint_link_id(),
        today=settlement_day(datetime.now(UTC)),
    )


def _targets(visit: Visit, there: Places) -> list[tuple[str, str]]:
    return [
        (f"{Target.SHOP}:", visit.say(N_("The shop"))),
        *((f"{Target.LIVE}:{room_id}", visit.say(N_("Live: {name}"), name=name.in_language(visit.locale)))
          for room_id, _, name in there.rooms),
        *((f"{Target.PRODUCT}:{product_id}", title.in_language(visit.locale)) for product_id, title in there.products),
    ]  # fmt: skip


HANDLERS = [listed, make, end, enter_costs]
