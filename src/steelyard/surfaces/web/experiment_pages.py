"""Experiments, in both consoles: what was tried, what runs, what came of it. One set of pages, in each console's frame and for
its own owner: a shop, or the marketplace."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import promotions, search
from steelyard.goods.promotions.model import Group
from steelyard.goods.search.model import GoodsList, Sort
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.operations import experiments, journeys, merchandising
from steelyard.operations.experiments.model import (
    CONTROL,
    EXPERIMENTS_SHOWN,
    NAME_CHARACTERS_MAX,
    VARIANTS_MAX,
    Experiment,
    ExperimentId,
    Kind,
    NewExperiment,
    State,
    Variant,
)
from steelyard.operations.journeys import LiveSplit
from steelyard.operations.merchandising.model import Block, Version
from steelyard.parties import access
from steelyard.surfaces.web import experiment_results, exports
from steelyard.surfaces.web import experiment_tried as tried
from steelyard.surfaces.web.console import address, done, errors_of
from steelyard.surfaces.web.console_staff import Show
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.experiment_results import Shown
from steelyard.surfaces.web.experiment_tried import Tries
from steelyard.surfaces.web.experiment_words import ADVICE, DONE, DONE_ON_A_JOURNEY, KINDS, METRICS, STATES
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.sort_words import SORTS
from steelyard.surfaces.web.visit import Visit, WebRequest

SEE, MANAGE = {"permission": "users.read"}, {"permission": "users.manage"}
VARIANTS_OFFERED = 3
# What a form proposes: a tenth more than now, found four times of five.
EFFECT_WANTED = 0.1


class House(msgspec.Struct, frozen=True, kw_only=True):
    """Whose experiments a console shows: of which merchant, with which currency, on which page (which buyers see at `shown_at`)
    and lists of theirs."""

    merchant_id: UUID
    currency: str
    page: str
    shown_at: str
    lists: Sequence[GoodsList]


class Console(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between the consoles; `here` is the address of the list, `groups` whether there are customer groups,
    `journeys` the address of journeys, where there are some."""

    show: Show
    here: str
    path: str
    house: Callable[[Read, Visit], Any]
    database: Callable[[Visit], Database]
    groups: bool
    journeys: str = ""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    experiments: Sequence[Experiment]
    more: str


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """What can be chosen in the form."""

    house: House
    tries: Tries
    versions: Sequence[Version]
    groups: Sequence[Group]
    splits: Sequence[LiveSplit]
    blocks: Sequence[Block]
    default: Sort | None


async def _listed(read: Read, console: Console, visit: Visit, state: str | None, before: str) -> Listed:
    house = await console.house(read, visit)
    moment, _, last = before.partition("~")
    key = (datetime.fromisoformat(moment), last_id) if moment and (last_id := as_uuid(last)) else None
    found = await experiments.experiments(read, house.merchant_id, state, key)
    rest = found[EXPERIMENTS_SHOWN - 1] if len(found) > EXPERIMENTS_SHOWN else None
    return Listed(
        experiments=found[:EXPERIMENTS_SHOWN],
        more=address(console.here, state=state, before=f"{rest.created_at.isoformat()}~{rest.experiment_id}")
        if rest
        else "",
    )


async def _offered(read: Read, console: Console, visit: Visit, wanted: str) -> Offered:
    house: House = await console.house(read, visit)
    owner_id = experiments.owner_of(house.merchant_id)
    tries = tried.tries_of(wanted, tried.offered(house.lists, groups=console.groups))
    default = await search.default_sort(read, house.merchant_id, tries.goods_list) if tries.goods_list else None
    return Offered(
        house=house,
        tries=tries,
        blocks=await tried.blocks_shown(read, house.merchant_id, house.page),
        default=default,
        versions=await merchandising.versions(read, owner_id, house.page),
        groups=await promotions.customer_groups(read, house.merchant_id) if console.groups else (),
        splits=await journeys.live_splits(read, house.merchant_id) if console.journeys else (),
    )


