"""Targeted coupons in both consoles: for whom, within which limits, and what they brought against those who were held out."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods.promotions.model import PLATFORM, Offer
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.operations import experiments, growth, segments
from steelyard.operations.experiments.model import AMOUNTS, SHARES, Metric
from steelyard.operations.growth import Bounds, Effect, Lift, NewTargeted, Targeted, TargetedId, TargetState
from steelyard.operations.segments.model import Segment
from steelyard.parties import access
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import done, errors_of
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.experiment_words import METRICS, VERDICTS
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "promotions.manage"}
TITLE = N_("Targeted coupons")
OFFERS_LOOKED_AT = 200
PARTS = (N_("Held out"), N_("Get the coupon"))
STATES: dict[TargetState, tuple[str, str]] = {
    TargetState.DRAFT: (N_("Draft"), "quiet"),
    TargetState.RUNNING: (N_("Running"), "good"),
    TargetState.OVER: (N_("Over"), "info"),
    TargetState.STOPPED: (N_("Stopped"), "warn"),
    TargetState.DROPPED: (N_("Dropped"), "quiet"),
}
DEFAULTS = {"held_out": "20", "days": "14"}


class Desk(msgspec.Struct, frozen=True):
    """A console: how it shows a page, where targeted coupons, segments and promotions stand in it, whose they are (zeros: the
    platform's), and in what their amounts are typed."""

    show: Callable[..., Awaitable[Response[Any]]]
    home: str
    segments: str
    promotions: str
    shop: Callable[[Visit], UUID]
    currency: Callable[[Read, Visit], Awaitable[str]]


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """What can be chosen in the form."""

    currency: str
    segments: Sequence[Segment]
    coupons: Sequence[Offer]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One metric: its words, how its numbers are written, and what was found."""

    words: str
    unit: str
    effect: Effect
    verdict: str
    tone: str


def targeted_pages(desk: Desk) -> list[HTTPRouteHandler]:
    """The list, the form, one of them, and what is done to it."""
    return [_list(desk), _new(desk), _draw_up(desk), _one(desk), *(_acting(desk, *each) for each in ACTS)]


async def _show(desk: Desk, visit: Visit, template: str, /, **values: Any) -> Response[Any]:
    homes = {"home": desk.home, "segments_home": desk.segments, "promotions_home": desk.promotions}
    return await desk.show(visit, template, desk.home, **homes, **values)


async def _offered(read: Read, desk: Desk, visit: Visit) -> Offered:
    currency, shop = await desk.currency(read, visit), desk.shop(visit)
    return Offered(
        currency=currency,
        segments=await segments.segments(read, shop),
        coupons=await growth.targetable(read, shop, currency, OFFERS_LOOKED_AT),
    )


def _list(desk: Desk) -> HTTPRouteHandler:
    @get("/growth/coupons", opt=NEEDS)
    async def targeted_coupons(visit: NamedDependency[Visit]) -> Response[Any]:
        """All that there are, the newest first; as a file with `?format=csv`."""
        found = await visit.db.ask(growth.all_targeted, desk.shop(visit))
        if exports.wanted(visit):
            return _list_as_file(visit, found)
        return await _show(desk, visit, "web/targeted_coupons.html", found=found, states=STATES, say=visit.say)

    return targeted_coupons


def _list_as_file(visit: Visit, found: Sequence[Targeted]) -> Response[bytes]:
    return exports.sheet(
        visit,
        TITLE,
        [
            N_("Targeted coupon"), N_("State"), N_("Segment"), N_("Coupon"), N_("Held out"), N_("Given"), N_("Coupons at most"),
            N_("Started"), N_("Runs until"),
        ],
        [
            (
                each.name, visit.say(STATES[each.state][0]), each.segment, each.coupon, each.held, each.given, each.most,
                each.started_at, each.until,
            )
            for each in found
        ],
    )  # fmt: skip


def _new(desk: Desk) -> HTTPRouteHandler:
    @get("/growth/coupons/new", opt=NEEDS)
    async def new_targeted_coupon(visit: NamedDependency[Visit], segment: FromQuery[str] = "") -> Response[Any]:
        """Draw one up; `segment` is whose page one comes from."""
        return await _form(desk, visit, {**DEFAULTS, "segment": str(as_uuid(segment) or "")}, {})

    return new_targeted_coupon


async def _form(desk: Desk, visit: Visit, values: Mapping[str, str], errors: Mapping[str, str]) -> Response[Any]:
    found = await visit.db.ask(_offered, desk, visit)
    return await _show(
        desk,
        visit,
        "web/targeted_coupon_form.html",
        status=422 if errors else 200,
        crumbs=[(visit.say(TITLE), desk.home), (visit.say(N_("New targeted coupon")), None)],
        found=found,
        values=values,
        errors=errors,
        targeted_id=as_uuid(values.get("targeted_id", "")) or ids.mint(),
    )


def _draw_up(desk: Desk) -> HTTPRouteHandler:
    @post("/growth/coupons", opt=NEEDS)
    async def draw_up(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
        """Keep it as a draft; pressed twice, it is drawn up once."""
        entries = await entries_of(request)
        currency = await visit.db.ask(desk.currency, visit)
        try:
            wanted = _wanted(desk.shop(visit), entries, currency)
            entries.check()
            await visit.db.transact(_drawn_up, visit, wanted)
        except Invalid as refusal:
            values = {name: entries.text(name) for name in entries.names("")}
            return await _form(desk, visit, values, errors_of(visit, refusal.fields))
        said = visit.say(N_("It is drawn up. Look at it once more, then start it."))
        return redirect(visit, f"{desk.home}/{wanted.targeted_id}", (said, "good"))

    return draw_up


def _wanted(shop: UUID, entries: Entries, currency: str) -> NewTargeted:
    nobodys = UUID(int=0)
    return NewTargeted(
        merchant_id=shop,
        targeted_id=TargetedId(entries.uuid("targeted_id")),
        name=entries.text("name", required=True, most=80),
        segment_id=as_uuid(entries.text("segment")) or nobodys,
        promotion_id=as_uuid(entries.text("coupon")) or nobodys,
        currency=currency,
        held_out=entries.number("held_out"),
        coupons=entries.number("coupons") if entries.text("coupons") else None,
        budget=entries.money("budget", currency, required=False),
        joining=entries.flag("joining"),
        days=entries.number("days"),
    )


async def _drawn_up(tx: Tx, visit: Visit, wanted: NewTargeted) -> None:
    await growth.draw_up_targeted(tx, wanted, (visit.say(PARTS[0]), visit.say(PARTS[1])), visit.by)
    await access.audit(tx, visit.actor, "targeted.draw_up", str(wanted.targeted_id), {"name": wanted.name})


def _one(desk: Desk) -> HTTPRouteHandler:
    @get("/growth/coupons/{targeted_id:uuid}", opt=NEEDS)
    async def targeted_coupon(visit: NamedDependency[Visit], targeted_id: FromPath[UUID]) -> Response[Any]:
        """How it stands and what it brought; as a file with `?format=csv`."""
        found, lift = await visit.db.ask(growth.lift, desk.shop(visit), targeted_id)
        if exports.wanted(visit):
            return _as_file(visit, found, lift)
        return await _show(
            desk,
            visit,
            "web/targeted_coupon.html",
            crumbs=[(visit.say(TITLE), desk.home), (found.name, None)],
            found=found,
            lift=lift,
            rows=_rows(visit, lift),
            revenue=next((each for each in lift.effects if each.metric is Metric.REVENUE), None),
            of_platform=found.merchant_id == PLATFORM,
            states=STATES,
            say=visit.say,
            here=f"{desk.home}/{targeted_id}",
        )

    return targeted_coupon


def _rows(visit: Visit, lift: Lift) -> list[Row]:
    return [
        Row(
            words=visit.say(METRICS[each.metric]),
            unit="money" if each.metric in AMOUNTS else "share" if each.metric in SHARES else "number",
            effect=each,
            verdict=visit.say(VERDICTS[each.verdict][0]),
            tone=VERDICTS[each.verdict][1],
        )
        for each in lift.effects
    ]


def _as_file(visit: Visit, found: Targeted, lift: Lift) -> Response[bytes]:
    say = visit.say
    lines: list[Sequence[object]] = [
        [
            say(METRICS[each.metric]),
            each.held.units,
            each.gets.units,
            *_means(each, found.currency),
            *_bounds(each, each.each, found.currency),
            *_bounds(each, each.altogether, found.currency),
        ]
        for each in lift.effects
    ]
    lines.append([say(N_("Coupons used")), None, lift.cost.used])
    lines.append([say(N_("Taken off by them")), None, Money(lift.cost.amount, found.currency)])
    if found.merchant_id == PLATFORM:
        lines.append([say(N_("Of which the platform pays")), None, Money(lift.cost.platform, found.currency)])
    for words, bounds in (
        (N_("More revenue for each 1.00"), lift.on_revenue),
        (N_("More margin for each 1.00"), lift.on_margin),
    ):
        if bounds is not None and bounds.known:
            lines.append(
                [say(words), *[None] * 4, *(round(each, 2) for each in (bounds.found, bounds.low, bounds.high))]
            )
    return exports.csv_answer(
        visit,
        found.name,
        [
            say(N_("Metric")), say(N_("People held out")), say(N_("People with a coupon")), say(N_("Mean held out")),
            say(N_("Mean with a coupon")), say(N_("Difference")), say(N_("At least")), say(N_("At most")),
            say(N_("For all of them")), say(N_("At least")), say(N_("At most")),
        ],
        lines,
    )  # fmt: skip


def _means(effect: Effect, currency: str) -> list[object]:
    return [_written(effect.metric, each.mean, currency) for each in (effect.held, effect.gets)]


def _bounds(effect: Effect, bounds: Bounds, currency: str) -> list[object]:
    if not bounds.known:
        return [None] * 3
    return [_written(effect.metric, each, currency) for each in (bounds.found, bounds.low, bounds.high)]


def _written(metric: Metric, value: float, currency: str) -> object:
    return Money(round(value), currency) if metric in AMOUNTS else round(value, 6)


# What can be done to one: what it is called in its address, what is said then, and whether the list is shown.
ACTS = (
    ("start", N_("It runs: the coupons go out within a minute."), False),
    ("stop", N_("It is stopped. Nobody gets a coupon any more."), False),
    ("drop", N_("The draft is gone."), True),
    ("measure", N_("It is being counted: look again in some seconds."), False),
)


def _acting(desk: Desk, action: str, said: str, leaves: bool) -> HTTPRouteHandler:
    @post(f"/growth/coupons/{{targeted_id:uuid}}/{action}", opt=NEEDS)
    async def act(visit: NamedDependency[Visit], targeted_id: FromPath[UUID], request: WebRequest) -> Redirect:
        entries = await entries_of(request)
        here = desk.home if leaves else f"{desk.home}/{targeted_id}"
        return await done(visit, here, said, lambda: visit.db.transact(_act, desk, visit, targeted_id, action, entries))

    return act


async def _act(tx: Tx, desk: Desk, visit: Visit, targeted_id: UUID, action: str, entries: Entries) -> None:
    """`start`: from now on coupons go out, in batches; `stop`: nobody gets one any more, with `take_back` unused ones go, also
    of one that is over; `drop`: a draft that is not wanted; `measure`: count now what is counted every hour."""
    shop, take_back = desk.shop(visit), entries.flag("take_back")
    match action:
        case "start":
            await growth.start_targeted(tx, shop, targeted_id, visit.by)
        case "stop":
            await growth.stop_targeted(tx, shop, targeted_id, visit.by, take_back=take_back)
        case "drop":
            await growth.drop_targeted(tx, shop, targeted_id, visit.by)
        case _:
            found = await growth.targeted(tx, shop, targeted_id)
            await experiments.measure_soon(tx, shop, found.targeted_id)
    await access.audit(tx, visit.actor, f"targeted.{action}", str(targeted_id), {"take_back": take_back})
