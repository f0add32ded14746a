"""Journeys of the demo's first shop: one that brings people back to their carts and one that asks for reviews, both with a month
behind them, and one that is being drawn. The split of the first is judged by an experiment.

Who was where is written down as it would have been; what was sent then is not made up mail by mail.
"""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import msgspec

from steelyard.demo.products import made
from steelyard.kernel.days import day_of
from steelyard.kernel.db import Database, Tx
from steelyard.operations import journeys, outreach
from steelyard.operations.experiments.model import ExperimentId, Kind, Metric, NewExperiment, Variant
from steelyard.operations.journeys.model import (
    Await,
    Channel,
    Exit,
    Goal,
    Graph,
    JourneyId,
    Message,
    Node,
    Reentry,
    Settings,
    Split,
    Task,
    Trigger,
    Wait,
)

BY = "system"
DAYS = 30
PEOPLE_MAX = 400
MINUTES_A_DAY = 24 * 60
# Of a hundred: who buys after the first word, who after the second, who cannot be written to.
BUY_AT_ONCE, BUY_LATER, NOT_AGREED = 24, 11, 6
REVIEW = 31


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody went: the steps as (box, out, reason, minutes after they came), how it ended, where they are."""

    steps: list[tuple[str, str, str, int]]
    stand: str
    node: str


Way = Callable[[Random, int], Passed]


async def send_on_their_way(db: Database) -> None:
    """Said twice, nothing is there twice."""
    await db.transact(_travel, made("merchant", "zoufang"))


async def _travel(tx: Tx, shop: UUID) -> None:
    drawn = [JourneyId(made("journey", "zoufang", key)) for key in ("abandoned_cart", "review_request", "win_back")]
    if await tx.value(
        "SELECT EXISTS (SELECT FROM journeys WHERE merchant_id = $1 AND journey_id = $2)", shop, drawn[0]
    ):
        return
    people = [
        row["buyer_id"]
        for row in await tx.fetch(
            "SELECT DISTINCT buyer_id FROM orders WHERE merchant_id = $1 ORDER BY buyer_id LIMIT $2", shop, PEOPLE_MAX
        )
    ]
    mail = await outreach.use_ready(tx, shop, "abandoned_cart", Channel.EMAIL, BY)
    line = await outreach.use_ready(tx, shop, "abandoned_cart", Channel.INBOX, BY)
    ask = await outreach.use_ready(tx, shop, "review_request", Channel.EMAIL, BY)
    begun = datetime.now(UTC) - timedelta(days=DAYS)
    for journey_id, key, graph, way in (
        (drawn[0], "abandoned_cart", _back_to_the_cart(mail, line), _came_back),
        (drawn[1], "review_request", _review(ask), _reviewed),
    ):
        await journeys.make(tx, shop, journey_id, journeys.playbook(key).name, BY, graph=graph, playbook=key)
        await journeys.start(tx, shop, journey_id, 1, BY)
        await tx.execute(
            "UPDATE journeys SET started_at = $3, created_at = $3 WHERE merchant_id = $1 AND journey_id = $2",
            shop, journey_id, begun,
        )  # fmt: skip
        await _passed(tx, shop, journey_id, graph, people, way)
    await _judge(tx, shop, drawn[0], begun)
    await journeys.copy_playbook(tx, shop, drawn[2], "win_back", BY)


async def _judge(tx: Tx, shop: UUID, journey_id: JourneyId, begun: datetime) -> None:
    """The split of the first one is judged since it began, by what those who passed it have bought since."""
    new = NewExperiment(
        merchant_id=shop, experiment_id=ExperimentId(made("experiment", "zoufang", "cart")), kind=Kind.JOURNEY,
        name="弃购提醒：邮件还是站内信", hypothesis="站内信更快被看到，会多唤回一些下单", metric=Metric.CONVERSION,
        guardrails=[Metric.REFUNDS], currency="CNY", journey_id=journey_id, box="ways", units_planned=2_000,
        days_max=2 * DAYS, variants=[Variant(variant=0, name="邮件"), Variant(variant=1, name="站内信")],
    )  # fmt: skip
    await journeys.judge_split(tx, new, BY)
    await journeys.start_judging(tx, shop, new.experiment_id, BY)
    await tx.execute(
        "UPDATE experiments SET started_at = $3, created_at = $3 WHERE merchant_id = $1 AND experiment_id = $2",
        shop, new.experiment_id, begun,
    )  # fmt: skip
    await tx.execute(
        """
        INSERT INTO experiment_units (merchant_id, experiment_id, unit_id, variant, since)
        SELECT merchant_id, $2, buyer_id, CASE out WHEN 'a' THEN 0 ELSE 1 END, at FROM journey_steps
        WHERE merchant_id = $1 AND journey_id = $3 AND node = 'ways'
        """,
        shop, new.experiment_id, journey_id,
    )  # fmt: skip


def _back_to_the_cart(mail: UUID, line: UUID) -> Graph:
    nodes = (
        Node(key="begin", setup=Trigger(event="cart_left", delay_minutes=60), x=300, next={"then": "ways"}),
        Node(key="ways", setup=Split(weights=(50, 50)), x=300, y=200, next={"a": "mail", "b": "line"}),
        Node(key="mail", setup=Message(template_id=mail), x=100, y=400, next={"then": "buys", "failed": None}),
        Node(
            key="line", setup=Message(channel=Channel.INBOX, template_id=line), x=500, y=400,
            next={"then": "buys", "failed": None},
        ),
        Node(
            key="buys", setup=Await(event="order_paid", minutes=MINUTES_A_DAY), x=300, y=600,
            next={"happened": "end", "late": "call"},
        ),
        Node(key="call", setup=Task(title="看看为什么没有下单 / See what kept them", days=2), x=500, y=800, next={"then": "end"}),
        Node(key="end", setup=Exit(), x=300, y=1000),
    )  # fmt: skip
    goal = Goal(event="order_paid", days=3)
    return Graph(nodes=nodes, settings=Settings(goal=goal, reentry=Reentry.DAYS, reentry_days=14))


def _review(ask: UUID) -> Graph:
    nodes = (
        Node(key="begin", setup=Trigger(event="parcel_received"), next={"then": "wait"}),
        Node(key="wait", setup=Wait(minutes=5 * MINUTES_A_DAY), y=200, next={"then": "ask"}),
        Node(key="ask", setup=Message(template_id=ask), y=400, next={"then": "end", "failed": None}),
        Node(key="end", setup=Exit(), y=600),
    )
    goal = Goal(event="review_written", days=21)
    return Graph(nodes=nodes, settings=Settings(goal=goal, exits=(), reentry=Reentry.DAYS, reentry_days=30))


def _came_back(chance: Random, age: int) -> Passed:
    arm, box = ("a", "mail") if chance.random() < 0.5 else ("b", "line")
    refused = chance.random() * 100 < NOT_AGREED
    steps = [
        ("begin", "then", "", 60),
        ("ways", arm, "", 60),
        (box, "failed" if refused else "then", "no_consent" if refused else "", 60),
    ]
    drawn = chance.random() * 100
    if drawn < BUY_AT_ONCE + (0 if arm == "a" else -6):
        return Passed(steps=[*steps, ("buys", "reached", "order_paid", 240)], stand="reached", node="buys")
    if age < MINUTES_A_DAY + 60:
        return Passed(steps=steps, stand="inside", node="buys")
    late = 60 + MINUTES_A_DAY
    steps += [("buys", "late", "", late), ("call", "then", "", late)]
    return Passed(steps=steps, stand="finished", node="end")


def _reviewed(chance: Random, age: int) -> Passed:
    steps = [("begin", "then", "", 0)]
    if chance.random() * 100 < REVIEW and age > MINUTES_A_DAY:
        return Passed(
            steps=[*steps, ("wait", "reached", "review_written", MINUTES_A_DAY)], stand="reached", node="wait"
        )
    if age < 5 * MINUTES_A_DAY:
        return Passed(steps=steps, stand="inside", node="wait")
    refused = chance.random() * 100 < NOT_AGREED
    asked = ("ask", "failed" if refused else "then", "no_consent" if refused else "", 5 * MINUTES_A_DAY)
    return Passed(steps=[*steps, ("wait", "then", "", 5 * MINUTES_A_DAY), asked], stand="finished", node="end")


async def _passed(tx: Tx, shop: UUID, journey_id: UUID, graph: Graph, people: list[UUID], way: Way) -> None:
    """The ways of these people, their steps, and the sums of both."""
    chance = Random(str(journey_id))  # noqa: S311  # a demo's dice
    now = datetime.now(UTC)
    entries: list[tuple[object, ...]] = []
    steps: list[tuple[object, ...]] = []
    days: Counter[tuple[str, str, str, object]] = Counter()
    goal = graph.settings.goal
    assert goal is not None
    for buyer_id in people:
        age = chance.randrange(2, DAYS * MINUTES_A_DAY - 120)
        entered = now - timedelta(minutes=age)
        passed = way(chance, age)
        kept = [each for each in passed.steps if each[3] <= age]
        inside = passed.stand == "inside" or len(kept) < len(passed.steps)
        node = passed.node if len(kept) == len(passed.steps) else passed.steps[len(kept)][0]
        last = entered + timedelta(minutes=kept[-1][3] if kept else 0)
        stays = next(
            (each.setup.minutes for each in graph.nodes if each.key == node and isinstance(each.setup, Wait | Await)),
            60,
        )
        due = max(last + timedelta(minutes=stays), now + timedelta(hours=1)) if inside else None
        stand = "inside" if inside else passed.stand
        entries.append(
            (
                buyer_id,
                stand,
                node,
                len(kept),
                entered,
                last,
                due,
                entered + timedelta(days=goal.days),
                None if inside else last,
            )
        )
        days["", "entered", "", day_of(entered)] += 1
        if not inside:
            days["", stand, "", day_of(last)] += 1
        for number, (box, out, reason, minutes) in enumerate(kept, 1):
            at = entered + timedelta(minutes=minutes)
            steps.append((buyer_id, number, box, out, reason, at))
            days[box, out, reason, day_of(at)] += 1
        if stand == "reached" and kept[1][0] == "ways":
            days["ways", kept[1][1], "goal", day_of(last)] += 1
    await _write(tx, shop, journey_id, entries, steps, days)


async def _write(
    tx: Tx,
    shop: UUID,
    journey_id: UUID,
    entries: list[tuple[object, ...]],
    steps: list[tuple[object, ...]],
    days: "Counter[tuple[str, str, str, object]]",
) -> None:
    if not entries:
        return
    await tx.execute(
        """
        INSERT INTO journey_enrolments (merchant_id, journey_id, buyer_id, entry, version, stand, node, steps, entered_at, since
                                      , due_at, goal_until, ended_at)
        SELECT $1, $2, buyer_id, 1, 1, stand, node, steps, entered_at, since, due_at, goal_until, ended_at
        FROM unnest($3::uuid[], $4::text[], $5::text[], $6::integer[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[]
                  , $10::timestamptz[], $11::timestamptz[])
            AS w (buyer_id, stand, node, steps, entered_at, since, due_at, goal_until, ended_at)
        """,
        shop,
        journey_id,
        *[list(column) for column in zip(*entries, strict=True)],
    )
    await tx.execute(
        """
        INSERT INTO journey_steps (merchant_id, journey_id, buyer_id, entry, step, node, out, reason, at)
        SELECT $1, $2, buyer_id, 1, step, node, out, reason, at
        FROM unnest($3::uuid[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])
            AS w (buyer_id, step, node, out, reason, at)
        """,
        shop,
        journey_id,
        *[list(column) for column in zip(*steps, strict=True)],
    )
    keys = list(days)
    await tx.execute(
        """
        INSERT INTO journey_days (merchant_id, journey_id, version, node, out, reason, day, counter, people)
        SELECT $1, $2, 1, node, out, reason, day, 0, people
        FROM unnest($3::text[], $4::text[], $5::text[], $6::date[], $7::integer[]) AS w (node, out, reason, day, people)
        """,
        shop,
        journey_id,
        *[[key[place] for key in keys] for place in range(4)],
        [days[key] for key in keys],
    )