async def _shown(read: Read, console: Console, visit: Visit, experiment_id: UUID) -> Shown:
    house: House = await console.house(read, visit)
    found, variants, results = await experiments.results(read, house.merchant_id, experiment_id)
    return Shown(
        experiment=found,
        variants=variants,
        results=results,
        course=await experiments.course(read, found, variants),
        history=await experiments.history(read, house.merchant_id, experiment_id),
        journey=(await journeys.journey(read, house.merchant_id, found.journey_id)).name if found.journey_id else None,
        shown_at=house.shown_at if found.page == house.page else "",
    )


def experiment_pages(console: Console) -> list[HTTPRouteHandler]:
    """The list, the form, an experiment's page, and its commands."""
    return [*_looking(console), *_drawing_up(console), *_deciding(console)]


def _looking(console: Console) -> list[HTTPRouteHandler]:
    @get(console.path, opt=SEE)
    async def listed(visit: NamedDependency[Visit]) -> Response[Any]:
        asked = visit.connection.query_params
        state = asked.get("state") if asked.get("state") in set(State) else None
        try:
            found = await console.database(visit).ask(_listed, console, visit, state, asked.get("before", ""))
        except ValueError:  # an address that nobody of us has made
            found = await console.database(visit).ask(_listed, console, visit, state, "")
        return await console.show(
            visit, "web/experiments.html", console.here, found=found, states=STATES, kinds=KINDS, metrics=METRICS,
            state=state, here=console.here, say=visit.say, may_manage=visit.actor.may("users.manage"),
        )  # fmt: skip

    @get(f"{console.path}/{{experiment_id:uuid}}", opt=SEE)
    async def shown(visit: NamedDependency[Visit], experiment_id: FromPath[UUID]) -> Response[Any]:
        return await experiment_page(console, visit, experiment_id)

    return [listed, shown]


async def experiment_page(
    console: Console,
    visit: Visit,
    experiment_id: UUID,
    typed: Entries | None = None,
    errors: dict[str, str] | None = None,
) -> Response[Any]:
    found = await console.database(visit).ask(_shown, console, visit, experiment_id)
    if exports.wanted(visit):
        return experiment_results.as_file(visit, found)
    return await console.show(
        visit,
        "web/experiment.html",
        console.here,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Experiments")), console.here), (found.experiment.name, None)],
        found=found,
        rows=experiment_results.rows(visit, found),
        tries=tried.tried_words(visit, found),
        shows=tried.shows(visit, found),
        trials=tried.trials_of(visit, found),
        chart=experiment_results.chart(visit, found),
        advice=visit.say(ADVICE[found.results.advice][0], name=_leader(found)),
        tone=ADVICE[found.results.advice][1],
        states=STATES,
        metrics=METRICS,
        days_left=experiments.days_left(found.experiment, datetime.now(UTC)),
        here=f"{console.here}/{experiment_id}",
        journey=f"{console.journeys}/{found.experiment.journey_id}/run" if found.experiment.journey_id else "",
        say=visit.say,
        typed=typed or Entries({}, {}),
        errors=errors or {},
        may_manage=visit.actor.may("users.manage"),
    )


def _leader(found: Shown) -> str:
    return "" if found.results.leader is None else found.variants[found.results.leader].name


