"""Targeted coupons of a shop: for whom, within which limits, and what they brought against those who were held out."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.goods.promotions.model import Offer
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
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import done, errors_of
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.experiment_words import METRICS, VERDICTS
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "promotions.manage"}
HERE = frame.TARGETED
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


async def _offered(read: Read, visit: Visit) -> Offered:
    currency = await frame.currency(read, visit.merchant_id)
    return Offered(
        currency=currency,
        segments=await segments.segments(read, visit.merchant_id),
        coupons=await growth.targetable(read, visit.merchant_id, currency, OFFERS_LOOKED_AT),
    )


@get("/growth/coupons", opt=NEEDS)
async def listed(visit: NamedDependency[Visit]) -> Response[Any]:
    """All of the shop's, the newest first; as a file with `?format=csv`."""
    found = await visit.db.ask(growth.all_targeted, visit.merchant_id)
    if exports.wanted(visit):
        return _list_as_file(visit, found)
    return await frame.show(visit, "merchant/targeted_coupons.html", HERE, found=found, states=STATES, say=visit.say)


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


@get("/growth/coupons/new", opt=NEEDS)
async def form(visit: NamedDependency[Visit], segment: FromQuery[str] = "") -> Response[Any]:
    """Draw one up; `segment` is whose page one comes from."""
    return await _form(visit, {**DEFAULTS, "segment": str(as_uuid(segment) or "")}, {})


async def _form(visit: Visit, values: Mapping[str, str], errors: Mapping[str, str]) -> Response[Any]:
    found = await visit.db.ask(_offered, visit)
    return await frame.show(
        visit,
        "merchant/targeted_coupon_form.html",
        HERE,
        status=422 if errors else 200,
        crumbs=[(visit.say(TITLE), HERE), (visit.say(N_("New targeted coupon")), None)],
        found=found,
        values=values,
        errors=errors,
        targeted_id=as_uuid(values.get("targeted_id", "")) or ids.mint(),
    )


@post("/growth/coupons", opt=NEEDS)
async def draw_up(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Keep it as a draft; pressed twice, it is drawn up once."""
    entries = await entries_of(request)
    currency = await visit.db.ask(frame.currency, visit.merchant_id)
    try:
        wanted = _wanted(visit, entries, currency)
        entries.check()
        await visit.db.transact(_drawn_up, visit, wanted)
    except Invalid as refusal:
        values = {name: entries.text(name) for name in entries.names("")}
        return await _form(visit, values, errors_of(visit, refusal.fields))
    said = visit.say(N_("It is drawn up. Look at it once more, then start it."))
    return redirect(visit, f"{HERE}/{wanted.targeted_id}", (said, "good"))


def _wanted(visit: Visit, entries: Entries, currency: str) -> NewTargeted:
    nobodys = UUID(int=0)
    return NewTargeted(
        merchant_id=visit.merchant_id,
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


@get("/growth/coupons/{targeted_id:uuid}", opt=NEEDS)
async def shown(visit: NamedDependency[Visit], targeted_id: FromPath[UUID]) -> Response[Any]:
    """One of them: how it stands and what it brought; as a file with `?format=csv`."""
    found, lift = await visit.db.ask(growth.lift, visit.merchant_id, targeted_id)
    if exports.wanted(visit):
        return _as_file(visit, found, lift)
    return await frame.show(
        visit,
        "merchant/targeted_coupon.html",
        HERE,
        crumbs=[(visit.say(TITLE), HERE), (found.name, None)],
        found=found,
        lift=lift,
        rows=_rows(visit, lift),
        revenue=next((each for each in lift.effects if each.metric is Metric.REVENUE), None),
        states=STATES,
        say=visit.say,
        here=f"{HERE}/{targeted_id}",
    )


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


async def _act(tx: Tx, visit: Visit, targeted_id: UUID, action: str, entries: Entries) -> None:
    take_back = entries.flag("take_back")
    match action:
        case "start":
            await growth.start_targeted(tx, visit.merchant_id, targeted_id, visit.by)
        case "stop":
            await growth.stop_targeted(tx, visit.merchant_id, targeted_id, visit.by, take_back=take_back)
        case "drop":
            await growth.drop_targeted(tx, visit.merchant_id, targeted_id, visit.by)
        case _:
            found = await growth.targeted(tx, visit.merchant_id, targeted_id)
            await experiments.measure_soon(tx, visit.merchant_id, found.targeted_id)
    await access.audit(tx, visit.actor, f"targeted.{action}", str(targeted_id), {"take_back": take_back})


async def _done(
    visit: Visit, request: WebRequest, targeted_id: UUID, action: str, said: str, back: str = ""
) -> Redirect:
    entries = await entries_of(request)
    here = back or f"{HERE}/{targeted_id}"
    return await done(visit, here, said, lambda: visit.db.transact(_act, visit, targeted_id, action, entries))


@post("/growth/coupons/{targeted_id:uuid}/start", opt=NEEDS)
async def start(visit: NamedDependency[Visit], targeted_id: FromPath[UUID], request: WebRequest) -> Redirect:
    """From now on the coupons go out, in batches."""
    return await _done(visit, request, targeted_id, "start", N_("It runs: the coupons go out within a minute."))


@post("/growth/coupons/{targeted_id:uuid}/stop", opt=NEEDS)
async def stop(visit: NamedDependency[Visit], targeted_id: FromPath[UUID], request: WebRequest) -> Redirect:
    """Nobody gets one any more; with `take_back` unused ones go, also when it is over."""
    return await _done(visit, request, targeted_id, "stop", N_("It is stopped. Nobody gets a coupon any more."))


@post("/growth/coupons/{targeted_id:uuid}/drop", opt=NEEDS)
async def drop(visit: NamedDependency[Visit], targeted_id: FromPath[UUID], request: WebRequest) -> Redirect:
    """A draft that is not wanted."""
    return await _done(visit, request, targeted_id, "drop", N_("The draft is gone."), HERE)


@post("/growth/coupons/{targeted_id:uuid}/measure", opt=NEEDS)
async def measure(visit: NamedDependency[Visit], targeted_id: FromPath[UUID], request: WebRequest) -> Redirect:
    """Count now what is counted every hour."""
    return await _done(visit, request, targeted_id, "measure", N_("It is being counted: look again in some seconds."))


HANDLERS = [listed, form, draw_up, shown, start, stop, drop, measure]
