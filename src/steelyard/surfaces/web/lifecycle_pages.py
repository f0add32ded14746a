"""The pages of customers' stages and values, of a shop and of the marketplace: what both consoles show of them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from litestar import Response

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX
from steelyard.operations import lifecycle
from steelyard.operations.lifecycle import Facts, Flow, Rule, Segment, Stage, Value
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.components.charts import Chart, Series
from steelyard.surfaces.web import exports, periods
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address
from steelyard.surfaces.web.entries import Entries
from steelyard.surfaces.web.flow_drawing import drawn
from steelyard.surfaces.web.lifecycle_words import MEANINGS, SEGMENTS, STAGES, TIERS
from steelyard.surfaces.web.periods import Period
from steelyard.surfaces.web.visit import Visit
from steelyard.trade.settlement import settlement_day

Names = Mapping[UUID, str]


class Place(NamedTuple):
    """Whose customers: the database as it may be seen there, the shop (zeros: the marketplace), where its pages stand, how
    one is shown, and how its customers are called; where its journeys, its segments and the messages it has sent stand, and
    what else leads to one customer. `shop` names a shop that the operator looks at and changes nothing of; `choose` is where it
    chooses one."""

    db: Database
    merchant_id: UUID
    home: str
    person: str
    show: Callable[..., Awaitable[Response[str]]]
    names: Callable[[Read, Sequence[UUID]], Awaitable[Names]]
    journeys: str = ""
    segments: str = ""
    messages: str = ""
    elsewhere: str = ""
    shop: str = ""
    choose: str = ""


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    stages: Mapping[Stage, lifecycle.StageCount]
    flows: Sequence[Flow]
    rule: Rule
    rules: Sequence[Rule]


async def overview(read: Read, merchant_id: UUID, period: Period) -> Overview:
    return Overview(
        stages=await lifecycle.stages(read, merchant_id),
        flows=await lifecycle.flows(read, merchant_id, period.begins_at, period.ends_at),
        rule=(await lifecycle.rules_in_force(read, [merchant_id]))[merchant_id],
        rules=await lifecycle.rules_of(read, merchant_id),
    )


async def stages_page(
    visit: Visit, place: Place, currency: str, typed: Entries, errors: Mapping[str, str] | None = None
) -> Response[Any]:
    """How many stand in which stage, and who went where in a period; as a file: the moves."""
    period = periods.asked(visit)
    found = await place.db.ask(overview, place.merchant_id, period)
    if exports.wanted(visit):
        columns = [N_("From stage"), N_("To stage"), N_("Customers")]
        rows = [
            (visit.say(STAGES[each.from_stage]), visit.say(STAGES[each.to_stage]), each.moves) for each in found.flows
        ]
        return exports.csv_answer(visit, visit.say(N_("Who moved where")), [visit.say(word) for word in columns], rows)
    paying = [each for each in found.stages.values() if each.customers]
    return await place.show(
        visit,
        "web/lifecycle.html",
        place.home,
        status=422 if errors else 200,
        crumbs=[*way(visit, place)[:1], (place.shop, None)] if place.shop else (),
        shop=place.shop,
        choose=place.choose,
        found=found,
        tabs=tabs(visit, place, "stages"),
        period=period,
        periods=periods,
        home=place.home,
        currency=currency,
        stages=STAGES,
        meanings=MEANINGS,
        drawing=drawn(found.flows, [str(stage) for stage in STAGES], lambda stage: visit.say(STAGES[stage])),
        chart=Chart(
            kind="bar",
            title=visit.say(N_("Customers by stage")),
            labels=[visit.say(STAGES[each.stage]) for each in paying],
            series=[Series(visit.say(N_("Customers")), [each.customers for each in paying])],
        ),
        typed=typed,
        errors=dict(errors or {}),
        today=settlement_day(datetime.now(UTC)),
    )


def tabs(visit: Visit, place: Place, here: str) -> list[dict[str, Any]]:
    ways = {"stages": (N_("Stages"), place.home), "values": (N_("Worth"), f"{place.home}/values")}
    return [{"label": visit.say(word), "href": href, "current": key == here} for key, (word, href) in ways.items()]


def way(visit: Visit, place: Place, *more: tuple[str, str | None]) -> list[tuple[str, str | None]]:
    """The crumbs to a page below the stages."""
    shop = [(place.shop, place.home)] if place.shop else []
    return [(visit.say(N_("Lifecycle")), place.choose or place.home), *shop, *more]


async def set_rule(tx: Tx, actor: Actor, merchant_id: UUID, rule: Rule) -> None:
    """Where the stages begin from today on; written down who decided it."""
    by = f"staff:{actor.account.account_id}" if actor.account else "staff"
    await lifecycle.set_rule(tx, merchant_id, rule, settlement_day(datetime.now(UTC)), by)
    facts = {"dormant_days": rule.dormant_days, "lost_days": rule.lost_days, "loyal_orders": rule.loyal_orders}
    await access.audit(tx, actor, "lifecycle.rule", str(merchant_id), facts)


def rule_of(form: Entries) -> Rule:
    """Raises `Invalid` for what is no number; whether it makes sense is for `lifecycle.set_rule` to say."""
    rule = Rule(
        dormant_days=form.number("dormant_days", otherwise=0),
        lost_days=form.number("lost_days", otherwise=0),
        loyal_orders=form.number("loyal_orders", otherwise=0),
    )
    form.check()
    return rule


async def stage_page(visit: Visit, place: Place, named: str, cursor: str | None) -> Response[Any]:
    """Customers who are in a stage now."""
    if named not in list(Stage):
        raise NotFound()
    stage, here = Stage(named), f"{place.home}/stages/{named}"
    if exports.wanted(visit):
        return await _customers_as_file(visit, place, stage)
    found = await place.db.ask(lifecycle.in_stage, place.merchant_id, stage, cursor, ROWS_PER_PAGE)
    return await place.show(
        visit,
        "web/lifecycle_stage.html",
        place.home,
        crumbs=way(visit, place, (visit.say(STAGES[stage]), None)),
        stage=stage,
        stages=STAGES,
        meanings=MEANINGS,
        found=found,
        names=await place.db.ask(place.names, [each.buyer_id for each in found.items]),
        person=place.person,
        next_href=address(here, cursor=found.next) if found.next else "",
        start_href=here if cursor else "",
    )


async def _customers_as_file(visit: Visit, place: Place, stage: Stage) -> Response[Any]:
    async def every(read: Read) -> list[Facts]:
        return await exports.everything(
            lambda after: lifecycle.in_stage(read, place.merchant_id, stage, after, ITEMS_PER_PAGE_MAX)
        )

    columns = [
        N_("Document"),
        N_("Stage"),
        N_("In it since"),
        N_("Orders"),
        N_("Currency"),
        N_("Spent"),
        N_("Refunded"),
        N_("Last paid"),
    ]
    rows = [
        (
            str(each.buyer_id),
            visit.say(STAGES[each.stage]),
            each.stage_since,
            each.orders,
            each.currency,
            Money(each.spent, each.currency),
            Money(each.refunded, each.currency),
            each.last_paid_at,
        )
        for each in await place.db.ask(every)
    ]
    return exports.csv_answer(visit, visit.say(STAGES[stage]), [visit.say(word) for word in columns], rows)


async def segment_page(visit: Visit, place: Place, named: str, currency: str, cursor: str | None) -> Response[Any]:
    """Customers of an RFM segment, or (`all`) everybody, those first who are worth the most."""
    if named not in ("all", *Segment):
        raise NotFound()
    segment = None if named == "all" else Segment(named)
    here, word = f"{place.home}/values/{named}", SEGMENTS[segment] if segment else N_("All customers")
    run = await place.db.ask(lifecycle.value_run, place.merchant_id)
    currency = run.facts.currency if run and run.facts and run.facts.currency else currency
    if exports.wanted(visit):

        async def every(read: Read) -> list[Value]:
            return await exports.everything(
                lambda after: lifecycle.by_worth(read, place.merchant_id, segment, after, ITEMS_PER_PAGE_MAX)
            )

        columns = [
            "Document", "R", "F", "M", "Segment", "Orders", "Net spending", "Churn risk", "Expected orders",
            "Expected spending",
        ]  # fmt: skip
        rows = [
            (
                str(each.buyer_id), each.r, each.f, each.m, visit.say(SEGMENTS[each.segment]), each.frequency,
                Money(each.monetary, currency), each.churn, each.expected_orders,
                None if each.expected_spent is None else Money(each.expected_spent, currency),
            )
            for each in await place.db.ask(every)
        ]  # fmt: skip
        return exports.csv_answer(visit, visit.say(word), [visit.say(column) for column in columns], rows)
    found = await place.db.ask(lifecycle.by_worth, place.merchant_id, segment, cursor, ROWS_PER_PAGE)
    made = bool(place.segments and segment and found.items)
    return await place.show(
        visit,
        "web/lifecycle_segment.html",
        place.home,
        crumbs=way(visit, place, (visit.say(N_("Worth")), f"{place.home}/values"), (visit.say(word), None)),
        word=word,
        named=named,
        segments_href=place.segments if made else "",
        segment_id=ids.mint(),
        found=found,
        currency=currency,
        segments=SEGMENTS,
        tiers=TIERS,
        names=await place.db.ask(place.names, [each.buyer_id for each in found.items]),
        person=place.person,
        next_href=address(here, cursor=found.next) if found.next else "",
        start_href=here if cursor else "",
    )
