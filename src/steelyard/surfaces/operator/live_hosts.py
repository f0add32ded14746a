"""Hosts of live rooms: identified, trained, barred; what was stopped, with appeals; and what is not sold live."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.channels import live, rooms
from steelyard.channels.rooms.model import Host, HostState, Stop, StopId, Training, TrainingId
from steelyard.goods import catalog
from steelyard.goods.catalog.model import Category
from steelyard.kernel import days, ids
from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.kernel.text import Text
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import live_words
from steelyard.surfaces.web.console import SAVED, address, done
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.papers import paper
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "rooms.manage"}
HOSTS = f"{frame.LIVE}/hosts"
STOPS = f"{frame.LIVE}/stops"
CLOSED = f"{frame.LIVE}/categories"


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    hosts: Page[Host]
    shops: Mapping[MerchantId, ShopCard]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    host: Host
    shop: ShopCard
    others: Sequence[Host]
    shops: Mapping[MerchantId, ShopCard]
    trainings: Sequence[Training]


class Stopped(msgspec.Struct, frozen=True, kw_only=True):
    stops: Page[Stop]
    shops: Mapping[MerchantId, ShopCard]


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    file: str


async def listed(read: Read, state: HostState, cursor: str | None) -> Listed:
    page = await rooms.hosts(read, state, cursor)
    shops = {MerchantId(each.merchant_id) for each in page.items}
    return Listed(hosts=page, shops=await merchants.cards(read, shops))


async def host_of(read: Read, merchant_id: UUID, host_id: UUID) -> Host:
    host = await rooms.host(read, merchant_id, host_id)
    if host is None:
        raise NotFound()
    return host


async def shown(read: Read, merchant_id: UUID, host_id: UUID) -> Shown:
    host = await host_of(read, merchant_id, host_id)
    others = await rooms.same_person(read, host)
    shops = await merchants.cards(read, {MerchantId(each.merchant_id) for each in [host, *others]})
    return Shown(
        host=host,
        shop=shops[MerchantId(merchant_id)],
        others=others,
        shops=shops,
        trainings=await rooms.trainings_of(read, merchant_id, host_id),
    )


async def stopped(read: Read, cursor: str | None) -> Stopped:
    page = await rooms.stops(read, cursor)
    shops = {MerchantId(each.merchant_id) for each in page.items}
    return Stopped(stops=page, shops=await merchants.cards(read, shops))


@get("/live/hosts", opt=NEEDS)
async def host_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    state = visit.connection.query_params.get("state")
    chosen = HostState(state) if state and state in set(HostState) else HostState.WAITING
    found = await visit.db.ask(listed, chosen, cursor)
    return await frame.show(
        visit,
        "live_hosts.html",
        frame.LIVE,
        found=found,
        chosen=str(chosen),
        states=live_words.toned(visit, live_words.HOST_STATES),
        today=days.today(),
        next_href=address(HOSTS, state=chosen, cursor=found.hosts.next) if found.hosts.next else "",
        start_href=address(HOSTS, state=chosen) if cursor else "",
    )


@get("/live/hosts/{merchant_id:uuid}/{host_id:uuid}", opt=NEEDS)
async def host_page(
    visit: NamedDependency[Visit], merchant_id: FromPath[UUID], host_id: FromPath[UUID]
) -> Response[Any]:
    found = await visit.db.ask(shown, merchant_id, host_id)
    return await frame.show(
        visit,
        "live_host.html",
        frame.LIVE,
        crumbs=[(visit.say(N_("Live rooms")), frame.LIVE), (visit.say(N_("Hosts")), HOSTS), (found.host.name, None)],
        found=found,
        host=found.host,
        here=f"{HOSTS}/{merchant_id}/{host_id}",
        states=live_words.toned(visit, live_words.HOST_STATES),
        stop_id=ids.mint(),
        training_id=ids.mint(),
        today=days.today(),
    )


@get("/live/hosts/{merchant_id:uuid}/{host_id:uuid}/papers/scan", opt=NEEDS)
async def scan(visit: NamedDependency[Visit], merchant_id: FromPath[UUID], host_id: FromPath[UUID]) -> Response[bytes]:
    """The identity card that was handed in."""
    host = await visit.db.ask(host_of, merchant_id, host_id)
    return await paper(visit, Scan(file=host.scan))


@post("/live/hosts/{merchant_id:uuid}/{host_id:uuid}/{decision:str}", opt=NEEDS)
async def decide(
    visit: NamedDependency[Visit],
    request: WebRequest,
    merchant_id: FromPath[UUID],
    host_id: FromPath[UUID],
    decision: FromPath[str],
) -> Redirect:
    """Identify, send back, note a training, or put on the blacklist."""
    form, by = await entries_of(request), visit.actor
    reason = form.text("reason")
    known: dict[str, tuple[str, Callable[[], Any]]] = {
        "verify": (
            N_("The host is identified; the owners are told."),
            lambda: visit.db.transact(rooms.verify, by, merchant_id, host_id),
        ),
        "send-back": (
            N_("The owners are told what is wrong with it."),
            lambda: visit.db.transact(rooms.send_back_host, by, merchant_id, host_id, reason),
        ),
        "train": (N_("The training counts for a year."), lambda: _trained(visit, form, merchant_id, host_id)),
        "bar": (
            N_("This person is on the blacklist, in every shop."),
            lambda: visit.db.transact(live.stop_host, by, merchant_id, host_id, StopId(form.uuid("stop_id")), reason),
        ),
    }
    if decision not in known:
        raise NotFound()
    message, command = known[decision]
    return await done(visit, f"{HOSTS}/{merchant_id}/{host_id}", message, command)


async def _trained(visit: Visit, form: Entries, merchant_id: UUID, host_id: UUID) -> None:
    passed_on = day_of(form.text("passed_on"))
    if passed_on is None:
        raise Invalid({"passed_on": N_("Please enter a day.")})
    await visit.db.transact(
        rooms.note_training,
        visit.actor,
        merchant_id,
        host_id,
        TrainingId(form.uuid("training_id")),
        form.text("course"),
        passed_on,
    )


@get("/live/stops", opt=NEEDS)
async def stop_list(visit: NamedDependency[Visit], cursor: FromQuery[str | None] = None) -> Response[Any]:
    """Takedowns and the blacklist, the last first, with what shops say about them."""
    found = await visit.db.ask(stopped, cursor)
    return await frame.show(
        visit,
        "live_stops.html",
        frame.LIVE,
        found=found,
        kinds=live_words.said(visit, live_words.STOP_KINDS),
        subjects=live_words.said(visit, live_words.STOP_SUBJECTS),
        next_href=address(STOPS, cursor=found.stops.next) if found.stops.next else "",
        start_href=STOPS if cursor else "",
    )


@post("/live/stops/{merchant_id:uuid}/{stop_id:uuid}/lift", opt=NEEDS)
async def lift_stop(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], stop_id: FromPath[UUID]
) -> Redirect:
    reason = (await entries_of(request)).text("reason")
    return await done(
        visit,
        STOPS,
        N_("It may go on; the owners read why."),
        lambda: visit.db.transact(live.lift, visit.actor, merchant_id, stop_id, reason),
    )


@post("/live/stops/{merchant_id:uuid}/{stop_id:uuid}/keep", opt=NEEDS)
async def keep_stop(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], stop_id: FromPath[UUID]
) -> Redirect:
    reason = (await entries_of(request)).text("reason")
    return await done(
        visit,
        STOPS,
        N_("It stays stopped; the owners read why."),
        lambda: visit.db.transact(rooms.keep, visit.actor, merchant_id, stop_id, reason),
    )


async def closed(read: Read) -> tuple[Sequence[rooms.ClosedCategory], list[tuple[UUID, Text]]]:
    return await rooms.closed_categories(read), _flat(await catalog.categories(read))


def _flat(tree: Sequence[Category]) -> list[tuple[UUID, Text]]:
    found: list[tuple[UUID, Text]] = []
    for category in tree:
        found += [(category.category_id, category.name), *_flat(category.children)]
    return found


@get("/live/categories", opt=NEEDS)
async def category_list(visit: NamedDependency[Visit]) -> Response[Any]:
    """What is not sold live, and why."""
    found, choices = await visit.db.ask(closed)
    return await frame.show(
        visit, "live_categories.html", frame.LIVE, closed=found, choices=choices, names=dict(choices)
    )


@post("/live/categories", opt=NEEDS)
async def close_category(visit: NamedDependency[Visit], request: WebRequest) -> Redirect:
    form = await entries_of(request)
    category_id, reason, source = form.uuid("category_id"), form.words("reason"), form.text("source")
    return await done(
        visit,
        CLOSED,
        SAVED,
        lambda: visit.db.transact(rooms.close_category, visit.actor, category_id, reason, source),
    )


@post("/live/categories/{category_id:uuid}/open", opt=NEEDS)
async def open_category(visit: NamedDependency[Visit], category_id: FromPath[UUID]) -> Redirect:
    return await done(
        visit,
        CLOSED,
        SAVED,
        lambda: visit.db.transact(rooms.open_category, visit.actor, category_id),
    )


HANDLERS = [
    host_list, host_page, scan, decide, stop_list, lift_stop, keep_stop, category_list, close_category, open_category,
]  # fmt: skip