def _drawing_up(console: Console) -> list[HTTPRouteHandler]:
    async def page(visit: Visit, typed: Entries, errors: dict[str, str]) -> Response[Any]:
        wanted = typed.text("kind") or visit.connection.query_params.get("kind", "")
        found = await console.database(visit).ask(_offered, console, visit, wanted)
        return await console.show(
            visit,
            "web/experiment_form.html",
            console.here,
            status=422 if errors else 200,
            crumbs=[(visit.say(N_("Experiments")), console.here), (visit.say(N_("New experiment")), None)],
            found=found,
            metrics=METRICS,
            typed=typed,
            errors=errors,
            here=console.here,
            say=visit.say,
            experiment_id=typed.text("experiment_id") or ids.mint(),
            places=range(VARIANTS_OFFERED),
            journeys=console.journeys,
            kinds=[
                (each.key, tried.tries_words(visit, each))
                for each in tried.offered(found.house.lists, groups=console.groups)
            ],
            blocks=[(each.block_id, tried.block_words(visit, each)) for each in found.blocks],
            sorts=tried.sorts_offered(visit, found.tries, found.default),
            default=visit.say(SORTS[found.default]) if found.default else "",
            needed=needed(),
        )

    @get(f"{console.path}/new", opt=MANAGE)
    async def form(visit: NamedDependency[Visit]) -> Response[Any]:
        return await page(visit, Entries({}, {}), {})

    @post(console.path, opt=MANAGE)
    async def draw_up(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
        entries = await entries_of(request)
        try:
            experiment_id = await console.database(visit).transact(_drawn_up, console, visit, entries)
        except Invalid as refusal:
            return await page(visit, entries, errors_of(visit, refusal.fields))
        said = visit.say(N_("It is drawn up. Look at it once more, then start it."))
        return redirect(visit, f"{console.here}/{experiment_id}", (said, "good"))

    return [form, draw_up]


async def _drawn_up(tx: Tx, console: Console, visit: Visit, form: Entries) -> UUID:
    house: House = await console.house(tx, visit)
    tries = tried.tries_of(form.text("kind"), tried.offered(house.lists, groups=console.groups))
    kind, variants, block_id = tries.kind, _variants(form, tries.kind), None
    places = [place for place in range(VARIANTS_OFFERED) if form.text(f"variant{place}")]
    if kind is Kind.BLOCK:
        block_id, variants = await tried.with_blocks(tx, form, house.merchant_id, house.page, variants, places)
    if tries.goods_list is not None:
        variants = await tried.with_sorts(tx, form, house.merchant_id, tries.goods_list, variants, places)
    new = msgspec.structs.replace(
        asked(form, house.merchant_id, house.currency, kind),
        page=tried.on_what(tries, house.page),
        block_id=block_id,
        bought_days=form.number("bought_days", least=1) if kind is Kind.GROUPS else None,
        share=10_000 * form.number("share", otherwise=100, least=1, most=100),
        variants=variants,
    )
    form.check()
    await experiments.draw_up(tx, new, visit.by)
    await access.audit(tx, visit.actor, "experiments.draw_up", str(new.experiment_id), {"name": new.name, "kind": kind})
    return new.experiment_id


def asked(form: Entries, merchant_id: UUID, currency: str, kind: Kind) -> NewExperiment:
    """What is said of every experiment, in the fields of `web/experiment_parts.html`: not yet between what."""
    return NewExperiment(
        merchant_id=merchant_id,
        experiment_id=ExperimentId(form.uuid("experiment_id")),
        kind=kind,
        name=form.text("name", required=True, most=NAME_CHARACTERS_MAX),
        hypothesis=form.text("hypothesis", required=True),
        metric=form.text("metric"),
        guardrails=[each for each in form.all("guardrails") if each != form.text("metric")],
        currency=currency,
        variants=(),
        units_planned=form.number("units_planned", least=1),
        days_max=form.number("days_max", otherwise=28, least=1),
    )


def needed() -> dict[float, int]:
    """How many each variant needs, by the share that buys now."""
    return {rate: experiments.units_needed(rate, rate * (1 - rate), effect=EFFECT_WANTED) for rate in (0.02, 0.05, 0.1)}


def _variants(form: Entries, kind: Kind) -> list[Variant]:
    """The variants that have a name, in their order; the first is the control."""
    variants: list[Variant] = []
    for place in range(VARIANTS_OFFERED):
        name = form.text(f"variant{place}", most=NAME_CHARACTERS_MAX)
        if not name:
            continue
        version = form.text(f"version{place}")
        variants.append(
            Variant(
                variant=len(variants),
                name=name,
                weight=form.number(f"weight{place}", otherwise=1, least=1, most=1_000),
                version=int(version) if kind is Kind.PAGE and version.isdecimal() and len(version) < 9 else None,
                group_id=as_uuid(form.text(f"group{place}")) if kind is Kind.GROUPS and variants else None,
            )
        )
    return variants


def _deciding(console: Console) -> list[HTTPRouteHandler]:
    async def act(tx: Tx, visit: Visit, experiment_id: UUID, action: str, form: Entries) -> None:
        merchant_id = (await console.house(tx, visit)).merchant_id
        found, _ = await experiments.experiment(tx, merchant_id, experiment_id)
        if found.kind is Kind.COUPONS and action != "measure":  # it begins and ends with its coupon
            raise NotFound()
        on_journey = found.kind is Kind.JOURNEY
        facts: dict[str, object] = {}
        match action:
            case "start" if on_journey:
                await journeys.start_judging(tx, merchant_id, experiment_id, visit.by)
            case "start":
                await experiments.start(tx, merchant_id, experiment_id, visit.by)
            case "stop":
                await experiments.stop(tx, merchant_id, experiment_id, visit.by)
            case "drop":
                await experiments.drop(tx, merchant_id, experiment_id, visit.by)
            case "ship":
                variant = form.number("variant", otherwise=CONTROL, most=VARIANTS_MAX)
                ship = journeys.ship_way if on_journey else experiments.ship
                await ship(tx, merchant_id, experiment_id, variant, visit.by)
                facts = {"variant": variant}
            case _:
                await experiments.measure_soon(tx, merchant_id, experiment_id)
        await access.audit(tx, visit.actor, f"experiments.{action}", str(experiment_id), facts)

    async def kind_of(read: Read, visit: Visit, experiment_id: UUID) -> Kind:
        found, _ = await experiments.experiment(read, (await console.house(read, visit)).merchant_id, experiment_id)
        return found.kind

    def command(action: str) -> HTTPRouteHandler:
        @post(f"{console.path}/{{experiment_id:uuid}}/{action}", opt=MANAGE, name=f"{console.here}/{action}")
        async def run(visit: NamedDependency[Visit], experiment_id: FromPath[UUID], request: WebRequest) -> Redirect:
            form = await entries_of(request)
            kind = await console.database(visit).ask(kind_of, visit, experiment_id)
            back = console.here if action == "drop" else f"{console.here}/{experiment_id}"
            return await done(
                visit,
                back,
                (DONE_ON_A_JOURNEY if kind is Kind.JOURNEY else DONE)[action],
                lambda: console.database(visit).transact(act, visit, experiment_id, action, form),
            )

        return run

    @post(f"{console.path}/{{experiment_id:uuid}}/archive", opt=MANAGE)
    async def archive(
        visit: NamedDependency[Visit], experiment_id: FromPath[UUID], request: WebRequest
    ) -> Response[Any] | Redirect:
        form = await entries_of(request)
        try:
            await console.database(visit).transact(_archived, console, visit, experiment_id, form.text("learning"))
        except Invalid as refusal:
            return await experiment_page(console, visit, experiment_id, form, errors_of(visit, refusal.fields))
        return redirect(
            visit, f"{console.here}/{experiment_id}", (visit.say(N_("It is put away with what was learned.")), "good")
        )

    return [*(command(action) for action in DONE), archive]


async def _archived(tx: Tx, console: Console, visit: Visit, experiment_id: UUID, learning: str) -> None:
    merchant_id = (await console.house(tx, visit)).merchant_id
    await experiments.archive(tx, merchant_id, experiment_id, learning, visit.by)
    await access.audit(tx, visit.actor, "experiments.archive", str(experiment_id), {"learning": learning})
